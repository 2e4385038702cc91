//! The manifest: what became of every message of a source, one line of JSON each, behind one line about the whole.

use chrono::{DateTime, FixedOffset, Utc};
use mailferry_shared::finding::{Finding, FindingCode};
use serde::{Deserialize, Serialize};

use crate::{
    item::{ContentHash, ContentKey, Flags},
    print::Fingerprint,
    repair::Repairs,
};

/// What the first line calls the format.
pub const FORMAT: &str = "mailferry-manifest";
/// The version that is written, and the only one that is read.
pub const VERSION: u32 = 2;

/// The first line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestHead {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// The mailbox that was read, for people.
    pub source: String,
    /// The mailbox that was written, for people.
    pub destination: String,
    /// Lines that follow: a file with fewer was cut short.
    pub messages: u64,
    /// Folders of the source that were left out, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOutFolder>,
    /// Messages of the source that are not in the manifest though they were wanted: in folders that could not be read,
    /// that were listed short, or that the last run has left unfinished. A comparison says nothing of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_proven: Vec<Finding>,
}

/// A folder whose messages are not in the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOutFolder {
    /// Its name at the source.
    pub folder: String,
    /// Why.
    pub reason: String,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ManifestOutcome {
    /// It was copied.
    Stored,
    /// It was at the destination before.
    Present,
    /// It was left out; the code says why.
    Skipped,
    /// It could not be copied; the code says why.
    Failed,
    /// It could not be decided whether it has arrived.
    Uncertain,
}

/// Where a message lies at the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRef {
    /// The folder, decoded, `/` between the levels.
    pub folder: String,
    /// The folder's UIDVALIDITY.
    pub uid_validity: u32,
    /// Its UID.
    pub uid: u32,
}

/// Where a message lies at the destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestinationRef {
    /// The folder, decoded, `/` between the levels.
    pub folder: String,
    /// The folder's UIDVALIDITY.
    pub uid_validity: u32,
    /// Its UID, where the server told it or it was found.
    pub uid: Option<u32>,
}

/// What was sent instead of a message whose bytes the destination refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentRepaired {
    /// SHA-256 of what was sent.
    #[serde(with = "hash_as_hex")]
    pub sha256: Option<ContentHash>,
    /// Size of what was sent, bytes.
    pub size_bytes: u64,
    /// What was repaired; in words in the file, for people.
    #[serde(with = "repairs_in_words")]
    pub repaired: Repairs,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestEntry {
    /// SHA-256 of its bytes; absent if it was never read.
    #[serde(with = "hash_as_hex")]
    pub sha256: Option<ContentHash>,
    /// Size in bytes: of what was read, else as the source states it.
    pub size_bytes: u64,
    /// Flags at the source when it was read.
    pub flags: Option<Flags>,
    /// Internal date at the source.
    pub internal_date: Option<DateTime<FixedOffset>>,
    /// Its Message-ID.
    pub message_id: Option<String>,
    /// Where it came from.
    pub source: SourceRef,
    /// Where it went, or would have gone.
    pub destination: DestinationRef,
    /// What became of it.
    pub outcome: ManifestOutcome,
    /// Why it was skipped or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<FindingCode>,
    /// What was sent in its place, if the destination refused it as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<SentRepaired>,
    /// What tells later which part of it was changed.
    #[serde(default, with = "print_as_text", skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
}

impl ManifestEntry {
    /// Size and hash of what should lie at the destination, if the message was read.
    pub fn key(&self) -> Option<ContentKey> {
        let (size_bytes, hash) = match &self.sent {
            Some(sent) => (sent.size_bytes, sent.sha256),
            None => (self.size_bytes, self.sha256),
        };
        Some(ContentKey { size_bytes, hash: hash? })
    }
}

mod repairs_in_words {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Repairs;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
    pub(super) fn serialize<S: Serializer>(repairs: &Repairs, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(repairs)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Repairs, D::Error> {
        Ok(Repairs::from_words(&String::deserialize(deserializer)?))
    }
}

mod hash_as_hex {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    use super::{ContentHash, hash_from_hex};

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub(super) fn serialize<S: Serializer>(hash: &Option<ContentHash>, serializer: S) -> Result<S::Ok, S::Error> {
        hash.map(|hash| hash.to_string()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ContentHash>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| hash_from_hex(&text).ok_or_else(|| D::Error::custom("not a SHA-256 in hexadecimal")))
            .transpose()
    }
}

fn hash_from_hex(text: &str) -> Option<ContentHash> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Vec<u8> = pairs.iter().map(byte).collect::<Option<_>>()?;
    if rest.is_empty() { Some(ContentHash(bytes.try_into().ok()?)) } else { None }
}

mod print_as_text {
    use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    use super::Fingerprint;

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub(super) fn serialize<S: Serializer>(print: &Option<Fingerprint>, serializer: S) -> Result<S::Ok, S::Error> {
        print.as_ref().map(|print| STANDARD_NO_PAD.encode(print.to_bytes())).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Fingerprint>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        let print = |text: String| Fingerprint::from_bytes(&STANDARD_NO_PAD.decode(text).ok()?);
        text.map(|text| print(text).ok_or_else(|| D::Error::custom("not a fingerprint"))).transpose()
    }
}
