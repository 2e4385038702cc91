//! Whether a voucher is good for an order.

use chrono::{DateTime, Utc};
use mailferry_shared::{order::ProviderChoice, voucher::VoucherLimits};

use super::batch::{LIMITS, limits_from};
use crate::{db::Tx, error::StoreError, order::OrderRecord, value::args};

/// Why a voucher that is valid is not good for an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VoucherUnfit {
    /// It can be used later only.
    #[error("The voucher cannot be used before {0}.")]
    NotYet(DateTime<Utc>),
    /// It is good for trials alone.
    #[error("The voucher is good for a free trial only.")]
    TrialOnly,
    /// A mailbox is larger than it allows.
    #[error("The voucher is good for mailboxes of at most {} MB; a ticked one is larger.", .0 / 1_000_000)]
    MailboxTooLarge(u64),
    /// A mailbox has not been counted yet.
    #[error("The voucher is limited by size: check the accounts first, so that every ticked mailbox has been counted.")]
    NotCounted,
    /// It is meant for other providers.
    #[error("The voucher is good for other providers.")]
    Provider,
}

/// Makes sure that a voucher with these limits is good for the order.
pub(super) async fn check(
    tx: &mut Tx,
    order: &OrderRecord,
    limits: &VoucherLimits,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if let Some(from) = limits.valid_from.filter(|from| *from > now) {
        return Err(VoucherUnfit::NotYet(from).into());
    }
    if let Some(most) = limits.max_mailbox_bytes {
        check_sizes(tx, order, most).await?;
    }
    if !limits.providers.is_empty() {
        check_providers(tx, order, &limits.providers).await?;
    }
    Ok(())
}

async fn check_sizes(tx: &mut Tx, order: &OrderRecord, most: u64) -> Result<(), StoreError> {
    let row = tx
        .row(
            "SELECT CAST(COALESCE(SUM(CASE WHEN s.survey_bytes IS NULL THEN 1 ELSE 0 END), 0) AS BIGINT) AS uncounted,
                CAST(COALESCE(MAX(s.survey_bytes), 0) AS BIGINT) AS largest
             FROM pairs p JOIN sides s ON s.pair_id = p.id AND s.side = 'source'
             WHERE p.order_id = $1 AND p.ticked = 1",
            args![order.id],
        )
        .await?;
    if row.get::<u64>("largest")? > most {
        Err(VoucherUnfit::MailboxTooLarge(most).into())
    } else if row.get::<i64>("uncounted")? > 0 {
        Err(VoucherUnfit::NotCounted.into())
    } else {
        Ok(())
    }
}

/// One side of the order, with all its ticked accounts, is at one of the providers.
async fn check_providers(tx: &mut Tx, order: &OrderRecord, providers: &[String]) -> Result<(), StoreError> {
    let sides = [("source", &order.source), ("destination", &order.destination)];
    let fits = |choice: &Option<ProviderChoice>| {
        choice.as_ref().and_then(|choice| choice.provider.as_ref()).is_some_and(|id| providers.contains(id))
    };
    for (side, _) in sides.into_iter().filter(|(_, choice)| fits(choice)) {
        let elsewhere = tx
            .row(
                "SELECT COUNT(*) AS n FROM pairs p JOIN sides s ON s.pair_id = p.id AND s.side = $2
                 WHERE p.order_id = $1 AND p.ticked = 1 AND s.endpoint IS NOT NULL",
                args![order.id, side],
            )
            .await?;
        if elsewhere.get::<i64>("n")? == 0 {
            return Ok(());
        }
    }
    Err(VoucherUnfit::Provider.into())
}

/// Makes sure that every voucher that pays for the order is still good for it: accounts may have changed since.
pub(crate) async fn check_all(tx: &mut Tx, order: &OrderRecord, now: DateTime<Utc>) -> Result<(), StoreError> {
    let sql = format!(
        "SELECT {LIMITS} FROM voucher_uses u JOIN vouchers v ON v.id = u.voucher_id
         WHERE u.order_id = $1 AND u.pairs > 0"
    );
    for row in tx.rows(sql, args![order.id]).await? {
        check(tx, order, &limits_from(&row)?, now).await?;
    }
    Ok(())
}
