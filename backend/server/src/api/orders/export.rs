//! `GET /orders.csv`

use actix_web::{HttpResponse, get, web::Data};
use mailferry_shared::order_list::OrderListItem;
use mailferry_store::OrderFilter;

use super::list::{OrdersQuery, filter};
use crate::{
    api::{
        auth::{Acting, acting::OrdersRead},
        csv::{self, BATCH, Column, text, time, word},
        errors,
        problem::ApiError,
        query::Query,
    },
    app::App,
};

const COLUMNS: [Column<OrderListItem>; 24] = [
    Column("order_id", |order| order.id.to_string()),
    Column("reference", |order| order.reference.clone().unwrap_or_default()),
    Column("state", |order| word(Some(order.state))),
    Column("kind", |order| word(order.kind)),
    Column("type", |order| word(Some(order.migration_type))),
    Column("request", |order| word(order.request)),
    Column("sandbox", |order| order.sandbox.to_string()),
    Column("member", |order| order.origin.member_name.clone().unwrap_or_default()),
    Column("api_key", |order| order.origin.api_key_name.clone().unwrap_or_default()),
    Column("link", |order| order.origin.link_name.clone().unwrap_or_default()),
    Column("notify_address", |order| text(order.origin.notify_address.as_ref())),
    Column("codes_begin", |order| order.codes.join(" ")),
    Column("source", |order| text(order.source.as_ref())),
    Column("destination", |order| text(order.destination.as_ref())),
    Column("accounts", |order| order.pairs.to_string()),
    Column("attention", |order| order.attention.to_string()),
    Column("messages_done", |order| text(order.progress.map(|progress| progress.done))),
    Column("messages_total", |order| text(order.progress.map(|progress| progress.total))),
    Column("bytes_done", |order| text(order.progress.map(|progress| progress.done_bytes))),
    Column("bytes_total", |order| text(order.progress.map(|progress| progress.total_bytes))),
    Column("created_at", |order| time(Some(order.created_at))),
    Column("first_run_at", |order| time(order.first_run_at)),
    Column("second_run_at", |order| time(order.second_run_at)),
    Column("finished_at", |order| time(order.finished_at)),
];

/// The list of migrations as CSV, newest first, at most 20000: UTF-8 with a byte order mark.
///
/// Cells that a spreadsheet would run as a formula are made harmless.
#[utoipa::path(
    operation_id = "exportOrders",
    tag = "orders",
    params(OrdersQuery),
    responses(
        (status = 200, description = "The file", body = String, content_type = "text/csv",
         headers(("Content-Disposition" = String, description = "A file name")), example = json!("order_id,reference,state,…\r\n")),
        errors::WithQuery,
        errors::KeyRefused,
        errors::Always,
    ),
    security(("api_key" = ["orders:read"])),
)]
#[get("/orders.csv")]
pub(crate) async fn export_orders(
    app: Data<App>,
    acting: Acting<OrdersRead>,
    query: Query<OrdersQuery>,
) -> Result<HttpResponse, ApiError> {
    let mut filter = OrderFilter { limit: BATCH, ..filter(&acting.0, query.0)? };
    let text = csv::list(&COLUMNS, async |last| {
        filter.after = last.map(|order| (order.created_at, order.id));
        app.store.list_orders(&filter).await
    });
    Ok(csv::file("migrations.csv".to_owned(), &text.await?))
}
