//! What a file looks like: its separator, its layout, whether it has a header; and single lines to and from fields.

use mailferry_shared::{import::Layout, secret::Secret};

use super::{FileError, columns};

/// What stands between two fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// `;`
    Semicolon,
    /// `,`
    Comma,
    /// A tab.
    Tab,
}

impl Separator {
    /// Every one, the likeliest first.
    pub const ALL: [Self; 3] = [Self::Semicolon, Self::Comma, Self::Tab];

    /// The character.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Semicolon => ";",
            Self::Comma => ",",
            Self::Tab => "\t",
        }
    }

    fn byte(self) -> u8 {
        self.as_str().as_bytes()[0]
    }
}

/// What was recognised.
pub(super) struct Shape {
    pub(super) separator: Separator,
    pub(super) layout: Layout,
    pub(super) has_header: bool,
}

/// So many lines are looked at to recognise separator and layout.
const SAMPLE_LINES: usize = 50;

/// The separator that a spreadsheet's first line `sep=;` announces, and what follows that line.
pub(super) fn announced_separator(text: &str) -> (Option<Separator>, &str) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let sign = first.trim_end_matches('\r').trim_matches('"').strip_prefix("sep=");
    let found = sign.and_then(|sign| Separator::ALL.into_iter().find(|separator| separator.as_str() == sign));
    if found.is_some() { (found, rest) } else { (None, text) }
}

/// The line with other cells; `None` stays as it is.
pub(super) fn corrected(line: &str, cells: &[Option<Secret>], separator: Separator) -> String {
    // A line with an open quote has no cells of its own that could stay.
    let mut fields = split(line, separator).unwrap_or_default();
    for (at, cell) in cells.iter().enumerate() {
        if at >= fields.len() {
            fields.push(String::new());
        }
        if let Some(cell) = cell {
            cell.expose().clone_into(&mut fields[at]);
        }
    }
    fields.truncate(cells.len());
    let line = join(fields.into_iter(), separator);
    line.trim_end_matches("\r\n").to_owned()
}

/// The cells of a bad row, to be shown and corrected: never a password, and of a row whose cells do not stand where they
/// should nothing that could be one.
pub(super) fn shown(line: &str, shape: &Shape) -> Vec<Option<String>> {
    let columns = columns::of(shape.layout);
    let fields = split(line, shape.separator).unwrap_or_default();
    let (least, most) = columns::field_counts(shape.layout);
    if !(least..=most).contains(&fields.len()) {
        return vec![None; most];
    }
    let cell = |(at, field): (usize, String)| {
        let is_secret = columns.get(at).is_none_or(|column| column.is_password());
        (!is_secret).then_some(field)
    };
    fields.into_iter().enumerate().map(cell).collect()
}

pub(super) fn recognise(
    lines: &[(u32, &str)],
    layout: Option<Layout>,
    announced: Option<Separator>,
) -> Result<Shape, FileError> {
    let sample = &lines[..lines.len().min(SAMPLE_LINES)];
    let fitting = |separator: Separator| {
        let fits = |line: &str| {
            let Some(fields) = split(line, separator) else { return false };
            match layout {
                Some(layout) => {
                    let (least, most) = columns::field_counts(layout);
                    (least..=most).contains(&fields.len())
                }
                None => columns::layout_of(&fields).is_some(),
            }
        };
        sample.iter().filter(|(_, line)| fits(line)).count()
    };
    // The first one wins a tie, so a file that fits nothing is shown by its likeliest reading.
    let separator = Separator::ALL.into_iter().rev().max_by_key(|&one| (fitting(one), widest(sample, one)));
    let separator = announced.or(separator).unwrap_or(Separator::Semicolon);
    let has_header = lines.first().is_some_and(|(_, line)| is_header(line, separator));
    let data = if has_header && sample.len() > 1 { &sample[1..] } else { sample };
    let layout = match layout {
        Some(layout) => layout,
        None if has_header && is_microsoft(lines[0].1, separator) => Layout::Microsoft,
        None => commonest_layout(data, separator).ok_or_else(|| FileError::UnknownLayout(widest(data, separator)))?,
    };
    Ok(Shape { separator, layout, has_header })
}

fn widest(lines: &[(u32, &str)], separator: Separator) -> usize {
    lines.iter().filter_map(|(_, line)| split(line, separator)).map(|fields| fields.len()).max().unwrap_or(1)
}

fn commonest_layout(lines: &[(u32, &str)], separator: Separator) -> Option<Layout> {
    let found = |layout: Layout| {
        let fits = |line: &str| split(line, separator).and_then(|fields| columns::layout_of(&fields));
        lines.iter().filter(|(_, line)| fits(line) == Some(layout)).count()
    };
    let layouts = [Layout::Full, Layout::Pairs, Layout::MasterUser, Layout::Standard, Layout::Request];
    layouts.into_iter().max_by_key(|&layout| found(layout)).filter(|&layout| found(layout) > 0)
}

/// Words that headers are made of; a line of nothing else is no account.
const HEADER_WORDS: &[&str] = &[
    "account",
    "act",
    "address",
    "admin",
    "benutzer",
    "benutzername",
    "destination",
    "domain",
    "e",
    "email",
    "emailaddress",
    "for",
    "from",
    "group",
    "host",
    "hostname",
    "imap",
    "ip",
    "kennwort",
    "konto",
    "login",
    "mail",
    "mailbox",
    "master",
    "name",
    "new",
    "of",
    "old",
    "or",
    "pass",
    "passwd",
    "password",
    "passwort",
    "pw",
    "quelle",
    "root",
    "server",
    "source",
    "target",
    "the",
    "to",
    "user",
    "username",
    "userroot",
    "ziel",
];

/// The header that Microsoft's own tools want.
fn is_microsoft(line: &str, separator: Separator) -> bool {
    let fields = split(line, separator).unwrap_or_default();
    let is = |at: usize, name: &str| fields.get(at).is_some_and(|field| field.trim().eq_ignore_ascii_case(name));
    is(0, "EmailAddress") && is(1, "UserName") && is(2, "Password")
}

fn is_header(line: &str, separator: Separator) -> bool {
    let Some(fields) = split(line, separator) else { return false };
    let mut words = 0;
    for word in fields.iter().flat_map(|field| field.split(|c: char| !c.is_alphanumeric())) {
        if word.is_empty() {
            continue;
        }
        words += 1;
        if !HEADER_WORDS.contains(&word.to_lowercase().as_str()) {
            return false;
        }
    }
    // An address or a host name made of header words is still an address.
    words > 1 && !line.contains('@') && !line.contains('.')
}

/// The fields of a line; `None` if a quote is opened and never closed.
pub(super) fn split(line: &str, separator: Separator) -> Option<Vec<String>> {
    if has_open_quote(line, separator) {
        return None;
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator.byte())
        .from_reader(line.as_bytes());
    let record = reader.records().next()?.ok()?;
    Some(record.iter().map(ToOwned::to_owned).collect())
}

/// A quote opens at the beginning of a field only, and is doubled within.
fn has_open_quote(line: &str, separator: Separator) -> bool {
    let (mut quoted, mut at_start) = (false, true);
    for byte in line.bytes() {
        if byte == b'"' && (quoted || at_start) {
            // A doubled quote closes and opens again: the field goes on.
            quoted = !quoted;
            at_start = !quoted;
        } else {
            at_start = !quoted && byte == separator.byte();
        }
    }
    quoted
}

/// A line of `fields` with CRLF (RFC 4180 section 2).
pub(super) fn join(fields: impl Iterator<Item = String>, separator: Separator) -> String {
    let quoted = |field: String| {
        if field.contains(['"', ';', ',', '\t']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
    };
    let fields: Vec<String> = fields.map(quoted).collect();
    fields.join(separator.as_str()) + "\r\n"
}
