//! Progress and protocols: read from aggregates, never by counting the ledger.

use std::collections::HashMap;

use mailferry_shared::{
    account::{MailAmount, Survey},
    ids::{OrderId, PairId, RunId},
    order::OrderOptions,
    progress::PairProgress,
    protocol::Protocol,
    run::{RunKind, RunState, RunSummary},
};

use crate::{
    db::Tx,
    error::StoreError,
    ledger::{ItemPart, PlacedItem, read_items, read_report},
    pair::{survey_columns, survey_from},
    run::{RunRecord, read_run, runs_of},
    store::Store,
    value::args,
};

/// Items in a protocol; all of them can be read in pages.
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
                format!(
                    "SELECT p.id, p.ticked, s.user_name AS source, d.user_name AS destination, {} FROM pairs p
                     JOIN sides s ON s.pair_id = p.id AND s.side = 'source'
                     JOIN sides d ON d.pair_id = p.id AND d.side = 'destination'
                     WHERE p.order_id = $1 ORDER BY p.position",
                    survey_columns("s")
                ),
                args![order_id],
            )
            .await?;
        let options = tx.row("SELECT options FROM orders WHERE id = $1", args![order_id]).await?;
        let options: OrderOptions = options.json("options")?;
        let mut runs: HashMap<PairId, (u32, RunSummary)> = HashMap::new();
        for run in runs_of(&mut tx, order_id).await? {
            let count = runs.get(&run.summary.pair_id).map_or(0, |(count, _)| *count);
            runs.insert(run.summary.pair_id, (count + 1, run.summary));
        }
        let mut pairs = Vec::with_capacity(rows.len());
        for row in &rows {
            let pair_id = row.get("id")?;
            let (runs, mut run) = runs.remove(&pair_id).map_or((0, None), |(count, run)| (count, Some(run)));
            let survey = survey_from(row)?;
            let uncounted = run.as_ref().is_some_and(|run| is_uncounted(run, survey.as_ref()));
            if let (Some(run), Some(survey)) = (&mut run, survey) {
                foresee(run, survey.wanted(options.include_trash, options.include_junk));
            }
            if run.is_some() || row.get("ticked")? {
                let (source, destination) = (row.get("source")?, row.get("destination")?);
                pairs.push(PairProgress { pair_id, source, destination, run, uncounted, runs });
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

    /// A part of a protocol's items, in the protocol's order.
    ///
    /// # Errors
    /// As [`Store::protocol`].
    pub async fn protocol_items(
        &self,
        order_id: OrderId,
        pair_id: PairId,
        run_id: RunId,
        wanted: ItemPart,
    ) -> Result<Vec<PlacedItem>, StoreError> {
        let mut tx = self.read().await?;
        run_in(&mut tx, order_id, pair_id, run_id).await?;
        read_items(&mut tx, run_id, wanted).await
    }
}

/// A run that waits has listed nothing, and one under way a part of the folders only, as one that could not work: what the
/// survey counted of what it looks at is nearer to the whole. A trial copies a part of it, so that nothing can be foreseen.
fn foresee(run: &mut RunSummary, wanted: MailAmount) {
    let whole_is_listed = run.state.is_final() && run.state != RunState::Failed;
    if !whole_is_listed && run.kind != RunKind::Trial {
        run.counts.listed = run.counts.listed.max(wanted.messages);
        run.counts.listed_bytes = run.counts.listed_bytes.max(wanted.size_bytes);
    }
}

/// True if nobody knows how much the run has to copy.
fn is_uncounted(run: &RunSummary, survey: Option<&Survey>) -> bool {
    !run.state.is_final() && (survey.is_none() || run.kind == RunKind::Trial)
}

async fn run_in(tx: &mut Tx, order_id: OrderId, pair_id: PairId, run_id: RunId) -> Result<RunRecord, StoreError> {
    let run = read_run(tx, run_id).await?;
    let there = run.order_id == order_id && run.summary.pair_id == pair_id;
    if there { Ok(run) } else { Err(StoreError::NotFound) }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use mailferry_shared::run::Counts;
    use uuid::Uuid;

    use super::*;

    fn run(state: RunState, kind: RunKind) -> RunSummary {
        RunSummary {
            id: RunId(Uuid::nil()),
            pair_id: PairId(Uuid::nil()),
            number: 1,
            kind,
            state,
            created_at: DateTime::UNIX_EPOCH,
            started_at: Some(DateTime::UNIX_EPOCH),
            finished_at: None,
            counts: Counts { listed: 10, listed_bytes: 100, ..Counts::default() },
            finding: None,
        }
    }

    #[test]
    fn an_account_that_was_never_counted_makes_the_total_a_least_one() {
        let survey = Survey { folders: 3, messages: 50, size_bytes: 90, ..Survey::default() };
        let waits = |kind| run(RunState::Queued, kind);
        assert!(is_uncounted(&waits(RunKind::Main), None) && is_uncounted(&waits(RunKind::Trial), Some(&survey)));
        assert!(!is_uncounted(&waits(RunKind::Main), Some(&survey)));
        assert!(!is_uncounted(&run(RunState::Succeeded, RunKind::Main), None));
    }

    #[test]
    fn a_run_that_waits_or_is_under_way_shows_the_whole_and_an_ended_one_what_it_was() {
        let wanted = MailAmount { messages: 50, size_bytes: 90 };
        let mut waiting =
            RunSummary { started_at: None, counts: Counts::default(), ..run(RunState::Queued, RunKind::Main) };
        foresee(&mut waiting, wanted);
        assert_eq!((waiting.counts.listed, waiting.counts.listed_bytes), (50, 90));
        for (state, kind, expected) in [
            (RunState::Running, RunKind::Main, (50, 100)),
            (RunState::Queued, RunKind::Main, (50, 100)),
            (RunState::Paused, RunKind::Delta, (50, 100)),
            (RunState::Failed, RunKind::Main, (50, 100)),
            (RunState::Succeeded, RunKind::Main, (10, 100)),
            (RunState::Running, RunKind::Trial, (10, 100)),
        ] {
            let mut run = run(state, kind);
            foresee(&mut run, wanted);
            assert_eq!((run.counts.listed, run.counts.listed_bytes), expected);
        }
    }
}
