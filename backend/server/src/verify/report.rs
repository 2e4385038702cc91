//! What a verification found, for people and for programs.

use std::{fmt::Write, time::Duration};

use mailferry_domain::manifest::LeftOutFolder;
use mailferry_engine::verify::{VerifyEnd, VerifyReport};
use mailferry_shared::{
    endpoint::Endpoint,
    finding::{Finding, FindingCode},
    verification::{Grade, VerificationCounts, VerificationItem},
};
use serde::Serialize;

use crate::copy::{
    certificate::advise,
    report::{say, sentence, thousands},
};

/// The whole result; also the shape of `--json`.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    /// `identical`, `differences`, `failed` or `interrupted`.
    state: &'static str,
    counts: VerificationCounts,
    seconds: f64,
    folders: Vec<FolderLine>,
    /// Messages that are not there exactly as they were copied, the worst first.
    items: Vec<VerificationItem>,
    items_total: u64,
    /// Folders that could not be read, and what is not part of the proof.
    unread: Vec<Finding>,
    /// Folders of the source that were left out: they are not part of the proof.
    left_out: Vec<LeftOutFolder>,
    /// What to know of the proof.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<Finding>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<Finding>,
    #[serde(skip)]
    pub(super) code: u8,
}

#[derive(Debug, Serialize)]
struct FolderLine {
    destination: String,
    counts: VerificationCounts,
}

impl Outcome {
    pub(super) fn new(report: VerifyReport, took: Duration) -> Self {
        let (state, code, finding) = judge(&report);
        let folders = report.folders.into_iter();
        Self {
            state,
            counts: report.counts,
            seconds: (took.as_secs_f64() * 1000.0).round() / 1000.0,
            folders: folders.map(|(path, counts)| FolderLine { destination: path.to_string(), counts }).collect(),
            items: report.items,
            items_total: report.items_total,
            unread: report.unread,
            left_out: report.left_out,
            notes: Vec::new(),
            finding,
            code,
        }
    }

    /// Notes that a certificate was accepted, and tells how one that was refused is.
    pub(super) fn tell_of_certificates(&mut self, accepted: Option<Finding>, server: &Endpoint) {
        self.notes.extend(accepted);
        if let Some(finding) = &mut self.finding {
            advise(finding, &[("destination", server)]);
        }
    }

    pub(super) fn print_json(&self) {
        if let Ok(text) = serde_json::to_string(self) {
            say(&text);
        }
    }

    pub(super) fn print(&self) {
        for note in &self.notes {
            say(&format!("Note: {}", sentence(note)));
        }
        for item in &self.items {
            say(&line(item));
        }
        let named = u64::try_from(self.items.len()).unwrap_or(u64::MAX);
        if self.items_total > named {
            say(&format!("… and {} others.", thousands(self.items_total - named)));
        }
        for finding in &self.unread {
            say(&sentence(finding));
        }
        for LeftOutFolder { folder, reason } in &self.left_out {
            say(&format!("{folder} is not part of this proof: {reason}.").replace(char::is_control, "?"));
        }
        match &self.finding {
            Some(finding) => say(&sentence(finding)),
            None => summary(&self.counts).iter().for_each(|line| say(line)),
        }
    }
}

fn judge(report: &VerifyReport) -> (&'static str, u8, Option<Finding>) {
    match &report.end {
        VerifyEnd::Done if report.counts.is_perfect() && report.unread.is_empty() => ("identical", 0, None),
        VerifyEnd::Done => ("differences", 1, None),
        VerifyEnd::Failed(error) => {
            let finding = error.finding().about(error.context.clone());
            // The line was lost for good in the middle.
            if report.counts.expected > 0 { ("interrupted", 4, Some(finding)) } else { ("failed", 3, Some(finding)) }
        }
        VerifyEnd::Stopped(_) => ("interrupted", 4, Some(Finding::new(FindingCode::Interrupted))),
    }
}

pub(crate) fn summary(counts: &VerificationCounts) -> Vec<String> {
    let (expected, arrived) = (thousands(counts.expected), thousands(counts.arrived()));
    let mut first = format!("{arrived} of {expected} messages arrived");
    if counts.identical == counts.arrived() {
        first.push_str(", byte for byte");
    } else {
        let _ = write!(first, ": {} byte for byte", thousands(counts.identical));
    }
    for (number, words) in [
        (counts.repaired, "as they were sent, repaired because the server had refused them"),
        (counts.rewritten, "rewritten by the server"),
    ] {
        if number > 0 {
            let _ = write!(first, ", {} {words}", thousands(number));
        }
    }
    for (number, word) in
        [(counts.different, "different"), (counts.absent, "absent"), (counts.unread, "in folders that cannot be read")]
    {
        if number > 0 {
            let _ = write!(first, "; {} {word}", thousands(number));
        }
    }
    let mut lines = vec![first + "."];
    for (number, what) in [
        (counts.flags_differ, "have other flags than were copied"),
        (counts.dates_differ, "have another date than was copied"),
        (counts.left_out, "were left out of the copy"),
    ] {
        if number > 0 {
            lines.push(format!("{} {what}.", thousands(number)));
        }
    }
    lines
}

/// One message: where it came from, where it should be, and what is wrong with it.
pub(crate) fn line(item: &VerificationItem) -> String {
    let there = item.destination_uid.map(|uid| format!(" UID {uid}")).unwrap_or_default();
    let id = item.message_id.as_deref().map(|id| format!(" {id}")).unwrap_or_default();
    let (from, to) = (&item.folder, &item.destination_folder);
    // What a message or a server made up must not steer the terminal.
    format!("{from} UID {} → {to}{there}{id}: {}", item.uid, faults(item).join("; ")).replace(char::is_control, "?")
}

fn faults(item: &VerificationItem) -> Vec<String> {
    let changes: Vec<String> = item.differences.iter().map(ToString::to_string).collect();
    let changes = changes.join(", ");
    let mut faults = match item.grade {
        Grade::Identical => Vec::new(),
        Grade::Repaired => vec![format!("as it was sent ({changes})")],
        Grade::Rewritten => vec![format!("rewritten by the server ({changes})")],
        Grade::Different => vec![format!("different ({changes})")],
        Grade::Absent => vec!["absent".to_owned()],
        Grade::Unread => vec!["its folder cannot be read".to_owned()],
    };
    for (flags, what) in [(&item.flags_missing, "flags missing"), (&item.flags_added, "flags added")] {
        if !flags.is_empty() {
            faults.push(format!("{what}: {}", flags.join(" ")));
        }
    }
    if let Some(expected) = item.expected_date {
        let there = item.date.map_or_else(|| "none".to_owned(), |date| date.to_rfc3339());
        faults.push(format!("date {there} instead of {}", expected.to_rfc3339()));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_says_what_arrived_and_what_did_not() {
        let all = VerificationCounts { expected: 12_345, identical: 12_345, ..VerificationCounts::default() };
        assert_eq!(summary(&all), ["12,345 of 12,345 messages arrived, byte for byte."]);
        let some = VerificationCounts {
            expected: 10,
            identical: 4,
            repaired: 1,
            rewritten: 2,
            different: 1,
            absent: 2,
            flags_differ: 3,
            left_out: 4,
            ..VerificationCounts::default()
        };
        assert_eq!(
            summary(&some),
            [
                "7 of 10 messages arrived: 4 byte for byte, 1 as they were sent, repaired because the server had refused \
                 them, 2 rewritten by the server; 1 different; 2 absent.",
                "3 have other flags than were copied.",
                "4 were left out of the copy.",
            ]
        );
    }
}
