//! Messages on their way past the parser: the guard keeps each as it came, and the parser gets a stand-in of few bytes.
//! So nothing parses, copies or zeroes what is by far the most of all that a source sends.

use std::collections::VecDeque;

use bytes::{BufMut, Bytes, BytesMut};

/// What is allocated at once at most, whatever a server announces.
const AT_ONCE: usize = 4 << 20;
/// Bytes of a stand-in: a line end, which no quoted string can hold, and a number.
const STAND_IN: usize = 18;
/// Most bodies waiting to be taken; a read brings fewer.
const MOST: usize = 16 << 10;

/// Bodies that were kept from the parser, numbered in the order they came.
#[derive(Debug, Default)]
pub(super) struct Bodies {
    open: Option<BytesMut>,
    whole: VecDeque<Bytes>,
    /// Number of the first of `whole`.
    first: u64,
    /// Bytes of `whole`.
    size_bytes: u64,
}

impl Bodies {
    /// Begins a body, and puts its stand-in behind what stands before it in the line.
    pub(super) fn begin(&mut self, size_bytes: u64, output: &mut BytesMut) {
        let number = self.first + self.whole.len() as u64;
        output.extend_from_slice(format!("{{{STAND_IN}}}\r\n\r\n{number:016x}").as_bytes());
        let expected = usize::try_from(size_bytes).unwrap_or(usize::MAX);
        self.open = Some(BytesMut::with_capacity(expected.min(AT_ONCE)));
        if size_bytes == 0 {
            self.end();
        }
    }

    /// True while a body comes.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Where the rest of a body goes, if one has begun.
    pub(super) fn open(&mut self) -> Option<&mut BytesMut> {
        self.open.as_mut()
    }

    /// Takes a piece of the body that has begun; false if none has.
    pub(super) fn push(&mut self, piece: &[u8]) -> bool {
        self.open.as_mut().map(|body| body.put_slice(piece)).is_some()
    }

    /// The body that has begun is complete.
    pub(super) fn end(&mut self) {
        if let Some(body) = self.open.take() {
            self.size_bytes += body.len() as u64;
            self.whole.push_back(body.freeze());
        }
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
            self.size_bytes -= body.len() as u64;
            self.first += 1;
            if self.first > number {
                return Taken::Body(body);
            }
        }
        Taken::Unknown
    }
}

/// What some data stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// This.
    Body(Bytes),
    /// Itself.
    NoStandIn,
    /// Nothing that there is: the server's words did not fit each other.
    Unknown,
}

fn number(data: &[u8]) -> Option<u64> {
    let digits = data.strip_prefix(b"\r\n").filter(|digits| digits.len() + 2 == STAND_IN)?;
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Where the `{` of a literal stands in this line of a FETCH response, if the literal is a message or a part of one by
/// offset: `BODY[] {5}` or `BODY[]<0> {5}` (RFC 9051 section 7.5.2).
pub(super) fn body_literal(line: &[u8]) -> Option<usize> {
    let brace = memchr::memrchr(b'{', line)?;
    let before = line[..brace].strip_suffix(b" ")?;
    let name = match before.strip_suffix(b">") {
        Some(offset) => &offset[..memchr::memrchr(b'<', offset)?],
        None => before,
    };
    let name = name.last_chunk::<6>()?;
    name.eq_ignore_ascii_case(b"BODY[]").then_some(brace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_taken_by_its_stand_in_and_what_nobody_took_goes() {
        let (mut bodies, mut output) = (Bodies::default(), BytesMut::new());
        for body in [&b"one"[..], b"", b"three"] {
            bodies.begin(body.len() as u64, &mut output);
            if !body.is_empty() {
                assert!(bodies.push(body));
                bodies.end();
            }
        }
        assert_eq!(&output[..24], b"{18}\r\n\r\n0000000000000000");
        assert_eq!(bodies.take(b"\r\n0000000000000001"), Taken::Body(Bytes::new()));
        assert_eq!(bodies.take(b"\r\n0000000000000000"), Taken::Unknown, "it went with the one before");
        assert_eq!(bodies.take(b"\r\n0000000000000002"), Taken::Body(Bytes::from_static(b"three")));
        assert_eq!(bodies.take(b"\r\n0000000000000003"), Taken::Unknown);
        assert_eq!(bodies.take(b"0000000000000003"), Taken::NoStandIn);
        assert!(!bodies.exceeds(0), "nothing waits any more");
    }

    #[test]
    fn only_whole_messages_and_slices_of_them_are_kept_from_the_parser() {
        for line in ["* 1 FETCH (UID 7 BODY[] {5}\r\n", "* 1 FETCH (BODY[]<0> {5}\r\n", " body[]<1048576> {5}\r\n"] {
            assert_eq!(body_literal(line.as_bytes()), line.find('{'), "{line}");
        }
        for line in ["* 1 FETCH (BODY[1] {5}\r\n", "RFC822 {5}\r\n", "BODY[]{5}\r\n", "BODY[]> {5}\r\n", "{5}\r\n", ""]
        {
            assert_eq!(body_literal(line.as_bytes()), None, "{line}");
        }
    }
}
