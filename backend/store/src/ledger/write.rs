//! Intents and outcomes, with the totals in the same transaction.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write,
};

use chrono::{DateTime, FixedOffset};
use mailferry_domain::{
    item::ContentKey,
    ledger::{Intent, Outcome, Repaired, Settlement},
    print::Traits,
    uid::Uid,
};
use mailferry_engine::port::{Entry, FolderStart, LedgerFolderId};
use mailferry_shared::{
    finding::{Finding, FindingCode},
    run::Counts,
};

use crate::{
    db::Tx,
    error::StoreError,
    ledger::{
        RunLedger,
        awaited::write_awaited,
        counts::{add, add_to_folder, counts_from, numbers, set_folder},
        cursor::count_unchanged,
        flags::write_flags,
        fresh::start_fresh,
        generation::supersede,
        stored::settle_stored,
        subject::write_subjects,
        told::{tell, told},
    },
    traffic::count_traffic,
    value::{Arg, args, json},
};

/// Rows in one statement: far below the 32,766 arguments that SQLite takes.
pub(super) const ROWS: usize = 500;

/// Where outcomes are written.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub(super) folder: i64,
    pub(super) generation: i64,
    pub(super) run_no: i64,
    pub(super) fence: i64,
}

/// What was known of an entry before.
pub(super) struct Before {
    settled: bool,
    pub(super) message_id: Option<String>,
    pub(super) date: Option<i64>,
}

impl RunLedger {
    /// Writes all entries in their order, in one commit.
    pub(super) async fn write_entries(&self, entries: impl Iterator<Item = &Entry>) -> Result<(), StoreError> {
        let (mut tx, run_no) = self.begin().await?;
        let (mut unchanged, mut change) = (Vec::new(), [0; 13]);
        let mut starts = Vec::new();
        for entry in entries {
            if !matches!(entry, Entry::Start(..)) {
                self.start(&mut tx, run_no, std::mem::take(&mut starts)).await?;
            }
            match entry {
                Entry::Start(folder, start) => starts.push((*folder, *start)),
                Entry::Intend { folder, destination_uid_next, batch } => {
                    let at = self.at(&mut tx, run_no, *folder).await?;
                    write_intents(&mut tx, at, *destination_uid_next, batch).await?;
                }
                Entry::IntendRepaired { folder, source_uid, repaired } => {
                    let at = self.at(&mut tx, run_no, *folder).await?;
                    intend_repaired(&mut tx, at, *source_uid, repaired).await?;
                }
                Entry::Flags(folder, carried) => {
                    let at = self.at(&mut tx, run_no, *folder).await?;
                    write_flags(&mut tx, at, carried).await?;
                }
                Entry::Subjects(folder, subjects) => {
                    let at = self.at(&mut tx, run_no, *folder).await?;
                    write_subjects(&mut tx, at, subjects).await?;
                }
                Entry::Settle(folder, outcomes) => {
                    let at = self.at(&mut tx, run_no, *folder).await?;
                    let part = write_outcomes(&mut tx, at, outcomes).await?;
                    (0..change.len()).for_each(|n| change[n] += part[n]);
                }
                Entry::Finish(folder, cursor) => self.mark_finished(&mut tx, run_no, *folder, *cursor).await?,
                Entry::Unchanged(folder, cursor) => unchanged.push((*folder, *cursor)),
                Entry::Traffic(traffic) => {
                    let now = self.inner.context.clock.now();
                    count_traffic(&mut tx, &self.inner.accounts, *traffic, now).await?;
                }
                Entry::AppendTook(time) => {
                    let sql = "UPDATE ledger_runs SET append_ms = $2 WHERE no = $1 AND append_ms < $2";
                    tx.execute(sql, args![run_no, u64::try_from(time.as_millis()).unwrap_or(u64::MAX)]).await?;
                }
                Entry::Awaited(folders) => write_awaited(&mut tx, run_no, folders).await?,
                Entry::Note(finding) => self.write_note(&mut tx, run_no, finding).await?,
            }
        }
        self.start(&mut tx, run_no, starts).await?;
        count_unchanged(&mut tx, run_no, &unchanged).await?;
        add(&mut tx, run_no, &change).await?;
        self.commit(tx, run_no).await
    }

    async fn start(
        &self,
        tx: &mut Tx,
        run_no: i64,
        starts: Vec<(LedgerFolderId, FolderStart)>,
    ) -> Result<(), StoreError> {
        if starts.is_empty() {
            return Ok(());
        }
        for (folder, start) in start_fresh(tx, run_no, starts).await? {
            let at = self.at(tx, run_no, folder).await?;
            start_folder(tx, at, &start).await?;
        }
        Ok(())
    }

    async fn at(&self, tx: &mut Tx, run_no: i64, folder: LedgerFolderId) -> Result<At, StoreError> {
        let generation = self.generation(tx, folder).await?;
        Ok(At { folder: folder.0, generation, run_no, fence: self.inner.fence })
    }

    async fn write_note(&self, tx: &mut Tx, run_no: i64, finding: &Finding) -> Result<(), StoreError> {
        // With its numbers: what is told of two messages of a folder is no repetition.
        let subject = finding.topic().unwrap_or_default();
        tx.execute(
            "INSERT INTO ledger_notes (run_no, code, subject, finding, noted_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (run_no, code, subject) DO NOTHING",
            args![run_no, finding.code.as_str(), subject, json(finding)?, self.inner.context.clock.now()],
        )
        .await
        .map(drop)
    }
}

async fn start_folder(tx: &mut Tx, at: At, start: &FolderStart) -> Result<(), StoreError> {
    // What was told of single messages before the interruption, and is not settled, will be told anew.
    tx.execute(
        "DELETE FROM ledger_run_items WHERE run_no = $1 AND folder_id = $2 AND NOT (generation = $3 AND EXISTS (
            SELECT 1 FROM ledger_items i WHERE i.folder_id = $2 AND i.generation = $3
                AND i.source_uid = ledger_run_items.source_uid AND i.state = 'present' AND i.run_no = $1))",
        args![at.run_no, at.folder, at.generation],
    )
    .await?;
    let mut counts = recount(tx, at).await?;
    counts.listed = start.listed;
    counts.listed_bytes = start.listed_bytes;
    counts.present += start.present_earlier;
    counts.present_bytes += start.present_earlier_bytes;
    let sql = "SELECT * FROM ledger_run_folders WHERE run_no = $1 AND folder_id = $2";
    let before = tx.row_opt(sql, args![at.run_no, at.folder]).await?;
    let before = before.as_ref().map_or(Ok(Counts::default()), counts_from)?;
    let (now, before) = (numbers(&counts), numbers(&before));
    set_folder(tx, at.run_no, at.folder, &now).await?;
    add(tx, at.run_no, &std::array::from_fn(|n| now[n] - before[n])).await?;
    Ok(())
}

async fn write_intents(tx: &mut Tx, at: At, uid_next: u32, batch: &[Intent]) -> Result<(), StoreError> {
    let batch: BTreeMap<u32, &Intent> = batch.iter().map(|intent| (intent.source_uid.0, intent)).collect();
    let batch: Vec<&Intent> = batch.into_values().collect();
    for part in batch.chunks(ROWS) {
        let mut args = args![at.folder, at.generation, at.run_no, at.fence, uid_next];
        for intent in part {
            args.push(intent.source_uid.0.into());
            args.extend(key_args(Some(&intent.key)));
            args.push(intent.message_id.clone().into());
            args.extend(date_args(intent.internal_date));
            args.extend(traits_args(Some(&intent.traits)));
        }
        let mut sql = String::from(
            "INSERT INTO ledger_items (folder_id, generation, source_uid, state, size_bytes, key_size_bytes, hash,
                message_id, internal_date, internal_offset, flags, fingerprint, destination_uid_next, run_no, fence)
             VALUES ",
        );
        for row in 0..part.len() {
            let n = 6 + row * 8;
            let comma = if row == 0 { "" } else { ", " };
            // The size twice: as listed (corrected by the outcome) and as read.
            let _ = write!(
                sql,
                "{comma}($1, $2, ${n}, 'intended', ${s}, ${s}, ${}, ${}, ${}, ${}, ${}, ${}, $5, $3, $4)",
                n + 2,
                n + 3,
                n + 4,
                n + 5,
                n + 6,
                n + 7,
                s = n + 1,
            );
        }
        sql.push_str(
            " ON CONFLICT (folder_id, generation, source_uid) DO UPDATE SET state = excluded.state,
                size_bytes = excluded.size_bytes, key_size_bytes = excluded.key_size_bytes, hash = excluded.hash,
                message_id = excluded.message_id, internal_date = excluded.internal_date,
                internal_offset = excluded.internal_offset, flags = excluded.flags,
                fingerprint = excluded.fingerprint, destination_uid = NULL,
                destination_uid_next = excluded.destination_uid_next, run_no = excluded.run_no, reason = NULL,
                fence = excluded.fence, sent_size_bytes = NULL, sent_hash = NULL, repairs = NULL
              WHERE ledger_items.state NOT IN ('stored', 'present')",
        );
        tx.execute(sql, args).await?;
    }
    Ok(())
}

async fn intend_repaired(tx: &mut Tx, at: At, uid: Uid, repaired: &Repaired) -> Result<(), StoreError> {
    let sql = "UPDATE ledger_items SET sent_size_bytes = $4, sent_hash = $5, repairs = $6, run_no = $7, fence = $8
         WHERE folder_id = $1 AND generation = $2 AND source_uid = $3 AND state = 'intended'";
    let key = &repaired.key;
    let sent = args![key.size_bytes, key.hash.0.as_slice(), u32::from(repaired.repairs.bits()), at.run_no, at.fence];
    let args = args![at.folder, at.generation, uid.0].into_iter().chain(sent).collect();
    match tx.execute(sql, args).await? {
        // Without an intent nothing may be sent.
        0 => Err(StoreError::NotFound),
        _ => Ok(()),
    }
}

/// Records outcomes and counts them for their folder; what they change in the run's totals.
async fn write_outcomes(tx: &mut Tx, at: At, outcomes: &[Settlement]) -> Result<[i64; 13], StoreError> {
    let mut batch: BTreeMap<u32, &Settlement> = BTreeMap::new();
    for outcome in outcomes {
        let kept = batch.entry(outcome.source_uid.0).or_insert(outcome);
        if !kept.outcome.is_settled() {
            *kept = outcome;
        }
    }
    let batch: Vec<&Settlement> = batch.into_values().collect();
    let mut change = [0; 13];
    for part in batch.chunks(ROWS) {
        let part = settle_part(tx, at, part).await?;
        (0..change.len()).for_each(|n| change[n] += part[n]);
    }
    add_to_folder(tx, at.run_no, at.folder, &change).await?;
    Ok(change)
}

/// What this run has settled in the folder already.
async fn recount(tx: &mut Tx, at: At) -> Result<Counts, StoreError> {
    let rows = tx
        .rows(
            "SELECT state, COUNT(*) AS n, CAST(SUM(size_bytes) AS BIGINT) AS bytes FROM ledger_items
             WHERE folder_id = $1 AND generation = $2 AND run_no = $3 AND state IN ('stored', 'present')
             GROUP BY state",
            args![at.folder, at.generation, at.run_no],
        )
        .await?;
    let mut counts = Counts::default();
    for row in rows {
        let (n, bytes) = (row.get("n")?, row.get("bytes")?);
        if row.get::<String>("state")? == "stored" {
            (counts.stored, counts.stored_bytes) = (n, bytes);
        } else {
            (counts.present, counts.present_bytes, counts.duplicates) = (n, bytes, n);
        }
    }
    Ok(counts)
}

/// Records outcomes; what they change in the totals.
async fn settle_part(tx: &mut Tx, at: At, part: &[&Settlement]) -> Result<[i64; 13], StoreError> {
    if let Some((stored, stored_bytes)) = settle_stored(tx, at, part).await? {
        return Ok(numbers(&Counts { stored, stored_bytes, ..Counts::default() }));
    }
    let before = entries(tx, at, part).await?;
    let told = told(tx, at, part).await?;
    let new: Vec<&Settlement> = part
        .iter()
        .filter(|settlement| before.get(&settlement.source_uid.0).is_none_or(|entry| !entry.settled))
        .copied()
        .collect();
    if new.is_empty() {
        return Ok([0; 13]);
    }
    let mut change = [0; 13];
    for settlement in &new {
        let plus = numbers(&tally(settlement.outcome, settlement.size_bytes));
        let minus = told.get(&settlement.source_uid.0).map_or([0; 13], numbers);
        (0..change.len()).for_each(|n| change[n] += plus[n] - minus[n]);
    }
    upsert_entries(tx, at, &new).await?;
    tell(tx, at, &new, &before, &told).await?;
    if at.generation > 1 {
        for settlement in new.iter().filter(|settlement| settlement.outcome.is_settled()) {
            supersede(tx, at, settlement).await?;
        }
    }
    Ok(change)
}

/// The entries of these messages as they are.
async fn entries(tx: &mut Tx, at: At, part: &[&Settlement]) -> Result<HashMap<u32, Before>, StoreError> {
    let (list, uids) = in_list(part, 3);
    let sql = format!(
        "SELECT source_uid, state, message_id, internal_date FROM ledger_items
         WHERE folder_id = $1 AND generation = $2 AND source_uid IN ({list})"
    );
    let args = args![at.folder, at.generation].into_iter().chain(uids).collect();
    let rows = tx.rows(sql, args).await?;
    rows.iter()
        .map(|row| {
            let settled = matches!(row.get::<String>("state")?.as_str(), "stored" | "present");
            let before = Before { settled, message_id: row.get("message_id")?, date: row.get("internal_date")? };
            Ok((row.get("source_uid")?, before))
        })
        .collect()
}

pub(super) fn in_list(part: &[&Settlement], first: usize) -> (String, Vec<Arg>) {
    let list = (first..first + part.len()).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ");
    (list, part.iter().map(|settlement| settlement.source_uid.0.into()).collect())
}

fn tally(outcome: Outcome, size_bytes: u64) -> Counts {
    let mut counts = Counts::default();
    match outcome {
        Outcome::Stored(_) => (counts.stored, counts.stored_bytes) = (1, size_bytes),
        Outcome::Present(_) => (counts.present, counts.present_bytes, counts.duplicates) = (1, size_bytes, 1),
        Outcome::Found(_) => (counts.present, counts.present_bytes) = (1, size_bytes),
        Outcome::Skipped(_) => (counts.skipped, counts.skipped_bytes) = (1, size_bytes),
        Outcome::Failed(_) => (counts.failed, counts.failed_bytes) = (1, size_bytes),
        Outcome::Uncertain => (counts.uncertain, counts.uncertain_bytes) = (1, size_bytes),
    }
    counts
}

async fn upsert_entries(tx: &mut Tx, at: At, new: &[&Settlement]) -> Result<(), StoreError> {
    const COLUMNS: usize = 13;
    let mut args = args![at.folder, at.generation, at.fence];
    let mut sql = String::from(
        "INSERT INTO ledger_items (folder_id, generation, fence, run_no, source_uid, state, size_bytes, key_size_bytes,
            hash, message_id, internal_date, internal_offset, flags, fingerprint, destination_uid, reason) VALUES ",
    );
    for (row, settlement) in new.iter().enumerate() {
        // What an earlier run copied is no work of this one.
        let run_no = Some(at.run_no).filter(|_| !matches!(settlement.outcome, Outcome::Found(_)));
        let (state, uid, reason) = match settlement.outcome {
            Outcome::Stored(uid) | Outcome::Found(uid) => ("stored", uid, None),
            Outcome::Present(uid) => ("present", uid, None),
            Outcome::Skipped(code) => ("skipped", None, Some(code)),
            Outcome::Failed(code) => ("failed", None, Some(code)),
            Outcome::Uncertain => ("uncertain", None, None),
        };
        args.extend::<Vec<Arg>>(args![run_no, settlement.source_uid.0, state, settlement.size_bytes]);
        args.extend(key_args(settlement.key.as_ref()));
        args.push(settlement.message_id.clone().into());
        args.extend(date_args(settlement.internal_date));
        args.extend(traits_args(settlement.traits.as_ref()));
        args.extend::<Vec<Arg>>(args![uid.map(|uid| uid.0), reason.map(FindingCode::as_str)]);
        sql.push_str(if row == 0 { "($1, $2, $3" } else { ", ($1, $2, $3" });
        for n in 0..COLUMNS {
            let _ = write!(sql, ", ${}", 4 + row * COLUMNS + n);
        }
        sql.push(')');
    }
    sql.push_str(
        " ON CONFLICT (folder_id, generation, source_uid) DO UPDATE SET run_no = excluded.run_no,
            fence = excluded.fence, state = excluded.state, size_bytes = excluded.size_bytes,
            key_size_bytes = COALESCE(excluded.key_size_bytes, ledger_items.key_size_bytes),
            hash = COALESCE(excluded.hash, ledger_items.hash),
            message_id = COALESCE(excluded.message_id, ledger_items.message_id),
            internal_date = COALESCE(excluded.internal_date, ledger_items.internal_date),
            internal_offset = COALESCE(excluded.internal_offset, ledger_items.internal_offset),
            flags = COALESCE(excluded.flags, ledger_items.flags),
            fingerprint = COALESCE(excluded.fingerprint, ledger_items.fingerprint),
            destination_uid = excluded.destination_uid, reason = excluded.reason",
    );
    tx.execute(sql, args).await.map(drop)
}

fn key_args(key: Option<&ContentKey>) -> Vec<Arg> {
    args![key.map(|key| key.size_bytes), key.map(|key| key.hash.0.as_slice())]
}

/// Flags with spaces between them, and the fingerprint.
fn traits_args(traits: Option<&Traits>) -> Vec<Arg> {
    let flags = |traits: &Traits| traits.flags.iter().collect::<Vec<_>>().join(" ");
    args![traits.map(flags), traits.map(|traits| traits.print.to_bytes())]
}

/// Seconds since 1970 and the zone's seconds east of UTC.
fn date_args(date: Option<DateTime<FixedOffset>>) -> Vec<Arg> {
    args![date.map(|date| date.timestamp()), date.map(|date| i64::from(date.offset().local_minus_utc()))]
}
