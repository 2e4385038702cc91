use std::time::Duration;

use mailferry_shared::ids::RunId;
use mailferry_store::{AccountKey, Lease, OPERATOR_TENANT, SlotRequest, Slots, StoreError, TenantShare};

use crate::world::World;

on_both! {
    connections_are_shared_by_all_workers_and_given_back_with_the_lease;
    an_account_has_no_more_connections_than_its_provider_allows;
    slots_of_a_silent_worker_are_free_again;
    a_stale_lease_takes_no_slots;
    a_server_that_says_too_many_gets_fewer_for_a_while;
    both_sides_at_one_server_share_its_connections;
    parallel_claims_never_take_more_than_there_are;
    a_tenant_takes_no_more_than_its_own_share_of_a_server;
}

fn at(host: &str, user: &str, per_host: u32) -> SlotRequest {
    SlotRequest {
        host: host.to_owned(),
        account: AccountKey::new(host, user),
        per_account: 5,
        per_host,
        per_tenant: None,
    }
}

async fn take(world: &World, lease: &Lease, wanted: u32, user: &str, per_host: u32) -> Slots {
    let (source, destination) = (at("old.example", user, per_host), at("new.example", user, 100));
    world.store.take_slots(lease, wanted, &source, &destination).await.expect("database")
}

async fn lease(world: &World, run: RunId, worker: &str) -> Lease {
    world.lease(run, worker).await
}

async fn connections_are_shared_by_all_workers_and_given_back_with_the_lease(world: World) {
    let (_, runs) = world.trial(3).await;
    let first = lease(&world, runs[0], "one").await;
    let second = lease(&world, runs[1], "two").await;
    let third = lease(&world, runs[2], "three").await;
    assert_eq!(take(&world, &first, 4, "anna", 5).await, Slots::Taken(4));
    assert_eq!(take(&world, &second, 4, "ben", 5).await, Slots::Taken(1), "one is left of five");
    assert_eq!(take(&world, &third, 4, "cleo", 5).await, Slots::NoneFree);
    assert_eq!(world.store.connections_at("old.example").await.expect("database"), 5);
    assert_eq!(take(&world, &first, 2, "anna", 5).await, Slots::Taken(2), "what it held is given back first");
    assert_eq!(take(&world, &third, 4, "cleo", 5).await, Slots::Taken(2));
    world.store.release_lease(&third).await.expect("released");
    assert_eq!(world.store.connections_at("old.example").await.expect("database"), 3);
    assert_eq!(world.store.connections_at("new.example").await.expect("database"), 3);
    assert_eq!(world.store.connections_at("other.example").await.expect("database"), 0);
}

async fn an_account_has_no_more_connections_than_its_provider_allows(world: World) {
    let (_, runs) = world.trial(2).await;
    let (first, second) = (lease(&world, runs[0], "one").await, lease(&world, runs[1], "two").await);
    assert_eq!(take(&world, &first, 4, "anna", 100).await, Slots::Taken(4));
    assert_eq!(take(&world, &second, 4, "Anna", 100).await, Slots::Taken(1), "the same account, five in all");
}

async fn slots_of_a_silent_worker_are_free_again(world: World) {
    let (_, runs) = world.trial(2).await;
    let ttl = Duration::from_secs(60);
    let silent = world.store.claim_lease(runs[0], "one", ttl).await.expect("database").expect("free");
    let other = lease(&world, runs[1], "two").await;
    assert_eq!(take(&world, &silent, 3, "anna", 3).await, Slots::Taken(3));
    assert_eq!(take(&world, &other, 3, "ben", 3).await, Slots::NoneFree);
    world.pass(Duration::from_secs(61)).await;
    assert_eq!(take(&world, &other, 3, "ben", 3).await, Slots::Taken(3));
}

async fn a_stale_lease_takes_no_slots(world: World) {
    let (_, runs) = world.trial(1).await;
    let stale = lease(&world, runs[0], "one").await;
    assert_eq!(take(&world, &stale, 3, "anna", 9).await, Slots::Taken(3));
    // The same worker, restarted.
    let fresh = lease(&world, runs[0], "one").await;
    assert_eq!(world.store.connections_at("old.example").await.expect("database"), 0, "lost with the lease");
    let refused = world.store.take_slots(&stale, 1, &at("a", "x", 9), &at("b", "x", 9)).await;
    assert!(matches!(refused, Err(StoreError::Fenced)));
    assert_eq!(take(&world, &fresh, 3, "anna", 9).await, Slots::Taken(3));
}

async fn a_server_that_says_too_many_gets_fewer_for_a_while(world: World) {
    let (_, runs) = world.trial(2).await;
    let (first, second) = (lease(&world, runs[0], "one").await, lease(&world, runs[1], "two").await);
    assert_eq!(take(&world, &first, 2, "anna", 100).await, Slots::Taken(2));
    assert_eq!(take(&world, &second, 2, "ben", 100).await, Slots::Taken(2));
    let a_while = Duration::from_secs(60);
    world.store.lower_connections("old.example", a_while).await.expect("database");
    assert_eq!(take(&world, &second, 2, "ben", 100).await, Slots::Taken(1), "three instead of four");
    world.store.release_lease(&first).await.expect("released");
    world.store.lower_connections("old.example", a_while).await.expect("database");
    assert_eq!(take(&world, &second, 2, "ben", 100).await, Slots::Taken(1), "whoever is alone may always work");
    world.pass(Duration::from_secs(61)).await;
    assert_eq!(take(&world, &second, 2, "ben", 100).await, Slots::Taken(2));
}

async fn both_sides_at_one_server_share_its_connections(world: World) {
    let (_, runs) = world.trial(1).await;
    let lease = lease(&world, runs[0], "one").await;
    let (source, destination) = (at("one.example", "anna", 5), at("one.example", "ben", 5));
    let taken = world.store.take_slots(&lease, 4, &source, &destination).await.expect("database");
    assert_eq!(taken, Slots::Taken(2));
    assert_eq!(world.store.connections_at("one.example").await.expect("database"), 4);
}

async fn parallel_claims_never_take_more_than_there_are(world: World) {
    let (_, runs) = world.trial(12).await;
    let mut tasks = Vec::new();
    for (n, run) in runs.into_iter().enumerate() {
        let lease = lease(&world, run, &format!("worker {n}")).await;
        let store = world.store.clone();
        tasks.push(tokio::spawn(async move {
            // Half of them the other way round.
            let (a, b) = (at("old.example", &n.to_string(), 7), at("new.example", &n.to_string(), 7));
            let (source, destination) = if n % 2 == 0 { (a, b) } else { (b, a) };
            match store.take_slots(&lease, 2, &source, &destination).await.expect("database") {
                Slots::Taken(taken) => taken,
                Slots::NoneFree => 0,
            }
        }));
    }
    let mut taken = 0;
    for task in tasks {
        taken += task.await.expect("task");
    }
    assert_eq!(taken, 7);
    assert_eq!(world.store.connections_at("old.example").await.expect("database"), 7);
}

async fn a_tenant_takes_no_more_than_its_own_share_of_a_server(world: World) {
    let (_, runs) = world.trial(3).await;
    let mut leases = Vec::new();
    for (run, name) in runs.iter().zip(["one", "two", "three"]) {
        leases.push(lease(&world, *run, name).await);
    }
    let take = async |lease: &Lease, user: &str, most: Option<u32>| {
        let per_tenant = most.map(|most| TenantShare { tenant_id: OPERATOR_TENANT, most });
        let source = SlotRequest { per_tenant, ..at("old.example", user, 100) };
        world.store.take_slots(lease, 4, &source, &at("new.example", user, 100)).await.expect("database")
    };
    assert_eq!(take(&leases[0], "anna", Some(5)).await, Slots::Taken(4));
    assert_eq!(take(&leases[1], "ben", Some(5)).await, Slots::Taken(1), "one is left of five");
    assert_eq!(take(&leases[2], "cleo", Some(5)).await, Slots::NoneFree);
    assert_eq!(take(&leases[2], "cleo", None).await, Slots::Taken(4), "others go by the server's limit alone");
    world.store.release_lease(&leases[0]).await.expect("released");
    assert_eq!(take(&leases[1], "ben", Some(5)).await, Slots::Taken(4));
}
