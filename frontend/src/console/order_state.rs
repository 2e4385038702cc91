//! The state of a migration in a word or two.

use leptos::prelude::*;
use mailferry_shared::order::OrderState;

use crate::{
    components::{Glyph, icon},
    t,
};

/// Its name.
pub(crate) fn state_name(state: OrderState) -> &'static str {
    match state {
        OrderState::Draft => t!("console.state_open"),
        OrderState::AwaitingPayment => t!("status.title_awaiting_payment"),
        OrderState::Scheduled => t!("status.title_scheduled"),
        OrderState::Active => t!("status.run_running"),
        OrderState::Paused => t!("status.title_paused"),
        OrderState::Completed => t!("status.run_succeeded"),
        OrderState::Closed => t!("console.closed"),
        OrderState::Cancelled => t!("status.title_cancelled"),
    }
}

/// Icon and name; `is_whole` is false if the last runs have left something out.
pub(crate) fn state_view(state: OrderState, is_whole: bool) -> impl IntoView {
    let (class, glyph) = match state {
        OrderState::Draft | OrderState::AwaitingPayment | OrderState::Scheduled => ("status status-idle", Glyph::Clock),
        OrderState::Active => ("status status-busy", Glyph::Spinner),
        OrderState::Paused => ("status status-warn", Glyph::Pause),
        OrderState::Completed if is_whole => ("status status-good", Glyph::Check),
        OrderState::Completed => ("status status-warn", Glyph::Warning),
        OrderState::Closed => ("status status-idle", Glyph::Lock),
        OrderState::Cancelled => ("status status-idle", Glyph::Stop),
    };
    let with_exceptions = state == OrderState::Completed && !is_whole;
    let name = if with_exceptions { t!("status.run_partial") } else { state_name(state) };
    view! { <span class=class>{icon(glyph)}<span>{name}</span></span> }
}
