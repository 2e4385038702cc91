//! `POST /links`

use actix_web::{HttpResponse, post, web::Data};
use mailferry_shared::link::{Link, LinkCreate};
use mailferry_store::NewLink;

use super::{check_brand, check_payer, view};
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
    check_payer(&mut check, voucher_id, prepaid_pairs);
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
    Ok(HttpResponse::Created().json(view(&app, app.store.create_link(new).await?)))
}
