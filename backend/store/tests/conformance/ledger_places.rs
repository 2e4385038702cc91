//! What a ledger makes of folders that are others now: another UIDVALIDITY on either side, and none at all.

use mailferry_domain::{
    ledger::{FolderState, Outcome, Settlement},
    uid::{Uid, UidValidity},
};
use mailferry_engine::port::{FolderBinding, Ledger};
use mailferry_shared::finding::FindingCode;

use crate::{
    ledger::{LedgerSteps, binding, inbox, intent, key, ledger, listed, settlement, stored},
    world::World,
};

on_both! {
    another_source_uidvalidity_begins_a_new_generation;
    another_destination_uidvalidity_opens_everything_again;
    a_destination_that_cannot_be_opened_changes_nothing_that_is_known;
}

async fn another_source_uidvalidity_begins_a_new_generation(world: World) {
    let ledger = ledger(&world).await;
    let id = inbox(&ledger).await;
    ledger.start_folder(id, listed(3)).await.expect("starts");
    ledger.settle(id, &stored(1..=2)).await.expect("settles");
    ledger.intend(id, 50, &[intent(3)]).await.expect("intends");
    let moved = FolderBinding { source_uid_validity: UidValidity(2), ..binding("INBOX", "INBOX") };
    let (again, state) = ledger.open_folder(&moved).await.expect("opens");
    assert_eq!(again, id);
    assert!(state.settled.is_empty() && state.open.is_empty());
    assert_eq!(state.claimed.to_string(), "101:102");
    let own = |uid| (key(uid), Outcome::Stored(Some(Uid(uid + 100))));
    assert_eq!(state.earlier, [own(1), own(2)], "found again, they are still what this run has stored");
    assert_eq!(ledger.open_intents().await.expect("counts"), 0);
    // The same content under a new UID: the earlier entry has done its duty, and must not account for a second one.
    ledger.start_folder(id, listed(3)).await.expect("starts");
    let adopted = Settlement { key: Some(key(1)), ..settlement(9, Outcome::Present(Some(Uid(101)))) };
    ledger.settle(id, &[adopted]).await.expect("settles");
    let (_, state) = ledger.open_folder(&moved).await.expect("opens");
    assert_eq!(state.earlier, [own(2)]);
    assert_eq!((state.settled.to_string(), state.claimed.to_string()), ("9".into(), "101:102".into()));
}

async fn another_destination_uidvalidity_opens_everything_again(world: World) {
    let ledger = ledger(&world).await;
    let id = inbox(&ledger).await;
    let other = ledger.open_folder(&binding("Old", "INBOX")).await.expect("opens").0;
    let elsewhere = ledger.open_folder(&binding("Sent", "Sent")).await.expect("opens").0;
    for folder in [id, other, elsewhere] {
        ledger.start_folder(folder, listed(2)).await.expect("starts");
        ledger.settle(folder, &stored(1..=1)).await.expect("settles");
        let unknown = Settlement { key: None, ..settlement(2, Outcome::Stored(Some(Uid(9)))) };
        ledger.settle(folder, &[unknown]).await.expect("settles");
    }
    let changed = FolderBinding { destination_uid_validity: Some(UidValidity(2)), ..binding("INBOX", "INBOX") };
    let (_, state) = ledger.open_folder(&changed).await.expect("opens");
    assert!(state.settled.is_empty() && state.claimed.is_empty() && state.unaddressed.is_empty());
    assert_eq!(state.open.len(), 1, "an entry without a hash is forgotten: there is nothing to look for");
    assert_eq!((state.open[0].source_uid, state.open[0].destination_uid_next), (Uid(1), 1));
    let changed = FolderBinding { destination_uid_validity: Some(UidValidity(2)), ..binding("Old", "INBOX") };
    assert_eq!(ledger.open_folder(&changed).await.expect("opens").1.open.len(), 1, "also from other source folders");
    let sent = ledger.open_folder(&binding("Sent", "Sent")).await.expect("opens").1;
    assert_eq!(sent.settled.to_string(), "1:2");
    ledger.start_folder(id, listed(2)).await.expect("starts");
    assert_eq!(ledger.totals().await.expect("totals").stored, 4, "two folders as they were, INBOX anew");
}

async fn a_destination_that_cannot_be_opened_changes_nothing_that_is_known(world: World) {
    let ledger = ledger(&world).await;
    let closed = |source| FolderBinding { destination_uid_validity: None, ..binding(source, source) };
    let (id, _) = ledger.open_folder(&closed("New")).await.expect("opens");
    ledger.start_folder(id, listed(1)).await.expect("starts");
    ledger.settle(id, &[settlement(1, Outcome::Failed(FindingCode::FolderRefused))]).await.expect("settles");
    assert!(ledger.bindings().await.expect("bindings").is_empty(), "it never was there");
    let (again, state) = ledger.open_folder(&binding("New", "New")).await.expect("opens");
    assert_eq!((again, state), (id, FolderState::default()), "what failed is tried again");
    assert_eq!(ledger.bindings().await.expect("bindings").len(), 1);
    ledger.settle(id, &stored(1..=1)).await.expect("settles");
    let (_, state) = ledger.open_folder(&closed("New")).await.expect("opens");
    assert!(state.settled.contains(Uid(1)) && state.claimed.contains(Uid(101)), "{state:?}");
    assert_eq!(ledger.bindings().await.expect("bindings").len(), 1);
}
