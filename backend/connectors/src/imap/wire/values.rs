//! The values of a response: atoms, strings, lists.

/// One value of a response: an atom, a string, or a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::imap) enum Value {
    /// An atom, number or `NIL`.
    Atom(String),
    /// A quoted string or a literal.
    Text(String),
    /// A parenthesized list.
    List(Vec<Value>),
}

impl Value {
    /// The text of an atom or string; `None` for `NIL` and lists.
    pub(in crate::imap) fn text(&self) -> Option<&str> {
        match self {
            Self::Atom(atom) if atom.eq_ignore_ascii_case("NIL") => None,
            Self::Atom(text) | Self::Text(text) => Some(text),
            Self::List(_) => None,
        }
    }

    pub(in crate::imap) fn list(&self) -> Option<&[Self]> {
        match self {
            Self::List(values) => Some(values),
            _ => None,
        }
    }

    pub(in crate::imap) fn number(&self) -> Option<u64> {
        self.text()?.parse().ok()
    }
}

/// Nested lists deeper than this are not read.
const DEPTH: usize = 16;

/// Reads the values of one untagged response, `* ` and CRLF included. What cannot be read ends the list.
pub(in crate::imap) fn values(response: &[u8]) -> Vec<Value> {
    let mut reader = Reader { rest: response.strip_prefix(b"* ").unwrap_or(response) };
    reader.list(0)
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn list(&mut self, depth: usize) -> Vec<Value> {
        let mut values = Vec::new();
        loop {
            while let [b' ' | b'\r' | b'\n', rest @ ..] = self.rest {
                self.rest = rest;
            }
            match self.rest {
                [] => return values,
                [b')', rest @ ..] => {
                    self.rest = rest;
                    return values;
                }
                [b'(', rest @ ..] if depth < DEPTH => {
                    self.rest = rest;
                    values.push(Value::List(self.list(depth + 1)));
                }
                [b'(', ..] => {
                    self.rest = &[];
                }
                [b'"', rest @ ..] => {
                    self.rest = rest;
                    values.push(Value::Text(self.quoted()));
                }
                [b'{', ..] => values.push(Value::Text(self.literal())),
                _ => values.push(Value::Atom(self.atom())),
            }
        }
    }

    fn quoted(&mut self) -> String {
        let mut bytes = Vec::new();
        while let [byte, rest @ ..] = self.rest {
            self.rest = rest;
            match byte {
                b'"' => break,
                b'\\' => {
                    if let [escaped, rest @ ..] = self.rest {
                        bytes.push(*escaped);
                        self.rest = rest;
                    }
                }
                other => bytes.push(*other),
            }
        }
        text_of(&bytes)
    }

    fn literal(&mut self) -> String {
        let size = self.rest.iter().position(|&byte| byte == b'\n').and_then(|end| {
            let digits = std::str::from_utf8(&self.rest[1..end]).ok()?;
            let size: usize = digits.trim_end().trim_end_matches('}').trim_end_matches('+').parse().ok()?;
            self.rest = &self.rest[end + 1..];
            Some(size)
        });
        let size = size.unwrap_or(self.rest.len()).min(self.rest.len());
        let (bytes, rest) = self.rest.split_at(size);
        self.rest = rest;
        text_of(bytes)
    }

    fn atom(&mut self) -> String {
        let end = self
            .rest
            .iter()
            .position(|byte| matches!(byte, b' ' | b'(' | b')' | b'\r' | b'\n'))
            .unwrap_or(self.rest.len());
        let (atom, rest) = self.rest.split_at(end);
        self.rest = rest;
        text_of(atom)
    }
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
