//! `DELETE /links/{link_id}`

use actix_web::{HttpResponse, delete, web::Data};

use crate::{
    api::{
        auth::{Acting, acting::LinksWrite},
        errors,
        path::{Ids, LinkPath},
        problem::ApiError,
    },
    app::App,
};

/// Revokes a pre-configured link for good; orders made by it go on.
#[utoipa::path(
    operation_id = "revokeLink",
    tag = "links",
    params(LinkPath),
    responses((status = 204, description = "The link makes no more orders"), errors::Guarded, errors::Always),
    security(("api_key" = ["links:write"])),
)]
#[delete("/links/{link_id}")]
pub(crate) async fn revoke_link(
    app: Data<App>,
    acting: Acting<LinksWrite>,
    path: Ids<LinkPath>,
) -> Result<HttpResponse, ApiError> {
    app.store.revoke_link(acting.0.tenant_id, path.0.link_id).await?;
    Ok(HttpResponse::NoContent().finish())
}
