//! `GET /orders`

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use mailferry_shared::{
    ids::OrderId,
    order_list::{OrderListItem, OrderPage},
};
use mailferry_store::OrderFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        auth::{Acting, acting::OrdersRead},
        errors, etag,
        examples::principals as examples,
        page::Listing,
        problem::ApiError,
        query::Parameters,
    },
    app::App,
};

/// What to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the parameters, which are read one by one so that errors name them")]
struct OrdersQuery {
    /// Only orders in one of these states, separated by commas.
    #[param(example = "active,paused")]
    state: Option<String>,
    /// Only orders created at this time or later.
    #[param(example = "2026-11-01T00:00:00Z", format = DateTime)]
    from: Option<String>,
    /// Only orders created before this time.
    #[param(example = "2026-12-01T00:00:00Z", format = DateTime)]
    until: Option<String>,
    /// Only orders with an account, old or new, in this domain.
    #[param(example = "example.org")]
    domain: Option<String>,
    /// Only orders that this member asked for.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0011", format = Uuid)]
    member_id: Option<String>,
    /// Only orders with this text in their number, accounts, mail address or asker's name.
    #[param(example = "anna")]
    q: Option<String>,
    /// Items on a page, 1 to 200; 50 if absent.
    #[param(minimum = 1, maximum = 200, value_type = Option<u32>)]
    limit: Option<String>,
    /// The `next_cursor` of the page before, with the same filter.
    cursor: Option<String>,
}

const PARAMETERS: [&str; 8] = ["state", "from", "until", "domain", "member_id", "q", "limit", "cursor"];
/// The longest text to look for, characters.
const MAX_TEXT: usize = 200;

/// The list of migrations, newest first.
///
/// Whoever asks sees as far as their role reaches; an API key sees sandbox orders or others, never both.
#[utoipa::path(
    operation_id = "listOrders",
    tag = "orders",
    params(OrdersQuery, ("If-None-Match" = Option<String>, Header, description = "The ETag of the last answer")),
    responses(
        (status = 200, description = "One page", body = OrderPage, headers(("ETag" = String, description = "To send as If-None-Match")), example = json!(examples::order_page())),
        (status = 304, description = "Nothing has changed"),
        errors::WithQuery,
        errors::KeyRefused,
        errors::Always,
    ),
    security(("api_key" = ["orders:read"])),
)]
#[get("/orders")]
pub(crate) async fn list_orders(
    app: Data<App>,
    request: HttpRequest,
    acting: Acting<OrdersRead>,
) -> Result<HttpResponse, ApiError> {
    let query = Parameters::of(&request, &PARAMETERS)?;
    let limit = Listing::limit(query.parsed("limit", "This must be a number.")?)?;
    let mut filter = OrderFilter {
        tenant_id: acting.0.tenant_id,
        reach: acting.0.reach(),
        sandbox: acting.0.sandbox_filter(),
        states: query.words("state")?,
        from: query.time("from")?,
        until: query.time("until")?,
        domain: query.parsed("domain", "This must be a domain like example.org.")?,
        member_id: query.parsed("member_id", "This must be a member's id.")?,
        text: text(&query)?,
        after: None,
        limit: limit + 1,
    };
    let listing = Listing { name: "orders", tenant_id: filter.tenant_id, filter: format!("{:?}", by_what(&filter)) };
    let after = listing.position(&app.keys, query.text("cursor"))?;
    filter.after = after.map(|(time, id)| (time, OrderId(id)));
    let mut items = app.store.list_orders(&filter).await?;
    let next_cursor = listing.cut(&app.keys, limit, &mut items, |item: &OrderListItem| (item.created_at, item.id.0));
    etag::answer(&request, &OrderPage { items, next_cursor })
}

fn text(query: &Parameters) -> Result<Option<String>, ApiError> {
    match query.text("q") {
        Some(text) if text.chars().count() > MAX_TEXT => {
            Err(ApiError::field("/q", "A text to look for has at most 200 characters."))
        }
        other => Ok(other.map(ToOwned::to_owned)),
    }
}

/// What must stay the same from page to page: not how many are on one.
fn by_what(filter: &OrderFilter) -> OrderFilter {
    OrderFilter { after: None, limit: 0, ..filter.clone() }
}
