use mailferry_store::{SealError, StoreError};
use secrecy::ExposeSecret;

use crate::world::{KEY, World, pair, side};

on_both! {
    a_password_opens_only_where_it_was_put;
    keys_are_rotated_by_rewrapping;
    a_server_key_is_the_same_for_all_and_survives_rotation;
}

const NEXT: &str = "next AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

async fn a_password_opens_only_where_it_was_put(world: World) {
    let (_, ids) = world.order_with(1).await;
    // Whoever can write the database moves the destination's password to the source.
    world
        .raw(
            "UPDATE credentials SET wrapped_key = (SELECT wrapped_key FROM credentials WHERE side = 'destination'),
                sealed = (SELECT sealed FROM credentials WHERE side = 'destination') WHERE side = 'source'",
        )
        .await;
    let swapped = world.store.pair_access(ids[0]).await;
    assert!(matches!(swapped, Err(StoreError::Sealed(SealError::Refused))), "{swapped:?}");
}

async fn keys_are_rotated_by_rewrapping(world: World) {
    let (_, ids) = world.order_with(2).await;
    let rotating = world.another(&format!("{NEXT}\n{KEY}")).await;
    assert_eq!(rotating.rewrap_all().await.expect("rewraps"), 4);
    assert_eq!(rotating.rewrap_all().await.expect("again"), 0);
    let rotated = world.another(NEXT).await;
    let access = rotated.pair_access(ids[1]).await.expect("opens");
    assert_eq!(access.source.password.expect("kept").expose_secret(), "old secret");
    let old = world.store.pair_access(ids[1]).await;
    assert!(matches!(old, Err(StoreError::Sealed(SealError::UnknownKey(_)))));
}

async fn a_server_key_is_the_same_for_all_and_survives_rotation(world: World) {
    let key = world.store.server_key("links").await.expect("made");
    let other = world.store.server_key("sessions").await.expect("made");
    assert_ne!(key.expose_secret(), other.expose_secret());
    let rotating = world.another(&format!("{NEXT}\n{KEY}")).await;
    assert_eq!(rotating.rewrap_all().await.expect("rewraps"), 2);
    let rotated = world.another(NEXT).await.server_key("links").await.expect("opens");
    assert_eq!(rotated.expose_secret(), key.expose_secret());
}

#[tokio::test]
async fn a_canary_password_is_nowhere_in_the_files() {
    const CANARY: &str = "canary-7f3a9c51-password";
    let world = World::sqlite().await;
    let order = world.order().await;
    let mut new = pair("anna");
    new.source = side("visible-user-name", CANARY);
    let ids = world.store.create_pairs(order.id, 9, &[new]).await.expect("pair");
    let kept = world.store.pair_access(ids[0]).await.expect("pair").source.password.expect("kept");
    assert_eq!(kept.expose_secret(), CANARY);
    let found = |needle: &str| {
        let files = std::fs::read_dir(world.dir.path()).expect("folder");
        let names: Vec<_> = files
            .flatten()
            .filter(|file| {
                let bytes = std::fs::read(file.path()).expect("readable");
                bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
            })
            .map(|file| file.file_name())
            .collect();
        names
    };
    assert!(!found("visible-user-name").is_empty(), "the search itself works, in the write-ahead log too");
    assert!(found(CANARY).is_empty());
    world.store.close().await;
    assert!(!found("visible-user-name").is_empty());
    assert!(found(CANARY).is_empty());
}

#[tokio::test]
async fn the_database_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::sqlite().await;
    world.order().await;
    for file in std::fs::read_dir(world.dir.path()).expect("folder").flatten() {
        let mode = file.metadata().expect("there").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.path().display());
    }
}
