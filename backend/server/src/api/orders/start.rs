//! `POST /orders/{order_id}/start`

use actix_web::{
    post,
    web::{Data, Json},
};
use chrono::{DateTime, Duration, Utc};
use mailferry_domain::order::{DelayHours, Start};
use mailferry_shared::{
    order::{Order, OrderStart, OrderState, StartKind},
    request::RequestState,
    schedule::{DeltaSchedule, DeltaTrigger},
};
use mailferry_store::{MailKind, OrderRecord};

use super::{retry, view};
use crate::{
    api::{auth::Managing, errors, examples, json::Body, path::OrderPath, problem::ApiError},
    app::App,
    jobs::life,
    readiness,
};

/// An order can be scheduled this far ahead.
const FARTHEST_START_DAYS: i64 = 90;

/// Starts an order: one run for each ticked account pair, at once or at its earliest start.
///
/// A full migration that is not paid for waits for payment, which then starts it. A completed trial becomes a full
/// migration. With `delta_schedule` a delta follows by itself, once: a time after the end of the first run, or when the
/// MX record of the source address's domain has been switched.
#[utoipa::path(
    operation_id = "startOrder",
    tag = "orders",
    params(OrderPath),
    request_body(content = OrderStart, example = json!(examples::schedule::order_start())),
    responses(
        (status = 200, description = "The order as it is now", body = Order, example = json!(examples::order())),
        errors::Guarded,
        errors::WithBody,
        errors::OfState,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:write"])),
)]
#[post("/orders/{order_id}/start")]
pub(crate) async fn start_order(
    app: Data<App>,
    managing: Managing,
    body: Body<OrderStart>,
) -> Result<Json<Order>, ApiError> {
    let access = managing.0;
    let body = body.read()?;
    if app.store.request_state(access.order.id).await?.is_some_and(RequestState::is_open) {
        return Err(ApiError::Conflict("The operator was asked to do this migration, and starts it by its request."));
    }
    let start = plan(&app, &access.order, &body).await?;
    let act = async |order: &OrderRecord| app.store.schedule_order(order, start).await;
    let order = retry::on_conflict(&app.store, access.order, act).await?;
    if order.life.state() == OrderState::Scheduled {
        life::tell(&app.store, &order, MailKind::Submitted, life::occasion(&order)).await?;
    }
    Ok(Json(view::compose(&app, order, access.scope, access.principal.as_ref()).await?))
}

/// What an order is started for, if it can be: the state goes first, since an order that runs has no use for advice about
/// its accounts.
pub(in crate::api) async fn plan(app: &App, order: &OrderRecord, body: &OrderStart) -> Result<Start, ApiError> {
    let delta = delta(body, app.store.terms().delta_delay_hours)?;
    let start = Start { kind: body.kind, earliest: earliest(body.earliest_start, app.store.now())?, delta };
    order.life.start(start, true)?;
    let latest = order.first_started_at.map(|first| app.store.terms().latest_start_after(first));
    if let Some(latest) = latest.filter(|latest| start.earliest > *latest) {
        let words = format!("The link to this order counts from its free trial: start the full migration by {latest}.");
        return Err(ApiError::field("/earliest_start", words));
    }
    let pairs = app.store.pairs(order.id).await?;
    readiness::may_start(&pairs, order)?;
    if delta.is_some_and(|delta| delta.trigger == DeltaTrigger::MxChanged) {
        readiness::has_domains(&pairs, &app.providers)?;
    }
    Ok(start)
}

/// The delta that follows by itself, with its delay settled.
fn delta(body: &OrderStart, hours: DelayHours) -> Result<Option<DeltaSchedule>, ApiError> {
    let Some(DeltaSchedule { trigger, delay_hours }) = body.delta_schedule else { return Ok(None) };
    if body.kind == StartKind::Trial {
        return Err(ApiError::field("/delta_schedule", "There is no delta after a free trial; leave the field out."));
    }
    let delay_hours = match (trigger, delay_hours) {
        (DeltaTrigger::MxChanged, None) => None,
        (DeltaTrigger::MxChanged, Some(_)) => {
            let words = "A delta that follows the MX record has no delay; leave the field out.";
            return Err(ApiError::field("/delta_schedule/delay_hours", words));
        }
        (DeltaTrigger::AfterDelay, asked) => {
            let delay = asked.unwrap_or(hours.usual);
            if !(hours.least..=hours.most).contains(&delay) {
                let words = format!("The delay is {} to {} hours.", hours.least, hours.most);
                return Err(ApiError::field("/delta_schedule/delay_hours", words));
            }
            Some(delay)
        }
    };
    Ok(Some(DeltaSchedule { trigger, delay_hours }))
}

fn earliest(asked: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<DateTime<Utc>, ApiError> {
    match asked {
        Some(time) if time > now + Duration::days(FARTHEST_START_DAYS) => {
            Err(ApiError::field("/earliest_start", "The earliest start is at most 90 days ahead."))
        }
        Some(time) => Ok(time.max(now)),
        None => Ok(now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_of_a_delta_is_8_hours_and_at_least_4_and_at_most_23() {
        let hours = mailferry_domain::order::Terms::default().delta_delay_hours;
        let asked = |kind, trigger, delay_hours| {
            let delta_schedule = Some(DeltaSchedule { trigger, delay_hours });
            delta(&OrderStart { kind, delta_schedule, ..OrderStart::default() }, hours)
        };
        let delay = |hours| asked(StartKind::Main, DeltaTrigger::AfterDelay, hours).map(|delta| delta?.delay_hours);
        assert_eq!(delay(None).expect("taken"), Some(8));
        assert_eq!((delay(Some(4)).expect("taken"), delay(Some(23)).expect("taken")), (Some(4), Some(23)));
        assert!(delay(Some(3)).is_err() && delay(Some(24)).is_err());
        assert!(asked(StartKind::Main, DeltaTrigger::MxChanged, Some(8)).is_err());
        assert!(asked(StartKind::Trial, DeltaTrigger::AfterDelay, None).is_err(), "not after a trial");
        assert!(delta(&OrderStart::default(), hours).expect("taken").is_none());
    }

    #[test]
    fn a_start_in_the_past_is_now_and_one_next_year_is_refused() {
        let now = DateTime::UNIX_EPOCH + Duration::days(9);
        assert_eq!(earliest(None, now).expect("taken"), now);
        assert_eq!(earliest(Some(DateTime::UNIX_EPOCH), now).expect("taken"), now);
        assert_eq!(earliest(Some(now + Duration::days(2)), now).expect("taken"), now + Duration::days(2));
        assert!(earliest(Some(now + Duration::days(365)), now).is_err());
    }
}
