//! What accounts have moved in a provider's day, where the provider lets them move only so much.
//!
//! A day begins with the first byte and lasts 24 hours: so nothing has to be known of when the provider's own begins.
//! Accounts are kept as a hash of host and user name only.

use chrono::{DateTime, Duration, Utc};
use mailferry_engine::port::Traffic;

use crate::{
    db::{Db, Tx},
    error::StoreError,
    lease::nonsense_after,
    store::Store,
    tenant::sha256,
    value::{Arg, args},
};

/// An account at a server, as a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountKey(pub(crate) Vec<u8>);

impl AccountKey {
    /// The account of this user; for an admin's login, of the mailbox that is acted for.
    pub fn new(host: &str, user: &str) -> Self {
        Self(sha256(format!("{}\0{}", host.to_lowercase(), user.to_lowercase()).as_bytes()))
    }
}

/// The accounts whose traffic is counted; those without a daily amount are none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrafficAccounts {
    /// The source.
    pub source: Option<AccountKey>,
    /// The destination.
    pub destination: Option<AccountKey>,
}

/// What an account has moved in its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DailyUse {
    /// When the day began; `None` if nothing has passed since the last one ended.
    pub since: Option<DateTime<Utc>>,
    /// Read from it, bytes.
    pub down_bytes: u64,
    /// Written to it, bytes.
    pub up_bytes: u64,
}

impl DailyUse {
    /// When the day ends; a day that has not begun ends a day from `now`.
    pub fn ends_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.since.unwrap_or(now) + day()
    }
}

fn day() -> Duration {
    Duration::hours(24)
}

impl Store {
    /// What an account has moved in its day.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn daily_use(&self, account: &AccountKey) -> Result<DailyUse, StoreError> {
        read_daily_use(self.db(), account, self.now()).await
    }
}

pub(crate) async fn read_daily_use(db: &Db, account: &AccountKey, now: DateTime<Utc>) -> Result<DailyUse, StoreError> {
    let sql = "SELECT since, down_bytes, up_bytes FROM traffic
         WHERE account_hash = $1 AND since > $2 AND since <= $3";
    let args = args![account.0.clone(), now - day(), nonsense_after(now)];
    let row = db.read().await?.row_opt(sql, args).await?;
    row.map_or(Ok(DailyUse::default()), |row| {
        Ok(DailyUse {
            since: Some(row.get("since")?),
            down_bytes: row.get("down_bytes")?,
            up_bytes: row.get("up_bytes")?,
        })
    })
}

/// Adds what has passed to the accounts' days, in the transaction that records what came of it.
pub(crate) async fn count_traffic(
    tx: &mut Tx,
    accounts: &TrafficAccounts,
    traffic: Traffic,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if let Some(account) = &accounts.source {
        add(tx, account, (traffic.from_source_bytes, 0), now).await?;
    }
    if let Some(account) = &accounts.destination {
        add(tx, account, (traffic.from_destination_bytes, traffic.to_destination_bytes), now).await?;
    }
    Ok(())
}

async fn add(
    tx: &mut Tx,
    account: &AccountKey,
    (down_bytes, up_bytes): (u64, u64),
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if (down_bytes, up_bytes) == (0, 0) {
        return Ok(());
    }
    // A day that is over, or that lies in the future because the clock was set back, is replaced.
    let sql = "INSERT INTO traffic (account_hash, since, down_bytes, up_bytes) VALUES ($1, $2, $3, $4)
         ON CONFLICT (account_hash) DO UPDATE SET
            down_bytes = excluded.down_bytes + CASE WHEN traffic.since > $5 AND traffic.since <= $6
                THEN traffic.down_bytes ELSE 0 END,
            up_bytes = excluded.up_bytes + CASE WHEN traffic.since > $5 AND traffic.since <= $6
                THEN traffic.up_bytes ELSE 0 END,
            since = CASE WHEN traffic.since > $5 AND traffic.since <= $6 THEN traffic.since ELSE excluded.since END";
    let args: Vec<Arg> = args![account.0.clone(), now, down_bytes, up_bytes, now - day(), nonsense_after(now)];
    tx.execute(sql, args).await.map(drop)
}

/// Forgets days that are over.
pub(crate) async fn forget_old_days(tx: &mut Tx, now: DateTime<Utc>) -> Result<(), StoreError> {
    tx.execute("DELETE FROM traffic WHERE since <= $1", args![now - day()]).await.map(drop)
}
