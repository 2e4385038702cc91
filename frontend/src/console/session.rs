//! Who is signed in.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    member::{Principal, SignIn as Credentials},
    secret::Secret,
};

use super::sending::{Sending, SubmitButton};
use crate::{
    api, browser,
    components::{Glyph, Notice, PageHead, PasswordField, TextField, Tone},
    pages::SIGNED_IN,
    route::Console as Place,
    state::{Load, connection::Connection},
    t,
};

/// The session, in the context of the whole console.
#[derive(Clone, Copy)]
pub(super) struct Session {
    principal: RwSignal<Load<Principal>>,
    /// True if somebody was signed in, and is not any more, without having asked for it.
    over: RwSignal<bool>,
}

impl Session {
    /// The session of the console; made once, and kept while one goes from part to part.
    pub(super) fn provide() -> Self {
        let session = Self { principal: RwSignal::new(Load::Loading), over: RwSignal::new(false) };
        provide_context(session);
        let connection = expect_context::<Connection>();
        Effect::new(move || {
            connection.retries.track();
            if session.principal.with_untracked(|principal| principal.ready().is_none()) {
                session.load();
            }
        });
        // Sessions are short: whoever comes back to an open page signs in again, and is where they were.
        Effect::new(move || {
            connection.signed_out.track();
            if session.principal.with_untracked(|principal| principal.ready().is_some()) {
                session.over.set(true);
                session.load();
            }
        });
        session
    }

    pub(super) fn principal(self) -> Load<Principal> {
        self.principal.get()
    }

    /// Asks who is signed in.
    pub(super) fn load(self) {
        spawn_local(async move {
            let principal = api::me().await;
            match &principal {
                Ok(_) => browser::store(SIGNED_IN, Some("yes")),
                Err(error) if error.is_locked_out() => browser::store(SIGNED_IN, None),
                Err(_) => {}
            }
            self.principal.try_set(principal.into());
        });
    }

    /// Whoever has just proved who they are.
    pub(super) fn enter(self, principal: Principal) {
        browser::store(SIGNED_IN, Some("yes"));
        self.principal.set(Load::Ready(principal));
    }

    pub(super) fn sign_out(self) {
        spawn_local(async move {
            let _ = api::sign_out().await;
            self.over.set(false);
            self.load();
        });
    }
}

/// The form to sign in.
#[component]
pub(super) fn SignIn(session: Session) -> impl IntoView {
    let (mail, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let sending = Sending::new();
    let on_submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let credentials = Credentials {
            mail: Secret::new(mail.with_untracked(|mail| mail.trim().to_owned())),
            password: Secret::new(password.get_untracked()),
        };
        sending.send(async move { api::sign_in(&credentials).await }, move |_| {
            password.set(String::new());
            session.over.set(false);
            session.load();
        });
    };
    view! {
        <main class="page" id="main" tabindex="-1">
            <form class="card sign-in" on:submit=on_submit novalidate>
                <PageHead title=t!("console.sign_in_title") lead=t!("console.sign_in_lead") />
                <Show when=move || session.over.get()>
                    <Notice tone=Tone::Info>
                        <p role="status">{t!("console.session_over")}</p>
                    </Notice>
                </Show>
                <TextField
                    id="sign-in-mail"
                    label=t!("console.mail")
                    value=mail
                    kind="email"
                    autocomplete="username"
                    maxlength=320
                />
                <PasswordField
                    id="sign-in-password"
                    label=t!("accounts.password")
                    value=password
                    autocomplete="current-password"
                />
                {sending.failure()}
                <SubmitButton sending=sending glyph=Glyph::ArrowRight text=t!("console.sign_in") />
                <div class="row-between">
                    <a class="button button-quiet button-flush" href=Place::Password.path()>{t!("invite.forgot")}</a>
                    <a class="small soft" href="/">{t!("lost.to_start")}</a>
                </div>
            </form>
        </main>
    }
}
