//! Repairs of messages that a destination refuses as they are: each changes as little as it can, and nothing at all
//! where nothing is wrong.
//!
//! Bytes go in piece by piece and come out piece by piece, so that a message of any size needs little memory: a line,
//! and its header.

mod header;
mod lines;
mod words;

use std::fmt;

pub use mailferry_shared::finding::Repair;

use self::lines::Lines;

/// A header that is longer than this is left as it is.
const HEADER_LIMIT: usize = 256 << 10;
/// The longest line without its end (RFC 5322 section 2.1.1).
const LINE_LIMIT: usize = 998;

/// What was repaired in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Repairs(u8);

impl Repairs {
    /// As a number for the ledger.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// From the ledger's number.
    pub fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// These and one more.
    #[must_use]
    pub fn and(self, repair: Repair) -> Self {
        Self(self.0 | bit(repair))
    }

    /// True if `repair` is among them.
    pub fn contains(self, repair: Repair) -> bool {
        self.0 & bit(repair) != 0
    }

    /// From the words of [`Repairs`]' `Display`; words that are none of them, of a newer version perhaps, are left out.
    #[must_use]
    pub fn from_words(words: &str) -> Self {
        let named = |repair: &Repair| words.split(", ").any(|word| word == repair.to_string());
        Repair::all().filter(named).fold(Self::default(), Self::and)
    }

    /// One by one, in the order in which they are tried.
    pub fn list(self) -> Vec<Repair> {
        Repair::all().filter(|repair| self.contains(*repair)).collect()
    }
}

/// Its place in the ledger's number, which is kept: new repairs go to the end.
fn bit(repair: Repair) -> u8 {
    1 << repair as u8
}

/// In English: "line ends, NUL bytes".
impl fmt::Display for Repairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.list().iter().map(ToString::to_string).collect();
        f.write_str(&words.join(", "))
    }
}

/// Repairs one message.
#[derive(Debug)]
pub struct Repairer {
    last: Repair,
    /// Carriage returns that nothing followed yet.
    returns: usize,
    /// The lines of the header so far; `None` in the body.
    header: Option<Header>,
    body: Lines,
}

#[derive(Debug, Default)]
struct Header {
    lines: Vec<Vec<u8>>,
    line: Vec<u8>,
    size: usize,
}

impl Repairer {
    /// Applies all repairs up to `last`.
    pub fn new(last: Repair) -> Self {
        Self { last, returns: 0, header: Some(Header::default()), body: Lines::new(last) }
    }

    /// Takes a piece and puts to `out` what is sure by now.
    pub fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        for &byte in piece {
            match byte {
                0 if self.last >= Repair::NulBytes => {}
                b'\r' => self.returns += 1,
                b'\n' => {
                    // Several before one LF are one line's end, written twice or more.
                    self.returns = 0;
                    self.end_line(out);
                }
                byte => {
                    self.lone_returns(out);
                    self.byte(byte, out);
                }
            }
        }
    }

    /// Puts the rest to `out`.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.returns) > 0 {
            self.end_line(out);
        }
        if let Some(mut header) = self.header.take() {
            let unfinished = !header.line.is_empty();
            if unfinished {
                header.lines.push(std::mem::take(&mut header.line));
            }
            let ended = unfinished && self.last < Repair::FinalLineEnd;
            self.write_header(header.lines, End::Missing { last_line_open: ended }, out);
        }
        self.body.finish(out);
    }

    fn lone_returns(&mut self, out: &mut Vec<u8>) {
        for _ in 0..std::mem::take(&mut self.returns) {
            // In a header a new line would be a new field, or its end.
            if self.header.is_some() { self.byte(b' ', out) } else { self.end_line(out) }
        }
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        let Some(header) = &mut self.header else { return self.body.byte(byte, out) };
        header.line.push(byte);
        header.size += 1;
        if header.size > HEADER_LIMIT {
            let header = self.header.take().unwrap_or_default();
            for line in &header.lines {
                out.extend_from_slice(line);
                out.extend_from_slice(b"\r\n");
            }
            self.body.bytes(&header.line, out);
        }
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        let Some(header) = &mut self.header else { return self.body.end_line(out) };
        if header.line.is_empty() {
            let lines = self.header.take().unwrap_or_default().lines;
            self.write_header(lines, End::EmptyLine, out);
        } else {
            header.lines.push(std::mem::take(&mut header.line));
        }
    }

    fn write_header(&mut self, lines: Vec<Vec<u8>>, end: End, out: &mut Vec<u8>) {
        if self.last < Repair::Header {
            let open = matches!(end, End::Missing { last_line_open: true });
            let all = lines.len();
            for (n, line) in lines.into_iter().enumerate() {
                out.extend(line);
                if !(open && n + 1 == all) {
                    out.extend_from_slice(b"\r\n");
                }
            }
            if matches!(end, End::EmptyLine) {
                out.extend_from_slice(b"\r\n");
            }
            return;
        }
        let (fields, body) = header::fields_and_body(lines);
        let fields: Vec<Vec<u8>> = if self.last >= Repair::HeaderEncoding { header::encoded(fields) } else { fields };
        self.body.learn(&fields);
        for field in &fields {
            if self.last >= Repair::LongLines {
                header::fold(field, out);
            } else {
                out.extend_from_slice(field);
            }
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
        let began = !body.is_empty();
        for line in body {
            self.body.bytes(&line, out);
            self.body.end_line(out);
        }
        if began && matches!(end, End::EmptyLine) {
            // What ended the header is a line of the body now.
            self.body.end_line(out);
        }
    }
}

/// How a header ends.
#[derive(Clone, Copy)]
enum End {
    EmptyLine,
    /// The message ends with it.
    Missing {
        last_line_open: bool,
    },
}

/// A whole message with all repairs up to `last`.
pub fn repaired(message: &[u8], last: Repair) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 64);
    let mut repairer = Repairer::new(last);
    repairer.push(message, &mut out);
    repairer.finish(&mut out);
    out
}

#[cfg(test)]
mod tests;
