//! The wished start, and how much notice the operator needs.

use leptos::prelude::*;
use mailferry_shared::request::{FARTHEST_WISH_DAYS, NOTICE_HOURS, WEEKEND_NOTICE_HOURS};

use super::typed::Typed;
use crate::{
    browser::intl,
    components::{Glyph, TimeField, icon},
    i18n, t,
    wish::{self, Unfit},
};

/// What is wrong with the time that is typed.
pub(super) fn problem(text: &str) -> Option<String> {
    let Some(wished) = intl::parse_local_offset(text) else { return Some(t!("request.when_missing").to_owned()) };
    let number = |count: u32| i18n::number(u64::from(count));
    let now = intl::with_offset(intl::now());
    let earliest = || intl::date_time(wish::earliest(now).to_utc());
    let unfit = wish::check(wished, now).err()?;
    Some(match unfit {
        Unfit::TooSoon => t!("request.too_soon", hours = number(NOTICE_HOURS), earliest = earliest()),
        Unfit::WeekendTooSoon => {
            t!("request.weekend_too_soon", hours = number(WEEKEND_NOTICE_HOURS), earliest = earliest())
        }
        Unfit::TooFar => t!("request.too_far", days = number(FARTHEST_WISH_DAYS)),
    })
}

/// The field. What is wrong is said as soon as it is typed; `refused` is what the service says.
#[component]
pub(super) fn When(typed: Typed, refused: Signal<Option<String>>) -> impl IntoView {
    let error = Signal::derive(move || typed.at.with(|text| problem(text)).or_else(|| refused.get()));
    let number = |count: u32| i18n::number(u64::from(count));
    let earliest = wish::earliest(intl::with_offset(intl::now())).to_utc();
    let rule = t!("request.rule", hours = number(NOTICE_HOURS), weekend = number(WEEKEND_NOTICE_HOURS));
    view! {
        <section class="card" aria-labelledby="when-title">
            <h2 id="when-title">{t!("request.when_title")}</h2>
            <p class="rule-line">
                {icon(Glyph::Clock)}
                <span>{rule} " " {t!("request.earliest", time = intl::date_time(earliest))}</span>
            </p>
            <TimeField
                id="wished-start"
                label=t!("request.when_label")
                value=typed.at
                error=error
            />
            <p class="small soft">{t!("request.when_note")}</p>
        </section>
    }
}
