//! A worker whose database somebody else has locked (a backup, a change of its tables by hand) for longer than its lease:
//! it closes its connections to the destination, and goes on once it can write again.

use std::{str::FromStr, time::Duration};

use mailferry_domain::order::Terms;
use mailferry_lab::{CompareOptions, Postgres, Proxy, compare, matrix};
use mailferry_shared::run::RunState;
use mailferry_store::{Context, SealingKeys, Store, SystemRandom};
use sqlx::{ConnectOptions, Connection, PgConnection, SqliteConnection, raw_sql, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

use crate::{MESSAGES, open_connections_to, slow_source, trial, until, worker};

/// A connection of somebody else's that holds a lock.
enum Lock {
    /// Nobody else may write.
    Sqlite(SqliteConnection),
    /// Nobody else may so much as read who holds a lease.
    Postgres(PgConnection),
}

impl Lock {
    async fn take(database: &str) -> Self {
        if !database.starts_with("sqlite:") {
            let mut connection = PgConnection::connect(database).await.expect("opens");
            let lock = "BEGIN; LOCK TABLE leases IN ACCESS EXCLUSIVE MODE";
            raw_sql(lock).execute(&mut connection).await.expect("locked");
            return Self::Postgres(connection);
        }
        let options = SqliteConnectOptions::from_str(database).expect("an address");
        let mut connection = options.busy_timeout(Duration::from_secs(60)).connect().await.expect("opens");
        raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await.expect("locked");
        Self::Sqlite(connection)
    }

    async fn free(self) {
        match self {
            Self::Sqlite(mut connection) => {
                raw_sql("ROLLBACK").execute(&mut connection).await.expect("free");
                connection.close().await.expect("closes");
            }
            Self::Postgres(mut connection) => {
                raw_sql("ROLLBACK").execute(&mut connection).await.expect("free");
                connection.close().await.expect("closes");
            }
        }
    }
}

async fn goes_on_after_a_lock(row: &str, home: &TempDir, database: &str) {
    let (server, source) = slow_source(20);
    let destination = Proxy::start(server.imap_port()).expect("a proxy");
    let keys = home.path().join("keys");
    let sealing = SealingKeys::from_file(&keys, &SystemRandom).expect("keys");
    let store = Store::connect_with(database, sealing, Context::default(), Terms::default()).await.expect("opens");
    let run = trial(&store, source.port(), destination.port()).await;
    let stored = async || store.run(run).await.map_or(0, |run| run.summary.counts.stored);

    let worker = worker(home.path(), database, &keys, [source.port(), destination.port()]);
    until("the worker stores", async || (1..MESSAGES).contains(&stored().await)).await;
    let lock = Lock::take(database).await;
    until("its connections are closed", async || open_connections_to(destination.port()) == 0).await;
    lock.free().await;
    assert!(stored().await < MESSAGES, "it was under way");
    source.forget_plans();
    until("the run ends", async || store.run(run).await.is_ok_and(|run| run.summary.state.is_final())).await;
    let ended = store.run(run).await.expect("a run").summary;
    assert_eq!((ended.state, ended.counts.stored), (RunState::Succeeded, MESSAGES), "{ended:?}");
    let options = CompareOptions { details: 5, ..CompareOptions::default() };
    let differences = compare(&server.login("anna"), &server.login("ben"), &options).expect("both can be read");
    matrix::judge(row, 1, &differences);
    drop(worker);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_sqlite_file_is_locked_for_longer_than_its_lease_goes_on_and_loses_and_doubles_nothing() {
    let home = tempfile::tempdir().expect("a folder");
    let database = format!("sqlite://{}", home.path().join("locked.sqlite").display());
    goes_on_after_a_lock("database locked under a worker, SQLite", &home, &database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_postgresql_tables_are_locked_for_longer_than_its_lease_goes_on_and_loses_and_doubles_nothing() {
    let home = tempfile::tempdir().expect("a folder");
    let postgres = Postgres::start().expect("PostgreSQL");
    let database = postgres.fresh_database().expect("a database");
    goes_on_after_a_lock("database locked under a worker, PostgreSQL", &home, &database).await;
}
