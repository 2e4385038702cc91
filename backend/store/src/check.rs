//! Login checks and surveys.

use std::time::Duration;

use mailferry_shared::{
    account::{LoginState, SideName, Survey},
    check::{Check, CheckItem},
    finding::Finding,
    ids::{CheckId, OrderId, PairId},
};

use crate::{
    db::Tx,
    error::StoreError,
    jobs::{JobKind, enqueue},
    order::lock_order,
    pair::{survey_columns, survey_from},
    store::Store,
    value::{args, code, json},
};

/// One account within a check.
#[derive(Debug, Clone, Copy)]
pub struct CheckedSide {
    /// The check.
    pub check_id: CheckId,
    /// The pair.
    pub pair_id: PairId,
    /// Which of its accounts.
    pub side: SideName,
}

impl Store {
    /// Starts a check of these pairs, or of every ticked one if none is named: both sides of each are `checking`, and
    /// a job is enqueued.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a pair that is not in the order; [`StoreError::NothingTicked`].
    pub async fn create_check(&self, order_id: OrderId, pairs: &[PairId]) -> Result<Check, StoreError> {
        let mut tx = self.write().await?;
        lock_order(&mut tx, order_id).await?;
        let id = CheckId(self.new_id()?);
        let sql = "INSERT INTO checks (id, order_id, created_at) VALUES ($1, $2, $3)";
        tx.execute(sql, args![id, order_id, self.now()]).await?;
        if pairs.is_empty() {
            add_items(&mut tx, id, order_id, None).await?;
        }
        for pair in pairs {
            if add_items(&mut tx, id, order_id, Some(*pair)).await? == 0 {
                return Err(StoreError::NotFound);
            }
        }
        let sql = "UPDATE sides SET login = 'checking', findings = '[]'
             WHERE pair_id IN (SELECT pair_id FROM check_items WHERE check_id = $1)";
        if tx.execute(sql, args![id]).await? == 0 {
            return Err(StoreError::NothingTicked);
        }
        enqueue(&mut tx, JobKind::Check, id.0, self.now(), self.now()).await?;
        let check = read_check(&mut tx, id).await?;
        tx.commit().await?;
        self.tell_workers();
        Ok(check)
    }

    /// A check of this order with the results so far.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for a check of another order.
    pub async fn check(&self, order_id: OrderId, id: CheckId) -> Result<Check, StoreError> {
        let check = self.check_work(id).await?;
        if check.order_id == order_id { Ok(check) } else { Err(StoreError::NotFound) }
    }

    /// A check by its id alone: for the worker.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn check_work(&self, id: CheckId) -> Result<Check, StoreError> {
        read_check(&mut self.read().await?, id).await
    }

    /// How long servers were asked for a check so far, over all attempts of its job.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn check_time(&self, id: CheckId) -> Result<Duration, StoreError> {
        let row = self.read().await?.row("SELECT asked_ms FROM checks WHERE id = $1", args![id]).await?;
        Ok(Duration::from_millis(row.get("asked_ms")?))
    }

    /// Servers were asked for a check for so long in one attempt of its job.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn add_check_time(&self, id: CheckId, asked: Duration) -> Result<(), StoreError> {
        let ms = i64::try_from(asked.as_millis()).unwrap_or(i64::MAX);
        let mut tx = self.write().await?;
        if tx.execute("UPDATE checks SET asked_ms = asked_ms + $2 WHERE id = $1", args![id, ms]).await? == 0 {
            return Err(StoreError::NotFound);
        }
        tx.commit().await
    }

    /// Records how a login went. The pair's side shows it too, unless it was changed since the check began.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn save_login(&self, at: CheckedSide, login: LoginState, findings: &[Finding]) -> Result<(), StoreError> {
        let (side, login, findings) = (code(&at.side)?, code(&login)?, json(&findings)?);
        let mut tx = self.write().await?;
        let sql = "UPDATE check_items SET login = $4, findings = $5 WHERE check_id = $1 AND pair_id = $2 AND side = $3";
        if tx.execute(sql, args![at.check_id, at.pair_id, &side, &login, &findings]).await? == 0 {
            return Err(StoreError::NotFound);
        }
        let sql =
            "UPDATE sides SET login = $3, findings = $4 WHERE pair_id = $1 AND side = $2 AND login <> 'unchecked'";
        tx.execute(sql, args![at.pair_id, &side, &login, &findings]).await?;
        tx.commit().await
    }

    /// Records what lies in an account, or that it could not be counted (`None`); `more` is added to the findings.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn save_survey(
        &self,
        at: CheckedSide,
        survey: Option<&Survey>,
        more: &[Finding],
    ) -> Result<(), StoreError> {
        let side = code(&at.side)?;
        let mut tx = self.write().await?;
        let sql = "UPDATE check_items SET counted = 1 WHERE check_id = $1 AND pair_id = $2 AND side = $3
             RETURNING findings";
        let row = tx.row(sql, args![at.check_id, at.pair_id, &side]).await?;
        let mut findings: Vec<Finding> = row.json("findings")?;
        findings.extend(more.iter().filter(|finding| !findings.contains(finding)).cloned().collect::<Vec<_>>());
        let findings = json(&findings)?;
        let sql = "UPDATE check_items SET findings = $4, survey_folders = $5, survey_messages = $6, survey_bytes = $7,
                survey_free_bytes = $8, survey_trash_messages = $9, survey_trash_bytes = $10,
                survey_junk_messages = $11, survey_junk_bytes = $12
             WHERE check_id = $1 AND pair_id = $2 AND side = $3";
        let folders = survey.map(|survey| survey.folders);
        let messages = survey.map(|survey| survey.messages);
        let size = survey.map(|survey| survey.size_bytes);
        let free = survey.and_then(|survey| survey.free_bytes);
        let (trash, junk) = survey.map(|survey| (survey.trash, survey.junk)).unzip();
        let parts = [trash, junk].map(|part| (part.map(|part| part.messages), part.map(|part| part.size_bytes)));
        let [(trash, trash_bytes), (junk, junk_bytes)] = parts;
        tx.execute(
            sql,
            args![
                at.check_id,
                at.pair_id,
                &side,
                &findings,
                folders,
                messages,
                size,
                free,
                trash,
                trash_bytes,
                junk,
                junk_bytes
            ],
        )
        .await?;
        let sql = "UPDATE sides SET findings = $3, survey_folders = $4, survey_messages = $5, survey_bytes = $6,
                survey_free_bytes = $7, survey_trash_messages = $8, survey_trash_bytes = $9,
                survey_junk_messages = $10, survey_junk_bytes = $11
             WHERE pair_id = $1 AND side = $2 AND login = 'passed'";
        tx.execute(
            sql,
            args![at.pair_id, &side, &findings, folders, messages, size, free, trash, trash_bytes, junk, junk_bytes],
        )
        .await?;
        tx.commit().await
    }
}

/// Adds both sides of the pair, or of every ticked pair; how many items.
async fn add_items(tx: &mut Tx, id: CheckId, order_id: OrderId, only: Option<PairId>) -> Result<u64, StoreError> {
    tx.execute(
        "INSERT INTO check_items (check_id, pair_id, side, position, user_name, login, findings, counted)
         SELECT $1, p.id, s.side, p.position, COALESCE(s.act_for, s.user_name), 'checking', '[]', 0
         FROM pairs p JOIN sides s ON s.pair_id = p.id
         WHERE p.order_id = $2 AND (p.id = $3 OR ($3 IS NULL AND p.ticked = 1))
         ON CONFLICT (check_id, pair_id, side) DO UPDATE SET login = excluded.login",
        args![id, order_id, only],
    )
    .await
}

async fn read_check(tx: &mut Tx, id: CheckId) -> Result<Check, StoreError> {
    let head = tx.row("SELECT order_id, created_at FROM checks WHERE id = $1", args![id]).await?;
    let rows = tx
        .rows(
            format!(
                "SELECT i.pair_id, i.side, i.user_name, i.login, i.findings, i.counted, {},
                    CASE WHEN s.by_admin = 1 OR s.act_for IS NOT NULL THEN CAST(1 AS BIGINT) ELSE 0 END AS delegated
                 FROM check_items i JOIN sides s ON s.pair_id = i.pair_id AND s.side = i.side
                 WHERE i.check_id = $1 ORDER BY i.position, i.side DESC",
                survey_columns("i")
            ),
            args![id],
        )
        .await?;
    let mut items = Vec::with_capacity(rows.len());
    let (mut logins_finished, mut finished) = (true, true);
    for row in &rows {
        let login = row.code("login")?;
        logins_finished &= !matches!(login, LoginState::Checking | LoginState::Unchecked);
        finished &= login != LoginState::Passed || row.get("counted")?;
        items.push(CheckItem {
            pair_id: row.get("pair_id")?,
            side: row.code("side")?,
            user: row.get("user_name")?,
            delegated: row.get("delegated")?,
            login,
            findings: row.json("findings")?,
            survey: survey_from(row)?,
        });
    }
    Ok(Check {
        id,
        order_id: head.get("order_id")?,
        created_at: head.get("created_at")?,
        logins_finished,
        finished: logins_finished && finished,
        items,
    })
}
