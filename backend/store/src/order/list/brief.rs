//! What a line of the list tells in brief of what belongs to an order.

use std::collections::HashMap;

use mailferry_shared::{ids::OrderId, order::OrderOptions, order_list::OrderProgress};

use crate::{
    db::Tx,
    error::StoreError,
    value::{Arg, Row, args},
};

/// A line's order, with what it takes along.
pub(super) type Line = (OrderId, OrderOptions);

/// The lines as a table `line` of order, and whether it takes trash and spam along, with its arguments.
fn table(lines: &[Line]) -> (String, Vec<Arg>) {
    let mut all = Vec::new();
    let rows = lines.iter().map(|(id, options)| {
        all.extend::<Vec<Arg>>(args![*id, options.include_trash, options.include_junk]);
        let last = all.len();
        format!("(${}, ${}, ${last})", last - 2, last - 1)
    });
    let rows = rows.collect::<Vec<_>>().join(", ");
    (format!("WITH line (order_id, trash, junk) AS (VALUES {rows})"), all)
}

/// How the codes of the vouchers begin that the orders used, of all lines at once.
pub(super) async fn codes(tx: &mut Tx, lines: &[Line]) -> Result<HashMap<OrderId, Vec<String>>, StoreError> {
    let mut codes = HashMap::<_, Vec<_>>::new();
    if lines.is_empty() {
        return Ok(codes);
    }
    let (table, args) = table(lines);
    let sql = format!(
        "{table} SELECT u.order_id, v.hint FROM line CROSS JOIN voucher_uses u JOIN vouchers v ON v.id = u.voucher_id
         WHERE u.order_id = line.order_id AND v.hint <> '' ORDER BY u.used_at, v.id"
    );
    for row in &tx.rows(sql, args).await? {
        codes.entry(row.get("order_id")?).or_default().push(row.get("hint")?);
    }
    Ok(codes)
}

/// The latest run of each pair of the lines: what it listed, what of it has an outcome, and what its survey counted of what
/// it looks at, by whether the options take trash and spam along. The few lines come first (CROSS JOIN is SQLite's way to
/// be told so): each then finds its runs by their index.
const LATEST: &str = "SELECT r.order_id, r.kind, r.state, s.survey_messages,
    COALESCE(l.listed, 0) AS listed, COALESCE(l.listed_bytes, 0) AS listed_bytes,
    COALESCE(l.stored + l.present + l.skipped + l.failed + l.uncertain, 0) AS done,
    COALESCE(l.stored + l.present, 0) AS arrived,
    COALESCE(l.stored_bytes + l.present_bytes + l.skipped_bytes + l.failed_bytes + l.uncertain_bytes, 0) AS done_bytes,
    s.survey_messages - CASE WHEN line.trash = 1 THEN 0 ELSE COALESCE(s.survey_trash_messages, 0) END
        - CASE WHEN line.junk = 1 THEN 0 ELSE COALESCE(s.survey_junk_messages, 0) END AS wanted,
    s.survey_bytes - CASE WHEN line.trash = 1 THEN 0 ELSE COALESCE(s.survey_trash_bytes, 0) END
        - CASE WHEN line.junk = 1 THEN 0 ELSE COALESCE(s.survey_junk_bytes, 0) END AS wanted_bytes
    FROM line CROSS JOIN runs r JOIN sides s ON s.pair_id = r.pair_id AND s.side = 'source'
    LEFT JOIN ledger_runs l ON l.run_id = r.id
    WHERE r.order_id = line.order_id AND r.number = (SELECT MAX(x.number) FROM runs x WHERE x.pair_id = r.pair_id)";

/// Sums over them, by the rules of [`crate::Store::progress`]: a run that has not listed all yet is to deal with what was
/// counted, a trial with a part of it that nobody knows.
const SUMS: &str = "w.order_id, CAST(COALESCE(SUM(w.arrived), 0) AS BIGINT) AS arrived,
    CAST(COALESCE(SUM(w.done), 0) AS BIGINT) AS done, CAST(COALESCE(SUM(w.done_bytes), 0) AS BIGINT) AS done_bytes,
    CAST(COALESCE(SUM(CASE WHEN w.kind <> 'trial' AND w.state IN ('queued', 'running', 'paused', 'failed')
        AND w.wanted > w.listed THEN w.wanted ELSE w.listed END), 0) AS BIGINT) AS total,
    CAST(COALESCE(SUM(CASE WHEN w.kind <> 'trial' AND w.state IN ('queued', 'running', 'paused', 'failed')
        AND w.wanted_bytes > w.listed_bytes THEN w.wanted_bytes ELSE w.listed_bytes END), 0) AS BIGINT) AS total_bytes,
    CAST(COALESCE(SUM(CASE WHEN w.state IN ('queued', 'running', 'paused')
        AND (w.survey_messages IS NULL OR w.kind = 'trial') THEN 1 ELSE 0 END), 0) AS BIGINT) AS uncounted";

/// How far the orders have come, of all lines at once; nothing of one before its first run.
pub(super) async fn progress(tx: &mut Tx, lines: &[Line]) -> Result<HashMap<OrderId, OrderProgress>, StoreError> {
    if lines.is_empty() {
        return Ok(HashMap::new());
    }
    let (table, args) = table(lines);
    let rows = tx.rows(format!("{table} SELECT {SUMS} FROM ({LATEST}) w GROUP BY w.order_id"), args).await?;
    let progress = |row: &Row| {
        Ok::<_, StoreError>(OrderProgress {
            done: row.get("done")?,
            arrived: row.get("arrived")?,
            total: row.get("total")?,
            done_bytes: row.get("done_bytes")?,
            total_bytes: row.get("total_bytes")?,
            at_least: row.get::<i64>("uncounted")? > 0,
        })
    };
    rows.iter().map(|row| Ok((row.get("order_id")?, progress(row)?))).collect()
}
