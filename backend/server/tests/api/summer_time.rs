//! Schedules and leases while the clocks change: in Berlin on 29 March 2026 from 2 to 3 o'clock, on 25 October 2026 from 3
//! back to 2 o'clock, both at 01:00 UTC. A PostgreSQL shows Berlin's time meanwhile.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use mailferry_shared::run::RunState;
use mailferry_store::{
    Part,
    jobs::{JobKind, JobQueue, LOCK},
};
use serde_json::json;
use sqlx::{Connection, PgConnection, raw_sql};

use crate::{
    harness::{Service, on_each},
    schedule::{account, cut_over, paid, work},
    time::Time,
};

const IN_BERLIN: &str = "DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET timezone = ''Europe/Berlin''', current_database());
END $$";

fn time(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

/// A service in Berlin at this time.
async fn in_berlin_at(now: &str, database: Option<String>) -> (Service, Time) {
    if let Some(url) = &database {
        let mut connection = PgConnection::connect(url).await.expect("opens");
        raw_sql(IN_BERLIN).execute(&mut connection).await.expect("another time zone");
    }
    let clock = Time::at(time(now), database.as_deref()).await;
    let service = Service::start_at_with(&clock, database, |_| {}).await;
    (service, clock)
}

/// Wished for at a time of Berlin's, an order begins then, and its second run follows after as many hours as were asked
/// for, however many the clock on the wall shows.
async fn begins_and_is_followed(now: &str, wish: &str, database: Option<String>) {
    let (service, clock) = in_berlin_at(now, database).await;
    let context = service.app.job_context().expect("a context");
    let (path, client) = paid(&service, &[account("anna@old.example")]).await;
    let body = json!({"earliest_start": wish, "delta_schedule": {"trigger": "after_delay", "delay_hours": 4}});
    let order = client.post(&format!("{path}/start"), body).await.json();
    assert_eq!(order["earliest_start"], json!(time(wish)), "{order}");
    let runs_due = async || service.store.take("worker", JobKind::Run, 9, LOCK).await.expect("looks").len();
    clock.advance(time(wish) - time(now) - TimeDelta::minutes(5)).await;
    assert_eq!(runs_due().await, 0, "{wish}: not five minutes before");
    clock.advance(TimeDelta::minutes(6)).await;
    assert_eq!(runs_due().await, 1, "{wish}");
    work(&context, &client, &path, RunState::Succeeded).await;
    let order = client.get(&path).await.json();
    assert_eq!(order["delta_at"], json!(clock.now() + TimeDelta::hours(4)), "{order}");
    let state = async || {
        cut_over(&context).await;
        client.get(&path).await.json()["state"].clone()
    };
    clock.advance(TimeDelta::minutes(4 * 60 - 5)).await;
    assert_eq!(state().await, "completed", "{wish}: not five minutes before");
    clock.advance(TimeDelta::minutes(6)).await;
    assert_eq!(state().await, "active", "{wish}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_summer_time_begins_a_schedule_is_neither_an_hour_early_nor_late() {
    for wish in ["2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"] {
        on_each(async |database: Option<String>| begins_and_is_followed("2026-03-28T23:15:00Z", wish, database).await)
            .await;
    }
}

/// Half past two comes twice.
#[tokio::test(flavor = "multi_thread")]
async fn when_summer_time_ends_a_schedule_knows_the_first_half_past_two_from_the_second() {
    for wish in ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"] {
        on_each(async |database: Option<String>| begins_and_is_followed("2026-10-24T23:15:00Z", wish, database).await)
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_lasts_its_half_hour_while_the_clocks_change() {
    for change in ["2026-03-29T00:45:00Z", "2026-10-25T00:45:00Z"] {
        on_each(async |database: Option<String>| lasts_its_half_hour(change, database).await).await;
    }
}

async fn lasts_its_half_hour(change: &str, database: Option<String>) {
    let (service, clock) = in_berlin_at(change, database).await;
    let (path, client) = paid(&service, &[account("anna@old.example")]).await;
    client.post(&format!("{path}/start"), json!({})).await;
    let order = path.rsplit('/').next().expect("an id").parse().expect("an id");
    let pair = service.store.pairs(order).await.expect("pairs")[0].id;
    let run = service.store.runs_of_pair(order, pair, Part::ALL).await.expect("runs")[0].id;
    let half_hour = Duration::from_secs(30 * 60);
    let claim = async |worker| service.store.claim_lease(run, worker, half_hour).await.expect("database");
    let held = claim("one").await.expect("free");
    clock.advance(TimeDelta::minutes(20)).await;
    assert_eq!(claim("two").await, None, "{change}: five minutes after the change");
    service.store.renew_lease(&held, half_hour).await.expect("still its own");
    clock.advance(TimeDelta::minutes(20)).await;
    assert_eq!(claim("two").await, None, "{change}: renewed");
    clock.advance(TimeDelta::minutes(15)).await;
    assert!(claim("two").await.is_some_and(|lease| lease.took_over), "{change}");
    service.stop().await;
}
