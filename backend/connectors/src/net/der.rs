//! As much of DER (X.690) as a certificate's names and times need: elements one after the other, and texts and times in
//! them. Nothing is copied, nothing is trusted: a length that promises more than there is ends the reading.

use chrono::{DateTime, NaiveDate, Utc};

pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const OCTET_STRING: u8 = 0x04;
const T61_STRING: u8 = 0x14;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const BMP_STRING: u8 = 0x1e;

/// Elements that are left to read.
#[derive(Debug, Clone)]
pub(super) struct Elements<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Elements<'a> {
    /// Tag and content.
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            // Of more than four bytes none that could be read is this long.
            0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }
}

impl<'a> Elements<'a> {
    /// The next element, which must have this tag.
    pub(super) fn expect(&mut self, wanted: u8) -> Option<&'a [u8]> {
        self.next().filter(|(tag, _)| *tag == wanted).map(|(_, content)| content)
    }

    /// The elements within the next one, which must have this tag.
    pub(super) fn within(&mut self, wanted: u8) -> Option<Self> {
        self.expect(wanted).map(Elements)
    }
}

/// A text of whatever kind; what is no letter of it becomes a replacement character.
pub(super) fn text((tag, content): (u8, &[u8])) -> String {
    match tag {
        T61_STRING => content.iter().copied().map(char::from).collect(),
        BMP_STRING => {
            let units = content.as_chunks::<2>().0.iter().map(|unit| u16::from_be_bytes(*unit));
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        _ => String::from_utf8_lossy(content).into_owned(),
    }
}

/// A time (RFC 5280 section 4.1.2.5): `YYMMDDHHMMSSZ` until 2049, `YYYYMMDDHHMMSSZ` afterwards.
pub(super) fn time((tag, content): (u8, &[u8])) -> Option<DateTime<Utc>> {
    let digits = content.strip_suffix(b"Z")?;
    let pair = |at: usize| match digits.get(at..at + 2)? {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some(u32::from(tens - b'0') * 10 + u32::from(ones - b'0')),
        _ => None,
    };
    let (year, rest) = match (tag, digits.len()) {
        (UTC_TIME, 12) => (pair(0)? + if pair(0)? < 50 { 2000 } else { 1900 }, 2),
        (GENERALIZED_TIME, 14) => (pair(0)? * 100 + pair(2)?, 4),
        _ => return None,
    };
    let day = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, pair(rest)?, pair(rest + 2)?)?;
    Some(day.and_hms_opt(pair(rest + 4)?, pair(rest + 6)?, pair(rest + 8)?)?.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_follow_each_other_until_one_promises_more_than_there_is() {
        let read = |bytes: &'static [u8]| Elements(bytes).collect::<Vec<_>>();
        assert_eq!(read(b"\x02\x01\x05\x04\x02ab"), [(2, b"\x05".as_slice()), (4, b"ab")]);
        assert_eq!(read(b"\x04\x81\x02ab\x04\x00"), [(4, b"ab".as_slice()), (4, b"")]);
        for cut in
            [b"\x04".as_slice(), b"\x04\x03ab", b"\x04\x82\xff", b"\x04\x84\xff\xff\xff\xffab", b"\x04\x80ab\x00\x00"]
        {
            assert_eq!(Elements(cut).next(), None, "{cut:x?}");
        }
    }

    #[test]
    fn texts_of_each_kind_are_read() {
        assert_eq!(text((0x0c, "Grüße".as_bytes())), "Grüße");
        assert_eq!(text((T61_STRING, b"Gr\xfc\xdfe")), "Grüße");
        assert_eq!(text((BMP_STRING, b"\0G\0r\0\xfc\xd8\x00")), "Grü\u{fffd}");
        assert_eq!(text((0x13, b"a\xff")), "a\u{fffd}");
    }

    #[test]
    fn times_of_both_kinds_are_read_and_nonsense_is_none() {
        let told = |tag, text: &str| time((tag, text.as_bytes())).map(|at| at.to_rfc3339());
        assert_eq!(told(UTC_TIME, "261126180000Z").as_deref(), Some("2026-11-26T18:00:00+00:00"));
        assert_eq!(told(UTC_TIME, "500101000000Z").as_deref(), Some("1950-01-01T00:00:00+00:00"));
        assert_eq!(told(GENERALIZED_TIME, "99991231235959Z").as_deref(), Some("9999-12-31T23:59:59+00:00"));
        for wrong in ["261126180000", "261326180000Z", "26112618000Z", "2611261800+1Z", "x61126180000Z", ""] {
            assert_eq!(told(UTC_TIME, wrong), None, "{wrong}");
        }
    }
}
