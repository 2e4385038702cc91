//! Webhooks, their deliveries, and replaying one.

use leptos::prelude::*;
use mailferry_shared::{
    ids::WebhookId,
    key::Scope,
    member::Principal,
    webhook::{EventKind, Webhook, WebhookCreate},
};

use super::{
    deliveries,
    ending::{EndDialog, Ending, doing},
    list::{ListHead, ListTable, Listed},
    may,
    sending::{FormDialog, Sending},
};
use crate::{
    api,
    components::{CopyLine, Glyph, Notice, TextField, Tick, Tone, icon},
    t,
};

/// Whose deliveries are shown, in the context of the rows.
#[derive(Clone, Copy)]
struct Shown(RwSignal<Option<WebhookId>>);

/// The part.
#[component]
pub(super) fn Webhooks() -> impl IntoView {
    let listed = Listed::of(api::webhooks);
    let may_write = may(&expect_context::<Principal>(), Scope::WebhooksWrite);
    let ending = Ending::<Webhook>::provide();
    let shown = RwSignal::new(None);
    provide_context(Shown(shown));
    let open = RwSignal::new(false);
    let made = RwSignal::new(None::<String>);
    let heads = vec![t!("console.webhook_url"), t!("console.webhook_events"), t!("accounts.col_actions")];
    view! {
        <ListHead
            title=t!("console.webhooks")
            lead=t!("console.webhooks_lead")
            create=t!("console.webhook_new")
            on_create=move |()| open.set(true)
            may_create=may_write
        />
        {move || {
            made.get()
                .map(|secret| {
                    view! {
                        <Notice tone=Tone::Good title=t!("console.webhook_made")>
                            <p>{t!("console.webhook_secret")}</p>
                            <CopyLine label=t!("console.webhook_secret_label") text=secret />
                        </Notice>
                    }
                })
        }}
        <ListTable listed=listed name=t!("console.webhooks") heads=heads empty=t!("console.no_webhooks") row=row />
        <NewWebhook open=open made=made listed=listed />
        <deliveries::Deliveries shown=shown may_write=may_write />
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

#[component]
fn NewWebhook(open: RwSignal<bool>, made: RwSignal<Option<String>>, listed: Listed<Webhook>) -> impl IntoView {
    let sending = Sending::new();
    let url = RwSignal::new(String::new());
    let events = RwSignal::new(Vec::<EventKind>::new());
    let submit = move |()| {
        let webhook = WebhookCreate {
            url: url.with_untracked(|url| url.trim().to_owned()),
            description: String::new(),
            events: events.get_untracked(),
        };
        sending.send(async move { api::create_webhook(&webhook).await }, move |created| {
            open.set(false);
            made.set(Some(created.secret.expose().to_owned()));
            listed.again();
        });
    };
    let tick = move |kind: EventKind| {
        view! {
            <Tick
                label=kind.as_str()
                checked=Signal::derive(move || events.with(|events| events.contains(&kind)))
                on_change=move |on| {
                    events
                        .update(|events| {
                            events.retain(|event| *event != kind);
                            if on {
                                events.push(kind);
                            }
                        });
                }
            />
        }
    };
    view! {
        <FormDialog
            id="webhook-new"
            title=t!("console.webhook_new")
            open=open
            sending=sending
            submit=t!("console.webhook_new")
            on_submit=submit
        >
            <TextField
                id="webhook-url"
                label=t!("console.webhook_url")
                value=url
                placeholder="https://"
                error=sending.field("/url")
            />
            <fieldset class="stack-s">
                <legend class="field-label">{t!("console.webhook_events")}</legend>
                <p class="field-hint">{t!("console.webhook_events_hint")}</p>
                <div class="two-tight" data-data="">
                    {EventKind::ALL.iter().copied().map(tick).collect_view()}
                </div>
            </fieldset>
        </FormDialog>
    }
}

fn row(webhook: &Webhook, _: Listed<Webhook>) -> AnyView {
    let (Shown(shown), ending) = (expect_context::<Shown>(), expect_context::<Ending<Webhook>>());
    let id = webhook.id;
    let events = webhook.events.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
    let events = if events.is_empty() { t!("protocol.all").to_owned() } else { events };
    let delete = may(&expect_context::<Principal>(), Scope::WebhooksWrite)
        .then(|| ending.delete_button(webhook.clone(), &webhook.url));
    view! {
        <tr>
            <th scope="row" class="mono">{webhook.url.clone()}</th>
            <td class="small" data-data="">{events}</td>
            <td>
                <div class="table-actions">
                    <button
                        type="button"
                        class="button button-small"
                        aria-label=t!("console.deliveries_of", url = webhook.url)
                        on:click=move |_| shown.set(Some(id))
                    >
                        {icon(Glyph::List)}
                        {t!("console.deliveries")}
                    </button>
                    {delete}
                </div>
            </td>
        </tr>
    }
    .into_any()
}
