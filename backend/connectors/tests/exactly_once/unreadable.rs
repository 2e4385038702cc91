//! Messages that the source lists and cannot deliver: they have failed, all others arrive, and a later run brings them.

use mailferry_connectors::memory::{Damage, Mishap};
use mailferry_domain::uid::Uid;
use mailferry_engine::run::RunEnd;
use mailferry_shared::{finding::FindingCode, run::RunState};

use crate::world::{World, clean, path, runs_again_without_doing_anything, succeeded};

#[tokio::test]
async fn one_unreadable_message_never_stops_the_others_and_is_not_called_deleted() {
    let (expected, counts) = clean().await;
    for damage in [Damage::LeftOut, Damage::HangsUp] {
        for (newest_first, uids) in [(false, vec![1]), (false, vec![3, 4]), (false, vec![7]), (true, vec![2, 6])] {
            let mut world = World::new();
            world.options.newest_first = newest_first;
            let inbox = path("INBOX");
            let damage_all = |damage| {
                for uid in &uids {
                    world.connector.source.damage(&inbox, Uid(*uid), damage);
                }
            };
            damage_all(Some(damage));
            let report = world.run().await;
            let told = format!("{damage:?} of {uids:?}: {:?}, {:?}", report.end, report.counts);
            assert!(matches!(report.end, RunEnd::Done(RunState::Partial)), "{told}");
            let failed = uids.len() as u64;
            assert_eq!((report.counts.failed, report.counts.skipped), (failed, 0), "{told}");
            assert_eq!(report.counts.stored, counts.stored - failed, "{told}");
            assert_eq!(report.counts.done(), report.counts.listed, "{told}");
            damage_all(None);
            succeeded(&world.run().await);
            assert_eq!(world.destination(), expected, "{told}");
            runs_again_without_doing_anything(&world).await;
        }
    }
}

/// Also where a message that is left out by an option is told of anew at every attempt: that is no progress.
#[tokio::test]
async fn a_line_that_breaks_whatever_is_read_is_held_against_no_message() {
    let mut world = World::new();
    world.options.filter.max_size_bytes = Some(4);
    world.connector.source.fetch_mishaps(std::iter::repeat_n(Mishap::LostBefore, 1000));
    let report = world.run().await;
    assert!(matches!(report.end, RunEnd::Unfinished(_)), "{:?}", report.end);
    assert_eq!((report.counts.failed, report.counts.stored), (0, 0), "{:?}", report.counts);
    world.options.filter.max_size_bytes = None;
    world.connector.source.fetch_mishaps([]);
    succeeded(&world.run().await);
    assert_eq!(world.destination(), clean().await.0);
}

#[tokio::test]
async fn a_folder_that_lists_fewer_messages_than_it_counts_is_no_success() {
    let (expected, counts) = clean().await;
    let world = World::new();
    let inbox = path("INBOX");
    world.connector.source.unlist(&inbox, [Uid(3), Uid(6)]);
    for stored in [counts.stored - 2, 0] {
        let report = world.run().await;
        assert!(matches!(report.end, RunEnd::Done(RunState::Partial)), "{:?}", report.end);
        assert_eq!((report.counts.stored, report.counts.done()), (stored, report.counts.listed));
        let notes: Vec<_> = report.notes.iter().map(|note| (note.code, note.topic())).collect();
        assert_eq!(notes, [(FindingCode::ListingIncomplete, Some("INBOX (7 messages, 5 listed)".to_owned()))]);
    }
    world.connector.source.unlist(&inbox, []);
    succeeded(&world.run().await);
    assert_eq!(world.destination(), expected);
    runs_again_without_doing_anything(&world).await;
}
