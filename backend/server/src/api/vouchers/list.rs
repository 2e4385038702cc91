//! `GET /vouchers`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::{
    ids::{OrderId, VoucherBatchId, VoucherId},
    voucher::{VoucherPage, VoucherState},
};
use mailferry_store::{Position, VoucherFilter};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        auth::{Acting, Principal, acting::VouchersRead},
        errors,
        examples::resellers as examples,
        page::{PageParams, Paging},
        problem::ApiError,
        query::{self, Query},
    },
    app::App,
};

/// What to list.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(super) struct VouchersQuery {
    /// Only vouchers in one of these states, separated by commas.
    #[param(example = "issued,redeemed", value_type = Option<String>)]
    #[serde(deserialize_with = "query::words")]
    state: Vec<VoucherState>,
    /// Only vouchers of this batch.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0013")]
    batch_id: Option<VoucherBatchId>,
    /// Only vouchers that this order used.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0001")]
    order_id: Option<OrderId>,
    /// Only vouchers whose code begins like this.
    #[param(example = "MF-7K2QX")]
    hint: Option<String>,
    /// Only vouchers with this text in their note, or in the part of their code that is shown.
    #[param(example = "customer 4711", max_length = 200)]
    q: Option<String>,
}

/// The vouchers, newest first, each with the orders that used it.
///
/// Never their codes: those are shown when they are created, only.
#[utoipa::path(
    operation_id = "listVouchers",
    tag = "vouchers",
    params(VouchersQuery, PageParams),
    responses(
        (status = 200, description = "One page", body = VoucherPage, example = json!(examples::voucher_page())),
        errors::WithQuery,
        errors::KeyRefused,
        errors::Always,
    ),
    security(("api_key" = ["vouchers:read"])),
)]
#[get("/vouchers")]
pub(crate) async fn list_vouchers(
    app: Data<App>,
    acting: Acting<VouchersRead>,
    query: Query<VouchersQuery>,
    paging: Paging,
) -> Result<Json<VoucherPage>, ApiError> {
    let part = paging.part();
    let after = part.after.and_then(Position::time_and_id).map(|(time, id)| (time, VoucherId(id)));
    let filter = VoucherFilter { after, limit: part.limit, ..filter(&acting.0, query.0)? };
    let found = app.store.vouchers(&filter).await?;
    let (items, next_cursor) = paging.cut(found, |voucher| Position::new(voucher.created_at, voucher.id.0));
    Ok(Json(VoucherPage { items, next_cursor }))
}

/// What was asked for, without a page.
pub(super) fn filter(principal: &Principal, query: VouchersQuery) -> Result<VoucherFilter, ApiError> {
    Ok(VoucherFilter {
        tenant_id: principal.tenant_id,
        sandbox: principal.sandbox_filter(),
        states: query.state,
        batch_id: query.batch_id,
        order_id: query.order_id,
        hint: query.hint.map(|hint| hint.trim().to_uppercase()).filter(|hint| !hint.is_empty()),
        text: query::text(query.q)?,
        after: None,
        limit: 0,
    })
}
