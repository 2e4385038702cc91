//! Folders that one side refuses.

use mailferry_connectors::memory::Mishap;
use mailferry_engine::{port::Decision, run::RunEnd};
use mailferry_shared::{finding::FindingCode, protocol::ItemOutcome, run::RunState};

use crate::world::{StopAt, World, ended, notes, path, told};

const CLOSED: &str = "Closed";

/// INBOX and a folder of three messages.
fn with_a_folder(name: &str) -> World {
    let world = World::new();
    for day in 1..=3 {
        world.add("INBOX", day, &format!("inbox {day}"));
        world.add(name, day, &format!("other {day}"));
    }
    world
}

#[tokio::test]
async fn a_name_that_is_refused_is_substituted_noted_and_kept_by_a_delta() {
    let world = with_a_folder("100% \"gut\"/Sub");
    world.destination().refuse_characters("%\"");
    let (report, protocol) = world.run().await;
    ended(&report, RunState::Succeeded);
    let renamed = "100% \"gut\"/Sub → 100_ _gut_/Sub";
    assert_eq!(notes(&protocol), [(FindingCode::FolderRenamed, renamed)]);
    assert_eq!(world.there("100_ _gut_/Sub"), ["other 1", "other 2", "other 3"]);
    // Once it is bound, it stays, even where the old name would be taken by now.
    world.destination().refuse_characters("");
    world.add("100% \"gut\"/Sub", 4, "other 4");
    let (report, protocol) = world.run().await;
    ended(&report, RunState::Succeeded);
    assert_eq!((report.counts.stored, report.counts.present), (1, 6));
    assert_eq!(notes(&protocol), [(FindingCode::FolderRenamed, renamed)]);
    assert_eq!(world.folders_there(), ["100_ _gut_", "100_ _gut_/Sub", "INBOX"]);
    assert_eq!(world.there("100_ _gut_/Sub").len(), 4);
}

#[tokio::test]
async fn folders_that_may_not_have_children_leave_nothing_behind() {
    let world = World::new();
    for (day, name) in (1..).zip(["INBOX", "A", "A/B", "A/B/C"]) {
        world.add(name, day, name);
    }
    // As it is where folders hold either messages or folders.
    world.destination().refuse_characters("/");
    for _ in 0..2 {
        let (report, protocol) = world.run().await;
        ended(&report, RunState::Succeeded);
        let renamed = [(FindingCode::FolderRenamed, "A/B → A-B"), (FindingCode::FolderRenamed, "A/B/C → A-B-C")];
        assert_eq!(notes(&protocol), renamed, "it is shown");
        assert_eq!(world.folders_there(), ["A", "A-B", "A-B-C", "INBOX"]);
        assert_eq!(world.there("A-B-C"), ["A/B/C"]);
    }
}

#[tokio::test]
async fn what_would_lie_below_a_folder_that_takes_no_children_goes_beside_it() {
    let world = World::new();
    for (day, name) in (1..).zip(["INBOX", "INBOX/Sub", "INBOX/Sub/Deep"]) {
        world.add(name, day, name);
    }
    world.destination().refuse_children(&path("INBOX"));
    for stored in [3, 0] {
        let (report, protocol) = world.run().await;
        ended(&report, RunState::Succeeded);
        assert_eq!(report.counts.stored, stored);
        let renamed = ["INBOX/Sub → INBOX-Sub", "INBOX/Sub/Deep → INBOX-Sub/Deep"];
        assert_eq!(notes(&protocol), renamed.map(|names| (FindingCode::FolderRenamed, names)), "it is shown");
        assert_eq!(world.folders_there(), ["INBOX", "INBOX-Sub", "INBOX-Sub/Deep"]);
        assert_eq!(world.there("INBOX-Sub/Deep"), ["INBOX/Sub/Deep"]);
    }
}

#[tokio::test]
async fn two_names_that_are_refused_do_not_meet() {
    let world = World::new();
    for name in ["a%", "a*", "a_"] {
        world.add(name, 1, name);
    }
    world.destination().refuse_characters("%*");
    ended(&world.run().await.0, RunState::Succeeded);
    assert_eq!(world.folders_there().len(), 4, "{:?}", world.folders_there());
    assert_eq!(world.there("a_"), ["a_"]);
}

#[tokio::test]
async fn a_copy_under_another_name_stopped_at_any_step_goes_to_one_place() {
    let refusing = || {
        let world = with_a_folder("100%");
        world.destination().refuse_characters("%");
        world
    };
    for step in 0..StopAt::steps_of(&refusing()).await {
        let world = refusing();
        world.run_with(StopAt::new(step)).await;
        ended(&world.run().await.0, RunState::Succeeded);
        assert_eq!(world.folders_there(), ["100_", "INBOX"], "stopped at step {step}");
        assert_eq!(world.there("100_").len(), 3, "stopped at step {step}");
    }
}

#[tokio::test]
async fn every_message_of_a_folder_that_is_refused_is_counted_and_a_later_run_copies_it() {
    let world = with_a_folder("x");
    world.destination().refuse_characters("x");
    for _ in 0..2 {
        let (report, protocol) = world.run().await;
        ended(&report, RunState::Partial);
        assert_eq!((report.counts.listed, report.counts.failed), (6, 3));
        assert_eq!(notes(&protocol), [(FindingCode::FolderRefused, "x")]);
        let items: Vec<_> = protocol.items.iter().map(|item| (item.outcome, item.folder.as_str(), item.code)).collect();
        assert_eq!(items, [(ItemOutcome::Failed, "x", Some(FindingCode::FolderRefused)); 3]);
        let folder =
            protocol.folders.iter().find(|folder| folder.source == "x").expect("the folder is in the protocol");
        assert_eq!((folder.counts.listed, folder.counts.failed), (3, 3));
        // The same run, gone on with, counts the same.
        let (again, _) = world.resume().await;
        assert_eq!(again.counts, report.counts);
    }
    world.destination().refuse_characters("");
    let (report, protocol) = world.run().await;
    ended(&report, RunState::Succeeded);
    assert_eq!((report.counts.stored, report.counts.present), (3, 3));
    assert_eq!(notes(&protocol), []);
}

#[tokio::test]
async fn a_folder_that_was_refused_may_go_elsewhere_in_a_later_run() {
    let mut world = with_a_folder("x");
    world.destination().refuse_characters("x");
    ended(&world.run().await.0, RunState::Partial);
    world.options.mapping.rules = vec![(path("x"), path("y"))];
    ended(&world.run().await.0, RunState::Succeeded);
    assert_eq!(world.there("y").len(), 3);
}

#[tokio::test]
async fn a_folder_that_is_closed_after_a_first_run_keeps_what_is_settled() {
    let world = with_a_folder(CLOSED);
    ended(&world.run().await.0, RunState::Succeeded);
    // The owner tidies up, then closes the folder; what was copied once is never copied again.
    let gone = world.destination().messages(&path(CLOSED))[0].uid;
    world.destination().remove(&path(CLOSED), gone);
    world.destination().close_folder(&path(CLOSED), true);
    world.add(CLOSED, 4, "other 4");
    for _ in 0..2 {
        let (report, _) = world.run().await;
        ended(&report, RunState::Partial);
        assert_eq!((report.counts.present, report.counts.failed), (6, 1), "{:?}", report.counts);
    }
    world.destination().close_folder(&path(CLOSED), false);
    let (report, _) = world.run().await;
    ended(&report, RunState::Succeeded);
    assert_eq!((report.counts.stored, report.counts.present), (1, 6));
    assert_eq!(world.there(CLOSED), ["other 2", "other 3", "other 4"]);
}

#[tokio::test]
async fn what_may_have_been_sent_stays_uncertain_while_its_folder_is_closed() {
    let steps = StopAt::steps_of(&with_a_folder(CLOSED)).await;
    let mut uncertain = 0;
    for step in 0..steps {
        let world = with_a_folder(CLOSED);
        let (stopped, _) = world.run_with(StopAt::new(step)).await;
        assert!(matches!(stopped.end, RunEnd::Interrupted(_)), "{:?}", stopped.end);
        world.destination().close_folder(&path(CLOSED), true);
        let (report, _) = world.run().await;
        if report.counts.uncertain + report.counts.failed > 0 {
            ended(&report, RunState::Partial);
            uncertain += report.counts.uncertain;
        }
        world.destination().close_folder(&path(CLOSED), false);
        ended(&world.run().await.0, RunState::Succeeded);
        assert_eq!(world.there(CLOSED), ["other 1", "other 2", "other 3"], "stopped at step {step}");
        assert_eq!(world.there("INBOX").len(), 3, "stopped at step {step}");
    }
    assert!(uncertain > 0, "no step left a message undecided");
}

#[tokio::test]
async fn a_refused_folder_stopped_at_any_step_is_counted_once() {
    let refused = || {
        let world = with_a_folder("x");
        world.destination().refuse_characters("x");
        world
    };
    for step in 0..StopAt::steps_of(&refused()).await {
        let world = refused();
        world.run_with(StopAt::new(step)).await;
        let (report, protocol) = world.resume().await;
        ended(&report, RunState::Partial);
        assert_eq!((report.counts.listed, report.counts.failed, report.counts.stored), (6, 3, 3), "step {step}");
        assert_eq!(protocol.items_total, 3);
    }
}

#[tokio::test]
async fn a_source_folder_that_cannot_be_opened_is_named_with_its_number_of_messages() {
    let world = with_a_folder(CLOSED);
    world.source().close_folder(&path(CLOSED), true);
    let (report, protocol) = world.run().await;
    ended(&report, RunState::Partial);
    assert_eq!(report.counts.listed, 3);
    assert_eq!(told(&protocol), [(FindingCode::FolderUnreadable, "Closed (3 messages)".to_owned())]);
    world.source().close_folder(&path(CLOSED), false);
    ended(&world.run().await.0, RunState::Succeeded);
    assert_eq!(world.there(CLOSED).len(), 3);
}

#[tokio::test]
async fn a_folder_that_is_closed_while_it_is_copied_has_an_outcome_for_each_message() {
    let world = with_a_folder(CLOSED);
    let refused = Mishap::Refused(1, FindingCode::FolderUnreadable, Decision::Skip);
    world.source().fetch_mishaps([Mishap::Fine, refused]);
    let (report, protocol) = world.run().await;
    ended(&report, RunState::Partial);
    assert_eq!((report.counts.listed, report.counts.stored, report.counts.failed), (6, 4, 2));
    assert_eq!(notes(&protocol), [(FindingCode::FolderUnreadable, CLOSED)]);
    ended(&world.run().await.0, RunState::Succeeded);
    assert_eq!((world.there("INBOX").len(), world.there(CLOSED).len()), (3, 3));
}
