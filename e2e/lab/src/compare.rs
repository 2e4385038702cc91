//! Compares two mailboxes message by message, through IMAP: what decides whether a copy is right.

mod snapshot;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io,
};

use serde::Serialize;

use self::snapshot::{Mailbox, Message};
use crate::imap::Login;

/// What to compare.
#[derive(Debug, Clone, Default)]
pub struct CompareOptions {
    /// Folders that have another name at the destination; decoded names with `/`, without namespace prefix. Children
    /// move along.
    pub renames: BTreeMap<String, String>,
    /// Folders of the source that were left out, with their children; they must then not be compared.
    pub leave_out: Vec<String>,
    /// Folders that only the destination has and that hold no message are no difference.
    pub allow_extra_empty_folders: bool,
    /// How many differences to describe in words.
    pub details: usize,
}

/// Counts of differences; all zero after `destination_messages` means a perfect copy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Differences {
    /// Messages compared at the source.
    pub source_messages: u64,
    /// Messages found at the destination.
    pub destination_messages: u64,
    /// Folders at the source that hold or may hold messages.
    pub source_folders: u64,
    /// Such folders at the destination.
    pub destination_folders: u64,
    /// Bytes compared at the source.
    pub source_bytes: u64,
    /// Messages that did not arrive, counted with multiplicity.
    pub missing: u64,
    /// Messages at the destination that the source does not have, doubled ones included.
    pub extra: u64,
    /// Messages with the same Message-ID but other bytes.
    pub body_changed: u64,
    /// Messages with other system flags.
    pub flags_differ: u64,
    /// Messages with other keywords.
    pub keywords_differ: u64,
    /// Messages with another INTERNALDATE.
    pub date_differs: u64,
    /// Folders that did not arrive.
    pub folders_missing: u64,
    /// Folders that only the destination has.
    pub folders_extra: u64,
    /// Folders whose messages lie in another order.
    pub folders_reordered: u64,
    /// Subscriptions that did not arrive.
    pub subscriptions_missing: u64,
    /// Subscriptions that only the destination has.
    pub subscriptions_extra: u64,
    /// Some of the differences in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    #[serde(skip)]
    details_limit: usize,
}

impl Differences {
    /// Number of differences of any kind.
    pub fn total(&self) -> u64 {
        [
            self.missing,
            self.extra,
            self.body_changed,
            self.flags_differ,
            self.keywords_differ,
            self.date_differs,
            self.folders_missing,
            self.folders_extra,
            self.folders_reordered,
            self.subscriptions_missing,
            self.subscriptions_extra,
        ]
        .iter()
        .sum()
    }

    /// True if nothing differs.
    pub fn is_perfect(&self) -> bool {
        self.total() == 0
    }

    fn note(&mut self, text: impl FnOnce() -> String) {
        if self.details.len() < self.details_limit {
            self.details.push(text());
        }
    }
}

/// Reads both mailboxes completely and compares them.
pub fn compare(source: &Login, destination: &Login, options: &CompareOptions) -> io::Result<Differences> {
    let from = Mailbox::read(source)?.left_out(&options.leave_out).renamed(&options.renames);
    let to = Mailbox::read(destination)?;
    let mut result = Differences { details_limit: options.details, ..Differences::default() };
    result.source_messages = from.messages();
    result.destination_messages = to.messages();
    result.source_bytes = from.folders.values().flatten().map(|message| message.size).sum();
    result.source_folders = from.folders.len() as u64;
    result.destination_folders = to.folders.len() as u64;
    compare_names(&from, &to, options, &mut result);
    let nothing = Vec::new();
    let names: BTreeSet<&String> = from.folders.keys().chain(to.folders.keys()).collect();
    for name in names {
        let (old, new) = (from.folders.get(name).unwrap_or(&nothing), to.folders.get(name).unwrap_or(&nothing));
        compare_folder(name, old, new, &mut result);
    }
    Ok(result)
}

fn compare_names(from: &Mailbox, to: &Mailbox, options: &CompareOptions, result: &mut Differences) {
    for name in from.folders.keys().filter(|name| !to.folders.contains_key(*name)) {
        result.folders_missing += 1;
        result.note(|| format!("folder missing: {name}"));
    }
    for (name, messages) in to.folders.iter().filter(|(name, _)| !from.folders.contains_key(*name)) {
        if !(options.allow_extra_empty_folders && messages.is_empty()) {
            result.folders_extra += 1;
            result.note(|| format!("folder extra: {name}"));
        }
    }
    result.subscriptions_missing = from.subscriptions.difference(&to.subscriptions).count() as u64;
    result.subscriptions_extra = to.subscriptions.difference(&from.subscriptions).count() as u64;
    for name in from.subscriptions.symmetric_difference(&to.subscriptions) {
        result.note(|| format!("subscription differs: {name}"));
    }
}

fn compare_folder(folder: &str, old: &[Message], new: &[Message], result: &mut Differences) {
    let (by_hash_old, by_hash_new) = (by_hash(old), by_hash(new));
    let (mut lost, mut extra) = (Vec::new(), Vec::new());
    let hashes: BTreeSet<_> = by_hash_old.keys().chain(by_hash_new.keys()).collect();
    for hash in hashes {
        let (left, right) = (at(&by_hash_old, hash), at(&by_hash_new, hash));
        lost.extend(left.iter().skip(right.len()));
        extra.extend(right.iter().skip(left.len()));
        if left.len() == right.len() {
            compare_marks(folder, left, right, result);
        }
    }
    let in_order = lost.is_empty() && extra.is_empty();
    if in_order && !old.iter().map(|message| message.hash).eq(new.iter().map(|message| message.hash)) {
        result.folders_reordered += 1;
        result.note(|| format!("other order in {folder}"));
    }
    count_lost_and_extra(folder, &lost, &extra, result);
}

/// Flags, keywords and dates of messages with the same bytes, as multisets.
fn compare_marks(folder: &str, left: &[&Message], right: &[&Message], result: &mut Differences) {
    let flags = surplus(left, right, |message| &message.flags);
    let keywords = surplus(left, right, |message| &message.keywords);
    let dates = surplus(left, right, |message| &message.date);
    result.flags_differ += flags;
    result.keywords_differ += keywords;
    result.date_differs += dates;
    if flags + keywords + dates > 0 {
        result.note(|| format!("marks differ in {folder}: {left:?} became {right:?}"));
    }
}

/// How many values of `left` have no partner in `right`.
fn surplus<'a, V: Ord + 'a>(left: &[&'a Message], right: &[&'a Message], value: impl Fn(&'a Message) -> &'a V) -> u64 {
    let mut have: BTreeMap<&V, i64> = BTreeMap::new();
    for message in right {
        *have.entry(value(message)).or_default() += 1;
    }
    let mut missing = 0;
    for message in left {
        let count = have.entry(value(message)).or_default();
        *count -= 1;
        missing += u64::from(*count < 0);
    }
    missing
}

fn count_lost_and_extra(folder: &str, lost: &[&Message], extra: &[&Message], result: &mut Differences) {
    let mut known: HashMap<&str, u64> = HashMap::new();
    for id in extra.iter().filter_map(|message| message.id.as_deref()) {
        *known.entry(id).or_default() += 1;
    }
    let mut changed = 0;
    for message in lost {
        let twin = message.id.as_deref().and_then(|id| known.get_mut(id)).filter(|left| **left > 0);
        if let Some(left) = twin {
            *left -= 1;
            changed += 1;
            result.note(|| format!("bytes changed in {folder}: {message:?}"));
        } else {
            result.missing += 1;
            result.note(|| format!("missing in {folder}: {message:?}"));
        }
    }
    for message in extra {
        result.note(|| format!("extra or changed in {folder}: {message:?}"));
    }
    result.body_changed += changed;
    result.extra += extra.len() as u64 - changed;
}

fn by_hash(messages: &[Message]) -> HashMap<[u8; 32], Vec<&Message>> {
    let mut groups: HashMap<_, Vec<_>> = HashMap::new();
    for message in messages {
        groups.entry(message.hash).or_default().push(message);
    }
    groups
}

fn at<'m, 'a>(groups: &'m HashMap<[u8; 32], Vec<&'a Message>>, hash: &[u8; 32]) -> &'m [&'a Message] {
    groups.get(hash).map_or(&[], Vec::as_slice)
}
