//! What one can do with the order now: exactly the buttons its `actions` allow, each after a question that says what
//! happens.

use chrono::TimeDelta;
use leptos::prelude::*;
use mailferry_shared::order::{OrderAction, OrderState};

use super::{
    Page,
    ask::ACTIONS,
    next::{Switch, switched},
    passwords,
    question::Question,
    words::has_exceptions,
};
use crate::{
    browser::{self, intl},
    components::{Glyph, icon},
    route::Step,
    state::router::Router,
    t,
};

/// The buttons. Where there is little room, what is next alone stands there, and the rest is behind one button more.
#[component]
pub(super) fn Actions(page: Page) -> impl IntoView {
    let narrow = browser::narrow();
    let shows_more = RwSignal::new(false);
    let shown = move || !narrow.get() || shows_more.get();
    let can_retry = Memo::new(move |_| {
        page.may_manage()
            && page.state() == OrderState::Completed
            && page.progress.with(|progress| progress.ready().is_some_and(has_exceptions))
    });
    let any = move || {
        use OrderAction::{Cancel, Delete, Pause, Resume, StartDelta, Unschedule};
        [Cancel, Delete, Pause, Resume, StartDelta, Unschedule].into_iter().any(|action| page.allows(action))
            || can_retry.get()
    };
    let can_forget = Memo::new(move |_| {
        let is_open = page.may_manage() && !matches!(page.state(), OrderState::Closed | OrderState::Cancelled);
        is_open && passwords::has_any(page)
    });
    // One thing is next: what failed, or the delta that does not start by itself.
    let is_pending = Memo::new(move |_| page.context.order.with(|order| order.delta_pending));
    let is_ripe = Memo::new(move |_| is_ripe(page));
    let is_next = move || !can_retry.get() && !is_pending.get() && is_ripe.get();
    let delta_class = Signal::derive(move || match (is_pending.get(), is_next()) {
        (true, _) => "button button-quiet",
        (false, true) => "button button-primary",
        (false, false) => "button",
    });
    // Without passwords it could fetch nothing: they are asked for first.
    let can_delta = Memo::new(move |_| {
        let ticked = page.context.pairs().into_iter().filter(|pair| pair.ticked).count();
        let ticked = u64::try_from(ticked).unwrap_or_default();
        page.allows(OrderAction::StartDelta) && (ticked == 0 || passwords::lacking(page) < ticked)
    });
    let (quiet, subtle) = (Signal::stored("button"), Signal::stored("button button-quiet"));
    let (primary, danger) = (Signal::stored("button button-primary"), Signal::stored("button button-danger"));
    // One thing at most is first; without one the button for more stands alone.
    let has_first = Memo::new(move |_| {
        let actions = [OrderAction::Pause, OrderAction::Resume, OrderAction::Unschedule];
        let is_delta = can_delta.get() && is_next();
        is_delta
            || can_retry.get()
            || to_full(page)
            || is_over(page)
            || actions.into_iter().any(|action| page.allows(action))
    });
    let offering = move |when: Memo<bool>, class: Signal<&'static str>, text: &'static str, what: Question| {
        view! {
            <Show when=move || when.get()>{button(page, class, text, what)}</Show>
        }
    };
    let asking = move |action: OrderAction, class: Signal<&'static str>, text: &'static str, what: Question| {
        offering(Memo::new(move |_| page.allows(action)), class, text, what)
    };
    view! {
        <Show when=any>
            <div class="actions-bar" id=ACTIONS role="group" tabindex="-1" aria-label=t!("status.actions")>
                <WaysOn page=page />
                {offering(can_retry, primary, t!("status.retry"), Question::Retry)}
                {asking(OrderAction::Resume, primary, t!("status.resume"), Question::Resume)}
                <Show when=move || is_next() || shown()>
                    {offering(can_delta, delta_class, t!("status.delta"), Question::Delta)}
                </Show>
                {asking(OrderAction::Pause, quiet, t!("status.pause"), Question::Pause)}
                {asking(OrderAction::Unschedule, quiet, t!("status.unschedule"), Question::Unschedule)}
                <Show when=move || narrow.get()>
                    <More shows_more=shows_more has_first=has_first />
                </Show>
                <Show when=shown>
                    {offering(can_forget, subtle, t!("status.forget"), Question::Forget)}
                    {asking(OrderAction::Cancel, danger, t!("status.cancel"), Question::Cancel)}
                    {asking(OrderAction::Delete, danger, t!("status.delete"), Question::Delete)}
                </Show>
            </div>
        </Show>
    }
}

/// A button that asks. Whoever is at it when it goes away, whatever for and however late, goes on at those that are there
/// then.
fn button(page: Page, class: Signal<&'static str>, text: &'static str, what: Question) -> impl IntoView {
    on_cleanup(|| browser::pass_focus_to(ACTIONS));
    view! {
        <button type="button" class=move || class.get() on:click=move |_| page.question.set(Some(what))>
            {icon(what.glyph())}
            {text}
        </button>
    }
}

/// How long after the first run a delta is what one does next, where nothing is seen of the switch.
const RIPE: TimeDelta = TimeDelta::hours(24);

/// True once a delta is worth its while: the domain has been switched, or some time has passed.
fn is_ripe(page: Page) -> bool {
    let is_switched =
        page.mx.with(|report| report.as_ref().and_then(switched)).is_some_and(|it| matches!(it, Switch::Done(_)));
    is_switched || page.context.order.with(|order| order.finished_at.is_some_and(|at| at + RIPE < intl::now()))
}

/// True for a trial that has ended.
fn to_full(page: Page) -> bool {
    page.allows(OrderAction::Start) && page.state() == OrderState::Completed
}

/// True for what has ended and does not go on: a new one may begin. The console has a way of its own.
fn is_over(page: Page) -> bool {
    let is_own = untrack(|| !Router::get().is_in_console());
    is_own && page.may_manage() && matches!(page.state(), OrderState::Cancelled | OrderState::Closed)
}

/// The ways on that lead to other pages.
#[component]
fn WaysOn(page: Page) -> impl IntoView {
    view! {
        <Show when=move || to_full(page)>
            <a class="button button-primary" href=format!("{}#full", Step::Confirm.path(page.context.id))>
                {t!("status.to_full")}
                {icon(Glyph::ArrowRight)}
            </a>
        </Show>
        <Show when=move || is_over(page)>
            <a class="button button-primary" href="/">
                {t!("status.start_new")}
                {icon(Glyph::ArrowRight)}
            </a>
        </Show>
    }
}

/// Shows what does not come first, where there is little room.
#[component]
fn More(shows_more: RwSignal<bool>, has_first: Memo<bool>) -> impl IntoView {
    view! {
        <button
            type="button"
            class="button button-quiet"
            aria-expanded=move || shows_more.get().to_string()
            on:click=move |_| shows_more.update(|shows| *shows = !*shows)
        >
            <span class="chevron" class:is-open=move || shows_more.get()>{icon(Glyph::Chevron)}</span>
            {move || if has_first.get() { t!("status.more_actions") } else { t!("status.actions") }}
        </button>
    }
}
