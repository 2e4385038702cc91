//! What a ledger tells: the protocol, flags, cursors, what is claimed, and how slow a destination was.

use std::time::Duration;

use chrono::DateTime;
use mailferry_domain::{
    folder::FolderPath,
    item::Flags,
    ledger::{Cursor, Outcome, Settlement},
    uid::{Uid, UidValidity},
};
use mailferry_engine::port::{Entry, Ledger};
use mailferry_shared::{
    finding::{Finding, FindingCode},
    protocol::ItemOutcome,
};
use mailferry_store::{ItemPart, Part, PlacedItem, RunLedger};

use crate::{
    ledger::{LedgerSteps, binding, inbox, intent, key, ledger, listed, settlement, stored, two_runs},
    world::World,
};

on_both! {
    notes_and_items_make_the_protocol;
    flags_are_told_as_they_were_copied_or_carried_over;
    claimed_covers_every_folder_that_goes_there;
    how_slow_a_destination_was_is_known_to_the_runs_that_follow;
    a_cursor_is_told_until_the_folder_is_left_unfinished;
    what_has_not_changed_counts_as_present_once;
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
