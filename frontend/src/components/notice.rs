//! Notices, failures with a way out, and the grey shapes shown while something is on its way.

use leptos::prelude::*;

use super::{
    icon::{Glyph, adrift, icon},
    page_head::PageHead,
};
use crate::{api::ApiError, state::poll::Heard, t};

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Info,
    Good,
    Warning,
    Error,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Info => "notice",
            Self::Good => "notice notice-good",
            Self::Warning => "notice notice-warning",
            Self::Error => "notice notice-error",
        }
    }

    fn glyph(self) -> Glyph {
        match self {
            Self::Info => Glyph::Info,
            Self::Good => Glyph::Check,
            Self::Warning | Self::Error => Glyph::Warning,
        }
    }
}

/// A box with something to know. An error is read out at once.
#[component]
pub(crate) fn Notice(
    tone: Tone,
    #[prop(optional, into)] title: String,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let role = (tone == Tone::Error).then_some("alert");
    view! {
        <div class=tone.class() role=role>
            {icon(tone.glyph())}
            <div class="notice-body">
                {(!title.is_empty()).then(|| view! { <p class="notice-title">{title}</p> })}
                {children.map(|children| children())}
            </div>
        </div>
    }
}

/// What went wrong, and a button to try again.
#[component]
pub(crate) fn Failure(error: ApiError, #[prop(optional)] retry: Option<Callback<()>>) -> impl IntoView {
    view! {
        <Notice tone=Tone::Error>
            <p>{error.text()}</p>
            {retry
                .map(|retry| {
                    view! {
                        <button type="button" class="button button-small" on:click=move |_| retry.run(())>
                            {icon(Glyph::Refresh)}
                            {t!("action.retry")}
                        </button>
                    }
                })}
        </Notice>
    }
}

/// What went wrong, once something did.
pub(crate) fn failed(failure: RwSignal<Option<ApiError>>) -> impl IntoView {
    move || failure.get().map(|error| view! { <Failure error=error /> })
}

/// A page of which nothing can be shown: what went wrong in the place of its heading, and a button to try again. The
/// bar that tells of a lost connection says no more than this.
#[expect(clippy::needless_pass_by_value, reason = "like every failure that is shown, it is the view's own")]
#[component]
pub(crate) fn PageFailure(error: ApiError, retry: Callback<()>) -> impl IntoView {
    view! {
        <div class="lost page-failed" role="alert">
            {adrift()}
            <PageHead title=t!("error.page_title") lead=error.text() />
            <button type="button" class="button button-primary" on:click=move |_| retry.run(())>
                {icon(Glyph::Refresh)}
                {t!("action.retry")}
            </button>
        </div>
    }
}

/// Since when what is shown is as it is, while the service does not answer.
#[component]
pub(crate) fn StaleNotice(heard: Heard) -> impl IntoView {
    let told = move |time| {
        view! {
            <Notice tone=Tone::Warning>
                <p>{t!("status.stale", time = time)}</p>
            </Notice>
        }
    };
    view! { <div role="status">{move || heard.stale().map(told)}</div> }
}

/// Something is being fetched.
#[component]
pub(crate) fn Skeleton() -> impl IntoView {
    view! {
        <div class="stack" role="status">
            <span class="visually-hidden">{t!("state.loading")}</span>
            <div class="skeleton skeleton-title"></div>
            <div class="skeleton"></div>
            <div class="skeleton skeleton-short"></div>
            <div class="skeleton skeleton-block"></div>
        </div>
    }
}
