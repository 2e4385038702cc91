//! `POST /requests/{request_id}/accept`

use actix_web::{
    post,
    web::{Data, Json},
};
use mailferry_shared::request::MigrationRequest;

use super::{find, for_operator};
use crate::{
    api::{
        auth::{Acting, acting::RequestsWrite},
        errors,
        examples::requests as examples,
        json::NoBody,
        path::{Ids, RequestPath},
        problem::ApiError,
    },
    app::App,
};

/// Says that the operator will do it; the customer is told.
#[utoipa::path(
    operation_id = "acceptRequest",
    tag = "requests",
    params(RequestPath),
    responses(
        (status = 200, description = "The request as it is now", body = MigrationRequest,
         example = json!(examples::accepted())),
        errors::Guarded,
        errors::OfState,
        errors::Always,
    ),
    security(("api_key" = ["requests:write"])),
)]
#[post("/requests/{request_id}/accept")]
pub(crate) async fn accept_request(
    app: Data<App>,
    acting: Acting<RequestsWrite>,
    path: Ids<RequestPath>,
    body: NoBody,
) -> Result<Json<MigrationRequest>, ApiError> {
    body.read()?;
    let request = find(&app, &acting.0, path.0.request_id).await?;
    let request = app.store.accept_request(request.id).await?;
    Ok(Json(for_operator(&app, &acting.0, request).await?))
}
