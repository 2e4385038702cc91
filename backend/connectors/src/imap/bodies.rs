//! Messages on their way past the parser: the guard keeps each as it came, and the parser gets a stand-in of few bytes.
//! So nothing parses, copies or zeroes what is by far the most of all that a source sends.

use std::{collections::VecDeque, fmt, io};

use bytes::{BufMut, Bytes, BytesMut};
use mailferry_engine::port::{Body, BodyWriter, SPOOL_THRESHOLD_BYTES};

/// What is allocated at once at most, whatever a server announces.
const AT_ONCE: usize = 4 << 20;
/// Bytes of a stand-in: a line end, which no quoted string can hold, and a number.
const STAND_IN: usize = 18;
/// Most bodies waiting to be taken; a read brings fewer.
const MOST: usize = 16 << 10;

/// Bodies that were kept from the parser, numbered in the order they came.
#[derive(Debug)]
pub(super) struct Bodies {
    /// Whole messages above this do not stay in memory.
    pub(super) spool_above: u64,
    open: Option<Open>,
    whole: VecDeque<Came>,
    /// Number of the first of `whole`.
    first: u64,
    /// Bytes of `whole`.
    size_bytes: u64,
}

impl Default for Bodies {
    fn default() -> Self {
        Self { spool_above: SPOOL_THRESHOLD_BYTES, open: None, whole: VecDeque::new(), first: 0, size_bytes: 0 }
    }
}

/// A body on its way.
enum Open {
    Memory(BytesMut),
    /// Of so many bytes, of which none has come: what a server announces makes no file.
    Announced(u64),
    /// Or what went wrong with its file: the rest of it is read to nowhere.
    Spool(io::Result<Box<BodyWriter>>),
}

impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory(_) => "Memory",
            Self::Announced(_) => "Announced",
            Self::Spool(_) => "Spool",
        })
    }
}

/// A body that has come.
#[derive(Debug)]
pub(super) enum Came {
    Memory(Bytes),
    /// A large message, or what went wrong with its file.
    Spooled(io::Result<Body>),
}

impl Came {
    /// Its bytes, wherever they are.
    pub(super) fn size_bytes(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::Spooled(body) => body.as_ref().map_or(0, Body::len),
        }
    }

    /// The bytes of what is never spooled: a part of a message.
    pub(super) fn in_memory(self) -> Option<Bytes> {
        if let Self::Memory(bytes) = self { Some(bytes) } else { None }
    }

    /// The message.
    ///
    /// # Errors
    /// If its file could not be made or written.
    pub(super) fn body(self) -> io::Result<Body> {
        match self {
            Self::Memory(bytes) => Ok(Body::from_bytes(bytes)),
            Self::Spooled(body) => body,
        }
    }
}

impl Bodies {
    /// Begins a body, and puts its stand-in behind what stands before it in the line.
    pub(super) fn begin(&mut self, size_bytes: u64, part: BodyPart, output: &mut BytesMut) {
        let number = self.first + self.whole.len() as u64;
        output.extend_from_slice(format!("{{{STAND_IN}}}\r\n\r\n{number:016x}").as_bytes());
        self.open = Some(if part == BodyPart::Whole && size_bytes > self.spool_above {
            Open::Announced(size_bytes)
        } else {
            let expected = usize::try_from(size_bytes).unwrap_or(usize::MAX);
            Open::Memory(BytesMut::with_capacity(expected.min(AT_ONCE)))
        });
        if size_bytes == 0 {
            self.end();
        }
    }

    /// True while a body comes that stays in memory.
    pub(super) fn is_kept_in_memory(&self) -> bool {
        matches!(self.open, Some(Open::Memory(_)))
    }

    /// Where the rest of a body goes, if one has begun that stays in memory.
    pub(super) fn open(&mut self) -> Option<&mut BytesMut> {
        if let Some(Open::Memory(body)) = &mut self.open { Some(body) } else { None }
    }

    /// Takes a piece of the body that has begun; false if none has.
    pub(super) fn push(&mut self, piece: &[u8]) -> bool {
        if let Some(Open::Announced(size_bytes)) = self.open {
            self.open = Some(Open::Spool(BodyWriter::new(size_bytes).map(Box::new)));
        }
        match &mut self.open {
            Some(Open::Memory(body)) => body.put_slice(piece),
            Some(Open::Spool(spool)) => {
                if let Ok(writer) = spool
                    && let Err(error) = writer.write(piece)
                {
                    *spool = Err(error);
                }
            }
            Some(Open::Announced(_)) | None => return false,
        }
        true
    }

    /// The body that has begun is complete.
    pub(super) fn end(&mut self) {
        let Some(open) = self.open.take() else { return };
        let came = match open {
            Open::Memory(body) => Came::Memory(body.freeze()),
            Open::Announced(_) => Came::Memory(Bytes::new()),
            Open::Spool(writer) => Came::Spooled(writer.and_then(|writer| writer.finish())),
        };
        self.size_bytes += came.size_bytes();
        self.whole.push_back(came);
    }

    /// True if more wait than anybody asks for at once.
    pub(super) fn exceeds(&self, most_bytes: u64) -> bool {
        self.whole.len() > MOST || self.size_bytes > most_bytes
    }

    /// The body that `data` stands for; what came before it and was not taken is of no use to anybody.
    pub(super) fn take(&mut self, data: &[u8]) -> Taken {
        let Some(number) = number(data) else { return Taken::NoStandIn };
        while self.first <= number {
            let Some(body) = self.whole.pop_front() else { return Taken::Unknown };
            self.size_bytes -= body.size_bytes();
            self.first += 1;
            if self.first > number {
                return Taken::Body(body);
            }
        }
        Taken::Unknown
    }
}

/// What some data stands for.
#[derive(Debug)]
pub(super) enum Taken {
    /// This.
    Body(Came),
    /// Itself.
    NoStandIn,
    /// Nothing that there is: the server's words did not fit each other.
    Unknown,
}

fn number(data: &[u8]) -> Option<u64> {
    let digits = data.strip_prefix(b"\r\n").filter(|digits| digits.len() + 2 == STAND_IN)?;
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Whether a literal is a message or a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyPart {
    Whole,
    FromOffset,
}

/// Where the `{` of a literal stands in this line of a FETCH response, if the literal is a message or a part of one by
/// offset: `BODY[] {5}` or `BODY[]<0> {5}` (RFC 9051 section 7.5.2).
pub(super) fn body_literal(line: &[u8]) -> Option<(usize, BodyPart)> {
    let brace = memchr::memrchr(b'{', line)?;
    let before = line[..brace].strip_suffix(b" ")?;
    let (name, part) = match before.strip_suffix(b">") {
        Some(offset) => (&offset[..memchr::memrchr(b'<', offset)?], BodyPart::FromOffset),
        None => (before, BodyPart::Whole),
    };
    let name = name.last_chunk::<6>()?;
    name.eq_ignore_ascii_case(b"BODY[]").then_some((brace, part))
}

#[cfg(test)]
mod tests;
