//! `POST /links`

use actix_web::{HttpResponse, post, web::Data};
use mailferry_shared::link::{Link, LinkCreate};
use mailferry_store::{NewLink, StoreError};

use super::{check_brand, view};
use crate::{
    api::{
        auth::{Acting, acting::LinksWrite},
        errors,
        examples::resellers as examples,
        json::Body,
        members::check_name,
        problem::ApiError,
        validate::Check,
    },
    app::App,
};

/// Creates a pre-configured link.
///
/// Whoever opens it makes an order of this tenant, with what the link fixes, paid for by what it brings.
#[utoipa::path(
    operation_id = "createLink",
    tag = "links",
    request_body(content = LinkCreate, example = json!(examples::link_create())),
    responses(
        (status = 201, description = "The new link", body = Link, example = json!(examples::link())),
        errors::WithBody,
        errors::KeyRefused,
        errors::Always,
    ),
    security(("api_key" = ["links:write"])),
)]
#[post("/links")]
pub(crate) async fn create_link(
    app: Data<App>,
    acting: Acting<LinksWrite>,
    body: Body<LinkCreate>,
) -> Result<HttpResponse, ApiError> {
    let LinkCreate { name, source, destination, language, brand, voucher_id, prepaid_pairs, once } = body.read()?;
    let mut check = Check::within(acting.0.is_sandbox());
    check_name(&mut check, &name, "/name");
    check_brand(&mut check, &brand);
    check.choice(source.as_ref(), "/source", &app.providers);
    check.choice(destination.as_ref(), "/destination", &app.providers);
    let good = prepaid_pairs.is_none_or(|pairs| (1..=10_000).contains(&pairs));
    check.that(good, "/prepaid_pairs", "A link pays for 1 to 10000 account pairs.");
    let one = voucher_id.is_none() || prepaid_pairs.is_none();
    check.that(one, "/prepaid_pairs", "Name a voucher or prepaid pairs, not both.");
    check.done()?;
    let new = NewLink {
        tenant_id: acting.0.tenant_id,
        name,
        source,
        destination,
        language,
        brand,
        voucher_id,
        prepaid_pairs,
        once,
        sandbox: acting.0.is_sandbox(),
    };
    match app.store.create_link(new).await {
        Ok(link) => Ok(HttpResponse::Created().json(view(&app, link))),
        Err(StoreError::NotFound) => Err(ApiError::field("/voucher_id", "There is no such voucher.")),
        Err(error) => Err(error.into()),
    }
}
