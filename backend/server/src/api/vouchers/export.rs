//! `GET /vouchers.csv`

use actix_web::{HttpResponse, get, http::header, web::Data};
use mailferry_shared::{ids::VoucherId, voucher::Voucher};
use mailferry_store::VoucherFilter;

use super::list::{VouchersQuery, filter};
use crate::{
    api::{
        auth::{Acting, acting::VouchersRead},
        csv::{self, time, word},
        errors,
        problem::ApiError,
        query::Query,
    },
    app::App,
};

/// Vouchers read from the store at once.
const BATCH: u32 = 200;
/// Most vouchers in a file.
const MAX_ROWS: usize = 20_000;
const COLUMNS: [&str; 13] = [
    "voucher_id",
    "batch_id",
    "code_begins",
    "state",
    "pairs",
    "pairs_used",
    "valid_from",
    "valid_until",
    "trial_only",
    "free_test",
    "created_at",
    "orders",
    "note",
];

/// The vouchers as CSV, at most 20000; never their codes.
///
/// Cells that a spreadsheet would run as a formula are made harmless.
#[utoipa::path(
    operation_id = "exportVouchers",
    tag = "vouchers",
    params(VouchersQuery),
    responses(
        (status = 200, description = "The file", body = String, content_type = "text/csv"),
        errors::WithQuery,
        errors::KeyRefused,
        errors::Always,
    ),
    security(("api_key" = ["vouchers:read"])),
)]
#[get("/vouchers.csv")]
pub(crate) async fn export_vouchers(
    app: Data<App>,
    acting: Acting<VouchersRead>,
    query: Query<VouchersQuery>,
) -> Result<HttpResponse, ApiError> {
    let mut filter = VoucherFilter { limit: BATCH, ..filter(&acting.0, query.0)? };
    let mut text = csv::line(&COLUMNS.map(ToOwned::to_owned));
    let mut rows = 0;
    loop {
        let vouchers = app.store.vouchers(&filter).await?;
        text.extend(vouchers.iter().map(line));
        rows += vouchers.len();
        let Some(last) = vouchers.last().filter(|_| rows < MAX_ROWS) else { break };
        filter.after = Some((last.created_at, VoucherId(last.id.0)));
    }
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8; header=present")
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"vouchers.csv\""))
        .body(text))
}

fn line(voucher: &Voucher) -> String {
    let orders: Vec<String> = voucher.uses.iter().map(|used| used.order_id.to_string()).collect();
    csv::line(&[
        voucher.id.to_string(),
        voucher.batch_id.map(|id| id.to_string()).unwrap_or_default(),
        voucher.hint.clone(),
        word(Some(voucher.state)),
        voucher.pairs.to_string(),
        voucher.pairs_used.to_string(),
        time(voucher.limits.valid_from),
        time(voucher.limits.valid_until),
        voucher.limits.trial_only.to_string(),
        voucher.limits.free_test.to_string(),
        time(Some(voucher.created_at)),
        orders.join(" "),
        voucher.note.clone(),
    ])
}
