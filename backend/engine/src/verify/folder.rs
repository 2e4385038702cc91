//! Checking folders: first every message in the place that the manifest names, then, for what is not found there, what
//! else lies in the folder.

use std::collections::HashMap;

use mailferry_domain::{
    header,
    item::ItemMeta,
    manifest::ManifestEntry,
    print,
    uid::{Uid, UidSet},
    verify::{Found, Matching, Seen, Verdict, same_bytes},
};
use mailferry_shared::{
    finding::{Finding, FindingCode},
    verification::{Grade, VerificationCounts, VerificationItem},
};
use tokio::sync::mpsc;

use super::{Opens, Shared, Stop};
use crate::{
    manifest::{Entries, ManifestError, ManifestFolder},
    port::{
        Account, Care, ConnectorError, Decision, FetchRequest, Fetched, FolderFetch, ListRequest, Listing,
        MemoryBudget, Source,
    },
    print::split,
};

/// Entries that are in memory at once.
const ENTRIES: usize = 2_000;
/// Memory for bodies of a lane.
const BUDGET_BYTES: u64 = 8 << 20;
/// As many other messages of a folder are read whatever they look like.
const OTHERS: usize = 1_000;

/// What was found in a folder.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) counts: VerificationCounts,
    pub(super) items: Vec<VerificationItem>,
    pub(super) items_total: u64,
    pub(super) unread: Option<Finding>,
}

impl Checked {
    fn new(folder: &ManifestFolder) -> Self {
        let counts = VerificationCounts { left_out: folder.left_out, ..VerificationCounts::default() };
        Self { counts, ..Self::default() }
    }

    /// Of a folder that could not be read.
    pub(super) fn unread(folder: &ManifestFolder, error: &ConnectorError) -> Self {
        let mut checked = Self::new(folder);
        (checked.counts.expected, checked.counts.unread) = (folder.expected, folder.expected);
        checked.unread = Some(error.finding().about(folder.path.to_string()));
        checked
    }

    fn add(&mut self, entry: ManifestEntry, verdict: Verdict, named: usize) {
        verdict.count(&mut self.counts);
        if verdict.is_perfect() {
            return;
        }
        self.items_total += 1;
        if self.items.len() < named {
            self.items.push(verdict.item(entry));
        }
    }
}

/// A folder that is being checked.
struct Check {
    folder: usize,
    wire_name: String,
    listing: Listing,
    entries: Entries,
    /// UIDs whose bytes were read.
    read: UidSet,
    matching: Matching,
    checked: Checked,
}

/// Checks folders of the manifest, together.
pub(super) async fn check<O: Opens>(
    shared: &Shared<O>,
    account: &mut O::Account,
    unit: &[usize],
) -> Result<Vec<(usize, Checked)>, Stop> {
    let (mut checks, mut checked) = open(shared, account, unit).await?;
    loop {
        shared.obey()?;
        let mut places = Places::default();
        for (at, check) in checks.iter_mut().enumerate() {
            let entries = check.entries.next(ENTRIES).map_err(unreadable)?;
            places.any |= !entries.is_empty();
            for entry in entries {
                places.sort(at, entry, check);
            }
        }
        if !places.any {
            break;
        }
        in_their_places(shared, account, &mut checks, places).await?;
    }
    elsewhere(shared, account, &mut checks).await?;
    kept_once(shared, account, &mut checks).await?;
    for mut check in checks {
        for (entry, verdict) in std::mem::take(&mut check.matching).finish() {
            conclude(shared, &mut check.checked, entry, verdict);
        }
        checked.push((check.folder, check.checked));
    }
    Ok(checked)
}

/// The file was changed while it was read.
fn unreadable(error: ManifestError) -> Stop {
    Stop::Connector(ConnectorError::new(FindingCode::Internal, Decision::Park, "reading the manifest").caused_by(error))
}

/// Opens and lists the folders. What is not there, or cannot be read, is checked with that.
async fn open<O: Opens>(
    shared: &Shared<O>,
    account: &mut O::Account,
    unit: &[usize],
) -> Result<(Vec<Check>, Vec<(usize, Checked)>), Stop> {
    let manifest = &shared.job.manifest;
    let (mut names, mut checked) = (Vec::new(), Vec::new());
    for &folder in unit {
        match shared.there.get(&manifest.folders[folder].path) {
            Some(wire_name) => names.push((folder, wire_name.clone())),
            None => checked.push((folder, absent(shared, folder)?)),
        }
    }
    let request =
        |wire_name: &String| ListRequest { wire_name: wire_name.clone(), first: Uid(1), messages: None, soon: false };
    let requests: Vec<ListRequest> = names.iter().map(|(_, name)| request(name)).collect();
    let mut checks = Vec::with_capacity(names.len());
    for ((folder, wire_name), listing) in names.into_iter().zip(account.list_folders(&requests).await?) {
        match listing {
            Ok(listing) => checks.push(Check {
                folder,
                wire_name,
                listing,
                entries: manifest.entries(folder),
                read: UidSet::new(),
                matching: Matching::default(),
                checked: Checked::new(&manifest.folders[folder]),
            }),
            Err(error) => checked.push((folder, Checked::unread(&manifest.folders[folder], &error))),
        }
    }
    Ok((checks, checked))
}

/// All of a folder that does not exist.
fn absent<O>(shared: &Shared<O>, folder: usize) -> Result<Checked, Stop> {
    let mut checked = Checked::new(&shared.job.manifest.folders[folder]);
    let mut entries = shared.job.manifest.entries(folder);
    loop {
        let part = entries.next(ENTRIES).map_err(unreadable)?;
        if part.is_empty() {
            return Ok(checked);
        }
        for entry in part {
            conclude(shared, &mut checked, entry, Verdict::missing(Grade::Absent));
        }
    }
}

fn conclude<O>(shared: &Shared<O>, checked: &mut Checked, entry: ManifestEntry, mut verdict: Verdict) {
    if shared.job.options.ignore_flags {
        verdict.flags_missing.clear();
        verdict.flags_added.clear();
    }
    checked.add(entry, verdict, shared.job.options.named);
    (shared.job.progress)(1);
}

/// Entries by the place of their messages.
#[derive(Default)]
struct Places {
    any: bool,
    entries: HashMap<(usize, Uid), ManifestEntry>,
    items: Vec<(usize, ItemMeta)>,
}

impl Places {
    /// An entry whose message does not lie where it should, or whose place is taken, must be looked for.
    fn sort(&mut self, at: usize, entry: ManifestEntry, check: &mut Check) {
        let item = place(&entry, &check.listing).filter(|item| !self.entries.contains_key(&(at, item.uid)));
        match item.filter(|item| !check.read.contains(item.uid)) {
            Some(item) => {
                self.entries.insert((at, item.uid), entry);
                self.items.push((at, item));
            }
            None => check.matching.want(entry),
        }
    }
}

/// Where an entry's message lies, if its UID still means the same and something is there.
fn place(entry: &ManifestEntry, listing: &Listing) -> Option<ItemMeta> {
    let uid = entry.destination.uid.filter(|_| entry.destination.uid_validity == listing.status.uid_validity.0)?;
    let at = listing.items.binary_search_by_key(&uid, |item| item.uid.0).ok()?;
    entry.sha256.map(|_| listing.items[at])
}

/// Reads messages in the places that the manifest names.
async fn in_their_places<O: Opens>(
    shared: &Shared<O>,
    account: &mut O::Account,
    checks: &mut [Check],
    mut places: Places,
) -> Result<(), Stop> {
    let items = std::mem::take(&mut places.items);
    read(account, checks, items, |check, at, message| {
        check.read.insert(message.uid);
        let Some(entry) = places.entries.remove(&(at, message.uid)) else { return Ok(()) };
        if entry.key() == Some(message.body.key()) {
            let verdict = same_bytes(&entry, &seen(&message));
            if verdict.as_sent() {
                conclude(shared, &mut check.checked, entry, verdict);
            } else {
                check.matching.want_better(entry, seen(&message));
            }
        } else {
            check.matching.want(entry);
            check.matching.keep(found(&message)?);
        }
        Ok(())
    })
    .await?;
    // What was deleted while it was read.
    for ((at, _), entry) in places.entries {
        checks[at].matching.want(entry);
    }
    Ok(())
}

/// Reads what else lies in the folders, as far as it may be what is missing.
async fn elsewhere<O: Opens>(shared: &Shared<O>, account: &mut O::Account, checks: &mut [Check]) -> Result<(), Stop> {
    let mut items = Vec::new();
    for (at, check) in checks.iter().enumerate().filter(|(_, check)| check.matching.lacks()) {
        let others = || check.listing.items.iter().filter(|item| !check.read.contains(item.uid));
        let all = others().nth(OTHERS).is_none();
        let alike = others().filter(|item| all || check.matching.may_be(item.size_bytes, item.internal_date));
        items.extend(alike.map(|item| (at, *item)));
    }
    read(account, checks, items, |check, _, message| {
        let key = message.body.key();
        if !check.matching.wants(&key) {
            check.matching.keep(found(&message)?);
        } else if let Some((entry, verdict)) = check.matching.take(&key, seen(&message)) {
            conclude(shared, &mut check.checked, entry, verdict);
        }
        Ok(())
    })
    .await
}

/// Reads messages once more that several entries say they lie at: a destination that keeps one for two alike has told so.
async fn kept_once<O: Opens>(shared: &Shared<O>, account: &mut O::Account, checks: &mut [Check]) -> Result<(), Stop> {
    let mut items = Vec::new();
    for (at, check) in checks.iter().enumerate() {
        let places = check.matching.shared_places(check.listing.status.uid_validity.0);
        let named = check.listing.items.iter().filter(|item| places.contains(item.uid));
        items.extend(named.map(|item| (at, *item)));
    }
    read(account, checks, items, |check, _, message| {
        for (entry, verdict) in check.matching.take_shared(&message.body.key(), &seen(&message)) {
            conclude(shared, &mut check.checked, entry, verdict);
        }
        Ok(())
    })
    .await
}

/// Fetches messages, given by the number of their check, and hands each to `take`.
async fn read<S: Source>(
    account: &mut S,
    checks: &mut [Check],
    mut items: Vec<(usize, ItemMeta)>,
    mut take: impl FnMut(&mut Check, usize, Fetched) -> Result<(), ConnectorError>,
) -> Result<(), Stop> {
    if items.is_empty() {
        return Ok(());
    }
    items.sort_unstable_by_key(|(at, item)| (*at, item.uid));
    let (mut folders, mut numbers): (Vec<FolderFetch>, Vec<usize>) = (Vec::new(), Vec::new());
    for (at, item) in items {
        if numbers.last() != Some(&at) {
            numbers.push(at);
            folders.push(FolderFetch {
                wire_name: checks[at].wire_name.clone(),
                uid_validity: checks[at].listing.status.uid_validity,
                items: Vec::new(),
            });
        }
        if let Some(folder) = folders.last_mut() {
            folder.items.push((item.uid, item.size_bytes));
        }
    }
    let request =
        FetchRequest { folders, newest_first: false, budget: MemoryBudget::new(BUDGET_BYTES), care: Care::All };
    let (sink, mut fetched) = mpsc::channel::<Fetched>(1024);
    let taking = async {
        while let Some(message) = fetched.recv().await {
            let at = numbers[message.folder];
            take(&mut checks[at], at, message)?;
        }
        Ok::<(), ConnectorError>(())
    };
    let (read, taken) = futures::join!(account.fetch(request, sink), taking);
    taken?;
    Ok(read?)
}

fn seen(message: &Fetched) -> Seen {
    Seen { uid: message.uid, flags: message.flags.clone(), internal_date: message.internal_date }
}

fn found(message: &Fetched) -> Result<Found, ConnectorError> {
    let spool = |error: std::io::Error| {
        ConnectorError::new(FindingCode::Internal, Decision::Retry, "reading a spooled message").caused_by(error)
    };
    let (head, body) = split(&message.body).map_err(spool)?;
    Ok(Found {
        seen: seen(message),
        key: message.body.key(),
        message_id: header::message_id(&head),
        body,
        fields: print::fields(&head),
    })
}
