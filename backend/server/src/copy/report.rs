//! What a copy did, for people and for programs.

use std::{
    io::{Write, stdout},
    time::Duration,
};

use mailferry_domain::mapping::LeftOut;
use mailferry_engine::run::{RunEnd, RunReport};
use mailferry_shared::{
    endpoint::Endpoint,
    finding::{Finding, FindingCode},
    protocol::{ItemOutcome, ItemProtocol},
    run::{Counts, RunState},
};
use mailferry_store::RunLedger;
use serde::Serialize;

use super::{arguments::WrongUse, certificate::advise};

/// Messages that are named one by one in JSON.
const NAMED: u32 = 1_000;
/// Skipped messages that are named one by one in text.
const SKIPPED_NAMED: usize = 20;
const COULD_NOT_CONNECT: u8 = 3;

/// The whole result; also the shape of `--json`.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    /// `succeeded`, `partial`, `failed`, `parked` or `interrupted`.
    state: &'static str,
    dry_run: bool,
    counts: Counts,
    seconds: f64,
    folders: Vec<FolderLine>,
    left_out: Vec<LeftOutLine>,
    notes: Vec<Finding>,
    /// Messages that failed, are uncertain or were skipped, and duplicates; failed ones first.
    items: Vec<ItemProtocol>,
    /// Why it failed or is parked.
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<Finding>,
    /// The manifest that was written, if one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) manifest: Option<WrittenManifest>,
    #[serde(skip)]
    code: u8,
}

/// A manifest that was written.
#[derive(Debug, Serialize)]
pub(super) struct WrittenManifest {
    pub(super) file: String,
    pub(super) messages: u64,
}

#[derive(Debug, Serialize)]
struct FolderLine {
    source: String,
    destination: String,
    counts: Counts,
}

#[derive(Debug, Serialize)]
struct LeftOutLine {
    folder: String,
    reason: &'static str,
}

impl Outcome {
    pub(super) async fn new(report: RunReport, ledger: &RunLedger, took: Duration, dry_run: bool) -> Self {
        let (state, code, finding) = judge(&report.end, &report.counts);
        let items = ledger.report(NAMED).await.map(|report| report.items).unwrap_or_default();
        let folders = report.folders.into_iter().map(|folder| FolderLine {
            source: folder.source.to_string(),
            destination: folder.destination.to_string(),
            counts: folder.counts,
        });
        let left_out = report.left_out.into_iter().filter_map(|(path, reason)| {
            Some(LeftOutLine { folder: path.to_string(), reason: left_out_reason(reason)? })
        });
        Self {
            state,
            dry_run,
            counts: report.counts,
            seconds: (took.as_secs_f64() * 1000.0).round() / 1000.0,
            folders: folders.collect(),
            left_out: left_out.collect(),
            notes: report.notes.into_iter().chain(report.unfinished).collect(),
            items: if dry_run { Vec::new() } else { items },
            finding,
            manifest: None,
            code,
        }
    }

    /// The mail is there, but what was asked for is not.
    pub(super) fn without_manifest(&mut self, error: &dyn std::error::Error) {
        warn("copy", &format!("the manifest could not be written: {error}"));
        self.code = self.code.max(1);
    }

    /// Notes which certificates were accepted, and tells how one that was refused is.
    pub(super) fn tell_of_certificates(
        &mut self,
        accepted: impl Iterator<Item = Finding>,
        [source, destination]: &[Endpoint; 2],
    ) {
        self.notes.splice(0..0, accepted);
        if let Some(finding) = &mut self.finding {
            advise(finding, &[("source", source), ("destination", destination)]);
        }
    }

    pub(super) fn print_json(&self) {
        if let Ok(text) = serde_json::to_string(self) {
            say(&text);
        }
    }

    pub(super) fn print(&self) {
        for folder in &self.folders {
            let name = if folder.source == folder.destination {
                folder.source.clone()
            } else {
                format!("{} → {}", folder.source, folder.destination)
            };
            say(&format!("{name}: {}", words(&folder.counts, self.dry_run)));
        }
        for left_out in &self.left_out {
            say(&format!("{}: left out ({})", left_out.folder, left_out.reason));
        }
        for note in &self.notes {
            say(&format!("Note: {}", sentence(note)));
        }
        self.print_items();
        // Nothing was found out about a mailbox that could not be opened.
        if self.code != COULD_NOT_CONNECT {
            say(&self.summary());
        }
        if let Some(finding) = &self.finding {
            say(&sentence(finding));
        }
        if let Some(manifest) = &self.manifest {
            say(&format!("Manifest of {} messages: {}", thousands(manifest.messages), manifest.file));
        }
    }

    /// Names what failed or is uncertain, and of what was left out the first few that no filter explains.
    fn print_items(&self) {
        let failed = |item: &&ItemProtocol| matches!(item.outcome, ItemOutcome::Failed | ItemOutcome::Uncertain);
        let odd = |item: &&ItemProtocol| {
            item.outcome == ItemOutcome::Skipped && item.code != Some(FindingCode::MessageFiltered)
        };
        let shown = self.items.iter().filter(failed).chain(self.items.iter().filter(odd).take(SKIPPED_NAMED));
        for item in shown {
            let cause = item.code.map_or("It could not be decided whether it has arrived.", FindingCode::message);
            say(&format!("{} UID {} ({} bytes): {cause}", item.folder, item.uid, thousands(item.size_bytes)));
        }
        if self.items.iter().filter(odd).count() > SKIPPED_NAMED {
            say(&format!("… and others; --json names up to {NAMED}."));
        }
    }

    fn summary(&self) -> String {
        let counts = &self.counts;
        if !self.dry_run && self.code == 0 && counts.stored == 0 && counts.skipped == 0 {
            return format!("Nothing to do: all {} messages are at the destination.", thousands(counts.listed));
        }
        format!(
            "In all, {} messages: {} in {:.1} s.",
            thousands(counts.listed),
            words(counts, self.dry_run),
            self.seconds
        )
    }
}

/// Why a folder was left out; nothing, if it can hold no messages.
pub(super) fn left_out_reason(reason: LeftOut) -> Option<&'static str> {
    Some(match reason {
        LeftOut::ByOwner => "excluded",
        LeftOut::Trash => "trash",
        LeftOut::Junk => "junk",
        LeftOut::View => "shows messages of other folders",
        LeftOut::Chats => "holds chats",
        LeftOut::NotPersonal => "belongs to somebody else or is shared",
        LeftOut::NotSelectable => return None,
    })
}

/// The exit code.
pub(super) fn exit_code(outcome: &Outcome) -> u8 {
    outcome.code
}

fn judge(end: &RunEnd, counts: &Counts) -> (&'static str, u8, Option<Finding>) {
    match end {
        RunEnd::Done(RunState::Succeeded) => ("succeeded", 0, None),
        RunEnd::Done(_) => ("partial", 1, None),
        // The line was lost for good in the middle: the next run goes on.
        RunEnd::Unfinished(error) => ("interrupted", 4, Some(error.finding().about(error.context.clone()))),
        RunEnd::Failed(error) if counts.done() > 0 => {
            ("interrupted", 4, Some(error.finding().about(error.context.clone())))
        }
        RunEnd::Failed(error) => ("failed", COULD_NOT_CONNECT, Some(error.finding().about(error.context.clone()))),
        // A refused login before anything was done is no pause.
        RunEnd::Parked(error) if error.code != FindingCode::MailboxFull && counts.done() == 0 => {
            ("failed", COULD_NOT_CONNECT, Some(error.finding().about(error.context.clone())))
        }
        RunEnd::Postponed(error, wait) => {
            let about = format!("{}, run it again in {} minutes", error.context, wait.as_secs().div_ceil(60));
            ("parked", 4, Some(error.finding().about(about)))
        }
        RunEnd::Parked(error) => ("parked", 4, Some(error.finding().about(error.context.clone()))),
        RunEnd::Stopped(_) | RunEnd::Interrupted(_) => ("interrupted", 4, Some(Finding::new(FindingCode::Interrupted))),
        RunEnd::Ledger(error) => ("interrupted", 4, Some(Finding::new(FindingCode::Internal).about(error.to_string()))),
    }
}

fn words(counts: &Counts, dry_run: bool) -> String {
    let copied = if dry_run { "to copy" } else { "copied" };
    let mut parts = vec![format!("{} {copied} ({})", thousands(counts.stored), megabytes(counts.stored_bytes))];
    for (number, word) in [
        (counts.present, "there already"),
        (counts.skipped, "left out"),
        (counts.failed, "failed"),
        (counts.uncertain, "uncertain"),
    ] {
        if number > 0 {
            parts.push(format!("{} {word}", thousands(number)));
        }
    }
    parts.join(", ")
}

/// A finding in words.
pub(crate) fn sentence(finding: &Finding) -> String {
    match finding.topic() {
        Some(topic) => format!("{topic}: {} {}", finding.message, finding.next_step),
        None => format!("{} {}", finding.message, finding.next_step),
    }
}

/// A number with commas.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size in megabytes.
pub(super) fn megabytes(size_bytes: u64) -> String {
    format!("{}.{} MB", thousands(size_bytes / 1_000_000), size_bytes % 1_000_000 / 100_000)
}

/// Standard output that went away is no reason to stop.
pub(crate) fn say(line: &str) {
    let _ = writeln!(stdout().lock(), "{line}");
}

/// Says on standard error what is wrong with the command.
pub(crate) fn complain(command: &str, error: &WrongUse) {
    warn(command, &error.to_string());
}

/// Says something on standard error.
pub(crate) fn warn(command: &str, what: &str) {
    let _ = writeln!(std::io::stderr().lock(), "mailferry {command}: {what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(
            (thousands(0).as_str(), thousands(999).as_str(), thousands(1_234_567).as_str()),
            ("0", "999", "1,234,567")
        );
        assert_eq!(megabytes(15_250_000), "15.2 MB");
    }

    #[test]
    fn what_happened_is_said_in_words() {
        let counts = Counts {
            listed: 12,
            stored: 5,
            stored_bytes: 1_500_000,
            present: 4,
            skipped: 2,
            failed: 1,
            ..Counts::default()
        };
        assert_eq!(words(&counts, false), "5 copied (1.5 MB), 4 there already, 2 left out, 1 failed");
    }
}
