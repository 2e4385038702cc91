//! The step bar.

use leptos::prelude::*;
use mailferry_shared::order::OrderState;

use crate::{
    components::{Glyph, icon},
    route::{Step, furthest_open},
    state::{order::OrderContext, router::Router},
    t,
};

fn name(step: Step) -> &'static str {
    match step {
        Step::Introduction => t!("steps.introduction"),
        Step::Providers => t!("steps.providers"),
        Step::Accounts => t!("steps.accounts"),
        Step::Confirm => t!("steps.confirm"),
        Step::Status => t!("steps.status"),
    }
}

/// The five steps: where one is, what lies behind, what can be opened. Without an order only the first is open.
#[component]
pub(crate) fn StepBar(#[prop(optional)] order: Option<OrderContext>) -> impl IntoView {
    let router = Router::get();
    let current = Memo::new(move |_| router.place().step().unwrap_or(Step::Introduction));
    let open_to = Memo::new(move |_| order.map_or(Step::Introduction, |order| order.order.with(furthest_open)));
    // The last one lies behind as well once all is over.
    let is_over =
        Memo::new(move |_| order.is_some_and(|order| order.order.with(|order| order.state == OrderState::Completed)));
    let stop = move |step: Step| {
        let is_past = move || step < current.get() || step == Step::Status && is_over.get();
        let is_current = move || step == current.get();
        let inner = move || {
            view! {
                <span class="step-stop">{move || is_past().then(|| icon(Glyph::Check))}</span>
                <span class="step-name">
                    {name(step)}
                    {move || is_past().then(|| view! { <span class="visually-hidden">{t!("steps.done")}</span> })}
                </span>
            }
        };
        let link = move || match order {
            Some(order) if step <= open_to.get() => view! {
                <a
                    class="step-link"
                    href=step.path(order.id)
                    aria-current=move || is_current().then_some("step")
                >
                    {inner()}
                </a>
            }
            .into_any(),
            _ => view! {
                <span class="step-link" aria-current=move || is_current().then_some("step")>
                    {inner()}
                </span>
            }
            .into_any(),
        };
        view! {
            <li class="step" class:is-past=is_past class:is-current=is_current>
                {link}
            </li>
        }
    };
    view! {
        <nav class="steps" aria-label=t!("steps.label")>
            <div class="steps-inner">
                <p class="steps-brief">
                    <strong>{move || name(current.get())}</strong>
                    <span class="faint">
                        {move || {
                            t!("steps.position", number = current.get().number(), count = Step::ALL.len())
                        }}
                    </span>
                </p>
                <ol class="steps-list" role="list">
                    {Step::ALL.into_iter().map(stop).collect_view()}
                </ol>
            </div>
        </nav>
    }
}
