//! The guard without its IO: a server's bytes in, bytes for the parser out, and what goes past it.
//!
//! It caps what a server may send, lets through the responses that the parser understands (FETCH, counts, FLAGS, status
//! and tagged responses), rewrites the inputs on which the parser would panic or give up, keeps messages from it
//! ([`Bodies`]), and diverts all other untagged responses, whole, for our own parsers.

use bytes::{Buf, BytesMut};

#[cfg(any(test, fuzzing))]
use crate::imap::bodies::Taken;
use crate::imap::bodies::{Bodies, body_literal};

/// Longest line, without literals.
const LINE_LIMIT: usize = 64 << 10;
/// Largest literal: a message of ordinary size; larger ones are asked for in slices.
const LITERAL_LIMIT: u64 = 64 << 20;
/// Most bytes of diverted responses waiting to be taken.
const DIVERTED_LIMIT: usize = 8 << 20;
/// Most bytes of a response that the parser gets, and of messages that wait to be taken.
const RESPONSE_LIMIT: u64 = LITERAL_LIMIT + (1 << 20);
/// Of a message that stays in memory, this much or more is read to where it stays.
const STRAIGHT: u64 = 16 << 10;

/// A server went beyond a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::imap) enum SieveError {
    #[error("the server sent a line over {LINE_LIMIT} bytes")]
    LineTooLong,
    #[error("the server announced a literal of {0} bytes")]
    LiteralTooLarge(u64),
    #[error("the server sent too many responses of a kind that was not asked for")]
    TooMuchDiverted,
    #[error("the server sent a response that does not end")]
    ResponseTooLong,
}

/// What happens to the response that is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Fetch,
    Status,
    Plain,
    Divert,
}

/// Bytes of a server in, bytes for the parser out.
#[derive(Debug, Default)]
pub(super) struct Sieve {
    pub(super) input: BytesMut,
    pub(super) output: BytesMut,
    /// How much of `input` has been searched for a line's end.
    pub(super) searched: usize,
    literal_left: u64,
    /// Set while a response goes on after a literal.
    way: Option<Way>,
    current: Vec<u8>,
    diverted: Vec<Vec<u8>>,
    diverted_bytes: usize,
    pub(super) bodies: Bodies,
    /// What the parser got of the response that is being read.
    passed_bytes: u64,
    pub(super) last_word: LastWord,
    pub(super) hold: Hold,
}

/// Whether what comes behind the next tagged OK is left as it is: it is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Hold {
    #[default]
    No,
    Awaited,
    Held,
}

/// Whether the server keeps silent after its next tagged answer, as it must after STARTTLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum LastWord {
    /// Nobody listens for that.
    #[default]
    Ignored,
    /// The tagged answer has not come.
    Awaited,
    /// It has come.
    Said,
    /// More came after it.
    Exceeded,
}

impl Sieve {
    pub(super) fn sift(&mut self) -> Result<(), SieveError> {
        let mut input = std::mem::take(&mut self.input);
        let sifted = self.sift_all(&mut input);
        self.input = input;
        sifted
    }

    fn sift_all(&mut self, input: &mut BytesMut) -> Result<(), SieveError> {
        loop {
            if self.hold == Hold::Held {
                return Ok(());
            }
            if self.literal_left > 0 {
                if input.is_empty() {
                    return Ok(());
                }
                let take = usize::try_from(self.literal_left).unwrap_or(usize::MAX).min(input.len());
                if !self.bodies.push(&input[..take]) {
                    self.pass(&input[..take])?;
                }
                self.literal_comes(take as u64)?;
                input.advance(take);
                self.searched = 0;
                continue;
            }
            let Some(end) = memchr::memchr(b'\n', &input[self.searched..]) else {
                self.searched = input.len();
                return if input.len() > LINE_LIMIT { Err(SieveError::LineTooLong) } else { Ok(()) };
            };
            let end = self.searched + end + 1;
            self.searched = 0;
            self.line(&input[..end])?;
            input.advance(end);
        }
    }

    /// So much of a literal has been taken.
    pub(super) fn literal_comes(&mut self, bytes: u64) -> Result<(), SieveError> {
        self.literal_left -= bytes;
        if self.literal_left == 0 {
            self.bodies.end();
        }
        self.check_bodies()
    }

    fn check_bodies(&self) -> Result<(), SieveError> {
        if self.bodies.exceeds(RESPONSE_LIMIT) { Err(SieveError::ResponseTooLong) } else { Ok(()) }
    }

    fn line(&mut self, line: &[u8]) -> Result<(), SieveError> {
        if line.len() > LINE_LIMIT {
            return Err(SieveError::LineTooLong);
        }
        let first = self.way.is_none();
        self.last_word = match self.last_word {
            LastWord::Awaited if !line.starts_with(b"*") && !line.starts_with(b"+") => LastWord::Said,
            LastWord::Said => LastWord::Exceeded,
            other => other,
        };
        if self.hold == Hold::Awaited && first && !line.starts_with(b"*") && !line.starts_with(b"+") {
            let ok = line.split(|byte| *byte == b' ').nth(1).is_some_and(|word| word.eq_ignore_ascii_case(b"OK"));
            self.hold = if ok { Hold::Held } else { Hold::No };
        }
        let way = *self.way.get_or_insert_with(|| way_of(line));
        // Only status text may end in braces without meaning a literal.
        let literal = if way == Way::Status { None } else { literal_at_end(line) };
        if let Some(size) = literal.filter(|size| *size > LITERAL_LIMIT) {
            return Err(SieveError::LiteralTooLarge(size));
        }
        match way {
            Way::Fetch => {
                let body = literal.zip(body_literal(line));
                self.pass(&without_nil_date(body.map_or(line, |(_, (brace, _))| &line[..brace])))?;
                if let Some((size, (_, part))) = body {
                    self.bodies.begin(size, part, &mut self.output);
                    self.check_bodies()?;
                }
            }
            // Where it does not fit what went before, the parser may take it for the rest of a FETCH.
            Way::Status => self.pass(&without_nil_date(&parseable_status(line, first)))?,
            Way::Plain => self.pass(&without_nil_date(line))?,
            Way::Divert => self.pass(line)?,
        }
        match literal {
            Some(size) => self.literal_left = size,
            None => self.end_of_response(),
        }
        Ok(())
    }

    fn pass(&mut self, bytes: &[u8]) -> Result<(), SieveError> {
        if self.way == Some(Way::Divert) {
            self.diverted_bytes += bytes.len();
            if self.diverted_bytes > DIVERTED_LIMIT {
                return Err(SieveError::TooMuchDiverted);
            }
            self.current.extend_from_slice(bytes);
        } else {
            self.passed_bytes += bytes.len() as u64;
            if self.passed_bytes > RESPONSE_LIMIT {
                return Err(SieveError::ResponseTooLong);
            }
            self.output.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn end_of_response(&mut self) {
        self.passed_bytes = 0;
        if self.way.take() == Some(Way::Divert) {
            self.diverted.push(std::mem::take(&mut self.current));
        }
    }

    /// How much may be read straight to the end of the message that is coming, if it is worth it.
    pub(super) fn straight(&self) -> Option<usize> {
        let worth_it = self.literal_left >= STRAIGHT && self.input.is_empty() && self.bodies.is_kept_in_memory();
        worth_it.then(|| usize::try_from(self.literal_left).unwrap_or(usize::MAX))
    }

    pub(super) fn take_diverted(&mut self) -> Vec<Vec<u8>> {
        self.diverted_bytes = 0;
        std::mem::take(&mut self.diverted)
    }
}

/// Decides by a response's first words.
fn way_of(line: &[u8]) -> Way {
    let Some(rest) = line.strip_prefix(b"* ") else {
        return Way::Status;
    };
    let mut words = rest.split(|&byte| byte == b' ' || byte == b'\r' || byte == b'\n').filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default();
    if first.iter().all(u8::is_ascii_digit) && !first.is_empty() {
        let second = words.next().unwrap_or_default();
        return if second.eq_ignore_ascii_case(b"FETCH") {
            Way::Fetch
        } else if is_one_of(second, &["EXISTS", "RECENT", "EXPUNGE"]) {
            Way::Plain
        } else {
            Way::Divert
        };
    }
    if is_one_of(first, &["OK", "NO", "BAD", "BYE", "PREAUTH"]) {
        Way::Status
    } else if first.eq_ignore_ascii_case(b"FLAGS") {
        Way::Plain
    } else {
        Way::Divert
    }
}

fn is_one_of(word: &[u8], words: &[&str]) -> bool {
    words.iter().any(|other| word.eq_ignore_ascii_case(other.as_bytes()))
}

/// The size in `{n}` or `~{n}` at a line's end.
fn literal_at_end(line: &[u8]) -> Option<u64> {
    let line = line.strip_suffix(b"\r\n").or_else(|| line.strip_suffix(b"\n"))?;
    let inner = line.strip_suffix(b"}")?;
    let start = inner.iter().rposition(|&byte| byte == b'{')?;
    let digits = std::str::from_utf8(&inner[start + 1..]).ok()?;
    digits.trim_end_matches('+').parse().ok()
}

/// The parser panics on `INTERNALDATE NIL`, wherever in a response it stands.
fn without_nil_date(line: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    const NIL_DATE: &[u8] = b"INTERNALDATE NIL";
    let next = |from: usize| {
        let starts = memchr::memchr2_iter(b'I', b'i', &line[from..]).map(|at| from + at);
        let mut dates = starts.filter(|&at| {
            line.get(at..at + NIL_DATE.len()).is_some_and(|window| window.eq_ignore_ascii_case(NIL_DATE))
        });
        dates.next()
    };
    let Some(mut at) = next(0) else { return line.into() };
    let (mut without, mut from) = (Vec::with_capacity(line.len()), 0);
    loop {
        without.extend_from_slice(&line[from..at]);
        without.extend_from_slice(b"INTERNALDATE \"\"");
        from = at + NIL_DATE.len();
        match next(from) {
            Some(further) => at = further,
            None => break,
        }
    }
    without.extend_from_slice(&line[from..]);
    without.into()
}

/// Status text for people: made ASCII, since the parser panics on some other bytes; a bare `+` gets its space, and a
/// status without text gets one.
fn parseable_status(line: &[u8], first: bool) -> Vec<u8> {
    let mut line: Vec<u8> = line.iter().map(|&byte| if byte.is_ascii() && byte != 0 { byte } else { b'?' }).collect();
    while matches!(line.last(), Some(b'\r' | b'\n')) {
        line.pop();
    }
    let words = line.split(|&byte| byte == b' ').filter(|word| !word.is_empty()).count();
    if first && line == b"+" {
        line.push(b' ');
    } else if first && words == 2 && !line.starts_with(b"+") {
        line.extend_from_slice(b" -");
    }
    line.extend_from_slice(b"\r\n");
    line
}

/// What becomes of a server's bytes.
#[cfg(any(test, fuzzing))]
#[derive(Debug, PartialEq, Eq)]
pub(in crate::imap) struct Sifted {
    /// What the parser sees.
    pub(in crate::imap) passed: Vec<u8>,
    /// What is diverted, response by response.
    pub(in crate::imap) diverted: Vec<Vec<u8>>,
    /// What goes past the parser.
    pub(in crate::imap) bodies: Vec<bytes::Bytes>,
}

/// Sifts bytes that arrive in pieces.
#[cfg(any(test, fuzzing))]
pub(in crate::imap) fn sift(bytes: &[u8], piece: usize) -> Result<Sifted, SieveError> {
    let mut sieve = Sieve::default();
    for piece in bytes.chunks(piece) {
        sieve.input.extend_from_slice(piece);
        sieve.sift()?;
    }
    let diverted = sieve.take_diverted();
    let bodies = (0..1_000).map_while(|number| match sieve.bodies.take(format!("\r\n{number:016x}").as_bytes()) {
        Taken::Body(body) => body.in_memory(),
        Taken::NoStandIn | Taken::Unknown => None,
    });
    Ok(Sifted { bodies: bodies.collect(), passed: sieve.output.to_vec(), diverted })
}

#[cfg(test)]
mod tests;
