//! Messages that a verification names, as they are kept.

use mailferry_domain::repair::Repairs;
use mailferry_shared::verification::{Difference, DifferenceKind, VerificationItem};
use serde::Deserialize;

/// As it was written at any time: before differences had codes, they were English words.
#[derive(Deserialize)]
pub(super) struct KeptItem {
    #[serde(flatten)]
    item: VerificationItem,
    #[serde(default)]
    changes: Vec<String>,
}

impl From<KeptItem> for VerificationItem {
    fn from(kept: KeptItem) -> Self {
        let mut item = kept.item;
        item.differences.extend(kept.changes.iter().map(|words| from_words(words)));
        item
    }
}

/// What the words of earlier versions meant.
fn from_words(words: &str) -> Difference {
    let new = Difference::new;
    if let Some(name) = words.strip_prefix("header ") {
        return Difference { header: Some(name.to_owned()), ..new(DifferenceKind::Header) };
    }
    if let Some(repairs) = words.strip_prefix("repaired before it was sent: ") {
        return Difference { repairs: Repairs::from_words(repairs).list(), ..new(DifferenceKind::Repaired) };
    }
    match words {
        "a header field is gone" => Difference { count: Some(1), ..new(DifferenceKind::HeadersGone) },
        "order of the header fields" => new(DifferenceKind::HeaderOrder),
        "line ends" => new(DifferenceKind::LineEnds),
        "Message-ID" => new(DifferenceKind::MessageId),
        "body" => new(DifferenceKind::Body),
        _ => match words.strip_suffix(" header fields are gone").map(str::parse) {
            Some(Ok(count)) => Difference { count: Some(count), ..new(DifferenceKind::HeadersGone) },
            Some(Err(_)) | None => new(DifferenceKind::Bytes),
        },
    }
}
