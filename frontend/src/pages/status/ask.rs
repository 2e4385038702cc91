//! What is asked about before it is done: what happens then, and doing it.

use chrono::{DateTime, Utc};
use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{order::OrderState, schedule::MxState};

use super::{
    Page,
    next::{Switch, switched},
};
use crate::{
    api::{self, Act, ApiError},
    browser::{self, intl},
    components::{Dialog, DialogSize, Failure, Glyph, Notice, Tone, icon},
    pages::order::LAST_ORDER,
    route::Step,
    state::router::Router,
    t, tn,
};

/// What is asked about before it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    Cancel,
    Delete,
    Delta,
    Retry,
    Forget,
    Pause,
    Renew,
    Unschedule,
}

impl Question {
    fn title(self) -> &'static str {
        match self {
            Self::Cancel => t!("status.cancel_title"),
            Self::Delete => t!("status.delete_title"),
            Self::Delta => t!("status.delta_title"),
            Self::Retry => t!("status.retry_title"),
            Self::Forget => t!("status.forget_title"),
            Self::Pause => t!("status.pause_title"),
            Self::Renew => t!("status.renew_title"),
            Self::Unschedule => t!("status.unschedule_title"),
        }
    }

    /// What happens then, for the page as it is.
    fn text(self, page: Page) -> String {
        let state = page.state();
        let has_begun = !is_ahead(state);
        match self {
            Self::Cancel if !has_begun => t!("status.cancel_text_before").to_owned(),
            Self::Cancel if has_paid(page) => format!("{} {}", t!("status.cancel_text"), t!("status.cancel_money")),
            Self::Cancel => t!("status.cancel_text").to_owned(),
            Self::Delete => t!("status.delete_text").to_owned(),
            Self::Delta => t!("status.delta_text").to_owned(),
            Self::Retry => {
                let (messages, accounts) = missing(page);
                match messages {
                    0 => t!("status.retry_text").to_owned(),
                    _ => format!(
                        "{} {}",
                        tn!("status.retry_some", messages, accounts = accounts),
                        t!("status.retry_kept")
                    ),
                }
            }
            Self::Forget if state == OrderState::Scheduled => t!("status.forget_text_ahead").to_owned(),
            Self::Forget if state == OrderState::Paused => t!("status.forget_text_paused").to_owned(),
            Self::Forget => t!("status.forget_text").to_owned(),
            Self::Pause => t!("status.pause_text").to_owned(),
            Self::Renew => t!("status.renew_text").to_owned(),
            Self::Unschedule => t!("status.unschedule_text").to_owned(),
        }
    }

    /// What to think of before.
    fn advice(self, page: Page) -> Option<(Tone, String)> {
        let (is_pending, at) = page.context.order.with_untracked(|order| (order.delta_pending, order.delta_at));
        Some(match (self, at.or_else(|| settled_at(page))) {
            (Self::Delta, Some(at)) if is_pending => {
                (Tone::Info, t!("status.delta_advice_at", time = intl::date_time(at)))
            }
            (Self::Delta, None) if is_pending => (Tone::Info, t!("status.delta_advice_set").to_owned()),
            (Self::Delta, _) if is_switched(page) => (Tone::Good, t!("status.delta_advice_switched").to_owned()),
            (Self::Delta, _) => (Tone::Info, t!("status.delta_advice").to_owned()),
            (Self::Forget, _) if is_pending => (Tone::Warning, t!("status.forget_pending").to_owned()),
            _ => return None,
        })
    }

    fn confirm(self) -> &'static str {
        match self {
            Self::Cancel => t!("status.cancel_confirm"),
            Self::Delete => t!("status.delete_confirm"),
            Self::Delta => t!("status.delta_confirm"),
            Self::Retry => t!("status.retry_confirm"),
            Self::Forget => t!("status.forget_confirm"),
            Self::Pause => t!("status.pause_confirm"),
            Self::Renew => t!("status.renew_confirm"),
            Self::Unschedule => t!("status.unschedule_confirm"),
        }
    }

    fn keep(self) -> &'static str {
        match self {
            Self::Cancel | Self::Pause => t!("status.cancel_keep"),
            Self::Delete => t!("status.delete_keep"),
            Self::Renew => t!("status.renew_keep"),
            Self::Unschedule => t!("status.unschedule_keep"),
            Self::Delta | Self::Retry => t!("status.delta_keep"),
            Self::Forget => t!("status.forget_keep"),
        }
    }

    pub(super) fn glyph(self) -> Glyph {
        match self {
            Self::Cancel => Glyph::Stop,
            Self::Delete => Glyph::Trash,
            Self::Delta => Glyph::Inbox,
            Self::Retry | Self::Renew => Glyph::Refresh,
            Self::Forget => Glyph::Lock,
            Self::Pause => Glyph::Pause,
            Self::Unschedule => Glyph::Pencil,
        }
    }
}

/// True for what has not begun: nothing was copied, and what has paid for it can come back.
fn is_ahead(state: OrderState) -> bool {
    matches!(state, OrderState::Draft | OrderState::AwaitingPayment | OrderState::Scheduled)
}

/// True for what somebody has paid for.
fn has_paid(page: Page) -> bool {
    page.context.order.with(|order| order.payment.pairs_covered > 0)
}

/// True once every watched domain has been switched, and everybody knows it.
fn is_switched(page: Page) -> bool {
    page.mx.with_untracked(|report| {
        report.as_ref().is_some_and(|report| {
            !report.items.is_empty() && report.items.iter().all(|watch| watch.state == MxState::Changed)
        })
    })
}

/// When everybody knows that every watched domain has been switched, while that is still to come.
fn settled_at(page: Page) -> Option<DateTime<Utc>> {
    page.mx.with_untracked(|report| match report.as_ref().and_then(switched) {
        Some(Switch::Under(_, at)) => Some(at),
        _ => None,
    })
}

/// Messages that have not arrived, and the accounts they belong to.
fn missing(page: Page) -> (u64, String) {
    page.progress.with_untracked(|progress| {
        let runs =
            progress.ready().into_iter().flat_map(|progress| &progress.pairs).filter_map(|pair| pair.run.as_ref());
        let missing = runs.map(|run| run.counts.failed + run.counts.uncertain).filter(|count| *count > 0);
        let (messages, accounts) = missing.fold((0, 0), |(messages, accounts), count| (messages + count, accounts + 1));
        (messages, tn!("count.accounts", accounts))
    })
}

/// Does what was asked for, and asks for fresh progress.
async fn perform(page: Page, question: Question) -> Result<(), ApiError> {
    let id = page.context.id;
    match question {
        Question::Cancel => {
            page.context.order.try_set(api::act_on_order(id, Act::Cancel).await?);
        }
        Question::Delta => {
            api::start_delta(id).await?;
            page.context.refresh();
        }
        Question::Pause => {
            page.context.order.try_set(api::act_on_order(id, Act::Pause).await?);
        }
        Question::Retry => {
            page.context.order.try_set(api::act_on_order(id, Act::Retry).await?);
        }
        Question::Forget => {
            page.context.order.try_set(api::act_on_order(id, Act::ForgetPasswords).await?);
            page.context.load_accounts().await;
        }
        Question::Unschedule => {
            page.context.order.try_set(api::act_on_order(id, Act::Unschedule).await?);
        }
        Question::Renew => {
            page.context.order.try_set(api::renew_links(id).await?);
        }
        Question::Delete => {
            api::delete_order(id).await?;
            browser::store(LAST_ORDER, None);
            page.context.deleted.try_set(true);
            return Ok(());
        }
    }
    page.kick.now();
    Ok(())
}

/// The dialog that asks.
#[component]
pub(super) fn Ask(page: Page) -> impl IntoView {
    let question = page.question;
    let open = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    Effect::new(move || open.set(question.get().is_some()));
    Effect::new(move || {
        if !open.get() && question.get_untracked().is_some() {
            question.set(None);
            failure.set(None);
        }
    });
    let router = Router::get();
    let in_console = untrack(|| router.is_in_console());
    let confirm = move |what: Question| {
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            let result = perform(page, what).await;
            busy.try_set(false);
            match result {
                Ok(()) => {
                    open.try_set(false);
                    // Where it can be changed; the console has no such page.
                    if what == Question::Unschedule && !in_console {
                        router.go(&Step::Confirm.path(page.context.id));
                    }
                }
                Err(error) => {
                    failure.try_set(Some(error));
                }
            }
        });
    };
    let body = move |what: Question| {
        let is_final = matches!(what, Question::Cancel | Question::Delete | Question::Forget);
        let class = if is_final { "button button-danger" } else { "button button-primary" };
        view! {
            // As it is when one asks: what is read must not change under the focus.
            <p>{untrack(|| what.text(page))}</p>
            {untrack(|| what.advice(page))
                .map(|(tone, text)| {
                    view! {
                        <Notice tone=tone>
                            <p>{text}</p>
                        </Notice>
                    }
                })}
            {move || failure.get().map(|error| view! { <Failure error=error /> })}
            <div class="dialog-actions">
                <button type="button" class="button" on:click=move |_| open.set(false)>
                    {what.keep()}
                </button>
                <button
                    type="button"
                    class=class
                    class:is-busy=move || busy.get()
                    disabled=move || busy.get()
                    on:click=move |_| confirm(what)
                >
                    {move || icon(if busy.get() { Glyph::Spinner } else { what.glyph() })}
                    {what.confirm()}
                </button>
            </div>
        }
    };
    let title = Signal::derive(move || question.get().map(Question::title).unwrap_or_default().to_owned());
    view! {
        <Dialog id="ask" title=title open=open size=DialogSize::Small>
            {move || question.get().map(body)}
        </Dialog>
    }
}
