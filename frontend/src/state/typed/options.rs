//! The options of step 4, and how it starts.

use leptos::prelude::*;
use mailferry_shared::{
    order::{OrderOptions, OrderStart, StartKind},
    schedule::{DeltaSchedule, DeltaTrigger},
};

use crate::browser::intl;

/// The options of step 4 as typed.
#[derive(Clone, Copy)]
pub(crate) struct OptionFields {
    pub(crate) include_trash: RwSignal<bool>,
    pub(crate) include_junk: RwSignal<bool>,
    pub(crate) newest_first: RwSignal<bool>,
    pub(crate) carry_flags: RwSignal<bool>,
    pub(crate) show_subjects: RwSignal<bool>,
    pub(crate) max_megabytes: RwSignal<String>,
    pub(crate) since: RwSignal<String>,
    pub(crate) leave_out: RwSignal<String>,
    pub(crate) rules: RwSignal<Vec<RuleFields>>,
}

/// One line of the folder mapping; values, not signals, because lines come and go while a step is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleFields {
    /// Tells lines apart.
    pub(crate) key: usize,
    pub(crate) source: String,
    pub(crate) destination: String,
}

impl OptionFields {
    pub(super) fn of(options: &OrderOptions) -> Self {
        let rules = options
            .folder_rules
            .iter()
            .enumerate()
            .map(|(key, rule)| RuleFields { key, source: rule.source.clone(), destination: rule.destination.clone() })
            .collect();
        Self {
            include_trash: RwSignal::new(options.include_trash),
            include_junk: RwSignal::new(options.include_junk),
            newest_first: RwSignal::new(options.newest_first),
            carry_flags: RwSignal::new(options.carry_flags),
            show_subjects: RwSignal::new(options.show_subjects),
            max_megabytes: RwSignal::new((options.largest_message() / 1_000_000).max(1).to_string()),
            since: RwSignal::new(options.since.map(|day| day.to_string()).unwrap_or_default()),
            leave_out: RwSignal::new(options.leave_out.join("\n")),
            rules: RwSignal::new(rules),
        }
    }
}

/// How step 4 starts.
#[derive(Clone, Copy)]
pub(crate) struct StartFields {
    pub(crate) kind: RwSignal<StartKind>,
    pub(crate) voucher: RwSignal<String>,
    pub(crate) later: RwSignal<bool>,
    pub(crate) at: RwSignal<String>,
    pub(crate) second: SecondPhase,
}

impl StartFields {
    pub(super) fn of(start: &OrderStart) -> Self {
        Self {
            kind: RwSignal::new(start.kind),
            voucher: RwSignal::default(),
            later: RwSignal::new(start.earliest_start.is_some()),
            at: RwSignal::new(start.earliest_start.map(intl::local_value).unwrap_or_default()),
            second: SecondPhase::of(start.delta_schedule),
        }
    }
}

/// The delta that starts by itself.
#[derive(Clone, Copy)]
pub(crate) struct SecondPhase {
    /// What starts it; none: by hand.
    pub(crate) trigger: RwSignal<Option<DeltaTrigger>>,
    pub(crate) hours: RwSignal<String>,
    pub(crate) error: RwSignal<Option<String>>,
}

impl SecondPhase {
    fn of(schedule: Option<DeltaSchedule>) -> Self {
        let hours = schedule.and_then(|schedule| schedule.delay_hours);
        Self {
            trigger: RwSignal::new(schedule.map(|schedule| schedule.trigger)),
            hours: RwSignal::new(hours.map(|hours| hours.to_string()).unwrap_or_default()),
            error: RwSignal::new(None),
        }
    }
}
