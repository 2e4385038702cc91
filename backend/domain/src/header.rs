//! The little that is read from a message's header: Message-ID, and a date where the server has none.

use chrono::{DateTime, FixedOffset};

/// The Message-ID (RFC 5322 section 3.6.4) in `head`, the beginning of a message; at most 250 characters of it.
pub fn message_id(head: &[u8]) -> Option<String> {
    let value = field(head, "message-id")?;
    let id: String = value.split_whitespace().next()?.chars().take(250).collect();
    Some(id)
}

/// When the message came, by its first Received field, else by its Date field (RFC 5322 section 3.3).
pub fn date(head: &[u8]) -> Option<DateTime<FixedOffset>> {
    let received = field(head, "received").and_then(|value| parse_date(value.rsplit_once(';')?.1));
    received.or_else(|| parse_date(&field(head, "date")?))
}

/// False for a date that no message can have: before 1970, after 2100, or in a zone that does not exist. Some servers
/// refuse such a one.
pub fn is_plausible(date: &DateTime<FixedOffset>) -> bool {
    const LAST: i64 = 4_133_980_800;
    (0..LAST).contains(&date.timestamp()) && date.offset().local_minus_utc().abs() <= 14 * 3600
}

fn parse_date(text: &str) -> Option<DateTime<FixedOffset>> {
    // A comment such as "(CEST)" often ends the field.
    let text = text.split('(').next()?.trim();
    DateTime::parse_from_rfc2822(text).ok()
}

/// The unfolded value of the first field of this (lower-case) name.
fn field(head: &[u8], name: &str) -> Option<String> {
    Some(String::from_utf8_lossy(&raw_field(head, name)?).trim().to_owned())
}

/// The same as it stands there.
pub(crate) fn raw_field(head: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut lines = head.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).peekable();
    while let Some(line) = lines.next() {
        if line.is_empty() {
            return None;
        }
        let Some(value) = value_of(line, name) else { continue };
        let mut value = value.to_vec();
        while let Some(more) = lines.next_if(|line| line.starts_with(b" ") || line.starts_with(b"\t")) {
            value.extend_from_slice(more);
        }
        return Some(value);
    }
    None
}

fn value_of<'a>(line: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let (field, value) = line.split_at_checked(name.len())?;
    let value = value.strip_prefix(b":")?;
    field.eq_ignore_ascii_case(name.as_bytes()).then_some(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEAD: &[u8] = b"Return-Path: <a@b>\r\nReceived: from mx (mx [192.0.2.1])\r\n\tby mail with ESMTPS; Tue, 5 Mar 2019 10:00:00 +0100 (CET)\r\n\
        Date: Mon, 4 Mar 2019 09:00:00 +0000\r\nMessage-ID:\r\n <1@example.org>\r\n\r\nMessage-ID: <body>\r\n";

    #[test]
    fn folded_fields_are_read_and_the_body_is_not() {
        assert_eq!(message_id(HEAD).as_deref(), Some("<1@example.org>"));
        assert_eq!(date(HEAD).expect("a date").to_rfc3339(), "2019-03-05T10:00:00+01:00");
        assert_eq!(message_id(b"Subject: x\r\n\r\nMessage-ID: <body>\r\n"), None);
        assert_eq!(date(b"Date: Mon, 4 Mar 2019 09:00:00 +0000\n\n").expect("a date").timestamp(), 1_551_690_000);
    }

    #[test]
    fn a_date_that_no_message_can_have_is_told() {
        for (date, plausible) in [
            ("2019-03-05T10:00:00+01:00", true),
            ("1969-12-31T23:59:59+00:00", false),
            ("2106-02-07T06:28:15+00:00", false),
            ("2019-03-05T10:00:00+23:00", false),
        ] {
            assert_eq!(is_plausible(&DateTime::parse_from_rfc3339(date).expect("a date")), plausible, "{date}");
        }
    }

    proptest! {
        #[test]
        fn no_message_makes_it_panic(head in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = (message_id(&head), date(&head));
        }
    }
}
