//! Another process that has the ledger's file open, and locks it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use sqlx::{ConnectOptions, Connection, SqliteConnection, raw_sql, sqlite::SqliteConnectOptions};
use tokio::{sync::Mutex, time::sleep};

use crate::ground::quickly;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    /// The lock is free before the ledger is tired of waiting for it.
    ForAMoment,
    /// It is held until [`OtherProcess::let_go`].
    TooLong,
}

#[derive(Clone)]
pub(crate) struct OtherProcess {
    file: PathBuf,
    held: Held,
    holding: Arc<Mutex<Option<SqliteConnection>>>,
}

impl OtherProcess {
    pub(crate) fn new(file: PathBuf, held: Held) -> Self {
        Self { file, held, holding: Arc::default() }
    }

    /// From now on nobody else can write.
    pub(crate) async fn lock(&self) {
        let options = SqliteConnectOptions::new().filename(&self.file).busy_timeout(Duration::from_secs(60));
        let mut connection = options.connect().await.expect("opens the ledger's file");
        raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await.expect("locks it");
        *self.holding.lock().await = Some(connection);
        if self.held == Held::ForAMoment {
            let other = self.clone();
            tokio::spawn(async move {
                sleep(quickly()).await;
                other.let_go().await;
            });
        }
    }

    /// Whether the lock was still held.
    pub(crate) async fn let_go(&self) -> bool {
        let mut holding = self.holding.lock().await;
        let Some(mut connection) = holding.take() else { return false };
        raw_sql("ROLLBACK").execute(&mut connection).await.expect("is free");
        connection.close().await.expect("closes");
        true
    }
}
