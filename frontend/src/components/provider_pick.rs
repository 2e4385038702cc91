//! A provider that may be chosen: a known one, a server named by hand, or none.

use leptos::prelude::*;
use mailferry_shared::order::ProviderChoice;

use super::{Choice, Combobox, ServerFieldset};
use crate::{
    browser,
    state::{providers::KnownProviders, typed::ServerFields},
    t,
};

/// Stands for a server named by hand, beside the ids of the known providers.
const BY_HAND: &str = "-";

/// What is chosen.
#[derive(Clone, Copy)]
pub(crate) struct PickedProvider {
    /// A provider's id, [`BY_HAND`], or none.
    provider: RwSignal<Option<String>>,
    server: ServerFields,
    pub(crate) error: RwSignal<Option<String>>,
}

impl PickedProvider {
    /// None is chosen.
    pub(crate) fn none() -> Self {
        Self { provider: RwSignal::new(None), server: ServerFields::of(None), error: RwSignal::new(None) }
    }

    /// Shows a choice made before.
    pub(crate) fn show(self, choice: Option<&ProviderChoice>) {
        self.provider.set(choice.map(|choice| choice.provider.clone().unwrap_or_else(|| BY_HAND.to_owned())));
        self.server.show(choice.map(|choice| &choice.endpoint));
        self.error.set(None);
    }

    /// The choice, or errors beside the fields of the server.
    pub(crate) fn read(self, known: KnownProviders) -> Result<Option<ProviderChoice>, ()> {
        self.error.set(None);
        let Some(id) = self.provider.get_untracked() else { return Ok(None) };
        let endpoint = known.find_now(&id).and_then(|provider| provider.endpoint);
        let endpoint = endpoint.or_else(|| self.server.read()).ok_or(())?;
        Ok(Some(ProviderChoice { provider: Some(id).filter(|id| id != BY_HAND), endpoint }))
    }

    /// True if something beside it says what is wrong.
    pub(crate) fn is_wrong(self, known: KnownProviders) -> bool {
        let of_server = self.server.errors.with(|errors| errors.host.is_some() || errors.port.is_some());
        self.error.with(Option::is_some) || of_server && self.needs_server(known)
    }

    /// True if a server must be named.
    fn needs_server(self, known: KnownProviders) -> bool {
        let Some(id) = self.provider.get() else { return false };
        id == BY_HAND || known.find(&id).is_some_and(|provider| provider.endpoint.is_none())
    }
}

/// The field, and below it those of the server where one must be named.
#[component]
pub(crate) fn ProviderPick(
    id: &'static str,
    label: &'static str,
    /// Names the fields of the server for screen readers.
    server_legend: &'static str,
    /// What it is called to choose none.
    none: &'static str,
    fields: PickedProvider,
) -> impl IntoView {
    let known = KnownProviders::get();
    let fixed = move |value: &str, name: &str| Choice {
        value: value.to_owned(),
        name: name.to_owned(),
        note: String::new(),
        search: browser::lower_case(name),
    };
    let choices = Signal::derive(move || {
        let list = known.load().ready().cloned().unwrap_or_default();
        let providers = list.into_iter().map(Choice::of_provider);
        [fixed("", none), fixed(BY_HAND, t!("providers.by_hand"))].into_iter().chain(providers).collect::<Vec<_>>()
    });
    let choose = move |id: String| {
        fields.error.set(None);
        fields.provider.set(Some(id).filter(|id| !id.is_empty()));
    };
    view! {
        <div class="stack-s">
            <Combobox
                id=id
                label=label
                placeholder=t!("providers.placeholder")
                choices=choices
                selected=Signal::derive(move || Some(fields.provider.get().unwrap_or_default()))
                on_select=choose
                error=fields.error
            />
            <Show when=move || fields.needs_server(known)>
                <ServerFieldset id=format!("{id}-server") legend=server_legend fields=fields.server />
            </Show>
        </div>
    }
}
