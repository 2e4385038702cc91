//! `POST /orders/{order_id}/start`

use actix_web::{
    post,
    web::{Data, Json},
};
use chrono::{DateTime, Duration, Utc};
use mailferry_domain::order::Start;
use mailferry_shared::order::{Order, OrderStart, OrderState};
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
/// A full migration without enough vouchers waits for payment; redeeming one then starts it. A completed trial
/// becomes a full migration.
#[utoipa::path(
    operation_id = "startOrder",
    tag = "orders",
    params(OrderPath),
    request_body(content = OrderStart, example = json!(examples::order_start())),
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
    let start = Start { kind: body.kind, earliest: earliest(body.earliest_start, app.store.now())? };
    // The state goes first: an order that runs has no use for advice about its accounts.
    access.order.life.start(start, true)?;
    readiness::may_start(&app.store.pairs(access.order.id).await?, &access.order)?;
    let act = async |order: &OrderRecord| app.store.schedule_order(order, start).await;
    let order = retry::on_conflict(&app.store, access.order, act).await?;
    if order.life.state() == OrderState::Scheduled {
        life::tell(&app.store, &order, MailKind::Submitted, life::occasion(&order)).await?;
    }
    Ok(Json(view::compose(&app, order, access.scope).await?))
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
    fn a_start_in_the_past_is_now_and_one_next_year_is_refused() {
        let now = DateTime::UNIX_EPOCH + Duration::days(9);
        assert_eq!(earliest(None, now).expect("taken"), now);
        assert_eq!(earliest(Some(DateTime::UNIX_EPOCH), now).expect("taken"), now);
        assert_eq!(earliest(Some(now + Duration::days(2)), now).expect("taken"), now + Duration::days(2));
        assert!(earliest(Some(now + Duration::days(365)), now).is_err());
    }
}
