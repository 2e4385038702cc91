use mailferry_shared::{
    account::{AccountCreate, LoginState, SideInput, SideName},
    admin::AdminCredentialsSet,
    check::Check,
    delegation::{Delegation, DelegationForm},
    ids::{OrderId, PairId},
    secret::Secret,
};
use mailferry_store::{CheckedSide, SealError, StoreError};
use secrecy::ExposeSecret;

use crate::world::{KEY, World, side};

on_both! {
    an_admin_entered_once_logs_in_for_every_pair_that_says_so;
    an_admins_password_opens_only_for_its_side;
    another_name_needs_another_password;
    what_was_found_with_another_admin_is_void;
    an_admins_password_is_erased_with_the_others_and_rewrapped_with_them;
}

fn admin(user: &str, password: Option<&str>) -> AdminCredentialsSet {
    AdminCredentialsSet {
        user: user.to_owned(),
        password: password.map(Secret::new),
        delegation: Some(Delegation::of(DelegationForm::MasterUser)),
        ..AdminCredentialsSet::default()
    }
}

/// Pairs whose source the order's admin opens.
async fn delegated(world: &World, count: usize) -> (OrderId, Vec<PairId>) {
    let order = world.order().await;
    let pairs: Vec<AccountCreate> = (0..count)
        .map(|n| AccountCreate {
            ticked: true,
            source: SideInput { by_admin: true, ..SideInput::of(format!("user{n}@old.example")) },
            destination: side(&format!("user{n}@new.example"), "new secret"),
        })
        .collect();
    let ids = world.store.create_pairs(order.id, 9, &pairs).await.expect("pairs");
    (order.id, ids)
}

async fn an_admin_entered_once_logs_in_for_every_pair_that_says_so(world: World) {
    let store = &world.store;
    let (order, ids) = delegated(&world, 2).await;
    let none = store.pair_access(ids[0]).await.expect("pair").source;
    assert!(none.by_admin && none.password.is_none() && none.user == "user0@old.example");
    let set = store.set_admin_credentials(order, SideName::Source, &admin("root", Some("master"))).await.expect("set");
    assert_eq!((set.user.as_str(), set.has_password, set.pairs), ("root", true, 2));
    for (n, id) in ids.iter().enumerate() {
        let access = store.pair_access(*id).await.expect("pair");
        assert_eq!(access.source.user, "root");
        assert_eq!(access.source.act_for, Some(format!("user{n}@old.example")));
        assert_eq!(access.source.password.expect("kept").expose_secret(), "master");
        assert_eq!(access.source.delegation.expect("set").form, DelegationForm::MasterUser);
        assert_eq!(access.destination.user, format!("user{n}@new.example"));
        assert!(store.pair(order, *id).await.expect("pair").source.has_password);
    }
    store.delete_admin_credentials(order, SideName::Source).await.expect("deleted");
    assert!(!store.pair(order, ids[0]).await.expect("pair").source.has_password);
    assert!(matches!(store.delete_admin_credentials(order, SideName::Source).await, Err(StoreError::NotFound)));
    assert!(store.admin_credentials(order).await.expect("list").is_empty());
}

async fn an_admins_password_opens_only_for_its_side(world: World) {
    let store = &world.store;
    let (order, ids) = delegated(&world, 1).await;
    for (side, password) in [(SideName::Source, "one"), (SideName::Destination, "two")] {
        store.set_admin_credentials(order, side, &admin("root", Some(password))).await.expect("set");
    }
    assert_eq!(store.admin_credentials(order).await.expect("list").len(), 2);
    world
        .raw(
            "UPDATE admin_credentials SET
                wrapped_key = (SELECT wrapped_key FROM admin_credentials WHERE side = 'destination'),
                sealed = (SELECT sealed FROM admin_credentials WHERE side = 'destination') WHERE side = 'source'",
        )
        .await;
    let swapped = store.pair_access(ids[0]).await;
    assert!(matches!(swapped, Err(StoreError::Sealed(SealError::Refused))), "{swapped:?}");
}

async fn another_name_needs_another_password(world: World) {
    let store = &world.store;
    let (order, _) = delegated(&world, 1).await;
    store.set_admin_credentials(order, SideName::Source, &admin("root", Some("master"))).await.expect("set");
    let same = store.set_admin_credentials(order, SideName::Source, &admin("root", None)).await.expect("set");
    assert!(same.has_password);
    let other = store.set_admin_credentials(order, SideName::Source, &admin("toor", None)).await.expect("set");
    assert!(!other.has_password);
}

async fn what_was_found_with_another_admin_is_void(world: World) {
    let store = &world.store;
    let (order, ids) = delegated(&world, 1).await;
    let check: Check = store.create_check(order, &[]).await.expect("check");
    for side in [SideName::Source, SideName::Destination] {
        let at = CheckedSide { check_id: check.id, pair_id: ids[0], side };
        store.save_login(at, LoginState::Passed, &[]).await.expect("saved");
    }
    store.set_admin_credentials(order, SideName::Source, &admin("root", Some("master"))).await.expect("set");
    let pair = store.pair(order, ids[0]).await.expect("pair");
    assert_eq!((pair.source.login, pair.destination.login), (LoginState::Unchecked, LoginState::Passed));
}

async fn an_admins_password_is_erased_with_the_others_and_rewrapped_with_them(world: World) {
    let store = &world.store;
    let (order, ids) = delegated(&world, 1).await;
    store.set_admin_credentials(order, SideName::Source, &admin("root", Some("master"))).await.expect("set");
    let next = "next AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    let rotating = world.another(&format!("{next}\n{KEY}")).await;
    assert_eq!(rotating.rewrap_all().await.expect("rewraps"), 2, "the destination's own and the admin's");
    let rotated = world.another(next).await;
    let access = rotated.pair_access(ids[0]).await.expect("opens");
    assert_eq!(access.source.password.expect("kept").expose_secret(), "master");
    rotated.forget_passwords(order).await.expect("erased");
    let pair = rotated.pair(order, ids[0]).await.expect("pair");
    assert!(!pair.source.has_password && !pair.destination.has_password);
    let left = rotated.admin_credentials(order).await.expect("list");
    assert_eq!((left[0].user.as_str(), left[0].has_password), ("root", false));
}
