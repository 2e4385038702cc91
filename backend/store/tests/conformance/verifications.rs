use std::time::Duration;

use mailferry_shared::{
    finding::{Finding, FindingCode},
    verification::{Difference, DifferenceKind, Grade, VerificationCounts, VerificationItem, VerificationState},
};
use mailferry_store::{JobKind, JobQueue, LedgerUse, Part, Position, StoreError, VerifiedPair};
use serde_json::json;

use crate::world::World;

on_both! {
    a_verification_gathers_what_was_found_of_each_pair;
    differences_that_were_kept_as_words_are_read;
    only_pairs_that_have_had_a_run_are_verified_unless_named;
    a_verification_that_lost_its_job_is_found;
    who_writes_a_ledger_is_known_and_whether_anybody_has_begun_since;
}

fn item() -> VerificationItem {
    VerificationItem {
        grade: Grade::Rewritten,
        folder: "INBOX".to_owned(),
        uid: 7,
        destination_folder: "INBOX".to_owned(),
        destination_uid: Some(8),
        message_id: Some("<7@example.org>".to_owned()),
        size_bytes: 100,
        destination_size_bytes: Some(101),
        differences: vec![Difference { header: Some("Subject".to_owned()), ..Difference::new(DifferenceKind::Header) }],
        flags_missing: Vec::new(),
        flags_added: vec!["\\Seen".to_owned()],
        expected_date: None,
        date: None,
    }
}

async fn a_verification_gathers_what_was_found_of_each_pair(world: World) {
    let store = &world.store;
    let (order, _) = world.trial(2).await;
    let verification = store.create_verification(order.id, &[]).await.expect("verification");
    let pairs: Vec<_> = verification.pairs.iter().map(|pair| pair.pair_id).collect();
    assert_eq!((pairs.len(), verification.finished), (2, false));
    assert_eq!(verification.pairs[0].destination, "user0");
    let job = store.take("w", JobKind::Verification, 1, Duration::from_secs(60)).await.expect("queue").remove(0);
    assert_eq!(job.id, verification.id.0);
    let id = verification.id;
    store.change_verification(id, pairs[0], VerificationState::Running).await.expect("changed");
    let counts = VerificationCounts { expected: 3, identical: 2, rewritten: 1, ..VerificationCounts::default() };
    let found = VerifiedPair { counts, items: vec![item()], items_total: 900, ..VerifiedPair::default() };
    store.save_verification(id, pairs[0], VerificationState::Finished, &found).await.expect("saved");
    assert!(!store.verification_work(id).await.expect("there").finished);
    let wrong = VerifiedPair { findings: vec![Finding::new(FindingCode::WrongPassword)], ..VerifiedPair::default() };
    store.save_verification(id, pairs[1], VerificationState::Failed, &wrong).await.expect("saved");
    let verification = store.verification(order.id, id).await.expect("there");
    assert_eq!((verification.finished, verification.counts), (true, counts));
    assert_eq!((&verification.pairs[0].items, verification.pairs[0].items_total), (&vec![item()], 900));
    assert_eq!(verification.pairs[1].findings, wrong.findings);
    assert!(verification.pairs.iter().all(|pair| pair.finished_at.is_some()));
    let later = store.create_verification(order.id, &pairs[..1]).await.expect("another one");
    let list = async |after, limit| store.verifications(order.id, Part { after, limit }).await.expect("a part");
    let all = list(None, 10).await;
    assert!(all.len() == 2 && all.iter().any(|one| one.id == later.id));
    let first = list(None, 1).await;
    let after = Position::new(first[0].created_at, first[0].id.0);
    assert_eq!([first, list(Some(after), 10).await].concat(), all);
    let other = world.order().await;
    assert!(matches!(store.verification(other.id, id).await, Err(StoreError::NotFound)));
    let nobody = mailferry_shared::ids::PairId(id.0);
    let changed = store.change_verification(id, nobody, VerificationState::Queued).await;
    assert!(matches!(changed, Err(StoreError::NotFound)));
    let saved = store.save_verification(id, nobody, VerificationState::Failed, &wrong).await;
    assert!(matches!(saved, Err(StoreError::NotFound)));
}

async fn differences_that_were_kept_as_words_are_read(world: World) {
    let (order, pairs) = world.order_with(1).await;
    let id = world.store.create_verification(order.id, &pairs).await.expect("verification").id;
    let words = [
        "header Subject",
        "a header field is gone",
        "3 header fields are gone",
        "order of the header fields",
        "line ends",
        "Message-ID",
        "body",
        "bytes",
        "repaired before it was sent: line ends, NUL bytes",
    ];
    let items = json!([{"grade": "different", "folder": "INBOX", "uid": 7, "destination_folder": "INBOX", "size_bytes": 100,
        "changes": words, "flags_missing": [], "flags_added": []}]);
    world.raw(Box::leak(format!("UPDATE verification_pairs SET items = '{items}'").into_boxed_str())).await;
    let read = world.store.verification(order.id, id).await.expect("there");
    let told: Vec<String> = read.pairs[0].items[0].differences.iter().map(ToString::to_string).collect();
    assert_eq!(told, words);
}

async fn only_pairs_that_have_had_a_run_are_verified_unless_named(world: World) {
    let store = &world.store;
    let (order, pairs) = world.order_with(1).await;
    assert!(matches!(store.create_verification(order.id, &[]).await, Err(StoreError::NothingTicked)));
    assert_eq!(store.create_verification(order.id, &pairs).await.expect("named").pairs.len(), 1);
    let (_, others) = world.order_with(1).await;
    assert!(matches!(store.create_verification(order.id, &others).await, Err(StoreError::NotFound)));
    store.delete_pair(order.id, pairs[0]).await.expect("deleted with what was found of it");
}

async fn a_verification_that_lost_its_job_is_found(world: World) {
    let store = &world.store;
    let (order, pairs) = world.order_with(1).await;
    let verification = store.create_verification(order.id, &pairs).await.expect("verification");
    assert!(store.left_behind().await.expect("looks").is_empty());
    world.raw("DELETE FROM jobs").await;
    assert_eq!(store.left_behind().await.expect("looks"), [(JobKind::Verification, verification.id.0)]);
    let state = VerificationState::Failed;
    store.save_verification(verification.id, pairs[0], state, &VerifiedPair::default()).await.expect("saved");
    assert!(store.left_behind().await.expect("looks").is_empty());
}

async fn who_writes_a_ledger_is_known_and_whether_anybody_has_begun_since(world: World) {
    let store = &world.store;
    let (order, runs) = world.trial(1).await;
    let pair = store.pairs(order.id).await.expect("pairs")[0].id;
    assert_eq!(store.ledger_use(pair).await.expect("use"), LedgerUse { fence: 0, held: false });
    let lease = world.lease(runs[0], "one").await;
    assert_eq!(store.ledger_use(pair).await.expect("use"), LedgerUse { fence: 1, held: true });
    store.release_lease(&lease).await.expect("released");
    assert_eq!(store.ledger_use(pair).await.expect("use"), LedgerUse { fence: 1, held: false });
    world.lease(runs[0], "two").await;
    assert_eq!(store.ledger_use(pair).await.expect("use").fence, 2);
}
