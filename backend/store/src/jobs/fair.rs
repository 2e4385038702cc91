//! Whose run is next: tenants share the workers, and within a tenant its orders do, so that nobody's five hundred accounts
//! keep another one's single account waiting.
//!
//! A due run stands behind as many others as its tenant has at work already, and within its tenant behind as many as its
//! order has. Runs of one order go in the order in which they became due.

use std::{collections::HashMap, time::Duration};

use mailferry_shared::ids::{OrderId, RunId, TenantId};

use super::{JobKind, due};
use crate::{
    error::StoreError,
    lease::lease_now,
    store::Store,
    value::{args, code},
};

/// Due jobs with their places; arguments as of [`super::DUE`]. A job whose run is gone has a turn of its own: it ends at
/// once.
pub(super) const FAIR: &str = "SELECT j.id FROM jobs j JOIN (
        SELECT w.id, w.in_order, w.of_tenant + ROW_NUMBER() OVER (
            PARTITION BY w.tenant ORDER BY w.in_order, w.not_before, w.created_at, w.id) AS place
        FROM (
            SELECT d.id, d.not_before, d.created_at, COALESCE(o.tenant_id, d.id) AS tenant,
                COALESCE(t.held, 0) AS of_tenant,
                COALESCE(h.held, 0) + ROW_NUMBER() OVER (
                    PARTITION BY COALESCE(r.order_id, d.id) ORDER BY d.not_before, d.created_at, d.id) AS in_order
            FROM jobs d LEFT JOIN runs r ON r.id = d.id LEFT JOIN orders o ON o.id = r.order_id
            LEFT JOIN (SELECT hr.order_id, COUNT(*) AS held FROM jobs hj JOIN runs hr ON hr.id = hj.id
                WHERE hj.kind = $1 AND hj.locked_until > $2 AND hj.seen_at <= $3 GROUP BY hr.order_id) h
                ON h.order_id = r.order_id
            LEFT JOIN (SELECT ho.tenant_id, COUNT(*) AS held FROM jobs hj JOIN runs hr ON hr.id = hj.id
                JOIN orders ho ON ho.id = hr.order_id
                WHERE hj.kind = $1 AND hj.locked_until > $2 AND hj.seen_at <= $3 GROUP BY ho.tenant_id) t
                ON t.tenant_id = o.tenant_id
            WHERE d.kind = $1 AND d.not_before <= $2 AND (d.locked_until <= $2 OR d.seen_at > $3)
        ) w
    ) f ON f.id = j.id
    WHERE j.kind = $1 AND j.not_before <= $2 AND (j.locked_until <= $2 OR j.seen_at > $3)
    ORDER BY f.place, f.in_order, j.not_before, j.created_at, j.id";

/// Somebody's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Whose {
    tenant: TenantId,
    order: OrderId,
}

impl Store {
    /// True if a run that is at work should hand over: somebody who has less at work, another tenant or another order of the
    /// same one, has waited for a worker for as long as `waiting` at least. (Whoever has not is about to be taken by a free
    /// one.)
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Unavailable`].
    pub async fn should_give_way(&self, run: RunId, waiting: Duration) -> Result<bool, StoreError> {
        let mut tx = self.read().await?;
        let now = lease_now(&mut tx, self.context()).await?;
        let kind = code(&JobKind::Run)?;
        let sql = "SELECT r.order_id, o.tenant_id FROM runs r JOIN orders o ON o.id = r.order_id WHERE r.id = $1";
        let row = tx.row(sql, args![run]).await?;
        let own = Whose { tenant: row.get("tenant_id")?, order: row.get("order_id")? };
        let sql = "SELECT o.tenant_id, r.order_id, SUM(CASE WHEN j.locked_until > $2 AND j.seen_at <= $3 THEN 1 ELSE 0 END)
                AS held, SUM(CASE WHEN j.not_before <= $4 AND (j.locked_until <= $2 OR j.seen_at > $3) THEN 1 ELSE 0 END)
                AS waiting
             FROM jobs j JOIN runs r ON r.id = j.id JOIN orders o ON o.id = r.order_id
             WHERE j.kind = $1 GROUP BY o.tenant_id, r.order_id";
        let mut args = due(&kind, now);
        args.push((now - waiting).into());
        let mut all = Vec::new();
        for row in tx.rows(sql, args).await? {
            let whose = Whose { tenant: row.get("tenant_id")?, order: row.get("order_id")? };
            all.push((whose, row.get::<i64>("held")?, row.get::<i64>("waiting")? > 0));
        }
        Ok(gives_way(own, &all))
    }
}

/// `all`: whose orders have so many runs at work, and whether more of theirs wait.
fn gives_way(own: Whose, all: &[(Whose, i64, bool)]) -> bool {
    let mut by_tenant: HashMap<TenantId, i64> = HashMap::new();
    for (whose, held, _) in all {
        *by_tenant.entry(whose.tenant).or_default() += held;
    }
    let of = |tenant| by_tenant.get(&tenant).copied().unwrap_or_default();
    let own_held = all.iter().find(|(whose, ..)| *whose == own).map_or(0, |(_, held, _)| *held);
    let (own_tenant_held, own_order_held) = (of(own.tenant), own_held);
    all.iter().filter(|(_, _, waiting)| *waiting).any(|(other, held, _)| {
        if other.tenant == own.tenant {
            other.order != own.order && *held < own_order_held
        } else {
            of(other.tenant) < own_tenant_held
        }
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn whose(tenant: u128, order: u128) -> Whose {
        Whose { tenant: TenantId(Uuid::from_u128(tenant)), order: OrderId(Uuid::from_u128(order)) }
    }

    #[test]
    fn a_run_gives_way_to_whoever_has_less_at_work() {
        let own = whose(1, 1);
        for (others, expected, why) in [
            (&[][..], false, "nobody waits"),
            (&[(whose(2, 2), 0, false)], false, "nobody waits"),
            (&[(whose(2, 2), 0, true)], true, "another tenant has none at work"),
            (&[(whose(2, 2), 1, true)], true, "fewer than ours"),
            (&[(whose(2, 2), 2, true)], false, "as many as ours"),
            (&[(whose(2, 2), 1, true), (whose(2, 3), 1, false)], false, "as many, over two orders"),
            (&[(whose(1, 2), 0, true)], true, "another order of the same tenant has none"),
            (&[(whose(1, 2), 2, true)], false, "as many as our order"),
        ] {
            let all: Vec<_> = [(own, 2, true)].into_iter().chain(others.iter().copied()).collect();
            assert_eq!(gives_way(own, &all), expected, "{why}");
        }
    }

    #[test]
    fn one_worker_is_handed_round() {
        let (first, second) = (whose(1, 1), whose(2, 2));
        assert!(gives_way(first, &[(first, 1, false), (second, 0, true)]));
        assert!(gives_way(second, &[(first, 0, true), (second, 1, false)]));
        assert!(!gives_way(first, &[(first, 1, true)]), "never to its own order");
    }
}
