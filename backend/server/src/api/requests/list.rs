//! `GET /requests`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::{
    ids::{RequestId, TenantId},
    request::{RequestListItem, RequestPage, RequestState, RequestTenant},
};
use mailferry_store::{Position, RequestFilter, RequestRecord};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        auth::{Acting, acting::RequestsRead},
        errors,
        examples::requests as examples,
        page::{PageParams, Paging},
        problem::ApiError,
        query::{self, Query},
    },
    app::App,
};

/// What to list.
#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct RequestsQuery {
    /// Only requests in one of these states, separated by commas.
    #[param(example = "requested,accepted", value_type = Option<String>)]
    #[serde(deserialize_with = "query::words")]
    state: Vec<RequestState>,
    /// Only requests of customers of this tenant.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0010")]
    tenant_id: Option<TenantId>,
}

/// The operator's queue: the requests of all tenants, by their wished start.
#[utoipa::path(
    operation_id = "listRequests",
    tag = "requests",
    params(RequestsQuery, PageParams),
    responses(
        (status = 200, description = "One page", body = RequestPage, example = json!(examples::request_page())),
        errors::WithQuery,
        errors::KeyRefused,
        errors::Always,
    ),
    security(("api_key" = ["requests:read"])),
)]
#[get("/requests")]
pub(crate) async fn list_requests(
    app: Data<App>,
    acting: Acting<RequestsRead>,
    query: Query<RequestsQuery>,
    paging: Paging,
) -> Result<Json<RequestPage>, ApiError> {
    let part = paging.part();
    let filter = RequestFilter {
        states: query.0.state,
        tenant_id: query.0.tenant_id,
        sandbox: acting.0.sandbox_filter(),
        after: part.after.and_then(Position::time_and_id).map(|(time, id)| (time, RequestId(id))),
        limit: part.limit,
    };
    let found = app.store.list_requests(&filter).await?;
    let (items, next_cursor) = paging.cut(found, |request| Position::new(request.wished_start, request.id.0));
    Ok(Json(RequestPage { items: items.into_iter().map(line).collect(), next_cursor }))
}

fn line(request: RequestRecord) -> RequestListItem {
    RequestListItem {
        id: request.id,
        order_id: request.order_id,
        state: request.state,
        order_state: request.order_state,
        tenant: RequestTenant { id: request.tenant_id, name: request.tenant_name },
        wished_start: request.wished_start,
        contact_address: request.contact_address,
        pairs: request.pairs,
        attachments: request.attachments,
        sandbox: request.sandbox,
        created_at: request.created_at,
        changed_at: request.changed_at,
    }
}
