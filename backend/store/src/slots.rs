//! A server's connections are slots that all workers share: a run takes some for each side before it connects.
//!
//! Slots of a run belong to its lease. When that is released, taken over or runs out, they are free again, whatever
//! became of the worker. Whoever connects without a run makes a visit ([`Store::begin_visit`]), which counts as well.

use std::{collections::BTreeSet, time::Duration};

use chrono::{DateTime, Utc};
use mailferry_shared::{account::SideName, ids::TenantId};
use uuid::Uuid;

use crate::{
    db::Tx,
    error::StoreError,
    lease::{Lease, check_fence, lease_now},
    store::Store,
    traffic::{AccountKey, forget_old_days},
    value::{args, code},
};

/// What a run asks for at one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotRequest {
    /// The server.
    pub host: String,
    /// The account there.
    pub account: AccountKey,
    /// Connections that the account may have.
    pub per_account: u32,
    /// Connections that all accounts at this server may have.
    pub per_host: u32,
    /// Connections that the runs of its tenant may have there, if that has a limit of its own.
    pub per_tenant: Option<TenantShare>,
}

/// What a tenant's runs may have of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TenantShare {
    /// The tenant.
    pub tenant_id: TenantId,
    /// Connections at once.
    pub most: u32,
}

/// What a run got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slots {
    /// So many connections at each side; at least 1.
    Taken(u32),
    /// None is free at one of the sides.
    NoneFree,
}

/// Connections that are held: slots of leases that hold, except those of one ledger, and visits.
const HELD: &str = "SELECT COALESCE(CAST(SUM(held.connections) AS BIGINT), 0) AS n FROM (
        SELECT s.host, s.account_hash, s.connections FROM connection_slots s
            JOIN leases l ON l.ledger_id = s.ledger_id AND l.fence = s.fence
            WHERE l.expires_at > $1 AND s.ledger_id <> $2
        UNION ALL SELECT v.host, v.account_hash, v.connections FROM visits v WHERE v.expires_at > $1
    ) held WHERE";

impl Store {
    /// Takes up to `wanted` connections at both sides, as many as are free at each of them. What the lease's ledger
    /// held before is given back first.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] if the lease is lost.
    pub async fn take_slots(
        &self,
        lease: &Lease,
        wanted: u32,
        source: &SlotRequest,
        destination: &SlotRequest,
    ) -> Result<Slots, StoreError> {
        let mut tx = self.write().await?;
        check_fence(&mut tx, lease.ledger, lease.fence).await?;
        let now = lease_now(&mut tx, self.context()).await?;
        forget_old_days(&mut tx, self.now()).await?;
        lock_hosts(&mut tx, [source, destination]).await?;
        let shared = if source.host == destination.host { 2 } else { 1 };
        let mut free = wanted;
        for side in [source, destination] {
            free = free.min(free_at(&mut tx, Some(lease.ledger), side, shared, now).await?);
            free = free.min(free_for_tenant(&mut tx, lease, side, shared, now).await?);
        }
        let sql = "DELETE FROM connection_slots WHERE ledger_id = $1";
        tx.execute(sql, args![lease.ledger]).await?;
        if free > 0 {
            for (name, side) in [(SideName::Source, source), (SideName::Destination, destination)] {
                tx.execute(
                    "INSERT INTO connection_slots (ledger_id, side, fence, host, account_hash, connections, tenant_id)
                     VALUES ($1, $2, $3, $4, $5, $6, $7)",
                    args![
                        lease.ledger,
                        code(&name)?,
                        lease.fence,
                        &side.host,
                        side.account.0.clone(),
                        free,
                        side.per_tenant.map(|share| share.tenant_id),
                    ],
                )
                .await?;
            }
        }
        tx.commit().await?;
        Ok(if free == 0 { Slots::NoneFree } else { Slots::Taken(free) })
    }

    /// A server says that there are too many connections: for a while one less is given out than are held now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn lower_connections(&self, host: &str, for_a_while: Duration) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let now = lease_now(&mut tx, self.context()).await?;
        lock_host(&mut tx, host).await?;
        let held = held_at(&mut tx, None, host, now).await?;
        let sql = "UPDATE slot_hosts SET lowered_to = $2, lowered_until = $3 WHERE host = $1";
        tx.execute(sql, args![host, held.saturating_sub(1).max(1), now + for_a_while]).await?;
        tx.commit().await
    }

    /// Connections that runs and visits hold at a server.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn connections_at(&self, host: &str) -> Result<u32, StoreError> {
        let mut tx = self.read().await?;
        let now = lease_now(&mut tx, self.context()).await?;
        held_at(&mut tx, None, host, now).await
    }
}

/// Connections that are held at a server, except those of one ledger.
async fn held_at(tx: &mut Tx, except: Option<Uuid>, host: &str, now: DateTime<Utc>) -> Result<u32, StoreError> {
    tx.row(format!("{HELD} held.host = $3"), args![now, ledger_or_none(except), host]).await?.get("n")
}

/// No ledger is called so.
fn ledger_or_none(ledger: Option<Uuid>) -> String {
    ledger.map(|ledger| ledger.to_string()).unwrap_or_default()
}

/// Makes parallel claims for the same servers wait for each other; always in the same order, so that two never wait in
/// a circle.
pub(crate) async fn lock_hosts(tx: &mut Tx, at: impl IntoIterator<Item = &SlotRequest>) -> Result<(), StoreError> {
    let hosts: BTreeSet<&str> = at.into_iter().map(|side| side.host.as_str()).collect();
    for host in hosts {
        lock_host(tx, host).await?;
    }
    Ok(())
}

/// Makes parallel claims for one server wait for each other.
async fn lock_host(tx: &mut Tx, host: &str) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO slot_hosts (host, lowered_to, lowered_until) VALUES ($1, 0, 0)
         ON CONFLICT (host) DO UPDATE SET lowered_to = slot_hosts.lowered_to",
        args![host],
    )
    .await
    .map(drop)
}

/// Connections that the runs of a side's tenant may still have at its server; as many as anybody, if it has no limit.
async fn free_for_tenant(
    tx: &mut Tx,
    lease: &Lease,
    side: &SlotRequest,
    shared: u32,
    now: DateTime<Utc>,
) -> Result<u32, StoreError> {
    let Some(TenantShare { tenant_id, most }) = side.per_tenant else { return Ok(u32::MAX) };
    let sql = "SELECT COALESCE(CAST(SUM(s.connections) AS BIGINT), 0) AS n FROM connection_slots s
         JOIN leases l ON l.ledger_id = s.ledger_id AND l.fence = s.fence
         WHERE l.expires_at > $1 AND s.ledger_id <> $2 AND s.host = $3 AND s.tenant_id = $4";
    let held: u32 = tx.row(sql, args![now, lease.ledger, &side.host, tenant_id]).await?.get("n")?;
    let free = most.saturating_sub(held) / shared;
    // One run of the tenant may always work there.
    Ok(if held == 0 { free.max(1) } else { free })
}

/// Connections that one side may still have, those of the run's own ledger not counted; `shared` tells how many of its
/// sides are at this server.
pub(crate) async fn free_at(
    tx: &mut Tx,
    own: Option<Uuid>,
    side: &SlotRequest,
    shared: u32,
    now: DateTime<Utc>,
) -> Result<u32, StoreError> {
    let at_host = held_at(tx, own, &side.host, now).await?;
    let sql = format!("{HELD} held.account_hash = $3");
    let by_account: u32 = tx.row(sql, args![now, ledger_or_none(own), side.account.0.clone()]).await?.get("n")?;
    let sql = "SELECT lowered_to FROM slot_hosts WHERE host = $1 AND lowered_until > $2";
    let lowered: Option<u32> =
        tx.row_opt(sql, args![&side.host, now]).await?.map(|row| row.get("lowered_to")).transpose()?;
    let most = lowered.unwrap_or(u32::MAX).min(side.per_host);
    let free = (most.saturating_sub(at_host) / shared).min(side.per_account.saturating_sub(by_account));
    // A run alone at a server may always work, however low the limit has become.
    Ok(if at_host == 0 && by_account == 0 { free.max(1) } else { free })
}
