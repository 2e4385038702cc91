//! `GET /orders`

use actix_web::{
    get,
    web::{Data, Json},
};
use chrono::{DateTime, Utc};
use mailferry_shared::{
    endpoint::HostName,
    ids::{ApiKeyId, LinkId, MemberId, OrderId},
    order::{OrderState, StartKind},
    order_list::{MigrationType, OrderPage},
};
use mailferry_store::{OrderFilter, Position};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        auth::{Acting, Principal, acting::OrdersRead},
        errors,
        examples::principals as examples,
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
pub(super) struct OrdersQuery {
    /// Only orders in one of these states, separated by commas.
    #[param(example = "active,paused", value_type = Option<String>)]
    #[serde(deserialize_with = "query::words")]
    state: Vec<OrderState>,
    /// Only orders created at this time or later.
    #[param(example = "2026-11-01T00:00:00Z")]
    from: Option<DateTime<Utc>>,
    /// Only orders created before this time.
    #[param(example = "2026-12-01T00:00:00Z")]
    until: Option<DateTime<Utc>>,
    /// Only orders with an account, old or new, in this domain.
    #[param(example = "example.org")]
    domain: Option<HostName>,
    /// Only orders that this member asked for.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0011")]
    member_id: Option<MemberId>,
    /// Only orders that this API key asked for.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0012")]
    api_key_id: Option<ApiKeyId>,
    /// Only orders that were made by this pre-configured link.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0015")]
    link_id: Option<LinkId>,
    /// Only full migrations, or only free trials.
    #[param(example = "main", inline)]
    kind: Option<StartKind>,
    /// Only orders of these types, separated by commas.
    #[param(rename = "type", example = "gmail,office365", value_type = Option<String>)]
    #[serde(rename = "type", deserialize_with = "query::words")]
    types: Vec<MigrationType>,
    /// Only orders that the operator was asked to do (true), or only others (false).
    #[param(example = true)]
    requested: Option<bool>,
    /// Only orders with an account that somebody must look at (true), or only others (false): its last run failed, wholly or
    /// for some messages, or waits for its owner. What options or limits left out is no failure.
    #[param(example = true)]
    attention: Option<bool>,
    /// Only orders with this text in their number, reference, accounts, mail address, the shown part of a voucher's code, or
    /// the name of who asked, of the API key or of the link.
    #[param(example = "anna", max_length = 200)]
    q: Option<String>,
}

/// The list of migrations, newest first.
///
/// Whoever asks sees as far as their role reaches; an API key sees sandbox orders or others, never both.
#[utoipa::path(
    operation_id = "listOrders",
    tag = "orders",
    params(OrdersQuery, PageParams),
    responses(
        (status = 200, description = "One page", body = OrderPage, example = json!(examples::order_page())),
        errors::WithQuery,
        errors::KeyRefused,
        errors::Always,
    ),
    security(("api_key" = ["orders:read"])),
)]
#[get("/orders")]
pub(crate) async fn list_orders(
    app: Data<App>,
    acting: Acting<OrdersRead>,
    query: Query<OrdersQuery>,
    paging: Paging,
) -> Result<Json<OrderPage>, ApiError> {
    let part = paging.part();
    let after = part.after.and_then(Position::time_and_id).map(|(time, id)| (time, OrderId(id)));
    let filter = OrderFilter { after, limit: part.limit, ..filter(&acting.0, query.0)? };
    let found = app.store.list_orders(&filter).await?;
    let (items, next_cursor) = paging.cut(found, |item| Position::new(item.created_at, item.id.0));
    Ok(Json(OrderPage { items, next_cursor }))
}

/// What was asked for, without a page.
pub(super) fn filter(principal: &Principal, query: OrdersQuery) -> Result<OrderFilter, ApiError> {
    Ok(OrderFilter {
        tenant_id: principal.tenant_id,
        reach: principal.reach(),
        sandbox: principal.sandbox_filter(),
        states: query.state,
        from: query.from,
        until: query.until,
        domain: query.domain,
        member_id: query.member_id,
        api_key_id: query.api_key_id,
        link_id: query.link_id,
        kind: query.kind,
        types: query.types,
        requested: query.requested,
        attention: query.attention,
        text: query::text(query.q)?,
        after: None,
        limit: 0,
    })
}
