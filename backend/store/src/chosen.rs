//! What is looked for in chosen account pairs, a row for each: dry runs and verifications.

use mailferry_shared::ids::{OrderId, PairId};
use uuid::Uuid;

use crate::{
    db::Tx,
    error::StoreError,
    value::{Row, args},
};

/// A table of chosen pairs.
pub(crate) struct ChosenPairs {
    /// Its name.
    pub(crate) table: &'static str,
    /// The column that names what the pairs were chosen for.
    pub(crate) key: &'static str,
    /// Which pairs `p` are meant where none is named.
    pub(crate) otherwise: &'static str,
    /// Columns of the result, and what they hold before there is one.
    pub(crate) results: &'static [(&'static str, &'static str)],
}

impl ChosenPairs {
    /// Chooses the pairs that are named, or all that are meant otherwise.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for one that is not in the order; [`StoreError::NothingTicked`] if there is none.
    pub(crate) async fn choose(
        &self,
        tx: &mut Tx,
        id: Uuid,
        order_id: OrderId,
        pairs: &[PairId],
    ) -> Result<(), StoreError> {
        if pairs.is_empty() && self.add(tx, id, order_id, None).await? == 0 {
            return Err(StoreError::NothingTicked);
        }
        for pair in pairs {
            if self.add(tx, id, order_id, Some(*pair)).await? == 0 {
                return Err(StoreError::NotFound);
            }
        }
        Ok(())
    }

    async fn add(&self, tx: &mut Tx, id: Uuid, order_id: OrderId, only: Option<PairId>) -> Result<u64, StoreError> {
        let Self { table, key, otherwise, .. } = self;
        let values = self.results.iter().map(|(_, value)| *value).collect::<Vec<_>>().join(", ");
        let sql = format!(
            "INSERT INTO {table} ({key}, pair_id, position, state, {columns})
             SELECT $1, p.id, p.position, 'queued', {values} FROM pairs p
             WHERE p.order_id = $2 AND (p.id = $3 OR ($3 IS NULL AND {otherwise}))
             ON CONFLICT ({key}, pair_id) DO UPDATE SET state = excluded.state",
            columns = self.columns(""),
        );
        tx.execute(sql, args![id, order_id, only]).await
    }

    /// The chosen pairs in their order: `pair_id`, `state`, `finished_at`, the names of both mailboxes as `source` and
    /// `destination`, and the result.
    pub(crate) async fn rows(&self, tx: &mut Tx, id: Uuid) -> Result<Vec<Row>, StoreError> {
        let Self { table, key, .. } = self;
        let sql = format!(
            "SELECT r.pair_id, r.state, r.finished_at, {columns},
                COALESCE(s.act_for, s.user_name) AS source, COALESCE(d.act_for, d.user_name) AS destination
             FROM {table} r JOIN sides s ON s.pair_id = r.pair_id AND s.side = 'source'
             JOIN sides d ON d.pair_id = r.pair_id AND d.side = 'destination'
             WHERE r.{key} = $1 ORDER BY r.position",
            columns = self.columns("r."),
        );
        tx.rows(sql, args![id]).await
    }

    fn columns(&self, of: &str) -> String {
        self.results.iter().map(|(column, _)| format!("{of}{column}")).collect::<Vec<_>>().join(", ")
    }
}
