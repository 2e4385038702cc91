//! `GET /requests/{request_id}`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::request::MigrationRequest;

use super::{find, for_operator};
use crate::{
    api::{
        auth::{Acting, acting::RequestsRead},
        errors,
        examples::requests as examples,
        path::{Ids, RequestPath},
        problem::ApiError,
    },
    app::App,
};

/// A request in the operator's queue.
///
/// What belongs to its order is read by the order's own operations, which open to the operator too: accounts, checks,
/// progress, protocols.
#[utoipa::path(
    operation_id = "readRequest",
    tag = "requests",
    params(RequestPath),
    responses(
        (status = 200, description = "The request", body = MigrationRequest, example = json!(examples::queued())),
        errors::Guarded,
        errors::Always,
    ),
    security(("api_key" = ["requests:read"])),
)]
#[get("/requests/{request_id}")]
pub(crate) async fn read_request(
    app: Data<App>,
    acting: Acting<RequestsRead>,
    path: Ids<RequestPath>,
) -> Result<Json<MigrationRequest>, ApiError> {
    let request = find(&app, &acting.0, path.0.request_id).await?;
    Ok(Json(for_operator(&app, &acting.0, request).await?))
}
