//! `POST /requests/{request_id}/start`

use actix_web::{
    post,
    web::{Data, Json},
};
use mailferry_domain::request;
use mailferry_shared::{
    order::{OrderStart, OrderState, StartKind},
    request::{MigrationRequest, RequestStart},
};
use mailferry_store::MailKind;

use super::{find, for_operator};
use crate::{
    api::{
        auth::{Acting, acting::RequestsWrite},
        errors,
        examples::requests as examples,
        json::Body,
        orders::start::plan,
        path::{Ids, RequestPath},
        problem::ApiError,
    },
    app::App,
    jobs::life,
};

/// Starts a request that was accepted: its order is scheduled, by default for the wished start.
///
/// From then on it is an order like any other, and the request follows it: running, then done. An order that is not paid
/// for, by vouchers, its link or a payment, waits for payment, which then schedules it; the customer is told. The
/// operator can waive payment.
#[utoipa::path(
    operation_id = "startRequest",
    tag = "requests",
    params(RequestPath),
    request_body(content = RequestStart, example = json!(examples::start())),
    responses(
        (status = 200, description = "The request as it is now", body = MigrationRequest,
         example = json!(examples::scheduled())),
        errors::Guarded,
        errors::WithBody,
        errors::OfState,
        errors::Always,
    ),
    security(("api_key" = ["requests:write"])),
)]
#[post("/requests/{request_id}/start")]
pub(crate) async fn start_request(
    app: Data<App>,
    acting: Acting<RequestsWrite>,
    path: Ids<RequestPath>,
    body: Body<RequestStart>,
) -> Result<Json<MigrationRequest>, ApiError> {
    let RequestStart { earliest_start, delta_schedule, waive_payment } = body.read()?;
    let request = find(&app, &acting.0, path.0.request_id).await?;
    request::may_start(request.state)?;
    let earliest_start = earliest_start.or(Some(request.wished_start));
    let wanted = OrderStart { kind: StartKind::Main, earliest_start, delta_schedule };
    let start = plan(&app, &app.store.order(request.order_id).await?, &wanted).await?;
    let order = app.store.start_request(request.id, start, waive_payment).await?;
    if order.life.state() == OrderState::Scheduled {
        life::tell(&app.store, &order, MailKind::Submitted, life::occasion(&order)).await?;
    }
    let request = app.store.request(request.id).await?;
    Ok(Json(for_operator(&app, &acting.0, request).await?))
}
