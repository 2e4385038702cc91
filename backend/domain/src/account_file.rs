//! Files of accounts: bytes in, rows and row errors out. A bad row never spoils the good ones.
//!
//! One line is one row: passwords hold no line breaks, so an unclosed quote costs its own row only. The layouts are
//! those of [`Layout`]; encoding, separator, header and layout are recognised.

use std::collections::{BTreeMap, HashMap};

use mailferry_shared::{
    delegation::Delegation,
    endpoint::Endpoint,
    import::{Encoding, FieldCount, Layout, RowError},
    secret::Secret,
};

mod cell;
mod columns;
mod example;
mod shape;

pub use example::example;

pub use shape::Separator;

use shape::Shape;

use crate::encoding::{self, NotText};

/// The largest file, bytes.
pub const MAX_BYTES: usize = 10_000_000;
/// The most rows in a file, the header not counted.
pub const MAX_ROWS: usize = 500;

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountFile {
    /// The layout used, as given or as recognised.
    pub layout: Layout,
    /// How its bytes were read.
    pub encoding: Encoding,
    /// The separator found.
    pub separator: Separator,
    /// True if the first line was a header.
    pub has_header: bool,
    /// The good rows.
    pub rows: Vec<Row>,
    /// What is wrong with the others; a row may have several.
    pub errors: Vec<RowError>,
}

/// A good row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Line in the file, 1 for the first.
    pub row: u32,
    /// The old account.
    pub source: RowSide,
    /// The new account.
    pub destination: RowSide,
}

/// One account of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowSide {
    /// Who logs in: the account itself, or the admin if `act_for` is given.
    pub user: String,
    /// The account, if an admin logs in for it.
    pub act_for: Option<String>,
    /// The password of `user`, if the row has one.
    pub password: Option<Secret>,
    /// How the server is told that an admin logs in, where the layout or the row says so.
    pub delegation: Option<Delegation>,
    /// The server, if the row names one.
    pub endpoint: Option<Endpoint>,
}

/// Why a file as a whole cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// No row in it, or a header alone.
    #[error("the file holds no accounts")]
    Empty,
    /// Larger than [`MAX_BYTES`].
    #[error("the file is larger than {} MB", MAX_BYTES / 1_000_000)]
    TooLarge,
    /// More rows than may be.
    #[error("the file has more than {0} rows; split it")]
    TooManyRows(usize),
    /// A spreadsheet's own format.
    #[error("the file is a spreadsheet's own format (xlsx, xls or ods); save it as “CSV UTF-8” and send that file")]
    Spreadsheet,
    /// No text of any kind.
    #[error("the file is not text; save it as “CSV UTF-8”")]
    NotText,
    /// No row has a number of fields that belongs to a layout.
    #[error("no known layout has {0} fields in a row; there are layouts of 3, 4, 5, 6 and 8 fields")]
    UnknownLayout(usize),
}

/// How a file is to be read.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// The layout; absent: recognised by the number of fields.
    pub layout: Option<Layout>,
    /// Most rows, the header not counted.
    pub max_rows: usize,
    /// Other cells for lines of the file, by their numbers; `None` stays as it is.
    pub corrections: BTreeMap<u32, Vec<Option<Secret>>>,
}

/// Reads a file of at most `max_rows` accounts. Without a `layout` it is recognised by the number of fields.
///
/// # Errors
/// As [`read`].
pub fn parse(bytes: &[u8], layout: Option<Layout>, max_rows: usize) -> Result<AccountFile, FileError> {
    read(bytes, &Reading { layout, max_rows, corrections: BTreeMap::new() })
}

/// Reads a file.
///
/// # Errors
/// [`FileError`] if there is nothing to show; bad rows are in [`AccountFile::errors`].
pub fn read(bytes: &[u8], reading: &Reading) -> Result<AccountFile, FileError> {
    if bytes.len() > MAX_BYTES {
        return Err(FileError::TooLarge);
    }
    let Reading { layout, max_rows, corrections } = reading;
    let (layout, max_rows) = (*layout, *max_rows);
    if matches!(bytes, [b'P', b'K', 3, 4, ..] | [0xd0, 0xcf, 0x11, 0xe0, ..]) {
        return Err(FileError::Spreadsheet);
    }
    let (text, encoding) = encoding::decode(bytes).map_err(|NotText| FileError::NotText)?;
    let (announced, text) = shape::announced_separator(&text);
    let mut lines = numbered_lines(text, max_rows, if announced.is_some() { 2 } else { 1 })?;
    let shape = shape::recognise(&lines, layout, announced)?;
    let corrected: Vec<(u32, String)> = corrections
        .iter()
        .filter_map(|(number, cells)| {
            let (_, line) = lines.iter().find(|(one, _)| one == number)?;
            Some((*number, shape::corrected(line, cells, shape.separator)))
        })
        .collect();
    for (number, line) in &corrected {
        if let Some(place) = lines.iter_mut().find(|(one, _)| one == number) {
            place.1 = line;
        }
    }
    let data = if shape.has_header { &lines[1..] } else { &lines[..] };
    if data.is_empty() {
        return Err(FileError::Empty);
    }
    if data.len() > max_rows {
        return Err(FileError::TooManyRows(max_rows));
    }
    let (rows, errors) = read_rows(data, &shape);
    Ok(AccountFile {
        layout: shape.layout,
        encoding,
        separator: shape.separator,
        has_header: shape.has_header,
        rows,
        errors,
    })
}

/// The lines that hold anything, each with its number; one more than `max_rows` may be a header.
fn numbered_lines(text: &str, max_rows: usize, first: u32) -> Result<Vec<(u32, &str)>, FileError> {
    let mut lines = Vec::new();
    for (number, line) in (first..).zip(text.lines()) {
        if line.chars().all(|c| c.is_whitespace() || matches!(c, ';' | ',' | '"')) {
            continue;
        }
        if lines.len() > max_rows {
            return Err(FileError::TooManyRows(max_rows));
        }
        lines.push((number, line));
    }
    if lines.is_empty() { Err(FileError::Empty) } else { Ok(lines) }
}

fn read_rows(lines: &[(u32, &str)], shape: &Shape) -> (Vec<Row>, Vec<RowError>) {
    let (mut rows, mut errors) = (Vec::new(), Vec::new());
    let mut seen: HashMap<String, u32> = HashMap::new();
    for &(number, line) in lines {
        match read_row(number, line, shape) {
            Err(found) => {
                let cells = shape::shown(line, shape);
                errors.extend(found.into_iter().map(|error| RowError { cells: cells.clone(), ..error }));
            }
            Ok(row) => match seen.insert(identity(&row), number) {
                None => rows.push(row),
                Some(first) => {
                    seen.insert(identity(&row), first);
                    errors.push(error(number, 0, "duplicate_row", format!("the same accounts as in row {first}")));
                }
            },
        }
    }
    (rows, errors)
}

/// Two rows are the same if they name the same accounts at the same servers; letter case does not matter.
fn identity(row: &Row) -> String {
    let side = |side: &RowSide| {
        let host = side.endpoint.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{}\n{}\n{host}", side.user, side.act_for.as_deref().unwrap_or(""))
    };
    format!("{}\n{}", side(&row.source), side(&row.destination)).to_lowercase()
}

fn read_row(number: u32, line: &str, shape: &Shape) -> Result<Row, Vec<RowError>> {
    let Some(fields) = shape::split(line, shape.separator) else {
        return Err(vec![error(number, 0, "quote", "a quotation mark is opened and never closed".to_owned())]);
    };
    let columns = columns::of(shape.layout);
    let (least, most) = columns::field_counts(shape.layout);
    if fields.len() < least || fields.len() > most && fields[most..].iter().any(|field| !field.trim().is_empty()) {
        let wanted = if least == most { format!("{most}") } else { format!("{least} to {most}") };
        let message = format!("the row has {} fields, this layout has {wanted}", fields.len());
        let number_of = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let count = FieldCount { found: number_of(fields.len()), least: number_of(least), most: number_of(most) };
        return Err(vec![RowError { fields: Some(count), ..error(number, 0, "field_count", message) }]);
    }
    let mut cells = cell::Cells::default();
    let mut errors = Vec::new();
    for (index, (column, text)) in (1u32..).zip(columns.iter().zip(&fields)) {
        if let Err((code, message)) = cells.take(*column, text) {
            errors.push(error(number, index, code, message));
        }
    }
    if errors.is_empty() {
        cells
            .into_row(number, shape.layout)
            .map_err(|(column, message)| vec![error(number, column, "missing", message)])
    } else {
        Err(errors)
    }
}

fn error(row: u32, column: u32, code: &str, message: String) -> RowError {
    RowError { row, column, code: code.to_owned(), message, fields: None, cells: Vec::new() }
}

/// Writes rows as a file of `layout` with a header, which [`parse`] reads again: fields that the layout has no
/// column for are left out. Cells that a spreadsheet would run as a formula begin with an apostrophe, which is taken off
/// again; passwords stand as they are, so that who writes for others leaves them out.
pub fn write(rows: &[Row], layout: Layout, separator: Separator) -> String {
    let columns = columns::of(layout);
    let mut text = shape::join(columns.iter().map(|column| column.title().to_owned()), separator);
    for row in rows {
        text.push_str(&shape::join(columns.iter().map(|column| column.cell(row)), separator));
    }
    text
}

#[cfg(test)]
mod tests;
