//! Icons of our own, drawn as strokes on a grid of 24. They are decoration: the text beside them says it too.

use leptos::prelude::*;

/// What an icon shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Glyph {
    ArrowLeft,
    ArrowRight,
    Bolt,
    Check,
    Chevron,
    Circle,
    Clock,
    Close,
    Copy,
    Cross,
    Download,
    Eye,
    EyeOff,
    File,
    Globe,
    House,
    Inbox,
    Info,
    Key,
    Link,
    List,
    Lock,
    Minus,
    Moon,
    Pause,
    Pencil,
    Play,
    Plus,
    Refresh,
    Printer,
    Search,
    Shield,
    Spinner,
    Stop,
    Sun,
    Ticket,
    Trash,
    User,
    Users,
    Warning,
}

impl Glyph {
    fn path(self) -> &'static str {
        match self {
            Self::ArrowLeft => "M19 12H5m6-7-7 7 7 7",
            Self::ArrowRight => "M5 12h14m-6-7 7 7-7 7",
            Self::Bolt => "M13.5 3.5 5.5 14H12l-1.5 6.5 8-10.5H12z",
            Self::Check => "m4.5 12.5 5 5 10-11",
            Self::Chevron => "m7 10 5 5 5-5",
            Self::Circle => "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17Z",
            Self::Clock => "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17ZM12 7v5l3.5 2",
            Self::Close | Self::Cross => "m6 6 12 12M18 6 6 18",
            Self::Copy => "M9 9h10v11H9zM5 15V4h10",
            Self::Download => "M12 4v11m-4.5-4.5L12 15l4.5-4.5M5 19.5h14",
            Self::Eye => {
                "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12ZM12 9.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6Z"
            }
            Self::EyeOff => {
                "M4 4l16 16M9.9 5.8A9 9 0 0 1 12 5.5c6 0 9.5 6.5 9.5 6.5a17 17 0 0 1-2.7 3.5M6 7.2A17 17 0 0 0 2.5 12S6 18.5 12 18.5a9 9 0 0 0 4-.9M10 10a2.8 2.8 0 0 0 4 4"
            }
            Self::File => "M6 3.5h8l4 4v13H6zM14 3.5v4h4M9 12h6M9 16h6",
            Self::Globe => {
                "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17ZM3.5 12h17M12 3.5c-5 5-5 12 0 17M12 3.5c5 5 5 12 0 17"
            }
            Self::House => "M5 20.5V6l8-2.5v17M13 9.5h6v11M3 20.5h18M8.5 9h1M8.5 13h1M8.5 17h1M16 13.5v.1M16 17v.1",
            Self::Inbox => "M4 13.5 6.5 5h11L20 13.5V19H4zM4 13.5h4.5l1.5 2.5h4l1.5-2.5H20",
            Self::Info => "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17ZM12 11v5.5M12 7.5v.1",
            Self::Key => "M8 10.5a4.75 4.75 0 1 0 0 9.5 4.75 4.75 0 0 0 0-9.5ZM11.5 12 20 3.5M16 7.5l3 3M8 15.2v.1",
            Self::Link => {
                "M10 13.5a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7L12 6.5M14 10.5a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1.3-1.3"
            }
            Self::List => "M9 6.5h11M9 12h11M9 17.5h11M4.5 6.5h.1M4.5 12h.1M4.5 17.5h.1",
            Self::Lock => "M6 10.5h12v9.5H6zM8.5 10.5V8a3.5 3.5 0 0 1 7 0v2.5",
            Self::Minus => "M6 12h12",
            Self::Moon => "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10Z",
            Self::Pause => "M8.5 5.5v13M15.5 5.5v13",
            Self::Pencil => "M4.5 19.5 5.5 15 16 4.5l3.5 3.5L9 18.5zM13.5 7l3.5 3.5",
            Self::Play => "M8 5.5 18.5 12 8 18.5Z",
            Self::Plus => "M12 5v14M5 12h14",
            Self::Refresh => "M19.5 12a7.5 7.5 0 1 1-2.2-5.3l2.2 2.3M19.5 4v5h-5",
            Self::Search => "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM15.5 15.5 20 20",
            Self::Printer => "M7 9V4h10v5M7 16H4.5V9h15v7H17M7 13.5h10V20H7z",
            Self::Shield => "M12 3.5 5 6v6c0 4.2 2.8 7 7 8.5 4.2-1.5 7-4.3 7-8.5V6zM8.8 12l2.3 2.3 4.2-4.6",
            Self::Spinner => "M12 3.5a8.5 8.5 0 0 1 8.5 8.5",
            Self::Stop => "M6.5 6.5h11v11h-11z",
            Self::Sun => {
                "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4"
            }
            Self::Ticket => {
                "M3.5 8a1.5 1.5 0 0 1 1.5-1.5h14A1.5 1.5 0 0 1 20.5 8v2a2 2 0 0 0 0 4v2a1.5 1.5 0 0 1-1.5 1.5H5A1.5 1.5 0 0 1 3.5 16v-2a2 2 0 0 0 0-4ZM14.5 6.5v11"
            }
            Self::Trash => "M4.5 7h15M9.5 7V4.5h5V7M6.5 7l1 13h9l1-13M10 11v5.5M14 11v5.5",
            Self::User => "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM4.5 20.5a7.5 7.5 0 0 1 15 0",
            Self::Users => {
                "M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 20a6.5 6.5 0 0 1 13 0M16 4.7a3.5 3.5 0 0 1 0 6.6M18 14.5a6.5 6.5 0 0 1 3.5 5.5"
            }
            Self::Warning => "M12 4 2.8 19.5h18.4zM12 10v4.5M12 17v.1",
        }
    }
}

/// The icon of a button, which turns while what that does is under way.
pub(crate) fn busy_icon(busy: RwSignal<bool>, glyph: Glyph) -> impl IntoView {
    move || icon(if busy.get() { Glyph::Spinner } else { glyph })
}

/// The icon for `glyph`.
pub(crate) fn icon(glyph: Glyph) -> impl IntoView {
    view! {
        <svg
            viewBox="0 0 24 24"
            width="24"
            height="24"
            fill="none"
            stroke="currentColor"
            stroke-width="2"
            stroke-linecap="round"
            stroke-linejoin="round"
            aria-hidden="true"
        >
            <path d=glyph.path() />
        </svg>
    }
}

/// The product's mark: a ferry whose deck is an envelope.
pub(crate) fn brand_mark() -> impl IntoView {
    view! {
        <svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true">
            {ferry()}
        </svg>
    }
}

/// The ferry itself, in the coordinates of the mark (32 × 32).
pub(crate) fn ferry() -> impl IntoView {
    view! {
        <g>
            <path class="brand-sail" d="M8 6h16a2 2 0 0 1 2 2v9H6V8a2 2 0 0 1 2-2Z" />
            <path class="brand-flap" d="m6.6 8 9.4 6.6L25.4 8" />
            <path class="brand-hull" d="M2.5 18.5h27l-2.6 6.2a2 2 0 0 1-1.85 1.3H6.95a2 2 0 0 1-1.85-1.3Z" />
        </g>
    }
}

/// The ferry on open water, for pages that lead nowhere.
pub(crate) fn adrift() -> impl IntoView {
    view! {
        <svg class="adrift" viewBox="0 0 96 44" aria-hidden="true">
            <g transform="translate(32 2)">{ferry()}</g>
            <path
                class="art-water"
                d="M2 34c8 0 8 4 16 4s8-4 15-4 8 4 15 4 8-4 15-4 8 4 16 4 8-4 15-4"
            />
        </svg>
    }
}
