//! Runs that are stopped, and go on.

use std::{sync::Arc, time::Duration};

use mailferry_connectors::memory::{MemoryAccount, Mishap};
use mailferry_domain::item::Flags;
use mailferry_engine::{
    port::{Command, Control, NoFault},
    run::RunEnd,
};
use mailferry_shared::run::Counts;
use tokio::time::timeout;

use crate::world::{StopAt, World, clean, clean_steps, path, runs_again_without_doing_anything, succeeded};

#[tokio::test]
async fn a_clean_run_copies_everything_and_a_second_one_does_nothing() {
    let world = World::new();
    let report = world.run().await;
    succeeded(&report);
    let expected = Counts { listed: 9, stored: 8, present: 1, duplicates: 1, ..Counts::default() };
    let counts = report.counts;
    assert_eq!(
        (counts.listed, counts.stored, counts.present, counts.duplicates),
        (expected.listed, expected.stored, expected.present, expected.duplicates)
    );
    let inbox = world.connector.destination.messages(&path("INBOX"));
    let texts: Vec<_> = inbox.iter().map(|message| String::from_utf8_lossy(&message.bytes).into_owned()).collect();
    assert_eq!(texts, ["there already", "not ours", "one", "twice", "twice", "", "six", "seven"], "the order is kept");
    let folders = world.connector.destination.folders();
    assert!(folders.contains(&(path("Projekte/Größe & Maß"), true)), "subscriptions are carried over");
    assert!(folders.contains(&(path("Empty"), false)));
    runs_again_without_doing_anything(&world).await;
}

#[tokio::test]
async fn a_run_stopped_at_any_step_goes_on_without_loss_or_duplicate() {
    let (expected, counts) = clean().await;
    let steps = clean_steps().await;
    assert!(steps > 20, "{steps} steps only");
    for step in 0..steps {
        let world = World::new();
        let stopped = world.run_with(Control::always_go(), StopAt::new(step)).await;
        assert!(matches!(stopped.end, RunEnd::Interrupted(_)), "{:?}", stopped.end);
        let report = world.run().await;
        succeeded(&report);
        assert_eq!(report.counts.listed, counts.listed, "stopped at step {step}");
        assert_eq!(world.destination(), expected, "stopped at step {step}");
        runs_again_without_doing_anything(&world).await;
    }
    println!("{steps} interruption points, 0 lost, 0 doubled");
}

/// Whoever verifies what a stopped run has copied is told of every folder that it did not come to the end of.
#[tokio::test]
async fn wherever_a_run_is_stopped_no_folder_is_missing_from_the_proof() {
    for step in 0..clean_steps().await {
        let world = World::new();
        world.run_with(Control::always_go(), StopAt::new(step)).await;
        let manifest = world.whole_manifest().await;
        for (folder, _) in world.connector.source.folders() {
            let messages = world.connector.source.messages(&folder).len() as u64;
            let told = manifest.folders.iter().filter(|told| told.path == folder);
            let told: u64 = told.map(|told| told.expected + told.left_out).sum();
            let name = folder.to_string();
            let named = manifest.head.not_proven.iter().any(|finding| finding.subject.as_ref() == Some(&name));
            assert!(named || told == messages, "stopped at step {step}: {folder}, {:?}", manifest.head);
        }
    }
}

#[tokio::test]
async fn a_run_stopped_twice_goes_on_without_loss_or_duplicate() {
    let (expected, _) = clean().await;
    for (first, second) in [(3, 1), (4, 4), (5, 2), (6, 6), (9, 3), (12, 5)] {
        let world = World::new();
        world.run_with(Control::always_go(), StopAt::new(first)).await;
        world.run_with(Control::always_go(), StopAt::new(second)).await;
        succeeded(&world.run().await);
        assert_eq!(world.destination(), expected, "stopped at steps {first} and {second}");
    }
}

#[tokio::test]
async fn a_paused_run_stops_and_goes_on() {
    let (expected, _) = clean().await;
    let world = World::new();
    let (steer, control) = Control::new();
    steer.send_replace(Command::Pause);
    let report = world.run_with(control, Arc::new(NoFault)).await;
    assert!(matches!(report.end, RunEnd::Stopped(Command::Pause)), "{:?}", report.end);
    succeeded(&world.run().await);
    assert_eq!(world.destination(), expected);
}

/// It keeps the line open, and nobody knows for how long.
#[tokio::test]
async fn a_run_that_is_told_to_stop_does_not_wait_for_a_source_that_has_fallen_silent() {
    let (expected, _) = clean().await;
    for command in [Command::Pause, Command::HandOver, Command::Cancel] {
        for after in [0, 1, 4] {
            let world = World::new();
            let source = &world.connector.source;
            source.fetch_mishaps([Mishap::Silent(after)]);
            stopped_once_silent(&world, source, command).await;
            succeeded(&world.run().await);
            assert_eq!(world.destination(), expected, "{command:?} after {after} messages");
            runs_again_without_doing_anything(&world).await;
        }
    }
}

/// Runs until an account has fallen silent, then tells the run to stop.
async fn stopped_once_silent(world: &World, account: &MemoryAccount, command: Command) {
    let (steer, control) = Control::new();
    let telling = async {
        while !account.is_silent() {
            tokio::task::yield_now().await;
        }
        steer.send_replace(command);
    };
    let stopping = async { tokio::join!(world.run_with(control, Arc::new(NoFault)), telling).0 };
    let report = timeout(Duration::from_secs(60), stopping).await.expect("it stops");
    assert!(matches!(&report.end, RunEnd::Stopped(told) if *told == command), "{:?}", report.end);
}

/// What is on its way is left to the next run, as if the line were lost.
#[tokio::test]
async fn a_run_that_is_told_to_stop_does_not_wait_for_a_destination_that_has_fallen_silent() {
    let (expected, _) = clean().await;
    for command in [Command::Pause, Command::HandOver, Command::Cancel] {
        for (batches, arrived) in [(0, 0), (0, 2), (1, 1), (2, 3)] {
            let world = World::new();
            let destination = &world.connector.destination;
            let mishaps = std::iter::repeat_n(Mishap::Fine, batches).chain([Mishap::Silent(arrived)]);
            destination.store_mishaps(mishaps);
            stopped_once_silent(&world, destination, command).await;
            succeeded(&world.run().await);
            assert_eq!(world.destination(), expected, "{command:?} after {batches} batches and {arrived} messages");
            runs_again_without_doing_anything(&world).await;
        }
    }
}

#[tokio::test]
async fn a_run_that_is_told_to_stop_does_not_wait_for_flags() {
    for at_source in [true, false] {
        let mut world = World::new();
        world.options.carry_flags = true;
        succeeded(&world.run().await);
        let inbox = path("INBOX");
        let (source, destination) = (&world.connector.source, &world.connector.destination);
        for message in source.messages(&inbox) {
            source.set_flags(&inbox, message.uid, &Flags::new(["changed"]));
        }
        let silent = if at_source { source } else { destination };
        silent.fall_silent_about_flags(true);
        stopped_once_silent(&world, silent, Command::HandOver).await;
        silent.fall_silent_about_flags(false);
        succeeded(&world.run().await);
        let changed = destination
            .messages(&inbox)
            .into_iter()
            .filter(|message| message.flags.iter().any(|flag| flag == "changed"));
        assert_eq!(changed.count(), source.messages(&inbox).len() - 1, "all but what was there before");
    }
}

/// The second connection is taken and never answered.
#[tokio::test]
async fn a_run_that_is_told_to_stop_does_not_wait_for_further_connections() {
    let (expected, _) = clean().await;
    let mut world = World::new();
    world.options.connections = 2;
    let source = &world.connector.source;
    source.answer_logins(Some(1));
    source.fetch_mishaps([Mishap::Silent(1)]);
    stopped_once_silent(&world, source, Command::Pause).await;
    source.answer_logins(None);
    succeeded(&world.run().await);
    assert_eq!(world.destination(), expected);
}

#[tokio::test]
async fn several_lanes_copy_what_one_lane_copies() {
    let (expected, _) = clean().await;
    let mut world = World::new();
    world.options.connections = 4;
    succeeded(&world.run().await);
    assert_eq!(world.destination(), expected);
}
