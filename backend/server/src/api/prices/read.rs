//! `GET /price`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::payment::TenantPrice;

use crate::{
    api::{
        auth::{Acting, acting::PaymentsRead},
        errors, examples,
        problem::ApiError,
    },
    app::App,
};

/// What the tenant asks for one account pair.
#[utoipa::path(
    operation_id = "readPrice",
    tag = "payments",
    responses(
        (status = 200, description = "The price", body = TenantPrice, example = json!(examples::payment::tenant_price())),
        errors::KeyRefused,
        errors::Always,
    ),
    security(("api_key" = ["payments:read"])),
)]
#[get("/price")]
pub(crate) async fn read_price(app: Data<App>, acting: Acting<PaymentsRead>) -> Result<Json<TenantPrice>, ApiError> {
    Ok(Json(TenantPrice { price: app.store.price(acting.0.tenant_id).await? }))
}
