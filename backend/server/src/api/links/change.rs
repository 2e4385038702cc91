//! `PATCH /links/{link_id}`

use actix_web::{
    patch,
    web::{Data, Json},
};
use mailferry_shared::link::{Link, LinkChange, LinkPart};
use mailferry_store::LinkUpdate;

use super::{check_brand, check_payer, view};
use crate::{
    api::{
        auth::{Acting, acting::LinksWrite},
        errors,
        examples::resellers as examples,
        json::Body,
        members::check_name,
        path::{Ids, LinkPath},
        problem::ApiError,
        validate::Check,
    },
    app::App,
};

/// Changes a pre-configured link for the orders that follow; what is absent stays.
#[utoipa::path(
    operation_id = "changeLink",
    tag = "links",
    params(LinkPath),
    request_body(content = LinkChange, example = json!({"name": "Spring campaign"})),
    responses(
        (status = 200, description = "The link as it is now", body = Link, example = json!(examples::link())),
        errors::Guarded,
        errors::WithBody,
        errors::Always,
    ),
    security(("api_key" = ["links:write"])),
)]
#[patch("/links/{link_id}")]
pub(crate) async fn change_link(
    app: Data<App>,
    acting: Acting<LinksWrite>,
    path: Ids<LinkPath>,
    body: Body<LinkChange>,
) -> Result<Json<Link>, ApiError> {
    let LinkChange { name, source, destination, release, language, brand, voucher_id, prepaid_pairs } = body.read()?;
    let link = app.store.link(path.0.link_id).await?;
    let mut check = Check::within(link.tenant_id == acting.0.tenant_id && link.sandbox);
    if let Some(name) = &name {
        check_name(&mut check, name, "/name");
    }
    if let Some(brand) = &brand {
        check_brand(&mut check, brand);
    }
    check.choice(source.as_ref(), "/source", &app.providers);
    check.choice(destination.as_ref(), "/destination", &app.providers);
    let set = [
        (LinkPart::Source, source.is_some()),
        (LinkPart::Destination, destination.is_some()),
        (LinkPart::Voucher, voucher_id.is_some() || prepaid_pairs.is_some()),
    ];
    let both = set.iter().any(|(part, is_set)| *is_set && release.contains(part));
    check.that(!both, "/release", "Name a new value or release the old one, not both.");
    check_payer(&mut check, voucher_id, prepaid_pairs);
    check.done()?;
    let update = LinkUpdate { name, source, destination, release, language, brand, voucher_id, prepaid_pairs };
    Ok(Json(view(&app, app.store.change_link(acting.0.tenant_id, path.0.link_id, update).await?)))
}
