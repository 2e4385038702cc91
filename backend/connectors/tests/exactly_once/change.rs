//! What changes between runs and in the middle of one.

use std::sync::Arc;

use mailferry_connectors::memory::MemoryAccount;
use mailferry_domain::{folder::FolderPath, item::Flags, uid::Uid};
use mailferry_engine::port::{Control, Fault, Interrupted, NoFault, Step};

use crate::world::{StopAt, World, clean, clean_steps, date, path, runs_again_without_doing_anything, succeeded};

#[tokio::test]
async fn a_delta_copies_what_is_new_and_leaves_what_the_owner_changed() {
    let world = World::new();
    succeeded(&world.run().await);
    let inbox = path("INBOX");
    world.connector.source.add(&inbox, Flags::default(), date(10), b"new".to_vec());
    world.connector.source.add(&path("New folder"), Flags::default(), date(11), b"new too".to_vec());
    // The owner tidies up at the new place: what was copied once is not copied again.
    let gone = world.connector.destination.messages(&inbox)[2].uid;
    world.connector.destination.remove(&inbox, gone);
    let report = world.run().await;
    succeeded(&report);
    assert_eq!((report.counts.stored, report.counts.present), (2, 9));
}

#[tokio::test]
async fn new_uids_at_the_source_or_at_the_destination_double_nothing() {
    for (at_source, at_destination) in [(true, false), (false, true), (true, true)] {
        let world = World::new();
        succeeded(&world.run().await);
        let before = world.destination();
        if at_source {
            world.connector.source.renumber(&path("INBOX"));
        }
        if at_destination {
            world.connector.destination.renumber(&path("INBOX"));
        }
        let report = world.run().await;
        succeeded(&report);
        assert_eq!(world.destination(), before, "source {at_source}, destination {at_destination}");
        assert_eq!((report.counts.stored, report.counts.present), (0, 9), "what is found again is not copied");
        if !(at_source && at_destination) {
            assert_eq!(report.counts.duplicates, 0, "and it was there by us");
        }
        runs_again_without_doing_anything(&world).await;
    }
}

/// Expunges a message as soon as the folder has been planned.
struct Expunge(MemoryAccount, FolderPath);

impl Fault for Expunge {
    fn reach(&self, step: Step) -> Result<(), Interrupted> {
        if step == Step::Planned {
            self.0.remove(&self.1, Uid(6));
        }
        Ok(())
    }
}

#[tokio::test]
async fn what_vanishes_between_listing_and_fetching_is_skipped() {
    let world = World::new();
    let inbox = path("INBOX");
    let report = world.run_with(Control::always_go(), Arc::new(Expunge(world.connector.source.clone(), inbox))).await;
    succeeded(&report);
    assert_eq!((report.counts.stored, report.counts.skipped), (7, 1));
}

/// What a run has stored is its work, whoever has finished the folder meanwhile.
#[tokio::test]
async fn what_a_run_stored_stays_counted_as_stored_when_it_is_begun_again_after_another() {
    let (expected, counts) = clean().await;
    let go = Control::always_go;
    for step in 0..clean_steps().await {
        let world = World::new();
        let first = world.run_as(1, go(), StopAt::new(step)).await.counts;
        let second = world.run_as(2, go(), Arc::new(NoFault)).await;
        succeeded(&second);
        let again = world.run_as(1, go(), Arc::new(NoFault)).await;
        succeeded(&again);
        let told = (again.counts.stored, again.counts.stored_bytes, again.counts.duplicates);
        assert_eq!(told, (first.stored, first.stored_bytes, first.duplicates), "stopped at step {step}");
        assert_eq!(again.counts.listed, counts.listed, "stopped at step {step}");
        assert_eq!(again.counts.stored + second.counts.stored, counts.stored, "stopped at step {step}");
        // And once more: that it was finished by another before is no reason to forget it either.
        let last = world.run_as(2, go(), Arc::new(NoFault)).await;
        assert_eq!(last.counts, second.counts, "stopped at step {step}");
        assert_eq!(world.destination(), expected);
    }
}

/// The same where the UIDs of one side mean nothing any more: messages are known by their content.
#[tokio::test]
async fn what_a_run_stored_stays_counted_as_stored_when_it_is_begun_again_after_new_uids() {
    let (expected, counts) = clean().await;
    for step in 0..clean_steps().await {
        for at_destination in [false, true] {
            let world = World::new();
            let first = world.run_as(1, Control::always_go(), StopAt::new(step)).await.counts;
            let side = if at_destination { &world.connector.destination } else { &world.connector.source };
            side.renumber(&path("INBOX"));
            let again = world.run_as(1, Control::always_go(), Arc::new(NoFault)).await;
            succeeded(&again);
            let stored = again.counts.stored;
            assert!(stored >= first.stored, "{stored}, stopped at step {step}: {first:?}");
            assert!(stored <= counts.stored, "{stored}, stopped at step {step}");
            assert_eq!(world.destination(), expected);
        }
    }
}
