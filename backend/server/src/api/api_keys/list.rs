//! `GET /api-keys`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::key::ApiKeyList;
use mailferry_store::Position;

use super::whose;
use crate::{
    api::{
        auth::{Acting, acting::KeysRead},
        errors,
        examples::principals as examples,
        page::{PageParams, Paging},
        problem::ApiError,
    },
    app::App,
};

/// The API keys that are not revoked, without their secrets.
#[utoipa::path(
    operation_id = "listApiKeys",
    tag = "api-keys",
    params(PageParams),
    responses(
        (status = 200, description = "The keys", body = ApiKeyList, example = json!(examples::api_keys())),
        errors::KeyRefused,
        errors::Always,
    ),
    security(("api_key" = ["keys:read"])),
)]
#[get("/api-keys")]
pub(crate) async fn list_api_keys(
    app: Data<App>,
    acting: Acting<KeysRead>,
    paging: Paging,
) -> Result<Json<ApiKeyList>, ApiError> {
    let keys = app.store.api_keys(acting.0.tenant_id, whose(&acting.0), paging.part()).await?;
    let (items, next_cursor) = paging.cut(keys, |key| Position::new(key.created_at, key.id.0));
    Ok(Json(ApiKeyList { items, next_cursor }))
}
