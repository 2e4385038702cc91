//! What access tokens are fetched with: sealed like a password, replaced by its own use, forgotten like a password.

use mailferry_shared::{
    account::{AccountChange, AccountCreate, SideInput, SideName},
    admin::AdminCredentialsSet,
    delegation::CredentialKind,
    ids::{OrderId, PairId},
    oauth::{OauthGrant, OauthProvider},
    secret::Secret,
};
use mailferry_store::CredentialAt;
use secrecy::{ExposeSecret, SecretString};

use crate::world::{KEY, World, side};

on_both! {
    a_grant_is_kept_where_it_was_entered_and_opens_as_it_was;
    a_new_refresh_token_takes_the_place_of_the_one_it_was_got_with_and_of_no_other;
    two_that_rotate_at_once_do_not_lose_each_others_token;
    another_kind_of_credential_needs_another_secret;
    a_grant_is_erased_with_the_passwords_and_rewrapped_with_them;
}

fn grant(refresh_token: &str) -> OauthGrant {
    OauthGrant {
        provider: Some(OauthProvider::Microsoft),
        client_id: Some("client".to_owned()),
        refresh_token: Some(Secret::new(refresh_token)),
        ..OauthGrant::default()
    }
}

fn text(refresh_token: &str) -> SecretString {
    serde_json::to_string(&grant(refresh_token)).expect("JSON").into()
}

fn signed_in(refresh_token: Option<&str>) -> SideInput {
    SideInput {
        credential: CredentialKind::OauthRefresh,
        oauth: refresh_token.map(grant),
        ..SideInput::of("anna@old.example")
    }
}

/// A pair whose source has a refresh token, and whose destination the admin opens with another.
async fn set_up(world: &World) -> (OrderId, PairId) {
    let order = world.order().await;
    let destination = SideInput { by_admin: true, ..SideInput::of("anna@new.example") };
    let pair = AccountCreate { ticked: true, source: signed_in(Some("first")), destination };
    let ids = world.store.create_pairs(order.id, 9, &[pair]).await.expect("pairs");
    let admin = AdminCredentialsSet {
        user: "admin@new.example".to_owned(),
        credential: CredentialKind::OauthRefresh,
        oauth: Some(grant("admins first")),
        ..AdminCredentialsSet::default()
    };
    let set = world.store.set_admin_credentials(order.id, SideName::Destination, &admin).await.expect("set");
    assert_eq!((set.credential, set.has_password), (CredentialKind::OauthRefresh, true));
    (order.id, ids[0])
}

async fn kept(world: &World, at: CredentialAt) -> Option<String> {
    world.store.kept_secret(at).await.expect("opens").map(|secret| secret.expose_secret().to_owned())
}

async fn a_grant_is_kept_where_it_was_entered_and_opens_as_it_was(world: World) {
    let (order, pair) = set_up(&world).await;
    let access = world.store.pair_access(pair).await.expect("pair");
    for (side, at, token) in [
        (&access.source, CredentialAt::Pair(pair, SideName::Source), "first"),
        (&access.destination, CredentialAt::Order(order, SideName::Destination), "admins first"),
    ] {
        assert_eq!((side.kind, side.kept_at), (CredentialKind::OauthRefresh, at));
        let secret = side.password.as_ref().expect("kept").expose_secret();
        assert_eq!(serde_json::from_str::<OauthGrant>(secret).expect("JSON"), grant(token));
        assert_eq!(kept(&world, at).await.as_deref(), Some(secret));
    }
    assert_eq!(access.destination.act_for.as_deref(), Some("anna@new.example"));
    let shown = world.store.pair(order, pair).await.expect("pair");
    assert!(shown.source.has_password && shown.destination.has_password);
    assert_eq!(shown.source.credential, CredentialKind::OauthRefresh);
    let nowhere = CredentialAt::Pair(pair, SideName::Destination);
    assert_eq!(kept(&world, nowhere).await, None);
    assert!(!world.store.rotate_secret(nowhere, &text("a"), &text("b")).await.expect("asked"));
}

async fn a_new_refresh_token_takes_the_place_of_the_one_it_was_got_with_and_of_no_other(world: World) {
    let (order, pair) = set_up(&world).await;
    for (at, old) in [
        (CredentialAt::Pair(pair, SideName::Source), "first"),
        (CredentialAt::Order(order, SideName::Destination), "admins first"),
    ] {
        assert!(world.store.rotate_secret(at, &text(old), &text("second")).await.expect("rotated"));
        assert_eq!(kept(&world, at).await.as_deref(), Some(text("second").expose_secret()));
        let late = world.store.rotate_secret(at, &text(old), &text("third")).await.expect("asked");
        assert!(!late, "what was entered or rotated meanwhile stays");
        assert_eq!(kept(&world, at).await.as_deref(), Some(text("second").expose_secret()));
    }
    let change = AccountChange { source: Some(signed_in(None)), ..AccountChange::default() };
    let kept = world.store.change_pair(order, pair, &change).await.expect("changed");
    assert!(kept.source.has_password, "nothing new was entered");
}

async fn two_that_rotate_at_once_do_not_lose_each_others_token(world: World) {
    let (_, pair) = set_up(&world).await;
    let at = CredentialAt::Pair(pair, SideName::Source);
    let rotate = async |new: &str| world.store.rotate_secret(at, &text("first"), &text(new)).await.unwrap_or(false);
    let (one, two) = futures::join!(rotate("one"), rotate("two"));
    assert!(one != two, "one of them, not both: {one} {two}");
    let expected = text(if one { "one" } else { "two" });
    assert_eq!(kept(&world, at).await.as_deref(), Some(expected.expose_secret()));
}

async fn another_kind_of_credential_needs_another_secret(world: World) {
    let (order, pair) = set_up(&world).await;
    let change = AccountChange { source: Some(side("anna@old.example", "")), ..AccountChange::default() };
    let changed = world.store.change_pair(order, pair, &change).await.expect("changed");
    assert!(!changed.source.has_password, "a refresh token is no password");
    let same = AdminCredentialsSet { user: "admin@new.example".to_owned(), ..AdminCredentialsSet::default() };
    let set = world.store.set_admin_credentials(order, SideName::Destination, &same).await.expect("set");
    assert!(!set.has_password && set.credential.is_password());
    let access = world.store.pair_access(pair).await.expect("pair");
    assert!(access.source.password.is_none() && access.destination.password.is_none());
}

async fn a_grant_is_erased_with_the_passwords_and_rewrapped_with_them(world: World) {
    let (order, pair) = set_up(&world).await;
    let at = CredentialAt::Pair(pair, SideName::Source);
    world.store.rotate_secret(at, &text("first"), &text("second")).await.expect("rotated");
    let next = "next AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    let rotating = world.another(&format!("{next}\n{KEY}")).await;
    assert_eq!(rotating.rewrap_all().await.expect("rewraps"), 2);
    let rotated = world.another(next).await;
    let secret = rotated.kept_secret(at).await.expect("opens").expect("kept");
    assert_eq!(secret.expose_secret(), text("second").expose_secret());
    rotated.forget_passwords(order).await.expect("erased");
    for at in [at, CredentialAt::Order(order, SideName::Destination)] {
        assert!(rotated.kept_secret(at).await.expect("asked").is_none());
        assert!(!rotated.rotate_secret(at, &text("second"), &text("third")).await.expect("asked"), "it stays erased");
    }
}
