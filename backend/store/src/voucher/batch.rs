//! Batches of vouchers with limits; the list of vouchers; revocation.

use chrono::{DateTime, Utc};
use mailferry_shared::{
    ids::{OrderId, TenantId, VoucherBatchId, VoucherId},
    secret::Secret,
    voucher::{Voucher, VoucherIssued, VoucherLimits, VoucherState, VoucherUse},
};

use super::spell;
use crate::{
    db::Tx,
    error::StoreError,
    store::Store,
    tenant::sha256,
    value::{Arg, Row, args, code, json},
};

/// A new batch of vouchers.
#[derive(Debug, Clone)]
pub struct NewVouchers {
    /// Whose.
    pub tenant_id: TenantId,
    /// Account pairs each is good for.
    pub pairs: u32,
    /// How many.
    pub count: u32,
    /// What else each is limited to.
    pub limits: VoucherLimits,
    /// What its seller wrote down of it; empty: nothing.
    pub note: String,
    /// For sandbox orders only.
    pub sandbox: bool,
}

/// Which vouchers to list.
#[derive(Debug, Clone)]
pub struct VoucherFilter {
    /// Whose.
    pub tenant_id: TenantId,
    /// Only those for sandbox orders, or only others.
    pub sandbox: Option<bool>,
    /// In one of these states; empty: in any.
    pub states: Vec<VoucherState>,
    /// Of this batch.
    pub batch_id: Option<VoucherBatchId>,
    /// Used by this order.
    pub order_id: Option<OrderId>,
    /// Whose code begins like this.
    pub hint: Option<String>,
    /// With this text in the note or in the part of the code that is shown.
    pub text: Option<String>,
    /// After this one, in the order of the list.
    pub after: Option<(DateTime<Utc>, VoucherId)>,
    /// So many.
    pub limit: u32,
}

/// A voucher's state at the time $1.
const STATE: &str = "CASE WHEN v.revoked_at IS NOT NULL THEN 'revoked' WHEN v.spent >= v.pairs THEN 'redeemed'
    WHEN v.valid_until IS NOT NULL AND v.valid_until <= $1 THEN 'expired' ELSE 'issued' END";

pub(super) const LIMITS: &str =
    "v.valid_from, v.valid_until, v.max_mailbox_bytes, v.trial_only, v.free_test, v.providers";

pub(super) fn limits_from(row: &Row) -> Result<VoucherLimits, StoreError> {
    Ok(VoucherLimits {
        valid_from: row.get("valid_from")?,
        valid_until: row.get("valid_until")?,
        max_mailbox_bytes: row.get("max_mailbox_bytes")?,
        trial_only: row.get("trial_only")?,
        free_test: row.get("free_test")?,
        providers: row.json("providers")?,
    })
}

async fn select(tx: &mut Tx, filter: &str, args: Vec<Arg>) -> Result<Vec<Voucher>, StoreError> {
    let sql = format!(
        "SELECT v.id, v.batch_id, v.hint, v.note, v.pairs, v.spent, v.sandbox, v.created_at, {LIMITS}, {STATE} AS state
         FROM vouchers v WHERE {filter}"
    );
    let mut vouchers = Vec::new();
    for row in tx.rows(sql, args).await? {
        let id: VoucherId = row.get("id")?;
        let uses = tx
            .rows(
                "SELECT u.order_id, u.pairs + u.trial_pairs AS pairs, u.used_at, o.state FROM voucher_uses u
                 JOIN orders o ON o.id = u.order_id WHERE u.voucher_id = $1 ORDER BY u.used_at, u.order_id",
                args![id],
            )
            .await?;
        vouchers.push(Voucher {
            id,
            batch_id: row.get("batch_id")?,
            hint: row.get("hint")?,
            state: row.code("state")?,
            pairs: row.get("pairs")?,
            pairs_used: row.get("spent")?,
            limits: limits_from(&row)?,
            note: row.get("note")?,
            sandbox: row.get("sandbox")?,
            created_at: row.get("created_at")?,
            uses: uses.iter().map(use_from).collect::<Result<_, _>>()?,
        });
    }
    Ok(vouchers)
}

fn use_from(row: &Row) -> Result<VoucherUse, StoreError> {
    Ok(VoucherUse {
        order_id: row.get("order_id")?,
        order_state: row.code("state")?,
        pairs: row.get("pairs")?,
        used_at: row.get("used_at")?,
    })
}

impl Store {
    /// Makes a batch of vouchers. Their codes are told this once.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], also for a tenant that does not exist.
    pub async fn create_batch(&self, new: &NewVouchers) -> Result<(VoucherBatchId, Vec<VoucherIssued>), StoreError> {
        let mut tx = self.write().await?;
        let made = self.insert_batch(&mut tx, new).await?;
        tx.commit().await?;
        Ok(made)
    }

    pub(crate) async fn insert_batch(
        &self,
        tx: &mut Tx,
        new: &NewVouchers,
    ) -> Result<(VoucherBatchId, Vec<VoucherIssued>), StoreError> {
        let batch_id = VoucherBatchId(self.new_id()?);
        let mut issued = Vec::new();
        for _ in 0..new.count {
            let bytes: [u8; 16] = self.random_bytes()?;
            let (id, code) = (VoucherId(self.new_id()?), spell(&bytes));
            tx.execute(
                "INSERT INTO vouchers (id, tenant_id, batch_id, code_hash, hint, pairs, spent, valid_from, valid_until,
                    max_mailbox_bytes, trial_only, free_test, providers, sandbox, created_at, note)
                 VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
                args![
                    id,
                    new.tenant_id,
                    batch_id,
                    sha256(&bytes),
                    &code[..8],
                    new.pairs,
                    new.limits.valid_from,
                    new.limits.valid_until,
                    new.limits.max_mailbox_bytes,
                    new.limits.trial_only,
                    new.limits.free_test,
                    json(&new.limits.providers)?,
                    new.sandbox,
                    self.now(),
                    &new.note,
                ],
            )
            .await?;
            let valid_until = new.limits.valid_until;
            issued.push(VoucherIssued { id, code: Secret::new(code), pairs: new.pairs, valid_until });
        }
        Ok((batch_id, issued))
    }

    /// The vouchers that fit, newest first, each with the orders that used it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn vouchers(&self, filter: &VoucherFilter) -> Result<Vec<Voucher>, StoreError> {
        let mut tx = self.read().await?;
        let search = tx.search();
        let mut args = args![self.now(), filter.tenant_id];
        let mut sql = vec!["v.tenant_id = $2".to_owned()];
        let mut arg = |arg: Arg| {
            args.push(arg);
            format!("${}", args.len())
        };
        if let Some(sandbox) = filter.sandbox {
            sql.push(format!("v.sandbox = {}", arg(sandbox.into())));
        }
        if !filter.states.is_empty() {
            let words = filter.states.iter().map(|state| Ok(arg(code(state)?.into())));
            let words = words.collect::<Result<Vec<_>, StoreError>>()?;
            sql.push(format!("{STATE} IN ({})", words.join(", ")));
        }
        if let Some(batch) = filter.batch_id {
            sql.push(format!("v.batch_id = {}", arg(batch.into())));
        }
        if let Some(order) = filter.order_id {
            let order = arg(order.into());
            sql.push(format!(
                "EXISTS (SELECT 1 FROM voucher_uses u WHERE u.voucher_id = v.id AND u.order_id = {order})"
            ));
        }
        if let Some(hint) = &filter.hint {
            sql.push(format!("v.hint = {}", arg(hint.into())));
        }
        if let Some(text) = &filter.text {
            let text = arg(search.pattern(text).into());
            sql.push(format!("({} OR {})", search.finds("v.note", &text), search.finds("v.hint", &text)));
        }
        if let Some((created_at, id)) = filter.after {
            let (time, id) = (arg(created_at.into()), arg(id.into()));
            sql.push(format!("(v.created_at < {time} OR (v.created_at = {time} AND v.id < {id}))"));
        }
        let limit = arg(filter.limit.into());
        let sql = format!("{} ORDER BY v.created_at DESC, v.id DESC LIMIT {limit}", sql.join(" AND "));
        select(&mut tx, &sql, args).await
    }

    /// One voucher of a tenant.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for one of another tenant.
    pub async fn voucher(&self, tenant_id: TenantId, id: VoucherId) -> Result<Voucher, StoreError> {
        let args = args![self.now(), tenant_id, id];
        let found = select(&mut self.read().await?, "v.tenant_id = $2 AND v.id = $3", args).await?;
        found.into_iter().next().ok_or(StoreError::NotFound)
    }

    /// Revokes what is left of a voucher; what was spent stays paid for. Again, it changes nothing.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for one of another tenant.
    pub async fn revoke_voucher(&self, tenant_id: TenantId, id: VoucherId) -> Result<Voucher, StoreError> {
        let mut tx = self.write().await?;
        let sql = "UPDATE vouchers SET revoked_at = COALESCE(revoked_at, $3) WHERE id = $1 AND tenant_id = $2";
        if tx.execute(sql, args![id, tenant_id, self.now()]).await? == 0 {
            return Err(StoreError::NotFound);
        }
        tx.commit().await?;
        self.voucher(tenant_id, id).await
    }
}
