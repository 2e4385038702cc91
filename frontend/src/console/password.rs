//! A password by a link that was sent, and asking for such a link.

use leptos::prelude::*;
use mailferry_shared::{
    member::{PasswordLinkRequest, PasswordSet},
    secret::Secret,
};

use super::{
    sending::{Sending, SubmitButton},
    session::Session,
};
use crate::{
    api, browser,
    components::{Glyph, Notice, PageHead, PasswordField, TextField, Tone, icon},
    route::Console as Place,
    state::{language::PageLanguage, router::Router},
    t,
};

/// Sets a password by the link in the address; without one, asks for the mail address to send one to.
#[component]
pub(super) fn Password(session: Session) -> impl IntoView {
    let token = StoredValue::new(browser::fragment("token").map(Secret::new));
    // Neither bookmarked nor seen over a shoulder.
    browser::drop_fragment();
    view! {
        <main class="page" id="main" tabindex="-1">
            {match token.get_value() {
                Some(token) => view! { <Choose token=token session=session /> }.into_any(),
                None => view! { <Forgotten /> }.into_any(),
            }}
        </main>
    }
}

#[component]
fn Choose(token: Secret, session: Session) -> impl IntoView {
    let password = RwSignal::new(String::new());
    let sending = Sending::new();
    let router = Router::get();
    let on_submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let set = PasswordSet { token: token.clone(), new_password: Secret::new(password.get_untracked()) };
        sending.send(async move { api::set_password(&set).await }, move |principal| {
            session.enter(principal);
            router.replace(&Place::Migrations.path());
        });
    };
    view! {
        <form class="card sign-in" on:submit=on_submit novalidate>
            <PageHead title=t!("invite.set_title") lead=t!("invite.set_lead") />
            <PasswordField
                id="new-password"
                label=t!("console.password_new")
                value=password
                hint=t!("console.password_hint")
                error=sending.field("/new_password")
            />
            {sending.failure()}
            <SubmitButton sending=sending glyph=Glyph::Check text=t!("invite.set") />
            <a class="button button-quiet" href=Place::Password.path()>{t!("invite.forgot")}</a>
        </form>
    }
}

#[component]
fn Forgotten() -> impl IntoView {
    let mail = RwSignal::new(String::new());
    let done = RwSignal::new(false);
    let sending = Sending::new();
    let language = PageLanguage::get();
    let on_submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let wanted = PasswordLinkRequest {
            mail: Secret::new(mail.with_untracked(|mail| mail.trim().to_owned())),
            language: language.of_orders(),
        };
        done.set(false);
        sending.send(async move { api::request_password_link(&wanted).await }, move |()| done.set(true));
    };
    view! {
        <form class="card sign-in" on:submit=on_submit novalidate>
            <PageHead title=t!("invite.forgot_title") lead=t!("invite.forgot_lead") />
            <TextField
                id="forgotten-mail"
                label=t!("console.mail")
                value=mail
                kind="email"
                autocomplete="username"
                maxlength=320
            />
            {sending.failure()}
            <Show when=move || done.get()>
                <Notice tone=Tone::Good>
                    <p role="status">{t!("invite.forgot_done")}</p>
                </Notice>
            </Show>
            <SubmitButton sending=sending glyph=Glyph::ArrowRight text=t!("invite.send") />
            <a class="button button-quiet" href=Place::Migrations.path()>
                {icon(Glyph::ArrowLeft)}
                {t!("invite.back")}
            </a>
        </form>
    }
}
