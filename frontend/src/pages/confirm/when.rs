//! When it starts at the earliest.

use chrono::TimeDelta;
use leptos::prelude::*;
use mailferry_shared::{order::StartKind, schedule::DeltaTrigger};

use super::schedule;
use crate::{
    browser::intl,
    components::{FieldError, RadioCard, TimeField},
    state::{order::OrderContext, service::Service},
    t,
};

/// How the runs of a full migration follow each other as it is chosen, as far as that is known.
fn course(context: OrderContext, service: Service) -> Option<String> {
    let fields = context.typed().start;
    let totals = context.order.with(|order| order.totals);
    let is_known = fields.kind.get() == StartKind::Main && totals.survey_complete;
    let seconds = totals.estimated_seconds.filter(|_| is_known)?;
    // In whole minutes, as the estimate is told.
    let minutes = i64::try_from(seconds.div_ceil(60)).ok()?;
    let is_second = fields.second.trigger.get() == Some(DeltaTrigger::AfterDelay);
    let hours = schedule::hours(fields.second, service.delta_hours()).filter(|_| is_second);
    let second = hours.map(|hours| minutes + i64::from(hours) * 60);
    if !fields.later.get() {
        let needed = u64::try_from(second? * 60).ok()?;
        return Some(t!("confirm.second_after", span = intl::span(needed)));
    }
    let at = intl::parse_local(&fields.at.get())?;
    let after = |minutes| at.checked_add_signed(TimeDelta::try_minutes(minutes)?).map(intl::date_time);
    let first = t!("confirm.ends_about", time = after(minutes)?);
    let second = second.and_then(after).map(|time| t!("confirm.second_about", time = time));
    Some(second.map_or_else(|| first.clone(), |second| format!("{first} {second}")))
}

/// Earliest start: at once, or at a time in the browser's time zone, which is named.
#[component]
pub(super) fn When(error: RwSignal<Option<String>>) -> impl IntoView {
    let context = expect_context::<OrderContext>();
    let service = expect_context::<Service>();
    let fields = context.typed().start;
    let radio = move |later: bool, title: &'static str| {
        view! {
            <RadioCard
                name="when"
                value=if later { "later" } else { "now" }
                title=title
                is_inline=true
                checked=Signal::derive(move || fields.later.get() == later)
                on_choose=move |()| {
                    fields.later.set(later);
                    if later && fields.at.with_untracked(String::is_empty) {
                        fields.at.set(intl::local_value(intl::now() + chrono::TimeDelta::hours(1)));
                    }
                }
            />
        }
    };
    view! {
        <fieldset class="stack-s">
            <legend class="field-label">{t!("confirm.when_legend")}</legend>
            <div class="row">{radio(false, t!("confirm.now"))} {radio(true, t!("confirm.later"))}</div>
            <Show
                when=move || fields.later.get()
                fallback=move || view! { <FieldError id="when-error" error=error /> }
            >
                <TimeField
                    id="start-at"
                    label=t!("confirm.at")
                    value=fields.at
                    error=error
                />
            </Show>
            {move || course(context, service).map(|text| view! { <p class="small soft">{text}</p> })}
        </fieldset>
    }
}
