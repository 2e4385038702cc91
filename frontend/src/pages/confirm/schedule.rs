//! The second phase: a delta that starts by itself, after some hours or when the MX record has changed.

use leptos::prelude::*;
use mailferry_shared::{
    account::Side,
    schedule::{DeltaSchedule, DeltaTrigger},
    service::HoursRange,
};

use crate::{
    browser,
    components::{RadioCard, TextField},
    state::{order::OrderContext, providers::KnownProviders, service::Service, typed::SecondPhase},
    t,
};

/// The hours as typed, if a second run may begin so late.
pub(super) fn hours(phase: SecondPhase, range: HoursRange) -> Option<u32> {
    let hours = phase.hours.with(|hours| hours.trim().parse().ok());
    hours.filter(|hours| (range.least..=range.most).contains(hours))
}

/// What was chosen; or an error beside the field.
pub(super) fn read(phase: SecondPhase, range: HoursRange) -> Result<Option<DeltaSchedule>, ()> {
    phase.error.set(None);
    let trigger = phase.trigger.get_untracked();
    let delay_hours = match trigger {
        None => return Ok(None),
        Some(DeltaTrigger::MxChanged) => None,
        Some(DeltaTrigger::AfterDelay) => {
            let Some(hours) = untrack(|| hours(phase, range)) else {
                phase.error.set(Some(t!("schedule.hours_invalid", least = range.least, most = range.most)));
                return Err(());
            };
            Some(hours)
        }
    };
    Ok(trigger.map(|trigger| DeltaSchedule { trigger, delay_hours }))
}

/// True if every ticked account lies in a domain whose MX record can be watched and may change: of what is no mail
/// address, and of a provider's own domain, nobody can switch it.
fn has_domains(context: OrderContext, known: KnownProviders) -> bool {
    let domain = |side: &Side| {
        let name = side.act_for.as_deref().filter(|name| name.contains('@')).unwrap_or(&side.user);
        name.rsplit_once('@').map(|(_, domain)| browser::lower_case(domain))
    };
    let pairs = context.pairs();
    let mut ticked = pairs.iter().filter(|pair| pair.ticked);
    ticked.all(|pair| {
        let domain = domain(&pair.source).or_else(|| domain(&pair.destination));
        domain.is_some_and(|domain| !known.owns(&domain))
    })
}

/// The choice.
#[component]
pub(super) fn SecondRun() -> impl IntoView {
    let phase = expect_context::<OrderContext>().typed().start.second;
    let (context, known) = (expect_context::<OrderContext>(), KnownProviders::get());
    let has_domains = Memo::new(move |_| has_domains(context, known));
    // What is not offered any more is not chosen either.
    Effect::new(move || {
        if !has_domains.get() && phase.trigger.get_untracked() == Some(DeltaTrigger::MxChanged) {
            phase.trigger.set(None);
        }
    });
    let range = expect_context::<Service>();
    let range = Memo::new(move |_| range.delta_hours());
    Effect::new(move || {
        if phase.hours.with_untracked(String::is_empty) {
            phase.hours.set(range.get().usual.to_string());
        }
    });
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
            <p class="field-hint">{t!("schedule.text")}</p>
            {card(None, "hand", t!("schedule.by_hand"), t!("schedule.by_hand_text"))}
            <Show when=move || has_domains.get()>
                {card(
                    Some(DeltaTrigger::MxChanged),
                    "mx",
                    t!("schedule.mx"),
                    t!("schedule.mx_text"),
                )}
            </Show>
            {card(
                Some(DeltaTrigger::AfterDelay),
                "delay",
                t!("schedule.delay"),
                t!("schedule.delay_text"),
            )}
            <Show when=move || phase.trigger.get() == Some(DeltaTrigger::AfterDelay)>
                <TextField
                    id="second-hours"
                    label=t!("schedule.hours", least = range.get().least, most = range.get().most)
                    value=phase.hours
                    inputmode="numeric"
                    is_short=true
                    error=phase.error
                />
            </Show>
        </fieldset>
    }
}
