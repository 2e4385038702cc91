//! Has the service mail a migration's link once more, to whoever has lost it.

use leptos::prelude::*;
use mailferry_shared::ids::OrderId;

use super::sending::{Confirm, Sending};
use crate::{
    api,
    components::{Glyph, icon},
    t,
};

/// The button, and what came of it.
#[component]
pub(super) fn MailLink(id: OrderId, #[prop(into)] address: String) -> impl IntoView {
    let (asked, mailed) = (RwSignal::new(None::<String>), RwSignal::new(None::<String>));
    let sending = Sending::new();
    let mail = move |_: String| {
        sending.send(async move { api::mail_link(id).await }, move |mail| {
            asked.set(None);
            mailed.set(Some(mail.to.to_string()));
        });
    };
    view! {
        <div class="row">
            <button type="button" class="button button-small" on:click=move |_| asked.set(Some(address.clone()))>
                {icon(Glyph::Inbox)}
                {t!("console.mail_link")}
            </button>
            <p class="small" role="status">
                {move || mailed.get().map(|address| t!("console.mailed_link", address = address))}
            </p>
        </div>
        <Confirm
            id="mail-link"
            title=t!("console.mail_link_title")
            text=|address: String| t!("console.mail_link_text", address = address)
            confirm=t!("console.mail_link")
            glyph=Glyph::Inbox
            subject=asked
            sending=sending
            on_confirm=mail
        />
    }
}
