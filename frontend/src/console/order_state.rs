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
        OrderState::Draft => t!("status.title_draft"),
        OrderState::AwaitingPayment => t!("status.title_awaiting_payment"),
        OrderState::Scheduled => t!("status.title_scheduled"),
        OrderState::Active => t!("status.run_running"),
        OrderState::Paused => t!("status.title_paused"),
        OrderState::Completed => t!("status.run_succeeded"),
        OrderState::Closed => t!("console.closed"),
        OrderState::Cancelled => t!("status.title_cancelled"),
    }
}

/// Icon and name.
pub(crate) fn state_view(state: OrderState) -> impl IntoView {
    let (class, glyph) = match state {
        OrderState::Draft | OrderState::AwaitingPayment | OrderState::Scheduled => ("status status-idle", Glyph::Clock),
        OrderState::Active => ("status status-busy", Glyph::Spinner),
        OrderState::Paused => ("status status-warn", Glyph::Pause),
        OrderState::Completed => ("status status-good", Glyph::Check),
        OrderState::Closed => ("status status-idle", Glyph::Lock),
        OrderState::Cancelled => ("status status-idle", Glyph::Stop),
    };
    view! { <span class=class>{icon(glyph)}<span>{state_name(state)}</span></span> }
}
