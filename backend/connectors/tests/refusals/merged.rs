//! A destination that keeps one message for all that are alike, and a copy that is killed: of the fault matrix.

use std::sync::Arc;

use mailferry_engine::{port::NoFault, run::RunEnd};
use mailferry_lab::matrix;
use mailferry_shared::run::RunState;

use crate::{
    fake::{Fake, Mailbox},
    gmail::to_gmail,
    world::{StopAt, World, ended},
};

/// What must lie in each folder, by text; in INBOX one of them stands for two.
const EXPECTED: [(&str, &[&str]); 2] =
    [("INBOX", &["another one", "the same in all places"]), ("Work", &["only here", "the same in all places"])];
const COPIED: u64 = 5;

fn filled() -> World {
    let world = World::new();
    for folder in ["INBOX", "INBOX", "Work"] {
        world.add(folder, 1, "the same in all places");
    }
    world.add("INBOX", 2, "another one");
    world.add("Work", 3, "only here");
    world
}

/// Messages that are missing in a folder, and messages and places too many.
fn lost_and_doubled(fake: &Fake) -> (u64, u64) {
    let state = fake.state();
    let (mut lost, mut doubled) = (0, 0);
    for (folder, expected) in EXPECTED {
        let there = state.mailbox.texts(folder);
        lost += expected.iter().filter(|text| !there.iter().any(|there| there == *text)).count();
        doubled += there.len().saturating_sub(expected.len());
    }
    doubled += state.mailbox.messages.len().saturating_sub(3);
    (lost as u64, doubled as u64)
}

#[tokio::test]
async fn killed_at_any_step_a_copy_into_a_mailbox_that_merges_loses_and_doubles_nothing() {
    let steps = {
        let (fake, world, counting) = (Fake::start(Mailbox::new()).await, filled(), StopAt::new(usize::MAX));
        let (report, _) = world.run_over(to_gmail(&world, &fake), counting.clone()).await;
        ended(&report, RunState::Succeeded);
        counting.reached()
    };
    let (mut lost, mut doubled, mut wrong) = (0, 0, Vec::new());
    for step in 0..steps {
        let (fake, world) = (Fake::start(Mailbox::new()).await, filled());
        let connector = to_gmail(&world, &fake);
        let (report, _) = world.run_over(connector.clone(), StopAt::new(step)).await;
        assert!(matches!(report.end, RunEnd::Interrupted(_)), "{step}: {:?}", report.end);
        // The same run goes on, or the next one.
        let (report, _) = if step.is_multiple_of(2) {
            world.resume_over(connector.clone(), Arc::new(NoFault)).await
        } else {
            world.run_over(connector.clone(), Arc::new(NoFault)).await
        };
        ended(&report, RunState::Succeeded);
        let (again, _) = world.run_over(connector, Arc::new(NoFault)).await;
        assert_eq!((again.counts.stored, again.counts.present), (0, COPIED), "{step}: {:?}", again.counts);
        let now = lost_and_doubled(&fake);
        (lost, doubled) = (lost + now.0, doubled + now.1);
        if now != (0, 0) {
            wrong.push((step, now));
        }
    }
    matrix::record("destination merges what is alike: killed", steps, lost, doubled);
    assert!(wrong.is_empty(), "steps, lost and doubled: {wrong:?}");
}
