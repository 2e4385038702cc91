//! Examples of what is about time.

use mailferry_shared::{
    order::{OrderStart, StartKind},
    schedule::{
        DeltaSchedule, DeltaTrigger, MxRecord, MxReport, MxState, MxWatch, SendingRecords, SpfState, WantedRecords,
    },
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
            sending: Some(sending()),
        }],
        starts_delta: true,
        wanted: Some(WantedRecords {
            mx: vec!["mx1.new.example".to_owned()],
            spf: Some("include:_spf.new.example".to_owned()),
            dkim: vec!["selector1".to_owned()],
            source: "https://new.example/help/dns".to_owned(),
        }),
        poll_after_ms: 15_000,
    }
}

/// A domain that lets the new provider send in its name.
fn sending() -> SendingRecords {
    SendingRecords {
        spf: SpfState::Complete,
        spf_records: vec!["v=spf1 include:_spf.new.example ~all".to_owned()],
        dkim: vec!["selector1".to_owned()],
        dkim_looked_at: vec!["selector1".to_owned()],
        looked_up_at: at(90),
    }
}
