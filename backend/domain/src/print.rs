//! What is kept of a message's looks when it is copied: enough to tell later *what* a server changed of it, where the
//! hash only tells that something changed.

mod change;

use std::{borrow::Cow, collections::HashMap};

pub use change::Change;
use memchr::memchr_iter;

use crate::item::Flags;

/// Bytes of the body's hash.
pub const BODY_HASH_BYTES: usize = 16;
/// Stands before a fingerprint that is written down; what was written before there were versions has none and is of
/// even length.
const VERSION: u8 = 2;

/// A message's flags and fingerprint when it was read for copying.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traits {
    /// Its flags at the source.
    pub flags: Flags,
    /// Of its bytes.
    pub print: Fingerprint,
}

/// A few bytes a header field, and a hash of the body; all of it with line ends as CRLF.
///
/// Not for keeping anybody out: whether a message is the same is told by its SHA-256, and the fingerprint only names
/// what changed where that says that something did. So it may be quick.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fingerprint {
    /// XXH3 (128 bits) of what follows the header.
    pub body: [u8; BODY_HASH_BYTES],
    /// A short hash of each header field, in their order.
    pub fields: Vec<u16>,
}

impl Fingerprint {
    /// As bytes: a version, the body's hash, then two bytes a field.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + BODY_HASH_BYTES + 2 * self.fields.len());
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.body);
        bytes.extend(self.fields.iter().flat_map(|field| field.to_be_bytes()));
        bytes
    }

    /// From what [`Fingerprint::to_bytes`] gave; `None` if that cannot be, or if it is of another version.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (body, fields) = bytes.strip_prefix(&[VERSION])?.split_first_chunk()?;
        let (fields, rest) = fields.as_chunks();
        rest.is_empty()
            .then(|| Self { body: *body, fields: fields.iter().map(|two| u16::from_be_bytes(*two)).collect() })
    }
}

/// A header field as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name, as it is written there.
    pub name: String,
    /// Its short hash.
    pub hash: u16,
}

/// What changed between a message, of which the fingerprint was kept, and one whose bytes differ.
pub fn changes(before: &Fingerprint, body: &[u8; BODY_HASH_BYTES], fields: &[Field]) -> Vec<Change> {
    let mut changes = changed_fields(&before.fields, fields);
    if before.body != *body {
        changes.push(Change::Body);
    }
    if changes.is_empty() {
        changes.push(Change::LineEnds);
    }
    changes
}

fn changed_fields(before: &[u16], now: &[Field]) -> Vec<Change> {
    let mut left: HashMap<u16, usize> = HashMap::new();
    for hash in before {
        *left.entry(*hash).or_default() += 1;
    }
    let (mut changes, mut new) = (Vec::new(), 0_usize);
    for field in now {
        match left.get_mut(&field.hash).filter(|left| **left > 0) {
            Some(left) => *left -= 1,
            None => {
                new += 1;
                let change = Change::Header(field.name.clone());
                if !changes.contains(&change) {
                    changes.push(change);
                }
            }
        }
    }
    // A changed field is one that is gone and one that is new.
    let gone = left.values().sum::<usize>().saturating_sub(new);
    if gone > 0 {
        changes.push(Change::HeadersGone(gone));
    }
    if changes.is_empty() && !before.iter().eq(now.iter().map(|field| &field.hash)) {
        changes.push(Change::HeaderOrder);
    }
    changes
}

/// Where the body begins: behind the first empty line. All of it is header if there is none.
pub fn body_offset(message: &[u8]) -> usize {
    let mut line = 0;
    for end in memchr_iter(b'\n', message) {
        if matches!(&message[line..end], b"" | b"\r") {
            return end + 1;
        }
        line = end + 1;
    }
    message.len()
}

/// `bytes` with every line end as CRLF; `last` is the byte before them.
pub fn with_crlf(bytes: &[u8], last: u8) -> Cow<'_, [u8]> {
    if !has_bare_line_end(bytes, last) {
        return Cow::Borrowed(bytes);
    }
    let bare = |at: usize| if at == 0 { last != b'\r' } else { bytes[at - 1] != b'\r' };
    let mut normal = Vec::with_capacity(bytes.len() + bytes.len() / 32 + 8);
    let mut from = 0;
    for at in memchr_iter(b'\n', bytes).filter(|at| bare(*at)) {
        normal.extend_from_slice(&bytes[from..at]);
        normal.push(b'\r');
        from = at;
    }
    normal.extend_from_slice(&bytes[from..]);
    Cow::Owned(normal)
}

/// True if any line ends with LF alone. Every byte of every message is looked at here: in strides without branches,
/// which processors take many bytes at a time.
fn has_bare_line_end(bytes: &[u8], last: u8) -> bool {
    const STRIDE: usize = 4096;
    let bare = |before: u8, byte: u8| u8::from(byte == b'\n') & u8::from(before != b'\r');
    let Some(first) = bytes.first() else { return false };
    let mut strides = bytes[..bytes.len() - 1].chunks(STRIDE).zip(bytes[1..].chunks(STRIDE));
    bare(last, *first) != 0
        || strides.any(|(before, here)| {
            before.iter().zip(here).fold(0, |found, (before, byte)| found | bare(*before, *byte)) != 0
        })
}

/// The short hashes of the fields in `head`, a message up to its body.
pub fn field_hashes(head: &[u8]) -> Vec<u16> {
    raw_fields(&with_crlf(head, 0)).map(short_hash).collect()
}

/// The fields in `head` with their names.
pub fn fields(head: &[u8]) -> Vec<Field> {
    raw_fields(&with_crlf(head, 0)).map(|raw| Field { name: name(raw), hash: short_hash(raw) }).collect()
}

fn name(raw: &[u8]) -> String {
    let name = raw.split(|&byte| byte == b':').next().unwrap_or_default();
    String::from_utf8_lossy(name).trim().chars().take(80).collect()
}

/// Each field with its folded lines, without the last line end.
pub(crate) fn raw_fields(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = head;
    std::iter::from_fn(move || {
        let end = memchr_iter(b'\n', rest)
            .map(|end| end + 1)
            .find(|&end| !matches!(rest.get(end), Some(b' ' | b'\t')))
            .unwrap_or(rest.len());
        let (raw, after) = rest.split_at(end);
        rest = after;
        let raw = raw.strip_suffix(b"\r\n").unwrap_or(raw);
        (!raw.is_empty()).then_some(raw)
    })
}

/// Not for keeping anybody out: it only names what changed where the SHA-256 says that something did.
fn short_hash(bytes: &[u8]) -> u16 {
    let mix = |hash: u64, word: [u8; 8]| {
        let hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash ^ (hash >> 32)
    };
    let (words, rest) = bytes.as_chunks();
    let mut hash = words.iter().fold(bytes.len() as u64, |hash, word| mix(hash, *word));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    hash = mix(mix(hash, last), [0; 8]);
    let [a, b, ..] = hash.to_le_bytes();
    u16::from_le_bytes([a, b])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEAD: &[u8] = b"From: a@example.org\r\nSubject: one\r\n two\r\nTo: b@example.org\r\n\r\n";
    const BODY: [u8; BODY_HASH_BYTES] = [7; BODY_HASH_BYTES];

    fn print(head: &[u8]) -> Fingerprint {
        Fingerprint { body: BODY, fields: field_hashes(head) }
    }

    fn changes_to(head: &[u8]) -> Vec<Change> {
        changes(&print(HEAD), &BODY, &fields(head))
    }

    #[test]
    fn what_a_server_changed_is_named() {
        let header = |name: &str| Change::Header(name.to_owned());
        assert_eq!(
            changes_to(b"From: a@example.org\r\nSubject: one\r\n three\r\nTo: b@example.org\r\n\r\n"),
            [header("Subject")]
        );
        assert_eq!(
            changes_to(b"X-New: 1\r\nFrom: a@example.org\r\nSubject: one\r\n two\r\nTo: b@example.org\r\n\r\n"),
            [header("X-New")]
        );
        assert_eq!(changes_to(b"From: a@example.org\r\nTo: b@example.org\r\n\r\n"), [Change::HeadersGone(1)]);
        assert_eq!(
            changes_to(b"To: b@example.org\r\nFrom: a@example.org\r\nSubject: one\r\n two\r\n\r\n"),
            [Change::HeaderOrder]
        );
        assert_eq!(changes_to(b"From: a@example.org\nSubject: one\n two\nTo: b@example.org\n\n"), [Change::LineEnds]);
        assert_eq!(changes(&print(HEAD), &[8; BODY_HASH_BYTES], &fields(HEAD)), [Change::Body]);
    }

    #[test]
    fn the_body_begins_behind_the_first_empty_line() {
        for (message, offset) in
            [(&b"A: b\r\n\r\nbody"[..], 8), (b"A: b\n\nbody", 6), (b"\r\nbody", 2), (b"A: b\r\n", 6), (b"", 0)]
        {
            assert_eq!(body_offset(message), offset, "{message:?}");
        }
    }

    #[test]
    fn what_an_earlier_version_wrote_is_not_taken_for_ours() {
        let written = print(HEAD).to_bytes();
        assert_eq!(written.len() % 2, 1);
        assert_eq!(Fingerprint::from_bytes(&written[1..]), None);
        assert_eq!(Fingerprint::from_bytes(b""), None);
    }

    #[test]
    fn line_ends_are_seen_across_pieces() {
        assert_eq!(with_crlf(b"\nb\n", b'\r').as_ref(), b"\nb\r\n");
        assert_eq!(with_crlf(b"\nb\r\n", 0).as_ref(), b"\r\nb\r\n");
        assert!(matches!(with_crlf(b"a\r\nb\r\n", 0), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn a_fingerprint_survives_being_written(fields in prop::collection::vec(any::<u16>(), 0..40), body: [u8; 16]) {
            let print = Fingerprint { body, fields };
            prop_assert_eq!(Fingerprint::from_bytes(&print.to_bytes()), Some(print));
        }

        #[test]
        fn no_bytes_make_it_panic(message in prop::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b' '), Just(b':'), any::<u8>()], 0..300)) {
            let head = &message[..body_offset(&message)];
            prop_assert_eq!(field_hashes(head).len(), fields(head).len());
        }

        #[test]
        fn a_bare_line_end_is_found_wherever_it_is(at in 0usize..10_000, size in 1usize..10_000) {
            let mut bytes = b"0123456789abc\r\n".repeat(1_000);
            bytes.truncate(size);
            bytes[at % size] = b'\n';
            let before = |at: usize| if at == 0 { b'\r' } else { bytes[at - 1] };
            let bare = (0..size).any(|at| bytes[at] == b'\n' && before(at) != b'\r');
            prop_assert_eq!(has_bare_line_end(&bytes, b'\r'), bare);
        }

        #[test]
        fn line_ends_alone_change_nothing_else(lines in prop::collection::vec("[a-zA-Z]{1,8}: [ -~]{0,20}", 0..12)) {
            let unix = lines.join("\n");
            let crlf = lines.join("\r\n");
            prop_assert_eq!(field_hashes(unix.as_bytes()), field_hashes(crlf.as_bytes()));
        }

        #[test]
        fn the_same_message_has_no_changed_fields(head in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(changes(&print(&head), &BODY, &fields(&head)), [Change::LineEnds]);
        }
    }
}
