//! What a mail tells, in values: words and forms come later.

use chrono::{DateTime, Utc};
use mailferry_shared::{
    finding::FindingCode,
    order::StartKind,
    payment::Amount,
    progress::PairProgress,
    run::{Counts, RunState, RunSummary},
    schedule::DeltaTrigger,
};
use mailferry_store::OrderRecord;

/// What a mail tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The status page with the manage token in its fragment.
    pub link: String,
    /// The order number.
    pub order: String,
    /// Full migration or free trial.
    pub kind: Option<StartKind>,
    /// Account pairs that move.
    pub accounts: u64,
    /// What became of their messages in their latest runs.
    pub counts: Counts,
    /// The new provider's server, for the advice on the MX record.
    pub destination_host: Option<String>,
    /// When the link stops working.
    pub expires: DateTime<Utc>,
    /// When the first run starts, if that is yet to come.
    pub start: Option<DateTime<Utc>>,
    /// How the delta starts by itself, if it does.
    pub plan: Option<Plan>,
    /// Accounts that cannot go on, and why.
    pub stuck: Vec<(String, FindingCode)>,
    /// Accounts whose latest run ended without doing all of it, for another reason than single messages, and why.
    pub undone: Vec<(String, FindingCode)>,
    /// What was paid, in a receipt.
    pub receipt: Option<Receipt>,
    /// What the operator was asked to do, if it was.
    pub request: Option<Request>,
}

/// A delta that starts by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// What starts it.
    pub trigger: DeltaTrigger,
    /// Hours after the first run, for a delay.
    pub delay_hours: u32,
    /// When, once that is known.
    pub at: Option<DateTime<Utc>>,
}

/// A requested migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// When the customer would like it to start.
    pub wished_start: DateTime<Utc>,
    /// Why it was declined, in the operator's words.
    pub reason: Option<String>,
}

/// A payment that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What was paid.
    pub amount: Amount,
    /// When.
    pub paid_at: DateTime<Utc>,
    /// The payment provider's number.
    pub reference: String,
}

impl Facts {
    /// The facts of an order at `now`.
    pub fn new(order: &OrderRecord, link: String, progress: &[PairProgress], now: DateTime<Utc>) -> Self {
        let mut counts = Counts::default();
        let runs = progress.iter().filter_map(|pair| Some((pair, pair.run.as_ref()?)));
        runs.clone().for_each(|(_, run)| counts.add(&run.counts));
        let undone = runs.clone().filter_map(|(pair, run)| Some((pair.source.clone(), why_undone(run)?)));
        let undone = undone.collect();
        let open = runs.filter(|(_, run)| run.state == RunState::Paused);
        let stuck = open.filter_map(|(pair, run)| Some((pair.source.clone(), run.finding.as_ref()?.code)));
        let plan = order.delta_schedule.map(|schedule| Plan {
            trigger: schedule.trigger,
            delay_hours: schedule.delay_hours.unwrap_or_default(),
            at: order.delta_at,
        });
        Self {
            link,
            order: order.id.to_string(),
            kind: order.kind,
            accounts: progress.len() as u64,
            counts,
            destination_host: order.destination.as_ref().map(|choice| choice.endpoint.host.to_string()),
            expires: order.expires_at,
            start: order.earliest_start.filter(|start| *start > now),
            plan: plan.filter(|_| order.kind == Some(StartKind::Main)),
            stuck: stuck.collect(),
            undone,
            receipt: None,
            request: None,
        }
    }
}

/// Why a run that has ended left something undone that no count of messages tells: it could not work, or whole folders
/// could not be read.
fn why_undone(run: &RunSummary) -> Option<FindingCode> {
    let cause = run.finding.as_ref().map(|finding| finding.code);
    match run.state {
        RunState::Failed => Some(cause.unwrap_or(FindingCode::Internal)),
        RunState::Partial if run.counts.failed + run.counts.uncertain == 0 => {
            Some(cause.unwrap_or(FindingCode::FolderUnreadable))
        }
        _ => None,
    }
}
