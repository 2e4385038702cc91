//! What was sent to a webhook, with every attempt, and a button that sends it again.

use leptos::prelude::*;
use mailferry_shared::{
    finding::{Finding, FindingCode},
    ids::{WebhookDeliveryId, WebhookId},
    webhook::{Delivery, DeliveryAttempt, DeliveryState, Webhook},
};

use super::sending::Sending;
use crate::{
    api,
    browser::intl,
    components::{CopyLine, Dialog, DialogSize, Failure, Glyph, Skeleton, icon},
    i18n,
    state::{
        Load,
        poll::{self, Kick},
    },
    t,
};

/// Milliseconds until the log is read again, while something in it is on its way.
const AGAIN_MS: u32 = 2000;

/// A webhook whose log is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) id: WebhookId,
    url: String,
}

impl Heard {
    pub(super) fn of(webhook: &Webhook) -> Self {
        Self { id: webhook.id, url: webhook.url.clone() }
    }
}

/// The dialog with the log of the webhook in `shown`.
#[component]
pub(super) fn Deliveries(shown: RwSignal<Option<Heard>>, may_write: bool) -> impl IntoView {
    let open = RwSignal::new(false);
    Effect::new(move || open.set(shown.with(Option::is_some)));
    Effect::new(move || {
        // Unless something is shown: setting what is set already would call the effect above, and that one this.
        if !open.get() && shown.with_untracked(Option::is_some) {
            shown.set(None);
        }
    });
    view! {
        <Dialog
            id="deliveries"
            title=Signal::derive(move || {
                shown
                    .with(|shown| shown.as_ref().map(|heard| t!("console.deliveries_of", url = heard.url)))
                    .unwrap_or_default()
            })
            open=open
            size=DialogSize::Wide
        >
            {move || shown.get().map(|heard| view! { <Log id=heard.id may_write=may_write /> })}
        </Dialog>
    }
}

#[component]
fn Log(id: WebhookId, may_write: bool) -> impl IntoView {
    let list = RwSignal::new(Load::<Vec<Delivery>>::Loading);
    let next = RwSignal::new(None::<String>);
    let kick = Kick::new();
    poll::poll(kick, move || async move {
        // Whoever has turned over pages reads on where they are.
        if list.try_with_untracked(|list| list.ready().is_some_and(|items| items.len() > api::PAGE))? {
            return Some(AGAIN_MS);
        }
        let wanted = list.try_with_untracked(|list| match list {
            Load::Ready(items) => items.iter().any(|item| item.state == DeliveryState::Pending),
            Load::Loading | Load::Failed(_) => true,
        })?;
        if wanted {
            let page = api::deliveries(id, None).await;
            next.try_set(page.as_ref().ok().and_then(|page| page.next_cursor.clone()));
            let read = Load::from(page.map(|page| page.items));
            // What is open stays open while nothing has changed.
            if list.try_with_untracked(|known| *known != read)? {
                list.try_set(read);
            }
        }
        Some(AGAIN_MS)
    });
    let turning = Sending::new();
    let more = move |cursor: String| {
        turning.send(async move { api::deliveries(id, Some(cursor)).await }, move |page| {
            list.try_update(|list| {
                if let Load::Ready(items) = list {
                    items.extend(page.items);
                }
            });
            next.try_set(page.next_cursor);
        });
    };
    let replaying = Sending::new();
    let replay = Callback::new(move |delivery: WebhookDeliveryId| {
        replaying.send(async move { api::replay_delivery(id, delivery).await }, move |replayed| {
            list.try_update(|list| {
                if let Load::Ready(items) = list {
                    items.iter_mut().filter(|item| item.id == replayed.id).for_each(|item| *item = replayed.clone());
                }
            });
            kick.now();
        });
    });
    view! {
        {replaying.failure()}
        {move || list.with(|list| match list {
            Load::Loading => view! { <Skeleton /> }.into_any(),
            Load::Failed(error) => view! { <Failure error=error.clone() /> }.into_any(),
            Load::Ready(items) if items.is_empty() => {
                view! { <p class="soft">{t!("console.no_deliveries")}</p> }.into_any()
            }
            Load::Ready(items) => {
                let items = items.iter().map(|item| delivery(item, may_write.then_some(replay))).collect_view();
                view! {
                    // A real server is called: what it gets, and that it can know it.
                    {may_write.then(|| view! { <p class="small soft">{t!("console.replay_hint")}</p> })}
                    <ul role="list">{items}</ul>
                }
                .into_any()
            }
        })}
        {move || {
            next.get()
                .map(|cursor| {
                    view! {
                        <button type="button" class="button" on:click=move |_| more(cursor.clone())>
                            {t!("console.more")}
                        </button>
                    }
                })
        }}
        {turning.failure()}
    }
}

fn delivery(delivery: &Delivery, replay: Option<Callback<WebhookDeliveryId>>) -> impl IntoView + use<> {
    let (class, glyph, text) = match delivery.state {
        DeliveryState::Pending => ("status status-idle", Glyph::Clock, t!("status.run_queued")),
        DeliveryState::Delivered => ("status status-good", Glyph::Check, t!("console.delivered")),
        DeliveryState::Failed => ("status status-bad", Glyph::Cross, t!("status.run_failed")),
    };
    let id = delivery.id;
    let kind = delivery.event.kind.as_str();
    let content = serde_json::to_string_pretty(&delivery.event).unwrap_or_default();
    let attempts = delivery.attempts.iter().map(attempt).collect_view();
    let again = delivery
        .next_attempt_at
        .filter(|_| delivery.state == DeliveryState::Pending && !delivery.attempts.is_empty())
        .map(|at| view! { <p class="small soft">{t!("console.next_attempt", time = intl::date_time(at))}</p> });
    let button = replay.filter(|_| delivery.state != DeliveryState::Pending).map(|replay| {
        view! {
            <button
                type="button"
                class="button button-small"
                aria-label=t!("console.replay_what", what = kind)
                on:click=move |_| replay.run(id)
            >
                {icon(Glyph::Refresh)}
                {t!("console.replay")}
            </button>
        }
    });
    view! {
        <li class="proposal">
            <div class="stack-s">
                <p>
                    <span class="mono">{kind}</span>
                    " "
                    <span class="small soft">{intl::date_time(delivery.created_at)}</span>
                </p>
                <p class=class>{icon(glyph)}<span>{text}</span></p>
                <ul role="list">{attempts}</ul>
                {again}
                <details class="disclosure">
                    <summary>{t!("console.delivery_content")}</summary>
                    <div class="disclosure-body stack-s">
                        <CopyLine label="webhook-id" text=delivery.message_id.clone() />
                        <pre class="mono as-written small">{content}</pre>
                    </div>
                </details>
            </div>
            {button}
        </li>
    }
}

/// One attempt: when, what was answered or why nothing was, and how long that took.
fn attempt(attempt: &DeliveryAttempt) -> impl IntoView + use<> {
    let outcome = outcome(attempt.status, attempt.error.as_deref());
    view! {
        <li class="small">
            <span class="numbers">{intl::date_time(attempt.at)}</span>
            " · "
            <span data-data="">{outcome} " · " {i18n::number(attempt.duration_ms)} " ms"</span>
        </li>
    }
}

/// What was answered, or why nothing was.
pub(super) fn outcome(status: Option<u16>, error: Option<&str>) -> String {
    match (status, error) {
        (Some(status), _) => format!("HTTP {status}"),
        (None, error) => error.map(cause).unwrap_or_default(),
    }
}

/// The words of a finding's code; an unknown code as it is.
fn cause(code: &str) -> String {
    let known = FindingCode::ALL.iter().find(|known| known.as_str() == code);
    known.map_or_else(|| code.to_owned(), |code| i18n::finding_cause(&Finding::new(*code)))
}
