use std::collections::BTreeSet;

use mailferry_shared::ids::{ApiKeyId, TenantId};
use mailferry_store::{
    MailId, MailKind, OPERATOR_TENANT, StoreError,
    jobs::{JobKind, JobQueue},
};

use crate::world::World;

on_both! {
    a_key_is_found_by_its_secret_until_it_is_revoked;
    a_mail_is_queued_once_for_an_occasion;
}

async fn a_key_is_found_by_its_secret_until_it_is_revoked(world: World) {
    let store = &world.store;
    let address = "op@example.org".parse().expect("address");
    let operator = store.create_operator("Olga", Some(&address)).await.expect("operator");
    assert_eq!(operator.tenant_id, OPERATOR_TENANT);
    let scopes: BTreeSet<String> = ["orders:read", "vouchers:write"].map(str::to_owned).into();
    let made = store.create_api_key(OPERATOR_TENANT, Some(operator.id), "first", &scopes).await.expect("key");
    assert!(made.secret.expose().starts_with("mf_live_") && made.secret.expose().len() == 34);
    let found = store.find_api_key(made.secret.expose()).await.expect("database").expect("there");
    assert_eq!((found.id, found.scopes, found.member_id), (made.key.id, scopes.clone(), Some(operator.id)));
    assert_eq!(store.find_api_key("mf_live_something").await.expect("database"), None);
    store.revoke_api_key(made.key.id).await.expect("revoked");
    assert_eq!(store.find_api_key(made.secret.expose()).await.expect("database"), None);
    assert!(matches!(store.revoke_api_key(made.key.id).await, Err(StoreError::NotFound)));
    assert!(matches!(store.revoke_api_key(ApiKeyId(store.new_id().expect("random"))).await, Err(StoreError::NotFound)));
    let nobody = TenantId(store.new_id().expect("random"));
    assert!(store.create_api_key(nobody, None, "x", &scopes).await.is_err());
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
