//! `GET /vouchers.csv`

use actix_web::{HttpResponse, get, web::Data};
use mailferry_shared::{ids::VoucherId, voucher::Voucher};
use mailferry_store::VoucherFilter;

use super::list::{VouchersQuery, filter};
use crate::{
    api::{
        auth::{Acting, acting::VouchersRead},
        csv::{self, BATCH, Column, text, time, word},
        errors,
        problem::ApiError,
        query::Query,
    },
    app::App,
};

const COLUMNS: [Column<Voucher>; 13] = [
    Column("voucher_id", |voucher| voucher.id.to_string()),
    Column("batch_id", |voucher| text(voucher.batch_id)),
    Column("code_begins", |voucher| voucher.hint.clone()),
    Column("state", |voucher| word(Some(voucher.state))),
    Column("pairs", |voucher| voucher.pairs.to_string()),
    Column("pairs_used", |voucher| voucher.pairs_used.to_string()),
    Column("valid_from", |voucher| time(voucher.limits.valid_from)),
    Column("valid_until", |voucher| time(voucher.limits.valid_until)),
    Column("trial_only", |voucher| voucher.limits.trial_only.to_string()),
    Column("free_test", |voucher| voucher.limits.free_test.to_string()),
    Column("created_at", |voucher| time(Some(voucher.created_at))),
    Column("orders", |voucher| {
        let orders: Vec<String> = voucher.uses.iter().map(|used| used.order_id.to_string()).collect();
        orders.join(" ")
    }),
    Column("note", |voucher| voucher.note.clone()),
];

/// The vouchers as CSV, at most 20000; never their codes. UTF-8 with a byte order mark.
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
    let text = csv::list(&COLUMNS, async |last| {
        filter.after = last.map(|voucher| (voucher.created_at, VoucherId(voucher.id.0)));
        app.store.vouchers(&filter).await
    });
    Ok(csv::file("vouchers.csv".to_owned(), &text.await?))
}
