//! Runs and deltas.

use chrono::{DateTime, Utc};
use mailferry_domain::{order::OrderLife, run::transition};
use mailferry_shared::{
    finding::Finding,
    ids::{DeltaId, OrderId, PairId, RunId},
    order::{Delta, StartKind},
    run::{Counts, RunKind, RunState, RunSummary},
};

use crate::{
    db::Tx,
    error::StoreError,
    jobs::{JobKind, enqueue},
    lease::{Lease, check_fence},
    ledger::{counts_from, run_counts_sql},
    order::{OrderRecord, lock_order},
    page::{Part, Way},
    store::Store,
    value::{Arg, Row, args, code, json},
};

/// A run and where it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRecord {
    /// The order.
    pub order_id: OrderId,
    /// The delta it is part of, if it is one.
    pub delta_id: Option<DeltaId>,
    /// Everything else.
    pub summary: RunSummary,
}

fn run_from(row: &Row) -> Result<RunRecord, StoreError> {
    Ok(RunRecord {
        order_id: row.get("order_id")?,
        delta_id: row.get("delta_id")?,
        summary: RunSummary {
            id: row.get("id")?,
            pair_id: row.get("pair_id")?,
            number: row.get("number")?,
            kind: row.code("kind")?,
            state: row.code("state")?,
            created_at: row.get("created_at")?,
            started_at: row.get("started_at")?,
            finished_at: row.get("finished_at")?,
            counts: counts_from(row)?,
            finding: row.json_opt("finding")?,
        },
    })
}

async fn select_runs(tx: &mut Tx, filter: &str, args: Vec<Arg>) -> Result<Vec<RunRecord>, StoreError> {
    let counts = run_counts_sql("l");
    let sql = format!(
        "SELECT r.id, r.order_id, r.pair_id, r.delta_id, r.number, r.kind, r.state, r.created_at, r.started_at,
            r.finished_at, r.finding, {counts}
         FROM runs r LEFT JOIN ledger_runs l ON l.run_id = r.id WHERE {filter}"
    );
    tx.rows(sql, args).await?.iter().map(run_from).collect()
}

/// The runs of an order, oldest first for each pair.
pub(crate) async fn runs_of(tx: &mut Tx, id: OrderId) -> Result<Vec<RunRecord>, StoreError> {
    select_runs(tx, "r.order_id = $1 ORDER BY r.pair_id, r.number", args![id]).await
}

/// The runs of pairs that `wanted` selects, oldest first for each pair.
pub(crate) async fn runs_of_pairs(tx: &mut Tx, wanted: &str, args: Vec<Arg>) -> Result<Vec<RunRecord>, StoreError> {
    let filter = format!("r.pair_id IN (SELECT id FROM ({wanted}) w) ORDER BY r.pair_id, r.number");
    select_runs(tx, &filter, args).await
}

/// One run.
pub(crate) async fn read_run(tx: &mut Tx, id: RunId) -> Result<RunRecord, StoreError> {
    select_runs(tx, "r.id = $1", args![id]).await?.pop().ok_or(StoreError::NotFound)
}

impl Store {
    /// A run.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn run(&self, id: RunId) -> Result<RunRecord, StoreError> {
        read_run(&mut self.read().await?, id).await
    }

    /// A part of the runs of a pair, oldest first.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the pair is not in the order.
    pub async fn runs_of_pair(
        &self,
        order_id: OrderId,
        pair_id: PairId,
        part: Part,
    ) -> Result<Vec<RunSummary>, StoreError> {
        let mut tx = self.read().await?;
        tx.row("SELECT id FROM pairs WHERE id = $1 AND order_id = $2", args![pair_id, order_id]).await?;
        let mut args = args![pair_id];
        let clause = part.clause(["r.number", "r.id"], Way::Up, &mut args);
        let runs = select_runs(&mut tx, &format!("r.pair_id = $1{clause}"), args).await?;
        Ok(runs.into_iter().map(|run| run.summary).collect())
    }

    /// What of an order has ended: its trial or main run (`None`) and its deltas, each as soon as its last run has.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ended_rounds(&self, order: &OrderRecord) -> Result<Vec<Option<DeltaId>>, StoreError> {
        let sql = "SELECT delta_id FROM runs WHERE order_id = $1 AND (delta_id IS NOT NULL OR kind = $2)
             GROUP BY delta_id
             HAVING SUM(CASE WHEN state IN ('queued', 'running', 'paused') THEN 1 ELSE 0 END) = 0
             ORDER BY delta_id";
        let first = match order.kind {
            Some(StartKind::Trial) => RunKind::Trial,
            Some(StartKind::Main) | None => RunKind::Main,
        };
        let rows = self.read().await?.rows(sql, args![order.id, code(&first)?]).await?;
        rows.iter().map(|row| row.get("delta_id")).collect()
    }

    /// Takes a run to another state; `finding` says why it is parked or failed, and replaces what was there. With a
    /// lease its fencing number is checked in the same transaction.
    ///
    /// A run that pauses because the owner paused the order (no finding), though the order has been resumed meanwhile,
    /// is queued again instead. One that pauses, for whatever reason, in an order that was cancelled or closed meanwhile ends
    /// as cancelled.
    ///
    /// # Errors
    /// [`StoreError::RunState`] if that is not possible; [`StoreError::Fenced`]; [`StoreError::NotFound`].
    pub async fn change_run(
        &self,
        id: RunId,
        to: RunState,
        finding: Option<&Finding>,
        lease: Option<&Lease>,
    ) -> Result<RunSummary, StoreError> {
        self.move_run(id, RunStep { to, finding, job_at: None }, lease).await
    }

    /// Queues a run again, with a job not before `not_before`, in one transaction.
    ///
    /// # Errors
    /// As [`Store::change_run`].
    pub async fn requeue_run(
        &self,
        id: RunId,
        not_before: DateTime<Utc>,
        finding: Option<&Finding>,
        lease: Option<&Lease>,
    ) -> Result<RunSummary, StoreError> {
        self.move_run(id, RunStep { to: RunState::Queued, finding, job_at: Some(not_before) }, lease).await
    }

    async fn move_run(
        &self,
        id: RunId,
        mut step: RunStep<'_>,
        lease: Option<&Lease>,
    ) -> Result<RunSummary, StoreError> {
        let mut tx = self.write().await?;
        let order_id = tx.row("SELECT order_id FROM runs WHERE id = $1", args![id]).await?.get("order_id")?;
        let order = lock_order(&mut tx, order_id).await?;
        if let Some(lease) = lease {
            check_fence(&mut tx, lease.ledger, lease.fence).await?;
        }
        let from = read_run(&mut tx, id).await?.summary.state;
        let resumed = step.to == RunState::Paused && step.finding.is_none() && from != RunState::Paused;
        if resumed && matches!(order.life, OrderLife::Active(_)) {
            step = RunStep { to: RunState::Queued, finding: None, job_at: Some(self.now()) };
        }
        if step.to == RunState::Paused && matches!(order.life, OrderLife::Cancelled | OrderLife::Closed) {
            // It was stopped for good while its worker did not look: nobody resumes it.
            step = RunStep { to: RunState::Cancelled, finding: None, job_at: None };
        }
        let to = transition(from, step.to)?;
        tx.execute(
            "UPDATE runs SET state = $2, finding = $3,
                started_at = CASE WHEN $2 = 'running' THEN COALESCE(started_at, $4) ELSE started_at END,
                finished_at = CASE WHEN $5 = 1 THEN COALESCE(finished_at, $4) ELSE finished_at END,
                told = CASE WHEN $2 = 'paused' THEN 0 ELSE told END
             WHERE id = $1",
            args![id, code(&to)?, step.finding.map(json).transpose()?, self.now(), to.is_final()],
        )
        .await?;
        if let Some(at) = step.job_at {
            enqueue(&mut tx, JobKind::Run, id.0, at, self.now()).await?;
        }
        let run = read_run(&mut tx, id).await?;
        if to != from && (to.is_final() || (to == RunState::Paused && step.finding.is_some())) {
            self.tell_run(&mut tx, &order, &run).await?;
        }
        tx.commit().await?;
        if step.job_at.is_some() {
            self.tell_workers();
        }
        Ok(run.summary)
    }

    /// A part of the deltas of an order, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn deltas(&self, order_id: OrderId, part: Part) -> Result<Vec<Delta>, StoreError> {
        let mut args = args![order_id];
        let clause = part.clause(["created_at", "id"], Way::Up, &mut args);
        select_deltas(&mut self.read().await?, &format!("order_id = $1{clause}"), args).await
    }

    /// One delta of an order.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for a delta of another order.
    pub async fn delta(&self, order_id: OrderId, id: DeltaId) -> Result<Delta, StoreError> {
        let found = select_deltas(&mut self.read().await?, "order_id = $1 AND id = $2", args![order_id, id]).await?;
        found.into_iter().next().ok_or(StoreError::NotFound)
    }
}

/// Deltas with their runs.
async fn select_deltas(tx: &mut Tx, filter: &str, args: Vec<Arg>) -> Result<Vec<Delta>, StoreError> {
    let sql = format!("SELECT id, order_id, created_at FROM deltas WHERE {filter}");
    let mut deltas = Vec::new();
    for row in tx.rows(sql, args).await? {
        let id: DeltaId = row.get("id")?;
        let runs = select_runs(tx, "r.delta_id = $1 ORDER BY r.pair_id, r.number", args![id]).await?;
        let runs: Vec<RunSummary> = runs.into_iter().map(|run| run.summary).collect();
        let mut counts = Counts::default();
        for run in &runs {
            counts.add(&run.counts);
        }
        let finished = runs.iter().all(|run| run.state.is_final());
        let (order_id, created_at) = (row.get("order_id")?, row.get("created_at")?);
        deltas.push(Delta { id, order_id, created_at, finished, counts, runs });
    }
    Ok(deltas)
}

/// A change of a run's state.
#[derive(Clone, Copy)]
struct RunStep<'a> {
    to: RunState,
    finding: Option<&'a Finding>,
    job_at: Option<DateTime<Utc>>,
}
