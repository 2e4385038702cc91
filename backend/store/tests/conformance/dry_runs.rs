use mailferry_domain::{folder::FolderPath, uid::UidValidity};
use mailferry_engine::port::{Entry, FolderBinding, Ledger, LedgerError};
use mailferry_shared::{
    account::AccountChange,
    dry_run::{DryRunCounts, DryRunFolder, DryRunLeftOut, DryRunSkip, DryRunState, LeftOutReason},
    finding::{Finding, FindingCode},
    order::StartKind,
};
use mailferry_store::{JobKind, PlannedPair, StoreError};

use crate::world::World;

on_both! {
    a_dry_run_is_kept_pair_by_pair_and_added_up;
    a_dry_run_is_of_ticked_or_named_pairs_of_the_order;
    a_dry_run_that_was_left_behind_is_queued_again;
    the_ledger_of_a_dry_run_is_read_and_not_written;
}

fn planned() -> PlannedPair {
    let counts = DryRunCounts {
        listed: 5,
        listed_bytes: 500,
        copy: 3,
        copy_bytes: 300,
        skipped: 2,
        skipped_bytes: 200,
        ..DryRunCounts::default()
    };
    let skip = DryRunSkip { code: FindingCode::MessageTooLarge, messages: 2, size_bytes: 200 };
    PlannedPair {
        findings: vec![Finding::new(FindingCode::FolderUnreadable).about("Old")],
        folders: vec![DryRunFolder {
            source: "Gesendet".to_owned(),
            destination: "Sent".to_owned(),
            create: false,
            renamed: false,
            counts,
            skipped: vec![skip],
        }],
        left_out: vec![DryRunLeftOut { folder: "Trash".to_owned(), reason: LeftOutReason::Trash, messages: Some(7) }],
    }
}

async fn a_dry_run_is_kept_pair_by_pair_and_added_up(world: World) {
    let store = &world.store;
    let (order, pairs) = world.order_with(2).await;
    let begun = store.create_dry_run(order.id, &[], StartKind::Main).await.expect("begun");
    assert!(!begun.finished && begun.pairs.iter().all(|pair| pair.state == DryRunState::Queued));
    store.save_dry_run(begun.id, pairs[0], DryRunState::Running, &PlannedPair::default()).await.expect("saved");
    store.save_dry_run(begun.id, pairs[0], DryRunState::Finished, &planned()).await.expect("saved");
    let half = store.dry_run(order.id, begun.id).await.expect("read");
    assert!(!half.finished && half.pairs[0].finished_at.is_some() && half.pairs[1].finished_at.is_none());
    let failed = PlannedPair { findings: vec![Finding::new(FindingCode::WrongPassword)], ..PlannedPair::default() };
    store.save_dry_run(begun.id, pairs[1], DryRunState::Failed, &failed).await.expect("saved");
    let whole = store.dry_run(order.id, begun.id).await.expect("read");
    assert!(whole.finished);
    assert_eq!((whole.counts.listed, whole.counts.copy, whole.counts.skipped_bytes), (5, 3, 200));
    assert_eq!((&whole.pairs[0].folders, &whole.pairs[0].left_out), (&planned().folders, &planned().left_out));
}

async fn a_dry_run_is_of_ticked_or_named_pairs_of_the_order(world: World) {
    let store = &world.store;
    let (order, pairs) = world.order_with(2).await;
    let (other, _) = world.order_with(1).await;
    let untick = AccountChange { ticked: Some(false), ..AccountChange::default() };
    store.change_pair(order.id, pairs[0], &untick).await.expect("changed");
    let begun = store.create_dry_run(order.id, &[], StartKind::Main).await.expect("begun");
    assert_eq!(begun.pairs.iter().map(|pair| pair.pair_id).collect::<Vec<_>>(), [pairs[1]]);
    let named = store.create_dry_run(order.id, &[pairs[0]], StartKind::Trial).await.expect("begun");
    assert_eq!((begun.kind, named.kind), (StartKind::Main, StartKind::Trial));
    assert_eq!(store.dry_run_work(named.id).await.expect("read").kind, StartKind::Trial);
    assert_eq!(named.pairs.iter().map(|pair| pair.pair_id).collect::<Vec<_>>(), [pairs[0]]);
    assert!(matches!(store.create_dry_run(other.id, &[pairs[0]], StartKind::Main).await, Err(StoreError::NotFound)));
    assert!(matches!(store.dry_run(other.id, begun.id).await, Err(StoreError::NotFound)));
    store.change_pair(order.id, pairs[1], &untick).await.expect("changed");
    assert!(matches!(store.create_dry_run(order.id, &[], StartKind::Main).await, Err(StoreError::NothingTicked)));
}

async fn a_dry_run_that_was_left_behind_is_queued_again(world: World) {
    let store = &world.store;
    let (order, pairs) = world.order_with(1).await;
    let begun = store.create_dry_run(order.id, &[], StartKind::Main).await.expect("begun");
    assert_eq!(store.left_behind().await.expect("read"), []);
    world.raw("DELETE FROM jobs").await;
    assert_eq!(store.left_behind().await.expect("read"), [(JobKind::DryRun, begun.id.0)]);
    store.save_dry_run(begun.id, pairs[0], DryRunState::Finished, &planned()).await.expect("saved");
    assert_eq!(store.left_behind().await.expect("read"), []);
}

async fn the_ledger_of_a_dry_run_is_read_and_not_written(world: World) {
    let (_, pairs) = world.order_with(1).await;
    let ledger = world.store.preview_ledger(pairs[0]);
    assert!(ledger.bindings().await.expect("read").is_empty());
    let binding = FolderBinding {
        source: FolderPath::inbox(),
        destination: FolderPath::inbox(),
        source_uid_validity: UidValidity(7),
        destination_uid_validity: Some(UidValidity(8)),
    };
    let opened = ledger.open_folders(&[binding]).await.expect("read");
    assert!(opened[0].1.settled.is_empty());
    assert!(ledger.bindings().await.expect("read").is_empty(), "nothing was written");
    let note = Entry::Note(Finding::new(FindingCode::FolderRenamed));
    assert!(matches!(ledger.write(vec![note]).await, Err(LedgerError::Fenced)));
    assert_eq!(ledger.open_intents().await.expect("read"), 0);
}
