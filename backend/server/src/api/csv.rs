//! CSV as spreadsheets read it, without formulas.

use actix_web::{
    HttpResponse,
    http::header::{self, ContentDisposition, DispositionParam, DispositionType},
};
use chrono::{DateTime, SecondsFormat, Utc};
use mailferry_store::StoreError;
use serde::Serialize;

/// So many rows of a list are read from the store at once.
pub(crate) const BATCH: u32 = 200;
/// Most rows of a list in a file.
const MAX_ROWS: usize = 20_000;

/// A column: its title, and what stands in it.
pub(crate) struct Column<T>(pub(crate) &'static str, pub(crate) fn(&T) -> String);

/// The titles, and a line for each of `items`.
pub(crate) fn table<T>(columns: &[Column<T>], items: &[T]) -> String {
    let head = columns.iter().map(|column| column.0.to_owned()).collect::<Vec<_>>();
    line(&head) + &rows(columns, items)
}

fn rows<T>(columns: &[Column<T>], items: &[T]) -> String {
    let row = |item: &T| line(&columns.iter().map(|column| column.1(item)).collect::<Vec<_>>());
    items.iter().map(row).collect()
}

/// A table of a whole list, 20,000 rows at most: `read` gives the [`BATCH`] behind an item, or the first one.
///
/// # Errors
/// If the store cannot be read.
pub(crate) async fn list<T>(
    columns: &[Column<T>],
    mut read: impl AsyncFnMut(Option<&T>) -> Result<Vec<T>, StoreError>,
) -> Result<String, StoreError> {
    let (mut text, mut count, mut last) = (table(columns, &[]), 0, None);
    loop {
        let mut batch = read(last.as_ref()).await?;
        text.push_str(&rows(columns, &batch));
        count += batch.len();
        last = batch.pop();
        if last.is_none() || count >= MAX_ROWS {
            return Ok(text);
        }
    }
}

/// A file to be kept; a byte order mark tells spreadsheets that it is UTF-8.
pub(crate) fn file(name: String, text: &str) -> HttpResponse {
    let disposition = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(name)],
    };
    HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, disposition))
        .body(format!("\u{feff}{}", text.trim_start_matches('\u{feff}')))
}

/// A line of a CSV file (RFC 4180).
pub(crate) fn line(cells: &[String]) -> String {
    cells.iter().map(|cell| quoted(&harmless(cell))).collect::<Vec<_>>().join(",") + "\r\n"
}

/// A value as it writes itself; an empty cell if there is none.
pub(crate) fn text(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// A word of an enumeration as it stands in JSON; an empty cell if there is none.
pub(crate) fn word(value: Option<impl Serialize>) -> String {
    let value = value.and_then(|value| serde_json::to_value(value).ok());
    value.and_then(|value| value.as_str().map(ToOwned::to_owned)).unwrap_or_default()
}

/// A time; an empty cell if there is none.
pub(crate) fn time(time: Option<DateTime<Utc>>) -> String {
    time.map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true)).unwrap_or_default()
}

/// A cell that a spreadsheet would run as a formula gets an apostrophe.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\r', '\n', ';', '\t']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column<u32>; 2] =
        [Column("number", u32::to_string), Column("formula", |number| format!("={number}"))];

    #[tokio::test]
    async fn a_list_is_read_batch_by_batch_to_its_end() {
        let read = async |last: Option<&u32>| {
            let next = last.map_or(0, |last| last + 1);
            Ok((next..7.min(next + 3)).collect())
        };
        let text = list(&COLUMNS, read).await.expect("read");
        assert_eq!(text.lines().count(), 8);
        assert!(text.starts_with("number,formula\r\n0,'=0\r\n") && text.ends_with("6,'=6\r\n"), "{text}");
    }

    #[tokio::test]
    async fn a_list_without_end_fills_20_000_rows() {
        let read = async |last: Option<&u32>| {
            let next = last.map_or(0, |last| last + 1);
            Ok((next..next + BATCH).collect())
        };
        assert_eq!(list(&COLUMNS, read).await.expect("read").lines().count(), 20_001);
    }
}
