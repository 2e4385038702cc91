//! The list of known providers, read when first needed.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{order::ProviderChoice, provider::Provider};

use super::{Load, connection::Connection};
use crate::api;

/// The providers, in every component's context.
#[derive(Clone, Copy)]
pub(crate) struct KnownProviders {
    list: RwSignal<Load<Vec<Provider>>>,
    wanted: RwSignal<bool>,
}

impl KnownProviders {
    /// Provides the list; it is read once somebody wants it, and again when the service is back.
    pub(crate) fn provide(connection: Connection) {
        let known = Self { list: RwSignal::new(Load::Loading), wanted: RwSignal::new(false) };
        provide_context(known);
        Effect::new(move || {
            connection.retries.track();
            if known.wanted.get() && known.list.with_untracked(|list| list.ready().is_none()) {
                spawn_local(async move { known.list.set(api::providers().await.map(|list| list.items).into()) });
            }
        });
    }

    /// The list; asks for it if need be.
    pub(crate) fn get() -> Self {
        let known = expect_context::<Self>();
        if !known.wanted.get_untracked() {
            known.wanted.set(true);
        }
        known
    }

    /// What is known so far.
    pub(crate) fn load(self) -> Load<Vec<Provider>> {
        self.list.get()
    }

    /// The provider of this id.
    pub(crate) fn find(self, id: &str) -> Option<Provider> {
        self.list.with(|list| list.ready()?.iter().find(|provider| provider.id == id).cloned())
    }

    /// The same, for something that is done once.
    pub(crate) fn find_now(self, id: &str) -> Option<Provider> {
        untrack(|| self.find(id))
    }

    /// The provider of a choice: the one that was chosen, or the one whose server it is.
    pub(crate) fn of(self, choice: &ProviderChoice) -> Option<Provider> {
        let chosen = choice.provider.as_deref().and_then(|id| self.find(id));
        let is_its =
            |it: &&Provider| it.endpoint.as_ref().is_some_and(|endpoint| endpoint.host == choice.endpoint.host);
        chosen.or_else(|| self.list.with(|list| list.ready()?.iter().find(is_its).cloned()))
    }

    /// True for a domain that belongs to a known provider, such as gmail.com: its records do not change.
    pub(crate) fn owns(self, domain: &str) -> bool {
        self.list.with(|list| {
            let mut domains = list.ready().into_iter().flatten().flat_map(|provider| &provider.domains);
            domains.any(|known| known == domain)
        })
    }

    /// How a choice is called: the provider's name, else its server's.
    pub(crate) fn name(self, choice: &ProviderChoice) -> String {
        let provider = choice.provider.as_deref().and_then(|id| self.find(id));
        provider.map_or_else(|| choice.endpoint.host.to_string(), |provider| provider.name)
    }
}
