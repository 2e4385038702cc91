//! Spelling and reading of what IMAP sends over the wire; no IO. Values in general are in
//! [`values`], names of folders in [`folders`].

mod folders;
mod values;

use chrono::{DateTime, Datelike, FixedOffset, Timelike};
use mailferry_domain::{folder::FolderStatus, uid::UidValidity};

pub(super) use self::{
    folders::{each_at_a_place_of_its_own, listed, personal_namespace, wire_name},
    values::{Value, values},
};

/// A quoted string (RFC 9051 section 9, `quoted`). The text must hold no CR, LF or NUL: see [`is_quotable`].
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// True if `text` can be sent as a quoted string to any server.
pub(super) fn is_quotable(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// `date-time` (RFC 9051 section 9): ` 5-Mar-2019 10:00:00 +0100`.
pub(super) fn date_time(date: &DateTime<FixedOffset>) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let zone = date.offset().local_minus_utc() / 60;
    let sign = if zone < 0 { '-' } else { '+' };
    let (hours, minutes) = (zone.abs() / 60, zone.abs() % 60);
    let month = MONTHS[date.month0() as usize];
    let time = date.time();
    format!(
        "{:2}-{month}-{:04} {:02}:{:02}:{:02} {sign}{hours:02}{minutes:02}",
        date.day(),
        date.year(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

/// Reads `date-time`; `None` for anything else, since some servers send nonsense.
pub(super) fn parse_date_time(text: &str) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_str(text.trim(), "%d-%b-%Y %H:%M:%S %z").ok()
}

/// Reads `* STATUS name (MESSAGES n UIDNEXT n UIDVALIDITY n …)`: the folder's name, and how it stands if all is told.
pub(super) fn folder_status(response: &[u8]) -> Option<(String, FolderStatus)> {
    let values = values(response);
    let [word, name, pairs, ..] = values.as_slice() else { return None };
    if !word.text()?.eq_ignore_ascii_case("STATUS") {
        return None;
    }
    let (Value::Atom(name) | Value::Text(name)) = name else { return None };
    let pairs = pairs.list()?;
    let number = |key: &str| {
        let pair =
            pairs.chunks_exact(2).find(|pair| pair[0].text().is_some_and(|text| text.eq_ignore_ascii_case(key)))?;
        u32::try_from(pair[1].number()?).ok()
    };
    let status = FolderStatus {
        uid_validity: UidValidity(number("UIDVALIDITY")?),
        uid_next: number("UIDNEXT")?,
        messages: number("MESSAGES")?,
        highest_modseq: status_number(response, "HIGHESTMODSEQ").filter(|&modseq| modseq > 0),
    };
    Some((name.clone(), status))
}

/// The folder of `* STATUS name …`.
pub(super) fn status_name(response: &[u8]) -> Option<String> {
    match values(response).as_slice() {
        [word, Value::Atom(name) | Value::Text(name), ..] if word.text()?.eq_ignore_ascii_case("STATUS") => {
            Some(name.clone())
        }
        _ => None,
    }
}

/// A number of `* STATUS name (key number …)` (RFC 9051 section 7.3.4).
pub(super) fn status_number(response: &[u8], key: &str) -> Option<u64> {
    let values = values(response);
    let [word, _, pairs, ..] = values.as_slice() else { return None };
    if !word.text()?.eq_ignore_ascii_case("STATUS") {
        return None;
    }
    let pairs = pairs.list()?;
    pairs.chunks_exact(2).find(|pair| pair[0].text().is_some_and(|text| text.eq_ignore_ascii_case(key)))?[1].number()
}

/// Used and most kilobytes of `* QUOTA root (STORAGE used most …)` (RFC 9208 section 5.1).
pub(super) fn storage_quota(response: &[u8]) -> Option<(u64, u64)> {
    let values = values(response);
    let [word, _, resources, ..] = values.as_slice() else { return None };
    if !word.text()?.eq_ignore_ascii_case("QUOTA") {
        return None;
    }
    let resources = resources.list()?;
    let storage = resources
        .chunks_exact(3)
        .find(|part| part[0].text().is_some_and(|text| text.eq_ignore_ascii_case("STORAGE")))?;
    Some((storage[1].number()?, storage[2].number()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn status_and_quota_are_read() {
        assert_eq!(status_number(b"* STATUS \"a b\" (MESSAGES 3 SIZE 5000000000)\r\n", "size"), Some(5_000_000_000));
        assert_eq!(storage_quota(b"* QUOTA \"User quota\" (MESSAGE 1 2 STORAGE 10 512)\r\n"), Some((10, 512)));
        assert_eq!(storage_quota(b"* QUOTA \"\" ()\r\n"), None);
    }

    #[test]
    fn dates_keep_their_zone() {
        let date = parse_date_time(" 5-Mar-2019 10:00:00 +0130").expect("a date");
        assert_eq!(date_time(&date), " 5-Mar-2019 10:00:00 +0130");
        assert_eq!(parse_date_time("00-Jan-0000"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = (values(&bytes), listed(&bytes, "LIST"), personal_namespace(&bytes), status_number(&bytes, "SIZE"), storage_quota(&bytes));
        }

        #[test]
        fn a_quoted_string_is_read_again(text in "[ -~]{0,40}") {
            prop_assert_eq!(values(quoted(&text).as_bytes()), [Value::Text(text)]);
        }
    }
}
