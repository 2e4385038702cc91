//! `GET /discoveries/{discovery_id}`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::discovery::Discovery;

use crate::{
    api::{
        errors,
        examples::discovery as examples,
        path::{DiscoveryPath, Ids},
        problem::ApiError,
    },
    app::App,
};

/// A search for the settings of a mail service with what was found so far.
///
/// Show host and origin before a password is sent there: they come from others.
#[utoipa::path(
    operation_id = "readDiscovery",
    tag = "service",
    params(DiscoveryPath),
    responses(
        (status = 200, description = "The search", body = Discovery, example = json!(examples::found())),
        errors::Missing,
        errors::Always,
    ),
    security(()),
)]
#[get("/discoveries/{discovery_id}")]
pub(crate) async fn read_discovery(app: Data<App>, path: Ids<DiscoveryPath>) -> Result<Json<Discovery>, ApiError> {
    Ok(Json(app.store.discovery(path.0.discovery_id).await?))
}
