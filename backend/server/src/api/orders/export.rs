//! `GET /orders.csv`

use actix_web::{HttpResponse, get, web::Data};
use mailferry_shared::order_list::OrderListItem;
use mailferry_store::OrderFilter;

use super::list::{OrdersQuery, filter};
use crate::{
    api::{
        accounts::export::csv_file,
        auth::{Acting, acting::OrdersRead},
        csv::{self, time, word},
        errors,
        problem::ApiError,
        query::Query,
    },
    app::App,
};

/// Orders read from the store at once.
const BATCH: u32 = 200;
/// Most orders in a file.
const MAX_ROWS: usize = 20_000;
const COLUMNS: [&str; 24] = [
    "order_id",
    "reference",
    "state",
    "kind",
    "type",
    "request",
    "sandbox",
    "member",
    "api_key",
    "link",
    "notify_address",
    "codes_begin",
    "source",
    "destination",
    "accounts",
    "attention",
    "messages_done",
    "messages_total",
    "bytes_done",
    "bytes_total",
    "created_at",
    "first_run_at",
    "second_run_at",
    "finished_at",
];

/// The list of migrations as CSV, newest first, at most 20000.
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
    let mut text = csv::line(&COLUMNS.map(ToOwned::to_owned));
    let mut rows = 0;
    loop {
        let orders = app.store.list_orders(&filter).await?;
        text.extend(orders.iter().map(line));
        rows += orders.len();
        let Some(last) = orders.last().filter(|_| rows < MAX_ROWS) else { break };
        filter.after = Some((last.created_at, last.id));
    }
    Ok(csv_file("migrations.csv".to_owned(), text))
}

fn line(order: &OrderListItem) -> String {
    let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    let (origin, progress) = (&order.origin, order.progress);
    csv::line(&[
        order.id.to_string(),
        order.reference.clone().unwrap_or_default(),
        word(Some(order.state)),
        word(order.kind),
        word(Some(order.migration_type)),
        word(order.request),
        order.sandbox.to_string(),
        origin.member_name.clone().unwrap_or_default(),
        origin.api_key_name.clone().unwrap_or_default(),
        origin.link_name.clone().unwrap_or_default(),
        origin.notify_address.as_ref().map(ToString::to_string).unwrap_or_default(),
        order.codes.join(" "),
        order.source.as_ref().map(ToString::to_string).unwrap_or_default(),
        order.destination.as_ref().map(ToString::to_string).unwrap_or_default(),
        order.pairs.to_string(),
        order.attention.to_string(),
        number(progress.map(|progress| progress.done)),
        number(progress.map(|progress| progress.total)),
        number(progress.map(|progress| progress.done_bytes)),
        number(progress.map(|progress| progress.total_bytes)),
        time(Some(order.created_at)),
        time(order.first_run_at),
        time(order.second_run_at),
        time(order.finished_at),
    ])
}
