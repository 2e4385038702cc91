use chrono::Duration;

use super::*;

fn at(day: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + Duration::days(day)
}

const NEW: Marks = Marks {
    created_at: DateTime::UNIX_EPOCH,
    wished_start: None,
    first_started_at: None,
    planned_end_at: None,
    ended_at: None,
    delta_is_pending: false,
};

fn ends(life: OrderLife, marks: Marks) -> i64 {
    (life.expires_at(&marks, &Terms::default()) - DateTime::UNIX_EPOCH).num_days()
}

fn main_start() -> Start {
    Start { kind: StartKind::Main, earliest: at(1), delta: None }
}

#[test]
fn a_full_migration_waits_for_payment_and_a_trial_does_not() {
    let waiting = OrderLife::Draft.start(main_start(), false).expect("draft");
    assert_eq!(waiting.state(), OrderState::AwaitingPayment);
    assert_eq!(waiting.paid().state(), OrderState::Scheduled);
    let trial = OrderLife::Draft.start(Start { kind: StartKind::Trial, ..main_start() }, false).expect("draft");
    assert_eq!(trial.state(), OrderState::Scheduled);
}

#[test]
fn a_start_can_be_taken_back_until_it_has_come() {
    let scheduled = OrderLife::Draft.start(main_start(), true).expect("draft");
    assert!(scheduled.actions().contains(&OrderAction::Unschedule));
    assert_eq!(scheduled.unschedule(None), Ok(OrderLife::Draft));
    let ended = Ended { finished_at: at(2) };
    let trial = OrderLife::Completed(Begun { kind: StartKind::Trial, started_at: at(1) }, ended);
    let upgraded = trial.start(main_start(), true).expect("a trial");
    assert_eq!(upgraded.unschedule(Some((at(1), ended))), Ok(trial));
    let active = scheduled.begin(at(1)).expect("begins");
    assert!(active.unschedule(None).is_err() && !active.actions().contains(&OrderAction::Unschedule));
}

#[test]
fn the_whole_way_with_a_pause_and_a_delta() {
    let life = OrderLife::Draft.start(main_start(), true).and_then(|o| o.begin(at(1))).expect("begins");
    let life = life.pause().and_then(|o| o.resume(false)).and_then(|o| o.complete(at(2))).expect("completes");
    assert_eq!(life.actions()[0], OrderAction::StartDelta);
    let life = life.start_delta().and_then(|o| o.complete(at(9))).expect("delta completes");
    assert_eq!(ends(life, NEW), 23);
    assert_eq!(life.close().state(), OrderState::Closed);
}

#[test]
fn options_can_be_changed_between_two_runs_and_nothing_else_about_what_is_copied() {
    for kind in [StartKind::Main, StartKind::Trial] {
        let ended = OrderLife::Completed(Begun { kind, started_at: at(1) }, Ended { finished_at: at(2) });
        let actions = ended.actions();
        assert!(actions.contains(&OrderAction::ChangeOptions) && !actions.contains(&OrderAction::Change));
    }
    let active = OrderLife::Active(Begun { kind: StartKind::Main, started_at: at(1) });
    assert!(!active.actions().contains(&OrderAction::ChangeOptions));
}

#[test]
fn the_link_works_14_days_after_the_end_and_never_outlives_45_days_from_the_first_start() {
    let begun = Begun { kind: StartKind::Main, started_at: at(0) };
    let marks = Marks { first_started_at: Some(at(0)), ..NEW };
    let ended = |day| OrderLife::Completed(begun, Ended { finished_at: at(day) });
    assert_eq!(ends(ended(2), marks), 16);
    assert_eq!(ends(ended(40), marks), 45);
    assert_eq!(ends(OrderLife::Paused(begun), marks), 45);
    assert_eq!(ends(ended(2), Marks { delta_is_pending: true, ..marks }), 45, "a delta that was planned is not lost");
    let upgraded = Begun { kind: StartKind::Main, started_at: at(30) };
    assert_eq!(ends(OrderLife::Active(upgraded), marks), 45, "from the very first start");
}

#[test]
fn a_delta_started_by_hand_does_not_prolong_the_link_but_can_be_looked_at() {
    let begun = Begun { kind: StartKind::Main, started_at: at(0) };
    let marks = Marks { first_started_at: Some(at(0)), planned_end_at: Some(at(2)), ..NEW };
    let ended = |day| OrderLife::Completed(begun, Ended { finished_at: at(day) });
    assert_eq!([ended(2), ended(9), ended(15)].map(|life| ends(life, marks)), [16; 3]);
    assert_eq!(ends(ended(16), marks), 17, "it was under way when the link would have ended");
    let scheduled = Marks { planned_end_at: Some(at(9)), ..marks };
    assert_eq!(ends(ended(9), scheduled), 23, "one that started by itself counts");
}

#[test]
fn a_draft_lives_for_30_days_and_from_its_wished_start_if_that_is_later() {
    assert_eq!(ends(OrderLife::Draft, NEW), 30);
    assert_eq!(ends(OrderLife::Draft, Marks { wished_start: Some(at(60)), ..NEW }), 90);
}

#[test]
fn an_order_that_waits_for_payment_lives_for_30_days_from_its_earliest_start() {
    let waiting = |day| OrderLife::AwaitingPayment { start: Start { earliest: at(day), ..main_start() } };
    assert_eq!(ends(waiting(29), NEW), 59, "whatever its draft was");
    assert_eq!(ends(waiting(60), NEW), 90, "until it may start at all");
    let trial = Marks { first_started_at: Some(at(40)), ..NEW };
    assert_eq!(
        ends(waiting(45), trial),
        72,
        "a trial may start as a full migration until day 71, and be paid a day later"
    );
    assert_eq!(ends(waiting(71), trial), 72);
}

#[test]
fn the_link_of_what_was_cancelled_works_14_days_from_then() {
    let cancelled = Marks { ended_at: Some(at(40)), ..NEW };
    assert_eq!(ends(OrderLife::Cancelled, cancelled), 54, "however old the order is");
    assert_eq!(ends(OrderLife::Cancelled, Marks { first_started_at: Some(at(0)), ..cancelled }), 45);
    assert_eq!(ends(OrderLife::Closed, cancelled), 40);
}

#[test]
fn a_trial_has_no_delta_but_becomes_a_full_migration() {
    let begun = Begun { kind: StartKind::Trial, started_at: at(1) };
    let done = OrderLife::Completed(begun, Ended { finished_at: at(2) });
    assert_eq!(done.start_delta(), Err(OrderTransitionError { from: OrderState::Completed, action: "start a delta" }));
    assert_eq!(done.start(main_start(), true).expect("upgrade").state(), OrderState::Scheduled);
}

#[test]
fn what_is_not_possible_says_so() {
    let error = OrderLife::Closed.cancel().expect_err("closed");
    assert_eq!(error.to_string(), "an order that is Closed cannot be cancelled");
    assert!(OrderLife::Active(Begun { kind: StartKind::Main, started_at: at(0) }).start(main_start(), true).is_err());
}
