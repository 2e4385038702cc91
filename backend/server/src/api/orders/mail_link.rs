//! `POST /orders/{order_id}/link-mails`

use actix_web::{HttpResponse, post, web::Data};
use mailferry_shared::order::LinkMail;

use crate::{
    api::{auth::Managing, errors, examples, json::NoBody, path::OrderPath, problem::ApiError},
    app::App,
};

const FOR_SELLERS: ApiError =
    ApiError::Forbidden("Whoever looks after the migration has its link mailed: sign in, or use an API key.");

/// Mails an order's manage link once more, to the order's own address.
///
/// For an owner who has lost it. The link itself is in the mail alone, which is in the order's language; the one before
/// stays good (`renewOrderLinks` ends it). One order's link is mailed every five minutes at most, and five times a day.
#[utoipa::path(
    operation_id = "sendOrderLink",
    tag = "orders",
    params(OrderPath),
    responses(
        (status = 202, description = "The mail is on its way", body = LinkMail, example = json!(examples::link_mail())),
        errors::Guarded,
        errors::OfState,
        errors::Always,
    ),
    security(("api_key" = ["orders:write"])),
)]
#[post("/orders/{order_id}/link-mails")]
pub(crate) async fn send_order_link(
    app: Data<App>,
    managing: Managing,
    body: NoBody,
) -> Result<HttpResponse, ApiError> {
    let access = managing.0;
    if access.principal.is_none() {
        return Err(FOR_SELLERS);
    }
    body.read()?;
    let mail: LinkMail = app.store.queue_link_mail(access.order.id).await?;
    Ok(HttpResponse::Accepted().json(mail))
}
