//! `GET /price`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::payment::Price;

use crate::{
    api::{
        auth::{MaybeKey, VOUCHERS_WRITE},
        errors, examples,
        problem::ApiError,
    },
    app::App,
};

/// What the key's tenant asks for one account pair; 404 if it has set no price.
#[utoipa::path(
    operation_id = "readPrice",
    tag = "payments",
    responses(
        (status = 200, description = "The price", body = Price, example = json!(examples::payment::price())),
        errors::Guarded,
        errors::Always,
    ),
    security(("api_key" = ["vouchers:write"])),
)]
#[get("/price")]
pub(crate) async fn read_price(app: Data<App>, key: MaybeKey) -> Result<Json<Price>, ApiError> {
    let key = key.with_scope(VOUCHERS_WRITE)?;
    app.store.price(key.tenant_id).await?.map(Json).ok_or(ApiError::NotFound)
}
