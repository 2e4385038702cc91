//! A protocol as CSV.

use mailferry_shared::{
    finding::{Finding, FindingCode},
    protocol::{FolderProtocol, ItemOutcome, ItemProtocol, Protocol},
    run::Counts,
};

use crate::api::csv::line;

/// The columns: one table for folders, notes and messages.
const COLUMNS: [&str; 17] = [
    "what",
    "folder",
    "destination_folder",
    "outcome",
    "uid",
    "size_bytes",
    "date",
    "message_id",
    "code",
    "message",
    "listed",
    "stored",
    "present",
    "skipped",
    "failed",
    "uncertain",
    "subject",
];

/// Header, folders and notes.
pub(super) fn head(protocol: &Protocol) -> String {
    let mut text = line(&COLUMNS.map(ToOwned::to_owned));
    let total = FolderProtocol { source: String::new(), destination: String::new(), counts: protocol.run.counts };
    text.push_str(&folder("run", &total));
    protocol.folders.iter().for_each(|one| text.push_str(&folder("folder", one)));
    protocol.notes.iter().for_each(|note| text.push_str(&self::note(note)));
    text
}

/// Messages.
pub(super) fn items(items: &[ItemProtocol]) -> String {
    items.iter().map(item).collect()
}

fn folder(what: &str, folder: &FolderProtocol) -> String {
    let Counts { listed, stored, present, skipped, failed, uncertain, .. } = folder.counts;
    let mut cells = cells(what);
    cells[1].clone_from(&folder.source);
    cells[2].clone_from(&folder.destination);
    cells[5] = folder.counts.listed_bytes.to_string();
    for (cell, count) in cells[10..].iter_mut().zip([listed, stored, present, skipped, failed, uncertain]) {
        *cell = count.to_string();
    }
    line(&cells)
}

fn note(note: &Finding) -> String {
    let mut cells = cells("note");
    cells[1] = note.subject.clone().unwrap_or_default();
    note.code.as_str().clone_into(&mut cells[8]);
    cells[9] = format!("{} {}", note.message, note.next_step);
    if let Some(detail) = &note.detail {
        cells[4] = detail.uid.map(|uid| uid.to_string()).unwrap_or_default();
        cells[9] = format!("{} ({detail})", cells[9]);
    }
    line(&cells)
}

fn item(item: &ItemProtocol) -> String {
    let mut cells = cells("message");
    cells[1].clone_from(&item.folder);
    outcome(item.outcome).clone_into(&mut cells[3]);
    cells[4] = item.uid.to_string();
    cells[5] = item.size_bytes.to_string();
    cells[6] = item.date.map(|date| date.to_rfc3339()).unwrap_or_default();
    cells[7] = item.message_id.clone().unwrap_or_default();
    cells[16] = item.subject.clone().unwrap_or_default();
    item.code.map_or("", FindingCode::as_str).clone_into(&mut cells[8]);
    cells[9] = item.code.map(|code| format!("{} {}", code.message(), code.next_step())).unwrap_or_default();
    line(&cells)
}

fn cells(what: &str) -> [String; COLUMNS.len()] {
    let mut cells = [const { String::new() }; COLUMNS.len()];
    what.clone_into(&mut cells[0]);
    cells
}

fn outcome(outcome: ItemOutcome) -> &'static str {
    match outcome {
        ItemOutcome::Duplicate => "duplicate",
        ItemOutcome::Skipped => "skipped",
        ItemOutcome::Failed => "failed",
        ItemOutcome::Uncertain => "uncertain",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::examples;

    #[test]
    fn every_line_has_every_column_and_is_read_again() {
        let protocol = examples::protocol();
        let text = head(&protocol) + &items(&protocol.items);
        let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
        let records: Vec<csv::StringRecord> = reader.records().map(|record| record.expect("a record")).collect();
        let what: Vec<&str> = records.iter().map(|record| &record[0]).collect();
        assert_eq!(what, ["run", "folder", "note", "message"]);
        assert_eq!((&records[1][10], &records[1][14]), ("214", "1"));
        assert_eq!((&records[2][1], &records[2][4], &records[2][8]), ("INBOX", "12", "message_repaired"));
        assert!(records[2][9].ends_with("(UID 12, line ends)"), "{:?}", records[2]);
        assert_eq!((&records[3][3], &records[3][4], &records[3][8]), ("failed", "17", "message_refused"));
    }

    #[test]
    fn no_cell_is_a_formula() {
        let mut protocol = examples::protocol();
        protocol.folders[0].source = "=HYPERLINK(\"http://evil\",\"x\")".to_owned();
        protocol.items[0].message_id = Some("@SUM(A1)".to_owned());
        let text = head(&protocol) + &items(&protocol.items);
        assert!(text.contains("\"'=HYPERLINK(\"\"http://evil\"\",\"\"x\"\")\""), "{text}");
        assert!(text.contains(",'@SUM(A1),"), "{text}");
    }
}
