//! CSV as spreadsheets read it, without formulas.

use chrono::{DateTime, Utc};
use serde::Serialize;

/// A line of a CSV file (RFC 4180).
pub(crate) fn line(cells: &[String]) -> String {
    cells.iter().map(|cell| quoted(&harmless(cell))).collect::<Vec<_>>().join(",") + "\r\n"
}

/// A word of an enumeration as it stands in JSON; an empty cell if there is none.
pub(crate) fn word(value: Option<impl Serialize>) -> String {
    let value = value.and_then(|value| serde_json::to_value(value).ok());
    value.and_then(|value| value.as_str().map(ToOwned::to_owned)).unwrap_or_default()
}

/// A time; an empty cell if there is none.
pub(crate) fn time(time: Option<DateTime<Utc>>) -> String {
    time.map(|time| time.to_rfc3339()).unwrap_or_default()
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
