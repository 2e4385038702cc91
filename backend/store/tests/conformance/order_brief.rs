//! What the list of migrations tells of each: its reference, its servers, how far it has come.

use chrono::Duration;
use mailferry_domain::{ledger::Outcome, order::Start, uid::Uid};
use mailferry_shared::{
    account::{LoginState, MailAmount, SideName, Survey},
    endpoint::Endpoint,
    ids::{OrderId, PairId},
    order::{OrderOptions, ProviderChoice, StartKind},
    order_list::{OrderListItem, OrderProgress},
    run::{Counts, RunState},
    schedule::{DeltaSchedule, DeltaTrigger},
};
use mailferry_store::{CheckedSide, NewOrder, OPERATOR_TENANT, OrderFilter, OrderRecord};

use crate::{
    ledger::{LedgerSteps, inbox, listed, settlement, stored},
    order_list::filter,
    world::{World, new_order, pair, start},
};

on_both! {
    an_order_is_found_by_its_reference_which_is_erased_with_the_rest;
    the_list_names_the_servers_of_both_ends;
    the_list_tells_how_far_an_order_has_come_as_its_progress_does;
    a_trial_tells_that_nobody_knows_the_whole;
    the_list_tells_how_a_second_run_starts_as_long_as_it_is_to_come;
}

async fn item(world: &World, id: OrderId) -> OrderListItem {
    let all = world.store.list_orders(&filter()).await.expect("list");
    all.into_iter().find(|item| item.id == id).expect("listed")
}

async fn an_order_is_found_by_its_reference_which_is_erased_with_the_rest(world: World) {
    let store = &world.store;
    let named = NewOrder { reference: Some("Customer_4711".to_owned()), ..new_order() };
    let order = store.create_order(named).await.expect("order");
    world.order().await;
    let found = async |text: &str| {
        let filter = OrderFilter { text: Some(text.to_owned()), ..filter() };
        store.list_orders(&filter).await.expect("list").into_iter().map(|item| item.reference).collect::<Vec<_>>()
    };
    let accented = NewOrder { reference: Some("Praxis Özdemir".to_owned()), ..new_order() };
    store.create_order(accented).await.expect("order");
    assert_eq!(found("özDEMIR").await, [Some("Praxis Özdemir".to_owned())]);
    assert_eq!(found("customer_47").await, [Some("Customer_4711".to_owned())]);
    assert!(found("customerx4711").await.is_empty(), "each character stands for itself");
    let other = OrderRecord { reference: Some("Weber".to_owned()), ..order };
    let changed = store.save_order(&other).await.expect("saved");
    assert_eq!(found("weber").await, [Some("Weber".to_owned())]);
    store.cancel_order(&changed).await.expect("cancelled");
    world.clock.advance(Duration::days(31));
    assert_eq!(store.purge_orders(9).await.expect("purged"), [changed.id]);
    assert!(found("weber").await.is_empty());
    assert_eq!(store.order(changed.id).await.expect("still known").reference, None);
}

async fn the_list_tells_how_a_second_run_starts_as_long_as_it_is_to_come(world: World) {
    let store = &world.store;
    let (order, _) = paid(&world, 1, &[], false).await;
    assert_eq!(item(&world, order.id).await.delta_schedule, None);
    let after = DeltaSchedule { trigger: DeltaTrigger::AfterDelay, delay_hours: Some(8) };
    let start = Start { kind: StartKind::Main, earliest: store.now(), delta: Some(after) };
    let order = store.schedule_order(&order, start).await.expect("scheduled");
    assert_eq!(item(&world, order.id).await.delta_schedule, Some(after));
    store.cancel_order(&order).await.expect("cancelled");
    assert_eq!(item(&world, order.id).await.delta_schedule, None);
}

async fn the_list_names_the_servers_of_both_ends(world: World) {
    let host = |host: &str| ProviderChoice { provider: None, endpoint: Endpoint::imaps(host.parse().expect("a host")) };
    let (source, destination) = (Some(host("imap.gmail.com")), Some(host("mail.example")));
    let order = world.store.create_order(NewOrder { source, destination, ..new_order() }).await.expect("order");
    let told = item(&world, order.id).await;
    let names = [told.source, told.destination].map(|host| host.expect("a host").to_string());
    assert_eq!(names, ["imap.gmail.com", "mail.example"]);
    let bare = world.order().await;
    assert_eq!(item(&world, bare.id).await.source, None);
}

/// A paid order with so many pairs; `surveys` of the first of them.
async fn paid(world: &World, pairs: usize, surveys: &[Survey], include_trash: bool) -> (OrderRecord, Vec<PairId>) {
    let store = &world.store;
    let options = OrderOptions { include_trash, ..OrderOptions::default() };
    let order = store.create_order(NewOrder { options, ..new_order() }).await.expect("order");
    let new: Vec<_> = (0..pairs).map(|n| pair(&format!("user{n}"))).collect();
    let ids = store.create_pairs(order.id, 500, &new).await.expect("pairs");
    let check_id = store.create_check(order.id, &ids).await.expect("check").id;
    for (pair_id, survey) in ids.iter().zip(surveys) {
        let at = CheckedSide { check_id, pair_id: *pair_id, side: SideName::Source };
        store.save_login(at, LoginState::Passed, &[]).await.expect("login");
        store.save_survey(at, Some(survey), &[]).await.expect("survey");
    }
    let count = u32::try_from(pairs).expect("few");
    let voucher = store.create_vouchers(OPERATOR_TENANT, count, 1, None).await.expect("voucher").remove(0);
    (store.redeem_voucher(order.id, &voucher.code).await.expect("paid"), ids)
}

/// What the order's own progress adds up to.
async fn summed(world: &World, id: OrderId) -> OrderProgress {
    let pairs = world.store.progress(id).await.expect("progress");
    let mut counts = Counts::default();
    pairs.iter().filter_map(|pair| pair.run.as_ref()).for_each(|run| counts.add(&run.counts));
    OrderProgress {
        done: counts.done(),
        arrived: counts.stored + counts.present,
        total: counts.listed,
        done_bytes: counts.done_bytes(),
        total_bytes: counts.listed_bytes,
        at_least: pairs.iter().any(|pair| pair.uncounted),
    }
}

async fn the_list_tells_how_far_an_order_has_come_as_its_progress_does(world: World) {
    let store = &world.store;
    let (trash, junk) = (MailAmount { messages: 4, size_bytes: 70 }, MailAmount { messages: 2, size_bytes: 20 });
    let survey = Survey { messages: 20, size_bytes: 900, trash, junk, ..Survey::default() };
    for include_trash in [false, true] {
        world.clock.advance(Duration::seconds(1));
        let (order, pairs) = paid(&world, 3, &[survey, survey], include_trash).await;
        assert_eq!(item(&world, order.id).await.progress, None, "nothing has been started");
        store.schedule_order(&order, start(StartKind::Main, store.now())).await.expect("starts");
        let seen = async || {
            let told = item(&world, order.id).await.progress.expect("started");
            assert_eq!(told, summed(&world, order.id).await);
            told
        };
        let waiting = seen().await;
        let wanted = if include_trash { 18 } else { 14 };
        assert_eq!(
            (waiting.done, waiting.total, waiting.at_least),
            (0, 2 * wanted, true),
            "the third was never counted"
        );
        store.begin_order(order.id).await.expect("begins");
        let mut runs = Vec::new();
        for pair in &pairs {
            runs.push(world.only_run(order.id, *pair).await);
        }
        for run in &runs {
            store.change_run(*run, RunState::Running, None, None).await.expect("runs");
            let ledger = store.run_ledger(&world.lease(*run, "one").await);
            let folder = inbox(&ledger).await;
            ledger.start_folder(folder, listed(5)).await.expect("listed");
            ledger.settle(folder, &stored(1..=3)).await.expect("settled");
            ledger.settle(folder, &[settlement(4, Outcome::Present(Some(Uid(9))))]).await.expect("settled");
        }
        let moving = seen().await;
        assert_eq!((moving.done, moving.done_bytes, moving.total), (12, 300, 2 * wanted + 5));
        store.change_run(runs[0], RunState::Succeeded, None, None).await.expect("ends");
        store.change_run(runs[2], RunState::Failed, None, None).await.expect("ends");
        let later = seen().await;
        assert_eq!((later.total, later.at_least), (5 + wanted + 5, false), "what has ended is what it was");
        store.change_run(runs[1], RunState::Succeeded, None, None).await.expect("ends");
        let done = store.conclude_order(order.id).await.expect("ends");
        store.start_delta(&done, &pairs[..1]).await.expect("a delta");
        let again = seen().await;
        assert_eq!((again.done, again.total), (8, wanted + 10), "the latest run of each pair counts");
    }
    world.clock.advance(Duration::seconds(1));
    world.order().await;
    let page = store.list_orders(&filter()).await.expect("list");
    let told: Vec<_> = page.iter().map(|item| item.progress.map(|progress| progress.total)).collect();
    assert_eq!(told, [None, Some(18 + 10), Some(14 + 10)], "each line by its own options");
    assert_eq!(page.iter().map(|item| item.codes.len()).collect::<Vec<_>>(), [0, 1, 1]);
    assert_ne!(page[1].codes, page[2].codes, "each line its own voucher");
}

async fn a_trial_tells_that_nobody_knows_the_whole(world: World) {
    let (order, _) = world.trial(1).await;
    let told = item(&world, order.id).await.progress.expect("started");
    assert_eq!(told, OrderProgress { at_least: true, ..OrderProgress::default() });
    assert_eq!(told, summed(&world, order.id).await);
}
