//! What differs of a message, in the reader's words.

use chrono::{DateTime, Utc};
use mailferry_shared::verification::{Difference, DifferenceKind, VerificationItem};

use crate::{browser::intl, pages::parts, t, tn};

/// All that differs of a message, one text each.
pub(super) fn of(item: &VerificationItem) -> Vec<String> {
    let mut texts: Vec<String> = item.differences.iter().map(text).collect();
    let size = item.destination_size_bytes.map(|found| (intl::size(found), intl::size(item.size_bytes)));
    // Sizes that read the same tell nothing.
    let size = size.filter(|(found, expected)| found != expected);
    texts.extend(size.map(|(found, expected)| t!("verify.change_size", found = found, expected = expected)));
    for (flags, is_added) in [(&item.flags_added, true), (&item.flags_missing, false)] {
        if !flags.is_empty() {
            let flags = flags.iter().map(|name| flag(name)).collect::<Vec<_>>().join(", ");
            texts.push(if is_added {
                t!("verify.flags_added", flags = flags)
            } else {
                t!("verify.flags_missing", flags = flags)
            });
        }
    }
    texts.extend(item.expected_date.map(|expected| date(expected, item.date)));
    texts
}

fn text(difference: &Difference) -> String {
    match difference.kind {
        DifferenceKind::Header => t!("verify.change_header", name = difference.header.as_deref().unwrap_or_default()),
        DifferenceKind::HeadersGone => tn!("verify.change_headers_gone", difference.count.unwrap_or_default()),
        DifferenceKind::HeaderOrder => t!("verify.change_header_order").to_owned(),
        DifferenceKind::LineEnds => t!("verify.change_line_ends").to_owned(),
        DifferenceKind::MessageId => match &difference.found {
            Some(id) => t!("verify.change_message_id_found", id = id),
            None => t!("verify.change_message_id").to_owned(),
        },
        DifferenceKind::Body => t!("verify.change_body").to_owned(),
        DifferenceKind::Bytes => t!("verify.change_bytes").to_owned(),
        DifferenceKind::Repaired => {
            let repairs = difference.repairs.iter().map(|repair| parts::repair_text(*repair));
            t!("verify.change_repaired", repairs = repairs.collect::<Vec<_>>().join(", "))
        }
    }
}

fn date(expected: DateTime<Utc>, found: Option<DateTime<Utc>>) -> String {
    let Some(found) = found else { return t!("verify.change_no_date", expected = intl::date_time(expected)) };
    let both = [found, expected].map(intl::date_time);
    // Within a minute the seconds tell them apart.
    let [found, expected] = if both[0] == both[1] { [found, expected].map(intl::exact_time) } else { both };
    t!("verify.change_date", found = found, expected = expected)
}

/// A flag as mail programs call it (RFC 9051 section 2.3.2); other keywords are somebody's own words.
fn flag(name: &str) -> String {
    const KNOWN: [&str; 6] = ["\\Seen", "\\Answered", "\\Flagged", "\\Draft", "\\Deleted", "$Forwarded"];
    let texts = [
        t!("verify.flag_seen"),
        t!("verify.flag_answered"),
        t!("verify.flag_flagged"),
        t!("verify.flag_draft"),
        t!("verify.flag_deleted"),
        t!("verify.flag_forwarded"),
    ];
    let at = KNOWN.iter().position(|known| known.eq_ignore_ascii_case(name));
    at.map_or(name, |at| texts[at]).to_owned()
}
