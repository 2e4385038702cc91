//! The second phase: a delta that starts by itself, after some hours or when the MX record has changed.

use leptos::prelude::*;
use mailferry_shared::schedule::{DeltaSchedule, DeltaTrigger};

use crate::{
    components::{RadioCard, TextField},
    state::{order::OrderContext, typed::SecondPhase},
    t,
};

/// Hours after the first run that one may choose.
const HOURS: std::ops::RangeInclusive<u32> = 4..=23;

/// What was chosen; or an error beside the field.
pub(super) fn read(phase: SecondPhase) -> Result<Option<DeltaSchedule>, ()> {
    phase.error.set(None);
    let trigger = phase.trigger.get_untracked();
    let delay_hours = match trigger {
        None => return Ok(None),
        Some(DeltaTrigger::MxChanged) => None,
        Some(DeltaTrigger::AfterDelay) => {
            let hours = phase.hours.with_untracked(|hours| hours.trim().parse().ok());
            let Some(hours) = hours.filter(|hours| HOURS.contains(hours)) else {
                phase.error.set(Some(t!("schedule.hours_invalid").to_owned()));
                return Err(());
            };
            Some(hours)
        }
    };
    Ok(trigger.map(|trigger| DeltaSchedule { trigger, delay_hours }))
}

/// The choice.
#[component]
pub(super) fn SecondRun() -> impl IntoView {
    let phase = expect_context::<OrderContext>().typed().start.second;
    let card = move |value: Option<DeltaTrigger>, key: &'static str, title: &'static str, text: &'static str| {
        view! {
            <RadioCard
                name="second"
                value=key
                title=title
                text=text
                checked=Signal::derive(move || phase.trigger.get() == value)
                on_choose=move |()| phase.trigger.set(value)
            />
        }
    };
    view! {
        <fieldset class="stack-s">
            <legend class="field-label">{t!("schedule.legend")}</legend>
            {card(None, "hand", t!("schedule.by_hand"), t!("schedule.by_hand_text"))}
            {card(
                Some(DeltaTrigger::MxChanged),
                "mx",
                t!("schedule.mx"),
                t!("schedule.mx_text"),
            )}
            {card(
                Some(DeltaTrigger::AfterDelay),
                "delay",
                t!("schedule.delay"),
                t!("schedule.delay_text"),
            )}
            <Show when=move || phase.trigger.get() == Some(DeltaTrigger::AfterDelay)>
                <TextField
                    id="second-hours"
                    label=t!("schedule.hours")
                    value=phase.hours
                    inputmode="numeric"
                    is_short=true
                    error=phase.error
                />
            </Show>
        </fieldset>
    }
}
