//! `DELETE /api-keys/{key_id}`

use actix_web::{HttpResponse, delete, web::Data};

use super::whose;
use crate::{
    api::{
        auth::{Acting, acting::KeysWrite},
        errors,
        path::{Ids, KeyPath},
        problem::ApiError,
    },
    app::App,
};

/// Revokes an API key for good.
#[utoipa::path(
    operation_id = "revokeApiKey",
    tag = "api-keys",
    params(KeyPath),
    responses((status = 204, description = "The key opens nothing any more"), errors::Guarded, errors::Always),
    security(("api_key" = ["keys:write"])),
)]
#[delete("/api-keys/{key_id}")]
pub(crate) async fn revoke_api_key(
    app: Data<App>,
    acting: Acting<KeysWrite>,
    path: Ids<KeyPath>,
) -> Result<HttpResponse, ApiError> {
    app.store.revoke_api_key(acting.0.tenant_id, whose(&acting.0), path.0.key_id).await?;
    Ok(HttpResponse::NoContent().finish())
}
