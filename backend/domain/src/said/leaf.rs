//! A part that has no parts: a text, or a file.

use base64::Engine;

use crate::{
    encoding::windows_1252,
    header::raw_field,
    said::Said,
    subject::{BASE64, quoted_printable},
};

/// Letters of base64 that are decoded together: whole groups of four.
const LETTERS: usize = 4 << 10;

/// How a part is encoded (RFC 2045 section 6), and what of it is not decoded yet.
#[derive(Debug)]
pub(super) enum Coding {
    None,
    Quoted { kept: Vec<u8> },
    Base64 { letters: Vec<u8>, is_padded: bool, is_bad: bool },
}

impl Coding {
    /// As a part's header says.
    pub(super) fn of(head: &[u8]) -> Self {
        let encoding = raw_field(head, "content-transfer-encoding").unwrap_or_default();
        match encoding.trim_ascii().to_ascii_lowercase().as_slice() {
            b"base64" => Self::Base64 { letters: Vec::new(), is_padded: false, is_bad: false },
            b"quoted-printable" => Self::Quoted { kept: Vec::new() },
            _ => Self::None,
        }
    }

    pub(super) fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// True if something else has come than what was said.
    pub(super) fn is_bad(&self) -> bool {
        matches!(self, Self::Base64 { is_bad: true, .. })
    }

    /// Decodes a line, or a piece of a long one.
    pub(super) fn decode(&mut self, line: &[u8], mut out: impl FnMut(&[u8])) {
        match self {
            Self::None => out(line),
            Self::Quoted { kept } => {
                kept.extend_from_slice(line);
                let text = std::mem::take(kept);
                if text.ends_with(b"\n") {
                    return out(&without_soft_end(&text));
                }
                // What begins at the end of this piece goes on in the next.
                let tail = text.len().saturating_sub(2);
                let cut = text[tail..].iter().position(|&byte| byte == b'=').map_or(text.len(), |at| tail + at);
                kept.extend_from_slice(&text[cut..]);
                out(&quoted_printable(&text[..cut], false));
            }
            Self::Base64 { letters, .. } => {
                letters.extend(line.iter().copied().filter(|byte| !byte.is_ascii_whitespace()));
                let whole = letters.len() - letters.len() % LETTERS;
                if whole > 0 {
                    let rest = letters.split_off(whole);
                    let whole = std::mem::replace(letters, rest);
                    whole.chunks(LETTERS).for_each(|letters| self.decode_letters(letters, &mut out));
                }
            }
        }
    }

    /// Decodes what is left.
    pub(super) fn end(&mut self, mut out: impl FnMut(&[u8])) {
        match self {
            Self::None => {}
            Self::Quoted { kept } => out(&without_soft_end(kept)),
            Self::Base64 { letters, .. } => {
                let letters = std::mem::take(letters);
                if !letters.is_empty() {
                    self.decode_letters(&letters, &mut out);
                }
            }
        }
    }

    fn decode_letters(&mut self, letters: &[u8], out: &mut impl FnMut(&[u8])) {
        let Self::Base64 { is_padded, is_bad, .. } = self else { return };
        // Nothing comes behind the padding.
        match BASE64.decode(letters) {
            Ok(bytes) if !*is_padded && !*is_bad => out(&bytes),
            _ => *is_bad = true,
        }
        *is_padded = letters.ends_with(b"=");
    }
}

/// A line of quoted-printable text (RFC 2045 section 6.7), decoded.
fn without_soft_end(line: &[u8]) -> Vec<u8> {
    let bare = line.trim_ascii_end();
    match bare.strip_suffix(b"=") {
        Some(soft) => quoted_printable(soft, false),
        None => [&quoted_printable(bare, false), &line[bare.len()..]].concat(),
    }
}

/// A part that has no parts, while it comes.
#[derive(Debug)]
pub(super) struct Leaf {
    coding: Coding,
    said: Text,
    /// What it says as it is written, in case it is no base64 though it is said to be.
    written: Option<Text>,
}

impl Leaf {
    pub(super) fn new(coding: Coding, is_text: bool, charset: &str) -> Self {
        let text = || Text::in_charset(if is_text { charset } else { "" });
        match coding {
            // It keeps all bytes, so that files are compared byte for byte.
            Coding::Base64 { .. } => {
                let said = if is_text { text() } else { Text::Bytes(Said::default()) };
                Self { coding, said, written: Some(text()) }
            }
            Coding::None | Coding::Quoted { .. } => Self { coding, said: text(), written: None },
        }
    }

    pub(super) fn push(&mut self, line: &[u8]) {
        self.written.iter_mut().for_each(|written| written.push(line));
        self.coding.decode(line, |bytes| self.said.push(bytes));
    }

    /// What it says; `None` if that is nothing.
    pub(super) fn finish(mut self) -> Option<u64> {
        self.coding.end(|bytes| self.said.push(bytes));
        match (self.coding, self.written) {
            (Coding::Base64 { is_bad: true, .. }, Some(written)) => written.finish(),
            _ => self.said.finish(),
        }
    }
}

/// What bytes say that come in pieces.
#[derive(Debug)]
enum Text {
    /// Bytes as they are.
    Bytes(Said),
    /// In a charset that is left as it is: whoever encodes it anew in another one makes another text of it.
    Written(Said),
    /// In the letters of western programs.
    Western(Said),
    Utf8(Utf8),
}

/// What is no UTF-8 is taken for what most western programs write: both, as long as nobody knows which.
#[derive(Debug, Default)]
struct Utf8 {
    said: Said,
    /// Once it is not the same.
    western: Option<Said>,
    /// Of a letter that is not whole.
    begun: Vec<u8>,
    is_bad: bool,
}

impl Text {
    fn in_charset(charset: &str) -> Self {
        match charset {
            "iso-8859-1" | "iso-8859-15" | "windows-1252" => Self::Western(Said::default()),
            "utf-8" | "utf8" | "us-ascii" | "" => Self::Utf8(Utf8::default()),
            _ => Self::Written(Said::default()),
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        match self {
            Self::Bytes(said) => said.bytes(bytes),
            Self::Written(said) => {
                bytes.iter().filter(|byte| !byte.is_ascii_whitespace()).for_each(|&byte| said.byte(byte));
            }
            Self::Western(said) => said.western(bytes),
            Self::Utf8(text) => text.push(bytes),
        }
    }

    fn finish(self) -> Option<u64> {
        let said = match self {
            Self::Bytes(said) | Self::Written(said) | Self::Western(said) => said,
            Self::Utf8(text) => text.finish(),
        };
        said.has_any.then(|| said.finish())
    }
}

impl Utf8 {
    fn push(&mut self, bytes: &[u8]) {
        if self.western.is_none() && !bytes.is_ascii() {
            self.western = Some(self.said.clone());
        }
        self.western.iter_mut().for_each(|western| western.western(bytes));
        if self.is_bad {
            return;
        }
        self.begun.extend_from_slice(bytes);
        let bytes = std::mem::take(&mut self.begun);
        let (whole, rest) = match std::str::from_utf8(&bytes) {
            Ok(text) => (text, &[][..]),
            Err(error) => {
                self.is_bad = error.error_len().is_some();
                let (whole, rest) = bytes.split_at(error.valid_up_to());
                (std::str::from_utf8(whole).unwrap_or_default(), rest)
            }
        };
        whole.chars().for_each(|letter| self.said.letter(letter));
        self.begun.extend_from_slice(rest);
    }

    fn finish(self) -> Said {
        let is_bad = self.is_bad || !self.begun.is_empty();
        self.western.filter(|_| is_bad).unwrap_or(self.said)
    }
}

impl Said {
    fn western(&mut self, bytes: &[u8]) {
        bytes.iter().map(|&byte| windows_1252(byte)).for_each(|letter| self.letter(letter));
    }
}
