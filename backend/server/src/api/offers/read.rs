//! `POST /offers`

use actix_web::{
    post,
    web::{Data, Json},
};
use mailferry_shared::link::{LinkOffer, LinkOpen, LinkVoucher};

use crate::{
    api::{auth::offer, errors, examples::resellers as examples, json::Body, problem::ApiError},
    app::App,
};

/// What a pre-configured link offers: whose name the page bears, what is fixed, what is paid for.
///
/// By POST, so that the token stands in no log. A wrong token, a link that was revoked and one that has been used all
/// answer the same. One whose voucher has expired, was revoked or is used up opens all the same, and says so
/// (`voucher_state`): whoever goes on pays in another way.
#[utoipa::path(
    operation_id = "readOffer",
    tag = "links",
    request_body(content = LinkOpen, example = json!(examples::link_open())),
    responses(
        (status = 200, description = "What it offers", body = LinkOffer, example = json!(examples::link_offer())),
        errors::WithBody,
        errors::KeyRefused,
        errors::Always,
    ),
    security(()),
)]
#[post("/offers")]
pub(crate) async fn read_offer(app: Data<App>, body: Body<LinkOpen>) -> Result<Json<LinkOffer>, ApiError> {
    let link = offer::open(&app, &body.read()?.token).await?;
    Ok(Json(LinkOffer {
        prepaid_pairs: link.voucher.as_ref().map(LinkVoucher::left),
        voucher_state: link.voucher.map(|voucher| voucher.state),
        brand: link.brand,
        source: link.source,
        destination: link.destination,
        language: link.language,
        sandbox: link.sandbox,
    }))
}
