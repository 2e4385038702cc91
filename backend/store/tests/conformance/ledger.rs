use std::time::Duration;

use chrono::DateTime;
use mailferry_domain::{
    folder::FolderPath,
    item::{ContentHash, ContentKey, Flags},
    ledger::{Cursor, FolderState, Intent, OpenIntent, Outcome, Repaired, Settlement},
    print::{Fingerprint, Traits},
    repair::{Repair, Repairs},
    uid::{Uid, UidValidity},
};
use mailferry_engine::port::{Entry, FolderBinding, FolderStart, Ledger, LedgerError, LedgerFolderId};
use mailferry_shared::{
    finding::{Finding, FindingCode},
    protocol::ItemOutcome,
    run::Counts,
};
use mailferry_store::{ItemPart, Part, PlacedItem, RunLedger};

use crate::world::World;

on_both! {
    intents_stay_open_until_they_are_settled;
    what_was_sent_repaired_is_known_by_what_was_sent;
    what_is_settled_is_counted_once;
    an_interrupted_run_is_recounted;
    an_outcome_that_is_mended_moves_in_the_totals;
    another_source_uidvalidity_begins_a_new_generation;
    another_destination_uidvalidity_opens_everything_again;
    claimed_covers_every_folder_that_goes_there;
    flags_are_told_as_they_were_copied_or_carried_over;
    a_destination_that_cannot_be_opened_changes_nothing_that_is_known;
    a_cursor_is_told_until_the_folder_is_left_unfinished;
    what_has_not_changed_counts_as_present_once;
    lanes_that_write_at_once_share_commits_and_lose_nothing;
    notes_and_items_make_the_protocol;
    a_stale_ledger_writes_nothing;
    how_slow_a_destination_was_is_known_to_the_runs_that_follow;
}

/// The ledger's entries one by one.
pub(crate) trait LedgerSteps: Ledger {
    async fn open_folder(&self, binding: &FolderBinding) -> Result<(LedgerFolderId, FolderState), LedgerError> {
        let mut opened = self.open_folders(std::slice::from_ref(binding)).await?;
        Ok(opened.pop().expect("one binding, one folder"))
    }

    async fn start_folder(&self, folder: LedgerFolderId, start: FolderStart) -> Result<(), LedgerError> {
        self.write(vec![Entry::Start(folder, start)]).await
    }

    async fn intend(&self, folder: LedgerFolderId, uid_next: u32, batch: &[Intent]) -> Result<(), LedgerError> {
        let entry = Entry::Intend { folder, destination_uid_next: uid_next, batch: batch.to_vec() };
        self.write(vec![entry]).await
    }

    async fn settle(&self, folder: LedgerFolderId, outcomes: &[Settlement]) -> Result<(), LedgerError> {
        self.write(vec![Entry::Settle(folder, outcomes.to_vec())]).await
    }

    async fn finish_folder(&self, folder: LedgerFolderId) -> Result<(), LedgerError> {
        self.write(vec![Entry::Finish(folder, None)]).await
    }

    async fn note(&self, finding: &Finding) -> Result<(), LedgerError> {
        self.write(vec![Entry::Note(finding.clone())]).await
    }
}

impl<L: Ledger> LedgerSteps for L {}

pub(crate) fn key(n: u32) -> ContentKey {
    let mut hash = [0; 32];
    hash[..4].copy_from_slice(&n.to_be_bytes());
    ContentKey { size_bytes: u64::from(n) * 10, hash: ContentHash(hash) }
}

pub(crate) fn binding(source: &str, destination: &str) -> FolderBinding {
    FolderBinding {
        source: FolderPath::parse(source).expect("path"),
        destination: FolderPath::parse(destination).expect("path"),
        source_uid_validity: UidValidity(1),
        destination_uid_validity: Some(UidValidity(1)),
    }
}

pub(crate) fn intent(uid: u32) -> Intent {
    let internal_date = DateTime::from_timestamp(i64::from(uid) * 1000, 0).map(|date| date.fixed_offset());
    Intent {
        source_uid: Uid(uid),
        key: key(uid),
        internal_date,
        message_id: Some(format!("<{uid}@example.org>")),
        traits: Traits { flags: Flags::new(["\\Seen"]), print: Fingerprint { body: [7; 16], fields: vec![1, 2] } },
    }
}

pub(crate) fn settlement(uid: u32, outcome: Outcome) -> Settlement {
    let known = outcome.is_settled();
    Settlement {
        source_uid: Uid(uid),
        size_bytes: u64::from(uid) * 10,
        key: known.then(|| key(uid)),
        internal_date: None,
        message_id: None,
        traits: None,
        outcome,
    }
}

pub(crate) fn stored(uids: std::ops::RangeInclusive<u32>) -> Vec<Settlement> {
    uids.map(|uid| settlement(uid, Outcome::Stored(Some(Uid(uid + 100))))).collect()
}

pub(crate) fn listed(uids: u32) -> FolderStart {
    let listed_bytes = (1..=u64::from(uids)).map(|uid| uid * 10).sum();
    FolderStart { listed: u64::from(uids), listed_bytes, ..FolderStart::default() }
}

pub(crate) async fn ledger(world: &World) -> RunLedger {
    let (_, runs) = world.trial(1).await;
    world.store.run_ledger(&world.lease(runs[0], "one").await)
}

/// A run of a pair, and what gives the ledger of the next run of the same pair: it ends the first one's lease.
pub(crate) async fn two_runs(world: &World) -> (RunLedger, impl AsyncFnOnce() -> RunLedger) {
    let (order, runs) = world.trial(1).await;
    let first = world.store.run_ledger(&world.lease(runs[0], "one").await);
    let second = async move || {
        // Around the store's own rules: a second run of the same pair.
        let id = world.store.new_id().expect("random");
        let sql = format!(
            "INSERT INTO runs (id, order_id, pair_id, number, kind, state, created_at)
             SELECT '{id}', order_id, pair_id, 2, 'delta', 'queued', created_at FROM runs WHERE order_id = '{}'",
            order.id
        );
        world.raw(Box::leak(sql.into_boxed_str())).await;
        world.store.run_ledger(&world.lease(mailferry_shared::ids::RunId(id), "one").await)
    };
    (first, second)
}

pub(crate) async fn inbox(ledger: &RunLedger) -> LedgerFolderId {
    ledger.open_folder(&binding("INBOX", "INBOX")).await.expect("opens").0
}

async fn what_was_sent_repaired_is_known_by_what_was_sent(world: World) {
    let ledger = ledger(&world).await;
    let id = inbox(&ledger).await;
    let repaired = Repaired { key: key(77), repairs: Repairs::default().and(Repair::NulBytes) };
    let entry = |uid| Entry::IntendRepaired { folder: id, source_uid: Uid(uid), repaired };
    assert!(ledger.write(vec![entry(1)]).await.is_err(), "without an intent nothing may be sent");
    ledger.intend(id, 5, &[intent(1), intent(2)]).await.expect("intends");
    ledger.write(vec![entry(1)]).await.expect("intends");
    let open = ledger.open_folder(&binding("INBOX", "INBOX")).await.expect("opens").1.open;
    let keys: Vec<_> = open.iter().map(|intent| (intent.key, intent.sent_key(), intent.repaired)).collect();
    assert_eq!(keys, [(key(1), key(77), Some(repaired)), (key(2), key(2), None)]);
    // Without a UID it is what was sent that lies at the destination, and so it is after new UIDs there.
    ledger.settle(id, &[settlement(1, Outcome::Stored(None))]).await.expect("settles");
    let state = ledger.open_folder(&binding("INBOX", "INBOX")).await.expect("opens").1;
    assert_eq!(state.unaddressed, [key(77)]);
    let changed = FolderBinding { destination_uid_validity: Some(UidValidity(2)), ..binding("INBOX", "INBOX") };
    let open = ledger.open_folder(&changed).await.expect("opens").1.open;
    assert_eq!(open.iter().map(OpenIntent::sent_key).collect::<Vec<_>>(), [key(77), key(2)]);
    // As it is once more: what was sent before was refused.
    ledger.intend(id, 9, &[intent(1)]).await.expect("intends");
    let open = ledger.open_folder(&changed).await.expect("opens").1.open;
    assert_eq!(open[0].sent_key(), key(1));
}

async fn intents_stay_open_until_they_are_settled(world: World) {
    let ledger = ledger(&world).await;
    let (id, state) = ledger.open_folder(&binding("INBOX", "INBOX")).await.expect("opens");
    assert_eq!(state, FolderState::default());
    ledger.start_folder(id, listed(5)).await.expect("starts");
    let batch: Vec<Intent> = (1..=5).map(intent).collect();
    ledger.intend(id, 77, &batch).await.expect("intends");
    assert_eq!(ledger.open_intents().await.expect("counts"), 5);
    ledger.settle(id, &stored(1..=3)).await.expect("settles");
    ledger.settle(id, &[settlement(4, Outcome::Uncertain)]).await.expect("settles");
    assert_eq!(ledger.open_intents().await.expect("counts"), 1);
    let (again, state) = ledger.open_folder(&binding("INBOX", "INBOX")).await.expect("opens");
    assert_eq!(again, id);
    assert_eq!((state.settled.to_string(), state.settled_by_this_run.to_string()), ("1:3".into(), "1:3".into()));
    assert_eq!(state.claimed.to_string(), "101:103");
    let open: Vec<_> = state.open.iter().map(|open| (open.source_uid.0, open.key, open.destination_uid_next)).collect();
    assert_eq!(open, [(4, key(4), 77), (5, key(5), 77)], "what is uncertain is looked at again");
    ledger.intend(id, 90, &batch).await.expect("intends again");
    let (_, state) = ledger.open_folder(&binding("INBOX", "INBOX")).await.expect("opens");
    assert_eq!(state.settled.to_string(), "1:3", "what is settled stays");
    assert!(state.open.iter().all(|open| open.destination_uid_next == 90));
    let bindings = ledger.bindings().await.expect("bindings");
    let places: Vec<_> = bindings.iter().map(|(source, binding)| (source, &binding.destination)).collect();
    assert_eq!(places, [(&FolderPath::inbox(), &FolderPath::inbox())]);
}

async fn what_is_settled_is_counted_once(world: World) {
    let ledger = ledger(&world).await;
    let id = inbox(&ledger).await;
    ledger.start_folder(id, listed(4)).await.expect("starts");
    let outcomes = [
        settlement(1, Outcome::Stored(None)),
        settlement(2, Outcome::Present(Some(Uid(7)))),
        settlement(3, Outcome::Skipped(FindingCode::MessageTooLarge)),
        settlement(4, Outcome::Failed(FindingCode::MessageRefused)),
    ];
    for _ in 0..3 {
        ledger.settle(id, &outcomes).await.expect("settles");
    }
    ledger.settle(id, &[settlement(1, Outcome::Failed(FindingCode::Internal))]).await.expect("comes too late");
    ledger.settle(id, &[]).await.expect("nothing");
    let expected = Counts {
        listed: 4,
        listed_bytes: 100,
        stored: 1,
        stored_bytes: 10,
        present: 1,
        present_bytes: 20,
        duplicates: 1,
        skipped: 1,
        skipped_bytes: 30,
        failed: 1,
        failed_bytes: 40,
        ..Counts::default()
    };
    assert_eq!(ledger.totals().await.expect("totals"), expected);
    let run = world.store.run(ledger.run_id()).await.expect("run");
    assert_eq!(run.summary.counts, expected, "the run shows the same");
    assert_eq!(ledger.report(10).await.expect("report").folders[0].counts, expected);
}

async fn an_interrupted_run_is_recounted(world: World) {
    let (_, runs) = world.trial(1).await;
    let ledger = world.store.run_ledger(&world.lease(runs[0], "one").await);
    let id = inbox(&ledger).await;
    ledger.start_folder(id, listed(6)).await.expect("starts");
    ledger.settle(id, &stored(1..=2)).await.expect("settles");
    ledger.settle(id, &[settlement(3, Outcome::Present(None))]).await.expect("settles");
    ledger.settle(id, &[settlement(4, Outcome::Failed(FindingCode::MessageRefused))]).await.expect("settles");
    // The worker dies, another goes on.
    let ledger = world.store.run_ledger(&world.lease(runs[0], "one").await);
    let (id, state) = ledger.open_folder(&binding("INBOX", "INBOX")).await.expect("opens");
    assert_eq!(state.settled_by_this_run.to_string(), "1:3");
    ledger.start_folder(id, listed(6)).await.expect("starts");
    let totals = ledger.totals().await.expect("totals");
    assert_eq!((totals.listed, totals.stored, totals.present, totals.duplicates, totals.failed), (6, 2, 1, 1, 0));
    let report = ledger.report(10).await.expect("report");
    assert_eq!((report.items.len(), report.items[0].outcome), (1, ItemOutcome::Duplicate));
    ledger.settle(id, &stored(4..=6)).await.expect("settles");
    let totals = ledger.totals().await.expect("totals");
    assert_eq!((totals.stored, totals.done()), (5, 6));
    ledger.finish_folder(id).await.expect("finishes");
}

async fn an_outcome_that_is_mended_moves_in_the_totals(world: World) {
    let (first, second) = two_runs(&world).await;
    let second = second().await;
    assert!(matches!(first.totals().await, Ok(counts) if counts == Counts::default()));
    let id = inbox(&second).await;
    second.start_folder(id, listed(3)).await.expect("starts");
    second.settle(id, &[settlement(1, Outcome::Uncertain)]).await.expect("settles");
    second.settle(id, &[settlement(2, Outcome::Failed(FindingCode::MessageRefused))]).await.expect("settles");
    second.intend(id, 5, &[intent(1), intent(2)]).await.expect("tries again");
    second.settle(id, &stored(1..=1)).await.expect("settles");
    second.settle(id, &[settlement(2, Outcome::Skipped(FindingCode::MessageVanished))]).await.expect("settles");
    let totals = second.totals().await.expect("totals");
    assert_eq!((totals.stored, totals.uncertain, totals.failed, totals.skipped), (1, 0, 0, 1));
    assert_eq!((totals.uncertain_bytes, totals.failed_bytes, totals.skipped_bytes), (0, 0, 20));
    let report = second.report(10).await.expect("report");
    assert_eq!((report.items_total, report.items[0].code), (1, Some(FindingCode::MessageVanished)));
    assert_eq!(report.items[0].message_id.as_deref(), Some("<2@example.org>"), "known from the intent");
}

async fn another_source_uidvalidity_begins_a_new_generation(world: World) {
    let ledger = ledger(&world).await;
    let id = inbox(&ledger).await;
    ledger.start_folder(id, listed(3)).await.expect("starts");
    ledger.settle(id, &stored(1..=2)).await.expect("settles");
    ledger.intend(id, 50, &[intent(3)]).await.expect("intends");
    let moved = FolderBinding { source_uid_validity: UidValidity(2), ..binding("INBOX", "INBOX") };
    let (again, state) = ledger.open_folder(&moved).await.expect("opens");
    assert_eq!(again, id);
    assert!(state.settled.is_empty() && state.open.is_empty());
    assert_eq!(state.claimed.to_string(), "101:102");
    let own = |uid| (key(uid), Outcome::Stored(Some(Uid(uid + 100))));
    assert_eq!(state.earlier, [own(1), own(2)], "found again, they are still what this run has stored");
    assert_eq!(ledger.open_intents().await.expect("counts"), 0);
    // The same content under a new UID: the earlier entry has done its duty, and must not account for a second one.
    ledger.start_folder(id, listed(3)).await.expect("starts");
    let adopted = Settlement { key: Some(key(1)), ..settlement(9, Outcome::Present(Some(Uid(101)))) };
    ledger.settle(id, &[adopted]).await.expect("settles");
    let (_, state) = ledger.open_folder(&moved).await.expect("opens");
    assert_eq!(state.earlier, [own(2)]);
    assert_eq!((state.settled.to_string(), state.claimed.to_string()), ("9".into(), "101:102".into()));
}

async fn another_destination_uidvalidity_opens_everything_again(world: World) {
    let ledger = ledger(&world).await;
    let id = inbox(&ledger).await;
    let other = ledger.open_folder(&binding("Old", "INBOX")).await.expect("opens").0;
    let elsewhere = ledger.open_folder(&binding("Sent", "Sent")).await.expect("opens").0;
    for folder in [id, other, elsewhere] {
        ledger.start_folder(folder, listed(2)).await.expect("starts");
        ledger.settle(folder, &stored(1..=1)).await.expect("settles");
        let unknown = Settlement { key: None, ..settlement(2, Outcome::Stored(Some(Uid(9)))) };
        ledger.settle(folder, &[unknown]).await.expect("settles");
    }
    let changed = FolderBinding { destination_uid_validity: Some(UidValidity(2)), ..binding("INBOX", "INBOX") };
    let (_, state) = ledger.open_folder(&changed).await.expect("opens");
    assert!(state.settled.is_empty() && state.claimed.is_empty() && state.unaddressed.is_empty());
    assert_eq!(state.open.len(), 1, "an entry without a hash is forgotten: there is nothing to look for");
    assert_eq!((state.open[0].source_uid, state.open[0].destination_uid_next), (Uid(1), 1));
    let changed = FolderBinding { destination_uid_validity: Some(UidValidity(2)), ..binding("Old", "INBOX") };
    assert_eq!(ledger.open_folder(&changed).await.expect("opens").1.open.len(), 1, "also from other source folders");
    let sent = ledger.open_folder(&binding("Sent", "Sent")).await.expect("opens").1;
    assert_eq!(sent.settled.to_string(), "1:2");
    ledger.start_folder(id, listed(2)).await.expect("starts");
    assert_eq!(ledger.totals().await.expect("totals").stored, 4, "two folders as they were, INBOX anew");
}

async fn a_destination_that_cannot_be_opened_changes_nothing_that_is_known(world: World) {
    let ledger = ledger(&world).await;
    let closed = |source| FolderBinding { destination_uid_validity: None, ..binding(source, source) };
    let (id, _) = ledger.open_folder(&closed("New")).await.expect("opens");
    ledger.start_folder(id, listed(1)).await.expect("starts");
    ledger.settle(id, &[settlement(1, Outcome::Failed(FindingCode::FolderRefused))]).await.expect("settles");
    assert!(ledger.bindings().await.expect("bindings").is_empty(), "it never was there");
    let (again, state) = ledger.open_folder(&binding("New", "New")).await.expect("opens");
    assert_eq!((again, state), (id, FolderState::default()), "what failed is tried again");
    assert_eq!(ledger.bindings().await.expect("bindings").len(), 1);
    ledger.settle(id, &stored(1..=1)).await.expect("settles");
    let (_, state) = ledger.open_folder(&closed("New")).await.expect("opens");
    assert!(state.settled.contains(Uid(1)) && state.claimed.contains(Uid(101)), "{state:?}");
    assert_eq!(ledger.bindings().await.expect("bindings").len(), 1);
}

async fn flags_are_told_as_they_were_copied_or_carried_over(world: World) {
    let ledger = ledger(&world).await;
    let id = inbox(&ledger).await;
    ledger.intend(id, 5, &[intent(1), intent(2), intent(3)]).await.expect("intends");
    ledger.settle(id, &stored(1..=2)).await.expect("settles");
    let told = async || ledger.copied_flags(id, Uid(1), Uid(9)).await.expect("flags");
    let before = told().await;
    let uids: Vec<_> = before.iter().map(|copied| (copied.source_uid, copied.destination_uid)).collect();
    assert_eq!(uids, [(Uid(1), Uid(101)), (Uid(2), Uid(102))], "what may not be there has none");
    let seen = Flags::new(["\\Seen", "Projekt"]);
    ledger.write(vec![Entry::Flags(id, vec![(Uid(2), seen.clone())])]).await.expect("writes");
    let after = told().await;
    assert_eq!((&after[0], &after[1].flags), (&before[0], &seen));
}

async fn claimed_covers_every_folder_that_goes_there(world: World) {
    let ledger = ledger(&world).await;
    let inbox = inbox(&ledger).await;
    ledger.settle(inbox, &stored(1..=2)).await.expect("settles");
    let (other, state) = ledger.open_folder(&binding("Other", "INBOX")).await.expect("opens");
    assert!(state.settled.is_empty());
    assert_eq!(state.claimed.to_string(), "101:102");
    ledger.settle(other, &[settlement(7, Outcome::Stored(None))]).await.expect("settles");
    let (_, state) = ledger.open_folder(&binding("INBOX", "INBOX")).await.expect("opens");
    assert_eq!(state.unaddressed, [key(7)]);
    let (_, state) = ledger.open_folder(&binding("Third", "Sent")).await.expect("opens");
    assert!(state.claimed.is_empty() && state.unaddressed.is_empty());
    let totals = ledger.totals().await.expect("totals");
    assert_eq!(totals.stored, 3, "counted even without a start");
}

async fn notes_and_items_make_the_protocol(world: World) {
    let ledger = ledger(&world).await;
    let first = inbox(&ledger).await;
    let second = ledger.open_folder(&binding("Über/uns", "About")).await.expect("opens").0;
    ledger.start_folder(second, listed(1)).await.expect("starts");
    ledger.start_folder(first, listed(4)).await.expect("starts");
    let dated = DateTime::from_timestamp(86_400, 0).map(|date| date.fixed_offset());
    let outcomes = [
        settlement(1, Outcome::Present(None)),
        Settlement { internal_date: dated, ..settlement(2, Outcome::Skipped(FindingCode::MessageTooLarge)) },
        settlement(3, Outcome::Uncertain),
        settlement(4, Outcome::Failed(FindingCode::MessageRefused)),
    ];
    ledger.settle(first, &outcomes).await.expect("settles");
    for subject in ["A", "A", "B"] {
        ledger.note(&Finding::new(FindingCode::FolderRenamed).about(subject)).await.expect("notes");
    }
    ledger.note(&Finding::new(FindingCode::Interrupted)).await.expect("notes");
    ledger.note(&Finding::new(FindingCode::Interrupted)).await.expect("notes");
    let run = world.store.run(ledger.run_id()).await.expect("run");
    let (order, pair, run) = (run.order_id, run.summary.pair_id, run.summary.id);
    let protocol = world.store.protocol(order, pair, run).await.expect("protocol");
    assert_eq!(protocol.notes.len(), 3, "the same about the same once");
    assert_eq!(protocol.folders.iter().map(|f| f.source.as_str()).collect::<Vec<_>>(), ["Über/uns", "INBOX"]);
    let told: Vec<_> = protocol.items.iter().map(|item| item.outcome).collect();
    let order_of_outcomes = [ItemOutcome::Failed, ItemOutcome::Uncertain, ItemOutcome::Skipped, ItemOutcome::Duplicate];
    assert_eq!((told.as_slice(), protocol.items_total), (order_of_outcomes.as_slice(), 4));
    assert_eq!(protocol.items[2].date, DateTime::from_timestamp(86_400, 0));
    let part = |after, limit| ItemPart { outcome: None, part: Part { after, limit } };
    let items = |page: &[PlacedItem]| page.iter().map(|(_, item)| item.clone()).collect::<Vec<_>>();
    let first = world.store.protocol_items(order, pair, run, part(None, 1)).await.expect("page");
    let next = world.store.protocol_items(order, pair, run, part(Some(first[0].0), 2)).await.expect("page");
    assert_eq!((items(&first), items(&next)), (protocol.items[..1].to_vec(), protocol.items[1..3].to_vec()));
    assert_eq!(items(&ledger.items(part(Some(next[1].0), 9)).await.expect("page")), protocol.items[3..]);
    let skipped = ItemPart { outcome: Some(ItemOutcome::Skipped), ..part(None, 9) };
    assert_eq!(items(&ledger.items(skipped).await.expect("page")), protocol.items[2..3]);
    world.store.begin_order(order).await.expect("begins");
    let cancelled = world.store.cancel_order(&world.store.order(order).await.expect("order")).await.expect("cancels");
    world.store.delete_order(cancelled.id).await.expect("deletes");
    let left = world
        .raw_numbers("SELECT (SELECT COUNT(*) FROM ledger_items), (SELECT COUNT(*) FROM ledger_run_items)".to_owned());
    assert_eq!(left.await, (0, 0), "nothing is left of a deleted order");
}

async fn a_stale_ledger_writes_nothing(world: World) {
    let (_, runs) = world.trial(1).await;
    let stale = world.store.run_ledger(&world.lease(runs[0], "one").await);
    let id = inbox(&stale).await;
    let fresh = world.store.run_ledger(&world.lease(runs[0], "one").await);
    let fenced = |result: Result<(), LedgerError>| assert!(matches!(result, Err(LedgerError::Fenced)), "{result:?}");
    fenced(stale.intend(id, 1, &[intent(1)]).await);
    fenced(stale.settle(id, &stored(1..=1)).await);
    fenced(stale.start_folder(id, listed(1)).await);
    fenced(stale.finish_folder(id).await);
    fenced(stale.open_folder(&binding("A", "B")).await.map(drop));
    assert_eq!(fresh.open_folder(&binding("INBOX", "INBOX")).await.expect("opens").1, FolderState::default());
    assert!(fresh.finish_folder(LedgerFolderId(i64::MAX)).await.is_err());
}

async fn how_slow_a_destination_was_is_known_to_the_runs_that_follow(world: World) {
    let (ledger, next) = two_runs(&world).await;
    let longest = async |ledger: &RunLedger| ledger.longest_append().await.expect("reads");
    let took = |seconds| vec![Entry::AppendTook(Duration::from_secs(seconds))];
    assert_eq!(longest(&ledger).await, Duration::ZERO);
    for seconds in [15, 90, 20] {
        ledger.write(took(seconds)).await.expect("writes");
    }
    assert_eq!(longest(&ledger).await, Duration::from_secs(90));
    let next = next().await;
    next.write(took(30)).await.expect("writes");
    assert_eq!(longest(&next).await, Duration::from_secs(90));
}

fn cursor(messages: u64) -> Cursor {
    Cursor {
        source_modseq: Some(messages),
        source_uid_validity: UidValidity(1),
        source_uid_next: 4,
        messages,
        size_bytes: messages * 100,
        destination_uid_validity: UidValidity(1),
    }
}

async fn a_cursor_is_told_until_the_folder_is_left_unfinished(world: World) {
    let (ledger, next) = two_runs(&world).await;
    let id = inbox(&ledger).await;
    assert_eq!(ledger.bindings().await.expect("bindings")[&FolderPath::inbox()].cursor, None);
    ledger.write(vec![Entry::Finish(id, Some(cursor(3)))]).await.expect("finishes");
    let binding = ledger.bindings().await.expect("bindings").remove(&FolderPath::inbox()).expect("known");
    assert_eq!((binding.id, binding.cursor, binding.finished_by_this_run), (id, Some(cursor(3)), true));
    let next = next().await;
    let binding = next.bindings().await.expect("bindings").remove(&FolderPath::inbox()).expect("known");
    assert_eq!((binding.cursor, binding.finished_by_this_run), (Some(cursor(3)), false), "another run finished it");
    next.write(vec![Entry::Finish(id, None)]).await.expect("finishes");
    assert_eq!(next.bindings().await.expect("bindings")[&FolderPath::inbox()].cursor, None);
}

async fn what_has_not_changed_counts_as_present_once(world: World) {
    let ledger = ledger(&world).await;
    let id = inbox(&ledger).await;
    let other = ledger.open_folder(&binding("Sent", "Sent")).await.expect("opens").0;
    ledger.start_folder(other, listed(7)).await.expect("starts");
    for _ in 0..2 {
        let entries = vec![Entry::Unchanged(id, cursor(3)), Entry::Unchanged(other, cursor(5))];
        ledger.write(entries).await.expect("counts");
        let totals = ledger.totals().await.expect("totals");
        assert_eq!(
            (totals.listed, totals.present, totals.present_bytes),
            (8, 8, 800),
            "not twice, and instead of before"
        );
    }
    let report = ledger.report(10).await.expect("report");
    let folders: Vec<_> = report.folders.iter().map(|folder| (folder.source.as_str(), folder.counts.present)).collect();
    assert_eq!(folders.len(), 2);
    assert!(folders.contains(&("INBOX", 3)) && folders.contains(&("Sent", 5)), "{folders:?}");
    let bindings = ledger.bindings().await.expect("bindings");
    assert!(bindings.values().all(|binding| binding.finished_by_this_run));
}

async fn lanes_that_write_at_once_share_commits_and_lose_nothing(world: World) {
    let ledger = ledger(&world).await;
    let id = inbox(&ledger).await;
    ledger.start_folder(id, listed(200)).await.expect("starts");
    let lanes = (0..20).map(|lane| {
        let ledger = ledger.clone();
        async move {
            for batch in 0..5 {
                let uids = lane * 10 + batch * 2 + 1..=lane * 10 + batch * 2 + 2;
                let intents: Vec<Intent> = uids.clone().map(intent).collect();
                ledger.intend(id, 1, &intents).await.expect("intends");
                ledger.settle(id, &stored(uids)).await.expect("settles");
            }
        }
    });
    futures::future::join_all(lanes).await;
    assert_eq!(ledger.totals().await.expect("totals").stored, 200);
    let (_, state) = ledger.open_folder(&binding("INBOX", "INBOX")).await.expect("opens");
    assert_eq!((state.settled.to_string().as_str(), state.open.len()), ("1:200", 0));
}
