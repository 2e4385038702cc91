//! The terms, and their acceptance, which begins an order.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::order::OrderCreate;

use super::parts;
use crate::{
    api, browser,
    components::{Failure, FieldError, Glyph, Tick, brand_mark, icon},
    legal::Document,
    route::{ASK, Step},
    state::{Load, connection, language::PageLanguage, offer::Offer, router::Router, service::Service},
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

#[component]
pub(crate) fn TermsTexts() -> impl IntoView {
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

/// The way to those who would do it for one; a pre-configured link goes along.
#[component]
pub(super) fn HaveItDone() -> impl IntoView {
    let path = match Offer::get().token() {
        Some(token) => format!("{ASK}#link={}", token.expose()),
        None => ASK.to_owned(),
    };
    view! {
        <p class="small soft have-it-done">
            {t!("intro.rather")} " " <a href=path>{t!("request.title")}</a>
        </p>
    }
}

/// The acceptance of the terms; it makes the order.
#[component]
pub(super) fn Begin() -> impl IntoView {
    let service = expect_context::<Service>();
    let router = Router::get();
    let language = PageLanguage::get();
    let offer = Offer::get();
    let (terms, privacy) = (RwSignal::new(false), RwSignal::new(false));
    let (asked, busy) = (RwSignal::new(false), RwSignal::new(false));
    let failure = RwSignal::new(None::<api::ApiError>);
    let terms_error = move || (asked.get() && !terms.get()).then(|| t!("intro.terms_missing").to_owned());
    let privacy_error = move || (asked.get() && !privacy.get()).then(|| t!("intro.privacy_missing").to_owned());
    // Whoever ticks something goes on to the wizard next.
    Effect::new(move |asked: Option<bool>| {
        let ticked = terms.get() || privacy.get();
        if ticked && asked != Some(true) {
            browser::prefetch("wizard-module");
            browser::prefetch("wizard-glue");
        }
        ticked || asked == Some(true)
    });
    let version = move || match service.info() {
        Load::Ready(info) => Some(info.terms_version),
        _ => None,
    };
    let begin = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        asked.set(true);
        let Some(accepted_terms) = version() else { return };
        if busy.get_untracked() || !(terms.get_untracked() && privacy.get_untracked()) {
            return;
        }
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            let language = language.of_orders();
            let order = OrderCreate {
                accepted_terms,
                language: Some(language),
                notify_address: None,
                source: None,
                destination: None,
                options: mailferry_shared::order::OrderOptions::default(),
                link: offer.token(),
                reference: None,
            };
            let created = api::create_order(&order).await;
            busy.try_set(false);
            match created {
                Ok(order) => router.go(&Step::Providers.path(order.id)),
                Err(error) => {
                    failure.try_set(Some(error));
                }
            }
        });
    };
    view! {
        <form class="card terms" aria-labelledby="begin-title" on:submit=begin novalidate>
            <div class="row">
                {brand_mark()} <h2 id="begin-title">{t!("intro.begin_title")}</h2>
            </div>
            <p class="soft">{t!("intro.begin_text")}</p>
            {move || parts::promise(service.info().ready(), offer.pays.get())}
            {move || parts::lapsed(offer.voucher.get())}
            <TermsTexts />
            <div class="stack-s">
                <Tick
                    label=t!("intro.terms_label")
                    checked=terms
                    on_change=move |on| terms.set(on)
                    is_missing=Signal::derive(move || terms_error().is_some())
                />
                <FieldError id="terms-error" error=Signal::derive(terms_error) />
            </div>
            <div class="stack-s">
                <Tick
                    label=t!("intro.privacy_label")
                    checked=privacy
                    on_change=move |on| privacy.set(on)
                    is_missing=Signal::derive(move || privacy_error().is_some())
                />
                <FieldError id="privacy-error" error=Signal::derive(privacy_error) />
            </div>
            {move || failure.get().or_else(|| offer.failure.get()).map(|error| view! { <Failure error=error /> })}
            {move || match service.info() {
                Load::Failed(error) => Some(view! { <Failure error=error retry=connection::try_again() /> }),
                _ => None,
            }}
            <button
                type="submit"
                class="button button-primary button-large button-wide"
                class:is-busy=move || busy.get()
                disabled=move || version().is_none()
            >
                {t!("intro.begin")}
                {move || icon(if busy.get() { Glyph::Spinner } else { Glyph::ArrowRight })}
            </button>
            <p class="small faint">
                {move || version().map(|version| t!("intro.version", version = version))}
            </p>
        </form>
    }
}
