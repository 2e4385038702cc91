//! What was chosen in step 4 and not sent yet, kept in this tab's storage: a reload loses none of it, nor does the way to
//! PayPal and back. There is no password among it.

use leptos::prelude::*;
use mailferry_shared::{
    ids::OrderId,
    order::{Order, OrderOptions, OrderStart, OrderState},
    schedule::DeltaSchedule,
};

use super::typed::StartFields;
use crate::{
    browser::{self, intl},
    json,
};

const KEPT: &str = "mailferry.chosen";

/// The order, how it is started, and its options as far as they are valid.
type Kept = (OrderId, OrderStart, Option<OrderOptions>);

/// What was kept for an order that has not been started.
pub(crate) fn of(order: &Order) -> Option<(OrderStart, Option<OrderOptions>)> {
    if !matches!(order.state, OrderState::Draft | OrderState::AwaitingPayment) {
        return None;
    }
    let (id, start, options): Kept = json::read(&browser::stored_here(KEPT)?).ok()?;
    (id == order.id).then_some((start, options))
}

/// Keeps what is chosen now.
pub(crate) fn keep(id: OrderId, start: StartFields, options: Option<OrderOptions>) {
    let trigger = start.second.trigger.get();
    let delay_hours = start.second.hours.with(|hours| hours.trim().parse().ok());
    let kept: Kept = (
        id,
        OrderStart {
            kind: start.kind.get(),
            earliest_start: start.at.with(|at| intl::parse_local(at)).filter(|_| start.later.get()),
            delta_schedule: trigger.map(|trigger| DeltaSchedule { trigger, delay_hours }),
        },
        options,
    );
    browser::store_here(KEPT, serde_json::to_string(&kept).ok().as_deref());
}

/// Forgets it: the migration has been started.
pub(crate) fn forget() {
    browser::store_here(KEPT, None);
}
