//! A new migration: an order is made with what is known already, and the wizard goes on with it.

use leptos::prelude::*;
use mailferry_shared::order::{OrderCreate, OrderOptions};

use super::{
    language_field::LanguageField,
    sending::{Sending, SubmitButton},
};
use crate::{
    api,
    components::{Failure, Glyph, Notice, PageHead, PickedProvider, ProviderPick, TextField, Tick, Tone},
    forms,
    legal::Document,
    route::Step,
    state::{Load, language::PageLanguage, providers::KnownProviders, router::Router, service::Service},
    t,
};

/// What is typed about it.
#[derive(Clone, Copy)]
struct Fields {
    source: PickedProvider,
    destination: PickedProvider,
    reference: RwSignal<String>,
    notify: RwSignal<String>,
    notify_error: RwSignal<Option<String>>,
    language: RwSignal<mailferry_shared::order::Language>,
    accepted: RwSignal<bool>,
    /// Why it does not go on without.
    accepted_error: RwSignal<bool>,
}

impl Fields {
    /// What its owner calls it, if anything.
    fn reference(self) -> Option<String> {
        self.reference.with_untracked(|text| Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
    }

    /// The order, or errors beside their fields.
    fn read(self, known: KnownProviders, accepted_terms: String) -> Option<OrderCreate> {
        let typed = self.notify.with_untracked(|text| text.trim().to_owned());
        let address = if typed.is_empty() { Ok(None) } else { forms::address(&typed).map(Some) };
        self.notify_error.set(address.as_ref().err().map(|error| (*error).to_owned()));
        let (source, destination) = (self.source.read(known), self.destination.read(known));
        Some(OrderCreate {
            accepted_terms,
            language: Some(self.language.get_untracked()),
            notify_address: address.ok()?,
            reference: self.reference(),
            source: source.ok()?,
            destination: destination.ok()?,
            link: None,
            options: OrderOptions::default(),
        })
    }
}

/// The part.
#[component]
pub(super) fn New() -> impl IntoView {
    let service = expect_context::<Service>();
    let (router, known) = (Router::get(), KnownProviders::get());
    let fields = Fields {
        source: PickedProvider::none(),
        destination: PickedProvider::none(),
        reference: RwSignal::default(),
        notify: RwSignal::default(),
        notify_error: RwSignal::new(None),
        language: RwSignal::new(PageLanguage::get().of_orders()),
        accepted: RwSignal::new(false),
        accepted_error: RwSignal::new(false),
    };
    let sending = Sending::new();
    let version = move || service.info().ready().map(|info| info.terms_version.clone());
    let on_submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        fields.accepted_error.set(!fields.accepted.get_untracked());
        if fields.accepted_error.get_untracked() {
            return;
        }
        let Some(order) = untrack(version).and_then(|version| fields.read(known, version)) else { return };
        sending.send(async move { api::create_order(&order).await }, move |order| {
            // Straight to the file of accounts, unless the wizard must ask for a provider first.
            let is_whole = order.source.is_some() && order.destination.is_some();
            let path = if is_whole {
                format!("{}#import", Step::Accounts.path(order.id))
            } else {
                Step::Providers.path(order.id)
            };
            router.go(&path);
        });
    };
    view! {
        <PageHead title=t!("console.new") lead=t!("console.new_lead") />
        {move || match service.info() {
            Load::Failed(error) => Some(view! { <Failure error=error /> }),
            _ => None,
        }}
        <form class="card medium" on:submit=on_submit novalidate>
            <p>{t!("console.new_text")}</p>
            <Sides fields=fields />
            <TextField
                id="new-reference"
                label=t!("console.reference")
                hint=t!("console.reference_hint")
                value=fields.reference
                maxlength=100
                is_optional=true
                error=sending.field("/reference")
            />
            <div class="two">
                <TextField
                    id="new-notify"
                    label=t!("providers.notify_label")
                    value=fields.notify
                    kind="email"
                    maxlength=320
                    is_optional=true
                    error=Signal::derive(move || {
                        fields.notify_error.get().or_else(|| sending.field("/notify_address").get())
                    })
                />
                <LanguageField id="new-language" label=t!("providers.language_label") language=fields.language />
            </div>
            <Tick
                label=t!("console.new_terms")
                checked=fields.accepted
                on_change=move |on| fields.accepted.set(on)
                is_missing=Signal::derive(move || fields.accepted_error.get() && !fields.accepted.get())
            />
            <p class="row small">
                <a href=Document::Terms.path() target="_blank">{t!("intro.terms_title")}</a>
                <a href=Document::Privacy.path() target="_blank">{t!("legal.privacy_title")}</a>
            </p>
            <Show when=move || fields.accepted_error.get() && !fields.accepted.get()>
                <Notice tone=Tone::Error>
                    <p>{t!("console.new_terms_missing")}</p>
                </Notice>
            </Show>
            {sending.failure()}
            <fieldset disabled=move || version().is_none()>
                <SubmitButton sending=sending glyph=Glyph::ArrowRight text=t!("action.continue") />
            </fieldset>
        </form>
    }
}

#[component]
fn Sides(fields: Fields) -> impl IntoView {
    view! {
        <div class="two">
            <ProviderPick
                id="new-source"
                label=t!("providers.source_label")
                server_legend=t!("providers.by_hand_legend_source")
                none=t!("console.choose_later")
                fields=fields.source
            />
            <ProviderPick
                id="new-destination"
                label=t!("providers.destination_label")
                server_legend=t!("providers.by_hand_legend_destination")
                none=t!("console.choose_later")
                fields=fields.destination
            />
        </div>
    }
}
