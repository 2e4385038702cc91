//! What differs between a message as it was copied and as it is there, which a page words as its reader's language does.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::finding::Repair;

/// What of a message differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// A header field was changed or added: `header` names it.
    Header,
    /// Header fields are gone, or were changed beyond what is named: `count` tells how many.
    HeadersGone,
    /// The header's fields are in another order.
    HeaderOrder,
    /// Line ends alone.
    LineEnds,
    /// It carries another Message-ID, `found`, or none: probably it is another message.
    MessageId,
    /// What follows the header.
    Body,
    /// Something; nothing was kept that could tell what.
    Bytes,
    /// It was changed before it was sent, since the destination had refused it as it was: `repairs` tells how.
    Repaired,
}

/// One thing that differs, with its values; each only where its kind has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Difference {
    /// What differs.
    pub kind: DifferenceKind,
    /// The header field's name, as it is written at the destination (`header`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// So many header fields (`headers_gone`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// The Message-ID that is there; absent if there is none, or if none was kept (`message_id`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
    /// What was repaired, the least change first (`repaired`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<Repair>,
}

impl Difference {
    /// One without values.
    pub fn new(kind: DifferenceKind) -> Self {
        Self { kind, header: None, count: None, found: None, repairs: Vec::new() }
    }
}

/// In English, for the command line and for files: "header Subject".
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            DifferenceKind::Header => write!(f, "header {}", self.header.as_deref().unwrap_or_default()),
            DifferenceKind::HeadersGone => match self.count {
                Some(1) => f.write_str("a header field is gone"),
                Some(count) => write!(f, "{count} header fields are gone"),
                None => f.write_str("header fields are gone"),
            },
            DifferenceKind::HeaderOrder => f.write_str("order of the header fields"),
            DifferenceKind::LineEnds => f.write_str("line ends"),
            DifferenceKind::MessageId => match &self.found {
                Some(found) => write!(f, "Message-ID, now {found}"),
                None => f.write_str("Message-ID"),
            },
            DifferenceKind::Body => f.write_str("body"),
            DifferenceKind::Bytes => f.write_str("bytes"),
            DifferenceKind::Repaired => {
                let repairs: Vec<String> = self.repairs.iter().map(ToString::to_string).collect();
                write!(f, "repaired before it was sent: {}", repairs.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_kind_does_not_have_is_not_written() {
        let body = Difference::new(DifferenceKind::Body);
        assert_eq!(serde_json::to_string(&body).expect("json"), r#"{"kind":"body"}"#);
        let header = Difference { header: Some("Subject".to_owned()), ..Difference::new(DifferenceKind::Header) };
        let json = r#"{"kind":"header","header":"Subject"}"#;
        assert_eq!(serde_json::to_string(&header).expect("json"), json);
        assert_eq!(serde_json::from_str::<Difference>(json).expect("json"), header);
    }

    #[test]
    fn the_command_line_says_it_in_english() {
        let new = Difference::new;
        for (difference, words) in [
            (Difference { header: Some("Subject".to_owned()), ..new(DifferenceKind::Header) }, "header Subject"),
            (Difference { count: Some(1), ..new(DifferenceKind::HeadersGone) }, "a header field is gone"),
            (Difference { count: Some(2), ..new(DifferenceKind::HeadersGone) }, "2 header fields are gone"),
            (new(DifferenceKind::HeaderOrder), "order of the header fields"),
            (new(DifferenceKind::LineEnds), "line ends"),
            (Difference { found: Some("<2@a>".to_owned()), ..new(DifferenceKind::MessageId) }, "Message-ID, now <2@a>"),
            (new(DifferenceKind::MessageId), "Message-ID"),
            (new(DifferenceKind::Body), "body"),
            (new(DifferenceKind::Bytes), "bytes"),
            (
                Difference { repairs: vec![Repair::LineEnds, Repair::NulBytes], ..new(DifferenceKind::Repaired) },
                "repaired before it was sent: line ends, NUL bytes",
            ),
        ] {
            assert_eq!(difference.to_string(), words);
        }
    }
}
