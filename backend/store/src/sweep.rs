//! What a crash left behind, and what time has ended: looked for once a minute, by any number of processes.

use mailferry_domain::order::OrderLife;
use mailferry_shared::ids::OrderId;
use uuid::Uuid;

use crate::{
    credential::forget_passwords,
    error::StoreError,
    jobs::JobKind,
    order::lock_order,
    store::Store,
    value::{Row, args},
    voucher::give_back,
};

/// Tries after which a mail is given up.
pub(crate) const MAIL_ATTEMPTS: u32 = 12;

impl Store {
    /// What should be waiting or under way but has no job: runs, checks, surveys, verifications, dry runs and mails.
    /// Enqueueing them is harmless even if they have got one meanwhile.
    ///
    /// State and job are written in one transaction, so that this finds something only where a handler ended without
    /// bringing its subject to an end.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn left_behind(&self) -> Result<Vec<(JobKind, Uuid)>, StoreError> {
        let mut tx = self.read().await?;
        let mut left = Vec::new();
        let ids = |rows: Vec<Row>| rows.iter().map(|row| row.get::<Uuid>("id")).collect::<Result<Vec<_>, _>>();
        let runs = tx
            .rows(
                "SELECT r.id FROM runs r JOIN orders o ON o.id = r.order_id WHERE r.state IN ('queued', 'running')
                    AND (o.state <> 'scheduled' OR o.earliest_start <= $1)
                    AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'run' AND j.id = r.id)",
                args![self.now()],
            )
            .await?;
        left.extend(ids(runs)?.into_iter().map(|id| (JobKind::Run, id)));
        let checks = tx
            .rows(
                "SELECT DISTINCT i.check_id AS id FROM check_items i WHERE i.login = 'checking'
                    AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'check' AND j.id = i.check_id)",
                args![],
            )
            .await?;
        let checks = ids(checks)?;
        let surveys = tx
            .rows(
                "SELECT DISTINCT i.check_id AS id FROM check_items i WHERE i.login = 'passed' AND i.counted = 0
                    AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind IN ('check', 'survey') AND j.id = i.check_id)",
                args![],
            )
            .await?;
        let surveys = ids(surveys)?;
        left.extend(surveys.into_iter().filter(|id| !checks.contains(id)).map(|id| (JobKind::Survey, id)));
        left.extend(checks.into_iter().map(|id| (JobKind::Check, id)));
        let verifications = tx
            .rows(
                "SELECT DISTINCT p.verification_id AS id FROM verification_pairs p WHERE p.state IN ('queued', 'running')
                    AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'verification' AND j.id = p.verification_id)",
                args![],
            )
            .await?;
        left.extend(ids(verifications)?.into_iter().map(|id| (JobKind::Verification, id)));
        let dry_runs = tx
            .rows(
                "SELECT DISTINCT p.dry_run_id AS id FROM dry_run_pairs p WHERE p.state IN ('queued', 'running')
                    AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'dry_run' AND j.id = p.dry_run_id)",
                args![],
            )
            .await?;
        left.extend(ids(dry_runs)?.into_iter().map(|id| (JobKind::DryRun, id)));
        let mails = tx
            .rows(
                "SELECT m.id FROM mails m WHERE m.sent_at IS NULL AND m.attempts < $1
                    AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'send_mail' AND j.id = m.id)",
                args![MAIL_ATTEMPTS],
            )
            .await?;
        left.extend(ids(mails)?.into_iter().map(|id| (JobKind::SendMail, id)));
        let links = tx
            .rows(
                "SELECT l.id FROM password_links l WHERE l.sent_at IS NULL AND l.attempts < $1 AND l.expires_at > $2
                    AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'password_mail' AND j.id = l.id)",
                args![MAIL_ATTEMPTS, self.now()],
            )
            .await?;
        left.extend(ids(links)?.into_iter().map(|id| (JobKind::PasswordMail, id)));
        let deliveries = tx
            .rows(
                "SELECT d.id FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id
                 WHERE d.state = 'pending' AND w.enabled = 1
                    AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = 'webhook' AND j.id = d.id)",
                args![],
            )
            .await?;
        left.extend(ids(deliveries)?.into_iter().map(|id| (JobKind::Webhook, id)));
        left.extend(self.payments_left_behind(&mut tx).await?);
        let cut_overs = self.cut_overs_left_behind(&mut tx).await?;
        left.extend(ids(cut_overs)?.into_iter().map(|id| (JobKind::CutOver, id)));
        Ok(left)
    }

    /// Orders that [`Store::conclude_order`] would change: their last run has ended or was parked, and nobody said so.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn orders_to_conclude(&self) -> Result<Vec<OrderId>, StoreError> {
        let mut tx = self.read().await?;
        let rows = tx
            .rows(
                "SELECT o.id FROM orders o WHERE
                    (o.state = 'active' AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.order_id = o.id
                        AND r.state IN ('queued', 'running')))
                    OR (o.state = 'paused' AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.order_id = o.id
                        AND r.state IN ('queued', 'running', 'paused')))",
                args![],
            )
            .await?;
        rows.iter().map(|row| row.get("id")).collect()
    }

    /// Closes orders whose link has expired, at most `limit`: passwords are erased, what waits is cancelled, vouchers
    /// come back if the full migration has not begun. Which ones were closed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; what was closed before stays closed.
    pub async fn expire_orders(&self, limit: u32) -> Result<Vec<OrderId>, StoreError> {
        let sql = "SELECT id FROM orders WHERE expires_at <= $1 AND state NOT IN ('closed', 'cancelled')
             ORDER BY expires_at LIMIT $2";
        let rows = self.read().await?.rows(sql, args![self.now(), limit]).await?;
        let mut closed = Vec::new();
        for row in &rows {
            let id = row.get("id")?;
            if self.expire_order(id).await? {
                closed.push(id);
            }
        }
        Ok(closed)
    }

    async fn expire_order(&self, id: OrderId) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let mut order = match lock_order(&mut tx, id).await {
            Err(StoreError::NotFound) => return Ok(false),
            other => other?,
        };
        let over = order.expires_at <= self.now();
        let open = !matches!(order.life, OrderLife::Closed | OrderLife::Cancelled);
        if !over || !open {
            return Ok(false);
        }
        let unused = order.is_unused();
        order.life = order.life.close();
        let sql = "UPDATE runs SET state = 'cancelled', finished_at = $2
             WHERE order_id = $1 AND state IN ('queued', 'paused')";
        tx.execute(sql, args![id, self.now()]).await?;
        forget_passwords(&mut tx, id).await?;
        if unused {
            give_back(&mut tx, id).await?;
        }
        self.write_order(&mut tx, order).await?;
        tx.commit().await?;
        Ok(true)
    }
}
