//! After any history the totals are what an independent recount of the ledger finds.

use std::collections::BTreeMap;

use mailferry_domain::{ledger::Outcome, uid::Uid};
use mailferry_engine::port::{FolderStart, Ledger, LedgerFolderId};
use mailferry_shared::{finding::FindingCode, ids::RunId, run::Counts};
use mailferry_store::RunLedger;

use crate::{
    ledger::{LedgerSteps, binding, intent, settlement},
    world::World,
};

on_both! {
    totals_equal_a_recount_after_any_history;
}

/// A small generator: the same seed gives the same history.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % u64::from(sides)).expect("small")
    }

    fn outcome(&mut self) -> Outcome {
        let uid = Some(Uid(self.roll(1000) + 1));
        match self.roll(8) {
            0 => Outcome::Failed(FindingCode::MessageRefused),
            1 => Outcome::Uncertain,
            2 => Outcome::Skipped(FindingCode::MessageTooLarge),
            3 => Outcome::Present(uid),
            4 => Outcome::Stored(None),
            5 => Outcome::Found(uid),
            _ => Outcome::Stored(uid),
        }
    }
}

/// What a run has seen of a folder.
#[derive(Default)]
struct Seen {
    present_earlier: (u64, u64),
    outcomes: BTreeMap<u32, Outcome>,
}

impl Seen {
    fn counts(&self, listed: (u64, u64)) -> Counts {
        let mut counts = Counts { listed: listed.0, listed_bytes: listed.1, ..Counts::default() };
        (counts.present, counts.present_bytes) = self.present_earlier;
        for (uid, outcome) in &self.outcomes {
            let bytes = u64::from(*uid) * 10;
            let (count, size) = match outcome {
                Outcome::Stored(_) => (&mut counts.stored, &mut counts.stored_bytes),
                Outcome::Present(_) => {
                    counts.duplicates += 1;
                    (&mut counts.present, &mut counts.present_bytes)
                }
                Outcome::Found(_) => (&mut counts.present, &mut counts.present_bytes),
                Outcome::Skipped(_) => (&mut counts.skipped, &mut counts.skipped_bytes),
                Outcome::Failed(_) => (&mut counts.failed, &mut counts.failed_bytes),
                Outcome::Uncertain => (&mut counts.uncertain, &mut counts.uncertain_bytes),
            };
            *count += 1;
            *size += bytes;
        }
        counts
    }
}

async fn totals_equal_a_recount_after_any_history(world: World) {
    for seed in 1..=6 {
        let mut dice = Dice(seed);
        let (order, runs) = world.trial(1).await;
        let mut listed = 20;
        for number in 1..=3 {
            let run = if number == 1 { runs[0] } else { another_run(&world, order.id.to_string(), number).await };
            history(&world, &mut dice, run, listed).await;
            listed += dice.roll(10);
        }
    }
}

async fn another_run(world: &World, order: String, number: u32) -> RunId {
    let id = world.store.new_id().expect("random");
    let sql = format!(
        "INSERT INTO runs (id, order_id, pair_id, number, kind, state, created_at)
         SELECT '{id}', order_id, pair_id, {number}, 'delta', 'queued', created_at FROM runs
         WHERE order_id = '{order}' AND number = 1"
    );
    world.raw(Box::leak(sql.into_boxed_str())).await;
    RunId(id)
}

/// One run over two folders, interrupted now and then.
async fn history(world: &World, dice: &mut Dice, run: RunId, messages: u32) {
    let mut seen: [Seen; 2] = Default::default();
    let bytes = (1..=u64::from(messages)).map(|uid| uid * 10).sum();
    let (mut ledger, mut ids) = open(world, run, &mut seen, messages).await;
    for _ in 0..25 {
        let folder = dice.roll(2) as usize;
        let uids: Vec<u32> = (0..dice.roll(6)).map(|_| dice.roll(messages) + 1).collect();
        match dice.roll(8) {
            0 => (ledger, ids) = open(world, run, &mut seen, messages).await,
            1 | 2 => {
                let batch: Vec<_> = uids.iter().copied().map(intent).collect();
                ledger.intend(ids[folder], 1, &batch).await.expect("intends");
            }
            _ => settle(&ledger, dice, ids[folder], &mut seen[folder], &uids).await,
        }
        let mut expected = seen[0].counts((u64::from(messages), bytes));
        expected.add(&seen[1].counts((u64::from(messages), bytes)));
        assert_eq!(ledger.totals().await.expect("totals"), expected);
    }
    recount(world, run, &ledger).await;
}

/// A worker takes the run, again after an interruption.
async fn open(world: &World, run: RunId, seen: &mut [Seen; 2], messages: u32) -> (RunLedger, [LedgerFolderId; 2]) {
    let ledger = world.store.run_ledger(&world.lease(run, "one").await);
    let mut ids = [LedgerFolderId(0); 2];
    for (n, name) in ["INBOX", "Sent"].into_iter().enumerate() {
        let (id, state) = ledger.open_folder(&binding(name, name)).await.expect("opens");
        let earlier: Vec<u32> = state
            .settled
            .iter()
            .filter(|uid| !state.settled_by_this_run.contains(*uid))
            .map(|uid| uid.0)
            .filter(|uid| *uid <= messages)
            .collect();
        let size = |uids: &[u32]| uids.iter().map(|uid| u64::from(*uid) * 10).sum();
        seen[n].present_earlier = (earlier.len() as u64, size(&earlier));
        // What was found again belongs to earlier runs.
        seen[n].outcomes.retain(|_, outcome| outcome.is_settled() && !matches!(outcome, Outcome::Found(_)));
        let kept: Vec<u32> = seen[n].outcomes.keys().copied().collect();
        assert_eq!(state.settled_by_this_run.iter().map(|uid| uid.0).collect::<Vec<_>>(), kept);
        let all: Vec<u32> = (1..=messages).collect();
        let start = FolderStart {
            listed: u64::from(messages),
            listed_bytes: size(&all),
            present_earlier: seen[n].present_earlier.0,
            present_earlier_bytes: seen[n].present_earlier.1,
        };
        ledger.start_folder(id, start).await.expect("starts");
        ids[n] = id;
    }
    (ledger, ids)
}

async fn settle(ledger: &RunLedger, dice: &mut Dice, id: LedgerFolderId, seen: &mut Seen, uids: &[u32]) {
    let state = ledger.open_folder(&binding_of(ledger, id).await).await.expect("opens").1;
    let mut outcomes = BTreeMap::new();
    for uid in uids {
        outcomes.insert(*uid, dice.outcome());
    }
    let batch: Vec<_> = outcomes.iter().map(|(uid, outcome)| settlement(*uid, *outcome)).collect();
    for _ in 0..=dice.roll(2) {
        ledger.settle(id, &batch).await.expect("settles");
    }
    for (uid, outcome) in outcomes {
        if !state.settled.contains(Uid(uid)) {
            seen.outcomes.insert(uid, outcome);
        }
    }
}

/// The first folder opened in a world of two is INBOX.
async fn binding_of(ledger: &RunLedger, id: LedgerFolderId) -> mailferry_engine::port::FolderBinding {
    let (inbox, _) = ledger.open_folder(&binding("INBOX", "INBOX")).await.expect("opens");
    if inbox == id { binding("INBOX", "INBOX") } else { binding("Sent", "Sent") }
}

/// Counts the ledger's rows themselves.
async fn recount(world: &World, run: RunId, ledger: &RunLedger) {
    let totals = ledger.totals().await.expect("totals");
    let of_run = format!("(SELECT no FROM ledger_runs WHERE run_id = '{run}')");
    let rows = async |state: &str| {
        let sql = format!(
            "SELECT COUNT(*), CAST(COALESCE(SUM(size_bytes), 0) AS BIGINT) FROM ledger_items
             WHERE run_no = {of_run} AND state = '{state}'"
        );
        world.raw_numbers(sql).await
    };
    let told = async |outcome: &str| {
        let sql = format!(
            "SELECT COUNT(*), CAST(COALESCE(SUM(size_bytes), 0) AS BIGINT) FROM ledger_run_items
             WHERE run_no = {of_run} AND outcome = '{outcome}'"
        );
        world.raw_numbers(sql).await
    };
    let signed = |count: u64, bytes: u64| (i64::try_from(count).expect("small"), i64::try_from(bytes).expect("small"));
    assert_eq!(rows("stored").await, signed(totals.stored, totals.stored_bytes));
    assert_eq!(rows("present").await.0, signed(totals.duplicates, 0).0);
    assert_eq!(told("duplicate").await, rows("present").await);
    assert_eq!(told("skipped").await, signed(totals.skipped, totals.skipped_bytes));
    assert_eq!(told("failed").await, signed(totals.failed, totals.failed_bytes));
    assert_eq!(told("uncertain").await, signed(totals.uncertain, totals.uncertain_bytes));
    let report = ledger.report(5).await.expect("report");
    let mut folders = Counts::default();
    report.folders.iter().for_each(|folder| folders.add(&folder.counts));
    assert_eq!((report.counts, folders), (totals, totals), "the protocol says the same");
    assert_eq!(report.items_total, totals.duplicates + totals.skipped + totals.failed + totals.uncertain);
}
