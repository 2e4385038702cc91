use chrono::DateTime;
use mailferry_domain::{
    folder::FolderPath,
    item::{ContentHash, ContentKey, Flags},
    ledger::{FolderState, Intent, OpenIntent, Outcome, Repaired, Settlement},
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
use mailferry_store::RunLedger;

use crate::world::World;

on_both! {
    intents_stay_open_until_they_are_settled;
    what_was_sent_repaired_is_known_by_what_was_sent;
    what_is_settled_is_counted_once;
    an_interrupted_run_is_recounted;
    an_outcome_that_is_mended_moves_in_the_totals;
    lanes_that_write_at_once_share_commits_and_lose_nothing;
    a_stale_ledger_writes_nothing;
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
