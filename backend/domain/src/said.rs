//! What a message says, however it is written: tools and servers that respell a header or encode a body anew change
//! bytes, and not what anybody reads. It is compared where bytes differ, and kept nowhere.

mod leaf;
mod parts;

use std::hash::{DefaultHasher, Hasher};

use memchr::memmem;

pub use self::parts::{Parts, parts};
use crate::{
    encoding::windows_1252,
    header::raw_field,
    print::{raw_fields, with_crlf},
    subject::{Piece, pieces},
};

/// Fields that tell how what follows is written, not what it says.
const OF_WRITING: [&str; 4] = ["content-type", "content-transfer-encoding", "content-length", "mime-version"];

/// A hash of each field in `head`, the beginning of a message, in their order: names in small letters, values without any
/// space, encoded words (RFC 2047) as the letters that they stand for. Without the fields that tell how the body is
/// written.
pub fn fields(head: &[u8]) -> Vec<u32> {
    let head = with_crlf(head, 0);
    raw_fields(&head).filter_map(field).collect()
}

fn field(raw: &[u8]) -> Option<u32> {
    let colon = memchr::memchr(b':', raw).unwrap_or(raw.len());
    let (name, value) = raw.split_at(colon);
    let name = String::from_utf8_lossy(name).trim().to_ascii_lowercase();
    if OF_WRITING.contains(&name.as_str()) {
        return None;
    }
    let mut said = Said::default();
    name.chars().chain([':']).for_each(|letter| said.letter(letter));
    said.value(value.get(1..).unwrap_or_default());
    Some(said.finish_short())
}

/// A hash of the subject in `head` as it is read; the same if there is none as if it is empty. `None` if it has 8-bit letters,
/// of which servers make what they like.
pub fn subject(head: &[u8]) -> Option<u32> {
    let value = raw_field(head, "subject").unwrap_or_default();
    let mut said = Said::default();
    said.value(&value);
    value.is_ascii().then(|| said.finish_short())
}

/// What a part's header says of it.
struct Kind {
    is_multipart: bool,
    is_message: bool,
    is_text: bool,
    boundary: Option<Vec<u8>>,
    charset: String,
}

impl Kind {
    fn of(head: &[u8]) -> Self {
        let value = raw_field(head, "content-type").unwrap_or_else(|| b"text/plain".to_vec());
        let kind: Vec<u8> = value.trim_ascii_start().to_ascii_lowercase();
        Self {
            is_multipart: kind.starts_with(b"multipart/"),
            is_message: kind.starts_with(b"message/rfc822"),
            is_text: kind.starts_with(b"text/"),
            boundary: parameter(&value, b"boundary=").filter(|boundary| !boundary.is_empty()),
            charset: parameter(&value, b"charset=")
                .map(|charset| String::from_utf8_lossy(&charset).to_ascii_lowercase())
                .unwrap_or_default(),
        }
    }
}

/// The value of a parameter, without its quotes.
fn parameter(value: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let at = memmem::find(&value.to_ascii_lowercase(), name)?;
    let rest = &value[at + name.len()..];
    let quoted = rest.strip_prefix(b"\"").map(|rest| rest.split(|&byte| byte == b'"').next().unwrap_or(rest));
    let bare = || rest.split(|&byte| byte == b';' || byte.is_ascii_whitespace()).next().unwrap_or(rest);
    Some(quoted.unwrap_or_else(bare).to_vec())
}

/// As [`char::is_whitespace`] says of ASCII.
fn is_space(byte: u8) -> bool {
    char::from(byte).is_whitespace()
}

/// Hashes letters, all but space.
#[derive(Debug, Clone, Default)]
struct Said {
    hash: DefaultHasher,
    letters: Vec<u8>,
    has_any: bool,
}

impl Said {
    /// Letters are hashed so many bytes at a time.
    const PIECE: usize = 4096;

    fn text(&mut self, bytes: &[u8], charset: &str) {
        match charset {
            "iso-8859-1" | "iso-8859-15" | "windows-1252" => {
                bytes.iter().map(|&byte| windows_1252(byte)).for_each(|letter| self.letter(letter));
            }
            "utf-8" | "utf8" | "us-ascii" | "" => self.utf8(bytes),
            // As it is written: whoever encodes it anew in another charset makes another text of it.
            _ => bytes.iter().filter(|byte| !byte.is_ascii_whitespace()).for_each(|&byte| self.byte(byte)),
        }
    }

    /// A header field's value.
    fn value(&mut self, value: &[u8]) {
        let mut pieces = pieces(value).into_iter().peekable();
        while let Some(piece) = pieces.next() {
            match piece {
                Piece::Plain(bytes) => self.text(bytes, ""),
                Piece::Word(mut bytes, charset) => {
                    // A letter may be spread over two words.
                    while let Some(Piece::Word(more, _)) =
                        pieces.next_if(|next| matches!(next, Piece::Word(_, same) if *same == charset))
                    {
                        bytes.extend(more);
                    }
                    self.text(&bytes, &charset);
                }
            }
        }
    }

    /// What is no UTF-8 is taken for what most western programs write.
    fn utf8(&mut self, bytes: &[u8]) {
        match std::str::from_utf8(bytes) {
            Ok(text) if text.is_ascii() => {
                bytes.iter().filter(|byte| !is_space(**byte)).for_each(|&byte| self.byte(byte));
            }
            Ok(text) => text.chars().for_each(|letter| self.letter(letter)),
            Err(_) => bytes.iter().map(|&byte| windows_1252(byte)).for_each(|letter| self.letter(letter)),
        }
    }

    fn letter(&mut self, letter: char) {
        if !letter.is_whitespace() {
            let mut buffer = [0; 4];
            letter.encode_utf8(&mut buffer).bytes().for_each(|byte| self.byte(byte));
        }
    }

    fn byte(&mut self, byte: u8) {
        self.has_any = true;
        self.letters.push(byte);
        if self.letters.len() == Self::PIECE {
            self.flush();
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.flush();
        self.has_any |= !bytes.is_empty();
        self.hash.write(bytes);
    }

    fn flush(&mut self) {
        self.hash.write(&self.letters);
        self.letters.clear();
    }

    fn finish(mut self) -> u64 {
        self.flush();
        self.hash.finish()
    }

    fn finish_short(self) -> u32 {
        let [a, b, c, d, ..] = self.finish().to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }
}

#[cfg(test)]
mod tests;
