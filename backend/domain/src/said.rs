//! What a message says, however it is written: tools and servers that respell a header or encode a body anew change
//! bytes, and not what anybody reads. It is compared where bytes differ, and kept nowhere.

use std::{
    borrow::Cow,
    hash::{DefaultHasher, Hasher},
};

use base64::Engine;
use memchr::memmem;

use crate::{
    encoding::windows_1252,
    header::raw_field,
    print::{body_offset, raw_fields, with_crlf},
    subject::{BASE64, Piece, pieces, quoted_printable},
};

/// Parts within parts are looked into so deep.
const DEEPEST: usize = 16;
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

/// A hash of what the parts of a message hold, in whatever order: texts as letters without any space, files as their
/// bytes. How they are put together and encoded (RFC 2045, RFC 2046) makes no difference.
pub fn parts(message: &[u8]) -> u64 {
    let mut parts = Vec::new();
    collect(message, 0, &mut parts);
    parts.sort_unstable();
    let mut hash = DefaultHasher::new();
    for part in parts {
        hash.write_u64(part);
    }
    hash.finish()
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

fn collect(entity: &[u8], depth: usize, parts: &mut Vec<u64>) {
    let (head, body) = entity.split_at(body_offset(entity));
    let kind = Kind::of(head);
    if let Some(boundary) = kind.boundary.as_ref().filter(|_| kind.is_multipart && depth < DEEPEST) {
        let mut any = false;
        for part in split(body, boundary) {
            collect(part, depth + 1, parts);
            any = true;
        }
        if any {
            return;
        }
    }
    let (decoded, was_coded) = decoded(head, body);
    if kind.is_message && depth < DEEPEST {
        // A message that is passed on tells by its own header which one it is.
        parts.extend(fields(&decoded[..body_offset(&decoded)]).into_iter().map(u64::from));
        return collect(&decoded, depth + 1, parts);
    }
    let mut said = Said::default();
    match (kind.is_text, was_coded) {
        (true, _) => said.text(&decoded, &kind.charset),
        (false, true) => said.bytes(&decoded),
        (false, false) => said.text(&decoded, ""),
    }
    if said.has_any {
        parts.push(said.finish());
    }
}

/// What lies between the lines of a boundary (RFC 2046 section 5.1.1).
fn split<'a>(body: &'a [u8], boundary: &[u8]) -> Vec<&'a [u8]> {
    let line = [b"--", boundary].concat();
    let (mut parts, mut from) = (Vec::new(), None);
    for at in memmem::find_iter(body, &line) {
        if at > 0 && body[at - 1] != b'\n' {
            continue;
        }
        let behind = &body[at + line.len()..];
        let is_last = behind.starts_with(b"--");
        let end = memchr::memchr(b'\n', behind).unwrap_or(behind.len());
        // The boundary of a part within it may begin with the same letters.
        if !is_last && !behind[..end].trim_ascii().is_empty() {
            continue;
        }
        if let Some(from) = from {
            parts.push(body.get(from..at).unwrap_or_default());
        }
        from = (!is_last).then(|| (at + line.len() + end + 1).min(body.len()));
        if is_last {
            break;
        }
    }
    // The last line may be missing.
    parts.extend(from.and_then(|from| body.get(from..)).filter(|rest| !rest.is_empty()));
    parts
}

/// A part's bytes as they were before they were encoded, and whether they were as base64, which keeps all bytes.
fn decoded<'a>(head: &[u8], body: &'a [u8]) -> (Cow<'a, [u8]>, bool) {
    let encoding = raw_field(head, "content-transfer-encoding").unwrap_or_default();
    let encoding = encoding.trim_ascii().to_ascii_lowercase();
    match encoding.as_slice() {
        b"base64" => {
            let letters: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            match BASE64.decode(&letters) {
                Ok(bytes) => (Cow::Owned(bytes), true),
                Err(_) => (Cow::Borrowed(body), false),
            }
        }
        b"quoted-printable" => (Cow::Owned(without_soft_ends(body)), false),
        _ => (Cow::Borrowed(body), false),
    }
}

/// Quoted-printable text (RFC 2045 section 6.7), decoded.
fn without_soft_ends(body: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(body.len());
    for line in body.split_inclusive(|&byte| byte == b'\n') {
        let bare = line.trim_ascii_end();
        match bare.strip_suffix(b"=") {
            Some(soft) => text.extend(quoted_printable(soft, false)),
            None => {
                text.extend(quoted_printable(bare, false));
                text.extend_from_slice(&line[bare.len()..]);
            }
        }
    }
    text
}

/// As [`char::is_whitespace`] says of ASCII.
fn is_space(byte: u8) -> bool {
    char::from(byte).is_whitespace()
}

/// Hashes letters, all but space.
#[derive(Default)]
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
