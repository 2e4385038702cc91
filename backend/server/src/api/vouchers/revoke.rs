//! `POST /vouchers/{voucher_id}/revoke`

use actix_web::{
    post,
    web::{Data, Json},
};
use mailferry_shared::voucher::Voucher;

use crate::{
    api::{
        auth::{Acting, acting::VouchersWrite},
        errors,
        examples::resellers as examples,
        json::NoBody,
        path::{Ids, VoucherPath},
        problem::ApiError,
    },
    app::App,
};

/// Revokes what is left of a voucher; what was spent stays paid for.
#[utoipa::path(
    operation_id = "revokeVoucher",
    tag = "vouchers",
    params(VoucherPath),
    responses(
        (status = 200, description = "The voucher as it is now", body = Voucher, example = json!(examples::voucher())),
        errors::Guarded,
        errors::Always,
    ),
    security(("api_key" = ["vouchers:write"])),
)]
#[post("/vouchers/{voucher_id}/revoke")]
pub(crate) async fn revoke_voucher(
    app: Data<App>,
    acting: Acting<VouchersWrite>,
    path: Ids<VoucherPath>,
    body: NoBody,
) -> Result<Json<Voucher>, ApiError> {
    body.read()?;
    Ok(Json(app.store.revoke_voucher(acting.0.tenant_id, path.0.voucher_id).await?))
}
