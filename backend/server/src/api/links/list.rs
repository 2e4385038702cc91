//! `GET /links`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::link::LinkList;
use mailferry_store::Position;

use super::view;
use crate::{
    api::{
        auth::{Acting, acting::LinksRead},
        errors,
        examples::resellers as examples,
        page::{PageParams, Paging},
        problem::ApiError,
    },
    app::App,
};

/// The tenant's pre-configured links, newest first; revoked ones too.
#[utoipa::path(
    operation_id = "listLinks",
    tag = "links",
    params(PageParams),
    responses(
        (status = 200, description = "The links", body = LinkList, example = json!(examples::links())),
        errors::KeyRefused,
        errors::Always,
    ),
    security(("api_key" = ["links:read"])),
)]
#[get("/links")]
pub(crate) async fn list_links(
    app: Data<App>,
    acting: Acting<LinksRead>,
    paging: Paging,
) -> Result<Json<LinkList>, ApiError> {
    let links = app.store.links(acting.0.tenant_id, acting.0.sandbox_filter(), paging.part()).await?;
    let (links, next_cursor) = paging.cut(links, |link| Position::new(link.created_at, link.id.0));
    Ok(Json(LinkList { items: links.into_iter().map(|link| view(&app, link)).collect(), next_cursor }))
}
