//! Dry runs: what was asked for, and what would be done.

use mailferry_shared::{
    dry_run::{DryRun, DryRunCounts, DryRunFolder, DryRunLeftOut, DryRunState, PairDryRun},
    finding::Finding,
    ids::{DryRunId, OrderId, PairId},
    order::StartKind,
};

use crate::{
    chosen::ChosenPairs,
    db::Tx,
    error::StoreError,
    jobs::{JobKind, enqueue},
    order::lock_order,
    store::Store,
    value::{Row, args, code, json},
};

/// Every ticked pair, if none is named.
const PAIRS: ChosenPairs = ChosenPairs {
    table: "dry_run_pairs",
    key: "dry_run_id",
    otherwise: "p.ticked = 1",
    results: &[("findings", "'[]'"), ("folders", "'[]'"), ("left_out", "'[]'")],
};

/// What would be done for a pair.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlannedPair {
    /// What concerns single folders, or why nothing can be said.
    pub findings: Vec<Finding>,
    /// The folder mapping.
    pub folders: Vec<DryRunFolder>,
    /// Folders that would not be copied.
    pub left_out: Vec<DryRunLeftOut>,
}

impl Store {
    /// Starts a dry run of these pairs, or of every ticked one if none is named, for a start of this kind.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a pair that is not in the order; [`StoreError::NothingTicked`].
    pub async fn create_dry_run(
        &self,
        order_id: OrderId,
        pairs: &[PairId],
        kind: StartKind,
    ) -> Result<DryRun, StoreError> {
        let mut tx = self.write().await?;
        lock_order(&mut tx, order_id).await?;
        let id = DryRunId(self.new_id()?);
        let sql = "INSERT INTO dry_runs (id, order_id, created_at, kind) VALUES ($1, $2, $3, $4)";
        tx.execute(sql, args![id, order_id, self.now(), code(&kind)?]).await?;
        PAIRS.choose(&mut tx, id.0, order_id, pairs).await?;
        enqueue(&mut tx, JobKind::DryRun, id.0, self.now(), self.now()).await?;
        let dry_run = read(&mut tx, id).await?;
        tx.commit().await?;
        self.tell_workers();
        Ok(dry_run)
    }

    /// A dry run of this order with the results so far.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for one of another order.
    pub async fn dry_run(&self, order_id: OrderId, id: DryRunId) -> Result<DryRun, StoreError> {
        let dry_run = self.dry_run_work(id).await?;
        if dry_run.order_id == order_id { Ok(dry_run) } else { Err(StoreError::NotFound) }
    }

    /// A dry run by its id alone: for the worker.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn dry_run_work(&self, id: DryRunId) -> Result<DryRun, StoreError> {
        read(&mut self.read().await?, id).await
    }

    /// Records where a pair stands, and what would be done for it as far as that is known.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn save_dry_run(
        &self,
        id: DryRunId,
        pair: PairId,
        state: DryRunState,
        planned: &PlannedPair,
    ) -> Result<(), StoreError> {
        let ended = matches!(state, DryRunState::Finished | DryRunState::Failed).then(|| self.now());
        let (findings, folders) = (json(&planned.findings)?, json(&planned.folders)?);
        let mut tx = self.write().await?;
        let sql = "UPDATE dry_run_pairs SET state = $3, findings = $4, folders = $5, left_out = $6, finished_at = $7
             WHERE dry_run_id = $1 AND pair_id = $2";
        let args = args![id, pair, code(&state)?, findings, folders, json(&planned.left_out)?, ended];
        if tx.execute(sql, args).await? == 0 {
            return Err(StoreError::NotFound);
        }
        tx.commit().await
    }
}

async fn read(tx: &mut Tx, id: DryRunId) -> Result<DryRun, StoreError> {
    let head = tx.row("SELECT order_id, created_at, kind FROM dry_runs WHERE id = $1", args![id]).await?;
    let rows = PAIRS.rows(tx, id.0).await?;
    let pairs: Vec<PairDryRun> = rows.iter().map(pair_from).collect::<Result<_, _>>()?;
    let mut counts = DryRunCounts::default();
    for pair in &pairs {
        counts.add(&pair.counts);
    }
    let open = |pair: &PairDryRun| matches!(pair.state, DryRunState::Queued | DryRunState::Running);
    Ok(DryRun {
        id,
        order_id: head.get("order_id")?,
        kind: head.code("kind")?,
        created_at: head.get("created_at")?,
        finished: !pairs.iter().any(open),
        counts,
        pairs,
    })
}

fn pair_from(row: &Row) -> Result<PairDryRun, StoreError> {
    let folders: Vec<DryRunFolder> = row.json("folders")?;
    let mut counts = DryRunCounts::default();
    for folder in &folders {
        counts.add(&folder.counts);
    }
    Ok(PairDryRun {
        pair_id: row.get("pair_id")?,
        source: row.get("source")?,
        destination: row.get("destination")?,
        state: row.code("state")?,
        findings: row.json("findings")?,
        counts,
        folders,
        left_out: row.json("left_out")?,
        finished_at: row.get("finished_at")?,
    })
}
