//! The manifest: what the ledger knows of every message, so that it is complete also where a run has copied nothing and
//! has opened no folder.
//!
//! A message that was copied and has been deleted at the source since stays in it: it is at the destination. What was not
//! copied is told as the folder's last run has found it.

use std::{collections::HashMap, io::Write};

use chrono::{DateTime, FixedOffset};
use mailferry_domain::{
    item::{ContentHash, Flags},
    manifest::{DestinationRef, ManifestEntry, ManifestHead, ManifestOutcome, SentRepaired, SourceRef},
    print::Fingerprint,
    repair::Repairs,
};
use mailferry_shared::{
    finding::{Finding, FindingCode, FindingDetail},
    ids::PairId,
};
use uuid::Uuid;

use crate::{
    db::Tx,
    error::StoreError,
    ledger::{
        RunLedger,
        awaited::{LAST_PLANNED, never_begun},
    },
    store::Store,
    value::{Row, args, json},
};

/// Of a folder's entries, those that its manifest names: $1 the folder, $2 its generation, $3 its last run.
const NAMED: &str = "FROM ledger_items WHERE folder_id = $1 AND generation = $2
     AND (state IN ('stored', 'present') OR (state <> 'superseded' AND run_no = $3))";

impl RunLedger {
    /// Writes the manifest, one line of JSON a message behind one line about all of it; the number of messages in
    /// `head` is set, and what is not in the manifest though it should be.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], also if `out` cannot be written.
    pub async fn write_manifest(&self, head: ManifestHead, out: &mut (impl Write + Send)) -> Result<u64, StoreError> {
        write(&mut self.inner.db.read().await?, self.inner.ledger, head, out).await
    }
}

impl Store {
    /// Writes the manifest of an account pair, as [`RunLedger::write_manifest`].
    ///
    /// # Errors
    /// As [`RunLedger::write_manifest`].
    pub async fn write_manifest(
        &self,
        pair: PairId,
        head: ManifestHead,
        out: &mut (impl Write + Send),
    ) -> Result<u64, StoreError> {
        write(&mut self.read().await?, pair.0, head, out).await
    }
}

/// A source folder with its destination.
struct Folder {
    id: i64,
    generation: i64,
    last_run: i64,
    source: (String, u32),
    destination: (String, u32),
}

async fn write(
    tx: &mut Tx,
    ledger: Uuid,
    mut head: ManifestHead,
    out: &mut (impl Write + Send),
) -> Result<u64, StoreError> {
    let folders = folders(tx, ledger).await?;
    head.not_proven = not_proven(tx, ledger, &folders).await?;
    head.messages = 0;
    for folder in &folders {
        let args = args![folder.id, folder.generation, folder.last_run];
        head.messages += tx.row(format!("SELECT COUNT(*) AS n {NAMED}"), args).await?.get::<u64>("n")?;
    }
    writeln!(out, "{}", json(&head)?)?;
    for folder in &folders {
        let args = args![folder.id, folder.generation, folder.last_run];
        let sql = format!(
            "SELECT source_uid, state, size_bytes, key_size_bytes, hash, message_id, internal_date, internal_offset,
                flags, fingerprint, destination_uid, reason, sent_size_bytes, sent_hash, repairs {NAMED} ORDER BY source_uid"
        );
        tx.each(sql, args, |row| Ok(writeln!(out, "{}", json(&entry(folder, row)?)?)?)).await?;
    }
    Ok(head.messages)
}

/// What the ledger knows to be missing: folders that were left unfinished or not even begun, and those that the last run
/// could not read, or not list to the end.
async fn not_proven(tx: &mut Tx, ledger: Uuid, folders: &[Folder]) -> Result<Vec<Finding>, StoreError> {
    let mut findings = Vec::new();
    for folder in folders {
        let sql = "SELECT listed, stored + present + skipped + failed + uncertain + (
                SELECT COUNT(*) FROM ledger_items WHERE folder_id = $1 AND generation = $2 AND run_no = $3
                    AND state = 'intended') AS told
             FROM ledger_run_folders WHERE folder_id = $1 AND run_no = $3";
        let Some(row) = tx.row_opt(sql, args![folder.id, folder.generation, folder.last_run]).await? else { continue };
        let left = row.get::<u64>("listed")?.saturating_sub(row.get("told")?);
        if left > 0 {
            let detail = FindingDetail { messages: Some(left), ..FindingDetail::default() };
            findings.push(Finding::new(FindingCode::NotProven).about(folder.source.0.clone()).with(detail));
        }
    }
    let sql = format!(
        "SELECT finding FROM ledger_notes WHERE run_no = {LAST_PLANNED}
         AND code IN ('folder_unreadable', 'listing_incomplete') ORDER BY code, subject"
    );
    for row in tx.rows(sql, args![ledger]).await? {
        // With its numbers.
        let Finding { subject, detail, .. } = row.json("finding")?;
        findings.push(Finding { subject, detail, ..Finding::new(FindingCode::NotProven) });
    }
    let is_told = |path: &String, findings: &[Finding]| findings.iter().any(|told| told.subject.as_ref() == Some(path));
    let mut never_begun = never_begun(tx, ledger).await?;
    never_begun.retain(|path| !is_told(path, &findings));
    findings.extend(never_begun.into_iter().map(|path| Finding::new(FindingCode::NotProven).about(path)));
    Ok(findings)
}

/// The folders of a ledger, those with one destination behind each other. A source folder that went elsewhere before
/// counts as it went last.
async fn folders(tx: &mut Tx, ledger: Uuid) -> Result<Vec<Folder>, StoreError> {
    let sql = "SELECT r.folder_id, MAX(r.run_no) AS last_run FROM ledger_run_folders r
         JOIN ledger_folders f ON f.id = r.folder_id WHERE f.ledger_id = $1 GROUP BY r.folder_id";
    let mut runs: HashMap<i64, i64> = HashMap::new();
    for row in tx.rows(sql, args![ledger]).await? {
        runs.insert(row.get("folder_id")?, row.get("last_run")?);
    }
    // A folder that could not be opened yet has no UIDVALIDITY.
    let sql = "SELECT id, generation, source_path, source_uid_validity, destination_path,
            CASE WHEN destination_uid_validity < 0 THEN 0 ELSE destination_uid_validity END AS destination_uid_validity
         FROM ledger_folders f WHERE ledger_id = $1 AND NOT EXISTS (
            SELECT 1 FROM ledger_folders g WHERE g.ledger_id = $1 AND g.source_path = f.source_path
                AND (g.opened_at > f.opened_at OR (g.opened_at = f.opened_at AND g.id > f.id)))
         ORDER BY destination_path, source_path";
    let folder = |row: &Row| {
        let id = row.get("id")?;
        Ok(Folder {
            id,
            generation: row.get("generation")?,
            last_run: runs.get(&id).copied().unwrap_or(0),
            source: (row.get("source_path")?, row.get("source_uid_validity")?),
            destination: (row.get("destination_path")?, row.get("destination_uid_validity")?),
        })
    };
    tx.rows(sql, args![ledger]).await?.iter().map(folder).collect()
}

fn entry(folder: &Folder, row: &Row) -> Result<ManifestEntry, StoreError> {
    let listed: u64 = row.get("size_bytes")?;
    Ok(ManifestEntry {
        sha256: row.get::<Option<Vec<u8>>>("hash")?.map(hash).transpose()?,
        size_bytes: row.get::<Option<u64>>("key_size_bytes")?.unwrap_or(listed),
        flags: row.get::<Option<String>>("flags")?.map(|flags| Flags::new(flags.split(' '))),
        internal_date: date(row)?,
        message_id: row.get("message_id")?,
        source: SourceRef {
            folder: folder.source.0.clone(),
            uid_validity: folder.source.1,
            uid: row.get("source_uid")?,
        },
        destination: DestinationRef {
            folder: folder.destination.0.clone(),
            uid_validity: folder.destination.1,
            uid: row.get("destination_uid")?,
        },
        outcome: outcome(&row.get::<String>("state")?),
        code: row.code_opt("reason")?,
        sent: sent(row)?,
        fingerprint: row.get::<Option<Vec<u8>>>("fingerprint")?.as_deref().and_then(Fingerprint::from_bytes),
    })
}

/// What was sent of a message that has arrived repaired.
fn sent(row: &Row) -> Result<Option<SentRepaired>, StoreError> {
    let arrived = matches!(outcome(&row.get::<String>("state")?), ManifestOutcome::Stored | ManifestOutcome::Present);
    let Some(sent) = row.get::<Option<Vec<u8>>>("sent_hash")?.filter(|_| arrived) else { return Ok(None) };
    let repairs: u64 = row.get::<Option<u64>>("repairs")?.unwrap_or(0);
    Ok(Some(SentRepaired {
        sha256: Some(hash(sent)?),
        size_bytes: row.get::<Option<u64>>("sent_size_bytes")?.unwrap_or(0),
        repaired: Repairs::from_bits(u8::try_from(repairs).unwrap_or(0)),
    }))
}

fn hash(bytes: Vec<u8>) -> Result<ContentHash, StoreError> {
    bytes.try_into().map(ContentHash).map_err(|_| StoreError::corrupt("ledger_items.hash"))
}

fn date(row: &Row) -> Result<Option<DateTime<FixedOffset>>, StoreError> {
    let Some(seconds) = row.get::<Option<i64>>("internal_date")? else { return Ok(None) };
    let offset = row.get::<Option<i64>>("internal_offset")?.and_then(|east| i32::try_from(east).ok()).unwrap_or(0);
    let zone = FixedOffset::east_opt(offset);
    Ok(DateTime::from_timestamp(seconds, 0).zip(zone).map(|(date, zone)| date.with_timezone(&zone)))
}

fn outcome(state: &str) -> ManifestOutcome {
    match state {
        "stored" => ManifestOutcome::Stored,
        "present" => ManifestOutcome::Present,
        "skipped" => ManifestOutcome::Skipped,
        "failed" => ManifestOutcome::Failed,
        // Intended: it may have been sent.
        _ => ManifestOutcome::Uncertain,
    }
}
