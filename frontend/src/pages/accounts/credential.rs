//! Fields for access tokens, and for the form in which an admin logs in for somebody.

use leptos::prelude::*;
use mailferry_shared::{
    delegation::{CredentialKind, DelegationForm},
    oauth::OauthProvider,
    provider::Provider,
};

use crate::{
    components::{PasswordField, TextArea, TextField},
    pages::parts,
    state::grant::{DelegationFields, GrantFields, Part},
    t,
};

/// Whose token service a provider's accounts use.
pub(super) fn token_service(provider: Option<&Provider>) -> OauthProvider {
    let is_google = provider.is_none_or(|provider| provider.id == "gmail");
    if is_google { OauthProvider::Google } else { OauthProvider::Microsoft }
}

/// What the provider's accounts log in with, the password first, and `kept`, what one was entered with; a password
/// alone asks no question.
fn kinds(provider: Option<&Provider>, kept: CredentialKind) -> Vec<CredentialKind> {
    let fetched = provider.map(|provider| provider.oauth.as_slice()).unwrap_or_default();
    let mut kinds = vec![CredentialKind::Password];
    kinds.extend(fetched.iter().map(|way| way.credential));
    if !fetched.is_empty() {
        kinds.push(CredentialKind::OauthToken);
    }
    if !kinds.contains(&kept) {
        kinds.push(kept);
    }
    kinds
}

fn value(kind: CredentialKind) -> &'static str {
    match kind {
        CredentialKind::Password => "password",
        CredentialKind::OauthToken => "oauth_token",
        CredentialKind::OauthRefresh => "oauth_refresh",
        CredentialKind::GoogleServiceAccount => "google_service_account",
        CredentialKind::MicrosoftApp => "microsoft_app",
    }
}

fn name(kind: CredentialKind) -> &'static str {
    match kind {
        CredentialKind::Password => t!("oauth.password"),
        CredentialKind::OauthToken => t!("oauth.token"),
        CredentialKind::OauthRefresh => t!("oauth.refresh"),
        CredentialKind::GoogleServiceAccount => t!("oauth.google"),
        CredentialKind::MicrosoftApp => t!("oauth.microsoft"),
    }
}

fn setup(kind: CredentialKind, provider: OauthProvider) -> &'static str {
    match (kind, provider) {
        (CredentialKind::Password, _) => "",
        (CredentialKind::OauthToken, _) => t!("oauth.token_hint"),
        (CredentialKind::OauthRefresh, OauthProvider::Google) => t!("oauth.setup_refresh_google"),
        (CredentialKind::OauthRefresh, OauthProvider::Microsoft) => t!("oauth.setup_refresh_microsoft"),
        (CredentialKind::GoogleServiceAccount, _) => t!("oauth.setup_google"),
        (CredentialKind::MicrosoftApp, _) => t!("oauth.setup_microsoft"),
    }
}

/// The choice, and the fields of what is chosen besides a password or a token, which stand elsewhere.
#[component]
pub(super) fn CredentialFields(
    #[prop(into)] id: String,
    provider: Option<Provider>,
    fields: GrantFields,
    /// What was entered is kept if nothing is typed.
    kept: bool,
    /// The kind stays.
    locked: bool,
) -> impl IntoView {
    let offered = kinds(provider.as_ref(), fields.kind.get_untracked());
    if offered.len() == 1 {
        return ().into_any();
    }
    let service = token_service(provider.as_ref());
    let sources: Vec<_> =
        provider.map(|it| it.oauth.into_iter().map(|way| (way.credential, way.source)).collect()).unwrap_or_default();
    let options = offered.iter().map(|kind| {
        let kind = *kind;
        view! {
            <option value=value(kind) selected=move || fields.kind.get() == kind>
                {name(kind)}
            </option>
        }
    });
    let options = options.collect_view();
    let on_change = move |event| {
        let chosen = event_target_value(&event);
        let kind = offered.iter().copied().find(|kind| value(*kind) == chosen);
        fields.kind.set(kind.unwrap_or_default());
        fields.clear();
    };
    let select_id = format!("{id}-kind");
    view! {
        <div class="field">
            <label class="field-label" for=select_id.clone()>
                {t!("oauth.kind")}
            </label>
            <select class="input" id=select_id disabled=locked on:change=on_change>
                {options}
            </select>
        </div>
        {move || {
            let kind = fields.kind.get();
            let source = sources.iter().find(|(known, _)| *known == kind).map(|(_, source)| source.clone());
            let parts = Part::of(kind, service).iter().map(|part| part_field(&id, *part, kind, fields, kept));
            (kind != CredentialKind::Password)
                .then(|| {
                    view! {
                        <p class="small soft">
                            {setup(kind, service)} " " {source.map(parts::instructions)}
                        </p>
                        {parts.collect_view()}
                    }
                })
        }}
    }
    .into_any()
}

fn part_field(id: &str, part: Part, kind: CredentialKind, fields: GrantFields, kept: bool) -> AnyView {
    let label = match part {
        Part::ClientId => t!("oauth.client_id"),
        Part::ClientSecret => t!("oauth.client_secret"),
        Part::RefreshToken => t!("oauth.refresh_token"),
        Part::Tenant => t!("oauth.tenant"),
        Part::KeyFile => t!("oauth.key_file"),
    };
    let id = format!("{id}-{}", part.name().replace('_', "-"));
    let (value, error) = (fields.value(part), fields.error(part));
    let is_optional = part.is_optional(kind);
    let placeholder = if kept { t!("accounts.password_kept") } else { "" };
    match part {
        Part::ClientSecret | Part::RefreshToken => view! {
            <PasswordField id=id label=label value=value error=error placeholder=placeholder is_optional=is_optional />
        }
        .into_any(),
        Part::KeyFile => view! {
            <TextArea
                id=id
                label=label
                value=value
                error=error
                hint=t!("oauth.key_file_hint")
                placeholder=placeholder
            />
        }
        .into_any(),
        Part::ClientId | Part::Tenant => view! {
            <TextField id=id label=label value=value error=error placeholder=placeholder is_optional=is_optional />
        }
        .into_any(),
    }
}

fn form_value(form: Option<DelegationForm>) -> &'static str {
    match form {
        None => "",
        Some(DelegationForm::Authzid) => "authzid",
        Some(DelegationForm::MasterUser) => "master_user",
        Some(DelegationForm::Exchange) => "exchange",
        Some(DelegationForm::RootFolder) => "root_folder",
        Some(DelegationForm::Mirapoint) => "mirapoint",
        Some(DelegationForm::Proxyauth) => "proxyauth",
        Some(DelegationForm::KerioMaster) => "kerio_master",
    }
}

fn form_name(form: Option<DelegationForm>) -> &'static str {
    match form {
        None => t!("delegation.usual"),
        Some(DelegationForm::Authzid) => t!("delegation.authzid"),
        Some(DelegationForm::MasterUser) => t!("delegation.master_user"),
        Some(DelegationForm::Exchange) => t!("delegation.exchange"),
        Some(DelegationForm::RootFolder) => t!("delegation.root_folder"),
        Some(DelegationForm::Mirapoint) => t!("delegation.mirapoint"),
        Some(DelegationForm::Proxyauth) => t!("delegation.proxyauth"),
        Some(DelegationForm::KerioMaster) => t!("delegation.kerio_master"),
    }
}

/// How the server is told for whom an admin logs in.
#[component]
pub(super) fn DelegationField(
    id: &'static str,
    fields: DelegationFields,
    #[prop(optional, into)] disabled: Signal<bool>,
) -> impl IntoView {
    let forms = std::iter::once(None).chain(DelegationForm::ALL.map(Some));
    let options = forms.clone().map(|form| {
        view! {
            <option value=form_value(form) selected=move || fields.form.get() == form>
                {form_name(form)}
            </option>
        }
    });
    let options = options.collect_view();
    let on_change = move |event| {
        let chosen = event_target_value(&event);
        fields.form.set(forms.clone().find(|form| form_value(*form) == chosen).flatten());
        fields.detail.set(String::new());
        fields.error.set(None);
    };
    let select_id = format!("{id}-delegation");
    let detail_id = format!("{id}-delegation-detail");
    view! {
        <div class="field">
            <label class="field-label" for=select_id.clone()>
                {t!("delegation.label")}
            </label>
            <select class="input" id=select_id disabled=move || disabled.get() on:change=on_change>
                {options}
            </select>
        </div>
        {move || {
            let (label, placeholder) = match fields.form.get() {
                Some(DelegationForm::MasterUser) => (t!("delegation.separator"), "*"),
                Some(DelegationForm::RootFolder) => (t!("delegation.root"), "user.{mailbox}"),
                _ => return None,
            };
            Some(
                view! {
                    <TextField
                        id=detail_id.clone()
                        label=label
                        value=fields.detail
                        placeholder=placeholder
                        maxlength=320
                        is_optional=true
                        error=fields.error
                        disabled=disabled
                    />
                },
            )
        }}
    }
}
