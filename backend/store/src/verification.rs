//! Verifications: what was asked for, and what was found.

mod items;

use mailferry_shared::{
    finding::Finding,
    ids::{OrderId, PairId, VerificationId},
    verification::{PairVerification, Verification, VerificationCounts, VerificationItem, VerificationState},
};

use self::items::KeptItem;
use crate::{
    chosen::ChosenPairs,
    db::Tx,
    error::StoreError,
    jobs::{JobKind, enqueue},
    lease::lease_now,
    order::lock_order,
    page::Part,
    store::Store,
    value::{Row, args, code, json},
};

/// Every pair that has had a run, if none is named.
const PAIRS: ChosenPairs = ChosenPairs {
    table: "verification_pairs",
    key: "verification_id",
    otherwise: "EXISTS (SELECT 1 FROM runs r WHERE r.pair_id = p.id)",
    results: &[("counts", "'{}'"), ("findings", "'[]'"), ("items", "'[]'"), ("items_total", "0")],
};

/// What was found of a pair.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifiedPair {
    /// How many messages were found how.
    pub counts: VerificationCounts,
    /// What concerns folders or the whole account.
    pub findings: Vec<Finding>,
    /// Messages that are not there exactly as they were copied; not all of them.
    pub items: Vec<VerificationItem>,
    /// How many such messages there are in all.
    pub items_total: u64,
}

/// Who writes a pair's ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerUse {
    /// Grows with each worker that has claimed it: as long as it stays, nobody has written since.
    pub fence: i64,
    /// True while a worker holds it.
    pub held: bool,
}

impl Store {
    /// Starts a verification of these pairs, or of every one that has had a run if none is named.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a pair that is not in the order; [`StoreError::NothingTicked`] if there is none.
    pub async fn create_verification(&self, order_id: OrderId, pairs: &[PairId]) -> Result<Verification, StoreError> {
        let mut tx = self.write().await?;
        lock_order(&mut tx, order_id).await?;
        let id = VerificationId(self.new_id()?);
        let sql = "INSERT INTO verifications (id, order_id, created_at) VALUES ($1, $2, $3)";
        tx.execute(sql, args![id, order_id, self.now()]).await?;
        PAIRS.choose(&mut tx, id.0, order_id, pairs).await?;
        enqueue(&mut tx, JobKind::Verification, id.0, self.now(), self.now()).await?;
        let verification = read(&mut tx, id).await?;
        tx.commit().await?;
        self.tell_workers();
        Ok(verification)
    }

    /// A verification of this order with the results so far.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for one of another order.
    pub async fn verification(&self, order_id: OrderId, id: VerificationId) -> Result<Verification, StoreError> {
        let verification = self.verification_work(id).await?;
        if verification.order_id == order_id { Ok(verification) } else { Err(StoreError::NotFound) }
    }

    /// A verification by its id alone: for the worker.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn verification_work(&self, id: VerificationId) -> Result<Verification, StoreError> {
        read(&mut self.read().await?, id).await
    }

    /// The verifications of an order, the latest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn verifications(&self, order_id: OrderId, part: Part) -> Result<Vec<Verification>, StoreError> {
        let mut tx = self.read().await?;
        let (at, id) = (part.after.map(|after| after.at), part.after.map(|after| after.id));
        let sql = "SELECT id FROM verifications WHERE order_id = $1
                AND ($2 IS NULL OR created_at < $2 OR (created_at = $2 AND id < $3))
             ORDER BY created_at DESC, id DESC LIMIT $4";
        let mut found = Vec::new();
        for row in tx.rows(sql, args![order_id, at, id, part.limit]).await? {
            found.push(read(&mut tx, row.get("id")?).await?);
        }
        Ok(found)
    }

    /// Says that a pair is queued or being compared.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn change_verification(
        &self,
        id: VerificationId,
        pair: PairId,
        state: VerificationState,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let sql = "UPDATE verification_pairs SET state = $3 WHERE verification_id = $1 AND pair_id = $2";
        if tx.execute(sql, args![id, pair, code(&state)?]).await? == 0 {
            return Err(StoreError::NotFound);
        }
        tx.commit().await
    }

    /// Records what was found of a pair, or why it could not be compared: `state` says which.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn save_verification(
        &self,
        id: VerificationId,
        pair: PairId,
        state: VerificationState,
        found: &VerifiedPair,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let sql = "UPDATE verification_pairs SET state = $3, counts = $4, findings = $5, items = $6, items_total = $7,
                finished_at = $8 WHERE verification_id = $1 AND pair_id = $2";
        let (counts, findings, items) = (json(&found.counts)?, json(&found.findings)?, json(&found.items)?);
        let args = args![id, pair, code(&state)?, counts, findings, items, found.items_total, self.now()];
        if tx.execute(sql, args).await? == 0 {
            return Err(StoreError::NotFound);
        }
        tx.commit().await
    }

    /// Who writes a pair's ledger at the moment, and whether anybody has begun to since.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ledger_use(&self, pair: PairId) -> Result<LedgerUse, StoreError> {
        let mut tx = self.read().await?;
        let now = lease_now(&mut tx, self.context()).await?;
        let sql = "SELECT fence, CAST(CASE WHEN expires_at > $2 THEN 1 ELSE 0 END AS BIGINT) AS held
             FROM leases WHERE ledger_id = $1";
        let row = tx.row_opt(sql, args![pair, now]).await?;
        row.map_or(Ok(LedgerUse { fence: 0, held: false }), |row| {
            Ok(LedgerUse { fence: row.get("fence")?, held: row.get::<i64>("held")? == 1 })
        })
    }
}

async fn read(tx: &mut Tx, id: VerificationId) -> Result<Verification, StoreError> {
    let head = tx.row("SELECT order_id, created_at FROM verifications WHERE id = $1", args![id]).await?;
    let rows = PAIRS.rows(tx, id.0).await?;
    let pairs: Vec<PairVerification> = rows.iter().map(pair_from).collect::<Result<_, _>>()?;
    let mut counts = VerificationCounts::default();
    for pair in &pairs {
        counts.add(&pair.counts);
    }
    let open = |pair: &PairVerification| matches!(pair.state, VerificationState::Queued | VerificationState::Running);
    Ok(Verification {
        id,
        order_id: head.get("order_id")?,
        created_at: head.get("created_at")?,
        finished: !pairs.iter().any(open),
        counts,
        pairs,
    })
}

fn pair_from(row: &Row) -> Result<PairVerification, StoreError> {
    Ok(PairVerification {
        pair_id: row.get("pair_id")?,
        source: row.get("source")?,
        destination: row.get("destination")?,
        state: row.code("state")?,
        counts: row.json("counts")?,
        findings: row.json("findings")?,
        items: row.json::<Vec<KeptItem>>("items")?.into_iter().map(Into::into).collect(),
        items_total: row.get("items_total")?,
        finished_at: row.get("finished_at")?,
    })
}
