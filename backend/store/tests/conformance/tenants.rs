use std::collections::BTreeSet;

use chrono::Duration;
use mailferry_shared::{
    ids::{ApiKeyId, MemberId, TenantId},
    key::Scope,
    member::Role,
    tenant::TenantLimits,
};
use mailferry_store::{
    MailId, MailKind, MemberUpdate, NewApiKey, NewMember, OPERATOR_TENANT, Part, StoreError,
    jobs::{JobKind, JobQueue},
};

use crate::world::World;

on_both! {
    a_key_is_found_by_its_secret_until_it_is_revoked_or_has_ended;
    a_key_shows_its_owner_and_goes_with_them;
    one_address_belongs_to_one_member;
    the_last_admin_stays_one;
    a_new_password_and_another_role_end_the_sessions;
    a_tenant_has_limits_of_its_own;
    a_mail_is_queued_once_for_an_occasion;
}

fn key(tenant_id: TenantId, member_id: Option<MemberId>) -> NewApiKey {
    let scopes = BTreeSet::from([Scope::OrdersRead, Scope::VouchersWrite]);
    NewApiKey { tenant_id, member_id, name: "first".to_owned(), scopes, sandbox: false, expires_at: None }
}

fn member(tenant_id: TenantId, name: &str, role: Role) -> NewMember {
    NewMember {
        tenant_id,
        name: name.to_owned(),
        mail: format!("{name}@hosting.example").parse().ok(),
        role,
        domains: Vec::new(),
        password_hash: Some(format!("hash of {name}")),
    }
}

async fn a_key_is_found_by_its_secret_until_it_is_revoked_or_has_ended(world: World) {
    let store = &world.store;
    let made = store.create_api_key(key(OPERATOR_TENANT, None)).await.expect("key");
    assert!(made.secret.expose().starts_with("mf_live_") && made.secret.expose().len() == 34);
    assert_eq!(made.key.hint.as_deref(), Some(&made.secret.expose()[30..]), "by its end it is told apart");
    let found = store.find_api_key(made.secret.expose()).await.expect("database").expect("there");
    assert_eq!((found.key.id, &found.key.scopes, found.member), (made.key.id, &made.key.scopes, None));
    let used = store.api_keys(OPERATOR_TENANT, None, Part::ALL).await.expect("keys");
    assert!(used[0].last_used_at.is_some(), "the use was noted");
    assert_eq!(store.find_api_key("mf_live_something").await.expect("database"), None);
    let elsewhere = TenantId(store.new_id().expect("random"));
    let refused = store.revoke_api_key(elsewhere, None, made.key.id).await;
    assert!(matches!(refused, Err(StoreError::NotFound)), "another tenant cannot revoke it");
    store.revoke_api_key(OPERATOR_TENANT, None, made.key.id).await.expect("revoked");
    assert_eq!(store.find_api_key(made.secret.expose()).await.expect("database"), None);
    assert!(store.api_keys(OPERATOR_TENANT, None, Part::ALL).await.expect("keys").is_empty());
    for id in [made.key.id, ApiKeyId(store.new_id().expect("random"))] {
        assert!(matches!(store.revoke_api_key(OPERATOR_TENANT, None, id).await, Err(StoreError::NotFound)));
    }
    assert!(store.create_api_key(key(elsewhere, None)).await.is_err(), "there is no such tenant");

    let expires_at = Some(store.now() + Duration::hours(1));
    let brief = NewApiKey { sandbox: true, expires_at, ..key(OPERATOR_TENANT, None) };
    let brief = store.create_api_key(brief).await.expect("key");
    assert!(brief.secret.expose().starts_with("mf_test_"));
    assert!(store.find_api_key(brief.secret.expose()).await.expect("database").is_some_and(|found| found.key.sandbox));
    world.clock.advance(Duration::hours(1));
    assert_eq!(store.find_api_key(brief.secret.expose()).await.expect("database"), None);
}

async fn a_key_shows_its_owner_and_goes_with_them(world: World) {
    let store = &world.store;
    let tenant = store.create_tenant("Hosting", TenantLimits::default()).await.expect("tenant").id;
    store.create_member(member(tenant, "admin", Role::Admin)).await.expect("member");
    let manager = NewMember { domains: vec!["a.example".parse().expect("host")], ..member(tenant, "m", Role::Manager) };
    let manager = store.create_member(manager).await.expect("member");
    let made = store.create_api_key(key(tenant, Some(manager.member.id))).await.expect("key");
    let found = store.find_api_key(made.secret.expose()).await.expect("database").expect("there");
    assert_eq!((found.tenant_id, found.member.as_ref()), (tenant, Some(&manager)));
    assert_eq!(store.api_keys(tenant, Some(manager.member.id), Part::ALL).await.expect("keys").len(), 1);
    let nobody = MemberId(store.new_id().expect("random"));
    assert!(store.api_keys(tenant, Some(nobody), Part::ALL).await.expect("keys").is_empty());
    let refused = store.revoke_api_key(tenant, Some(nobody), made.key.id).await;
    assert!(matches!(refused, Err(StoreError::NotFound)), "another member cannot revoke it");
    store.delete_member(tenant, manager.member.id).await.expect("deleted");
    assert_eq!(store.find_api_key(made.secret.expose()).await.expect("database"), None);
}

async fn one_address_belongs_to_one_member(world: World) {
    let store = &world.store;
    let tenant = store.create_tenant("Hosting", TenantLimits::default()).await.expect("tenant").id;
    let made = store.create_member(member(tenant, "anna", Role::Member)).await.expect("member");
    let again = NewMember { mail: "Anna@hosting.example".parse().ok(), ..member(OPERATOR_TENANT, "x", Role::Admin) };
    assert!(matches!(store.create_member(again).await, Err(StoreError::AddressTaken)), "in no tenant");
    let (found, hash) = store.find_login(" ANNA@hosting.example").await.expect("database").expect("there");
    assert_eq!((found, hash.as_str()), (made.clone(), "hash of anna"));
    assert_eq!(store.find_login("nobody@hosting.example").await.expect("database"), None);
    assert_eq!(store.password_hash(made.member.id).await.expect("there"), "hash of anna");
    store.note_sign_in(made.member.id).await.expect("noted");
    let found = store.find_member(made.member.id).await.expect("database").expect("there");
    assert!(found.member.signed_in_at.is_some());
    // Members without an address, as operators made on the command line, are not in each other's way.
    for name in ["Olga", "Omar"] {
        let operator = store.create_operator(name, None).await.expect("operator");
        assert_eq!((operator.tenant_id, operator.member.has_password), (OPERATOR_TENANT, false));
        let hash = store.password_hash(operator.member.id).await;
        assert!(matches!(hash, Err(StoreError::NotFound)));
    }
}

async fn the_last_admin_stays_one(world: World) {
    let store = &world.store;
    let tenant = store.create_tenant("Hosting", TenantLimits::default()).await.expect("tenant").id;
    let first = store.create_member(member(tenant, "first", Role::Admin)).await.expect("member").member.id;
    let demote = MemberUpdate { role: Some(Role::Member), ..MemberUpdate::default() };
    assert!(matches!(store.change_member(tenant, first, demote.clone()).await, Err(StoreError::LastAdmin)));
    assert!(matches!(store.delete_member(tenant, first).await, Err(StoreError::LastAdmin)));
    store.create_member(member(tenant, "second", Role::Admin)).await.expect("member");
    store.change_member(tenant, first, demote).await.expect("demoted");
    assert!(matches!(store.delete_member(OPERATOR_TENANT, first).await, Err(StoreError::NotFound)));
    store.delete_member(tenant, first).await.expect("deleted");
    assert_eq!(store.members(tenant, Part::ALL).await.expect("members").len(), 1);
}

async fn a_new_password_and_another_role_end_the_sessions(world: World) {
    let store = &world.store;
    let tenant = store.create_tenant("Hosting", TenantLimits::default()).await.expect("tenant").id;
    let member = store.create_member(member(tenant, "anna", Role::Member)).await.expect("member");
    let id = member.member.id;
    let rename = MemberUpdate { name: Some("Anna B.".to_owned()), ..MemberUpdate::default() };
    let renamed = store.change_member(tenant, id, rename).await.expect("renamed");
    assert_eq!((renamed.session_version, renamed.member.name.as_str()), (member.session_version, "Anna B."));
    let password = MemberUpdate { password_hash: Some("new".to_owned()), ..MemberUpdate::default() };
    assert_eq!(store.change_member(tenant, id, password).await.expect("changed").session_version, 2);
    let role = MemberUpdate { role: Some(Role::Admin), ..MemberUpdate::default() };
    assert_eq!(store.change_member(tenant, id, role).await.expect("changed").session_version, 3);
    store.end_sessions(id).await.expect("ended");
    assert_eq!(store.find_member(id).await.expect("database").expect("there").session_version, 4);
    assert_eq!(store.password_hash(id).await.expect("there"), "new");
}

async fn a_tenant_has_limits_of_its_own(world: World) {
    let store = &world.store;
    let limits = TenantLimits { max_pairs: Some(7), max_message_bytes: Some(20_000_000), ..TenantLimits::default() };
    let tenant = store.create_tenant("Hosting", limits).await.expect("tenant");
    assert_eq!(store.tenant(tenant.id).await.expect("there"), tenant);
    assert_eq!(store.max_pairs(tenant.id, 500).await.expect("there"), 7);
    assert_eq!(store.max_pairs(OPERATOR_TENANT, 500).await.expect("there"), 500);
    let limits =
        TenantLimits { max_active_orders: Some(3), max_connections_per_host: Some(5), ..TenantLimits::default() };
    let changed = store.change_tenant(tenant.id, Some("Hosting GmbH"), Some(limits)).await.expect("changed");
    assert_eq!((changed.name.as_str(), changed.limits), ("Hosting GmbH", limits));
    assert_eq!(store.change_tenant(tenant.id, None, None).await.expect("unchanged"), changed);
    assert_eq!(store.tenants(Part::ALL).await.expect("tenants").len(), 2);
    let nobody = TenantId(store.new_id().expect("random"));
    assert!(matches!(store.change_tenant(nobody, None, None).await, Err(StoreError::NotFound)));
    store.delete_empty_tenant(tenant.id).await.expect("deleted");
    assert!(matches!(store.tenant(tenant.id).await, Err(StoreError::NotFound)));
}

async fn a_mail_is_queued_once_for_an_occasion(world: World) {
    let store = &world.store;
    let order = world.order().await;
    let first = store.queue_mail(order.id, MailKind::DeltaFinished, "one").await.expect("queued").expect("new");
    assert_eq!(store.queue_mail(order.id, MailKind::DeltaFinished, "one").await.expect("database"), None);
    assert!(store.queue_mail(order.id, MailKind::DeltaFinished, "two").await.expect("database").is_some());
    let jobs = store.take("w", JobKind::SendMail, 9, std::time::Duration::from_secs(60)).await.expect("jobs");
    assert_eq!(jobs.len(), 2);
    assert_eq!(MailId(jobs[0].id), first);
    assert_eq!(store.mail_failed(first).await.expect("noted"), 1);
    assert_eq!(store.mail_failed(first).await.expect("noted"), 2);
    store.mail_sent(first).await.expect("noted");
    let mail = store.mail(first).await.expect("there");
    assert_eq!((mail.kind, mail.occasion.as_str(), mail.attempts), (MailKind::DeltaFinished, "one", 2));
    assert!(mail.sent_at.is_some() && mail.order_id == order.id);
    let unknown = MailId(store.new_id().expect("random"));
    assert!(matches!(store.mail(unknown).await, Err(StoreError::NotFound)));
    assert!(matches!(store.mail_sent(unknown).await, Err(StoreError::NotFound)));
    assert!(matches!(store.mail_failed(unknown).await, Err(StoreError::NotFound)));
}
