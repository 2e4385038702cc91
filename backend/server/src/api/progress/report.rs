//! `GET /orders/{order_id}/report.csv`

use actix_web::{HttpResponse, get, web::Data};
use mailferry_shared::progress::PairProgress;

use crate::{
    api::{
        auth::Viewing,
        csv::{self, Column, text, time, word},
        errors,
        path::OrderPath,
        problem::ApiError,
    },
    app::App,
};

const COLUMNS: [Column<PairProgress>; 17] = [
    Column("source", |pair| pair.source.clone()),
    Column("destination", |pair| pair.destination.clone()),
    Column("run", |pair| text(pair.run.as_ref().map(|run| run.number))),
    Column("kind", |pair| word(pair.run.as_ref().map(|run| run.kind))),
    Column("state", |pair| word(pair.run.as_ref().map(|run| run.state))),
    Column("started_at", |pair| time(pair.run.as_ref().and_then(|run| run.started_at))),
    Column("finished_at", |pair| time(pair.run.as_ref().and_then(|run| run.finished_at))),
    Column("listed", |pair| text(pair.run.as_ref().map(|run| run.counts.listed))),
    Column("listed_bytes", |pair| text(pair.run.as_ref().map(|run| run.counts.listed_bytes))),
    Column("stored", |pair| text(pair.run.as_ref().map(|run| run.counts.stored))),
    Column("stored_bytes", |pair| text(pair.run.as_ref().map(|run| run.counts.stored_bytes))),
    Column("present", |pair| text(pair.run.as_ref().map(|run| run.counts.present))),
    Column("duplicates", |pair| text(pair.run.as_ref().map(|run| run.counts.duplicates))),
    Column("skipped", |pair| text(pair.run.as_ref().map(|run| run.counts.skipped))),
    Column("failed", |pair| text(pair.run.as_ref().map(|run| run.counts.failed))),
    Column("uncertain", |pair| text(pair.run.as_ref().map(|run| run.counts.uncertain))),
    Column("finding", |pair| {
        text(pair.run.as_ref().and_then(|run| run.finding.as_ref()).map(|finding| finding.code.as_str()))
    }),
];

/// What became of an order as CSV (RFC 4180), UTF-8 with a byte order mark: a row a ticked pair, with its latest run.
///
/// Cells that a spreadsheet would run as a formula begin with an apostrophe.
#[utoipa::path(
    operation_id = "downloadReport",
    tag = "runs",
    params(OrderPath),
    responses(
        (status = 200, description = "The report", body = String, content_type = "text/csv",
         headers(("Content-Disposition" = String, description = "A file name")), example = json!("source,destination,run,kind,state,…\r\n")),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/report.csv")]
pub(crate) async fn download_report(app: Data<App>, viewing: Viewing) -> Result<HttpResponse, ApiError> {
    let order = viewing.0.order.id;
    let pairs = app.store.progress(order).await?;
    Ok(csv::file(format!("report-{order}.csv"), &csv::table(&COLUMNS, &pairs)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_has_a_row_as_wide_as_the_head_with_and_without_a_run() {
        let pair = crate::api::examples::progress().pairs.remove(0);
        let waiting = PairProgress { run: None, source: "=1+1".to_owned(), ..pair.clone() };
        let text = csv::table(&COLUMNS, &[pair.clone(), waiting]);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.iter().all(|line| line.matches(',').count() + 1 == COLUMNS.len()), "{text}");
        let run = pair.run.expect("a run");
        assert!(lines[1].contains(&format!(",{},{},", run.counts.listed, run.counts.listed_bytes)), "{text}");
        assert!(lines[2].starts_with("'=1+1,") && lines[2].ends_with(",,,,,,,,"), "{text}");
    }
}
