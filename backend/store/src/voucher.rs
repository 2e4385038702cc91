//! Vouchers: codes of 128 bits, of which only the SHA-256 is kept.

use chrono::{DateTime, Utc};
use mailferry_domain::order::{OrderLife, OrderTransitionError};
use mailferry_shared::{
    ids::{OrderId, TenantId, VoucherId},
    order::{Payment, StartKind},
    secret::Secret,
    voucher::{VoucherIssued, VoucherLimits},
};

mod batch;
pub(crate) mod fit;

pub use batch::{NewVouchers, VoucherFilter};
pub use fit::VoucherUnfit;

use crate::{
    db::Tx,
    error::StoreError,
    order::{OrderRecord, lock_order},
    payment::covered,
    store::Store,
    tenant::sha256,
    value::args,
};

impl Store {
    /// Makes `count` vouchers without further limits. Their codes are told this once.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], also for a tenant that does not exist.
    pub async fn create_vouchers(
        &self,
        tenant_id: TenantId,
        pairs: u32,
        count: u32,
        valid_until: Option<DateTime<Utc>>,
    ) -> Result<Vec<VoucherIssued>, StoreError> {
        let limits = VoucherLimits { valid_until, ..VoucherLimits::default() };
        let new = NewVouchers { tenant_id, pairs, count, limits, note: String::new(), sandbox: false };
        Ok(self.create_batch(&new).await?.1)
    }

    /// Pays for an order with a voucher: it is spent as far as the order needs it. An order that waited for payment
    /// and now has it is scheduled, with runs and jobs, in the same transaction. Paying again for an order that needs
    /// nothing more spends nothing.
    ///
    /// # Errors
    /// [`StoreError::VoucherInvalid`] for an unknown, expired, revoked or used-up code; [`StoreError::VoucherUnfit`] for
    /// one that is not good for this order; [`StoreError::WrongState`] if the order is closed or cancelled;
    /// [`StoreError::NotFound`].
    pub async fn redeem_voucher(&self, order_id: OrderId, code: &Secret) -> Result<OrderRecord, StoreError> {
        let bytes = crockford::decode(code.expose()).ok_or(StoreError::VoucherInvalid)?;
        let mut tx = self.write().await?;
        let mut order = lock_order(&mut tx, order_id).await?;
        if matches!(order.life, OrderLife::Closed | OrderLife::Cancelled) {
            let error = OrderTransitionError { from: order.life.state(), action: "be paid for" };
            return Err(error.into());
        }
        let row = tx
            .row_opt(
                // Locks the row: fifty parallel redeems follow one another.
                "UPDATE vouchers SET spent = spent WHERE code_hash = $1 AND revoked_at IS NULL AND sandbox = $3
                    AND (valid_until IS NULL OR valid_until > $2) RETURNING id",
                args![sha256(&bytes), self.now(), order.asker.sandbox],
            )
            .await?;
        let id = row.ok_or(StoreError::VoucherInvalid)?.get("id")?;
        let (spent, before) = self.spend(&mut tx, &order, id).await?;
        let missing = before.pairs_needed.saturating_sub(before.pairs_covered);
        if missing > 0 && spent == 0 {
            return Err(StoreError::VoucherInvalid);
        }
        let waits = matches!(order.life, OrderLife::AwaitingPayment { .. });
        let order = if waits && before.pairs_needed > 0 && spent == missing {
            order.life = order.life.paid();
            self.make_room(&mut tx, &order).await?;
            self.write_scheduled(&mut tx, order).await?
        } else {
            self.write_order(&mut tx, order).await?
        };
        tx.commit().await?;
        self.tell_workers();
        Ok(order)
    }

    /// Spends a voucher that this transaction has locked on an order, as far as the order needs it and the voucher
    /// reaches: how many pairs, and what had been paid for before.
    pub(crate) async fn spend(
        &self,
        tx: &mut Tx,
        order: &OrderRecord,
        voucher_id: VoucherId,
    ) -> Result<(u32, Payment), StoreError> {
        let sql = format!("SELECT v.pairs - v.spent AS remaining, {} FROM vouchers v WHERE v.id = $1", batch::LIMITS);
        let voucher = tx.row(sql, args![voucher_id]).await?;
        let limits = batch::limits_from(&voucher)?;
        let mut before = covered(tx, order.id).await?;
        if limits.trial_only {
            if !matches!(order.life, OrderLife::Draft) {
                return Err(VoucherUnfit::TrialOnly.into());
            }
            let sql = "SELECT CAST(COALESCE(SUM(trial_pairs), 0) AS BIGINT) AS covered FROM voucher_uses
                 WHERE order_id = $1";
            before.pairs_covered = tx.row(sql, args![order.id]).await?.get("covered")?;
        }
        let missing = before.pairs_needed.saturating_sub(before.pairs_covered);
        let spent = missing.min(voucher.get("remaining")?);
        if spent == 0 {
            return Ok((0, before));
        }
        fit::check(tx, order, &limits, self.now()).await?;
        tx.execute("UPDATE vouchers SET spent = spent + $2 WHERE id = $1", args![voucher_id, spent]).await?;
        let (full, trial) = if limits.trial_only { (0, spent) } else { (spent, 0) };
        tx.execute(
            "INSERT INTO voucher_uses (voucher_id, order_id, pairs, trial_pairs, used_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (voucher_id, order_id) DO UPDATE SET pairs = voucher_uses.pairs + excluded.pairs,
                trial_pairs = voucher_uses.trial_pairs + excluded.trial_pairs",
            args![voucher_id, order.id, full, trial, self.now()],
        )
        .await?;
        Ok((spent, before))
    }
}

/// Gives back what vouchers have paid for this order.
pub(crate) async fn give_back(tx: &mut Tx, order_id: OrderId) -> Result<(), StoreError> {
    // A trial that has begun has used its own.
    let sql = "SELECT u.voucher_id, u.pairs + CASE WHEN o.started_at IS NULL THEN u.trial_pairs ELSE 0 END AS pairs
         FROM voucher_uses u JOIN orders o ON o.id = u.order_id WHERE u.order_id = $1 ORDER BY u.voucher_id";
    for row in tx.rows(sql, args![order_id]).await? {
        let (id, pairs) = (row.get::<VoucherId>("voucher_id")?, row.get::<i64>("pairs")?);
        tx.execute("UPDATE vouchers SET spent = spent - $2 WHERE id = $1", args![id, pairs]).await?;
    }
    tx.execute("DELETE FROM voucher_uses WHERE order_id = $1", args![order_id]).await.map(drop)
}

/// Gives back what the voucher of the order's link has paid for it: at the next start it pays again. (Of one for trials
/// alone a link spends nothing: what there is of it was entered as a code, and stays.)
pub(crate) async fn give_back_link(tx: &mut Tx, order: &OrderRecord) -> Result<(), StoreError> {
    let Some(link) = order.asker.link_id else { return Ok(()) };
    let sql = "DELETE FROM voucher_uses WHERE order_id = $1 AND trial_pairs = 0
            AND voucher_id = (SELECT voucher_id FROM links WHERE id = $2)
         RETURNING voucher_id, pairs";
    for row in tx.rows(sql, args![order.id, link]).await? {
        let (id, pairs) = (row.get::<VoucherId>("voucher_id")?, row.get::<i64>("pairs")?);
        tx.execute("UPDATE vouchers SET spent = spent - $2 WHERE id = $1", args![id, pairs]).await?;
    }
    Ok(())
}

/// Gives back what vouchers have paid for beyond the pairs that this start needs, the latest first: who redeemed one for
/// ten accounts and starts five keeps the right to five more. Of money the seller decides.
pub(crate) async fn give_back_surplus(tx: &mut Tx, order: &OrderRecord, kind: StartKind) -> Result<(), StoreError> {
    let (column, mut surplus) = match kind {
        StartKind::Main => {
            let paid = covered(tx, order.id).await?;
            ("pairs", paid.pairs_covered.saturating_sub(paid.pairs_needed))
        }
        StartKind::Trial => {
            let sql = "SELECT CAST(COALESCE(SUM(trial_pairs), 0) AS BIGINT) AS covered,
                    (SELECT COUNT(*) FROM pairs WHERE order_id = $1 AND ticked = 1) AS needed
                 FROM voucher_uses WHERE order_id = $1";
            let row = tx.row(sql, args![order.id]).await?;
            ("trial_pairs", row.get::<u32>("covered")?.saturating_sub(row.get("needed")?))
        }
    };
    let sql = format!(
        "SELECT voucher_id, {column} AS pairs FROM voucher_uses WHERE order_id = $1 AND {column} > 0
         ORDER BY used_at DESC, voucher_id DESC"
    );
    for row in tx.rows(sql, args![order.id]).await? {
        let id: VoucherId = row.get("voucher_id")?;
        let back = surplus.min(row.get("pairs")?);
        surplus -= back;
        let sql = format!("UPDATE voucher_uses SET {column} = {column} - $3 WHERE order_id = $1 AND voucher_id = $2");
        tx.execute(sql, args![order.id, id, back]).await?;
        tx.execute("UPDATE vouchers SET spent = spent - $2 WHERE id = $1", args![id, back]).await?;
        let sql = "DELETE FROM voucher_uses WHERE order_id = $1 AND voucher_id = $2 AND pairs = 0 AND trial_pairs = 0";
        tx.execute(sql, args![order.id, id]).await?;
    }
    Ok(())
}

/// A code as people read it: `MF-7K2QX-9D4TM-VB81N-C6HRA-PW5ZE3`.
fn spell(bytes: &[u8; 16]) -> String {
    let text = crockford::encode(bytes);
    let (head, tail) = text.split_at(20);
    let mut code = String::from("MF");
    for n in (0..head.len()).step_by(5) {
        code.push('-');
        code.push_str(&head[n..n + 5]);
    }
    code.push('-');
    code.push_str(tail);
    code
}

/// Crockford's Base32: no letter that looks like a digit; 26 characters for 16 bytes.
pub(crate) mod crockford {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    const LENGTH: usize = 26;

    /// The bytes as 26 characters; the first holds 3 bits.
    pub(crate) fn encode(bytes: &[u8; 16]) -> String {
        let number = u128::from_be_bytes(*bytes);
        (0..LENGTH)
            .rev()
            .map(|n| {
                let at = usize::try_from((number >> (5 * n)) & 31).unwrap_or_default();
                char::from(ALPHABET[at])
            })
            .collect()
    }

    /// Reads what people type: case, spaces, hyphens and the prefix `MF` do not matter, `O` is 0, `I` and `L` are 1.
    pub(crate) fn decode(text: &str) -> Option<[u8; 16]> {
        let text: String =
            text.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_uppercase()).collect();
        let digits = if text.len() == LENGTH + 2 { text.strip_prefix("MF")? } else { &text };
        if digits.len() != LENGTH {
            return None;
        }
        let mut number: u128 = 0;
        for (n, c) in digits.bytes().enumerate() {
            let c = match c {
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other => other,
            };
            let value = ALPHABET.iter().position(|&letter| letter == c)?;
            if n == 0 && value > 7 {
                return None;
            }
            number = number << 5 | value as u128;
        }
        Some(number.to_be_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_128_bits() {
        let (none, all) = (spell(&[0; 16]), spell(&[0xff; 16]));
        assert_eq!(crockford::decode(&none).map(|bytes| bytes.len() * 8), Some(128));
        assert_eq!(crockford::decode(&all), Some([0xff; 16]), "each of them counts");
    }

    #[test]
    fn a_code_reads_back_however_it_is_typed() {
        let bytes = *b"\x00\x01sixteen bytes\xff";
        let code = spell(&bytes);
        assert_eq!((code.len(), &code[..3]), (33, "MF-"));
        let sloppy = code.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        for typed in [code.as_str(), &sloppy, &code[3..]] {
            assert_eq!(crockford::decode(typed), Some(bytes), "{typed}");
        }
        for wrong in ["", "MF-", "MF-7K2QX", "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "ÄZZZZZZZZZZZZZZZZZZZZZZZZ"] {
            assert_eq!(crockford::decode(wrong), None, "{wrong}");
        }
    }
}
