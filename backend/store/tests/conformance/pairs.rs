use mailferry_shared::{
    account::{AccountChange, LoginState, SideInput, SideName},
    endpoint::Endpoint,
    order::ProviderChoice,
};
use mailferry_store::{CheckedSide, Part, StoreError};
use secrecy::ExposeSecret;

use crate::world::{World, pair, side};

on_both! {
    pairs_keep_their_order_and_the_limit;
    parallel_adding_keeps_the_limit;
    a_side_keeps_its_password_as_long_as_its_login_stays;
    a_pair_is_found_in_its_own_order_only;
    a_pair_with_a_run_under_way_stays;
    a_worker_gets_what_it_needs_to_log_in;
    of_parallel_requests_for_the_same_pair_one_adds_it;
}

async fn of_parallel_requests_for_the_same_pair_one_adds_it(world: World) {
    let order = world.order().await;
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = world.store.clone();
            tokio::spawn(async move { store.create_pairs(order.id, 10, &[pair("anna")]).await })
        })
        .collect();
    let mut added = 0;
    for task in tasks {
        match task.await.expect("task") {
            Ok(_) => added += 1,
            Err(error) => assert!(matches!(error, StoreError::SamePair), "{error}"),
        }
    }
    assert_eq!((added, world.store.pairs(order.id).await.expect("pairs").len()), (1, 1));
    let twice = world.store.create_pairs(order.id, 10, &[pair("bert"), pair("BERT")]).await;
    assert!(matches!(twice, Err(StoreError::SamePair)), "nor twice in one request");
}

async fn pairs_keep_their_order_and_the_limit(world: World) {
    let order = world.order().await;
    let new: Vec<_> = ["carla", "anna", "bert"].map(pair).into();
    let ids = world.store.create_pairs(order.id, 4, &new).await.expect("pairs");
    let more = world.store.create_pairs(order.id, 4, &[pair("dora"), pair("emil")]).await;
    assert!(matches!(more, Err(StoreError::TooManyPairs { limit: 4 })));
    let pairs = world.store.pairs(order.id).await.expect("pairs");
    assert_eq!(pairs.iter().map(|pair| pair.id).collect::<Vec<_>>(), ids, "and nothing of the refused ones");
    assert_eq!(pairs.iter().map(|pair| pair.source.user.as_str()).collect::<Vec<_>>(), ["carla", "anna", "bert"]);
    assert!(pairs[0].ticked && pairs[0].source.has_password && pairs[0].source.login == LoginState::Unchecked);
}

async fn parallel_adding_keeps_the_limit(world: World) {
    let order = world.order().await;
    let tasks: Vec<_> = (0..12)
        .map(|n| {
            let store = world.store.clone();
            let two = [pair(&format!("a{n}")), pair(&format!("b{n}"))];
            tokio::spawn(async move { store.create_pairs(order.id, 10, &two).await.is_ok() })
        })
        .collect();
    let mut added = 0;
    for task in tasks {
        added += usize::from(task.await.expect("task"));
    }
    assert_eq!((added, world.store.pairs(order.id).await.expect("pairs").len()), (5, 10));
}

async fn a_side_keeps_its_password_as_long_as_its_login_stays(world: World) {
    let (order, ids) = world.order_with(1).await;
    let password = async || {
        let access = world.store.pair_access(ids[0]).await.expect("pair");
        access.source.password.map(|password| password.expose_secret().to_owned())
    };
    let change = async |source: SideInput| {
        let change = AccountChange { source: Some(source), ..AccountChange::default() };
        world.store.change_pair(order.id, ids[0], &change).await.expect("changed")
    };
    let same = SideInput { password: None, ..side("user0", "") };
    change(SideInput { act_for: Some("boss".to_owned()), ..same.clone() }).await;
    assert_eq!(password().await.as_deref(), Some("old secret"));
    change(side("user0", "better secret")).await;
    assert_eq!(password().await.as_deref(), Some("better secret"));
    let endpoint = Endpoint::imaps("imap.example.org".parse().expect("host"));
    let changed = change(SideInput { endpoint: Some(endpoint), ..same }).await;
    assert!(!changed.source.has_password && changed.destination.has_password);
    assert_eq!(password().await, None, "another server must not get it");
}

async fn a_pair_is_found_in_its_own_order_only(world: World) {
    let (_, ids) = world.order_with(1).await;
    let other = world.order().await;
    let change = AccountChange { ticked: Some(false), ..AccountChange::default() };
    assert!(matches!(world.store.pair(other.id, ids[0]).await, Err(StoreError::NotFound)));
    assert!(matches!(world.store.change_pair(other.id, ids[0], &change).await, Err(StoreError::NotFound)));
    assert!(matches!(world.store.delete_pair(other.id, ids[0]).await, Err(StoreError::NotFound)));
    assert!(matches!(world.store.runs_of_pair(other.id, ids[0], Part::ALL).await, Err(StoreError::NotFound)));
    assert!(matches!(world.store.create_check(other.id, &ids).await, Err(StoreError::NotFound)));
}

async fn a_pair_with_a_run_under_way_stays(world: World) {
    let (order, _) = world.trial(1).await;
    let id = world.store.pairs(order.id).await.expect("pairs")[0].id;
    assert!(matches!(world.store.delete_pair(order.id, id).await, Err(StoreError::Active)));
    world.store.cancel_order(&order).await.expect("cancels");
    world.store.delete_pair(order.id, id).await.expect("deletes");
    assert!(world.store.pairs(order.id).await.expect("none").is_empty());
}

async fn a_worker_gets_what_it_needs_to_log_in(world: World) {
    let (mut order, ids) = world.order_with(1).await;
    let endpoint = Endpoint::imaps("imap.example.org".parse().expect("host"));
    order.source = Some(ProviderChoice { provider: Some("example".to_owned()), endpoint: endpoint.clone() });
    world.store.save_order(&order).await.expect("saved");
    let access = world.store.pair_access(ids[0]).await.expect("pair");
    assert_eq!((access.order_id, access.pair_id), (order.id, ids[0]));
    let source = access.side(SideName::Source);
    assert_eq!((source.endpoint.clone(), source.provider.as_deref()), (Some(endpoint), Some("example")));
    assert_eq!(access.side(SideName::Destination).endpoint, None);
    assert!(!format!("{access:?}").contains("secret\""), "passwords are not shown");
    world.store.forget_passwords(order.id).await.expect("forgets");
    assert!(world.store.pair_access(ids[0]).await.expect("pair").source.password.is_none());
    let check = world.store.create_check(order.id, &[]).await.expect("check");
    let at = CheckedSide { check_id: check.id, pair_id: ids[0], side: SideName::Source };
    world.store.save_login(at, LoginState::Failed, &[]).await.expect("saved");
}
