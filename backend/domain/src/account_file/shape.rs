//! What a file looks like: its separator, its layout, whether it has a header; and single lines to and from fields.

use mailferry_shared::import::Layout;

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

pub(super) fn recognise(lines: &[(u32, &str)], layout: Option<Layout>) -> Result<Shape, FileError> {
    let sample = &lines[..lines.len().min(SAMPLE_LINES)];
    let fitting = |separator: Separator| {
        let fits = |line: &str| {
            let found = split(line, separator).and_then(|fields| columns::layout_of(fields.len()));
            found.is_some() && (layout.is_none() || found == layout)
        };
        sample.iter().filter(|(_, line)| fits(line)).count()
    };
    // The first one wins a tie, so a file that fits nothing is shown by its likeliest reading.
    let separator = Separator::ALL.into_iter().rev().max_by_key(|&one| (fitting(one), widest(sample, one)));
    let separator = separator.unwrap_or(Separator::Semicolon);
    let has_header = lines.first().is_some_and(|(_, line)| is_header(line, separator));
    let data = if has_header && sample.len() > 1 { &sample[1..] } else { sample };
    let layout = match layout {
        Some(layout) => layout,
        None => commonest_layout(data, separator).ok_or_else(|| FileError::UnknownLayout(widest(data, separator)))?,
    };
    Ok(Shape { separator, layout, has_header })
}

fn widest(lines: &[(u32, &str)], separator: Separator) -> usize {
    lines.iter().filter_map(|(_, line)| split(line, separator)).map(|fields| fields.len()).max().unwrap_or(1)
}

fn commonest_layout(lines: &[(u32, &str)], separator: Separator) -> Option<Layout> {
    let found = |layout: Layout| {
        let fits = |line: &str| split(line, separator).and_then(|fields| columns::layout_of(fields.len()));
        lines.iter().filter(|(_, line)| fits(line) == Some(layout)).count()
    };
    let layouts = [Layout::Full, Layout::Standard, Layout::Request];
    layouts.into_iter().max_by_key(|&layout| found(layout)).filter(|&layout| found(layout) > 0)
}

/// Words that headers are made of; a line of nothing else is no account.
const HEADER_WORDS: &[&str] = &[
    "account",
    "address",
    "admin",
    "benutzer",
    "benutzername",
    "destination",
    "domain",
    "e",
    "email",
    "from",
    "host",
    "hostname",
    "imap",
    "ip",
    "kennwort",
    "konto",
    "login",
    "mail",
    "mailbox",
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
    "server",
    "source",
    "target",
    "the",
    "to",
    "user",
    "username",
    "ziel",
];

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
pub(super) fn join<'a>(fields: impl Iterator<Item = &'a str>, separator: Separator) -> String {
    let quoted = |field: &str| {
        if field.contains(['"', ';', ',', '\t']) {
            format!("\"{}\"", field.replace('"', "\"\""))
        } else {
            field.to_owned()
        }
    };
    let fields: Vec<String> = fields.map(quoted).collect();
    fields.join(separator.as_str()) + "\r\n"
}
