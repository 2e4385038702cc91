//! Webhooks, their deliveries, and replaying one.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    ids::WebhookId,
    key::Scope,
    member::Principal,
    webhook::{Delivery, DeliveryState, EventKind, Webhook, WebhookCreate},
};

use super::{
    list::{ListHead, ListTable, Listed},
    may,
    sending::{Confirm, FormDialog, Sending},
};
use crate::{
    api,
    browser::intl,
    components::{CopyLine, Dialog, DialogSize, Failure, Glyph, Notice, Skeleton, TextField, Tick, Tone, icon},
    state::Load,
    t,
};

/// What the rows and dialogs of this part share.
#[derive(Clone, Copy)]
struct Part {
    deleted: RwSignal<Option<Webhook>>,
    /// Whose deliveries are shown.
    shown: RwSignal<Option<WebhookId>>,
}

/// The part.
#[component]
pub(super) fn Webhooks() -> impl IntoView {
    let listed = Listed::of(|| async { api::webhooks().await.map(|list| list.items) });
    let may_write = may(&expect_context::<Principal>(), Scope::WebhooksWrite);
    let part = Part { deleted: RwSignal::new(None), shown: RwSignal::new(None) };
    provide_context(part);
    let open = RwSignal::new(false);
    let made = RwSignal::new(None::<String>);
    let deleting = Sending::new();
    let heads = vec![t!("console.webhook_url"), t!("console.webhook_events"), t!("accounts.col_actions")];
    view! {
        {if may_write {
            view! {
                <ListHead
                    title=t!("console.webhooks")
                    lead=t!("console.webhooks_lead")
                    create=t!("console.webhook_new")
                    on_create=move |()| open.set(true)
                />
            }
                .into_any()
        } else {
            view! { <ListHead title=t!("console.webhooks") lead=t!("console.webhooks_lead") /> }.into_any()
        }}
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
        <Deliveries part=part />
        <Confirm
            id="delete-webhook"
            title=t!("console.webhook_delete_title")
            text=|webhook: Webhook| t!("console.webhook_delete_text", url = webhook.url)
            confirm=t!("console.delete")
            subject=part.deleted
            sending=deleting
            on_confirm=move |webhook: Webhook| {
                deleting
                    .send(
                        async move { api::delete_webhook(webhook.id).await },
                        move |()| {
                            part.deleted.set(None);
                            listed.again();
                        },
                    );
            }
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
    let part = expect_context::<Part>();
    let (subject, id) = (webhook.clone(), webhook.id);
    let events = webhook.events.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
    let events = if events.is_empty() { t!("protocol.all").to_owned() } else { events };
    view! {
        <tr>
            <th scope="row" class="mono">{webhook.url.clone()}</th>
            <td class="small">{events}</td>
            <td>
                <div class="table-actions">
                    <button
                        type="button"
                        class="button button-small"
                        aria-label=t!("console.deliveries_of", url = webhook.url)
                        on:click=move |_| part.shown.set(Some(id))
                    >
                        {icon(Glyph::List)}
                        {t!("console.deliveries")}
                    </button>
                    <button
                        type="button"
                        class="button button-quiet button-icon button-small"
                        aria-label=t!("accounts.delete_what", account = webhook.url)
                        on:click=move |_| part.deleted.set(Some(subject.clone()))
                    >
                        {icon(Glyph::Trash)}
                    </button>
                </div>
            </td>
        </tr>
    }
    .into_any()
}

/// What was sent to a webhook, with every attempt, and a button that sends it again.
#[component]
fn Deliveries(part: Part) -> impl IntoView {
    let open = RwSignal::new(false);
    let list = RwSignal::new(Load::<Vec<Delivery>>::Loading);
    let load = move |id: WebhookId| {
        spawn_local(async move {
            list.try_set(api::deliveries(id).await.map(|page| page.items).into());
        });
    };
    Effect::new(move || {
        open.set(part.shown.with(Option::is_some));
        if let Some(id) = part.shown.get() {
            list.set(Load::Loading);
            load(id);
        }
    });
    Effect::new(move || {
        // Unless something is shown: setting what is set already would call the effect above, and that one this.
        if !open.get() && part.shown.with_untracked(Option::is_some) {
            part.shown.set(None);
        }
    });
    let replaying = Sending::new();
    let replay = Callback::new(move |delivery: mailferry_shared::ids::WebhookDeliveryId| {
        if let Some(id) = part.shown.get_untracked() {
            replaying.send(async move { api::replay_delivery(id, delivery).await }, move |_| load(id));
        }
    });
    view! {
        <Dialog
            id="deliveries"
            title=Signal::derive(|| t!("console.deliveries").to_owned())
            open=open
            size=DialogSize::Wide
        >
            {replaying.failure()}
            {move || match list.get() {
                Load::Loading => view! { <Skeleton /> }.into_any(),
                Load::Failed(error) => view! { <Failure error=error /> }.into_any(),
                Load::Ready(items) if items.is_empty() => {
                    view! { <p class="soft">{t!("console.no_deliveries")}</p> }.into_any()
                }
                Load::Ready(items) => {
                    items.iter().map(|item| delivery(item, replay)).collect_view().into_any()
                }
            }}
        </Dialog>
    }
}

fn delivery(delivery: &Delivery, replay: Callback<mailferry_shared::ids::WebhookDeliveryId>) -> impl IntoView + use<> {
    let (class, glyph, text) = match delivery.state {
        DeliveryState::Pending => ("status status-idle", Glyph::Clock, t!("status.run_queued")),
        DeliveryState::Delivered => ("status status-good", Glyph::Check, t!("console.delivered")),
        DeliveryState::Failed => ("status status-bad", Glyph::Cross, t!("status.run_failed")),
    };
    let id = delivery.id;
    let attempts = delivery.attempts.iter().map(|attempt| {
        let outcome = attempt.status.map(|status| status.to_string()).or_else(|| attempt.error.clone());
        let line = format!("{} · {}", intl::date_time(attempt.at), outcome.unwrap_or_default());
        view! { <li class="small mono">{line}</li> }
    });
    view! {
        <div class="proposal">
            <div class="stack-s">
                <p class="mono">{delivery.event.kind.as_str()}</p>
                <p class=class>{icon(glyph)}<span>{text}</span></p>
                <ul role="list">{attempts.collect_view()}</ul>
            </div>
            <button type="button" class="button button-small" on:click=move |_| replay.run(id)>
                {icon(Glyph::Refresh)}
                {t!("console.replay")}
            </button>
        </div>
    }
}
