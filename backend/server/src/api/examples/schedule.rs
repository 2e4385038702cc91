//! Examples of what is about time.

use mailferry_shared::{
    order::{OrderStart, StartKind},
    schedule::{DeltaSchedule, DeltaTrigger, MxRecord, MxReport, MxState, MxWatch},
    sending::{DkimState, Sending, SpfState},
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
            records_wanted: vec!["mx1.new.example".to_owned()],
            sending: Some(sending()),
        }],
        starts_delta: true,
        poll_after_ms: 15_000,
    }
}

/// A domain that does not yet let the new provider send.
fn sending() -> Sending {
    Sending {
        spf: SpfState::LacksNewProvider,
        spf_records: vec!["v=spf1 include:_spf.old.example -all".to_owned()],
        spf_wanted: Some("include:_spf.new.example".to_owned()),
        dkim: DkimState::HasNewProvidersKey,
        dkim_selectors: vec!["default".to_owned(), "new1".to_owned()],
        dkim_wanted: vec!["new1".to_owned()],
        looked_up_at: at(90),
    }
}
