//! What a run is asked for.

use mailferry_domain::{mapping::MappingOptions, plan::ItemFilter};
use mailferry_engine::run::RunEnd;
use mailferry_shared::run::RunState;

use crate::world::{World, clean, path, succeeded};

#[tokio::test]
async fn options_leave_out_what_they_say() {
    let mut world = World::new();
    world.options.filter = ItemFilter { max_size_bytes: Some(4), since: None };
    world.options.mapping = MappingOptions { leave_out: vec![path("Projekte")], ..MappingOptions::default() };
    let report = world.run().await;
    succeeded(&report);
    let counts = report.counts;
    assert_eq!((counts.listed, counts.stored, counts.present, counts.skipped), (7, 3, 0, 4), "{counts:?}");
    assert_eq!(report.left_out.len(), 1);
    // Without the options everything arrives after all.
    world.options.filter = ItemFilter::default();
    world.options.mapping = MappingOptions::default();
    succeeded(&world.run().await);
    assert_eq!(world.destination(), clean().await.0);
}

#[tokio::test]
async fn newest_first_turns_the_order_round_and_loses_nothing() {
    let mut world = World::new();
    world.options.newest_first = true;
    succeeded(&world.run().await);
    assert_eq!(world.destination(), clean().await.0);
    let inbox = world.connector.destination.messages(&path("INBOX"));
    assert_eq!(inbox[2].bytes.as_ref(), b"seven");
}

#[tokio::test]
async fn a_dry_run_tells_and_changes_nothing() {
    let mut world = World::new();
    world.options.dry_run = true;
    let before = world.destination();
    let report = world.run().await;
    assert_eq!((report.counts.listed, report.counts.stored), (9, 9));
    assert_eq!(world.destination(), before);
    assert_eq!(world.connector.destination.folders().len(), 1);
}

/// Whoever leaves a folder out need not be permitted to open it, nor wait until its messages are listed.
#[tokio::test]
async fn a_dry_run_counts_what_lies_in_the_folders_that_are_left_out_without_opening_them() {
    let mut world = World::new();
    world.options.dry_run = true;
    world.options.mapping = MappingOptions { leave_out: vec![path("Projekte")], ..MappingOptions::default() };
    let left_out = path("Projekte/Größe & Maß");
    world.connector.source.close_folder(&left_out, true);
    let report = world.run().await;
    assert_eq!(report.counts.listed, 7);
    let counted: Vec<_> = report.left_out_messages.into_iter().collect();
    assert_eq!(counted, [(left_out, 2)]);
}

#[tokio::test]
async fn a_dry_run_does_without_what_cannot_be_counted() {
    let mut world = World::new();
    world.options.dry_run = true;
    world.options.mapping = MappingOptions { leave_out: vec![path("Projekte")], ..MappingOptions::default() };
    world.connector.source.lose_statuses(1);
    let report = world.run().await;
    assert!(matches!(report.end, RunEnd::Done(RunState::Succeeded)), "{:?}", report.end);
    assert_eq!((report.counts.listed, report.left_out_messages.len()), (7, 0));
}
