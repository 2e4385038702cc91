//! Numbers and times of a finding, which a page writes as its reader's language does.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::certificate::ServerCertificate;

/// What a finding counts or measures; each only where its code has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct FindingDetail {
    /// The largest message that is copied, bytes (`message_too_large`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_bytes: Option<u64>,
    /// Free space at the destination, bytes (`will_not_fit`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_bytes: Option<u64>,
    /// Space that the mail needs, bytes (`will_not_fit`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needed_bytes: Option<u64>,
    /// Folders that it concerns (`too_many_folders`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folders: Option<u64>,
    /// When the run goes on by itself; or when a provider ends its service (`service_ends`).
    #[serde(deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// Messages that it concerns; of a folder that could not be read or listed whole, those that the source counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<u64>,
    /// Messages that the source lists, where it counts more (`listing_incomplete`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listed: Option<u64>,
    /// The message's UID at the source, in the folder that is the finding's subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// What was repaired (`message_repaired`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repairs: Vec<Repair>,
    /// What the server showed, where it does not verify; or the one that was accepted (`certificate_pinned`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<ServerCertificate>,
}

/// What was repaired in a message that a destination refused as it was; the least change first, in the order in which
/// they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Repair {
    /// LF or CR alone became CRLF; in the header, CR alone became a space.
    LineEnds,
    /// The last line got its end.
    FinalLineEnd,
    /// NUL bytes were left out.
    NulBytes,
    /// Lines of the header that are none were folded into the one before, or begin the body.
    Header,
    /// 8-bit letters in the header became encoded words (RFC 2047).
    HeaderEncoding,
    /// Lines of more than 998 bytes were broken.
    LongLines,
    /// The destination did not take the date either: the message's own was used.
    Date,
}

impl Repair {
    /// Repairs of the bytes, in the order in which they are tried.
    pub const OF_BYTES: [Self; 6] =
        [Self::LineEnds, Self::FinalLineEnd, Self::NulBytes, Self::Header, Self::HeaderEncoding, Self::LongLines];

    /// All there are.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::OF_BYTES.into_iter().chain([Self::Date])
    }
}

/// In English.
impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LineEnds => "line ends",
            Self::FinalLineEnd => "end of the last line",
            Self::NulBytes => "NUL bytes",
            Self::Header => "form of the header",
            Self::HeaderEncoding => "8-bit letters in the header",
            Self::LongLines => "overlong lines",
            Self::Date => "date",
        })
    }
}

/// In English, for the command line and for files: "UID 17, line ends".
impl fmt::Display for FindingDetail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let messages = self.messages.map(|n| format!("{n} {}", if n == 1 { "message" } else { "messages" }));
        let numbers = [
            self.uid.map(|uid| format!("UID {uid}")),
            messages,
            self.listed.map(|n| format!("{n} listed")),
            self.folders.map(|n| format!("{n} folders")),
            self.limit_bytes.map(|n| format!("limit {n} bytes")),
            self.free_bytes.map(|n| format!("{n} bytes free")),
            self.needed_bytes.map(|n| format!("{n} bytes needed")),
            self.until.map(|at| format!("until {}", at.format("%Y-%m-%d %H:%M UTC"))),
        ];
        let repairs = self.repairs.iter().map(ToString::to_string);
        let certificate = self.certificate.iter().map(ToString::to_string);
        let parts: Vec<String> = numbers.into_iter().flatten().chain(repairs).chain(certificate).collect();
        f.write_str(&parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_not_written() {
        let detail = FindingDetail { limit_bytes: Some(50), ..FindingDetail::default() };
        assert_eq!(serde_json::to_string(&detail).expect("json"), r#"{"limit_bytes":50}"#);
        let read: FindingDetail = serde_json::from_str("{}").expect("json");
        assert_eq!(read, FindingDetail::default());
    }

    #[test]
    fn the_command_line_says_it_in_english() {
        let repaired = FindingDetail {
            uid: Some(17),
            repairs: vec![Repair::LineEnds, Repair::NulBytes],
            ..FindingDetail::default()
        };
        assert_eq!(repaired.to_string(), "UID 17, line ends, NUL bytes");
        let waits = FindingDetail { until: Some(DateTime::UNIX_EPOCH), ..FindingDetail::default() };
        assert_eq!(waits.to_string(), "until 1970-01-01 00:00 UTC");
        let one = FindingDetail { messages: Some(1), listed: Some(0), ..FindingDetail::default() };
        assert_eq!(one.to_string(), "1 message, 0 listed");
    }
}
