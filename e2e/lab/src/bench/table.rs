//! What was measured, as a table.

use std::fmt::Write as _;

use super::tools::{Took, Tool};

/// One job, by everybody who did it.
pub(super) struct Row {
    name: String,
    pub(super) limit: Vec<Took>,
    tools: Vec<(&'static str, Vec<Took>)>,
    /// Whether our copy was compared message by message, and the same.
    pub(super) exact: Option<bool>,
}

impl Row {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), limit: Vec::new(), tools: Vec::new(), exact: None }
    }

    pub(super) fn add(&mut self, tool: &Tool, took: Took) {
        eprintln!("{}: {} {:.2} s", self.name, tool.name(), took.seconds);
        match self.tools.iter_mut().find(|(name, _)| *name == tool.name()) {
            Some((_, all)) => all.push(took),
            None => self.tools.push((tool.name(), vec![took])),
        }
    }

    fn of(&self, name: &str) -> Option<&[Took]> {
        self.tools.iter().find(|(other, _)| *other == name).map(|(_, all)| all.as_slice())
    }
}

#[derive(Default)]
pub(super) struct Table(Vec<Row>);

impl Table {
    pub(super) fn push(&mut self, row: Row) {
        self.0.push(row);
    }

    /// True unless a copy of ours differed from its source.
    pub(super) fn is_exact(&self) -> bool {
        self.0.iter().all(|row| row.exact != Some(false))
    }

    pub(super) fn markdown(&self, repetitions: usize) -> String {
        let mut text = format!(
            "Medians of {repetitions} in seconds; {}. Destination's mail in memory, ledger on disk. The limit is a bare \
             client in Rust that knows every UID, holds all messages in memory, and reads and writes at the same time over \
             1, 2 or 4 connections, whichever is fastest; its folders are made before the clock starts.\n\n\
             | job | limit | mailferry | ÷ limit | mbsync | × | doveadm | imapsync | our CPU | mbsync's CPU | our peak | exact |\n\
             | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
            machine()
        );
        for row in &self.0 {
            let limit = median(&row.limit, |took| Some(took.seconds));
            let of = |name: &str| row.of(name).and_then(|all| median(all, |took| Some(took.seconds)));
            let (ours, mbsync) = (of("mailferry"), of("mbsync"));
            let cpu = |name: &str| row.of(name).and_then(|all| median(all, |took| took.cpu_seconds));
            let peak = row.of("mailferry").and_then(|all| all.iter().filter_map(|took| took.peak_kilobytes).max());
            let exact = match row.exact {
                Some(true) => "yes",
                Some(false) => "NO",
                None => "",
            };
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {exact} |",
                row.name,
                seconds(limit),
                seconds(ours),
                ratio(ours, limit),
                seconds(mbsync),
                ratio(mbsync, ours),
                seconds(of("doveadm")),
                seconds(of("imapsync")),
                seconds(cpu("mailferry")),
                seconds(cpu("mbsync")),
                peak.map(|kilobytes| format!("{} MB", kilobytes / 1024)).unwrap_or_default(),
            );
        }
        text
    }
}

fn machine() -> String {
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processor.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown processor");
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{processors} processors for everything ({})", model.trim_start_matches([' ', '\t', ':']))
}

fn median(all: &[Took], of: impl Fn(&Took) -> Option<f64>) -> Option<f64> {
    let mut values: Vec<f64> = all.iter().filter_map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn seconds(value: Option<f64>) -> String {
    value.map(|value| format!("{value:.2}")).unwrap_or_default()
}

fn ratio(value: Option<f64>, to: Option<f64>) -> String {
    value.zip(to).map(|(value, to)| format!("{:.1}", value / to)).unwrap_or_default()
}
