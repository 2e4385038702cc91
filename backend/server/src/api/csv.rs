//! CSV as spreadsheets read it, without formulas.

/// A line of a CSV file (RFC 4180).
pub(crate) fn line(cells: &[String]) -> String {
    cells.iter().map(|cell| quoted(&harmless(cell))).collect::<Vec<_>>().join(",") + "\r\n"
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
