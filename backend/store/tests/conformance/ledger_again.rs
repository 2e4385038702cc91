//! Runs that are begun again after another run has finished their folders meanwhile.

use mailferry_domain::{
    folder::FolderPath,
    ledger::{Cursor, Outcome},
    uid::{Uid, UidValidity},
};
use mailferry_engine::port::{Entry, FolderStart, Ledger};
use mailferry_shared::{finding::FindingCode, run::Counts};
use mailferry_store::RunLedger;

use crate::{
    ledger::{LedgerSteps, binding, listed, settlement, stored, two_runs},
    world::World,
};

on_both! {
    what_a_run_stored_is_no_find_of_its_own_when_another_has_finished_the_folder;
    what_a_run_failed_at_is_told_anew_when_another_has_finished_the_folder;
}

fn all_of(messages: u32) -> Cursor {
    Cursor {
        source_uid_validity: UidValidity(1),
        source_uid_next: messages + 1,
        messages: messages.into(),
        size_bytes: listed(messages).listed_bytes,
        destination_uid_validity: UidValidity(1),
        source_modseq: None,
    }
}

async fn cursor_of(ledger: &RunLedger, folder: &str) -> Option<Cursor> {
    let folder = FolderPath::parse(folder).expect("path");
    ledger.bindings().await.expect("bindings").remove(&folder).expect("known").cursor
}

/// The next run opens the folder, settles what is left of three messages, and finishes it.
async fn finish_the_rest(ledger: &RunLedger, folder: &str, left: std::ops::RangeInclusive<u32>) {
    let (id, state) = ledger.open_folder(&binding(folder, folder)).await.expect("opens");
    let earlier = FolderStart { present_earlier: state.settled.len(), ..listed(3) };
    ledger.start_folder(id, earlier).await.expect("starts");
    ledger.settle(id, &stored(left)).await.expect("settles");
    ledger.write(vec![Entry::Finish(id, Some(all_of(3)))]).await.expect("finishes");
}

async fn what_a_run_stored_is_no_find_of_its_own_when_another_has_finished_the_folder(world: World) {
    let (first, next) = two_runs(&world).await;
    let (id, _) = first.open_folder(&binding("INBOX", "INBOX")).await.expect("opens");
    first.start_folder(id, listed(3)).await.expect("starts");
    first.settle(id, &stored(1..=2)).await.expect("settles");
    let before = first.totals().await.expect("totals");
    let second = next().await;
    finish_the_rest(&second, "INBOX", 3..=3).await;
    let again = world.store.run_ledger(&world.lease(first.run_id(), "one").await);
    assert_eq!(cursor_of(&again, "INBOX").await, None, "two of its messages are the run's own");
    let (_, state) = again.open_folder(&binding("INBOX", "INBOX")).await.expect("opens");
    assert_eq!((state.settled.to_string(), state.settled_by_this_run.to_string()), ("1:3".into(), "1:2".into()));
    let start = FolderStart { present_earlier: 1, present_earlier_bytes: 30, ..listed(3) };
    again.start_folder(id, start).await.expect("starts");
    let totals = again.totals().await.expect("totals");
    let expected = Counts { present: 1, present_bytes: 30, ..before };
    assert_eq!((totals, totals.done()), (expected, totals.listed));
    for (messages, told) in [(3, false), (2, true)] {
        again.write(vec![Entry::Finish(id, Some(all_of(messages)))]).await.expect("finishes");
        let cursor = cursor_of(&second, "INBOX").await;
        assert_eq!(cursor.is_some(), told, "the other one has stored the third: {cursor:?}");
    }
}

async fn what_a_run_failed_at_is_told_anew_when_another_has_finished_the_folder(world: World) {
    let (first, next) = two_runs(&world).await;
    let (id, _) = first.open_folder(&binding("Sent", "Sent")).await.expect("opens");
    first.start_folder(id, listed(3)).await.expect("starts");
    first.settle(id, &[settlement(1, Outcome::Failed(FindingCode::MessageRefused))]).await.expect("settles");
    finish_the_rest(&next().await, "Sent", 1..=3).await;
    let again = world.store.run_ledger(&world.lease(first.run_id(), "one").await);
    assert_eq!(cursor_of(&again, "Sent").await, None, "its protocol names a message that is there by now");
    let (_, state) = again.open_folder(&binding("Sent", "Sent")).await.expect("opens");
    assert!(state.settled.contains(Uid(1)) && state.settled_by_this_run.is_empty());
    let start = FolderStart { present_earlier: 3, present_earlier_bytes: 60, ..listed(3) };
    again.start_folder(id, start).await.expect("starts");
    let report = again.report(5).await.expect("report");
    assert_eq!((report.counts.present, report.counts.failed, report.items_total), (3, 0, 0));
}
