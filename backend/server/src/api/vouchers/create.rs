//! `POST /vouchers`

use actix_web::{HttpResponse, post, web::Data};
use mailferry_shared::voucher::{VoucherBatch, VoucherCreate};

use crate::{
    api::{
        auth::{Acting, acting::VouchersWrite},
        errors, examples,
        json::Body,
        problem::ApiError,
        validate::Check,
    },
    app::App,
};

/// Creates a batch of vouchers.
///
/// Their codes are shown this once only.
#[utoipa::path(
    operation_id = "createVouchers",
    tag = "vouchers",
    request_body(content = VoucherCreate, example = json!(examples::voucher_create())),
    responses(
        (status = 201, description = "The new vouchers", body = VoucherBatch, example = json!(examples::voucher_batch())),
        errors::WithBody,
        errors::KeyRefused,
        errors::Always,
    ),
    security(("api_key" = ["vouchers:write"])),
)]
#[post("/vouchers")]
pub(crate) async fn create_vouchers(
    app: Data<App>,
    acting: Acting<VouchersWrite>,
    body: Body<VoucherCreate>,
) -> Result<HttpResponse, ApiError> {
    let VoucherCreate { pairs, count, valid_until } = body.read()?;
    let mut check = Check::default();
    check.that((1..=500).contains(&pairs), "/pairs", "A voucher is good for 1 to 500 account pairs.");
    check.that((1..=1000).contains(&count), "/count", "A batch has 1 to 1000 vouchers.");
    let future = valid_until.is_none_or(|time| time > app.store.now());
    check.that(future, "/valid_until", "This time has passed already.");
    check.done()?;
    let items = app.store.create_vouchers(acting.0.tenant_id, pairs, count, valid_until).await?;
    Ok(HttpResponse::Created().json(VoucherBatch { items }))
}
