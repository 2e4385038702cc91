//! What providers allow: facts of the data file, each with the address where it was read.

use mailferry_domain::{estimate::Speed, names::NameRules};
use mailferry_shared::provider::ProviderLimits;
use serde::Deserialize;

/// A fact, and where it was read.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fact<T> {
    value: T,
    pub(super) source: String,
}

/// What a provider does not take in folder names.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FolderNames {
    refused: String,
    tidy_spaces: bool,
    reserved: Vec<String>,
}

/// A row's limits; what is absent is not limited, or not known to be.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Facts {
    /// Connections of one account at once.
    connections: Option<Fact<u32>>,
    /// The largest message, bytes.
    message_bytes: Option<Fact<u64>>,
    /// The largest message unless its administrators have set another limit, bytes.
    usual_message_bytes: Option<Fact<u64>>,
    /// The largest attachment, bytes.
    attachment_bytes: Option<Fact<u64>>,
    /// What a mailbox holds, bytes.
    mailbox_bytes: Option<Fact<u64>>,
    /// Read from an account in a day, bytes.
    daily_bytes_down: Option<Fact<u64>>,
    /// Written to an account in a day, bytes.
    daily_bytes_up: Option<Fact<u64>>,
    /// Messages that an account takes or gives in a second, about.
    messages_per_second: Option<Fact<u32>>,
    folder_names: Option<Fact<FolderNames>>,
    /// Folders of an account that costs nothing, its own ones among them.
    free_folders: Option<Fact<u64>>,
    /// Messages of a folder that it shows to mail programs, about.
    shown_messages: Option<Fact<u64>>,
}

impl Facts {
    /// What its users should know; `None` if nothing is.
    pub(super) fn told(&self) -> Option<ProviderLimits> {
        let told = ProviderLimits {
            message_bytes: known(self.message_bytes.as_ref()),
            usual_message_bytes: known(self.usual_message_bytes.as_ref()),
            attachment_bytes: known(self.attachment_bytes.as_ref()),
            mailbox_bytes: known(self.mailbox_bytes.as_ref()),
            daily_bytes_down: known(self.daily_bytes_down.as_ref()),
            daily_bytes_up: known(self.daily_bytes_up.as_ref()),
        };
        Some(told).filter(|told| *told != ProviderLimits::default())
    }

    /// Where each of them was read.
    #[cfg(test)]
    pub(super) fn sources(&self) -> Vec<&str> {
        let sizes = [&self.message_bytes, &self.usual_message_bytes, &self.attachment_bytes, &self.mailbox_bytes];
        let sizes = sizes.into_iter().chain([&self.free_folders, &self.shown_messages]);
        let numbers = sizes.chain([&self.daily_bytes_down, &self.daily_bytes_up]);
        let small = [&self.connections, &self.messages_per_second];
        let numbers = numbers.flatten().map(|fact| fact.source.as_str());
        let small = small.into_iter().flatten().map(|fact| fact.source.as_str());
        numbers.chain(small).chain(self.folder_names.as_ref().map(|fact| fact.source.as_str())).collect()
    }
}

/// What the provider of a server allows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// Connections of one account at once; `None` if nothing is known of the server.
    pub connections: Option<u32>,
    /// The largest message, bytes.
    pub message_bytes: Option<u64>,
    /// What a mailbox holds, bytes.
    pub mailbox_bytes: Option<u64>,
    /// Read from an account in a day, bytes.
    pub daily_bytes_down: Option<u64>,
    /// Written to an account in a day, bytes.
    pub daily_bytes_up: Option<u64>,
    /// Messages in a second, about.
    pub messages_per_second: Option<u32>,
    /// Rules for folder names.
    pub names: NameRules,
    /// Folders of an account that costs nothing: what an account is cannot be seen, so that this is a warning only.
    pub free_folders: Option<u64>,
    /// Messages of a folder that it shows, about: whether there are more cannot be seen.
    pub shown_messages: Option<u64>,
}

impl From<&Facts> for Limits {
    fn from(facts: &Facts) -> Self {
        let names = known(facts.folder_names.as_ref()).unwrap_or_default();
        Self {
            connections: known(facts.connections.as_ref()),
            message_bytes: known(facts.message_bytes.as_ref())
                .or_else(|| known(facts.attachment_bytes.as_ref()).map(as_message)),
            mailbox_bytes: known(facts.mailbox_bytes.as_ref()),
            daily_bytes_down: known(facts.daily_bytes_down.as_ref()).map(daily_share),
            daily_bytes_up: known(facts.daily_bytes_up.as_ref()).map(daily_share),
            messages_per_second: known(facts.messages_per_second.as_ref()),
            names: NameRules { refused: names.refused, tidy_spaces: names.tidy_spaces, reserved: names.reserved },
            free_folders: known(facts.free_folders.as_ref()),
            shown_messages: known(facts.shown_messages.as_ref()),
        }
    }
}

/// What nobody can look up counts for nothing.
fn known<T: Clone>(fact: Option<&Fact<T>>) -> Option<T> {
    fact.filter(|fact| !fact.source.is_empty()).map(|fact| fact.value.clone())
}

/// What an attachment of this size is in a message: four letters for three bytes, and a line end behind 76 of them
/// (RFC 2045 section 6.8).
fn as_message(attachment_bytes: u64) -> u64 {
    let letters = attachment_bytes.div_ceil(3) * 4;
    letters + letters.div_ceil(76) * 2
}

/// Of a day's amount only 95 % are used: providers count commands and listings as well, and the owner's mail program
/// needs some of it.
fn daily_share(bytes: u64) -> u64 {
    bytes / 100 * 95
}

impl Limits {
    /// True if an account may move only so much in a day.
    pub(crate) fn are_daily(&self) -> bool {
        self.daily_bytes_down.is_some() || self.daily_bytes_up.is_some()
    }

    /// What they mean for the time that reading from such an account takes.
    pub fn reading(&self) -> Speed {
        Speed { daily_bytes: self.daily_bytes_down, messages_per_second: self.messages_per_second }
    }

    /// What they mean for the time that writing to such an account takes.
    pub fn writing(&self) -> Speed {
        Speed { daily_bytes: self.daily_bytes_up, messages_per_second: self.messages_per_second }
    }
}
