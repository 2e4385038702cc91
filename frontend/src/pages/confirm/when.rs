//! When it starts at the earliest.

use leptos::prelude::*;
use mailferry_shared::order::StartKind;

use crate::{
    browser::intl,
    components::{FieldError, RadioCard, TimeField},
    state::order::OrderContext,
    t,
};

/// When the first run of a full migration that begins at the time chosen has ended, as far as that is known.
fn ends_about(context: OrderContext) -> Option<String> {
    let fields = context.typed().start;
    let at = intl::parse_local(&fields.at.get()).filter(|_| fields.kind.get() == StartKind::Main)?;
    let totals = context.order.with(|order| order.totals);
    let seconds = totals.estimated_seconds.filter(|_| totals.survey_complete)?;
    // In whole minutes, as the estimate is told.
    let needed = chrono::TimeDelta::try_minutes(i64::try_from(seconds.div_ceil(60)).ok()?)?;
    Some(intl::date_time(at.checked_add_signed(needed)?))
}

/// Earliest start: at once, or at a time in the browser's time zone, which is named.
#[component]
pub(super) fn When(error: RwSignal<Option<String>>) -> impl IntoView {
    let context = expect_context::<OrderContext>();
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
                {move || ends_about(context).map(|time| view! { <p class="small soft">{t!("confirm.ends_about", time = time)}</p> })}
            </Show>
        </fieldset>
    }
}
