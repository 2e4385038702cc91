//! What one can do with the order now: exactly the buttons its `actions` allow, the final ones after a question.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::order::{OrderAction, OrderState};

use super::{Page, words::has_exceptions};
use crate::{
    api::{self, Act, ApiError},
    browser,
    components::{Dialog, DialogSize, Failure, Glyph, Notice, Tone, icon},
    pages::order::LAST_ORDER,
    route::Step,
    t,
};

/// What is asked about before it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    Cancel,
    Delete,
    Delta,
    Retry,
    Forget,
    Pause,
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
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Cancel => t!("status.cancel_text"),
            Self::Delete => t!("status.delete_text"),
            Self::Delta => t!("status.delta_text"),
            Self::Retry => t!("status.retry_text"),
            Self::Forget => t!("status.forget_text"),
            Self::Pause => t!("status.pause_text"),
        }
    }

    fn confirm(self) -> &'static str {
        match self {
            Self::Cancel => t!("status.cancel_confirm"),
            Self::Delete => t!("status.delete_confirm"),
            Self::Delta => t!("status.delta_confirm"),
            Self::Retry => t!("status.retry_confirm"),
            Self::Forget => t!("status.forget_confirm"),
            Self::Pause => t!("status.pause_confirm"),
        }
    }

    fn keep(self) -> &'static str {
        match self {
            Self::Cancel | Self::Pause => t!("status.cancel_keep"),
            Self::Delete => t!("status.delete_keep"),
            Self::Delta | Self::Retry => t!("status.delta_keep"),
            Self::Forget => t!("status.forget_keep"),
        }
    }

    fn glyph(self) -> Glyph {
        match self {
            Self::Cancel => Glyph::Stop,
            Self::Delete => Glyph::Trash,
            Self::Delta | Self::Retry => Glyph::Refresh,
            Self::Forget => Glyph::Lock,
            Self::Pause => Glyph::Pause,
        }
    }
}

/// When to start a delta by hand, if one starts by itself and if none does.
fn delta_advice(page: Page) -> &'static str {
    let is_pending = page.context.order.with_untracked(|order| order.delta_pending);
    if is_pending { t!("status.delta_advice_set") } else { t!("status.delta_advice") }
}

/// True for what has not begun: nothing was copied, and what has paid for it can come back.
fn is_ahead(page: Page) -> bool {
    matches!(page.state(), OrderState::Draft | OrderState::AwaitingPayment | OrderState::Scheduled)
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
        Question::Delete => {
            api::delete_order(id).await?;
            browser::store(LAST_ORDER, None);
            page.deleted.try_set(true);
            return Ok(());
        }
    }
    page.kick.now();
    Ok(())
}

/// The card with the buttons, and the dialog that asks.
#[component]
pub(super) fn Actions(page: Page) -> impl IntoView {
    let failure = RwSignal::new(None::<ApiError>);
    let busy = RwSignal::new(false);
    let question = RwSignal::new(None::<Question>);
    let can_retry = Memo::new(move |_| {
        page.may_manage()
            && page.state() == OrderState::Completed
            && page.progress.with(|progress| progress.ready().is_some_and(has_exceptions))
    });
    let any = move || {
        use OrderAction::{Cancel, Delete, Pause, Resume, StartDelta};
        [Cancel, Delete, Pause, Resume, StartDelta].into_iter().any(|action| page.allows(action)) || can_retry.get()
    };
    let act = move |act: Act| {
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            let result = api::act_on_order(page.context.id, act).await;
            busy.try_set(false);
            match result {
                Ok(order) => {
                    page.context.order.try_set(order);
                    page.kick.now();
                }
                Err(error) => {
                    failure.try_set(Some(error));
                }
            }
        });
    };
    let direct = move |action: OrderAction, glyph: Glyph, text: &'static str, what: Act| {
        view! {
            <Show when=move || page.allows(action)>
                <button
                    type="button"
                    class="button"
                    disabled=move || busy.get()
                    on:click=move |_| act(what)
                >
                    {icon(glyph)}
                    {text}
                </button>
            </Show>
        }
    };
    let can_forget = Memo::new(move |_| {
        let is_open = page.may_manage() && !matches!(page.state(), OrderState::Closed | OrderState::Cancelled);
        is_open && page.context.pairs().iter().any(|pair| pair.source.has_password || pair.destination.has_password)
    });
    // One thing is next: what failed, or the delta that does not start by itself.
    let is_next = move || !can_retry.get() && !page.context.order.with(|order| order.delta_pending);
    let delta_class = Signal::derive(move || if is_next() { "button button-primary" } else { "button" });
    let (quiet, danger) = (Signal::stored("button"), Signal::stored("button button-danger"));
    let offering = move |when: Memo<bool>, class: &'static str, text: &'static str, what: Question| {
        view! {
            <Show when=move || when.get()>
                <button
                    type="button"
                    class=class
                    disabled=move || busy.get()
                    on:click=move |_| question.set(Some(what))
                >
                    {icon(what.glyph())}
                    {text}
                </button>
            </Show>
        }
    };
    let asking = move |action: OrderAction, class: Signal<&'static str>, text: &'static str, what: Question| {
        view! {
            <Show when=move || page.allows(action)>
                <button type="button" class=move || class.get() disabled=move || busy.get() on:click=move |_| question.set(Some(what))>
                    {icon(what.glyph())}
                    {text}
                </button>
            </Show>
        }
    };
    view! {
        <Show when=any>
            <div class="actions-bar" role="group" aria-label=t!("status.actions")>
                <Show when=move || page.allows(OrderAction::Start) && page.state() == OrderState::Completed>
                    <a class="button button-primary" href=format!("{}#full", Step::Confirm.path(page.context.id))>
                        {t!("status.to_full")}
                        {icon(Glyph::ArrowRight)}
                    </a>
                </Show>
                {offering(can_retry, "button button-primary", t!("status.retry"), Question::Retry)}
                {asking(OrderAction::StartDelta, delta_class, t!("status.delta"), Question::Delta)}
                {asking(OrderAction::Pause, quiet, t!("status.pause"), Question::Pause)}
                {direct(OrderAction::Resume, Glyph::Play, t!("status.resume"), Act::Resume)}
                {offering(can_forget, "button button-quiet", t!("status.forget"), Question::Forget)}
                {asking(OrderAction::Cancel, danger, t!("status.cancel"), Question::Cancel)}
                {asking(OrderAction::Delete, danger, t!("status.delete"), Question::Delete)}
            </div>
        </Show>
        {move || failure.get().map(|error| view! { <Failure error=error /> })}
        <Ask page=page question=question />
    }
}

#[component]
fn Ask(page: Page, question: RwSignal<Option<Question>>) -> impl IntoView {
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
    let confirm = move |what: Question| {
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            let result = perform(page, what).await;
            busy.try_set(false);
            match result {
                Ok(()) => {
                    open.try_set(false);
                }
                Err(error) => {
                    failure.try_set(Some(error));
                }
            }
        });
    };
    let body = move |what: Question| {
        let is_harmless = matches!(what, Question::Delta | Question::Retry | Question::Pause);
        let class = if is_harmless { "button button-primary" } else { "button button-danger" };
        view! {
            <p>{if is_ahead(page) && what == Question::Cancel { t!("status.cancel_text_before") } else { what.text() }}</p>
            {(what == Question::Delta)
                .then(|| {
                    view! {
                        <Notice tone=Tone::Info>
                            <p>{delta_advice(page)}</p>
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
