//! Orders: reading, writing, and the numbers that belong to them.

use chrono::{DateTime, Utc};
use mailferry_domain::order::OrderLife;
use mailferry_shared::{
    account::MailAmount,
    address::MailAddress,
    ids::OrderId,
    order::{OrderAction, OrderState, OrderTotals, Payment},
    order_list::MigrationType,
    webhook::EventKind,
};

use crate::{
    db::Tx,
    error::StoreError,
    ledger::{delete_ledger, forget_subjects},
    link::use_link,
    payment::covered,
    store::Store,
    value::{args, code, json},
    voucher::give_back,
};

mod list;
mod record;

pub use list::{Asker, OrderFilter, Reach};
use record::{COLUMNS, order_from};
pub use record::{NewOrder, OrderRecord};

impl Store {
    /// A new draft.
    ///
    /// # Errors
    /// [`StoreError::LinkInvalid`]; [`StoreError::Unavailable`], also for a tenant that does not exist.
    pub async fn create_order(&self, new: NewOrder) -> Result<OrderRecord, StoreError> {
        let mut tx = self.write().await?;
        let id = self.insert_order(&mut tx, new, None).await?.id;
        tx.commit().await?;
        self.order(id).await
    }

    /// Writes a new draft, which is not to be started before `earliest_start`.
    pub(crate) async fn insert_order(
        &self,
        tx: &mut Tx,
        new: NewOrder,
        earliest_start: Option<DateTime<Utc>>,
    ) -> Result<OrderRecord, StoreError> {
        let now = self.now();
        let mut order = OrderRecord {
            id: OrderId(self.new_id()?),
            tenant_id: new.tenant_id,
            asker: new.asker,
            version: 1,
            link_version: 1,
            life: OrderLife::Draft,
            kind: None,
            earliest_start,
            delta_schedule: None,
            delta_at: None,
            delta_pending: false,
            ended_at: None,
            started_at: None,
            first_started_at: None,
            finished_at: None,
            planned_end_at: None,
            expires_at: now,
            language: new.language,
            notify_address: new.notify_address,
            source: new.source,
            destination: new.destination,
            options: new.options,
            accepted_terms: new.accepted_terms,
            accepted_terms_at: now,
            created_at: now,
            reference: new.reference,
        };
        order.follow_life(self);
        if let Some(link) = order.asker.link_id {
            use_link(tx, link).await?;
        }
        tx.execute(
            "INSERT INTO orders (id, tenant_id, version, link_version, state, expires_at, language, notify_address,
                source, destination, options, accepted_terms, accepted_terms_at, created_at, member_id, api_key_id,
                sandbox, link_id, earliest_start, migration_type, reference)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)",
            args![
                order.id,
                order.tenant_id,
                order.version,
                order.link_version,
                code(&order.life.state())?,
                order.expires_at,
                code(&order.language)?,
                order.notify_address.as_ref().map(MailAddress::as_str),
                order.source.as_ref().map(json).transpose()?,
                order.destination.as_ref().map(json).transpose()?,
                json(&order.options)?,
                &order.accepted_terms,
                order.accepted_terms_at,
                order.created_at,
                order.asker.member_id,
                order.asker.api_key_id,
                order.asker.sandbox,
                order.asker.link_id,
                order.earliest_start,
                code(&MigrationType::of(order.source.as_ref()))?,
                order.reference.clone(),
            ],
        )
        .await?;
        self.tell_event(tx, &order, EventKind::OrderCreated).await?;
        // As it reads back: times in the database are whole microseconds.
        read_order(tx, order.id).await
    }

    /// The order with this number.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn order(&self, id: OrderId) -> Result<OrderRecord, StoreError> {
        read_order(&mut self.read().await?, id).await
    }

    /// Writes an order that was read before; what follows from `life` is set here. If a provider has another server
    /// now, the accounts that use it must be checked anew.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if somebody else has written it in between.
    pub async fn save_order(&self, order: &OrderRecord) -> Result<OrderRecord, StoreError> {
        let mut tx = self.write().await?;
        let before = self.lock_version(&mut tx, order).await?;
        for (side, old, new) in
            [("source", &before.source, &order.source), ("destination", &before.destination, &order.destination)]
        {
            if old.as_ref().map(|choice| &choice.endpoint) != new.as_ref().map(|choice| &choice.endpoint) {
                forget_logins(&mut tx, order.id, side).await?;
            }
        }
        if before.options.show_subjects && !order.options.show_subjects {
            forget_subjects(&mut tx, order.id).await?;
        }
        let saved = self.write_order(&mut tx, order.clone()).await?;
        tx.commit().await?;
        Ok(saved)
    }

    /// Revokes every link to the order that is out.
    ///
    /// # Errors
    /// [`StoreError::Conflict`].
    pub async fn renew_links(&self, order: &OrderRecord) -> Result<OrderRecord, StoreError> {
        let mut tx = self.write().await?;
        let mut order = self.lock_version(&mut tx, order).await?;
        order.link_version += 1;
        let order = self.write_order(&mut tx, order).await?;
        tx.commit().await?;
        Ok(order)
    }

    /// Deletes the order and all that is known of it. Vouchers come back if it never began.
    ///
    /// # Errors
    /// [`StoreError::Active`] if its state does not allow it, or a run has not ended.
    pub async fn delete_order(&self, id: OrderId) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let order = lock_order(&mut tx, id).await?;
        let running = tx
            .row("SELECT COUNT(*) AS n FROM runs WHERE order_id = $1 AND state = 'running'", args![id])
            .await?
            .get::<i64>("n")?;
        if running > 0 || !order.life.actions().contains(&OrderAction::Delete) {
            return Err(StoreError::Active);
        }
        if order.is_unused() {
            give_back(&mut tx, id).await?;
        }
        for row in tx.rows("SELECT id FROM pairs WHERE order_id = $1", args![id]).await? {
            delete_ledger(&mut tx, row.get("id")?).await?;
        }
        self.tell_event(&mut tx, &order, EventKind::OrderDeleted).await?;
        // Jobs that wait for parts of it find nothing and end.
        tx.execute("DELETE FROM orders WHERE id = $1", args![id]).await?;
        tx.commit().await
    }

    /// Sums over the order's account pairs; the estimate is left to the caller.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn order_totals(&self, id: OrderId) -> Result<OrderTotals, StoreError> {
        let mut tx = self.read().await?;
        let row = tx
            .row(
                "SELECT COUNT(*) AS pairs,
                    CAST(COALESCE(SUM(p.ticked), 0) AS BIGINT) AS ticked,
                    CAST(COALESCE(SUM(CASE WHEN s.login = 'passed' AND d.login = 'passed' THEN 1 ELSE 0 END), 0)
                        AS BIGINT) AS checked,
                    CAST(COALESCE(SUM(p.ticked * COALESCE(s.survey_messages, 0)), 0) AS BIGINT) AS messages,
                    CAST(COALESCE(SUM(p.ticked * COALESCE(s.survey_bytes, 0)), 0) AS BIGINT) AS size_bytes,
                    CAST(COALESCE(SUM(p.ticked * COALESCE(s.survey_trash_messages, 0)), 0) AS BIGINT) AS trash,
                    CAST(COALESCE(SUM(p.ticked * COALESCE(s.survey_trash_bytes, 0)), 0) AS BIGINT) AS trash_bytes,
                    CAST(COALESCE(SUM(p.ticked * COALESCE(s.survey_junk_messages, 0)), 0) AS BIGINT) AS junk,
                    CAST(COALESCE(SUM(p.ticked * COALESCE(s.survey_junk_bytes, 0)), 0) AS BIGINT) AS junk_bytes,
                    CAST(COALESCE(SUM(CASE WHEN p.ticked = 1 AND s.survey_messages IS NULL THEN 1 ELSE 0 END), 0)
                        AS BIGINT) AS uncounted
                 FROM pairs p
                 JOIN sides s ON s.pair_id = p.id AND s.side = 'source'
                 JOIN sides d ON d.pair_id = p.id AND d.side = 'destination'
                 WHERE p.order_id = $1",
                args![id],
            )
            .await?;
        let pairs_ticked = row.get("ticked")?;
        Ok(OrderTotals {
            pairs: row.get("pairs")?,
            pairs_ticked,
            pairs_checked: row.get("checked")?,
            messages: row.get("messages")?,
            size_bytes: row.get("size_bytes")?,
            trash: MailAmount { messages: row.get("trash")?, size_bytes: row.get("trash_bytes")? },
            junk: MailAmount { messages: row.get("junk")?, size_bytes: row.get("junk_bytes")? },
            survey_complete: pairs_ticked > 0 && row.get::<i64>("uncounted")? == 0,
            estimated_seconds: None,
        })
    }

    /// What has been paid for, and what is needed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn payment(&self, id: OrderId) -> Result<Payment, StoreError> {
        covered(&mut self.read().await?, id).await
    }

    /// Locks the order and makes sure that it still is what `order` was read as.
    pub(crate) async fn lock_version(&self, tx: &mut Tx, order: &OrderRecord) -> Result<OrderRecord, StoreError> {
        let now = lock_order(tx, order.id).await?;
        if now.version == order.version { Ok(now) } else { Err(StoreError::Conflict) }
    }

    /// Writes an order that this transaction has locked.
    pub(crate) async fn write_order(&self, tx: &mut Tx, mut order: OrderRecord) -> Result<OrderRecord, StoreError> {
        order.follow_life(self);
        let sql = "SELECT state FROM orders WHERE id = $1";
        let before: OrderState = tx.row(sql, args![order.id]).await?.code("state")?;
        let written = tx
            .execute(
                "UPDATE orders SET version = version + 1, link_version = $3, state = $4, kind = $5,
                    earliest_start = $6, started_at = $7, finished_at = $8, expires_at = $9, language = $10,
                    notify_address = $11, source = $12, destination = $13, options = $14, delta_trigger = $15,
                    delta_delay_hours = $16, delta_at = $17, delta_pending = $18, ended_at = $19,
                    first_started_at = $20, migration_type = $21, reference = $22,
                    planned_end_at = $23
                 WHERE id = $1 AND version = $2",
                args![
                    order.id,
                    order.version,
                    order.link_version,
                    code(&order.life.state())?,
                    order.kind.as_ref().map(code).transpose()?,
                    order.earliest_start,
                    order.started_at,
                    order.finished_at,
                    order.expires_at,
                    code(&order.language)?,
                    order.notify_address.as_ref().map(MailAddress::as_str),
                    order.source.as_ref().map(json).transpose()?,
                    order.destination.as_ref().map(json).transpose()?,
                    json(&order.options)?,
                    order.delta_schedule.as_ref().map(|schedule| code(&schedule.trigger)).transpose()?,
                    order.delta_schedule.and_then(|schedule| schedule.delay_hours),
                    order.delta_at,
                    order.delta_pending,
                    order.ended_at,
                    order.first_started_at,
                    code(&MigrationType::of(order.source.as_ref()))?,
                    order.reference.clone(),
                    order.planned_end_at,
                ],
            )
            .await?;
        if written == 0 {
            return Err(StoreError::Conflict);
        }
        let order = read_order(tx, order.id).await?;
        self.tell_state(tx, before, &order).await?;
        self.follow_order(tx, &order).await?;
        Ok(order)
    }
}

/// The order, as this transaction sees it.
pub(crate) async fn read_order(tx: &mut Tx, id: OrderId) -> Result<OrderRecord, StoreError> {
    order_from(&tx.row(format!("SELECT {COLUMNS} FROM orders WHERE id = $1"), args![id]).await?)
}

/// The order, which nobody else changes until this transaction ends. An update that changes nothing takes the row's
/// lock on PostgreSQL; on SQLite a transaction that writes is alone anyway.
pub(crate) async fn lock_order(tx: &mut Tx, id: OrderId) -> Result<OrderRecord, StoreError> {
    let sql = format!("UPDATE orders SET version = version WHERE id = $1 RETURNING {COLUMNS}");
    order_from(&tx.row(sql, args![id]).await?)
}

/// What is known of logins and mailboxes of accounts that use the order's server is void.
async fn forget_logins(tx: &mut Tx, id: OrderId, side: &'static str) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE sides SET login = 'unchecked', findings = '[]', survey_folders = NULL, survey_messages = NULL,
            survey_bytes = NULL, survey_free_bytes = NULL, survey_trash_messages = NULL, survey_trash_bytes = NULL,
            survey_junk_messages = NULL, survey_junk_bytes = NULL
         WHERE side = $2 AND endpoint IS NULL AND pair_id IN (SELECT id FROM pairs WHERE order_id = $1)",
        args![id, side],
    )
    .await
    .map(drop)
}
