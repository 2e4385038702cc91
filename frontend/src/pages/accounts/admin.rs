//! Admin credentials of a side: entered once, used by every account that says so.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    account::SideName,
    admin::{AdminCredentials, AdminCredentialsSet},
    delegation::CredentialKind,
    secret::Secret,
};

use super::Page;
use crate::{
    api::{self, ApiError},
    components::{Failure, Glyph, Notice, PasswordField, TextField, Tone, icon},
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
    view! {
        <details class="disclosure card">
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
        SideName::Source => ("admin-source", t!("accounts.source_legend")),
        SideName::Destination => ("admin-destination", t!("accounts.destination_legend")),
    };
    let mine = Memo::new(move |_| known.with(|known| known.iter().find(|admin| admin.side == side).cloned()));
    Effect::new(move || user.set(mine.with(|mine| mine.as_ref().map(|mine| mine.user.clone()).unwrap_or_default())));
    let locked = Signal::derive(move || !page.open.get());
    let kept = move || mine.with(|mine| mine.as_ref().is_some_and(|mine| mine.has_password));
    let on_submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let typed = password.get_untracked();
        // What was entered over the API is kept as what it is, unless a password takes its place.
        let kept = mine.with_untracked(|mine| mine.as_ref().map(|mine| mine.credential).unwrap_or_default());
        let set = AdminCredentialsSet {
            credential: if typed.is_empty() { kept } else { CredentialKind::Password },
            user: user.with_untracked(|user| user.trim().to_owned()),
            password: (!typed.is_empty()).then(|| Secret::new(typed)),
            ..AdminCredentialsSet::default()
        };
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            let result = api::set_admin_credentials(page.context.id, side, &set).await;
            busy.try_set(false);
            match result {
                Ok(admin) => {
                    password.try_set(String::new());
                    saved.try_set(true);
                    known.try_update(|known| {
                        known.retain(|other| other.side != side);
                        known.push(admin);
                    });
                    page.context.load_accounts().await;
                }
                Err(error) => {
                    failure.try_set(Some(error));
                }
            }
        });
    };
    let error = move |pointer: &'static str| {
        Signal::derive(move || failure.with(|failure| failure.as_ref().and_then(|error| error.field(pointer))))
    };
    view! {
        <form class="stack-s" on:submit=on_submit novalidate aria-label=legend>
            <h3>{legend}</h3>
            <TextField id=format!("{id}-user") label=t!("admin.user") value=user maxlength=320 error=error("/user") disabled=locked />
            <PasswordField
                id=format!("{id}-password")
                label=t!("admin.password")
                value=password
                placeholder=if kept() { t!("accounts.password_kept") } else { "" }
                error=error("/password")
            />
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
                {move || icon(if busy.get() { Glyph::Spinner } else { Glyph::Check })}
                {t!("admin.save")}
            </button>
        </form>
    }
}
