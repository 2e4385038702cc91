//! Checks, surveys, dry runs and comparisons take connections of the same servers as runs do.

use std::time::Duration;

use mailferry_store::{AccountKey, SlotRequest, Slots, StoreError, Visit};

use crate::world::World;

on_both! {
    a_visit_and_a_run_share_a_servers_connections;
    a_visit_that_nobody_prolongs_is_over;
    a_visit_of_two_servers_takes_both_or_none;
    whoever_is_alone_at_a_server_may_visit_it;
    parallel_visits_never_take_more_than_there_are;
    what_nobody_holds_any_more_is_forgotten;
}

const MINUTE: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_secs(20);

fn at(host: &str, user: &str, per_host: u32) -> SlotRequest {
    SlotRequest {
        host: host.to_owned(),
        account: AccountKey::new(host, user),
        per_account: 5,
        per_host,
        per_tenant: None,
    }
}

async fn visit(world: &World, wanted: u32, at: &[SlotRequest]) -> Option<Visit> {
    world.store.begin_visit(wanted, at, MINUTE).await.expect("database")
}

async fn held(world: &World, host: &str) -> u32 {
    world.store.connections_at(host).await.expect("database")
}

async fn a_visit_and_a_run_share_a_servers_connections(world: World) {
    let (_, runs) = world.trial(1).await;
    let lease = world.lease(runs[0], "one").await;
    let take = async |wanted| {
        let (source, destination) = (at("old.example", "ben", 3), at("new.example", "ben", 9));
        world.store.take_slots(&lease, wanted, &source, &destination).await.expect("database")
    };
    let visiting = visit(&world, 1, &[at("old.example", "anna", 3)]).await.expect("free");
    assert_eq!((visiting.connections, held(&world, "old.example").await), (1, 1));
    assert_eq!(take(4).await, Slots::Taken(2), "one of three is visiting");
    assert_eq!(visit(&world, 1, &[at("old.example", "cleo", 3)]).await, None, "no more than the server allows");
    world.store.end_visit(&visiting).await.expect("ends");
    assert_eq!(held(&world, "old.example").await, 2);
    let second = visit(&world, 2, &[at("old.example", "cleo", 3)]).await.expect("one is free");
    assert_eq!(second.connections, 1);
    assert_eq!(take(4).await, Slots::Taken(2), "the run's own are given back first");
    assert_eq!(visit(&world, 9, &[at("new.example", "ben", 9)]).await.expect("free").connections, 3, "five an account");
}

async fn a_visit_that_nobody_prolongs_is_over(world: World) {
    let visiting = visit(&world, 1, &[at("old.example", "anna", 1)]).await.expect("free");
    assert_eq!(visit(&world, 1, &[at("old.example", "ben", 1)]).await, None);
    // From now on, for so long.
    world.store.prolong_visit(&visiting, SHORT).await.expect("still held");
    world.pass(SHORT * 2).await;
    assert_eq!(held(&world, "old.example").await, 0);
    let late = world.store.prolong_visit(&visiting, MINUTE).await;
    assert!(matches!(late, Err(StoreError::NotFound)), "{late:?}");
    assert!(visit(&world, 1, &[at("old.example", "ben", 1)]).await.is_some());
}

async fn a_visit_of_two_servers_takes_both_or_none(world: World) {
    let full = visit(&world, 2, &[at("new.example", "anna", 2)]).await.expect("free");
    let both = [at("old.example", "ben", 2), at("new.example", "ben", 2)];
    assert_eq!(visit(&world, 1, &both).await, None);
    assert_eq!(held(&world, "old.example").await, 0);
    world.store.end_visit(&full).await.expect("ends");
    assert_eq!(visit(&world, 1, &both).await.expect("free").connections, 1);
    assert_eq!((held(&world, "old.example").await, held(&world, "new.example").await), (1, 1));
    // Both sides at one server share what is free there.
    let same = [at("one.example", "ben", 5), at("one.example", "cleo", 5)];
    assert_eq!(visit(&world, 4, &same).await.expect("free").connections, 2);
    assert_eq!(held(&world, "one.example").await, 4);
}

async fn whoever_is_alone_at_a_server_may_visit_it(world: World) {
    world.store.lower_connections("old.example", MINUTE).await.expect("database");
    let alone = visit(&world, 3, &[at("old.example", "anna", 100)]).await.expect("alone");
    assert_eq!(alone.connections, 1);
    assert_eq!(visit(&world, 1, &[at("old.example", "ben", 100)]).await, None);
}

async fn parallel_visits_never_take_more_than_there_are(world: World) {
    let mut tasks = Vec::new();
    for n in 0..12 {
        let store = world.store.clone();
        tasks.push(tokio::spawn(async move {
            // Half of them the other way round.
            let (a, b) = (at("old.example", &n.to_string(), 7), at("new.example", &n.to_string(), 7));
            let sides = if n % 2 == 0 { [a, b] } else { [b, a] };
            let taken = store.begin_visit(2, &sides, MINUTE).await.expect("database");
            taken.map_or(0, |visit| visit.connections)
        }));
    }
    let mut taken = 0;
    for task in tasks {
        taken += task.await.expect("task");
    }
    assert_eq!((taken, held(&world, "old.example").await), (7, 7));
}

async fn what_nobody_holds_any_more_is_forgotten(world: World) {
    let (_, runs) = world.trial(2).await;
    let (gone, stays) = (world.lease(runs[0], "one").await, world.lease(runs[1], "two").await);
    for lease in [&gone, &stays] {
        let sides = [at("old.example", "anna", 100), at("new.example", "anna", 100)];
        let taken = world.store.take_slots(lease, 1, &sides[0], &sides[1]).await.expect("database");
        assert_eq!(taken, Slots::Taken(1));
    }
    let short = visit(&world, 1, &[at("old.example", "ben", 100)]).await.expect("free");
    visit(&world, 1, &[at("old.example", "cleo", 100)]).await.expect("free");
    assert_eq!(world.store.forget_connections().await.expect("database"), 0, "all of it is held");
    world.store.release_lease(&gone).await.expect("released");
    world.store.prolong_visit(&short, SHORT).await.expect("still held");
    world.pass(SHORT * 2).await;
    assert_eq!(world.store.forget_connections().await.expect("database"), 3, "two of the run, one of the visit");
    assert_eq!(world.store.forget_connections().await.expect("database"), 0);
    assert_eq!((held(&world, "old.example").await, held(&world, "new.example").await), (2, 1));
}
