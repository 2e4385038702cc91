//! What is typed about one side: its provider, and an account there.

use leptos::prelude::*;
use mailferry_shared::{discovery::Proposal, order::ProviderChoice};

use super::ServerFields;
use crate::state::grant::{DelegationFields, GrantFields};

/// One side of step 2.
#[derive(Clone, Copy)]
pub(crate) struct ProviderFields {
    /// Id of the chosen provider; none: a server named by hand, or nothing yet.
    pub(crate) provider: RwSignal<Option<String>>,
    /// An address or a domain that was typed in its place, and not used for an account yet.
    pub(crate) address: RwSignal<String>,
    /// True while the server's fields are open.
    pub(crate) by_hand: RwSignal<bool>,
    pub(crate) server: ServerFields,
    /// Settings that were found for what is typed, and met; they hold where nothing else is chosen.
    pub(crate) found: RwSignal<Option<Proposal>>,
    /// True while settings are looked for.
    pub(crate) looking: RwSignal<bool>,
    pub(crate) error: RwSignal<Option<String>>,
}

impl ProviderFields {
    pub(super) fn of(choice: Option<&ProviderChoice>) -> Self {
        let provider = choice.and_then(|choice| choice.provider.clone());
        Self {
            by_hand: RwSignal::new(choice.is_some() && provider.is_none()),
            provider: RwSignal::new(provider),
            address: RwSignal::default(),
            server: ServerFields::of(choice.map(|choice| &choice.endpoint)),
            found: RwSignal::new(None),
            looking: RwSignal::new(false),
            error: RwSignal::new(None),
        }
    }

    /// Shows `proposal` as what is chosen: the known provider, else the server.
    pub(crate) fn take(self, proposal: &Proposal) {
        self.error.set(None);
        self.found.set(None);
        self.server.show(Some(&proposal.endpoint));
        self.provider.set(proposal.provider.clone());
        self.by_hand.set(proposal.provider.is_none());
    }
}

/// One account of a pair's form.
#[derive(Clone, Copy)]
pub(crate) struct SideFields {
    pub(crate) user: RwSignal<String>,
    /// A password, or an access token.
    pub(crate) password: RwSignal<String>,
    /// What it is, and what stands in its place.
    pub(crate) grant: GrantFields,
    pub(crate) act_for: RwSignal<String>,
    /// How the server is told for whom an admin logs in.
    pub(crate) delegation: DelegationFields,
    /// The order's admin credentials log in.
    pub(crate) by_admin: RwSignal<bool>,
    pub(crate) own_server: RwSignal<bool>,
    pub(crate) server: ServerFields,
    pub(crate) user_error: RwSignal<Option<String>>,
    pub(crate) password_error: RwSignal<Option<String>>,
}

impl SideFields {
    pub(crate) fn empty() -> Self {
        Self {
            user: RwSignal::default(),
            password: RwSignal::default(),
            grant: GrantFields::empty(),
            act_for: RwSignal::default(),
            delegation: DelegationFields::empty(),
            by_admin: RwSignal::new(false),
            own_server: RwSignal::new(false),
            server: ServerFields::of(None),
            user_error: RwSignal::new(None),
            password_error: RwSignal::new(None),
        }
    }

    pub(crate) fn clear(self) {
        for text in [self.user, self.password, self.act_for] {
            text.set(String::new());
        }
        self.grant.clear();
        self.delegation.show(None);
        self.own_server.set(false);
        self.by_admin.set(false);
        self.server.clear();
        self.user_error.set(None);
        self.password_error.set(None);
    }
}
