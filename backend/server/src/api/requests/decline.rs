//! `POST /requests/{request_id}/decline`

use actix_web::{
    post,
    web::{Data, Json},
};
use mailferry_shared::request::{MAX_REASON_CHARS, MigrationRequest, RequestDecline};

use super::{find, for_operator};
use crate::{
    api::{
        auth::{Acting, acting::RequestsWrite},
        errors,
        examples::requests as examples,
        json::Body,
        path::{Ids, RequestPath},
        problem::ApiError,
    },
    app::App,
};

/// Says that the operator will not do it, and why; the customer is told in these words.
///
/// Its order is cancelled; passwords and files are erased. One that was accepted can be declined until it runs.
#[utoipa::path(
    operation_id = "declineRequest",
    tag = "requests",
    params(RequestPath),
    request_body(content = RequestDecline, example = json!(examples::decline())),
    responses(
        (status = 200, description = "The request as it is now", body = MigrationRequest,
         example = json!(examples::declined())),
        errors::Guarded,
        errors::WithBody,
        errors::OfState,
        errors::Always,
    ),
    security(("api_key" = ["requests:write"])),
)]
#[post("/requests/{request_id}/decline")]
pub(crate) async fn decline_request(
    app: Data<App>,
    acting: Acting<RequestsWrite>,
    path: Ids<RequestPath>,
    body: Body<RequestDecline>,
) -> Result<Json<MigrationRequest>, ApiError> {
    let RequestDecline { reason } = body.read()?;
    let reason = reason.trim().replace("\r\n", "\n");
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if reason.is_empty() || reason.chars().count() > MAX_REASON_CHARS || reason.contains(odd) {
        return Err(ApiError::field("/reason", "Say why, in plain text of at most 2000 characters."));
    }
    let request = find(&app, &acting.0, path.0.request_id).await?;
    let request = app.store.decline_request(request.id, &reason).await?;
    Ok(Json(for_operator(&app, &acting.0, request).await?))
}
