//! Verify: which message at the destination stands for which entry of the manifest, and what has changed of it.
//!
//! A message that lies where the manifest says and has the same hash needs no more than [`same_bytes`]. Everything
//! else goes through [`Matching`]: content first, as a multiset, then the place, then Message-ID and body. Only where
//! the destination itself has told that it keeps one message for two alike, that one stands for both.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, FixedOffset};
use mailferry_shared::verification::{Grade, VerificationCounts, VerificationItem};

use crate::{
    item::{ContentKey, Flags},
    manifest::{ManifestEntry, ManifestOutcome},
    print::{BODY_HASH_BYTES, Change, Field, changes},
    uid::{Uid, UidSet},
};

/// Where a message was found, with what flags and date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its UID.
    pub uid: Uid,
    /// Its flags.
    pub flags: Flags,
    /// Its internal date.
    pub internal_date: Option<DateTime<FixedOffset>>,
}

/// A message whose bytes are not those of the entry at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where.
    pub seen: Seen,
    /// Size and hash.
    pub key: ContentKey,
    /// Its Message-ID.
    pub message_id: Option<String>,
    /// Its body's hash.
    pub body: [u8; BODY_HASH_BYTES],
    /// Its header's fields.
    pub fields: Vec<Field>,
}

/// What is to be said of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How it was found.
    pub grade: Grade,
    /// What has changed.
    pub changes: Vec<Change>,
    /// Flags that are there no more.
    pub flags_missing: Vec<String>,
    /// Flags that have come.
    pub flags_added: Vec<String>,
    /// Another internal date than was copied: that one, and the one that is there.
    pub dates: Option<(DateTime<FixedOffset>, Option<DateTime<FixedOffset>>)>,
    /// Where it was found.
    pub uid: Option<Uid>,
    /// Size in bytes of what was found, if those are other bytes than were sent.
    pub size_bytes: Option<u64>,
}

impl Verdict {
    /// Nothing was found.
    pub fn missing(grade: Grade) -> Self {
        let (flags_missing, flags_added) = (Vec::new(), Vec::new());
        Self { grade, changes: Vec::new(), flags_missing, flags_added, dates: None, uid: None, size_bytes: None }
    }

    /// True if there is nothing to tell.
    pub fn is_perfect(&self) -> bool {
        self.grade == Grade::Identical && self.as_sent()
    }

    /// True if flags and date are those that were sent.
    pub fn as_sent(&self) -> bool {
        !self.flags_differ() && self.dates.is_none()
    }

    /// True if flags were lost or have come.
    fn flags_differ(&self) -> bool {
        !self.flags_missing.is_empty() || !self.flags_added.is_empty()
    }

    /// Adds this verdict to the counts.
    pub fn count(&self, counts: &mut VerificationCounts) {
        counts.expected += 1;
        *match self.grade {
            Grade::Identical => &mut counts.identical,
            Grade::Repaired => &mut counts.repaired,
            Grade::Rewritten => &mut counts.rewritten,
            Grade::Different => &mut counts.different,
            Grade::Absent => &mut counts.absent,
            Grade::Unread => &mut counts.unread,
        } += 1;
        counts.flags_differ += u64::from(self.flags_differ());
        counts.dates_differ += u64::from(self.dates.is_some());
    }

    /// As people read it.
    pub fn item(self, entry: ManifestEntry) -> VerificationItem {
        VerificationItem {
            grade: self.grade,
            folder: entry.source.folder,
            uid: entry.source.uid,
            destination_folder: entry.destination.folder,
            destination_uid: self.uid.map(|uid| uid.0).or(entry.destination.uid),
            message_id: entry.message_id,
            size_bytes: entry.size_bytes,
            destination_size_bytes: self.size_bytes,
            differences: self.changes.into_iter().map(Into::into).collect(),
            flags_missing: self.flags_missing,
            flags_added: self.flags_added,
            expected_date: self.dates.map(|(expected, _)| expected.to_utc()),
            date: self.dates.and_then(|(_, date)| Some(date?.to_utc())),
        }
    }
}

/// True if the entry's message may be one that stands for another entry too.
fn may_share(entry: &ManifestEntry) -> bool {
    entry.outcome == ManifestOutcome::Present
}

/// True if the message should be at the destination: it was copied, was there, or may have arrived.
pub fn is_expected(entry: &ManifestEntry) -> bool {
    entry.outcome != ManifestOutcome::Skipped
}

/// The verdict on a message of the bytes that were sent.
pub fn same_bytes(entry: &ManifestEntry, seen: &Seen) -> Verdict {
    let changes: Vec<Change> = repaired(entry).collect();
    let grade = if changes.is_empty() { Grade::Identical } else { Grade::Repaired };
    let mut verdict = Verdict { uid: Some(seen.uid), changes, ..Verdict::missing(grade) };
    // What was there before us has flags and a date of its own.
    if entry.outcome != ManifestOutcome::Stored {
        return verdict;
    }
    if let Some(flags) = entry.flags.as_ref().filter(|flags| **flags != seen.flags) {
        let lacking = |of: &Flags, all: &Flags| of.iter().filter(|flag| !has(all, flag)).map(str::to_owned).collect();
        verdict.flags_missing = lacking(flags, &seen.flags);
        verdict.flags_added = lacking(&seen.flags, flags);
    }
    let instant = |date: Option<DateTime<FixedOffset>>| date.map(|date| date.timestamp());
    if let Some(date) = entry.internal_date.filter(|date| instant(seen.internal_date) != Some(date.timestamp())) {
        verdict.dates = Some((date, seen.internal_date));
    }
    verdict
}

/// What we have changed of it ourselves.
fn repaired(entry: &ManifestEntry) -> impl Iterator<Item = Change> {
    entry.sent.iter().map(|sent| Change::Repaired(sent.repaired))
}

/// Keywords differ in case only for people (RFC 9051 section 2.3.2).
fn has(all: &Flags, flag: &str) -> bool {
    all.iter().any(|other| other.eq_ignore_ascii_case(flag))
}

/// The verdict on a message of other bytes that stands for this entry.
pub fn other_bytes(entry: &ManifestEntry, found: &Found) -> Verdict {
    let changes = what_changed(entry, found);
    let grave = |change: &Change| matches!(change, Change::Body | Change::MessageId(_) | Change::Bytes);
    let grade = if changes.iter().any(grave) { Grade::Different } else { Grade::Rewritten };
    Verdict { grade, changes, size_bytes: Some(found.key.size_bytes), ..same_bytes(entry, &found.seen) }
}

fn what_changed(entry: &ManifestEntry, found: &Found) -> Vec<Change> {
    let mut changes = match &entry.fingerprint {
        Some(print) => changes(print, &found.body, &found.fields),
        None => vec![Change::Bytes],
    };
    if entry.message_id.is_some() && entry.message_id != found.message_id {
        changes.push(Change::MessageId(found.message_id.clone()));
    }
    changes.extend(repaired(entry));
    changes
}

/// Entries of one destination folder whose message was not found in its place, and what else lies in the folder.
#[derive(Debug, Default)]
pub struct Matching {
    open: Vec<Option<ManifestEntry>>,
    /// Entries by content.
    by_content: HashMap<ContentKey, Vec<usize>>,
    ids: HashSet<String>,
    bodies: HashSet<[u8; BODY_HASH_BYTES]>,
    places: HashSet<Uid>,
    sizes: HashSet<u64>,
    /// Internal dates, in seconds since 1970; `None` for an entry without one.
    dates: HashSet<Option<i64>>,
    /// Messages of a content that is wanted, with other flags or another date.
    waiting: Vec<(ContentKey, Seen)>,
    /// Entries for which nothing is known yet that could be theirs.
    lacking: usize,
    found: Vec<Option<Found>>,
}

impl Matching {
    /// Takes an entry that is still to be found.
    pub fn want(&mut self, entry: ManifestEntry) {
        if let Some(key) = entry.key() {
            self.by_content.entry(key).or_default().push(self.open.len());
        }
        self.ids.extend(entry.message_id.clone());
        self.bodies.extend(entry.fingerprint.as_ref().map(|print| print.body));
        self.places.extend(entry.destination.uid.map(Uid));
        self.sizes.insert(entry.size_bytes);
        self.sizes.extend(entry.sent.as_ref().map(|sent| sent.size_bytes));
        self.dates.insert(entry.internal_date.map(|date| date.timestamp()));
        self.open.push(Some(entry));
        self.lacking += 1;
    }

    /// Takes an entry that has its bytes in its place, but with other flags or another date: another message of the same
    /// bytes may fit better.
    pub fn want_better(&mut self, entry: ManifestEntry, seen: Seen) {
        let Some(key) = entry.key() else { return self.want(entry) };
        self.want(entry);
        self.waiting.push((key, seen));
        self.lacking -= 1;
    }

    /// True if something is wanted that must be looked for.
    pub fn lacks(&self) -> bool {
        self.lacking > 0
    }

    /// True if a message of this size and date may be one that is wanted: a server that rewrites keeps the date.
    pub fn may_be(&self, size_bytes: u64, internal_date: Option<DateTime<FixedOffset>>) -> bool {
        let date = internal_date.map(|date| date.timestamp());
        self.sizes.contains(&size_bytes) || self.dates.contains(&date) || self.dates.contains(&None)
    }

    /// True if an entry of this content is wanted.
    pub fn wants(&self, key: &ContentKey) -> bool {
        self.by_content.get(key).is_some_and(|open| !open.is_empty())
    }

    /// The entry that a message of this content stands for: each message stands for one. Of several, the one that has
    /// the same flags and date; if none has, the message waits for what is left at the end.
    pub fn take(&mut self, key: &ContentKey, seen: Seen) -> Option<(ManifestEntry, Verdict)> {
        let open = self.by_content.get_mut(key).filter(|open| !open.is_empty())?;
        let entries = &self.open;
        let is_perfect = |at: &usize| entries[*at].as_ref().is_some_and(|entry| same_bytes(entry, &seen).as_sent());
        let Some(position) = open.iter().position(is_perfect) else {
            self.waiting.push((*key, seen));
            return None;
        };
        let entry = self.open[open.remove(position)].take()?;
        let verdict = same_bytes(&entry, &seen);
        Some((entry, verdict))
    }

    /// Places that entries still name which were there before, so that it may be they share them with others: a server
    /// that keeps one message for two alike (Gmail) tells where the other one lies.
    pub fn shared_places(&self, uid_validity: u32) -> UidSet {
        let open = self.open.iter().flatten();
        open.filter(|entry| may_share(entry) && entry.destination.uid_validity == uid_validity)
            .filter_map(|entry| entry.destination.uid.map(Uid))
            .collect()
    }

    /// Entries for which the message at their place, another entry's, stands as well: it has their very bytes.
    pub fn take_shared(&mut self, key: &ContentKey, seen: &Seen) -> Vec<(ManifestEntry, Verdict)> {
        let Some(wanting) = self.by_content.get_mut(key) else { return Vec::new() };
        let mut verdicts = Vec::new();
        let open = &mut self.open;
        wanting.retain(|at| {
            let shares = |entry: &mut ManifestEntry| may_share(entry) && entry.destination.uid == Some(seen.uid.0);
            match open[*at].take_if(shares) {
                Some(entry) => {
                    let verdict = same_bytes(&entry, seen);
                    verdicts.push((entry, verdict));
                    false
                }
                None => true,
            }
        });
        verdicts
    }

    /// Keeps a message of other content, if it might be one that is wanted.
    pub fn keep(&mut self, found: Found) {
        let known_id = found.message_id.as_ref().is_some_and(|id| self.ids.contains(id));
        if known_id || self.bodies.contains(&found.body) || self.places.contains(&found.seen.uid) {
            self.found.push(Some(found));
        }
    }

    /// The verdicts on everything that is still wanted.
    pub fn finish(mut self) -> Vec<(ManifestEntry, Verdict)> {
        let mut verdicts = Vec::new();
        for (key, seen) in std::mem::take(&mut self.waiting) {
            verdicts.extend(self.take(&key, seen));
        }
        for (key, seen) in std::mem::take(&mut self.waiting) {
            verdicts.extend(self.take_any(&key, &seen));
        }
        // A message that is not the entry's at its place may be another entry's, byte for byte.
        for at in 0..self.found.len() {
            let Some((key, seen)) = self.found[at].as_ref().map(|found| (found.key, found.seen.clone())) else {
                continue;
            };
            if let Some(verdict) = self.take_any(&key, &seen) {
                verdicts.push(verdict);
                self.found[at] = None;
            }
        }
        // The surer sign first.
        for like in [Likeness::Place, Likeness::Id, Likeness::Body, Likeness::AnyPlace] {
            verdicts.extend(self.take_alike(like));
        }
        let absent = self.open.into_iter().flatten().map(|entry| (entry, Verdict::missing(Grade::Absent)));
        verdicts.extend(absent);
        verdicts
    }

    /// The entry of this content that comes closest.
    fn take_any(&mut self, key: &ContentKey, seen: &Seen) -> Option<(ManifestEntry, Verdict)> {
        let open = self.by_content.get_mut(key)?;
        let strangeness = |at: usize| {
            let entry = self.open[at].as_ref()?;
            let verdict = same_bytes(entry, seen);
            Some((verdict.dates.is_some(), verdict.flags_differ(), entry.destination.uid != Some(seen.uid.0)))
        };
        let (position, _) = open.iter().enumerate().min_by_key(|(_, at)| strangeness(**at))?;
        let entry = self.open[open.remove(position)].take()?;
        let verdict = same_bytes(&entry, seen);
        Some((entry, verdict))
    }

    fn take_alike(&mut self, like: Likeness) -> Vec<(ManifestEntry, Verdict)> {
        let mut free: HashMap<Sign, Vec<usize>> = HashMap::new();
        for (at, found) in self.found.iter().enumerate().rev() {
            if let Some(sign) = found.as_ref().and_then(|found| like.of_found(found)) {
                free.entry(sign).or_default().push(at);
            }
        }
        let mut verdicts = Vec::new();
        for open in &mut self.open {
            let Some(sign) = open.as_ref().and_then(|entry| like.of_entry(entry)) else { continue };
            let Some(at) = free.get_mut(&sign).and_then(Vec::pop) else { continue };
            if let (Some(entry), Some(found)) = (open.take(), self.found[at].take()) {
                let verdict = other_bytes(&entry, &found);
                verdicts.push((entry, verdict));
            }
        }
        verdicts
    }
}

/// By what a changed message is recognised.
#[derive(Debug, Clone, Copy)]
enum Likeness {
    /// It lies where it should, with its Message-ID.
    Place,
    /// Its Message-ID.
    Id,
    /// What follows its header.
    Body,
    /// It lies where it should.
    AnyPlace,
}

#[derive(Debug, PartialEq, Eq, Hash)]
enum Sign {
    Place(Uid, Option<String>),
    Id(String),
    Body([u8; BODY_HASH_BYTES]),
    AnyPlace(Uid),
}

impl Likeness {
    fn of_entry(self, entry: &ManifestEntry) -> Option<Sign> {
        let uid = entry.destination.uid.map(Uid);
        let body = entry.fingerprint.as_ref().map(|print| print.body);
        self.sign(uid, entry.message_id.as_ref(), body)
    }

    fn of_found(self, found: &Found) -> Option<Sign> {
        self.sign(Some(found.seen.uid), found.message_id.as_ref(), Some(found.body))
    }

    fn sign(self, uid: Option<Uid>, id: Option<&String>, body: Option<[u8; BODY_HASH_BYTES]>) -> Option<Sign> {
        match self {
            Self::Place => uid.map(|uid| Sign::Place(uid, id.cloned())),
            Self::Id => id.cloned().map(Sign::Id),
            Self::Body => body.map(Sign::Body),
            Self::AnyPlace => uid.map(Sign::AnyPlace),
        }
    }
}

#[cfg(test)]
mod tests;
