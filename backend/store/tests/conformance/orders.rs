use chrono::Duration;
use mailferry_domain::order::OrderLife;
use mailferry_shared::{
    account::{AccountChange, AccountCreate, LoginState, MailAmount, SideName, Survey},
    endpoint::Endpoint,
    finding::{Finding, FindingCode},
    ids::OrderId,
    order::{OrderState, ProviderChoice, StartKind},
    run::{RunKind, RunState},
};
use mailferry_store::{
    CheckedSide, OPERATOR_TENANT, Part, StoreError,
    jobs::{JobKind, JobQueue},
};

use crate::world::{World, pair, start};

on_both! {
    an_order_reads_back_as_it_was_made;
    two_changes_from_one_version_cannot_both_win;
    another_server_makes_the_logins_unknown;
    a_start_without_a_ticked_pair_is_refused;
    a_trial_runs_pauses_resumes_and_completes;
    a_parked_run_pauses_its_order;
    a_parked_run_goes_on_while_others_are_under_way;
    a_delta_runs_over_the_pairs_that_were_moved;
    a_cancelled_order_stops_what_waits_and_forgets_passwords;
    a_run_that_pauses_in_an_order_that_was_cancelled_meanwhile_is_cancelled;
    what_is_active_cannot_be_deleted_and_a_draft_can;
    totals_and_progress_add_up;
}

async fn an_order_reads_back_as_it_was_made(world: World) {
    world.store.ping().await.expect("answers");
    let order = world.order().await;
    assert_eq!(order.life, OrderLife::Draft);
    assert_eq!((order.version, order.link_version), (1, 1));
    assert_eq!(order.expires_at, order.created_at + Duration::days(30));
    assert_eq!(world.store.order(order.id).await.expect("there"), order);
    let unknown = OrderId(world.store.new_id().expect("random"));
    assert!(matches!(world.store.order(unknown).await, Err(StoreError::NotFound)));
}

async fn two_changes_from_one_version_cannot_both_win(world: World) {
    let order = world.order().await;
    let mut first = order.clone();
    first.options.newest_first = true;
    let saved = world.store.save_order(&first).await.expect("first");
    assert!(saved.options.newest_first && saved.version == 2);
    assert!(matches!(world.store.save_order(&order).await, Err(StoreError::Conflict)));
    let late = world.store.schedule_order(&order, start(StartKind::Trial, world.store.now())).await;
    assert!(matches!(late, Err(StoreError::Conflict)));
}

async fn another_server_makes_the_logins_unknown(world: World) {
    let (mut order, pairs) = world.order_with(1).await;
    let check = world.store.create_check(order.id, &[]).await.expect("check");
    for side in [SideName::Source, SideName::Destination] {
        let at = CheckedSide { check_id: check.id, pair_id: pairs[0], side };
        world.store.save_login(at, LoginState::Passed, &[]).await.expect("saved");
    }
    let endpoint = Endpoint::imaps("imap.example.org".parse().expect("host"));
    order = world.store.order(order.id).await.expect("there");
    order.source = Some(ProviderChoice { provider: None, endpoint });
    let order = world.store.save_order(&order).await.expect("saved");
    assert!(order.source.is_some());
    let pair = world.store.pair(order.id, pairs[0]).await.expect("pair");
    assert_eq!((pair.source.login, pair.destination.login), (LoginState::Unchecked, LoginState::Passed));
}

async fn a_start_without_a_ticked_pair_is_refused(world: World) {
    let (order, pairs) = world.order_with(1).await;
    let untick = AccountChange { ticked: Some(false), ..AccountChange::default() };
    world.store.change_pair(order.id, pairs[0], &untick).await.expect("changed");
    let refused = world.store.schedule_order(&order, start(StartKind::Trial, world.store.now())).await;
    assert!(matches!(refused, Err(StoreError::NothingTicked)));
}

async fn a_trial_runs_pauses_resumes_and_completes(world: World) {
    let store = &world.store;
    let (order, runs) = world.trial(2).await;
    assert_eq!(order.life.state(), OrderState::Scheduled);
    assert_eq!(order.kind, Some(StartKind::Trial));
    let order = store.begin_order(order.id).await.expect("begins");
    assert_eq!(order.life.state(), OrderState::Active);
    assert_eq!(store.begin_order(order.id).await.expect("again"), order, "a repeated job changes nothing");

    store.change_run(runs[0], RunState::Running, None, None).await.expect("runs");
    let paused = store.pause_order(&order).await.expect("pauses");
    assert_eq!(store.run(runs[1]).await.expect("run").summary.state, RunState::Paused);
    assert_eq!(store.run(runs[0]).await.expect("run").summary.state, RunState::Running, "its worker stops it");
    store.change_run(runs[0], RunState::Paused, None, None).await.expect("worker obeys");
    let order = store.resume_order(&paused).await.expect("resumes");
    assert!(matches!(store.resume_order(&order).await, Err(StoreError::WrongState(_))));
    for run in &runs {
        assert_eq!(store.run(*run).await.expect("run").summary.state, RunState::Queued);
        store.change_run(*run, RunState::Running, None, None).await.expect("runs");
        assert_eq!(store.conclude_order(order.id).await.expect("not yet").life.state(), OrderState::Active);
        store.change_run(*run, RunState::Succeeded, None, None).await.expect("ends");
    }
    let order = store.conclude_order(order.id).await.expect("completes");
    assert_eq!(order.life.state(), OrderState::Completed);
    assert_eq!(order.expires_at, order.finished_at.expect("ended") + Duration::days(14));
    let refused = store.start_delta(&order, &[]).await;
    assert!(matches!(refused, Err(StoreError::WrongState(_))), "a trial has no delta");
}

async fn a_parked_run_pauses_its_order(world: World) {
    let store = &world.store;
    let (order, runs) = world.trial(2).await;
    store.begin_order(order.id).await.expect("begins");
    store.change_run(runs[0], RunState::Running, None, None).await.expect("runs");
    let full = Finding::new(FindingCode::MailboxFull);
    let parked = store.change_run(runs[0], RunState::Paused, Some(&full), None).await.expect("parks");
    assert_eq!((parked.state, parked.finding), (RunState::Paused, Some(full)));
    assert_eq!(store.conclude_order(order.id).await.expect("waits").life.state(), OrderState::Active);
    store.change_run(runs[1], RunState::Running, None, None).await.expect("runs");
    store.change_run(runs[1], RunState::Succeeded, None, None).await.expect("ends");
    let order = store.conclude_order(order.id).await.expect("pauses");
    assert_eq!(order.life.state(), OrderState::Paused, "so that its owner can resume it");
    store.resume_order(&order).await.expect("resumes");
    let run = store.run(runs[0]).await.expect("run").summary;
    assert_eq!((run.state, run.finding), (RunState::Queued, None));
}

async fn a_parked_run_goes_on_while_others_are_under_way(world: World) {
    let store = &world.store;
    let (order, runs) = world.trial(2).await;
    let order = store.begin_order(order.id).await.expect("begins");
    assert!(!store.has_parked_runs(order.id).await.expect("database"));
    let full = Finding::new(FindingCode::MailboxFull);
    for (run, to, finding) in
        [(0, RunState::Running, None), (1, RunState::Running, None), (0, RunState::Paused, Some(&full))]
    {
        store.change_run(runs[run], to, finding, None).await.expect("goes on");
    }
    assert!(store.has_parked_runs(order.id).await.expect("database"));
    assert_eq!(store.pairs_that_need_attention(order.id).await.expect("database"), 1);
    let resumed = store.resume_order(&order).await.expect("resumes");
    assert_eq!(resumed.life.state(), OrderState::Active);
    assert_eq!(store.pairs_that_need_attention(order.id).await.expect("database"), 0);
    let states = [store.run(runs[0]).await.expect("run"), store.run(runs[1]).await.expect("run")];
    assert_eq!(states.map(|run| run.summary.state), [RunState::Queued, RunState::Running]);
    assert!(matches!(store.resume_order(&resumed).await, Err(StoreError::WrongState(_))), "none is parked any more");
}

async fn a_delta_runs_over_the_pairs_that_were_moved(world: World) {
    let store = &world.store;
    let (order, pairs) = world.order_with(2).await;
    let late = AccountCreate { ticked: false, ..pair("late") };
    let late = store.create_pairs(order.id, 500, &[late]).await.expect("pair");
    let vouchers = store.create_vouchers(order.tenant_id, 2, 1, None).await.expect("voucher");
    store.redeem_voucher(order.id, &vouchers[0].code).await.expect("paid ahead");
    let order = store.order(order.id).await.expect("order");
    let order = store.schedule_order(&order, start(StartKind::Main, store.now())).await.expect("starts");
    assert_eq!(order.life.state(), OrderState::Scheduled, "it was paid for before");
    store.begin_order(order.id).await.expect("begins");
    for pair in &pairs {
        let run = world.only_run(order.id, *pair).await;
        store.change_run(run, RunState::Running, None, None).await.expect("runs");
        store.change_run(run, RunState::Partial, None, None).await.expect("ends");
    }
    let order = store.conclude_order(order.id).await.expect("completes");
    assert!(matches!(store.start_delta(&order, &late).await, Err(StoreError::NotFound)), "it had no main run");
    let after = store.create_pairs(order.id, 500, &[pair("after")]).await;
    assert!(matches!(after, Err(StoreError::WrongState(_))), "whoever comes after the start adds nothing");
    let delta = store.start_delta(&order, &[]).await.expect("delta");
    let delta = store.delta(order.id, delta).await.expect("delta");
    assert_eq!((delta.runs.len(), delta.finished), (2, false));
    assert!(delta.runs.iter().all(|run| run.number == 2 && run.kind == RunKind::Delta));
    assert_eq!(store.order(order.id).await.expect("order").life.state(), OrderState::Active);
    for run in &delta.runs {
        store.change_run(run.id, RunState::Running, None, None).await.expect("runs");
        store.change_run(run.id, RunState::Succeeded, None, None).await.expect("ends");
    }
    let order = store.conclude_order(order.id).await.expect("completes");
    assert!(store.deltas(order.id, Part::ALL).await.expect("deltas")[0].finished);
    let one = store.start_delta(&order, &pairs[..1]).await.expect("delta");
    assert_eq!(store.delta(order.id, one).await.expect("delta").runs.len(), 1);
    let elsewhere = world.order().await;
    assert!(matches!(store.delta(elsewhere.id, one).await, Err(StoreError::NotFound)));
}

async fn a_cancelled_order_stops_what_waits_and_forgets_passwords(world: World) {
    let store = &world.store;
    let (order, pairs) = world.order_with(2).await;
    let later = store.now() + Duration::hours(3);
    let order = store.schedule_order(&order, start(StartKind::Trial, later)).await.expect("starts");
    assert_eq!(order.earliest_start.map(|at| at.timestamp()), Some(later.timestamp()));
    let order = store.cancel_order(&order).await.expect("cancels");
    assert_eq!((order.life, order.kind), (OrderLife::Cancelled, Some(StartKind::Trial)));
    for pair in &pairs {
        let run = world.only_run(order.id, *pair).await;
        let run = store.run(run).await.expect("run").summary;
        assert_eq!((run.state, run.finished_at.is_some()), (RunState::Cancelled, true));
        let access = store.pair_access(*pair).await.expect("pair");
        assert!(access.source.password.is_none() && access.destination.password.is_none());
    }
    assert!(store.take("w", JobKind::Run, 9, std::time::Duration::from_secs(60)).await.expect("queue").is_empty());
    assert!(matches!(store.cancel_order(&order).await, Err(StoreError::WrongState(_))));
}

async fn a_run_that_pauses_in_an_order_that_was_cancelled_meanwhile_is_cancelled(world: World) {
    let store = &world.store;
    let full = Finding::new(FindingCode::MailboxFull);
    let (order, runs) = world.trial(2).await;
    store.begin_order(order.id).await.expect("begins");
    for run in &runs {
        store.change_run(*run, RunState::Running, None, None).await.expect("runs");
    }
    let order = store.pause_order(&store.order(order.id).await.expect("order")).await.expect("pauses");
    store.cancel_order(&order).await.expect("cancels");
    // What the workers had in hand: one was paused by its owner, and one mailbox was full at that moment.
    for (run, finding) in runs.iter().zip([None, Some(&full)]) {
        let ended = store.change_run(*run, RunState::Paused, finding, None).await.expect("ends");
        assert_eq!((ended.state, ended.finding, ended.finished_at.is_some()), (RunState::Cancelled, None, true));
    }
    assert!(store.orders_with_untold_runs().await.expect("looks").is_empty(), "nobody is asked to act");
}

async fn what_is_active_cannot_be_deleted_and_a_draft_can(world: World) {
    let store = &world.store;
    let (order, _) = world.trial(1).await;
    assert!(matches!(store.delete_order(order.id).await, Err(StoreError::Active)));
    let (draft, pairs) = world.order_with(2).await;
    store.create_check(draft.id, &[]).await.expect("check");
    store.delete_order(draft.id).await.expect("deletes");
    assert!(matches!(store.order(draft.id).await, Err(StoreError::NotFound)));
    assert!(matches!(store.pair_access(pairs[0]).await, Err(StoreError::NotFound)));
    assert!(store.pairs(draft.id).await.expect("none").is_empty());
}

async fn totals_and_progress_add_up(world: World) {
    let store = &world.store;
    let amount = |messages, size_bytes| MailAmount { messages, size_bytes };
    let (order, pairs) = world.order_with(3).await;
    let untick = AccountChange { ticked: Some(false), ..AccountChange::default() };
    store.change_pair(order.id, pairs[2], &untick).await.expect("changed");
    let check = store.create_check(order.id, &pairs).await.expect("check");
    for (n, pair_id) in pairs.iter().enumerate() {
        for side in [SideName::Source, SideName::Destination] {
            let at = CheckedSide { check_id: check.id, pair_id: *pair_id, side };
            store.save_login(at, LoginState::Passed, &[]).await.expect("login");
            if n != 1 {
                let (trash, junk) = (amount(14, 1_000_000), amount(100, 4_000_000));
                let all = Survey { folders: 3, messages: 214, size_bytes: 15_000_000, ..Survey::default() };
                let survey = Survey { free_bytes: Some(9), trash, junk, ..all };
                store.save_survey(at, Some(&survey), &[]).await.expect("survey");
            }
        }
    }
    let totals = store.order_totals(order.id).await.expect("totals");
    assert_eq!((totals.pairs, totals.pairs_ticked, totals.pairs_checked), (3, 2, 3));
    assert_eq!((totals.messages, totals.size_bytes, totals.survey_complete), (214, 15_000_000, false));
    assert_eq!((totals.trash, totals.junk), (amount(14, 1_000_000), amount(100, 4_000_000)));
    let payment = store.payment(order.id).await.expect("payment");
    assert_eq!((payment.pairs_needed, payment.pairs_covered), (2, 0));
    let progress = store.progress(order.id).await.expect("progress");
    assert_eq!(progress.iter().map(|row| row.pair_id).collect::<Vec<_>>(), pairs[..2]);
    assert!(progress.iter().all(|row| row.run.is_none() && row.runs == 0));
    let voucher = store.create_vouchers(OPERATOR_TENANT, 2, 1, None).await.expect("voucher").remove(0);
    let order = store.redeem_voucher(order.id, &voucher.code).await.expect("paid");
    store.schedule_order(&order, start(StartKind::Main, store.now())).await.expect("starts");
    let waiting = store.progress(order.id).await.expect("progress").remove(0).run.expect("a run");
    assert_eq!((waiting.state, waiting.started_at), (RunState::Queued, None));
    assert_eq!(
        (waiting.counts.listed, waiting.counts.listed_bytes),
        (100, 10_000_000),
        "what waits counts as surveyed, without what stays by the options"
    );
    let empty = world.order().await;
    assert_eq!(store.order_totals(empty.id).await.expect("totals").pairs, 0);
}
