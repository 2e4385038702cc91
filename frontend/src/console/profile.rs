//! Who is signed in, and their password.

use leptos::prelude::*;
use mailferry_shared::{
    member::{PasswordChange, Principal},
    secret::Secret,
};

use super::{
    member_form::role_name,
    sending::{Sending, SubmitButton},
};
use crate::{
    api,
    components::{Glyph, Notice, PageHead, PasswordField, Tone, fact},
    t,
};

/// The part.
#[component]
pub(super) fn Profile() -> impl IntoView {
    let principal = expect_context::<Principal>();
    let (current, new) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let done = RwSignal::new(false);
    let sending = Sending::new();
    let on_submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        done.set(false);
        let change = PasswordChange {
            current_password: Secret::new(current.get_untracked()),
            new_password: Secret::new(new.get_untracked()),
        };
        sending.send(async move { api::change_password(&change).await }, move |()| {
            current.set(String::new());
            new.set(String::new());
            done.set(true);
        });
    };
    let facts = principal.member.as_ref().map(|member| {
        let mail = member.mail.as_ref().map(ToString::to_string).unwrap_or_default();
        view! {
            <div class="card narrow">
                <dl class="facts facts-small">
                {fact(t!("console.name"), member.name.clone())}
                {fact(t!("console.mail"), mail)}
                {fact(t!("console.role"), role_name(member.role).to_owned())}
                </dl>
            </div>
        }
    });
    view! {
        <PageHead title=t!("console.profile") />
        {facts}
        <form class="card narrow" on:submit=on_submit novalidate>
            <h2>{t!("console.change_password")}</h2>
            <PasswordField
                id="password-current"
                label=t!("console.password_current")
                value=current
                autocomplete="current-password"
                error=sending.field("/current_password")
            />
            <PasswordField
                id="password-new"
                label=t!("console.password_new")
                value=new
                hint=t!("console.password_hint")
                error=sending.field("/new_password")
            />
            {sending.failure()}
            <Show when=move || done.get()>
                <Notice tone=Tone::Good>
                    <p role="status">{t!("console.password_done")}</p>
                </Notice>
            </Show>
            <SubmitButton sending=sending glyph=Glyph::Check text=t!("console.change_password") />
        </form>
    }
}
