use chrono::Duration;
use mailferry_shared::{
    account::AccountCreate,
    endpoint::Endpoint,
    finding::{Finding, FindingCode},
    ids::{ApiKeyId, MemberId, OrderId, TenantId},
    member::Role,
    order::{OrderState, ProviderChoice, StartKind},
    order_list::MigrationType,
    run::RunState,
    tenant::TenantLimits,
};
use mailferry_store::{Asker, NewMember, NewOrder, OPERATOR_TENANT, OrderFilter, OrderRecord, Part, Reach, StoreError};

use crate::world::{World, new_order, side, start};

on_both! {
    the_list_is_newest_first_and_its_pages_meet;
    the_list_is_filtered_by_state_time_domain_member_and_text;
    the_list_tells_how_many_accounts_somebody_must_look_at;
    a_manager_sees_orders_within_their_domains_only;
    a_member_sees_their_own_orders_only;
    ten_orders_at_work_are_enough_for_one_asker;
}

pub(crate) fn filter() -> OrderFilter {
    OrderFilter {
        tenant_id: OPERATOR_TENANT,
        reach: Reach::All,
        sandbox: None,
        states: Vec::new(),
        from: None,
        until: None,
        domain: None,
        member_id: None,
        api_key_id: None,
        link_id: None,
        kind: None,
        types: Vec::new(),
        requested: None,
        attention: None,
        text: None,
        after: None,
        limit: 50,
    }
}

async fn order_by(world: &World, asker: Asker, accounts: &[(&str, &str)]) -> OrderRecord {
    world.clock.advance(Duration::seconds(1));
    let order = world.store.create_order(NewOrder { asker, ..new_order() }).await.expect("order");
    let pair = |(source, destination): &(&str, &str)| AccountCreate {
        ticked: true,
        source: side(source, "old secret"),
        destination: side(destination, "new secret"),
    };
    let pairs: Vec<AccountCreate> = accounts.iter().map(pair).collect();
    world.store.create_pairs(order.id, 500, &pairs).await.expect("pairs");
    order
}

async fn ids(world: &World, filter: OrderFilter) -> Vec<OrderId> {
    world.store.list_orders(&filter).await.expect("list").into_iter().map(|item| item.id).collect()
}

async fn the_list_is_newest_first_and_its_pages_meet(world: World) {
    let mut all = Vec::new();
    for n in 0..5 {
        // The last two at the same moment: their ids decide.
        if n < 4 {
            world.clock.advance(Duration::seconds(1));
        }
        all.push(world.order().await.id);
    }
    let listed = world.store.list_orders(&filter()).await.expect("list");
    assert_eq!(listed.len(), 5);
    let mut paged = Vec::new();
    let mut after = None;
    loop {
        let page = world.store.list_orders(&OrderFilter { after, limit: 2, ..filter() }).await.expect("page");
        let Some(last) = page.last() else { break };
        after = Some((last.created_at, last.id));
        paged.extend(page);
    }
    assert_eq!(paged, listed, "nothing twice, nothing left out");
    all.reverse();
    assert_eq!(listed[2..].iter().map(|item| item.id).collect::<Vec<_>>(), all[2..]);
    let elsewhere = TenantId(world.store.new_id().expect("random"));
    assert!(ids(&world, OrderFilter { tenant_id: elsewhere, ..filter() }).await.is_empty());
}

async fn the_list_is_filtered_by_state_time_domain_member_and_text(world: World) {
    let store = &world.store;
    let maria = store
        .create_member(NewMember {
            tenant_id: OPERATOR_TENANT,
            name: "Maria".to_owned(),
            mail: None,
            role: Role::Admin,
            domains: Vec::new(),
            password_hash: None,
        })
        .await
        .expect("member");
    let asker = Asker { member_id: Some(maria.member.id), ..Asker::default() };
    let hers =
        order_by(&world, asker, &[("anna@old.example", "Anna@NEW.example"), ("b@x.example", "b@y.example")]).await;
    let other = order_by(&world, Asker::default(), &[("under_score@other.example", "c@underXscore.example")]).await;
    let started = store.schedule_order(&other, start(StartKind::Trial, store.now())).await.expect("starts");
    assert_eq!(ids(&world, OrderFilter { states: vec![OrderState::Draft], ..filter() }).await, [hers.id]);
    let both = vec![OrderState::Draft, OrderState::Scheduled];
    assert_eq!(ids(&world, OrderFilter { states: both, ..filter() }).await, [other.id, hers.id]);
    assert_eq!(ids(&world, OrderFilter { from: Some(started.created_at), ..filter() }).await, [other.id]);
    assert_eq!(ids(&world, OrderFilter { until: Some(started.created_at), ..filter() }).await, [hers.id]);
    for domain in ["new.example", "old.example", "x.example"] {
        let domain = domain.parse().ok();
        assert_eq!(ids(&world, OrderFilter { domain, ..filter() }).await, [hers.id]);
    }
    let domain = "example".parse().ok();
    assert!(ids(&world, OrderFilter { domain, ..filter() }).await.is_empty(), "a domain is not its parent");
    assert_eq!(ids(&world, OrderFilter { member_id: Some(maria.member.id), ..filter() }).await, [hers.id]);
    assert_eq!(ids(&world, OrderFilter { kind: Some(StartKind::Trial), ..filter() }).await, [other.id]);
    assert!(ids(&world, OrderFilter { kind: Some(StartKind::Main), ..filter() }).await.is_empty());
    let host = |host: &str| ProviderChoice { provider: None, endpoint: Endpoint::imaps(host.parse().expect("a host")) };
    let gmail = OrderRecord { source: Some(host("imap.gmail.com")), ..store.order(hers.id).await.expect("order") };
    store.save_order(&gmail).await.expect("saved");
    let types = |types: &[MigrationType]| OrderFilter { types: types.to_vec(), ..filter() };
    assert_eq!(ids(&world, types(&[MigrationType::Gmail])).await, [hers.id]);
    assert_eq!(ids(&world, types(&[MigrationType::Standard])).await, [other.id]);
    assert_eq!(ids(&world, types(&[MigrationType::Gmail, MigrationType::Standard])).await, [other.id, hers.id]);
    assert!(ids(&world, types(&[MigrationType::Exchange])).await.is_empty());
    for (text, found) in [
        ("maria", vec![hers.id]),
        ("ANNA@new", vec![hers.id]),
        ("r_s", vec![other.id]),
        ("100%", vec![]),
        (&other.id.to_string()[..36], vec![other.id]),
        ("anna@example.org", vec![other.id, hers.id]),
    ] {
        assert_eq!(ids(&world, OrderFilter { text: Some(text.to_owned()), ..filter() }).await, found, "{text}");
    }
    let item = store.list_orders(&OrderFilter { limit: 2, ..filter() }).await.expect("list").remove(1);
    assert_eq!((item.pairs, item.migration_type), (2, MigrationType::Gmail));
    assert_eq!(item.origin.member_name.as_deref(), Some("Maria"));
    assert_eq!(item.first_account.as_deref(), Some("anna@old.example"));
    assert_eq!((item.first_run_at, item.second_run_at), (None, None));
    let voucher = store.create_vouchers(OPERATOR_TENANT, 5, 1, None).await.expect("voucher").remove(0);
    store.redeem_voucher(hers.id, &voucher.code).await.expect("redeemed");
    let by_code = OrderFilter { text: Some(voucher.code.expose()[..8].to_owned()), ..filter() };
    assert_eq!(ids(&world, by_code).await, [hers.id], "the part of a code that is shown");
    let item = store.list_orders(&filter()).await.expect("list").remove(1);
    assert_eq!(item.codes, [&voucher.code.expose()[..8]]);
}

async fn the_list_tells_how_many_accounts_somebody_must_look_at(world: World) {
    let store = &world.store;
    let (order, runs) = world.trial(4).await;
    let quiet = world.order().await;
    let attention = async |value| {
        let found = store.list_orders(&OrderFilter { attention: Some(value), ..filter() }).await.expect("list");
        found.into_iter().map(|item| (item.id, item.attention)).collect::<Vec<_>>()
    };
    assert!(attention(true).await.is_empty());
    store.begin_order(order.id).await.expect("begins");
    for run in &runs {
        store.change_run(*run, RunState::Running, None, None).await.expect("runs");
    }
    let full = Finding::new(FindingCode::MailboxFull);
    store.change_run(runs[0], RunState::Succeeded, None, None).await.expect("ends");
    store.change_run(runs[1], RunState::Partial, None, None).await.expect("ends");
    store.change_run(runs[2], RunState::Paused, Some(&full), None).await.expect("waits for its owner");
    assert_eq!(attention(true).await, [(order.id, 2)], "what runs and what succeeded needs nobody");
    store.change_run(runs[3], RunState::Failed, Some(&full), None).await.expect("ends");
    assert_eq!(attention(true).await, [(order.id, 3)]);
    assert_eq!(attention(false).await, [(quiet.id, 0)]);
}

async fn a_manager_sees_orders_within_their_domains_only(world: World) {
    let me = Asker { member_id: Some(MemberId(world.store.new_id().expect("random"))), ..Asker::default() };
    let inside =
        order_by(&world, Asker::default(), &[("a@one.example", "a@new.example"), ("b", "b@One.example")]).await;
    let partly =
        order_by(&world, Asker::default(), &[("a@one.example", "a@x.example"), ("b@x.example", "b@y.example")]).await;
    let outside = order_by(&world, me, &[("a@x.example", "a@notone.example")]).await;
    let empty = order_by(&world, Asker::default(), &[]).await;
    let own = order_by(&world, me, &[]).await;
    let reach = Reach::Domains(vec!["one.example".parse().expect("a host")], me);
    assert_eq!(ids(&world, OrderFilter { reach: reach.clone(), ..filter() }).await, [own.id, inside.id]);
    for (order, seen) in [(inside, true), (partly, false), (outside, false), (empty, false), (own, true)] {
        assert_eq!(world.store.is_within(order.id, &reach).await.expect("database"), seen);
    }
    let none = Reach::Domains(Vec::new(), Asker::default());
    assert!(ids(&world, OrderFilter { reach: none, ..filter() }).await.is_empty());
}

async fn a_member_sees_their_own_orders_only(world: World) {
    let new = || world.store.new_id().expect("random");
    let by_member = Asker { member_id: Some(MemberId(new())), ..Asker::default() };
    let by_key = Asker { api_key_id: Some(ApiKeyId(new())), sandbox: true, ..Asker::default() };
    let (one, two) = (order_by(&world, by_member, &[]).await, order_by(&world, by_key, &[]).await);
    let public = order_by(&world, Asker::default(), &[]).await;
    assert_eq!(ids(&world, OrderFilter { reach: Reach::Own(by_member), ..filter() }).await, [one.id]);
    assert_eq!(ids(&world, OrderFilter { reach: Reach::Own(by_key), ..filter() }).await, [two.id]);
    assert_eq!(ids(&world, OrderFilter { api_key_id: by_key.api_key_id, ..filter() }).await, [two.id]);
    assert!(ids(&world, OrderFilter { reach: Reach::Own(Asker::default()), ..filter() }).await.is_empty());
    assert_eq!(ids(&world, OrderFilter { sandbox: Some(true), ..filter() }).await, [two.id]);
    assert_eq!(ids(&world, OrderFilter { sandbox: Some(false), ..filter() }).await, [public.id, one.id]);
    assert!(!world.store.is_within(public.id, &Reach::Own(by_member)).await.expect("database"));
}

async fn ten_orders_at_work_are_enough_for_one_asker(world: World) {
    let store = &world.store;
    let limits = TenantLimits { max_active_orders: Some(2), ..TenantLimits::default() };
    store.change_tenant(OPERATOR_TENANT, None, Some(limits)).await.expect("changed");
    let new = || store.new_id().expect("random");
    let me = Asker { member_id: Some(MemberId(new())), ..Asker::default() };
    let key = Asker { api_key_id: Some(ApiKeyId(new())), ..me };
    let accounts = [("a@one.example", "a@new.example")];
    let begin = async |asker: Asker| {
        let order = order_by(&world, asker, &accounts).await;
        store.schedule_order(&order, start(StartKind::Trial, store.now())).await
    };
    let first = begin(me).await.expect("starts");
    let two = begin(me).await.expect("starts");
    assert!(matches!(begin(me).await, Err(StoreError::TooManyActive { limit: 2 })));
    for _ in 0..2 {
        begin(key).await.expect("a key counts for itself");
    }
    assert!(matches!(begin(key).await, Err(StoreError::TooManyActive { limit: 2 })));
    for _ in 0..3 {
        begin(Asker::default()).await.expect("the public page is not limited");
    }
    store.cancel_order(&first).await.expect("cancelled");
    begin(me).await.expect("there is room again");
    // A delta, or another try, is an order at work as well.
    let done = store.order(two.id).await.expect("order");
    let runs =
        store.runs_of_pair(done.id, store.pairs(done.id).await.expect("pairs")[0].id, Part::ALL).await.expect("runs");
    let done = world.end_run(done.id, runs[0].id, RunState::Partial).await;
    begin(me).await.expect("its place is free");
    assert!(matches!(store.retry_order(&done).await, Err(StoreError::TooManyActive { limit: 2 })));
    store.cancel_order(&done).await.expect("cancelled");
    store.change_tenant(OPERATOR_TENANT, None, Some(TenantLimits::default())).await.expect("changed");
    for _ in 2..10 {
        begin(me).await.expect("starts");
    }
    assert!(matches!(begin(me).await, Err(StoreError::TooManyActive { limit: 10 })), "ten by default");
}
