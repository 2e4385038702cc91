//! What a line of the list tells in brief of what belongs to an order.

use mailferry_shared::{ids::OrderId, order::OrderOptions, order_list::OrderProgress};

use crate::{db::Tx, error::StoreError, value::args};

/// How the codes of the vouchers begin that an order used.
pub(super) async fn codes(tx: &mut Tx, id: OrderId) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT v.hint FROM voucher_uses u JOIN vouchers v ON v.id = u.voucher_id
         WHERE u.order_id = $1 AND v.hint <> '' ORDER BY u.used_at, v.id";
    tx.rows(sql, args![id]).await?.iter().map(|row| row.get("hint")).collect()
}

/// The latest run of each pair of order $1: what it listed, what of it has an outcome, and what its survey counted of what
/// it looks at, by whether the options take trash ($2) and spam ($3) along.
const LATEST: &str = "SELECT r.kind, r.state, s.survey_messages,
    COALESCE(l.listed, 0) AS listed, COALESCE(l.listed_bytes, 0) AS listed_bytes,
    COALESCE(l.stored + l.present + l.skipped + l.failed + l.uncertain, 0) AS done,
    COALESCE(l.stored + l.present, 0) AS arrived,
    COALESCE(l.stored_bytes + l.present_bytes + l.skipped_bytes + l.failed_bytes + l.uncertain_bytes, 0) AS done_bytes,
    s.survey_messages - CASE WHEN $2 = 1 THEN 0 ELSE COALESCE(s.survey_trash_messages, 0) END
        - CASE WHEN $3 = 1 THEN 0 ELSE COALESCE(s.survey_junk_messages, 0) END AS wanted,
    s.survey_bytes - CASE WHEN $2 = 1 THEN 0 ELSE COALESCE(s.survey_trash_bytes, 0) END
        - CASE WHEN $3 = 1 THEN 0 ELSE COALESCE(s.survey_junk_bytes, 0) END AS wanted_bytes
    FROM runs r JOIN sides s ON s.pair_id = r.pair_id AND s.side = 'source' LEFT JOIN ledger_runs l ON l.run_id = r.id
    WHERE r.order_id = $1 AND r.number = (SELECT MAX(x.number) FROM runs x WHERE x.pair_id = r.pair_id)";

/// Sums over them, by the rules of [`crate::Store::progress`]: a run that has not listed all yet is to deal with what was
/// counted, a trial with a part of it that nobody knows.
const SUMS: &str = "COUNT(*) AS runs,
    CAST(COALESCE(SUM(w.arrived), 0) AS BIGINT) AS arrived,
    CAST(COALESCE(SUM(w.done), 0) AS BIGINT) AS done, CAST(COALESCE(SUM(w.done_bytes), 0) AS BIGINT) AS done_bytes,
    CAST(COALESCE(SUM(CASE WHEN w.kind <> 'trial' AND w.state IN ('queued', 'running', 'paused', 'failed')
        AND w.wanted > w.listed THEN w.wanted ELSE w.listed END), 0) AS BIGINT) AS total,
    CAST(COALESCE(SUM(CASE WHEN w.kind <> 'trial' AND w.state IN ('queued', 'running', 'paused', 'failed')
        AND w.wanted_bytes > w.listed_bytes THEN w.wanted_bytes ELSE w.listed_bytes END), 0) AS BIGINT) AS total_bytes,
    CAST(COALESCE(SUM(CASE WHEN w.state IN ('queued', 'running', 'paused')
        AND (w.survey_messages IS NULL OR w.kind = 'trial') THEN 1 ELSE 0 END), 0) AS BIGINT) AS uncounted";

/// How far an order has come; `None` before its first run.
pub(super) async fn progress(
    tx: &mut Tx,
    id: OrderId,
    options: &OrderOptions,
) -> Result<Option<OrderProgress>, StoreError> {
    let args = args![id, options.include_trash, options.include_junk];
    let row = tx.row(format!("SELECT {SUMS} FROM ({LATEST}) w"), args).await?;
    if row.get::<i64>("runs")? == 0 {
        return Ok(None);
    }
    Ok(Some(OrderProgress {
        done: row.get("done")?,
        arrived: row.get("arrived")?,
        total: row.get("total")?,
        done_bytes: row.get("done_bytes")?,
        total_bytes: row.get("total_bytes")?,
        at_least: row.get::<i64>("uncounted")? > 0,
    }))
}
