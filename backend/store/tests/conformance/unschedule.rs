//! A start that is taken back, until it has come.

use chrono::Duration;
use mailferry_domain::order::{OrderLife, Start};
use mailferry_shared::{
    account::{AccountChange, AccountCreate},
    ids::{LinkId, VoucherId},
    link::Brand,
    order::{Language, OrderAction, OrderState, StartKind},
    run::RunState,
    schedule::{DeltaSchedule, DeltaTrigger},
    voucher::VoucherLimits,
};
use mailferry_store::{
    Asker, JobKind, JobQueue, MailKind, NewLink, NewOrder, NewVouchers, OPERATOR_TENANT, OrderRecord, Part, StoreError,
    jobs::LOCK,
};

use crate::world::{World, new_order, pair, start};

on_both! {
    a_scheduled_order_is_a_draft_again_and_starts_anew;
    what_a_link_has_paid_at_the_start_comes_back_and_is_paid_again;
    what_a_link_has_paid_for_an_upgraded_trial_comes_back;
    a_link_with_a_voucher_for_trials_keeps_nobody_from_paying_for_a_full_migration;
    an_upgraded_trial_is_a_completed_trial_again;
    a_start_that_has_come_is_not_taken_back_whoever_is_faster;
    what_time_has_taken_is_not_offered_any_more;
}

async fn a_scheduled_order_is_a_draft_again_and_starts_anew(world: World) {
    let store = &world.store;
    let (order, pairs) = world.order_with(2).await;
    let voucher = store.create_vouchers(OPERATOR_TENANT, 2, 1, None).await.expect("voucher").remove(0);
    let order = store.redeem_voucher(order.id, &voucher.code).await.expect("paid");
    let tomorrow = store.now() + Duration::days(1);
    let delta = Some(DeltaSchedule { trigger: DeltaTrigger::AfterDelay, delay_hours: Some(8) });
    let scheduled = Start { kind: StartKind::Main, earliest: tomorrow, delta };
    let order = store.schedule_order(&order, scheduled).await.expect("scheduled");
    store.queue_mail(order.id, MailKind::Submitted, "main").await.expect("queued").expect("new");
    let draft = store.unschedule_order(&order).await.expect("taken back");
    assert_eq!((draft.life, draft.kind, draft.delta_schedule), (OrderLife::Draft, None, None));
    assert!(!draft.delta_pending && draft.life.actions().contains(&OrderAction::Change));
    assert_eq!(draft.earliest_start, Some(tomorrow), "the wish stays");
    assert!(store.runs_of_pair(order.id, pairs[0], Part::ALL).await.expect("runs").is_empty());
    assert_eq!(world.raw_numbers("SELECT COUNT(*), COUNT(*) FROM jobs WHERE kind = 'run'".to_owned()).await, (0, 0));
    assert_eq!(store.payment(order.id).await.expect("sums").pairs_covered, 2, "what was redeemed stays");
    assert!(store.pair_access(pairs[0]).await.expect("pair").source.password.is_some(), "and so do passwords");
    assert!(matches!(store.unschedule_order(&draft).await, Err(StoreError::WrongState(_))));

    let untick = AccountChange { ticked: Some(false), ..AccountChange::default() };
    store.change_pair(order.id, pairs[1], &untick).await.expect("a draft can be changed");
    let draft = store.order(order.id).await.expect("order");
    let again = store.schedule_order(&draft, start(StartKind::Main, store.now())).await.expect("starts");
    assert_eq!((again.life.state(), again.delta_schedule), (OrderState::Scheduled, None));
    let run = store.runs_of_pair(order.id, pairs[0], Part::ALL).await.expect("runs").remove(0);
    assert_eq!(run.number, 1, "as if the first start had never been");
    assert!(store.runs_of_pair(order.id, pairs[1], Part::ALL).await.expect("runs").is_empty());
    assert_eq!(store.take("w", JobKind::Run, 9, LOCK).await.expect("jobs").len(), 1);
    let told = store.queue_mail(order.id, MailKind::Submitted, "main").await.expect("queued");
    assert!(told.is_some(), "the new start is told anew");
}

fn paying(voucher_id: Option<VoucherId>) -> NewLink {
    NewLink {
        tenant_id: OPERATOR_TENANT,
        name: "prepaid".to_owned(),
        source: None,
        destination: None,
        language: Language::En,
        brand: Brand::default(),
        voucher_id,
        prepaid_pairs: voucher_id.is_none().then_some(2),
        once: false,
        sandbox: false,
    }
}

/// A link that pays for two pairs.
async fn prepaid(world: &World) -> LinkId {
    world.store.create_link(paying(None)).await.expect("a link").id
}

async fn by_link(world: &World, link: LinkId, names: &[&str]) -> OrderRecord {
    let asker = Asker { link_id: Some(link), ..Asker::default() };
    let order = world.store.create_order(NewOrder { asker, ..new_order() }).await.expect("order");
    let pairs: Vec<AccountCreate> = names.iter().map(|name| pair(name)).collect();
    world.store.create_pairs(order.id, 500, &pairs).await.expect("pairs");
    order
}

/// The order after a trial of its first pair.
async fn tried(world: &World, order: &OrderRecord) -> OrderRecord {
    let store = &world.store;
    let order = store.order(order.id).await.expect("order");
    let order = store.schedule_order(&order, start(StartKind::Trial, store.now())).await.expect("scheduled");
    let pair = store.pairs(order.id).await.expect("pairs")[0].id;
    let run = store.runs_of_pair(order.id, pair, Part::ALL).await.expect("runs")[0].id;
    world.end_run(order.id, run, RunState::Succeeded).await
}

async fn what_a_link_has_paid_at_the_start_comes_back_and_is_paid_again(world: World) {
    let store = &world.store;
    let link = prepaid(&world).await;
    let order = by_link(&world, link, &["anna", "bert"]).await;
    let used = async || store.link(link).await.expect("a link").voucher.expect("a voucher").pairs_used;
    let tomorrow = start(StartKind::Main, store.now() + Duration::days(1));
    for _ in 0..2 {
        let order = store.order(order.id).await.expect("order");
        let order = store.schedule_order(&order, tomorrow).await.expect("scheduled");
        assert_eq!((order.life.state(), used().await), (OrderState::Scheduled, 2));
        store.unschedule_order(&order).await.expect("taken back");
        assert_eq!(used().await, 0);
    }
}

async fn what_a_link_has_paid_for_an_upgraded_trial_comes_back(world: World) {
    let store = &world.store;
    let link = prepaid(&world).await;
    let trial = tried(&world, &by_link(&world, link, &["anna"]).await).await;
    let used = async || store.link(link).await.expect("a link").voucher.expect("a voucher").pairs_used;
    assert_eq!(used().await, 0, "a trial costs nothing");
    let scheduled = store.schedule_order(&trial, start(StartKind::Main, store.now())).await.expect("scheduled");
    assert_eq!((scheduled.life.state(), used().await), (OrderState::Scheduled, 1));
    let back = store.unschedule_order(&scheduled).await.expect("taken back");
    assert_eq!((back.life, used().await), (trial.life, 0));
}

async fn a_link_with_a_voucher_for_trials_keeps_nobody_from_paying_for_a_full_migration(world: World) {
    let store = &world.store;
    let limits = VoucherLimits { trial_only: true, ..VoucherLimits::default() };
    let new =
        NewVouchers { tenant_id: OPERATOR_TENANT, pairs: 9, count: 1, limits, note: String::new(), sandbox: false };
    let for_trials = store.create_batch(&new).await.expect("vouchers").1.remove(0).id;
    let refused = store.create_link(paying(Some(for_trials))).await;
    assert!(matches!(refused, Err(StoreError::NoSuchVoucher)), "{refused:?}");
    // One that was made before that was refused.
    let link = prepaid(&world).await;
    world.raw("UPDATE vouchers SET trial_only = 1").await;
    let used = async || store.link(link).await.expect("a link").voucher.expect("a voucher").pairs_used;
    let now = start(StartKind::Main, store.now());
    let (fresh, other) = (by_link(&world, link, &["anna"]).await, by_link(&world, link, &["bert"]).await);
    for order in [fresh, tried(&world, &other).await] {
        let waiting = store.schedule_order(&order, now).await.expect("it is not refused");
        assert_eq!((waiting.life.state(), used().await), (OrderState::AwaitingPayment, 0), "nor spent for nothing");
        let voucher = store.create_vouchers(OPERATOR_TENANT, 1, 1, None).await.expect("voucher").remove(0);
        let paid = store.redeem_voucher(order.id, &voucher.code).await.expect("paid");
        assert_eq!(paid.life.state(), OrderState::Scheduled);
    }
}

async fn an_upgraded_trial_is_a_completed_trial_again(world: World) {
    let store = &world.store;
    let (order, runs) = world.trial(1).await;
    let trial = world.end_run(order.id, runs[0], RunState::Succeeded).await;
    let voucher = store.create_vouchers(OPERATOR_TENANT, 1, 1, None).await.expect("voucher").remove(0);
    let paid = store.redeem_voucher(order.id, &voucher.code).await.expect("paid");
    let in_20_days = start(StartKind::Main, store.now() + Duration::days(20));
    let scheduled = store.schedule_order(&paid, in_20_days).await.expect("scheduled");
    let back = store.unschedule_order(&scheduled).await.expect("taken back");
    assert_eq!((back.life, back.kind), (trial.life, Some(StartKind::Trial)));
    assert_eq!(back.expires_at, trial.expires_at);
    // The trial's own link would have ended meanwhile.
    let scheduled = store.schedule_order(&back, in_20_days).await.expect("scheduled");
    assert!(store.actions(&scheduled, false).contains(&OrderAction::Unschedule));
    world.clock.advance(Duration::days(15));
    assert_eq!(store.actions(&scheduled, false), [OrderAction::Cancel], "what would be refused is not offered");
    assert!(matches!(store.unschedule_order(&scheduled).await, Err(StoreError::WrongState(_))));
    let still = store.order(order.id).await.expect("order");
    assert_eq!((still.life.state(), still.version), (OrderState::Scheduled, scheduled.version), "nothing has changed");
}

async fn a_start_that_has_come_is_not_taken_back_whoever_is_faster(world: World) {
    let store = &world.store;
    for _ in 0..10 {
        let (order, runs) = world.trial(1).await;
        let (begun, back) = tokio::join!(store.begin_order(order.id), store.unschedule_order(&order));
        let (begun, after) = (begun.expect("a job may repeat it"), store.order(order.id).await.expect("order"));
        match back {
            Ok(_) => {
                assert_eq!((begun.life, after.life), (OrderLife::Draft, OrderLife::Draft));
                assert!(matches!(store.run(runs[0]).await, Err(StoreError::NotFound)));
            }
            Err(StoreError::Conflict | StoreError::WrongState(_)) => {
                assert_eq!(after.life.state(), OrderState::Active);
                assert_eq!(store.run(runs[0]).await.expect("a run").summary.state, RunState::Queued);
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

async fn what_time_has_taken_is_not_offered_any_more(world: World) {
    let store = &world.store;
    let (order, runs) = world.trial(1).await;
    store.begin_order(order.id).await.expect("begins");
    world.clock.advance(Duration::days(25));
    let trial = world.end_run(order.id, runs[0], RunState::Succeeded).await;
    assert!(store.actions(&trial, false).contains(&OrderAction::Start));
    world.clock.advance(Duration::days(7));
    assert!(
        !store.actions(&trial, false).contains(&OrderAction::Start),
        "its link would end too soon after a migration"
    );
    world.clock.advance(Duration::days(8));
    assert!(trial.expires_at <= store.now());
    assert_eq!(store.actions(&trial, false), [OrderAction::Delete], "it is closed in a moment");
}
