//! Progress and protocols: read from aggregates, never by counting the ledger.

use std::collections::HashMap;

use mailferry_shared::{
    ids::{OrderId, PairId, RunId},
    progress::PairProgress,
    protocol::{ItemProtocol, Protocol},
    run::RunSummary,
};

use crate::{
    db::Tx,
    error::StoreError,
    ledger::{read_items, read_report},
    run::{RunRecord, read_run, runs_of},
    store::Store,
    value::args,
};

/// Items in a protocol; more can be read in pages.
pub const PROTOCOL_ITEMS: u32 = 1000;

impl Store {
    /// The latest run of every pair that is ticked or has had a run, in the order the pairs were entered.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn progress(&self, order_id: OrderId) -> Result<Vec<PairProgress>, StoreError> {
        let mut tx = self.read().await?;
        let rows = tx
            .rows(
                "SELECT p.id, p.ticked, s.user_name AS source, d.user_name AS destination FROM pairs p
                 JOIN sides s ON s.pair_id = p.id AND s.side = 'source'
                 JOIN sides d ON d.pair_id = p.id AND d.side = 'destination'
                 WHERE p.order_id = $1 ORDER BY p.position",
                args![order_id],
            )
            .await?;
        let mut runs: HashMap<PairId, (u32, RunSummary)> = HashMap::new();
        for run in runs_of(&mut tx, order_id, None).await? {
            let count = runs.get(&run.summary.pair_id).map_or(0, |(count, _)| *count);
            runs.insert(run.summary.pair_id, (count + 1, run.summary));
        }
        let mut pairs = Vec::with_capacity(rows.len());
        for row in &rows {
            let pair_id = row.get("id")?;
            let (runs, run) = runs.remove(&pair_id).map_or((0, None), |(count, run)| (count, Some(run)));
            if run.is_some() || row.get("ticked")? {
                let (source, destination) = (row.get("source")?, row.get("destination")?);
                pairs.push(PairProgress { pair_id, source, destination, run, runs });
            }
        }
        Ok(pairs)
    }

    /// The protocol of a run.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for a run of another pair or order.
    pub async fn protocol(&self, order_id: OrderId, pair_id: PairId, run_id: RunId) -> Result<Protocol, StoreError> {
        let mut tx = self.read().await?;
        let run = run_in(&mut tx, order_id, pair_id, run_id).await?;
        let sql = "SELECT s.user_name AS source, d.user_name AS destination FROM sides s
             JOIN sides d ON d.pair_id = s.pair_id AND d.side = 'destination'
             WHERE s.pair_id = $1 AND s.side = 'source'";
        let names = tx.row(sql, args![pair_id]).await?;
        let report = read_report(&mut tx, run_id, PROTOCOL_ITEMS).await?;
        Ok(Protocol {
            run: run.summary,
            source: names.get("source")?,
            destination: names.get("destination")?,
            folders: report.folders,
            notes: report.notes,
            items: report.items,
            items_total: report.items_total,
        })
    }

    /// A page of a protocol's items, in the protocol's order.
    ///
    /// # Errors
    /// As [`Store::protocol`].
    pub async fn protocol_items(
        &self,
        order_id: OrderId,
        pair_id: PairId,
        run_id: RunId,
        page: Page,
    ) -> Result<Vec<ItemProtocol>, StoreError> {
        let mut tx = self.read().await?;
        run_in(&mut tx, order_id, pair_id, run_id).await?;
        read_items(&mut tx, run_id, page).await
    }
}

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many to leave out from the beginning.
    pub offset: u64,
    /// How many at most.
    pub limit: u32,
}

async fn run_in(tx: &mut Tx, order_id: OrderId, pair_id: PairId, run_id: RunId) -> Result<RunRecord, StoreError> {
    let run = read_run(tx, run_id).await?;
    let there = run.order_id == order_id && run.summary.pair_id == pair_id;
    if there { Ok(run) } else { Err(StoreError::NotFound) }
}
