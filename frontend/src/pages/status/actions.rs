//! What one can do with the order now: exactly the buttons its `actions` allow, the final ones after a question.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::order::{OrderAction, OrderState};

use super::{Page, ask::Question, words::has_exceptions};
use crate::{
    api::{self, Act, ApiError},
    browser,
    components::{Failure, Glyph, icon},
    route::Step,
    state::router::Router,
    t,
};

/// The buttons. Where there is little room, what is next alone stands there, and the rest is behind one button more.
#[component]
pub(super) fn Actions(page: Page) -> impl IntoView {
    let failure = RwSignal::new(None::<ApiError>);
    let busy = RwSignal::new(false);
    let question = page.question;
    let narrow = browser::narrow();
    let shows_more = RwSignal::new(false);
    let shown = move || !narrow.get() || shows_more.get();
    let can_retry = Memo::new(move |_| {
        page.may_manage()
            && page.state() == OrderState::Completed
            && page.progress.with(|progress| progress.ready().is_some_and(has_exceptions))
    });
    let to_full = move || page.allows(OrderAction::Start) && page.state() == OrderState::Completed;
    // What has ended does not go on; a new one may begin.
    let in_console = untrack(|| Router::get().is_in_console());
    let is_over =
        move || !in_console && page.may_manage() && matches!(page.state(), OrderState::Cancelled | OrderState::Closed);
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
    let can_forget = Memo::new(move |_| {
        let is_open = page.may_manage() && !matches!(page.state(), OrderState::Closed | OrderState::Cancelled);
        is_open && page.context.pairs().iter().any(|pair| pair.source.has_password || pair.destination.has_password)
    });
    // One thing is next: what failed, or the delta that does not start by itself.
    let is_next = move || !can_retry.get() && !page.context.order.with(|order| order.delta_pending);
    let delta_class = Signal::derive(move || if is_next() { "button button-primary" } else { "button" });
    let (quiet, danger) = (Signal::stored("button"), Signal::stored("button button-danger"));
    // One thing at most is first; without one the button for more stands alone.
    let has_first = Memo::new(move |_| {
        let actions = [OrderAction::StartDelta, OrderAction::Pause, OrderAction::Resume];
        can_retry.get() || to_full() || is_over() || actions.into_iter().any(|action| page.allows(action))
    });
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
    let resume = move || {
        view! {
            <Show when=move || page.allows(OrderAction::Resume)>
                <button
                    type="button"
                    class="button button-primary"
                    disabled=move || busy.get()
                    on:click=move |_| act(Act::Resume)
                >
                    {icon(Glyph::Play)}
                    {t!("status.resume")}
                </button>
            </Show>
        }
    };
    view! {
        <Show when=any>
            <div class="actions-bar" role="group" aria-label=t!("status.actions")>
                <Show when=to_full>
                    <a class="button button-primary" href=format!("{}#full", Step::Confirm.path(page.context.id))>
                        {t!("status.to_full")}
                        {icon(Glyph::ArrowRight)}
                    </a>
                </Show>
                <Show when=is_over>
                    <a class="button button-primary" href="/">
                        {t!("status.start_new")}
                        {icon(Glyph::ArrowRight)}
                    </a>
                </Show>
                {offering(can_retry, "button button-primary", t!("status.retry"), Question::Retry)}
                {resume()}
                <Show when=move || is_next() || shown()>
                    {asking(OrderAction::StartDelta, delta_class, t!("status.delta"), Question::Delta)}
                </Show>
                {asking(OrderAction::Pause, quiet, t!("status.pause"), Question::Pause)}
                <Show when=move || narrow.get()>
                    <button
                        type="button"
                        class="button button-quiet"
                        aria-expanded=move || shows_more.get().to_string()
                        on:click=move |_| shows_more.update(|shows| *shows = !*shows)
                    >
                        <span class="chevron" class:is-open=move || shows_more.get()>{icon(Glyph::Chevron)}</span>
                        {move || if has_first.get() { t!("status.more_actions") } else { t!("status.actions") }}
                    </button>
                </Show>
                <Show when=shown>
                    {offering(can_forget, "button button-quiet", t!("status.forget"), Question::Forget)}
                    {asking(OrderAction::Cancel, danger, t!("status.cancel"), Question::Cancel)}
                    {asking(OrderAction::Delete, danger, t!("status.delete"), Question::Delete)}
                </Show>
            </div>
        </Show>
        {move || failure.get().map(|error| view! { <Failure error=error /> })}
    }
}
