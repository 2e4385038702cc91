//! By what an account logs in, as typed: a password, or what access tokens are fetched with; and how its server is told
//! for whom an admin logs in.

use leptos::prelude::*;
use mailferry_shared::{
    delegation::{CredentialKind, Delegation, DelegationForm},
    oauth::{OauthGrant, OauthProvider},
    secret::Secret,
};

use crate::t;

/// A field of what access tokens are fetched with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    ClientId,
    ClientSecret,
    RefreshToken,
    Tenant,
    KeyFile,
}

impl Part {
    const COUNT: usize = 5;

    /// Its name in the API.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ClientId => "client_id",
            Self::ClientSecret => "client_secret",
            Self::RefreshToken => "refresh_token",
            Self::Tenant => "tenant",
            Self::KeyFile => "key_file",
        }
    }

    /// What is asked for a kind of credential of this provider.
    pub(crate) fn of(kind: CredentialKind, provider: OauthProvider) -> &'static [Self] {
        match (kind, provider) {
            (CredentialKind::Password | CredentialKind::OauthToken, _) => &[],
            (CredentialKind::OauthRefresh, OauthProvider::Google) => {
                &[Self::ClientId, Self::ClientSecret, Self::RefreshToken]
            }
            (CredentialKind::OauthRefresh, OauthProvider::Microsoft) => {
                &[Self::Tenant, Self::ClientId, Self::ClientSecret, Self::RefreshToken]
            }
            (CredentialKind::GoogleServiceAccount, _) => &[Self::KeyFile],
            (CredentialKind::MicrosoftApp, _) => &[Self::Tenant, Self::ClientId, Self::ClientSecret],
        }
    }

    /// True if it may be left empty for this kind.
    pub(crate) fn is_optional(self, kind: CredentialKind) -> bool {
        kind == CredentialKind::OauthRefresh && matches!(self, Self::ClientSecret | Self::Tenant)
    }
}

/// The value of a part, and what is wrong with it.
type PartFields = (RwSignal<String>, RwSignal<Option<String>>);

/// The fields.
#[derive(Clone, Copy)]
pub(crate) struct GrantFields {
    pub(crate) kind: RwSignal<CredentialKind>,
    /// Value and error of each part; aside, so that the fields of an account stay small.
    parts: StoredValue<[PartFields; Part::COUNT]>,
}

impl GrantFields {
    pub(crate) fn empty() -> Self {
        Self {
            kind: RwSignal::default(),
            parts: StoredValue::new(std::array::from_fn(|_| (RwSignal::default(), RwSignal::default()))),
        }
    }

    /// Empties the fields; the kind stays, for the next account of the same provider.
    pub(crate) fn clear(self) {
        for (value, error) in self.parts.get_value() {
            value.set(String::new());
            error.set(None);
        }
    }

    pub(crate) fn value(self, part: Part) -> RwSignal<String> {
        self.parts.with_value(|parts| parts[part as usize].0)
    }

    pub(crate) fn error(self, part: Part) -> RwSignal<Option<String>> {
        self.parts.with_value(|parts| parts[part as usize].1)
    }

    /// What was filled in; `None` if nothing was.
    pub(crate) fn read(self, provider: OauthProvider) -> Option<OauthGrant> {
        let kind = self.kind.get_untracked();
        let parts = Part::of(kind, provider);
        let text = |part: Part| {
            let text = self.value(part).with_untracked(|text| text.trim().to_owned());
            Some(text).filter(|text| parts.contains(&part) && !text.is_empty())
        };
        let secret = |part| text(part).map(Secret::new);
        let grant = OauthGrant {
            provider: None,
            tenant: text(Part::Tenant),
            client_id: text(Part::ClientId),
            client_secret: secret(Part::ClientSecret),
            refresh_token: secret(Part::RefreshToken),
            key_file: secret(Part::KeyFile),
        };
        let provider = (kind == CredentialKind::OauthRefresh).then_some(provider);
        (grant != OauthGrant::default()).then_some(OauthGrant { provider, ..grant })
    }

    /// Asks for what must be filled in, beside the fields, if something is lacking.
    pub(crate) fn ask(self, lacking: bool, provider: OauthProvider) {
        let kind = self.kind.get_untracked();
        for part in Part::of(kind, provider).iter().filter(|part| !part.is_optional(kind)) {
            let is_empty = self.value(*part).with_untracked(|text| text.trim().is_empty());
            self.error(*part).set((lacking && is_empty).then(|| t!("oauth.needed").to_owned()));
        }
    }

    /// Puts the service's errors beside the fields; true if there were any.
    pub(crate) fn show(self, error: impl Fn(&str) -> Option<String>) -> bool {
        let parts = [Part::ClientId, Part::ClientSecret, Part::RefreshToken, Part::Tenant, Part::KeyFile];
        parts.into_iter().fold(false, |any, part| {
            let message = error(&format!("/oauth/{}", part.name()));
            let told = message.is_some();
            self.error(part).try_set(message);
            any || told
        })
    }
}

/// How a server is told for whom an admin logs in.
#[derive(Clone, Copy)]
pub(crate) struct DelegationFields {
    /// None: as the provider does.
    pub(crate) form: RwSignal<Option<DelegationForm>>,
    /// What belongs to the form: the separator of a master user, or the root folder.
    pub(crate) detail: RwSignal<String>,
    pub(crate) error: RwSignal<Option<String>>,
}

impl DelegationFields {
    pub(crate) fn empty() -> Self {
        Self { form: RwSignal::default(), detail: RwSignal::default(), error: RwSignal::default() }
    }

    /// Shows what was said before.
    pub(crate) fn show(self, delegation: Option<&Delegation>) {
        self.form.set(delegation.map(|delegation| delegation.form));
        let detail = delegation.and_then(|it| it.root.clone().or(it.separator.map(String::from)));
        self.detail.set(detail.unwrap_or_default());
        self.error.set(None);
    }

    pub(crate) fn read(self) -> Option<Delegation> {
        let form = self.form.get_untracked()?;
        let detail = Some(self.detail.with_untracked(|detail| detail.trim().to_owned())).filter(|it| !it.is_empty());
        Some(match form {
            DelegationForm::MasterUser => {
                Delegation { separator: detail.and_then(|it| it.chars().next()), ..Delegation::of(form) }
            }
            DelegationForm::RootFolder => Delegation { root: detail, ..Delegation::of(form) },
            _ => Delegation::of(form),
        })
    }
}
