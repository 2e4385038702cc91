//! `GET /orders/{order_id}/accounts/{pair_id}/runs/{run_id}/protocol.csv`

use actix_web::{
    HttpResponse, get,
    http::header::{self, ContentDisposition, DispositionParam, DispositionType},
    web::{Bytes, Data},
};
use futures::stream;
use mailferry_shared::{ids::OrderId, protocol::ItemProtocol};
use mailferry_store::{ItemPart, Part, Position};

use super::csv;
use crate::{
    api::{
        auth::Viewing,
        errors,
        path::{Ids, RunPath},
        problem::ApiError,
    },
    app::App,
};

/// Messages read from the store at once.
const PAGE: u32 = 1000;

/// The whole protocol of a run as CSV (RFC 4180), UTF-8: the folders, the notes, then every message that was not simply copied.
///
/// Cells that a spreadsheet would run as a formula begin with an apostrophe.
#[utoipa::path(
    operation_id = "downloadProtocol",
    tag = "runs",
    params(RunPath),
    responses(
        (status = 200, description = "The protocol", body = String, content_type = "text/csv",
         headers(("Content-Disposition" = String, description = "A file name")), example = json!("what,folder,destination_folder,outcome,…\r\n")),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/accounts/{pair_id}/runs/{run_id}/protocol.csv")]
pub(crate) async fn download_protocol(
    app: Data<App>,
    viewing: Viewing,
    path: Ids<RunPath>,
) -> Result<HttpResponse, ApiError> {
    let order = viewing.0.order.id;
    let protocol = app.store.protocol(order, path.0.pair_id, path.0.run_id).await?;
    let name = format!("protocol-{}-{}.csv", order, protocol.run.number);
    let head = Bytes::from(csv::head(&protocol));
    let rest = stream::try_unfold(Pages { app, order, path: path.0, after: None, is_over: false }, Pages::next);
    let disposition = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(name)],
    };
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, disposition))
        .streaming(futures::StreamExt::chain(stream::iter([Ok(head)]), rest)))
}

/// The messages, page by page: a protocol can be longer than memory should hold.
struct Pages {
    app: Data<App>,
    order: OrderId,
    path: RunPath,
    /// After which one to go on.
    after: Option<Position>,
    is_over: bool,
}

impl Pages {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, ApiError> {
        if self.is_over {
            return Ok(None);
        }
        let (pair, run) = (self.path.pair_id, self.path.run_id);
        let wanted = ItemPart { outcome: None, part: Part { after: self.after, limit: PAGE } };
        let found = self.app.store.protocol_items(self.order, pair, run, wanted).await?;
        self.is_over = found.len() < PAGE as usize;
        self.after = found.last().map(|(position, _)| *position);
        let items: Vec<ItemProtocol> = found.into_iter().map(|(_, item)| item).collect();
        Ok(Some((Bytes::from(csv::items(&items)), self)))
    }
}
