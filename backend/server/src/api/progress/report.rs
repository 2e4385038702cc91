//! `GET /orders/{order_id}/report.csv`

use actix_web::{HttpResponse, get, web::Data};
use chrono::{DateTime, SecondsFormat, Utc};
use mailferry_shared::{progress::PairProgress, run::Counts};
use serde::Serialize;

use crate::{
    api::{accounts::export::csv_file, auth::Viewing, csv::line, errors, path::OrderPath, problem::ApiError},
    app::App,
};

const COLUMNS: [&str; 17] = [
    "source",
    "destination",
    "run",
    "kind",
    "state",
    "started_at",
    "finished_at",
    "listed",
    "listed_bytes",
    "stored",
    "stored_bytes",
    "present",
    "duplicates",
    "skipped",
    "failed",
    "uncertain",
    "finding",
];

/// What became of an order as CSV (RFC 4180), UTF-8: a row a ticked pair, with its latest run.
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
    let head = line(&COLUMNS.map(ToOwned::to_owned));
    let text = pairs.iter().map(row).fold(head, |text, row| text + &row);
    Ok(csv_file(format!("report-{order}.csv"), text))
}

fn row(pair: &PairProgress) -> String {
    let mut cells: [String; COLUMNS.len()] = std::array::from_fn(|_| String::new());
    cells[0].clone_from(&pair.source);
    cells[1].clone_from(&pair.destination);
    let Some(run) = &pair.run else { return line(&cells) };
    let Counts { listed, listed_bytes, stored, stored_bytes, present, duplicates, skipped, failed, uncertain, .. } =
        run.counts;
    cells[2] = run.number.to_string();
    cells[3] = word(run.kind);
    cells[4] = word(run.state);
    cells[5] = time(run.started_at);
    cells[6] = time(run.finished_at);
    let numbers = [listed, listed_bytes, stored, stored_bytes, present, duplicates, skipped, failed, uncertain];
    for (cell, number) in cells[7..].iter_mut().zip(numbers) {
        *cell = number.to_string();
    }
    cells[16] = run.finding.as_ref().map(|finding| finding.code.as_str().to_owned()).unwrap_or_default();
    line(&cells)
}

/// As it stands in JSON.
fn word(value: impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn time(time: Option<DateTime<Utc>>) -> String {
    time.map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_has_a_row_as_wide_as_the_head_with_and_without_a_run() {
        let progress = crate::api::examples::progress();
        let pair = progress.pairs.first().expect("a pair");
        let columns = |row: &str| row.matches(',').count() + 1;
        assert_eq!(columns(&row(pair)), COLUMNS.len(), "{}", row(pair));
        let waiting = PairProgress { run: None, source: "=1+1".to_owned(), ..pair.clone() };
        assert!(row(&waiting).starts_with("'=1+1,"), "{}", row(&waiting));
        assert_eq!(columns(&row(&waiting)), COLUMNS.len());
    }
}
