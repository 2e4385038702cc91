//! Lists in parts: however small the parts are, each item is in one of them, in the order of the whole list, and what is
//! gone meanwhile moves nothing.

use std::{collections::BTreeSet, fmt::Debug};

use mailferry_shared::{
    ids::{ApiKeyId, OrderId, PairId, WebhookId},
    key::Scope,
    link::Brand,
    member::Role,
    order::{Language, StartKind},
    payment::{PaymentMethod, Price},
    run::RunState,
    tenant::TenantLimits,
};
use mailferry_store::{NewApiKey, NewLink, NewMember, NewWebhook, OPERATOR_TENANT, Part, Position, Store};

use crate::world::{World, start};

on_both! {
    lists_of_a_tenant_come_in_parts;
    lists_of_an_order_come_in_parts;
    what_is_gone_moves_no_part;
}

/// The list of `read`, part by part, is the whole list of `number` items.
async fn in_parts<T: PartialEq + Debug>(
    number: usize,
    read: impl AsyncFn(Part) -> Vec<T>,
    position: impl Fn(&T) -> Position,
) {
    let whole = read(Part::ALL).await;
    assert_eq!(whole.len(), number);
    for limit in [1, 2, 5, 6] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let part = read(Part { after, limit }).await;
            assert!(part.len() <= limit as usize);
            let Some(last) = part.last() else { break };
            after = Some(position(last));
            seen.extend(part);
        }
        assert_eq!(seen, whole, "{limit} at a time");
    }
}

async fn keys(store: &Store, number: usize) -> Vec<ApiKeyId> {
    let mut made = Vec::new();
    for _ in 0..number {
        let new = NewApiKey {
            tenant_id: OPERATOR_TENANT,
            member_id: None,
            name: "key".to_owned(),
            scopes: BTreeSet::from([Scope::OrdersRead]),
            sandbox: false,
            expires_at: None,
        };
        made.push(store.create_api_key(new).await.expect("a key").key.id);
    }
    made
}

async fn webhook(store: &Store) -> WebhookId {
    let (url, description) = ("https://panel.example/hook".to_owned(), String::new());
    let new = NewWebhook { tenant_id: OPERATOR_TENANT, url, description, events: Vec::new(), sandbox: false };
    store.create_webhook(new).await.expect("a webhook").webhook.id
}

async fn member(store: &Store, name: String) {
    let new = NewMember {
        tenant_id: OPERATOR_TENANT,
        mail: format!("{name}@hosting.example").parse().ok(),
        name,
        role: Role::Member,
        domains: Vec::new(),
        password_hash: None,
    };
    store.create_member(new).await.expect("a member");
}

async fn link(store: &Store) {
    let new = NewLink {
        tenant_id: OPERATOR_TENANT,
        name: "link".to_owned(),
        source: None,
        destination: None,
        language: Language::En,
        brand: Brand::default(),
        voucher_id: None,
        prepaid_pairs: None,
        once: false,
        sandbox: false,
    };
    store.create_link(new).await.expect("a link");
}

async fn lists_of_a_tenant_come_in_parts(world: World) {
    let store = &world.store;
    keys(store, 5).await;
    // Some of one time, some of another.
    for n in 0..5 {
        if n == 2 {
            world.clock.advance(chrono::Duration::seconds(1));
        }
        webhook(store).await;
        member(store, format!("member{n}")).await;
        link(store).await;
        store.create_tenant(&format!("tenant {n}"), TenantLimits::default()).await.expect("a tenant");
    }
    let of = OPERATOR_TENANT;
    let read = async |part| store.api_keys(of, None, part).await.expect("keys");
    in_parts(5, read, |key| Position::new(key.created_at, key.id.0)).await;
    let read = async |part| store.webhooks(of, None, part).await.expect("webhooks");
    in_parts(5, read, |webhook| Position::new(webhook.created_at, webhook.id.0)).await;
    let read = async |part| store.members(of, part).await.expect("members");
    in_parts(5, read, |one| Position::new(one.member.created_at, one.member.id.0)).await;
    let read = async |part| store.links(of, Some(false), part).await.expect("links");
    in_parts(5, read, |link| Position::new(link.created_at, link.id.0)).await;
    // The operator's own is the first.
    let read = async |part| store.tenants(part).await.expect("tenants");
    in_parts(6, read, |tenant| Position::new(tenant.created_at, tenant.id.0)).await;
}

/// Payments that came to nothing because the price had changed, and the last one.
async fn payments(store: &Store, order: OrderId) {
    for pair_minor in [1000, 1100, 1200, 1300, 1400] {
        let price = Price {
            currency: "EUR".parse().expect("a currency"),
            pair_minor,
            tax_name: "VAT".to_owned(),
            tax_basis_points: 1900,
            tax_included: false,
        };
        store.set_price(OPERATOR_TENANT, Some(&price)).await.expect("a price");
        store.begin_payment(order, PaymentMethod::Paypal).await.expect("begun");
    }
}

async fn lists_of_an_order_come_in_parts(world: World) {
    let store = &world.store;
    let (unpaid, _) = world.order_with(5).await;
    payments(store, unpaid.id).await;
    let read = async |part| store.payments(unpaid.id, part).await.expect("payments");
    in_parts(5, read, |payment| Position::new(payment.created_at, payment.id.0)).await;
    let read = async |part| store.pairs_part(unpaid.id, part).await.expect("pairs");
    in_parts(5, read, |(position, _)| *position).await;

    let (order, pairs) = world.order_with(2).await;
    let voucher = store.create_vouchers(OPERATOR_TENANT, 2, 1, None).await.expect("a voucher").remove(0);
    let order = store.redeem_voucher(order.id, &voucher.code).await.expect("redeemed");
    store.schedule_order(&order, start(StartKind::Main, store.now())).await.expect("starts");
    store.begin_order(order.id).await.expect("begins");
    for round in 0..5 {
        for pair in &pairs {
            let run = store.runs_of_pair(order.id, *pair, Part::ALL).await.expect("runs")[round].id;
            store.change_run(run, RunState::Running, None, None).await.expect("runs");
            store.change_run(run, RunState::Succeeded, None, None).await.expect("ends");
        }
        let order = store.conclude_order(order.id).await.expect("completes");
        store.start_delta(&order, &[]).await.expect("a delta");
    }
    let read = async |part| store.deltas(order.id, part).await.expect("deltas");
    in_parts(5, read, |delta| Position::new(delta.created_at, delta.id.0)).await;
    let read = async |part| store.runs_of_pair(order.id, pairs[1], part).await.expect("runs");
    in_parts(6, read, |run| Position { at: run.number.into(), id: run.id.0 }).await;
    let first = store.pairs_part(order.id, Part { after: None, limit: 1 }).await.expect("pairs");
    let first: Vec<(PairId, usize)> = first.iter().map(|(_, pair)| (pair.id, pair.runs.len())).collect();
    assert_eq!(first, [(pairs[0], 6)], "with its runs");
}

async fn what_is_gone_moves_no_part(world: World) {
    let store = &world.store;
    keys(store, 5).await;
    let all: Vec<_> = store.api_keys(OPERATOR_TENANT, None, Part::ALL).await.expect("keys");
    let after = Some(Position::new(all[1].created_at, all[1].id.0));
    for gone in [0, 1] {
        store.revoke_api_key(OPERATOR_TENANT, None, all[gone].id).await.expect("revoked");
    }
    let next = store.api_keys(OPERATOR_TENANT, None, Part { after, limit: 2 }).await.expect("keys");
    assert_eq!(next, all[2..4]);
}
