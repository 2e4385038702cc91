//! Changes of an order's state that do more than one thing: each is one transaction over state, runs and jobs.

use chrono::{DateTime, Utc};
use mailferry_domain::order::{OrderLife, Start};
use mailferry_shared::{
    ids::{DeltaId, OrderId, PairId, RunId},
    order::StartKind,
    run::{RunKind, RunState},
    webhook::EventKind,
};

use crate::{
    credential::forget_passwords,
    cut_over::moved_pairs,
    db::Tx,
    error::StoreError,
    jobs::{JobKind, enqueue},
    order::{OrderRecord, lock_order},
    payment::covered,
    store::Store,
    tenant::room_for_one_more,
    value::{args, code},
    voucher::{fit, give_back, give_back_surplus},
};

mod unschedule;

impl Store {
    /// The owner starts the order. If it is paid for (or a trial, or a sandbox order), it is scheduled: every ticked pair
    /// gets a queued run and a job at the earliest start. Otherwise it awaits payment.
    ///
    /// # Errors
    /// [`StoreError::Conflict`], [`StoreError::WrongState`], [`StoreError::NothingTicked`], [`StoreError::TooManyActive`].
    pub async fn schedule_order(&self, order: &OrderRecord, start: Start) -> Result<OrderRecord, StoreError> {
        let mut tx = self.write().await?;
        let order = self.lock_version(&mut tx, order).await?;
        let order = self.schedule_locked(&mut tx, order, start).await?;
        tx.commit().await?;
        self.tell_workers();
        Ok(order)
    }

    /// The same for an order that this transaction has locked.
    pub(crate) async fn schedule_locked(
        &self,
        tx: &mut Tx,
        mut order: OrderRecord,
        start: Start,
    ) -> Result<OrderRecord, StoreError> {
        if start.kind == StartKind::Main {
            self.pay_by_link(tx, &order).await?;
            fit::check_all(tx, &order, self.now()).await?;
        }
        let payment = covered(tx, order.id).await?;
        if payment.pairs_needed == 0 {
            return Err(StoreError::NothingTicked);
        }
        // The test hosts cost nothing.
        let paid = order.asker.sandbox || payment.pairs_covered >= payment.pairs_needed;
        order.life = order.life.start(start, paid)?;
        self.make_room(tx, &order).await?;
        self.write_scheduled(tx, order).await
    }

    /// Makes sure that whoever asked for a scheduled order may have one more at work.
    pub(crate) async fn make_room(&self, tx: &mut Tx, order: &OrderRecord) -> Result<(), StoreError> {
        match order.life {
            OrderLife::Scheduled { .. } | OrderLife::Active(_) => {
                room_for_one_more(tx, order, self.terms().active_orders, self.now()).await
            }
            _ => Ok(()),
        }
    }

    /// Writes a started order that this transaction has locked, with runs and jobs if it is scheduled. What money was taken
    /// for is scheduled whatever else is at work: whoever lets somebody start asks for room before ([`Self::make_room`]).
    pub(crate) async fn write_scheduled(&self, tx: &mut Tx, order: OrderRecord) -> Result<OrderRecord, StoreError> {
        if let OrderLife::Scheduled { start } = order.life {
            let kind = match start.kind {
                StartKind::Main => RunKind::Main,
                StartKind::Trial => RunKind::Trial,
            };
            let sql = "SELECT id FROM pairs WHERE order_id = $1 AND ticked = 1 ORDER BY position";
            let rows = tx.rows(sql, args![order.id]).await?;
            let pairs: Vec<PairId> = rows.iter().map(|row| row.get("id")).collect::<Result<_, _>>()?;
            self.queue_runs(tx, &NewRuns { order_id: order.id, delta_id: None, kind, start: start.earliest }, &pairs)
                .await?;
            give_back_surplus(tx, &order, start.kind).await?;
            // What the MX records say before anything is switched.
            enqueue(tx, JobKind::CutOver, order.id.0, self.now(), self.now()).await?;
        }
        self.write_order(tx, order).await
    }

    /// The first run begins: a scheduled order becomes active. Any other is given back as it is, so that a job may
    /// repeat it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn begin_order(&self, id: OrderId) -> Result<OrderRecord, StoreError> {
        let mut tx = self.write().await?;
        let mut order = lock_order(&mut tx, id).await?;
        if !matches!(order.life, OrderLife::Scheduled { .. }) {
            return Ok(order);
        }
        order.life = order.life.begin(self.now())?;
        order.planned_end_at = None;
        let order = self.write_order(&mut tx, order).await?;
        tx.commit().await?;
        Ok(order)
    }

    /// The owner pauses: queued runs pause at once, running ones when their workers see the order's state.
    ///
    /// # Errors
    /// [`StoreError::Conflict`], [`StoreError::WrongState`].
    pub async fn pause_order(&self, order: &OrderRecord) -> Result<OrderRecord, StoreError> {
        let mut tx = self.write().await?;
        let mut order = self.lock_version(&mut tx, order).await?;
        order.life = order.life.pause()?;
        let sql = "UPDATE runs SET state = 'paused', finding = NULL WHERE order_id = $1 AND state = 'queued'";
        tx.execute(sql, args![order.id]).await?;
        let order = self.write_order(&mut tx, order).await?;
        tx.commit().await?;
        Ok(order)
    }

    /// The owner resumes: paused and parked runs are queued again. Those that are under way go on as they are.
    ///
    /// # Errors
    /// [`StoreError::Conflict`], [`StoreError::WrongState`].
    pub async fn resume_order(&self, order: &OrderRecord) -> Result<OrderRecord, StoreError> {
        let mut tx = self.write().await?;
        let mut order = self.lock_version(&mut tx, order).await?;
        order.life = order.life.resume(has_parked(&mut tx, order.id).await?)?;
        let sql =
            "UPDATE runs SET state = 'queued', finding = NULL WHERE order_id = $1 AND state = 'paused' RETURNING id";
        for row in tx.rows(sql, args![order.id]).await? {
            enqueue(&mut tx, JobKind::Run, row.get("id")?, self.now(), self.now()).await?;
        }
        let order = self.write_order(&mut tx, order).await?;
        tx.commit().await?;
        self.tell_workers();
        Ok(order)
    }

    /// True if a run of the order waits until its owner has mended something.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn has_parked_runs(&self, id: OrderId) -> Result<bool, StoreError> {
        has_parked(&mut self.read().await?, id).await
    }

    /// The owner cancels: runs that wait end, running ones when their workers see the order's state; passwords are
    /// erased; vouchers come back if the full migration has not begun.
    ///
    /// # Errors
    /// [`StoreError::Conflict`], [`StoreError::WrongState`].
    pub async fn cancel_order(&self, order: &OrderRecord) -> Result<OrderRecord, StoreError> {
        let mut tx = self.write().await?;
        let order = self.lock_version(&mut tx, order).await?;
        let order = self.cancel_locked(&mut tx, order).await?;
        tx.commit().await?;
        Ok(order)
    }

    /// The same for an order that this transaction has locked.
    pub(crate) async fn cancel_locked(&self, tx: &mut Tx, mut order: OrderRecord) -> Result<OrderRecord, StoreError> {
        let unused = order.is_unused();
        order.life = order.life.cancel()?;
        let sql = "UPDATE runs SET state = 'cancelled', finished_at = $2
             WHERE order_id = $1 AND state IN ('queued', 'paused')";
        tx.execute(sql, args![order.id, self.now()]).await?;
        let sql = "DELETE FROM jobs WHERE kind = 'run' AND locked_by IS NULL
             AND id IN (SELECT id FROM runs WHERE order_id = $1)";
        tx.execute(sql, args![order.id]).await?;
        forget_passwords(tx, order.id).await?;
        if unused {
            give_back(tx, order.id).await?;
        }
        self.write_order(tx, order).await
    }

    /// The owner starts a delta over these pairs, or over all that had a main run if none is named.
    ///
    /// # Errors
    /// [`StoreError::Conflict`], [`StoreError::WrongState`]; [`StoreError::NotFound`] for a pair that is not in the
    /// order or had no main run; [`StoreError::NothingTicked`] if no pair had one; [`StoreError::TooManyActive`].
    pub async fn start_delta(&self, order: &OrderRecord, pairs: &[PairId]) -> Result<DeltaId, StoreError> {
        let mut tx = self.write().await?;
        let mut order = self.lock_version(&mut tx, order).await?;
        order.life = order.life.start_delta()?;
        self.make_room(&mut tx, &order).await?;
        let moved = moved_pairs(&mut tx, order.id).await?;
        if pairs.iter().any(|id| !moved.contains(id)) {
            return Err(StoreError::NotFound);
        }
        let chosen: Vec<PairId> = moved.into_iter().filter(|id| pairs.is_empty() || pairs.contains(id)).collect();
        if chosen.is_empty() {
            return Err(StoreError::NothingTicked);
        }
        let id = self.queue_delta(&mut tx, &order, &chosen).await?;
        self.write_order(&mut tx, order).await?;
        tx.commit().await?;
        self.tell_workers();
        Ok(id)
    }

    /// A new delta with a queued run for each of these pairs, of an order that is active by now or will be.
    pub(crate) async fn queue_delta(
        &self,
        tx: &mut Tx,
        order: &OrderRecord,
        pairs: &[PairId],
    ) -> Result<DeltaId, StoreError> {
        let id = DeltaId(self.new_id()?);
        let sql = "INSERT INTO deltas (id, order_id, created_at) VALUES ($1, $2, $3)";
        tx.execute(sql, args![id, order.id, self.now()]).await?;
        let new = NewRuns { order_id: order.id, delta_id: Some(id), kind: RunKind::Delta, start: self.now() };
        self.queue_runs(tx, &new, pairs).await?;
        self.tell_delta(tx, order, EventKind::DeltaStarted, id).await?;
        Ok(id)
    }

    /// The pairs whose latest run left something undone, or could not work, in the order they were entered.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn pairs_to_retry(&self, id: OrderId) -> Result<Vec<PairId>, StoreError> {
        pairs_to_retry(&mut self.read().await?, id).await
    }

    /// The owner has what failed tried again: a run for each of [`Store::pairs_to_retry`], of the kind that repairs: a
    /// delta after a full migration, which is given back with the order, another trial after a trial.
    ///
    /// # Errors
    /// [`StoreError::Conflict`], [`StoreError::WrongState`], [`StoreError::TooManyActive`]; [`StoreError::NothingTicked`] if
    /// nothing has failed.
    pub async fn retry_order(&self, order: &OrderRecord) -> Result<(OrderRecord, Option<DeltaId>), StoreError> {
        let mut tx = self.write().await?;
        let mut order = self.lock_version(&mut tx, order).await?;
        let kind = order.kind;
        order.life = order.life.retry()?;
        self.make_room(&mut tx, &order).await?;
        let pairs = pairs_to_retry(&mut tx, order.id).await?;
        if pairs.is_empty() {
            return Err(StoreError::NothingTicked);
        }
        let delta = if kind == Some(StartKind::Trial) {
            let new = NewRuns { order_id: order.id, delta_id: None, kind: RunKind::Trial, start: self.now() };
            self.queue_runs(&mut tx, &new, &pairs).await?;
            None
        } else {
            Some(self.queue_delta(&mut tx, &order, &pairs).await?)
        };
        let order = self.write_order(&mut tx, order).await?;
        tx.commit().await?;
        self.tell_workers();
        Ok((order, delta))
    }

    /// Called after each run that has ended or was parked. When all runs have ended, the order is completed. When
    /// nothing is queued or running any more but a run is parked, the order is paused, so that its owner can resume it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn conclude_order(&self, id: OrderId) -> Result<OrderRecord, StoreError> {
        let mut tx = self.write().await?;
        let mut order = lock_order(&mut tx, id).await?;
        let sql = "SELECT COALESCE(SUM(CASE WHEN state IN ('queued', 'running') THEN 1 ELSE 0 END), 0) AS busy,
                COALESCE(SUM(CASE WHEN state = 'paused' THEN 1 ELSE 0 END), 0) AS paused
             FROM runs WHERE order_id = $1";
        let row = tx.row(sql, args![id]).await?;
        let (busy, paused) = (row.get::<i64>("busy")?, row.get::<i64>("paused")?);
        let before = order.life;
        order.life = match before {
            life @ (OrderLife::Active(_) | OrderLife::Paused(_)) if busy == 0 && paused == 0 => {
                life.complete(self.now())?
            }
            life @ OrderLife::Active(_) if busy == 0 => life.pause()?,
            life => life,
        };
        let changed = order.life != before;
        if changed {
            self.plan_delta(&mut tx, &mut order).await?;
            order = self.write_order(&mut tx, order).await?;
        }
        if !self.tell_ended_deltas(&mut tx, &order).await? && !changed {
            return Ok(order);
        }
        tx.commit().await?;
        self.tell_workers();
        Ok(order)
    }

    async fn queue_runs(&self, tx: &mut Tx, new: &NewRuns, pairs: &[PairId]) -> Result<(), StoreError> {
        let (kind, state) = (code(&new.kind)?, code(&RunState::Queued)?);
        for pair_id in pairs {
            let id = RunId(self.new_id()?);
            tx.execute(
                "INSERT INTO runs (id, order_id, pair_id, delta_id, number, kind, state, created_at)
                 SELECT $1, $2, $3, $4, COALESCE(MAX(number), 0) + 1, $5, $6, $7 FROM runs WHERE pair_id = $3",
                args![id, new.order_id, *pair_id, new.delta_id, &kind, &state, self.now()],
            )
            .await?;
            enqueue(tx, JobKind::Run, id.0, new.start, self.now()).await?;
        }
        Ok(())
    }
}

async fn has_parked(tx: &mut Tx, id: OrderId) -> Result<bool, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM runs WHERE order_id = $1 AND state = 'paused' AND finding IS NOT NULL";
    Ok(tx.row(sql, args![id]).await?.get::<i64>("n")? > 0)
}

async fn pairs_to_retry(tx: &mut Tx, id: OrderId) -> Result<Vec<PairId>, StoreError> {
    let rows = tx
        .rows(
            "SELECT p.id FROM pairs p JOIN runs r ON r.pair_id = p.id
             WHERE p.order_id = $1 AND r.state IN ('partial', 'failed')
                AND r.number = (SELECT MAX(l.number) FROM runs l WHERE l.pair_id = p.id)
             ORDER BY p.position",
            args![id],
        )
        .await?;
    rows.iter().map(|row| row.get("id")).collect()
}

/// What new runs have in common.
struct NewRuns {
    order_id: OrderId,
    delta_id: Option<DeltaId>,
    kind: RunKind,
    start: DateTime<Utc>,
}
