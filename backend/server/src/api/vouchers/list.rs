//! `GET /vouchers`

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use mailferry_shared::{
    ids::VoucherId,
    voucher::{Voucher, VoucherPage},
};
use mailferry_store::VoucherFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        auth::{Acting, Principal, acting::VouchersRead},
        errors, etag,
        examples::resellers as examples,
        page::Listing,
        problem::ApiError,
        query::Parameters,
    },
    app::App,
};

/// What to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which are read one by one so that errors name them")]
pub(super) struct VouchersQuery {
    /// Only vouchers in one of these states, separated by commas.
    #[param(example = "issued,redeemed")]
    state: Option<String>,
    /// Only vouchers of this batch.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0013", format = Uuid)]
    batch_id: Option<String>,
    /// Only vouchers that this order used.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0001", format = Uuid)]
    order_id: Option<String>,
    /// Only vouchers whose code begins like this.
    #[param(example = "MF-7K2QX")]
    hint: Option<String>,
}

/// Which page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which are read one by one so that errors name them")]
struct PageQuery {
    /// Items on a page, 1 to 200; 50 if absent.
    #[param(minimum = 1, maximum = 200, value_type = Option<u32>)]
    limit: Option<String>,
    /// The `next_cursor` of the page before, with the same filter.
    cursor: Option<String>,
}

const PARAMETERS: [&str; 6] = ["state", "batch_id", "order_id", "hint", "limit", "cursor"];

/// The vouchers, newest first, each with the orders that used it.
///
/// Never their codes: those are shown when they are created, only.
#[utoipa::path(
    operation_id = "listVouchers",
    tag = "vouchers",
    params(VouchersQuery, PageQuery, ("If-None-Match" = Option<String>, Header, description = "The ETag of the last answer")),
    responses(
        (status = 200, description = "One page", body = VoucherPage, headers(("ETag" = String, description = "To send as If-None-Match")), example = json!(examples::voucher_page())),
        (status = 304, description = "Nothing has changed"),
        errors::WithQuery,
        errors::KeyRefused,
        errors::Always,
    ),
    security(("api_key" = ["vouchers:read"])),
)]
#[get("/vouchers")]
pub(crate) async fn list_vouchers(
    app: Data<App>,
    request: HttpRequest,
    acting: Acting<VouchersRead>,
) -> Result<HttpResponse, ApiError> {
    let query = Parameters::of(&request, &PARAMETERS)?;
    let limit = Listing::limit(query.parsed("limit", "This must be a number.")?)?;
    let mut filter = filter(&acting.0, &query)?;
    let listing = Listing { name: "vouchers", tenant_id: filter.tenant_id, filter: format!("{filter:?}") };
    let after = listing.position(&app.keys, query.text("cursor"))?;
    filter = VoucherFilter { after: after.map(|(time, id)| (time, VoucherId(id))), limit: limit + 1, ..filter };
    let mut items = app.store.vouchers(&filter).await?;
    let next_cursor = listing.cut(&app.keys, limit, &mut items, |item: &Voucher| (item.created_at, item.id.0));
    etag::answer(&request, &VoucherPage { items, next_cursor })
}

/// What was asked for, without a page.
pub(super) fn filter(principal: &Principal, query: &Parameters) -> Result<VoucherFilter, ApiError> {
    Ok(VoucherFilter {
        tenant_id: principal.tenant_id,
        sandbox: principal.sandbox_filter(),
        states: query.words("state")?,
        batch_id: query.parsed("batch_id", "This must be a batch's id.")?,
        order_id: query.parsed("order_id", "This must be an order number.")?,
        hint: query.text("hint").map(str::to_uppercase),
        after: None,
        limit: 0,
    })
}
