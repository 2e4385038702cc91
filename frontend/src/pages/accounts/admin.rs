//! Admin credentials of a side: entered once, used by every account that says so.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    account::SideName,
    admin::{AdminCredentials, AdminCredentialsSet},
    delegation::CredentialKind,
    provider::Provider,
    secret::Secret,
};

use super::{
    Page, Tab,
    credential::{CredentialFields, DelegationField, token_service},
};
use crate::{
    api::{self, ApiError},
    components::{Failure, Glyph, Notice, PasswordField, TextField, Tone, busy_icon},
    state::{
        grant::{DelegationFields, GrantFields},
        providers::KnownProviders,
    },
    t,
};

/// The fields of both sides, below the ways to enter accounts.
#[component]
pub(super) fn Admins() -> impl IntoView {
    let page = expect_context::<Page>();
    let known = RwSignal::new(Vec::<AdminCredentials>::new());
    spawn_local(async move {
        if let Ok(list) = api::admin_credentials(page.context.id).await {
            known.try_set(list.items);
        }
    });
    // For whoever looks after several mailboxes, or says that an admin logs in.
    let several = Memo::new(move |_| page.context.pairs().len() > 1);
    let typed = page.context.typed();
    let is_shown = move || match page.tab.get() {
        Tab::Overview => several.get() || known.with(|known| !known.is_empty()),
        Tab::Add => typed.add_source.by_admin.get() || typed.add_destination.by_admin.get(),
        Tab::Import => true,
    };
    view! {
        <details class="disclosure" hidden=move || !is_shown()>
            <summary>{t!("admin.title")}</summary>
            <div class="disclosure-body stack">
                <p class="soft">{t!("admin.text")}</p>
                <div class="two">
                    <Side page=page side=SideName::Source known=known />
                    <Side page=page side=SideName::Destination known=known />
                </div>
            </div>
        </details>
    }
}

#[component]
fn Side(page: Page, side: SideName, known: RwSignal<Vec<AdminCredentials>>) -> impl IntoView {
    let (user, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let (busy, saved) = (RwSignal::new(false), RwSignal::new(false));
    let failure = RwSignal::new(None::<ApiError>);
    let (id, legend) = match side {
        SideName::Source => ("admin-source", t!("providers.source_label")),
        SideName::Destination => ("admin-destination", t!("providers.destination_label")),
    };
    let mine = Memo::new(move |_| known.with(|known| known.iter().find(|admin| admin.side == side).cloned()));
    let (grant, delegation) = (GrantFields::empty(), DelegationFields::empty());
    Effect::new(move || {
        mine.with(|mine| {
            user.set(mine.as_ref().map(|mine| mine.user.clone()).unwrap_or_default());
            grant.kind.set(mine.as_ref().map(|mine| mine.credential).unwrap_or_default());
            delegation.show(mine.as_ref().and_then(|mine| mine.delegation.as_ref()));
        });
    });
    let providers = KnownProviders::get();
    let provider = Memo::new(move |_| page.context.choice(side).and_then(|choice| providers.of(&choice)));
    let locked = Signal::derive(move || !page.open.get());
    let kept = Memo::new(move |_| {
        let kind = grant.kind.get();
        mine.with(|mine| mine.as_ref().is_some_and(|mine| mine.has_password && mine.credential == kind))
    });
    let on_submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let set = read(user, password, grant, delegation, provider.get_untracked().as_ref());
        if set.credential.is_fetched() {
            let lacking = set.oauth.is_none() && !kept.get_untracked();
            grant.ask(lacking, token_service(provider.get_untracked().as_ref()));
            if lacking {
                return;
            }
        }
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            let result = api::set_admin_credentials(page.context.id, side, &set).await;
            busy.try_set(false);
            match result {
                Ok(admin) => {
                    password.try_set(String::new());
                    grant.clear();
                    saved.try_set(true);
                    known.try_update(|known| {
                        known.retain(|other| other.side != side);
                        known.push(admin);
                    });
                    page.context.load_accounts().await;
                }
                Err(error) => {
                    grant.show(|pointer| error.field(pointer));
                    let named = error.field("/delegation/separator").or_else(|| error.field("/delegation/root"));
                    delegation.error.try_set(named);
                    failure.try_set(Some(error));
                }
            }
        });
    };
    let error = move |pointer: &'static str| {
        Signal::derive(move || failure.with(|failure| failure.as_ref().and_then(|error| error.field(pointer))))
    };
    view! {
        <form class="card" on:submit=on_submit novalidate aria-label=legend>
            <h2 class="as-h3">{legend}</h2>
            {move || {
                let (kept, locked) = (kept.get(), locked.get());
                view! { <CredentialFields id=id provider=provider.get() fields=grant kept=kept locked=locked /> }
            }}
            {move || {
                let is_named = !names_itself(grant.kind.get());
                is_named.then(|| {
                    view! {
                        <TextField
                            id=format!("{id}-user")
                            label=t!("admin.user")
                            value=user
                            maxlength=320
                            error=error("/user")
                            disabled=locked
                        />
                    }
                })
            }}
            {move || {
                let label = match grant.kind.get() {
                    CredentialKind::Password => t!("admin.password"),
                    CredentialKind::OauthToken => t!("oauth.token"),
                    _ => return None,
                };
                let placeholder = if kept.get() { t!("accounts.password_kept") } else { "" };
                Some(
                    view! {
                        <PasswordField
                            id=format!("{id}-password")
                            label=label
                            value=password
                            placeholder=placeholder
                            error=error("/password")
                        />
                        <DelegationField id=id fields=delegation disabled=locked />
                    },
                )
            }}
            {move || {
                failure.get().filter(|error| !error.names_fields()).map(|error| view! { <Failure error=error /> })
            }}
            <Show when=move || saved.get()>
                <Notice tone=Tone::Good>
                    <p role="status">{t!("admin.saved")}</p>
                </Notice>
            </Show>
            <button
                type="submit"
                class="button button-small"
                class:is-busy=move || busy.get()
                disabled=move || busy.get() || locked.get() && mine.with(Option::is_none)
            >
                {busy_icon(busy, Glyph::Check)}
                {t!("admin.save")}
            </button>
        </form>
    }
}

/// What is in the fields. A service account and an application name themselves.
fn read(
    user: RwSignal<String>,
    password: RwSignal<String>,
    grant: GrantFields,
    delegation: DelegationFields,
    provider: Option<&Provider>,
) -> AdminCredentialsSet {
    let credential = grant.kind.get_untracked();
    let fetched = credential.is_fetched();
    let typed = password.get_untracked();
    AdminCredentialsSet {
        user: if names_itself(credential) { String::new() } else { user.with_untracked(|user| user.trim().to_owned()) },
        password: (!typed.is_empty() && !fetched).then(|| Secret::new(typed)),
        oauth: grant.read(token_service(provider)).filter(|_| fetched),
        delegation: delegation.read().filter(|_| !fetched),
        credential,
    }
}

fn names_itself(kind: CredentialKind) -> bool {
    matches!(kind, CredentialKind::GoogleServiceAccount | CredentialKind::MicrosoftApp)
}
