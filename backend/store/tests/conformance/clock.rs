//! `PostgreSQL`'s own clock, which judges leases and jobs, stopped: as time stands still for a SQLite file, whose users
//! go by their own.

use chrono::{DateTime, Utc};
use sqlx::{PgPool, raw_sql};

/// The server finds this function before its own of the same name. Without a row, time runs.
const STOPPED: &str = "
    CREATE TABLE stopped_clock (at_micros BIGINT NOT NULL);
    CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
        SELECT COALESCE(
            (SELECT timestamptz 'epoch' + at_micros * interval '1 microsecond' FROM public.stopped_clock),
            pg_catalog.clock_timestamp())
    $$;
    DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database());
    END $$;";

/// The clock of one database.
pub(crate) struct DatabaseClock(PgPool);

impl DatabaseClock {
    /// Of a database that nobody has opened yet. It shows the present, and stands.
    pub(crate) async fn stopped(address: &str, now: DateTime<Utc>) -> Self {
        let pool = PgPool::connect(address).await.expect("opens");
        raw_sql(STOPPED).execute(&pool).await.expect("a clock that can be stopped");
        let clock = Self(pool);
        clock.show(now).await;
        clock
    }

    /// Stops it at `time`.
    pub(crate) async fn show(&self, time: DateTime<Utc>) {
        self.run().await;
        let sql = "INSERT INTO stopped_clock VALUES ($1)";
        sqlx::query(sql).bind(time.timestamp_micros()).execute(&self.0).await.expect("stops");
    }

    /// From now on it goes by itself.
    pub(crate) async fn run(&self) {
        sqlx::query("DELETE FROM stopped_clock").execute(&self.0).await.expect("runs");
    }
}
