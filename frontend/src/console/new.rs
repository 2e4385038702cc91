//! A new migration: an order is made, and the wizard goes on with it.

use leptos::prelude::*;
use mailferry_shared::order::OrderCreate;

use super::sending::{Sending, SubmitButton};
use crate::{
    api,
    components::{Failure, Glyph, PageHead, Tick},
    route::Step,
    state::{Load, language::PageLanguage, router::Router, service::Service},
    t,
};

/// The part.
#[component]
pub(super) fn New() -> impl IntoView {
    let service = expect_context::<Service>();
    let (router, language) = (Router::get(), PageLanguage::get());
    let accepted = RwSignal::new(false);
    let sending = Sending::new();
    let version = move || service.info().ready().map(|info| info.terms_version.clone());
    let on_submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let Some(accepted_terms) = version() else { return };
        let order = OrderCreate {
            accepted_terms,
            language: Some(language.of_orders()),
            notify_address: None,
            source: None,
            destination: None,
            link: None,
            options: mailferry_shared::order::OrderOptions::default(),
        };
        sending.send(async move { api::create_order(&order).await }, move |order| {
            router.go(&Step::Providers.path(order.id));
        });
    };
    view! {
        <PageHead title=t!("console.new") lead=t!("console.new_lead") />
        {move || match service.info() {
            Load::Failed(error) => Some(view! { <Failure error=error /> }),
            _ => None,
        }}
        <form class="card narrow" on:submit=on_submit>
            <p>{t!("console.new_text")}</p>
            <Tick label=t!("console.new_terms") checked=accepted on_change=move |on| accepted.set(on) />
            {sending.failure()}
            <fieldset disabled=move || !accepted.get() || version().is_none()>
                <SubmitButton sending=sending glyph=Glyph::ArrowRight text=t!("console.new_go") />
            </fieldset>
        </form>
    }
}
