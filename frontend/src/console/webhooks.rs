//! Webhooks, their deliveries, and replaying one.

use leptos::prelude::*;
use mailferry_shared::{
    key::Scope,
    member::Principal,
    webhook::{Webhook, WebhookCreated},
};

use super::{
    deliveries::{Deliveries, Heard},
    ending::{EndDialog, Ending, doing},
    list::{Empty, ListTable, Listed},
    list_head::ListHead,
    may,
    sending::{Confirm, Sending},
    webhook_form::{WebhookDialog, WebhookForm},
    webhook_health::health,
};
use crate::{
    api,
    components::{CopyLine, Glyph, Notice, Tone, icon},
    t,
};

/// What the rows share: whose deliveries are shown, which one shall get another secret, and a test on its way.
#[derive(Clone, Copy)]
struct Part {
    may_write: bool,
    shown: RwSignal<Option<Heard>>,
    rotated: RwSignal<Option<Webhook>>,
    testing: Sending,
}

impl Part {
    /// Sends a webhook an event that says nothing; what came of it is in the log, which opens.
    fn test(self, webhook: Heard) {
        self.testing.send(async move { api::test_webhook(webhook.id).await }, move |_| self.shown.set(Some(webhook)));
    }
}

/// The part.
#[component]
pub(super) fn Webhooks() -> impl IntoView {
    let listed = Listed::of(api::webhooks);
    let may_write = may(&expect_context::<Principal>(), Scope::WebhooksWrite);
    let ending = Ending::<Webhook>::provide();
    let form = WebhookForm::provide();
    let part = Part { may_write, shown: RwSignal::new(None), rotated: RwSignal::new(None), testing: Sending::new() };
    provide_context(part);
    Effect::new(move |was_shown: Option<bool>| {
        let is_shown = part.shown.with(Option::is_some);
        // What was seen in the log is true of the list too.
        if was_shown == Some(true) && !is_shown {
            listed.again();
        }
        is_shown
    });
    let secret = RwSignal::new(None::<(&'static str, String)>);
    let heads = vec![
        t!("console.webhook_url"),
        t!("console.webhook_events"),
        t!("console.webhook_last"),
        t!("accounts.col_actions"),
    ];
    let tell = move |title: &'static str, created: WebhookCreated| {
        secret.set(Some((title, created.secret.expose().to_owned())));
    };
    view! {
        <ListHead
            title=t!("console.webhooks")
            lead=t!("console.webhooks_lead")
            create=t!("console.webhook_new")
            on_create=move |()| form.begin(None)
            may_create=may_write
        />
        {move || {
            secret
                .get()
                .map(|(title, secret)| {
                    view! {
                        <Notice tone=Tone::Good title=title>
                            <p>{t!("console.webhook_secret")}</p>
                            <CopyLine label=t!("console.webhook_secret_label") text=secret />
                        </Notice>
                    }
                })
        }}
        {part.testing.failure()}
        <ListTable
            listed=listed
            name=t!("console.webhooks")
            heads=heads
            empty=Empty(Glyph::Bolt, t!("console.no_webhooks"))
            row=row
        />
        <WebhookDialog form=form made=move |created| tell(t!("console.webhook_made"), created) listed=listed />
        <Deliveries shown=part.shown may_write=may_write />
        <Rotate rotated=part.rotated made=move |created| tell(t!("console.webhook_rotated"), created) />
        <EndDialog
            id="delete-webhook"
            title=t!("console.webhook_delete_title")
            text=|webhook: Webhook| t!("console.webhook_delete_text", url = webhook.url)
            confirm=t!("console.delete")
            ending=ending
            listed=listed
            end=|webhook: Webhook| doing(async move { api::delete_webhook(webhook.id).await })
        />
    }
}

/// Asks before there is another secret.
#[component]
fn Rotate(rotated: RwSignal<Option<Webhook>>, #[prop(into)] made: Callback<WebhookCreated>) -> impl IntoView {
    let sending = Sending::new();
    let rotate = move |webhook: Webhook| {
        sending.send(async move { api::rotate_webhook_secret(webhook.id).await }, move |created| {
            rotated.set(None);
            made.run(created);
        });
    };
    view! {
        <Confirm
            id="rotate-secret"
            title=t!("console.webhook_rotate_title")
            text=|webhook: Webhook| t!("console.webhook_rotate_text", url = webhook.url)
            confirm=t!("console.webhook_rotate")
            glyph=Glyph::Refresh
            subject=rotated
            sending=sending
            on_confirm=rotate
        />
    }
}

/// An address that breaks where its parts begin, and within one only if it must.
fn breakable(url: &str) -> impl IntoView + use<> {
    let host = url.find("://").map_or(0, |at| at + "://".len());
    let mut parts = vec![String::new()];
    for (at, letter) in url.char_indices() {
        let begins = at >= host && matches!(letter, '.' | ':' | '/' | '?' | '&');
        if at == host || begins {
            parts.push(String::new());
        }
        parts.last_mut().into_iter().for_each(|part| part.push(letter));
    }
    parts.into_iter().map(|part| view! { {part} <wbr /> }).collect_view()
}

fn row(webhook: &Webhook, _: Listed<Webhook>) -> AnyView {
    let (part, form) = (expect_context::<Part>(), expect_context::<WebhookForm>());
    let ending = expect_context::<Ending<Webhook>>();
    let (heard, tested) = (Heard::of(webhook), Heard::of(webhook));
    let events = webhook.events.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
    let events = if events.is_empty() { t!("protocol.all").to_owned() } else { events };
    let off = (!webhook.enabled).then(|| view! { <span class="tagged">{t!("console.webhook_off")}</span> });
    let sandbox = webhook.sandbox.then(|| view! { <span class="tagged">{t!("console.sandbox")}</span> });
    let about =
        (!webhook.description.is_empty()).then(|| view! { <p class="account-meta">{webhook.description.clone()}</p> });
    // What is switched off is told nothing, a test neither.
    let test = (part.may_write && webhook.enabled).then(|| {
        view! {
            <button
                type="button"
                class="button button-small"
                aria-label=t!("console.webhook_test_of", url = webhook.url)
                on:click=move |_| part.test(tested.clone())
            >
                {icon(Glyph::Bolt)}
                {t!("console.webhook_test")}
            </button>
        }
    });
    let changes = part.may_write.then(|| {
        let (edited, rotated) = (webhook.clone(), webhook.clone());
        view! {
            <button
                type="button"
                class="button button-quiet button-icon button-small"
                aria-label=t!("console.webhook_rotate_of", url = webhook.url)
                title=t!("console.webhook_rotate")
                on:click=move |_| part.rotated.set(Some(rotated.clone()))
            >
                {icon(Glyph::Key)}
            </button>
            <button
                type="button"
                class="button button-quiet button-icon button-small"
                aria-label=t!("accounts.edit_what", account = webhook.url)
                title=t!("console.change")
                on:click=move |_| form.begin(Some(edited.clone()))
            >
                {icon(Glyph::Pencil)}
            </button>
            {ending.delete_button(webhook.clone(), &webhook.url)}
        }
    });
    view! {
        <tr>
            <th scope="row">
                <span class="mono">{breakable(&webhook.url)}</span> " " {off} {sandbox} {about}
            </th>
            <td class="small cell-wide" data-label=t!("console.webhook_events") data-data="">{events}</td>
            <td class="cell-wide" data-label=t!("console.webhook_last")>{health(&webhook.health)}</td>
            <td class="cell-actions">
                <div class="table-actions">
                    <button
                        type="button"
                        class="button button-small"
                        aria-label=t!("console.deliveries_of", url = webhook.url)
                        on:click=move |_| part.shown.set(Some(heard.clone()))
                    >
                        {icon(Glyph::List)}
                        {t!("console.deliveries")}
                    </button>
                    {test}
                    {changes}
                </div>
            </td>
        </tr>
    }
    .into_any()
}
