//! Leases: who may write an account pair's ledger. Each claim gets a higher fencing number, and every write of the
//! ledger checks it in its own transaction, so that a worker that was thought dead can do no harm.
//!
//! A lease is held on the ledger, that is on the pair, not on the single run: a stale worker of a main run is fenced
//! off by the delta that follows, too.

use std::time::Duration;

use chrono::{DateTime, Utc};
use mailferry_shared::ids::{PairId, RunId};
use uuid::Uuid;

use crate::{
    context::Context,
    db::{Db, Tx},
    error::StoreError,
    store::Store,
    value::args,
};

/// Permission to write a ledger for one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The ledger: the pair's id, or nil for the command line.
    pub ledger: Uuid,
    /// The run it is for.
    pub run_id: RunId,
    /// Who holds it.
    pub worker: String,
    /// Higher than that of every lease before.
    pub fence: i64,
    /// Until when, unless renewed; by the database's clock.
    pub expires_at: DateTime<Utc>,
    /// True if the one before was not released: its worker may still be sending. Wait before deciding open intents.
    pub took_over: bool,
    /// How long others have waited for that worker already, which left this lease and have sent nothing: so much less has
    /// to be waited.
    pub waited: Duration,
    /// Since when anybody waits for it; by the database's clock.
    pub(crate) waits_since: DateTime<Utc>,
}

/// When a lease ends that was given back: nothing of its worker's is on its way.
const RELEASED: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// When one ends that was left without any such time.
const LEFT: DateTime<Utc> = DateTime::from_timestamp(1, 0).expect("a time");

/// When one ends that was left since this time: as long before 1970 as that was after it. Something of the worker's before
/// it may be on its way, and nothing of its own.
fn left_since(time: DateTime<Utc>) -> DateTime<Utc> {
    mirrored(time).min(RELEASED - chrono::Duration::microseconds(1))
}

/// A longer time has hardly been waited: a clock may have jumped, and who waits once more loses little.
const LONGEST_WAITED: chrono::Duration = chrono::Duration::minutes(10);

/// Since when a lease that ends at this time was left by everybody who took it over; `None` if it was not left.
fn since_left(expires_at: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let since = (expires_at < RELEASED).then(|| mirrored(expires_at))?;
    (since..since + LONGEST_WAITED).contains(&now).then_some(since)
}

fn mirrored(time: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(time.timestamp_micros().saturating_neg()).unwrap_or(RELEASED)
}

/// A clock that went back by more than this makes what it showed before void.
const CLOCK_SLACK: chrono::Duration = chrono::Duration::seconds(5);

/// The time by which leases and jobs are judged: the database server's, the same for every worker of a PostgreSQL; the
/// process's own for a SQLite file, since all its users are on one machine.
pub(crate) async fn lease_now(tx: &mut Tx, context: &Context) -> Result<DateTime<Utc>, StoreError> {
    match tx {
        Tx::Sqlite(_) => Ok(context.clock.now()),
        Tx::Postgres(_) => {
            let sql = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) AS now";
            tx.row(sql, args![]).await?.get("now")
        }
    }
}

/// What is seen as later than now, the clock having gone back.
pub(crate) fn nonsense_after(now: DateTime<Utc>) -> DateTime<Utc> {
    now + CLOCK_SLACK
}

impl Store {
    /// Claims the ledger of the run's pair for `ttl`; `None` while another worker holds it. The same worker may claim
    /// again (it was restarted under its name) and gets a higher fencing number.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such run.
    pub async fn claim_lease(&self, run_id: RunId, worker: &str, ttl: Duration) -> Result<Option<Lease>, StoreError> {
        let sql = "SELECT pair_id FROM runs WHERE id = $1";
        let pair: PairId = self.read().await?.row(sql, args![run_id]).await?.get("pair_id")?;
        claim(self.db(), self.context(), &Claim { ledger: pair.0, run_id, worker, ttl }).await
    }

    /// Holds on to a lease for another `ttl`.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] if another worker has it by now: close the destination's connections at once.
    pub async fn renew_lease(&self, lease: &Lease, ttl: Duration) -> Result<(), StoreError> {
        renew(self.db(), self.context(), lease, ttl).await
    }

    /// Gives a lease up; nothing happens if another worker has it already.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        end(self.db(), lease, RELEASED).await
    }

    /// Leaves a lease that was taken over before the time had passed that whoever takes over must wait: anybody may claim
    /// it at once, and has to wait in turn ([`Lease::took_over`]) for what is left ([`Lease::waited`]). Nothing happens if
    /// another worker has it already.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn leave_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        // Whoever took over nothing may have sent something of its own.
        let until = if lease.took_over { left_since(lease.waits_since) } else { LEFT };
        end(self.db(), lease, until).await
    }
}

/// What is asked for.
pub(crate) struct Claim<'a> {
    pub(crate) ledger: Uuid,
    pub(crate) run_id: RunId,
    pub(crate) worker: &'a str,
    pub(crate) ttl: Duration,
}

/// Claims a ledger.
pub(crate) async fn claim(db: &Db, context: &Context, claim: &Claim<'_>) -> Result<Option<Lease>, StoreError> {
    let mut tx = db.write().await?;
    // One row a ledger from the start, so that two first claims wait for each other.
    tx.execute(
        "INSERT INTO leases (ledger_id, run_id, worker, fence, renewed_at, expires_at) VALUES ($1, $2, '', 0, 0, 0)
         ON CONFLICT (ledger_id) DO UPDATE SET fence = leases.fence",
        args![claim.ledger, claim.run_id],
    )
    .await?;
    let now = lease_now(&mut tx, context).await?;
    let held = "SELECT worker, renewed_at, expires_at FROM leases WHERE ledger_id = $1";
    let before = tx.row(held, args![claim.ledger]).await?;
    let expires_at = before.get::<DateTime<Utc>>("expires_at")?;
    let valid = expires_at > now && before.get::<DateTime<Utc>>("renewed_at")? <= nonsense_after(now);
    if valid && before.get::<String>("worker")? != claim.worker {
        return Ok(None);
    }
    let until = now + claim.ttl;
    let row = tx
        .row(
            "UPDATE leases SET run_id = $2, worker = $3, fence = fence + 1, renewed_at = $4, expires_at = $5
             WHERE ledger_id = $1 RETURNING fence",
            args![claim.ledger, claim.run_id, claim.worker, now, until],
        )
        .await?;
    let waits_since = since_left(expires_at, now).unwrap_or(now);
    let lease = Lease {
        ledger: claim.ledger,
        run_id: claim.run_id,
        worker: claim.worker.to_owned(),
        fence: row.get("fence")?,
        expires_at: until,
        took_over: expires_at != RELEASED,
        waited: (now - waits_since).to_std().unwrap_or_default(),
        waits_since,
    };
    tx.commit().await?;
    Ok(Some(lease))
}

/// Holds on to a lease.
pub(crate) async fn renew(db: &Db, context: &Context, lease: &Lease, ttl: Duration) -> Result<(), StoreError> {
    let mut tx = db.write().await?;
    let now = lease_now(&mut tx, context).await?;
    let sql = "UPDATE leases SET renewed_at = $3, expires_at = $4 WHERE ledger_id = $1 AND fence = $2";
    if tx.execute(sql, args![lease.ledger, lease.fence, now, now + ttl]).await? == 0 {
        return Err(StoreError::Fenced);
    }
    tx.commit().await
}

/// Lets a lease end at a time that tells why.
async fn end(db: &Db, lease: &Lease, expires_at: DateTime<Utc>) -> Result<(), StoreError> {
    let mut tx = db.write().await?;
    let sql = "UPDATE leases SET expires_at = $3 WHERE ledger_id = $1 AND fence = $2";
    tx.execute(sql, args![lease.ledger, lease.fence, expires_at]).await?;
    tx.commit().await
}

/// Makes sure that nobody has claimed the ledger since, and that nobody does before this transaction ends.
///
/// # Errors
/// [`StoreError::Fenced`].
pub(crate) async fn check_fence(tx: &mut Tx, ledger: Uuid, fence: i64) -> Result<(), StoreError> {
    // On SQLite a transaction that writes is alone anyway.
    let sql = tx.either(
        "SELECT fence FROM leases WHERE ledger_id = $1 AND fence = $2",
        "SELECT fence FROM leases WHERE ledger_id = $1 AND fence = $2 FOR SHARE",
    );
    tx.row_opt(sql, args![ledger, fence]).await?.map(drop).ok_or(StoreError::Fenced)
}
