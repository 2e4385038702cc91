//! The fields of one account of a pair.

use leptos::prelude::*;
use mailferry_shared::{account::SideInput, account::SideName, provider::LoginForm, secret::Secret};

use crate::{
    api::ApiError,
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
    let choice = context.order.with_untracked(|order| match side {
        SideName::Source => order.source.clone(),
        SideName::Destination => order.destination.clone(),
    });
    let name = {
        let choice = choice.clone();
        move || choice.as_ref().map(|choice| known.name(choice)).unwrap_or_default()
    };
    let is_local = choice
        .and_then(|choice| untrack(|| known.find(&choice.provider?)))
        .is_some_and(|provider| provider.login == LoginForm::LocalPart);
    let user_hint = if is_local { t!("accounts.user_hint_local") } else { t!("accounts.user_hint") };
    let details_open = !fields.act_for.with_untracked(String::is_empty)
        || fields.own_server.get_untracked()
        || fields.by_admin.get_untracked();
    let server_id = format!("{id}-server");
    // The admin's own password stands with the admin.
    let password = (!locked || !fields.by_admin.get_untracked()).then(|| {
        view! {
            <PasswordField
                id=format!("{id}-password")
                label=t!("accounts.password")
                value=fields.password
                placeholder=if kept { t!("accounts.password_kept") } else { "" }
                error=fields.password_error
            />
        }
    });
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
            {password}
            <details class="disclosure" open=details_open hidden=locked>
                <summary>{t!("accounts.details")}</summary>
                <div class="disclosure-body stack">
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
                    <Tick
                        label=t!("accounts.own_server_tick")
                        checked=fields.own_server
                        on_change=move |on| fields.own_server.set(on)
                    />
                    <Show when=move || fields.own_server.get()>
                        <ServerFieldset id=server_id.clone() legend=server_legend fields=fields.server />
                    </Show>
                </div>
            </details>
        </fieldset>
    }
}

/// Reads the fields; `None` with the errors beside them. A password is asked for unless one is kept.
pub(super) fn read(fields: SideFields, kept: impl Fn(&SideInput) -> bool) -> Option<SideInput> {
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
    // A password may begin or end with a blank.
    let password = fields.password.get_untracked();
    let input = SideInput {
        password: (!password.is_empty() && !by_admin).then(|| Secret::new(password)),
        act_for: act_for.filter(|_| !by_admin),
        endpoint: match endpoint {
            Some(read) => Some(read?),
            None => None,
        },
        by_admin,
        ..SideInput::of(user)
    };
    let lacks_password = input.password.is_none() && !by_admin && !kept(&input);
    fields.password_error.set(lacks_password.then(|| t!("accounts.password_needed").to_owned()));
    (user_error.is_none() && !lacks_password).then_some(input)
}

/// Puts the service's errors beside the fields they name; true if there were any.
pub(super) fn show(fields: SideFields, side: SideName, error: &ApiError) -> bool {
    let base = match side {
        SideName::Source => "/source",
        SideName::Destination => "/destination",
    };
    let user = error.field(&format!("{base}/user")).or_else(|| error.field(&format!("{base}/endpoint")));
    let password = error.field(&format!("{base}/password"));
    let placed = user.is_some() || password.is_some();
    fields.user_error.try_set(user);
    fields.password_error.try_set(password);
    placed
}
