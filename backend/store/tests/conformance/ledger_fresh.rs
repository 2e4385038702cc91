//! Folders that nothing is known of are opened and begun together.

use std::collections::HashSet;

use mailferry_domain::ledger::FolderState;
use mailferry_engine::port::{Entry, Ledger};

use crate::{
    ledger::{LedgerSteps, binding, intent, ledger, listed, stored},
    world::World,
};

on_both! {
    many_folders_are_begun_at_once_as_they_are_one_by_one;
}

async fn many_folders_are_begun_at_once_as_they_are_one_by_one(world: World) {
    let ledger = ledger(&world).await;
    let (known, _) = ledger.open_folder(&binding("A", "A")).await.expect("opens");
    ledger.start_folder(known, listed(3)).await.expect("starts");
    ledger.intend(known, 1, &[intent(1), intent(2)]).await.expect("intends");
    ledger.settle(known, &stored(1..=2)).await.expect("settles");
    // One that is known, one alone, two that go to one place, and one that goes where another has gone before.
    let ends = [("A", "A"), ("B", "B"), ("C", "C"), ("D", "C"), ("E", "A")];
    let bindings = ends.map(|(source, destination)| binding(source, destination));
    let opened = ledger.open_folders(&bindings).await.expect("opens");
    assert_eq!(opened[0].0, known);
    assert_eq!(opened.iter().map(|(id, _)| id.0).collect::<HashSet<_>>().len(), 5, "each its own");
    assert_eq!((opened[0].1.claimed.len(), opened[4].1.claimed.len()), (2, 2), "what lies at the destination is told");
    assert!(opened[1..4].iter().all(|(_, state)| *state == FolderState::default()));
    let starts = || opened.iter().map(|(id, _)| Entry::Start(*id, listed(3))).collect();
    for turn in 0..2 {
        ledger.write(starts()).await.expect("starts");
        let totals = ledger.totals().await.expect("totals");
        assert_eq!((totals.listed, totals.listed_bytes, totals.stored), (15, 5 * 60, 2), "turn {turn}");
    }
    let protocol = ledger.report(10).await.expect("the protocol");
    let folders: Vec<_> = protocol.folders.iter().map(|folder| folder.source.clone()).collect();
    assert_eq!(folders, ["A", "B", "C", "D", "E"], "in the order of their beginning");
    // Once more, all of them are known.
    let again = ledger.open_folders(&bindings).await.expect("opens");
    assert!(again.iter().zip(&opened).all(|(one, other)| one.0 == other.0));
}
