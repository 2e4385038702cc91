//! `POST /vouchers`

use actix_web::{HttpResponse, post, web::Data};
use mailferry_shared::voucher::{VoucherBatch, VoucherCreate, VoucherLimits};
use mailferry_store::NewVouchers;

use super::MAX_NOTE;
use crate::{
    api::{
        auth::{Acting, acting::VouchersWrite},
        errors, examples,
        json::Body,
        problem::ApiError,
        validate::{Check, is_text},
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
    let VoucherCreate {
        pairs,
        count,
        valid_from,
        valid_until,
        max_mailbox_bytes,
        trial_only,
        free_test,
        providers,
        note,
    } = body.read()?;
    let mut check = Check::default();
    check.that((1..=500).contains(&pairs), "/pairs", "A voucher is good for 1 to 500 account pairs.");
    check.that((1..=1000).contains(&count), "/count", "A batch has 1 to 1000 vouchers.");
    let future = valid_until.is_none_or(|time| time > app.store.now());
    check.that(future, "/valid_until", "This time has passed already.");
    let ordered = valid_from.zip(valid_until).is_none_or(|(from, until)| from < until);
    check.that(ordered, "/valid_from", "The voucher would be over before it begins.");
    let good = max_mailbox_bytes.is_none_or(|bytes| (1..=i64::MAX as u64).contains(&bytes));
    check.that(good, "/max_mailbox_bytes", "The largest mailbox is at least 1 byte.");
    check.that(providers.len() <= 50, "/providers", "Name at most 50 providers.");
    for (n, id) in providers.iter().take(50).enumerate() {
        let known = app.providers.by_id(id).is_some();
        check.that(known, format!("/providers/{n}"), "There is no provider of this id.");
    }
    check.that(is_text(&note, MAX_NOTE), "/note", "A note has at most 200 characters on one line.");
    check.done()?;
    let limits = VoucherLimits { valid_from, valid_until, max_mailbox_bytes, trial_only, free_test, providers };
    let (tenant_id, sandbox, note) = (acting.0.tenant_id, acting.0.is_sandbox(), note.trim().to_owned());
    let new = NewVouchers { tenant_id, pairs, count, limits, note, sandbox };
    let (batch_id, items) = app.store.create_batch(&new).await?;
    Ok(HttpResponse::Created().json(VoucherBatch { batch_id, items }))
}
