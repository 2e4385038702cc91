//! Examples of what is about time.

use mailferry_shared::{
    order::{OrderStart, StartKind},
    schedule::{DeltaSchedule, DeltaTrigger, MxRecord, MxReport, MxState, MxWatch},
};

use super::at;

/// A start with a delta that follows by itself.
pub fn order_start() -> OrderStart {
    let schedule = DeltaSchedule { trigger: DeltaTrigger::AfterDelay, delay_hours: Some(8) };
    OrderStart { kind: StartKind::Main, earliest_start: None, delta_schedule: Some(schedule) }
}

/// A domain that is being switched.
pub fn mx_report() -> MxReport {
    let records = |host: &str| vec![MxRecord { preference: 10, host: host.to_owned() }];
    MxReport {
        items: vec![MxWatch {
            domain: "old.example".to_owned(),
            state: MxState::Changing,
            records: records("mx1.new.example"),
            records_before: records("mx1.old.example"),
            ttl_seconds: Some(3600),
            looked_up_at: Some(at(90)),
            changed_at: Some(at(60)),
            settled_at: Some(at(120)),
            delta_id: None,
            lookup_failed: false,
        }],
        starts_delta: true,
        poll_after_ms: 15_000,
    }
}
