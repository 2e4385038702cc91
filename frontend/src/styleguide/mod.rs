//! Every component with all its states on one page, for those who build the page. Development builds of the service
//! serve it at `/styleguide`; its own words are English, because nobody else reads them.

mod fields;
mod shown;

use leptos::prelude::*;

use self::{
    fields::{Choices, Fields},
    shown::{Data, Messages, Overlays},
};
use crate::components::{Glyph, PageHead, icon};

const COLOURS: [&str; 19] = [
    "ground",
    "surface",
    "surface-sunk",
    "surface-raised",
    "line",
    "line-strong",
    "ink",
    "ink-soft",
    "ink-faint",
    "accent",
    "accent-strong",
    "accent-soft",
    "on-accent",
    "good",
    "bad",
    "warn",
    "good-soft",
    "bad-soft",
    "warn-soft",
];

/// The page.
#[component]
pub(crate) fn StyleGuide() -> impl IntoView {
    view! {
        <main class="page" id="main" tabindex="-1">
            <PageHead title="Style guide" lead="Every component with all its states. Switch theme, language and contrast to see them there." />
            <Colours />
            <Types />
            <Buttons />
            <Fields />
            <Choices />
            <Messages />
            <Data />
            <Overlays />
        </main>
    }
}

#[component]
fn Section(title: &'static str, children: Children) -> impl IntoView {
    let id = title.to_ascii_lowercase();
    view! {
        <section class="card" aria-labelledby=id.clone()>
            <h2 id=id.clone()>{title}</h2>
            {children()}
        </section>
    }
}

#[component]
fn Colours() -> impl IntoView {
    let swatch = |name: &'static str| {
        view! {
            <figure class="swatch">
                <div class="swatch-colour" style:background-color=format!("var(--{name})")></div>
                <figcaption class="small mono">{name}</figcaption>
            </figure>
        }
    };
    view! {
        <Section title="Colours">
            <div class="swatches">{COLOURS.map(swatch).collect_view()}</div>
        </Section>
    }
}

#[component]
fn Types() -> impl IntoView {
    view! {
        <Section title="Type">
            <h3>"Heading of the third level"</h3>
            <p class="lead">"A lead, which says in two sentences what the page is for."</p>
            <p>"Body text with a " <a href="#main" rel="external">"link"</a> ", " <code>"code"</code> " and numbers: 1,234.5."</p>
            <p class="soft">"Soft text"</p>
            <p class="faint small">"Faint small text"</p>
        </Section>
    }
}

#[component]
fn Buttons() -> impl IntoView {
    let kinds = [
        ("button", "Plain"),
        ("button button-primary", "Primary"),
        ("button button-danger", "Danger"),
        ("button button-quiet", "Quiet"),
        ("button button-small", "Small"),
        ("button button-large button-primary", "Large"),
    ];
    let row = |(class, name): (&'static str, &'static str)| {
        view! {
            <div class="row">
                <button type="button" class=class>{name}</button>
                <button type="button" class=class>{icon(Glyph::Check)} {name} " with icon"</button>
                <button type="button" class=format!("{class} is-busy")>{icon(Glyph::Spinner)} {name} " busy"</button>
                <button type="button" class=class disabled=true>{name} " disabled"</button>
            </div>
        }
    };
    view! {
        <Section title="Buttons">
            {kinds.map(row).collect_view()}
            <div class="row">
                <button type="button" class="button button-icon" aria-label="Only an icon">{icon(Glyph::Refresh)}</button>
                <button type="button" class="chip" aria-pressed="true">"Chip, pressed"</button>
                <button type="button" class="chip" aria-pressed="false">"Chip"</button>
                <span class="tagged">"Tag"</span>
            </div>
        </Section>
    }
}
