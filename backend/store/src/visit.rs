//! Whoever looks at servers without a run — a check, a survey, a dry run, a comparison — takes connections of the same
//! servers for that, and holds them as long as it says so.

use std::time::Duration;

use uuid::Uuid;

use crate::{
    error::StoreError,
    lease::lease_now,
    slots::{SlotRequest, free_at, lock_hosts},
    store::Store,
    value::args,
};

/// Connections that were taken for a visit; they are free again when its time is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    id: Uuid,
    /// So many at each server that was asked for; at least 1.
    pub connections: u32,
}

impl Store {
    /// Takes up to `wanted` connections at each of these servers, as many as are free at all of them, for `ttl`; `None`
    /// if none is free at one of them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn begin_visit(
        &self,
        wanted: u32,
        at: &[SlotRequest],
        ttl: Duration,
    ) -> Result<Option<Visit>, StoreError> {
        let id = self.new_id()?;
        let mut tx = self.write().await?;
        lock_hosts(&mut tx, at).await?;
        let now = lease_now(&mut tx, self.context()).await?;
        let mut free = wanted;
        for side in at {
            let shared = at.iter().filter(|other| other.host == side.host).count();
            let shared = u32::try_from(shared).unwrap_or(u32::MAX);
            free = free.min(free_at(&mut tx, None, side, shared, now).await?);
        }
        if free == 0 {
            return Ok(None);
        }
        for side in at {
            tx.execute(
                "INSERT INTO visits (id, host, account_hash, connections, expires_at) VALUES ($1, $2, $3, $4, $5)",
                args![id, &side.host, side.account.0.clone(), free, now + ttl],
            )
            .await?;
        }
        tx.commit().await?;
        Ok(Some(Visit { id, connections: free }))
    }

    /// Holds on to a visit's connections for another `ttl`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if they were not held any more.
    pub async fn prolong_visit(&self, visit: &Visit, ttl: Duration) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let now = lease_now(&mut tx, self.context()).await?;
        let sql = "UPDATE visits SET expires_at = $2 WHERE id = $1 AND expires_at > $3";
        if tx.execute(sql, args![visit.id, now + ttl, now]).await? == 0 {
            return Err(StoreError::NotFound);
        }
        tx.commit().await
    }

    /// Gives a visit's connections back.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn end_visit(&self, visit: &Visit) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        tx.execute("DELETE FROM visits WHERE id = $1", args![visit.id]).await?;
        tx.commit().await
    }

    /// Deletes what is left of connections that nobody holds any more: their worker died, or their run has ended.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget_connections(&self) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        let now = lease_now(&mut tx, self.context()).await?;
        let mut gone = tx.execute("DELETE FROM visits WHERE expires_at <= $1", args![now]).await?;
        let sql = "DELETE FROM connection_slots WHERE NOT EXISTS (SELECT 1 FROM leases l
             WHERE l.ledger_id = connection_slots.ledger_id AND l.fence = connection_slots.fence AND l.expires_at > $1)";
        gone += tx.execute(sql, args![now]).await?;
        let sql = "DELETE FROM slot_hosts WHERE lowered_until <= $1
             AND NOT EXISTS (SELECT 1 FROM connection_slots s WHERE s.host = slot_hosts.host)
             AND NOT EXISTS (SELECT 1 FROM visits v WHERE v.host = slot_hosts.host)";
        tx.execute(sql, args![now]).await?;
        tx.commit().await?;
        Ok(gone)
    }
}
