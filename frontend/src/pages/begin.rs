//! The acceptance of the terms, which begins an order.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::order::OrderCreate;

use super::{parts, terms::Terms};
use crate::{
    api, browser,
    components::{Failure, Glyph, Notice, Tone, brand_mark, busy_icon},
    route::{ASK, Step},
    state::{Load, connection, language::PageLanguage, offer::Offer, router::Router, service::Service},
    t,
};

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
            {move || {
                parts::lapsed(offer.voucher.get())
                    .map(|title| {
                        view! {
                            <Notice tone=Tone::Warning title=title>
                                <p>{t!("intro.voucher_lapsed")}</p>
                            </Notice>
                        }
                    })
            }}
            <Terms terms=terms privacy=privacy asked=asked />
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
                {busy_icon(busy, Glyph::ArrowRight)}
            </button>
            <p class="small faint">
                {move || version().map(|version| t!("intro.version", version = version))}
            </p>
        </form>
    }
}
