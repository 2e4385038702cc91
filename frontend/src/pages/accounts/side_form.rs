//! The fields of one account of a pair.

use leptos::prelude::*;
use mailferry_shared::{
    account::{SideInput, SideName},
    delegation::CredentialKind,
    finding::FindingCode,
    oauth::OauthProvider,
    provider::{LoginForm, Provider},
    secret::Secret,
};

use super::credential::{CredentialFields, DelegationField, token_service};
use crate::{
    api::ApiError,
    browser,
    components::{PasswordField, ServerFieldset, TextField, Tick},
    state::{order::OrderContext, providers::KnownProviders, typed::SideFields},
    t,
};

/// Fields of one account; `id` makes their ids unique, `kept` says that a password is kept, `locked` that nothing but
/// the password may be told anew.
#[component]
pub(super) fn SideForm(
    id: &'static str,
    side: SideName,
    fields: SideFields,
    #[prop(optional)] kept: bool,
    #[prop(optional)] locked: bool,
) -> impl IntoView {
    let context = expect_context::<OrderContext>();
    let known = KnownProviders::get();
    let (legend, server_legend) = match side {
        SideName::Source => (t!("accounts.source_legend"), t!("accounts.own_server_legend_source")),
        SideName::Destination => (t!("accounts.destination_legend"), t!("accounts.own_server_legend_destination")),
    };
    let choice = untrack(|| context.choice(side));
    let name = move || choice.as_ref().map(|choice| known.name(choice)).unwrap_or_default();
    let is_local = provider_of(context, known, side).is_some_and(|provider| provider.login == LoginForm::LocalPart);
    let user_hint = match (locked, is_local) {
        // What stays needs no hint.
        (true, _) => "",
        (false, true) => t!("accounts.user_hint_local"),
        (false, false) => t!("accounts.user_hint"),
    };
    let details_open = !fields.act_for.with_untracked(String::is_empty)
        || fields.own_server.get_untracked()
        || fields.by_admin.get_untracked();
    let server_id = format!("{id}-server");
    // The list of providers may come later than this form.
    let provider = Memo::new(move |_| context.choice(side).and_then(|choice| known.of(&choice)));
    let secret = move || {
        // The admin's own password stands with the admin.
        if fields.by_admin.get() {
            return None;
        }
        let credential = provider.get();
        let by_app = credential.as_ref().is_some_and(|it| it.advice.contains(&FindingCode::AppPasswordNeeded));
        let password = move || typed_in(id, fields, by_app, kept);
        Some(view! {
            <CredentialFields id=id provider=credential fields=fields.grant kept=kept locked=locked />
            {password}
        })
    };
    view! {
        <fieldset class="card">
            <legend class="visually-hidden">{legend}</legend>
            <div aria-hidden="true">
                <h3>{legend}</h3>
                <p class="small faint">{name}</p>
            </div>
            <TextField
                id=format!("{id}-user")
                label=t!("accounts.user")
                value=fields.user
                hint=user_hint
                maxlength=320
                error=fields.user_error
                disabled=locked
            />
            {secret}
            <details class="disclosure" open=details_open hidden=locked>
                <summary>{t!("accounts.details")}</summary>
                <div class="disclosure-body stack">
                    <Tick
                        label=t!("accounts.own_server_tick")
                        checked=fields.own_server
                        on_change=move |on| fields.own_server.set(on)
                    />
                    <Show when=move || fields.own_server.get()>
                        <ServerFieldset id=server_id.clone() legend=server_legend fields=fields.server />
                    </Show>
                    <p class="field-label">{t!("accounts.for_admins")}</p>
                    <Tick
                        label=t!("admin.by_admin")
                        hint=t!("admin.by_admin_hint")
                        checked=fields.by_admin
                        on_change=move |on| fields.by_admin.set(on)
                    />
                    <TextField
                        id=format!("{id}-act-for")
                        label=t!("accounts.act_for")
                        value=fields.act_for
                        hint=t!("accounts.act_for_hint")
                        maxlength=320
                        is_optional=true
                    />
                    // A token says who asks, the name for whom: nothing is written together.
                    <Show when=move || {
                        fields.grant.kind.get() == CredentialKind::Password && !fields.act_for.with(String::is_empty)
                    }>
                        <DelegationField id=id fields=fields.delegation />
                    </Show>
                </div>
            </details>
        </fieldset>
    }
}

/// Offers what was typed where the provider was chosen as the first account's name.
pub(super) fn offer(context: OrderContext, known: KnownProviders, side: SideName, fields: SideFields) {
    let typed = context.typed();
    let told = match side {
        SideName::Source => typed.source.address,
        SideName::Destination => typed.destination.address,
    };
    let address = told.try_update_untracked(std::mem::take).unwrap_or_default();
    let Some((name, _)) = address.trim().rsplit_once('@').filter(|_| fields.user.with_untracked(String::is_empty))
    else {
        return;
    };
    let is_local = provider_of(context, known, side).is_some_and(|provider| provider.login == LoginForm::LocalPart);
    fields.user.set(if is_local { name } else { address.trim() }.to_owned());
}

/// The field of a password or an access token; none where tokens are fetched.
fn typed_in(id: &'static str, fields: SideFields, by_app: bool, kept: bool) -> Option<impl IntoView> {
    let label = match fields.grant.kind.get() {
        // The one that is known is refused there.
        CredentialKind::Password if by_app => t!("accounts.app_password"),
        CredentialKind::Password => t!("accounts.password"),
        CredentialKind::OauthToken => t!("oauth.token"),
        _ => return None,
    };
    Some(view! {
        <PasswordField
            id=format!("{id}-password")
            label=label
            value=fields.password
            placeholder=if kept { t!("accounts.password_kept") } else { "" }
            error=fields.password_error
        />
    })
}

/// The provider of a side, if it is a known one.
fn provider_of(context: OrderContext, known: KnownProviders, side: SideName) -> Option<Provider> {
    untrack(|| known.of(&context.choice(side)?))
}

/// Whose token services the source's and the destination's accounts use.
pub(super) fn tokens_of_both(context: OrderContext, known: KnownProviders) -> (OauthProvider, OauthProvider) {
    let of = |side| token_service(provider_of(context, known, side).as_ref());
    (of(SideName::Source), of(SideName::Destination))
}

/// Reads the fields; `None` with the errors beside them. A password, or what stands in its place, is asked for unless
/// one is kept.
pub(super) fn read(fields: SideFields, tokens: OauthProvider, kept: impl Fn(&SideInput) -> bool) -> Option<SideInput> {
    let text = |signal: RwSignal<String>| signal.with_untracked(|text| text.trim().to_owned());
    let user = text(fields.user);
    let user_error = if user.is_empty() {
        Some(t!("accounts.user_missing"))
    } else if user.chars().count() > 320 {
        Some(t!("accounts.user_too_long"))
    } else {
        None
    };
    fields.user_error.set(user_error.map(str::to_owned));
    let endpoint = if fields.own_server.get_untracked() { Some(fields.server.read()) } else { None };
    let act_for = Some(text(fields.act_for)).filter(|name| !name.is_empty());
    let by_admin = fields.by_admin.get_untracked();
    let credential = if by_admin { CredentialKind::Password } else { fields.grant.kind.get_untracked() };
    // A password may begin or end with a blank.
    let password = fields.password.get_untracked();
    let input = SideInput {
        password: (!password.is_empty() && !by_admin && !credential.is_fetched()).then(|| Secret::new(password)),
        oauth: fields.grant.read(tokens).filter(|_| credential.is_fetched()),
        credential,
        delegation: act_for
            .as_ref()
            .filter(|_| !by_admin && credential == CredentialKind::Password)
            .and_then(|_| fields.delegation.read()),
        act_for: act_for.filter(|_| !by_admin),
        endpoint: match endpoint {
            Some(read) => Some(read?),
            None => None,
        },
        by_admin,
        ..SideInput::of(user)
    };
    let lacks_secret = input.password.is_none() && input.oauth.is_none() && !by_admin && !kept(&input);
    if credential.is_fetched() {
        fields.grant.ask(lacks_secret, tokens);
    } else {
        fields.password_error.set(lacks_secret.then(|| t!("accounts.password_needed").to_owned()));
    }
    (user_error.is_none() && !lacks_secret).then_some(input)
}

/// Puts the service's errors beside the fields they name; true if there were any.
fn show(fields: SideFields, side: SideName, error: &ApiError) -> bool {
    let base = match side {
        SideName::Source => "/source",
        SideName::Destination => "/destination",
    };
    let named = |field: &str| error.field(&format!("{base}{field}"));
    let user = named("/user").or_else(|| named("/endpoint"));
    let password = named("/password");
    let delegation = named("/delegation/separator").or_else(|| named("/delegation/root"));
    let grant = fields.grant.show(named);
    let placed = grant || user.is_some() || password.is_some() || delegation.is_some();
    fields.user_error.try_set(user);
    fields.password_error.try_set(password);
    fields.delegation.error.try_set(delegation);
    placed
}

/// What the service has refused: beside the fields it names, and leading there, else as a whole in `failure`.
pub(super) fn refuse(
    source: SideFields,
    destination: SideFields,
    error: ApiError,
    failure: RwSignal<Option<ApiError>>,
) {
    let placed = [show(source, SideName::Source, &error), show(destination, SideName::Destination, &error)];
    if placed.contains(&true) {
        browser::focus_first_error();
    } else {
        failure.try_set(Some(error));
    }
}
