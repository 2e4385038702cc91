//! The cut-over: what is known of the MX records of an order's domains, and the delta that starts by itself.
//!
//! Everything is decided under the order's lock and written with the delta it leads to, so that a job that is repeated,
//! or done by two workers at once, starts each delta once.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use mailferry_domain::{
    mx::{Mx, domain_of},
    order::OrderLife,
};
use mailferry_shared::{
    ids::{DeltaId, OrderId, PairId},
    order::StartKind,
    schedule::{DeltaTrigger, SendingRecords},
};

use crate::{
    db::Tx,
    error::StoreError,
    jobs::{JobKind, enqueue},
    order::{OrderRecord, lock_order},
    store::Store,
    tenant::room_for_one_more,
    value::{Row, args, json},
};

/// A domain of an order's source addresses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WatchedDomain {
    /// The ticked pairs whose source address lies in it.
    pub pairs: Vec<PairId>,
    /// What is known of its MX records.
    pub mx: Mx,
    /// True if the latest look-up failed.
    pub lookup_failed: bool,
    /// The delta that was started for it.
    pub delta_id: Option<DeltaId>,
    /// Who may send in its name, once that was looked up.
    pub sending: Option<SendingRecords>,
}

impl Store {
    /// The domains of the order's ticked pairs, by name. A pair whose source account is no address follows the domain of
    /// its destination; one without any is in none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn watched_domains(&self, id: OrderId) -> Result<BTreeMap<String, WatchedDomain>, StoreError> {
        watched_domains(&mut self.read().await?, id).await
    }

    /// Keeps what DNS has answered for a domain, or that it has not (`None`).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], also for an order that does not exist.
    pub async fn save_mx(&self, id: OrderId, domain: &str, mx: Option<&Mx>) -> Result<(), StoreError> {
        let empty = Mx::default();
        let known = mx.unwrap_or(&empty);
        let changes = if mx.is_some() {
            "records_before = excluded.records_before, records = excluded.records, ttl_seconds = excluded.ttl_seconds,
             looked_up_at = excluded.looked_up_at, changed_at = excluded.changed_at, lookup_failed = 0"
        } else {
            "lookup_failed = 1"
        };
        let sql = format!(
            "INSERT INTO mx_watches (order_id, domain, records_before, records, ttl_seconds, looked_up_at, changed_at,
                lookup_failed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (order_id, domain) DO UPDATE SET {changes}"
        );
        let mut tx = self.write().await?;
        tx.execute(
            sql,
            args![
                id,
                domain,
                json(&known.before)?,
                json(&known.now)?,
                known.ttl_seconds,
                known.looked_up_at,
                known.changed_at,
                mx.is_none(),
            ],
        )
        .await?;
        tx.commit().await
    }

    /// Keeps who may send in the name of a domain whose MX records were looked up before.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn save_sending(&self, id: OrderId, domain: &str, sending: &SendingRecords) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let sql = "UPDATE mx_watches SET sending = $3 WHERE order_id = $1 AND domain = $2";
        tx.execute(sql, args![id, domain, json(sending)?]).await?;
        tx.commit().await
    }

    /// Starts what is due by now of the delta that starts by itself: all pairs after the delay, or those of each domain
    /// whose MX switch has settled. Pairs with a run under way wait, and so does an order whose asker has too many at work:
    /// the job looks again, nothing else of that asker starts before, and its link does not end meanwhile. Which deltas
    /// were started, and the order as it is then; `delta_at` tells when the next one is due, as far as that is known.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn start_due_delta(&self, id: OrderId) -> Result<(OrderRecord, Vec<DeltaId>), StoreError> {
        let mut tx = self.write().await?;
        let mut order = lock_order(&mut tx, id).await?;
        let Some(schedule) = order.delta_schedule.filter(|_| order.delta_pending && first_run_is_over(&order)) else {
            return Ok((order, Vec::new()));
        };
        if main_run_is_open(&mut tx, id).await? {
            return Ok((order, Vec::new()));
        }
        let started = match schedule.trigger {
            DeltaTrigger::AfterDelay => self.start_after_delay(&mut tx, &mut order).await?,
            DeltaTrigger::MxChanged => self.start_switched(&mut tx, &mut order).await?,
        };
        if !started.is_empty() {
            // The link counts from its end.
            order.planned_end_at = None;
            if matches!(order.life, OrderLife::Completed(..)) {
                order.life = order.life.start_delta()?;
            }
        }
        let order = self.write_order(&mut tx, order).await?;
        tx.commit().await?;
        self.tell_workers();
        Ok((order, started))
    }

    async fn start_after_delay(&self, tx: &mut Tx, order: &mut OrderRecord) -> Result<Vec<DeltaId>, StoreError> {
        let Some(due) = order.delta_at.filter(|at| *at <= self.now()) else { return Ok(Vec::new()) };
        let pairs = moved_pairs(tx, order.id).await?;
        if any_is_busy(tx, &pairs).await? || !pairs.is_empty() && !self.has_its_turn(tx, order, due).await? {
            return Ok(Vec::new());
        }
        (order.delta_pending, order.delta_at) = (false, None);
        if pairs.is_empty() {
            return Ok(Vec::new());
        }
        Ok(vec![self.queue_delta(tx, order, &pairs).await?])
    }

    /// Whether a delta that is due since `due` may make its order active now.
    async fn has_its_turn(&self, tx: &mut Tx, order: &OrderRecord, due: DateTime<Utc>) -> Result<bool, StoreError> {
        if !matches!(order.life, OrderLife::Completed(..)) {
            return Ok(true);
        }
        match room_for_one_more(tx, order, self.terms().active_orders, due).await {
            Ok(()) => Ok(true),
            Err(StoreError::TooManyActive { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn start_switched(&self, tx: &mut Tx, order: &mut OrderRecord) -> Result<Vec<DeltaId>, StoreError> {
        let moved = moved_pairs(tx, order.id).await?;
        let (mut started, mut next, mut pending) = (Vec::new(), None::<DateTime<Utc>>, false);
        for (domain, watched) in watched_domains(tx, order.id).await? {
            if watched.delta_id.is_some() {
                continue;
            }
            let pairs: Vec<PairId> = watched.pairs.iter().copied().filter(|pair| moved.contains(pair)).collect();
            let settled = watched.mx.settled_at();
            if pairs.is_empty() {
                continue;
            }
            let due = settled.filter(|at| *at <= self.now());
            let starts = match due {
                Some(due) => !any_is_busy(tx, &pairs).await? && self.has_its_turn(tx, order, due).await?,
                None => false,
            };
            if !starts {
                pending = true;
                next = next.into_iter().chain(settled).min();
                continue;
            }
            let delta = self.queue_delta(tx, order, &pairs).await?;
            let sql = "UPDATE mx_watches SET delta_id = $3 WHERE order_id = $1 AND domain = $2";
            tx.execute(sql, args![order.id, &domain, delta]).await?;
            started.push(delta);
        }
        (order.delta_pending, order.delta_at) = (pending, next);
        Ok(started)
    }

    /// The first run of a full migration has ended: from here on the delay counts, or the MX records are watched.
    pub(crate) async fn plan_delta(&self, tx: &mut Tx, order: &mut OrderRecord) -> Result<(), StoreError> {
        let OrderLife::Completed(begun, _) = order.life else { return Ok(()) };
        let Some(schedule) = order.delta_schedule.filter(|_| order.delta_pending && begun.kind == StartKind::Main)
        else {
            return Ok(());
        };
        let at = match schedule.trigger {
            DeltaTrigger::AfterDelay => {
                let usual = self.terms().delta_delay_hours.usual;
                let delay = Duration::hours(i64::from(schedule.delay_hours.unwrap_or(usual)));
                let at = order.delta_at.unwrap_or_else(|| self.now() + delay);
                order.delta_at = Some(at);
                at
            }
            DeltaTrigger::MxChanged => self.now(),
        };
        enqueue(tx, JobKind::CutOver, order.id.0, at, self.now()).await
    }

    /// Orders whose delta waits for a time that the clock, having gone back, would reach too late: the delay counts from
    /// now. How many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn mend_delta_times(&self) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        let sql = "UPDATE orders SET delta_at = $1 + delta_delay_hours * 3600000000, version = version + 1
             WHERE delta_pending = 1 AND delta_trigger = 'after_delay'
                AND delta_at > $1 + delta_delay_hours * 3600000000 + 60000000
             RETURNING id, delta_at";
        let rows = tx.rows(sql, args![self.now()]).await?;
        for row in &rows {
            enqueue(&mut tx, JobKind::CutOver, row.get("id")?, row.get("delta_at")?, self.now()).await?;
        }
        tx.commit().await?;
        Ok(rows.len() as u64)
    }

    /// Orders whose delta is to start by itself but whose job was lost, or waits longer than any job of this kind does.
    pub(crate) async fn cut_overs_left_behind(&self, tx: &mut Tx) -> Result<Vec<Row>, StoreError> {
        tx.rows(
            "SELECT o.id FROM orders o WHERE o.delta_pending = 1 AND o.kind = 'main'
                AND o.state IN ('active', 'paused', 'completed')
                AND (o.delta_trigger = 'mx_changed' OR o.delta_at IS NOT NULL)
                AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'cut_over' AND j.id = o.id
                    AND j.not_before <= CASE WHEN o.delta_trigger = 'mx_changed' THEN $1 ELSE o.delta_at END)",
            args![self.now() + Duration::hours(1)],
        )
        .await
    }
}

fn first_run_is_over(order: &OrderRecord) -> bool {
    match order.life {
        OrderLife::Completed(begun, _) | OrderLife::Active(begun) => begun.kind == StartKind::Main,
        OrderLife::Draft
        | OrderLife::AwaitingPayment { .. }
        | OrderLife::Scheduled { .. }
        | OrderLife::Paused(_)
        | OrderLife::Closed
        | OrderLife::Cancelled => false,
    }
}

async fn main_run_is_open(tx: &mut Tx, id: OrderId) -> Result<bool, StoreError> {
    let sql = "SELECT COUNT(*) AS open FROM runs WHERE order_id = $1 AND kind = 'main'
         AND state IN ('queued', 'running', 'paused')";
    Ok(tx.row(sql, args![id]).await?.get::<i64>("open")? > 0)
}

async fn any_is_busy(tx: &mut Tx, pairs: &[PairId]) -> Result<bool, StoreError> {
    for pair in pairs {
        let sql = "SELECT COUNT(*) AS open FROM runs WHERE pair_id = $1 AND state IN ('queued', 'running', 'paused')";
        if tx.row(sql, args![*pair]).await?.get::<i64>("open")? > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The pairs of an order that have had their main run, in the order they were entered.
pub(crate) async fn moved_pairs(tx: &mut Tx, id: OrderId) -> Result<Vec<PairId>, StoreError> {
    let rows = tx
        .rows(
            "SELECT p.id FROM pairs p WHERE p.order_id = $1
                AND EXISTS (SELECT 1 FROM runs r WHERE r.pair_id = p.id AND r.kind = 'main')
             ORDER BY p.position",
            args![id],
        )
        .await?;
    rows.iter().map(|row| row.get("id")).collect()
}

async fn watched_domains(tx: &mut Tx, id: OrderId) -> Result<BTreeMap<String, WatchedDomain>, StoreError> {
    let rows = tx
        .rows(
            "SELECT p.id, s.user_name AS source, s.act_for AS source_for, d.user_name AS destination,
                d.act_for AS destination_for
             FROM pairs p
             JOIN sides s ON s.pair_id = p.id AND s.side = 'source'
             JOIN sides d ON d.pair_id = p.id AND d.side = 'destination'
             WHERE p.order_id = $1 AND p.ticked = 1 ORDER BY p.position",
            args![id],
        )
        .await?;
    let mut domains: BTreeMap<String, WatchedDomain> = BTreeMap::new();
    for row in &rows {
        let side = |user, act_for| -> Result<Option<String>, StoreError> {
            Ok(domain_of(&row.get::<String>(user)?, row.get::<Option<String>>(act_for)?.as_deref()))
        };
        let domain = side("source", "source_for")?.or(side("destination", "destination_for")?);
        if let Some(domain) = domain {
            domains.entry(domain).or_default().pairs.push(row.get("id")?);
        }
    }
    let sql = "SELECT domain, records_before, records, ttl_seconds, looked_up_at, changed_at, lookup_failed, delta_id,
            sending FROM mx_watches WHERE order_id = $1";
    for row in tx.rows(sql, args![id]).await? {
        let Some(watched) = domains.get_mut(&row.get::<String>("domain")?) else { continue };
        watched.mx = Mx {
            before: row.json("records_before")?,
            now: row.json("records")?,
            ttl_seconds: row.get("ttl_seconds")?,
            looked_up_at: row.get("looked_up_at")?,
            changed_at: row.get("changed_at")?,
        };
        watched.lookup_failed = row.get("lookup_failed")?;
        watched.delta_id = row.get("delta_id")?;
        watched.sending = row.json_opt("sending")?;
    }
    Ok(domains)
}
