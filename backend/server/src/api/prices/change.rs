//! `PUT /price`

use actix_web::{
    put,
    web::{Data, Json},
};
use mailferry_shared::payment::Price;

use crate::{
    api::{
        auth::{Acting, acting::PaymentsWrite},
        errors, examples,
        json::Body,
        problem::ApiError,
        validate::Check,
    },
    app::App,
};

/// The most that an account pair may cost, in the currency's smallest unit.
const MOST: u64 = 10_000_000;

/// Sets what the tenant asks for one account pair.
///
/// Payments that were begun keep their price.
#[utoipa::path(
    operation_id = "changePrice",
    tag = "payments",
    request_body(content = Price, example = json!(examples::payment::price())),
    responses(
        (status = 200, description = "The price from now on", body = Price, example = json!(examples::payment::price())),
        errors::WithBody,
        errors::KeyRefused,
        errors::Always,
    ),
    security(("api_key" = ["payments:write"])),
)]
#[put("/price")]
pub(crate) async fn change_price(
    app: Data<App>,
    acting: Acting<PaymentsWrite>,
    body: Body<Price>,
) -> Result<Json<Price>, ApiError> {
    let price = body.read()?;
    let mut check = Check::default();
    check.that((1..=MOST).contains(&price.pair_minor), "/pair_minor", "A price is 1 to 10000000.");
    check.that(price.tax_basis_points <= 10_000, "/tax_basis_points", "A tax rate is at most 10000 (100 %).");
    let name = price.tax_name.trim();
    let good = (1..=40).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    check.that(good, "/tax_name", "The tax line's name has 1 to 40 characters.");
    check.done()?;
    app.store.set_price(acting.0.tenant_id, Some(&price)).await?;
    Ok(Json(price))
}
