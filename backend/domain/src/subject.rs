//! A message's subject, for owners who want to see it in the protocol.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use memchr::memmem;

use crate::{
    encoding::{decode, windows_1252},
    header::raw_field,
};

/// The longest subject that is kept, characters.
const MOST: usize = 250;
/// The longest encoded word that is read, bytes. 75 are allowed (RFC 2047 section 2); some programs write a whole subject as
/// one. Without an end, a field full of beginnings would be searched through to its end for each of them.
const LONGEST_WORD: usize = 4096;
/// Some programs leave out the padding.
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The subject in `head`, the beginning of a message: unfolded, encoded words (RFC 2047) as the letters that they stand
/// for, in one line of at most 250 characters. `None` if there is none, or an empty one.
pub fn subject(head: &[u8]) -> Option<String> {
    let text = letters(&raw_field(head, "subject")?);
    let line: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST).collect();
    let line = line.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// A piece of a header field.
pub(crate) enum Piece<'a> {
    Plain(&'a [u8]),
    /// What an encoded word stands for, and its charset.
    Word(Vec<u8>, String),
}

fn letters(value: &[u8]) -> String {
    let mut text = String::new();
    // A letter may be spread over two words.
    let mut word: Option<(Vec<u8>, String)> = None;
    for piece in pieces(value) {
        match piece {
            Piece::Word(bytes, charset) => match &mut word {
                Some((before, same)) if *same == charset => before.extend(bytes),
                before => {
                    flush(&mut text, before.take());
                    word = Some((bytes, charset));
                }
            },
            Piece::Plain(bytes) => {
                flush(&mut text, word.take());
                text.push_str(&plain(bytes));
            }
        }
    }
    flush(&mut text, word);
    text
}

fn flush(text: &mut String, word: Option<(Vec<u8>, String)>) {
    if let Some((bytes, charset)) = word {
        text.push_str(&spelt(&bytes, &charset));
    }
}

fn plain(bytes: &[u8]) -> String {
    decode(bytes).map_or_else(|_| String::from_utf8_lossy(bytes).into_owned(), |(text, _)| text)
}

/// UTF-8 and what most western programs write; of other charsets the ASCII letters.
fn spelt(bytes: &[u8], charset: &str) -> String {
    match charset {
        "utf-8" | "utf8" | "us-ascii" => String::from_utf8_lossy(bytes).into_owned(),
        "iso-8859-1" | "iso-8859-15" | "windows-1252" => bytes.iter().map(|&byte| windows_1252(byte)).collect(),
        _ => bytes.iter().map(|&byte| if byte.is_ascii() { char::from(byte) } else { '\u{fffd}' }).collect(),
    }
}

/// Space between two encoded words belongs to neither.
pub(crate) fn pieces(value: &[u8]) -> Vec<Piece<'_>> {
    let (mut pieces, mut from, mut at) = (Vec::new(), 0, 0);
    while at < value.len() {
        let Some((word, length)) = value[at..].starts_with(b"=?").then(|| encoded_word(&value[at..])).flatten() else {
            at += 1;
            continue;
        };
        let between = &value[from..at];
        let joined = matches!(pieces.last(), Some(Piece::Word(..))) && between.iter().all(u8::is_ascii_whitespace);
        if !joined && !between.is_empty() {
            pieces.push(Piece::Plain(between));
        }
        pieces.push(word);
        at += length;
        from = at;
    }
    if from < value.len() {
        pieces.push(Piece::Plain(&value[from..]));
    }
    pieces
}

/// The encoded word that `text` begins with, and its length.
fn encoded_word(text: &[u8]) -> Option<(Piece<'static>, usize)> {
    let text = &text[..text.len().min(LONGEST_WORD)];
    let mut parts = text.strip_prefix(b"=?")?.splitn(3, |&byte| byte == b'?');
    let (charset, encoding, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let begin = text.len() - rest.len();
    let end = memmem::find(rest, b"?=")?;
    let bytes = match encoding {
        b"B" | b"b" => BASE64.decode(&rest[..end]).ok()?,
        b"Q" | b"q" => quoted_printable(&rest[..end], true),
        _ => return None,
    };
    // A language may follow the charset (RFC 2231 section 5).
    let charset = String::from_utf8_lossy(charset.split(|&byte| byte == b'*').next()?).to_ascii_lowercase();
    Some((Piece::Word(bytes, charset), begin + end + 2))
}

/// Decodes quoted-printable text; in encoded words an underscore is a space (RFC 2047 section 4.2).
pub(crate) fn quoted_printable(text: &[u8], is_word: bool) -> Vec<u8> {
    let (mut bytes, mut at) = (Vec::with_capacity(text.len()), 0);
    while at < text.len() {
        let hex = || u8::from_str_radix(std::str::from_utf8(text.get(at + 1..at + 3)?).ok()?, 16).ok();
        match (text[at], hex()) {
            (b'=', Some(byte)) => {
                bytes.push(byte);
                at += 2;
            }
            (b'_', _) if is_word => bytes.push(b' '),
            (byte, _) => bytes.push(byte),
        }
        at += 1;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    fn read(value: &[u8]) -> Option<String> {
        subject(&[b"From: a@b\r\nSubject: ", value, b"\r\nSubject: another\r\n\r\nSubject: body\r\n"].concat())
    }

    #[test]
    fn a_subject_is_read_as_it_was_meant() {
        for (value, expected) in [
            (&b"Invoice 7"[..], "Invoice 7"),
            (b"folded\r\n over two lines", "folded over two lines"),
            (b"=?UTF-8?Q?Gr=C3=BC=C3=9Fe_aus?= =?utf-8?B?IEvDtmxu?=", "Grüße aus Köln"),
            (b"=?UTF-8?B?R3LD?=\r\n =?UTF-8?B?vMOfZQ?= Anna", "Grüße Anna"),
            (b"Re: =?iso-8859-1?Q?caf=E9?= (2)", "Re: café (2)"),
            (b"=?windows-1252*de?Q?5_=80?=", "5 €"),
            (b"Gr\xfc\xdfe", "Grüße"),
            ("Grüße".as_bytes(), "Grüße"),
            (b"=?UTF-8?X?unknown?= =? =?Q", "=?UTF-8?X?unknown?= =? =?Q"),
            (b"a\tb\x07c", "a b c"),
        ] {
            assert_eq!(read(value).as_deref(), Some(expected));
        }
        assert_eq!(read(b"  "), None);
        assert_eq!(subject(b"From: a@b\r\n\r\nSubject: body\r\n"), None);
        assert_eq!(read("ü".repeat(600).as_bytes()).map(|subject| subject.chars().count()), Some(250));
    }

    #[test]
    fn a_long_word_is_read_and_an_endless_one_is_text() {
        let long = |letters: usize| format!("=?utf-8?Q?{}?=", "=C3=BC".repeat(letters));
        assert_eq!(read(long(250).as_bytes()), Some("\u{fc}".repeat(250)));
        assert!(read(long(1000).as_bytes()).is_some_and(|subject| subject.starts_with("=?utf-8?Q?")));
    }

    #[test]
    fn a_field_full_of_beginnings_is_read_quickly() {
        for beginning in ["=?", "=?a?x? ", "=?a?b? ", "=?a?b?A", "=?a?q", "=?a?b?A?\r\n "] {
            let value = beginning.repeat((1 << 20) / beginning.len());
            let begun = Instant::now();
            assert_eq!(pieces(value.as_bytes()).len(), 1);
            // Quadratic, it takes minutes.
            assert!(begun.elapsed() < Duration::from_secs(20), "{beginning:?}: {:?}", begun.elapsed());
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(
            value in prop::collection::vec(prop::sample::select(b"=?UTFQB_-8/ab\xc3\xbc\r\n 0".to_vec()), 0..200),
        ) {
            let _ = read(&value);
        }
    }
}
