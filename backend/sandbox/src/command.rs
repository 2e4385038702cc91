//! Commands as they come over the line (RFC 3501 section 9), with their literals.

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The longest line, without literals.
const LINE_BYTES: u64 = 64 << 10;
/// Everything of one command.
const COMMAND_BYTES: usize = 32 << 20;
/// Lists in lists.
const DEPTH: usize = 8;

/// An argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Argument {
    /// A word, as it came.
    Word(String),
    /// A text in quotes, without them.
    Quoted(String),
    /// A literal.
    Literal(Bytes),
    /// `(…)`.
    List(Vec<Argument>),
}

impl Argument {
    /// The text, whichever way it was sent; `None` for a list.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Self::Word(text) | Self::Quoted(text) => Some(text.clone()),
            Self::Literal(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            Self::List(_) => None,
        }
    }

    pub(crate) fn list(&self) -> Option<&[Self]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// True for this word, in any spelling.
    pub(crate) fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(text) if text.eq_ignore_ascii_case(word))
    }
}

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) tag: String,
    /// In capitals; of `UID FETCH` both words.
    pub(crate) verb: String,
    pub(crate) arguments: Vec<Argument>,
}

impl Command {
    /// The text of an argument.
    pub(crate) fn text(&self, at: usize) -> Option<String> {
        self.arguments.get(at)?.text()
    }
}

/// Reads the bytes of a command, asking for literals that want to be asked for; `None` at the end of the line.
pub(crate) async fn read<S>(stream: &mut S) -> io::Result<Option<Bytes>>
where
    S: AsyncBufRead + AsyncWrite + Unpin,
{
    let mut whole = BytesMut::new();
    loop {
        let mut line = Vec::new();
        (&mut *stream).take(LINE_BYTES).read_until(b'\n', &mut line).await?;
        if line.is_empty() && whole.is_empty() {
            return Ok(None);
        }
        if !line.ends_with(b"\n") {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a line does not end"));
        }
        whole.extend_from_slice(&line);
        let Some((size, waits)) = literal_at_end(&line) else { return Ok(Some(whole.freeze())) };
        if whole.len().saturating_add(size) > COMMAND_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a command is too long"));
        }
        if waits {
            stream.write_all(b"+ go on\r\n").await?;
            stream.flush().await?;
        }
        let before = whole.len();
        whole.resize(before + size, 0);
        stream.read_exact(&mut whole[before..]).await?;
    }
}

/// Reads a line that is no command: the answer to a challenge.
pub(crate) async fn read_line<S: AsyncBufRead + Unpin>(stream: &mut S) -> io::Result<String> {
    let mut line = Vec::new();
    stream.take(LINE_BYTES).read_until(b'\n', &mut line).await?;
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

/// The size of the literal that follows, and whether its sender waits for permission (RFC 7888: not with `+`).
fn literal_at_end(line: &[u8]) -> Option<(usize, bool)> {
    let line = line.strip_suffix(b"\n")?;
    let line = line.strip_suffix(b"\r").unwrap_or(line).strip_suffix(b"}")?;
    let start = line.iter().rposition(|&byte| byte == b'{')?;
    let digits = std::str::from_utf8(&line[start + 1..]).ok()?;
    let size = digits.strip_suffix('+').unwrap_or(digits).parse().ok()?;
    Some((size, !digits.ends_with('+')))
}

/// Takes a command apart; `None` if it is none.
pub(crate) fn parse(bytes: &Bytes) -> Option<Command> {
    let mut reader = Reader { bytes, at: 0 };
    let tag = reader.word();
    let mut verb = {
        reader.skip_spaces();
        reader.word().to_ascii_uppercase()
    };
    if verb == "UID" {
        reader.skip_spaces();
        verb = format!("UID {}", reader.word().to_ascii_uppercase());
    }
    let arguments = reader.list(0)?;
    (!tag.is_empty() && !verb.is_empty()).then_some(Command { tag, verb, arguments })
}

struct Reader<'a> {
    bytes: &'a Bytes,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied().filter(|byte| !matches!(byte, b'\r' | b'\n'))
    }

    fn skip_spaces(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    fn word(&mut self) -> String {
        let start = self.at;
        while self.peek().is_some_and(|byte| !matches!(byte, b' ' | b'(' | b')' | b'"')) {
            self.at += 1;
        }
        String::from_utf8_lossy(&self.bytes[start..self.at]).into_owned()
    }

    /// Up to the end of the command, or to the bracket that ends an inner list.
    fn list(&mut self, depth: usize) -> Option<Vec<Argument>> {
        let mut list = Vec::new();
        loop {
            self.skip_spaces();
            match self.peek() {
                None => return (depth == 0).then_some(list),
                Some(b')') => {
                    self.at += 1;
                    return (depth > 0).then_some(list);
                }
                Some(b'(') if depth < DEPTH => {
                    self.at += 1;
                    list.push(Argument::List(self.list(depth + 1)?));
                }
                Some(b'(') => return None,
                Some(b'"') => list.push(Argument::Quoted(self.quoted()?)),
                Some(b'{') => list.push(Argument::Literal(self.literal()?)),
                Some(_) => list.push(Argument::Word(self.word())),
            }
        }
    }

    fn quoted(&mut self) -> Option<String> {
        let mut text = Vec::new();
        self.at += 1;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => {
                    self.at += 1;
                    text.push(self.peek()?);
                }
                byte => text.push(byte),
            }
            self.at += 1;
        }
        self.at += 1;
        Some(String::from_utf8_lossy(&text).into_owned())
    }

    fn literal(&mut self) -> Option<Bytes> {
        let end = self.at + self.bytes[self.at..].iter().position(|&byte| byte == b'\n')? + 1;
        let (size, _) = literal_at_end(&self.bytes[self.at..end])?;
        let literal = self.bytes.get(end..end + size)?;
        self.at = end + size;
        Some(self.bytes.slice_ref(literal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<Command> {
        parse(&Bytes::copy_from_slice(text.as_bytes()))
    }

    #[test]
    fn every_kind_of_argument_is_read() {
        let command = parsed("a1 uid fetch 1:* (UID BODY.PEEK[]<0.5>)\r\n").expect("a command");
        assert_eq!((command.tag.as_str(), command.verb.as_str()), ("a1", "UID FETCH"));
        let items = [Argument::Word("UID".to_owned()), Argument::Word("BODY.PEEK[]<0.5>".to_owned())];
        assert_eq!(command.arguments, [Argument::Word("1:*".to_owned()), Argument::List(items.to_vec())]);
        let command = parsed("a2 APPEND \"a \\\"b\\\\\" () {5+}\r\n(\r\n)\"\r\n").expect("a command");
        assert_eq!(command.text(0).as_deref(), Some("a \"b\\"));
        assert_eq!(command.arguments[2], Argument::Literal(Bytes::from_static(b"(\r\n)\"")));
    }

    #[test]
    fn nonsense_is_no_command() {
        for text in ["\r\n", "a1\r\n", "a1 LIST (\r\n", "a1 LIST )\r\n", "a1 LOGIN \"x\r\n", "a1 X {9}\r\nabc\r\n"] {
            assert_eq!(parsed(text), None, "{text:?}");
        }
        assert_eq!(parsed(&format!("a1 X {}\r\n", "(".repeat(100))), None);
    }

    #[tokio::test]
    async fn a_literal_is_asked_for_unless_it_comes_unasked() {
        for (sent, asked) in [("a X {3}\r\n", true), ("a X {3+}\r\n", false)] {
            let (mut client, server) = tokio::io::duplex(100);
            client.write_all(format!("{sent}abc\r\n").as_bytes()).await.expect("taken");
            let mut server = tokio::io::BufStream::new(server);
            let bytes = read(&mut server).await.expect("reads").expect("a command");
            assert_eq!(parse(&bytes).expect("a command").text(0).as_deref(), Some("abc"));
            drop(server);
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.expect("ends");
            assert_eq!(answer.starts_with('+'), asked);
        }
    }
}
