//! Time that is moved by hand: a process's, and `PostgreSQL`'s own, which judges leases and jobs.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use mailferry_store::{Clock, Context, MockClock};
use sqlx::PgPool;

/// The server finds this function before its own of the same name.
const MOVED: [&str; 4] = [
    "CREATE TABLE moved_clock (by_micros BIGINT NOT NULL)",
    "INSERT INTO moved_clock VALUES (0)",
    "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
        'SELECT pg_catalog.clock_timestamp() + by_micros * interval ''1 microsecond'' FROM public.moved_clock'",
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database()); END $$",
];

/// The time of a test.
pub(crate) struct Time {
    clock: MockClock,
    /// The database whose clock goes along.
    database: Option<PgPool>,
}

impl Time {
    /// It is now, in this database too, which nobody has opened yet.
    pub(crate) async fn now_in(database: Option<&str>) -> Self {
        Self::at(Utc::now(), database).await
    }

    /// It is `time`, in this database too, which nobody has opened yet.
    pub(crate) async fn at(time: DateTime<Utc>, database: Option<&str>) -> Self {
        let clock = MockClock::at(time);
        let Some(url) = database else { return Self { clock, database: None } };
        let pool = PgPool::connect(url).await.expect("opens");
        for statement in MOVED {
            sqlx::query(statement).execute(&pool).await.expect(statement);
        }
        let time = Self { clock, database: Some(pool) };
        time.move_database(time.now() - Utc::now()).await;
        time
    }

    /// What time it is.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Moves it, backwards if negative.
    pub(crate) async fn advance(&self, step: TimeDelta) {
        self.clock.advance(step);
        self.move_database(step).await;
    }

    async fn move_database(&self, step: TimeDelta) {
        if let Some(database) = &self.database {
            let micros = step.num_microseconds().expect("years at most");
            let sql = "UPDATE moved_clock SET by_micros = by_micros + $1";
            sqlx::query(sql).bind(micros).execute(database).await.expect("moves");
        }
    }

    /// For a store that goes by it.
    pub(crate) fn context(&self) -> Context {
        Context { clock: Arc::new(self.clock.clone()), ..Context::default() }
    }
}
