//! The terms and the privacy statement, and the ticks that accept them.

use leptos::prelude::*;

use crate::{
    components::{FieldError, Tick},
    legal::Document,
    state::service::Service,
    t, tn,
};

fn texts(
    summary: &'static str,
    paragraphs: impl Fn() -> [String; 4] + Send + 'static,
    whole: Document,
) -> impl IntoView {
    let paragraphs = move || paragraphs().map(|text| view! { <p>{text}</p> }).collect_view();
    view! {
        <details class="disclosure">
            <summary>{summary}</summary>
            <div class="disclosure-body stack-s small soft">
                {paragraphs}
                // Beside this page: what was ticked here stays.
                <p>
                    <a href=whole.path() target="_blank">
                        {t!("legal.whole")}
                    </a>
                </p>
            </div>
        </details>
    }
}

/// Both in short, folded, with the way to the whole texts.
#[component]
pub(super) fn TermsTexts() -> impl IntoView {
    let service = Service::get();
    view! {
        <div class="stack-s">
            {texts(
                t!("intro.terms_read"),
                || [t!("intro.terms_1"), t!("intro.terms_2"), t!("intro.terms_3"), t!("intro.terms_4")].map(str::to_owned),
                Document::Terms,
            )}
            {texts(
                t!("intro.privacy_read"),
                move || {
                    let kept = tn!("intro.privacy_3", service.purge_days());
                    let fixed = [t!("intro.privacy_1"), t!("intro.privacy_2"), t!("intro.privacy_4")].map(str::to_owned);
                    let [first, second, last] = fixed;
                    [first, second, kept, last]
                },
                Document::Privacy,
            )}
        </div>
    }
}

/// Both texts and a tick for each. `asked` is true once it was tried to go on: then what is not ticked is named.
#[component]
pub(crate) fn Terms(terms: RwSignal<bool>, privacy: RwSignal<bool>, asked: RwSignal<bool>) -> impl IntoView {
    let tick = move |id: &'static str, label: &'static str, agreed: RwSignal<bool>, missing: &'static str| {
        let is_missing = Signal::derive(move || asked.get() && !agreed.get());
        view! {
            <div class="stack-s">
                <Tick label=label checked=agreed on_change=move |on| agreed.set(on) is_missing=is_missing />
                <FieldError id=id error=Signal::derive(move || is_missing.get().then(|| missing.to_owned())) />
            </div>
        }
    };
    view! {
        <TermsTexts />
        {tick("terms-error", t!("intro.terms_label"), terms, t!("intro.terms_missing"))}
        {tick("privacy-error", t!("intro.privacy_label"), privacy, t!("intro.privacy_missing"))}
    }
}
