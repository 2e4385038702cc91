use chrono::Duration;
use mailferry_shared::{
    ids::MemberId,
    member::{PasswordLinkKind, Role},
    order::Language,
};
use mailferry_store::{
    MemberUpdate, NewMember, OPERATOR_TENANT, StoreError,
    jobs::{JobKind, JobQueue, LOCK},
};

use crate::world::World;

on_both! {
    a_link_sets_a_password_once_and_ends_the_sessions;
    a_newer_link_and_any_new_password_end_the_links_before;
    a_link_ends_by_itself_and_is_forgotten;
    a_mail_that_was_left_behind_is_sent_after_all;
}

async fn member(world: &World, name: &str, password: Option<&str>) -> MemberId {
    let new = NewMember {
        tenant_id: OPERATOR_TENANT,
        name: name.to_owned(),
        mail: format!("{name}@hosting.example").parse().ok(),
        role: Role::Admin,
        domains: Vec::new(),
        password_hash: password.map(str::to_owned),
    };
    world.store.create_member(new).await.expect("a member").member.id
}

async fn a_link_sets_a_password_once_and_ends_the_sessions(world: World) {
    let store = &world.store;
    let id = member(&world, "mate", None).await;
    let link = store.create_password_link(id, Language::De, Duration::days(7)).await.expect("a link");
    assert_eq!((link.kind, link.language, link.sent_at), (PasswordLinkKind::Invitation, Language::De, None));
    assert_eq!((link.mail.as_str(), link.expires_at), ("mate@hosting.example", store.now() + Duration::days(7)));
    let jobs = store.take("w", JobKind::PasswordMail, 9, LOCK).await.expect("jobs");
    assert_eq!(jobs.iter().map(|job| job.id).collect::<Vec<_>>(), [link.id.0]);
    store.password_mail_sent(link.id).await.expect("sent");
    assert_eq!(store.password_link(link.id).await.expect("there").sent_at, Some(store.now()));

    let before = store.find_member(id).await.expect("database").expect("there").session_version;
    let set = store.use_password_link(link.id, "a hash".to_owned()).await.expect("set");
    assert_eq!((set.session_version, set.member.has_password), (before + 1, true));
    assert_eq!(store.password_hash(id).await.expect("there"), "a hash");
    let again = store.use_password_link(link.id, "another hash".to_owned()).await;
    assert!(matches!(again, Err(StoreError::LinkInvalid)), "{again:?}");
    assert_eq!(store.password_hash(id).await.expect("there"), "a hash");
    assert!(matches!(store.password_mail_failed(link.id).await, Err(StoreError::NotFound)), "nothing is left to send");
}

async fn a_newer_link_and_any_new_password_end_the_links_before(world: World) {
    let store = &world.store;
    let id = member(&world, "mate", Some("old hash")).await;
    let links = async || store.create_password_link(id, Language::En, Duration::hours(2)).await.expect("a link");
    let (first, second) = (links().await, links().await);
    assert_eq!(second.kind, PasswordLinkKind::Reset);
    let refused = store.use_password_link(first.id, "x".to_owned()).await;
    assert!(matches!(refused, Err(StoreError::LinkInvalid)), "{refused:?}");
    let change = MemberUpdate { password_hash: Some("new hash".to_owned()), ..MemberUpdate::default() };
    store.change_member(OPERATOR_TENANT, id, change).await.expect("changed");
    let refused = store.use_password_link(second.id, "x".to_owned()).await;
    assert!(matches!(refused, Err(StoreError::LinkInvalid)), "{refused:?}");
    assert_eq!(store.password_hash(id).await.expect("there"), "new hash");
    let nobody = MemberId(store.new_id().expect("random"));
    let refused = store.create_password_link(nobody, Language::En, Duration::hours(2)).await;
    assert!(matches!(refused, Err(StoreError::NotFound)), "{refused:?}");
}

async fn a_link_ends_by_itself_and_is_forgotten(world: World) {
    let store = &world.store;
    let id = member(&world, "mate", None).await;
    assert_eq!(store.member_of_address(" Mate@Hosting.example ").await.expect("database"), Some(id));
    assert_eq!(store.member_of_address("nobody@hosting.example").await.expect("database"), None);
    let link = store.create_password_link(id, Language::En, Duration::hours(2)).await.expect("a link");
    world.clock.advance(Duration::hours(2));
    let refused = store.use_password_link(link.id, "x".to_owned()).await;
    assert!(matches!(refused, Err(StoreError::LinkInvalid)), "{refused:?}");
    assert_eq!(store.forget_password_links().await.expect("forgets"), 1);
    assert!(matches!(store.password_link(link.id).await, Err(StoreError::NotFound)));
}

async fn a_mail_that_was_left_behind_is_sent_after_all(world: World) {
    let store = &world.store;
    let id = member(&world, "mate", None).await;
    let link = store.create_password_link(id, Language::En, Duration::hours(2)).await.expect("a link");
    let jobs = store.take("w", JobKind::PasswordMail, 9, LOCK).await.expect("jobs");
    store.finish(&jobs).await.expect("done");
    assert_eq!(store.left_behind().await.expect("looks"), [(JobKind::PasswordMail, link.id.0)]);
    assert_eq!(store.password_mail_failed(link.id).await.expect("counted"), 1);
    store.password_mail_sent(link.id).await.expect("sent");
    assert!(store.left_behind().await.expect("looks").is_empty());
}
