//! Files of accounts: bytes in, rows and row errors out. A bad row never spoils the good ones.
//!
//! One line is one row: passwords hold no line breaks, so an unclosed quote costs its own row only. The three
//! layouts are those of [`Layout`]; separator, header and layout are recognised.

use std::collections::HashMap;

use mailferry_shared::{
    endpoint::HostName,
    import::{Layout, RowError},
    secret::Secret,
};

mod columns;
mod shape;

pub use shape::Separator;

use columns::Column;
use shape::Shape;

/// The largest file, bytes.
pub const MAX_BYTES: usize = 10_000_000;
/// The most rows in a file, the header not counted.
pub const MAX_ROWS: usize = 500;
/// The longest login name, characters.
const MAX_USER_CHARS: usize = 320;
/// The longest password, characters.
const MAX_PASSWORD_CHARS: usize = 1024;

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountFile {
    /// The layout used, as given or as recognised.
    pub layout: Layout,
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
    /// The server, if the row names one.
    pub host: Option<HostName>,
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
    /// Not UTF-8: a spreadsheet's own format, UTF-16, or another character set.
    #[error("the file is not UTF-8 text; save it as “CSV UTF-8”")]
    NotText,
    /// No row has a number of fields that belongs to a layout.
    #[error("no known layout has {0} fields in a row; there are layouts of 3, 4 and 8 fields")]
    UnknownLayout(usize),
}

/// Reads a file of at most `max_rows` accounts. Without a `layout` it is recognised by the number of fields.
///
/// # Errors
/// [`FileError`] if there is nothing to show; bad rows are in [`AccountFile::errors`].
pub fn parse(bytes: &[u8], layout: Option<Layout>, max_rows: usize) -> Result<AccountFile, FileError> {
    if bytes.len() > MAX_BYTES {
        return Err(FileError::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| FileError::NotText)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.contains('\0') {
        return Err(FileError::NotText);
    }
    let lines = numbered_lines(text, max_rows)?;
    let shape = shape::recognise(&lines, layout)?;
    let data = if shape.has_header { &lines[1..] } else { &lines[..] };
    if data.is_empty() {
        return Err(FileError::Empty);
    }
    if data.len() > max_rows {
        return Err(FileError::TooManyRows(max_rows));
    }
    let (rows, errors) = read_rows(data, &shape);
    Ok(AccountFile { layout: shape.layout, separator: shape.separator, has_header: shape.has_header, rows, errors })
}

/// The lines that hold anything, each with its number; one more than `max_rows` may be a header.
fn numbered_lines(text: &str, max_rows: usize) -> Result<Vec<(u32, &str)>, FileError> {
    let mut lines = Vec::new();
    for (number, line) in (1u32..).zip(text.lines()) {
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
            Err(found) => errors.extend(found),
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
        let host = side.host.as_ref().map_or("", HostName::as_str);
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
        return Err(vec![error(number, 0, "field_count", message)]);
    }
    let mut cells = Cells::default();
    let mut errors = Vec::new();
    for (index, (column, text)) in (1u32..).zip(columns.iter().zip(&fields)) {
        if let Err((code, message)) = cells.take(*column, text) {
            errors.push(error(number, index, code, message));
        }
    }
    if errors.is_empty() { Ok(cells.into_row(number, shape.layout)) } else { Err(errors) }
}

fn error(row: u32, column: u32, code: &str, message: String) -> RowError {
    RowError { row, column, code: code.to_owned(), message }
}

#[derive(Default)]
struct Cells {
    source: CellSide,
    destination: CellSide,
}

#[derive(Default)]
struct CellSide {
    account: String,
    admin: Option<String>,
    password: Option<Secret>,
    host: Option<HostName>,
}

impl Cells {
    fn take(&mut self, column: Column, text: &str) -> Result<(), (&'static str, String)> {
        let side = if column.is_source() { &mut self.source } else { &mut self.destination };
        if text.chars().any(char::is_control) {
            return Err(("bad_character", "there is a control character in this field".to_owned()));
        }
        match column {
            Column::SourceAccount | Column::DestinationAccount => {
                side.account = user(text)?.ok_or_else(|| ("missing", "an account name is missing".to_owned()))?;
            }
            Column::SourceAdmin | Column::DestinationAdmin => side.admin = user(text)?,
            Column::SourcePassword | Column::DestinationPassword => side.password = password(text)?,
            Column::SourceHost | Column::DestinationHost => side.host = host(text)?,
        }
        Ok(())
    }

    fn into_row(mut self, row: u32, layout: Layout) -> Row {
        if layout == Layout::Request {
            self.destination.account.clone_from(&self.source.account);
        }
        Row { row, source: self.source.into_side(), destination: self.destination.into_side() }
    }
}

impl CellSide {
    fn into_side(self) -> RowSide {
        let (user, act_for) = match self.admin {
            Some(admin) => (admin, Some(self.account)),
            None => (self.account, None),
        };
        RowSide { user, act_for, password: self.password, host: self.host }
    }
}

fn user(text: &str) -> Result<Option<String>, (&'static str, String)> {
    let text = text.trim();
    if text.chars().count() > MAX_USER_CHARS {
        return Err(("too_long", format!("an account name has at most {MAX_USER_CHARS} characters")));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

fn password(text: &str) -> Result<Option<Secret>, (&'static str, String)> {
    if text.chars().count() > MAX_PASSWORD_CHARS {
        return Err(("too_long", format!("a password has at most {MAX_PASSWORD_CHARS} characters")));
    }
    Ok((!text.is_empty()).then(|| Secret::new(text)))
}

fn host(text: &str) -> Result<Option<HostName>, (&'static str, String)> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|reason: mailferry_shared::endpoint::HostNameError| ("bad_host", reason.to_string()))
}

/// Writes rows as a file of `layout` with a header, which [`parse`] reads again: fields that the layout has no
/// column for are left out.
pub fn write(rows: &[Row], layout: Layout, separator: Separator) -> String {
    let columns = columns::of(layout);
    let mut text = shape::join(columns.iter().map(|column| column.title()), separator);
    for row in rows {
        text.push_str(&shape::join(columns.iter().map(|column| column.cell(row)), separator));
    }
    text
}

#[cfg(test)]
mod tests;
