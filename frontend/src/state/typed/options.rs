//! The options of step 4, and how it starts.

use leptos::prelude::*;
use mailferry_shared::{
    order::{OrderOptions, OrderStart, StartKind},
    schedule::DeltaTrigger,
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
        let second =
            SecondPhase { trigger: RwSignal::default(), hours: RwSignal::default(), error: RwSignal::default() };
        let fields = Self {
            kind: RwSignal::default(),
            voucher: RwSignal::default(),
            later: RwSignal::default(),
            at: RwSignal::default(),
            second,
        };
        fields.tell(start);
        fields
    }

    /// Shows `start`, whatever was chosen before.
    pub(crate) fn tell(self, start: &OrderStart) {
        let OrderStart { kind, earliest_start, delta_schedule } = *start;
        self.kind.set(kind);
        self.later.set(earliest_start.is_some());
        if let Some(at) = earliest_start {
            self.at.set(intl::local_value(at));
        }
        self.second.trigger.set(delta_schedule.map(|schedule| schedule.trigger));
        if let Some(hours) = delta_schedule.and_then(|schedule| schedule.delay_hours) {
            self.second.hours.set(hours.to_string());
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
