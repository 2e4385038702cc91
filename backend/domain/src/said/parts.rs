//! What the parts of a message hold, taken line by line: a message of any size needs no more memory than its longest header.

use crate::{
    print::body_offset,
    said::{
        Kind, Said, fields,
        leaf::{Coding, Leaf},
    },
};

/// Parts within parts are looked into so deep.
const DEEPEST: usize = 16;
/// Longer lines are taken in pieces of this size; none of them is the line of a boundary.
const LINE_BYTES: usize = 4 << 10;
/// A header that is longer is not one.
const HEAD_BYTES: usize = 1 << 20;

/// A hash of what the parts of a message hold, in whatever order: texts as letters without any space, files as their
/// bytes. How they are put together and encoded (RFC 2045, RFC 2046) makes no difference.
#[derive(Debug, Default)]
pub struct Parts {
    /// What has come of a line.
    line: Vec<u8>,
    /// True if that is the rest of a longer one.
    goes_on: bool,
    /// Open multiparts, the outermost first.
    open: Vec<Multipart>,
    now: Now,
    depth: usize,
    hash: u64,
}

#[derive(Debug)]
struct Multipart {
    /// With its two hyphens.
    boundary: Vec<u8>,
    depth: usize,
}

/// What a line belongs to.
#[derive(Debug)]
enum Now {
    /// A header; of a message that is passed on, if so said.
    Head {
        lines: Vec<u8>,
        is_passed_on: bool,
    },
    /// What a multipart begins with; that counts only if it has no parts.
    Preamble(Leaf),
    Leaf(Leaf),
    /// A message that is passed on encoded; and what is written, in case it is not encoded as it is said to be.
    Encoded(Coding, Box<Parts>, Box<Leaf>),
    /// What comes behind the last part.
    Epilogue,
}

impl Default for Now {
    fn default() -> Self {
        Self::Head { lines: Vec::new(), is_passed_on: false }
    }
}

impl Parts {
    /// Takes the next piece of the message.
    pub fn push(&mut self, mut piece: &[u8]) {
        while !piece.is_empty() {
            let room = LINE_BYTES - self.line.len();
            let end = memchr::memchr(b'\n', piece).map_or(piece.len(), |at| at + 1).min(room);
            let (line, rest) = piece.split_at(end);
            piece = rest;
            let is_whole = line.ends_with(b"\n") || end == room;
            if is_whole && self.line.is_empty() {
                self.take(line);
            } else {
                self.line.extend_from_slice(line);
                if is_whole {
                    self.take_kept();
                }
            }
        }
    }

    /// The hash, once all has come.
    pub fn finish(mut self) -> u64 {
        self.end();
        self.hash
    }

    fn end(&mut self) {
        self.take_kept();
        self.end_head();
        self.end_part();
    }

    /// All of a part may be header.
    fn end_head(&mut self) {
        if let Now::Head { lines, is_passed_on } = &mut self.now {
            let (lines, is_passed_on) = (std::mem::take(lines), *is_passed_on);
            self.begin_body(&lines, is_passed_on);
        }
    }

    fn take_kept(&mut self) {
        let line = std::mem::take(&mut self.line);
        self.take(&line);
    }

    fn take(&mut self, line: &[u8]) {
        let begins = !std::mem::replace(&mut self.goes_on, !line.ends_with(b"\n"));
        if begins && let Some((at, is_last)) = self.boundary(line) {
            return self.next_part(at, is_last);
        }
        match &mut self.now {
            Now::Head { lines, .. } => {
                lines.extend_from_slice(line);
                if (begins && matches!(line, b"\n" | b"\r\n")) || lines.len() >= HEAD_BYTES {
                    self.end_head();
                }
            }
            Now::Preamble(leaf) | Now::Leaf(leaf) => leaf.push(line),
            Now::Encoded(coding, message, written) => {
                written.push(line);
                coding.decode(line, |bytes| message.push(bytes));
            }
            Now::Epilogue => {}
        }
    }

    /// The multipart whose boundary this line is, and whether it is the last (RFC 2046 section 5.1.1).
    fn boundary(&self, line: &[u8]) -> Option<(usize, bool)> {
        if !line.starts_with(b"--") {
            return None;
        }
        self.open.iter().enumerate().find_map(|(at, multipart)| {
            let behind = line.strip_prefix(multipart.boundary.as_slice())?;
            let is_last = behind.starts_with(b"--");
            // The boundary of a part within it may begin with the same letters.
            (is_last || behind.trim_ascii().is_empty()).then_some((at, is_last))
        })
    }

    fn next_part(&mut self, at: usize, is_last: bool) {
        let is_own = at + 1 == self.open.len();
        if matches!(self.now, Now::Preamble(_)) && is_own && !is_last {
            self.now = Now::Epilogue;
        }
        self.end_head();
        self.end_part();
        self.depth = self.open.get(at).map_or(0, |multipart| multipart.depth + 1);
        self.open.truncate(if is_last { at } else { at + 1 });
        self.now = if is_last { Now::Epilogue } else { Now::default() };
    }

    fn begin_body(&mut self, head: &[u8], is_passed_on: bool) {
        let head = &head[..body_offset(head)];
        if is_passed_on {
            // A message that is passed on tells by its own header which one it is.
            for field in fields(head) {
                self.add(field.into());
            }
        }
        let (kind, coding) = (Kind::of(head), Coding::of(head));
        let may_go_deeper = self.depth < DEEPEST;
        self.now = match kind.boundary {
            Some(boundary) if kind.is_multipart && may_go_deeper => {
                self.open.push(Multipart { boundary: [b"--", boundary.as_slice()].concat(), depth: self.depth });
                Now::Preamble(Leaf::new(Coding::of(b""), false, ""))
            }
            _ if kind.is_message && may_go_deeper => self.message(coding),
            _ => Now::Leaf(Leaf::new(coding, kind.is_text, &kind.charset)),
        };
    }

    fn message(&mut self, coding: Coding) -> Now {
        let now = Now::Head { lines: Vec::new(), is_passed_on: true };
        if coding.is_none() {
            self.depth += 1;
            return now;
        }
        let written = Leaf::new(Coding::of(b""), false, "");
        Now::Encoded(coding, Box::new(Self { now, depth: self.depth + 1, ..Self::default() }), Box::new(written))
    }

    fn end_part(&mut self) {
        match std::mem::replace(&mut self.now, Now::Epilogue) {
            Now::Preamble(leaf) | Now::Leaf(leaf) => leaf.finish().into_iter().for_each(|part| self.add(part)),
            Now::Encoded(mut coding, mut message, written) => {
                coding.end(|bytes| message.push(bytes));
                if coding.is_bad() {
                    return written.finish().into_iter().for_each(|part| self.add(part));
                }
                self.hash = self.hash.wrapping_add(message.finish());
            }
            Now::Head { .. } | Now::Epilogue => {}
        }
    }

    /// In whatever order.
    fn add(&mut self, part: u64) {
        let mut said = Said::default();
        said.bytes(&part.to_le_bytes());
        self.hash = self.hash.wrapping_add(said.finish());
    }
}

/// The same of a message that is in memory.
pub fn parts(message: &[u8]) -> u64 {
    let mut parts = Parts::default();
    parts.push(message);
    parts.finish()
}
