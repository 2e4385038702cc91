//! Encoded words (RFC 2047) for what a header may hold in letters beyond ASCII.

use std::fmt::Write;

const PREFIX: &str = "=?UTF-8?Q?";
const SUFFIX: &str = "?=";
/// The longest encoded word (RFC 2047 section 2).
const WORD_LIMIT: usize = 75;

enum Piece {
    /// Stays as it is.
    Plain(String),
    /// Between words: goes into the encoded word if both sides are encoded.
    Space(String),
    Foreign(String),
    /// What stood in quotes.
    Quoted(String),
}

/// A field with its folds, in ASCII. Letters are read as UTF-8, else as Latin-1.
pub(super) fn encode_field(field: &[u8]) -> String {
    let text = match std::str::from_utf8(field) {
        Ok(text) => text.to_owned(),
        Err(_) => field.iter().map(|&byte| char::from(byte)).collect(),
    };
    // Programs look for encoded words in the quotes of a file's name, though the RFC does not.
    let keeps_quotes = text.get(..8).is_some_and(|name| name.eq_ignore_ascii_case("content-"));
    let mut out = String::with_capacity(text.len() * 2);
    let (name, value) = text.split_at(text.find(':').map_or(0, |colon| colon + 1));
    out.push_str(name);
    let mut spaces: Option<String> = None;
    let mut run = String::new();
    for piece in pieces(value) {
        let foreign = match piece {
            Piece::Foreign(text) => text,
            Piece::Quoted(text) if !keeps_quotes => text,
            Piece::Quoted(text) => {
                end_run(&mut out, &mut run, spaces.take());
                out.push('"');
                write_words(&mut out, &text);
                out.push('"');
                continue;
            }
            Piece::Space(text) if !run.is_empty() => {
                spaces = Some(text);
                continue;
            }
            Piece::Space(text) | Piece::Plain(text) => {
                end_run(&mut out, &mut run, spaces.take());
                out.push_str(&text);
                continue;
            }
        };
        run.extend(spaces.take().iter().flat_map(|text| text.chars()).filter(|c| !matches!(c, '\r' | '\n')));
        run.push_str(&foreign);
    }
    end_run(&mut out, &mut run, spaces);
    out
}

fn end_run(out: &mut String, run: &mut String, spaces: Option<String>) {
    if !run.is_empty() {
        write_words(out, run);
        run.clear();
    }
    out.push_str(&spaces.unwrap_or_default());
}

fn write_words(out: &mut String, text: &str) {
    let room = WORD_LIMIT - PREFIX.len() - SUFFIX.len();
    let mut word = String::new();
    let mut first = true;
    let mut flush = |word: &mut String| {
        if !first {
            out.push_str("\r\n ");
        }
        first = false;
        out.push_str(PREFIX);
        out.push_str(word);
        out.push_str(SUFFIX);
        word.clear();
    };
    for c in text.chars() {
        let spelt = spelt(c);
        if word.len() + spelt.len() > room {
            flush(&mut word);
        }
        word.push_str(&spelt);
    }
    flush(&mut word);
}

/// A character in the encoding Q, in the strict form that may stand anywhere (RFC 2047 section 5).
fn spelt(c: char) -> String {
    match c {
        ' ' => "_".to_owned(),
        c if c.is_ascii_alphanumeric() || "!*+-/".contains(c) => c.to_string(),
        c => {
            let mut bytes = [0; 4];
            c.encode_utf8(&mut bytes).bytes().fold(String::new(), |mut text, byte| {
                let _ = write!(text, "={byte:02X}");
                text
            })
        }
    }
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let piece = if first == '"'
            && let Some((inner, length)) = quoted(rest)
        {
            let whole = &rest[..length];
            rest = &rest[length..];
            if inner.is_ascii() { Piece::Plain(whole.to_owned()) } else { Piece::Quoted(inner) }
        } else if is_space(first) {
            Piece::Space(take(&mut rest, is_space).to_owned())
        } else if is_sign(first) {
            let (sign, behind) = rest.split_at(1);
            rest = behind;
            Piece::Plain(sign.to_owned())
        } else {
            let word = take(&mut rest, |c| !is_space(c) && !is_sign(c));
            if word.is_ascii() { Piece::Plain(word.to_owned()) } else { Piece::Foreign(word.to_owned()) }
        };
        pieces.push(piece);
    }
    pieces
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_sign(c: char) -> bool {
    matches!(c, '(' | ')' | '<' | '>' | ',' | ';' | '"' | '=')
}

fn take<'a>(rest: &mut &'a str, belongs: impl Fn(char) -> bool) -> &'a str {
    let end = rest.find(|c| !belongs(c)).unwrap_or(rest.len());
    let (taken, behind) = rest.split_at(end);
    *rest = behind;
    taken
}

/// What stands in the quotes that `text` begins with, and their length with it.
fn quoted(text: &str) -> Option<(String, usize)> {
    let mut inner = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((inner, at + 1)),
            '\\' => inner.extend(chars.next().map(|(_, c)| c)),
            '\r' | '\n' => {}
            c => inner.push(c),
        }
    }
    None
}
