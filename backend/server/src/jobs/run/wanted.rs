//! What a run is to copy, and how: by the options of its order.

use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use mailferry_domain::{folder::FolderPath, mapping::MappingOptions, plan::ItemFilter};
use mailferry_engine::run::RunOptions;
use mailferry_shared::{order::OrderOptions, run::RunKind};
use mailferry_store::OrderRecord;

use crate::api::service::TRIAL_DAYS;

/// A run that is told to wait for longer gives its worker and its connections back meanwhile.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// What to copy and how, by the order's options.
pub(in crate::jobs) fn options(order: &OrderRecord, kind: RunKind, now: DateTime<Utc>) -> RunOptions {
    let wanted: &OrderOptions = &order.options;
    let path = |text: &String| FolderPath::parse(text).ok();
    RunOptions {
        mapping: MappingOptions {
            leave_out: wanted.leave_out.iter().filter_map(path).collect(),
            leave_out_trash: !wanted.include_trash,
            leave_out_junk: !wanted.include_junk,
            rules: wanted
                .folder_rules
                .iter()
                .filter_map(|rule| path(&rule.source).zip(path(&rule.destination)))
                .collect(),
            ..MappingOptions::default()
        },
        filter: ItemFilter { max_size_bytes: Some(wanted.largest_message()), since: since(wanted.since, kind, now) },
        newest_first: wanted.newest_first,
        longest_wait: LONGEST_WAIT,
        carry_flags: wanted.carry_flags && kind == RunKind::Delta,
        show_subjects: wanted.show_subjects,
        ..RunOptions::default()
    }
}

/// Mail of this time and later is copied: of the day that the owner wants, and of a trial's last days at most.
fn since(wanted: Option<NaiveDate>, kind: RunKind, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let wanted = wanted.map(|day| day.and_time(NaiveTime::MIN).and_utc());
    let trial = now.checked_sub_days(Days::new(TRIAL_DAYS.into())).filter(|_| kind == RunKind::Trial);
    wanted.max(trial)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_trial_copies_the_mail_of_the_last_10_days() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(100);
        let ten_days_ago = Some(DateTime::UNIX_EPOCH + TimeDelta::days(90));
        let day = |days| Some((DateTime::UNIX_EPOCH + TimeDelta::days(days)).date_naive());
        assert_eq!(since(None, RunKind::Trial, now), ten_days_ago);
        assert_eq!(since(day(3), RunKind::Trial, now), ten_days_ago, "however much is wanted");
        assert_eq!(since(day(95), RunKind::Trial, now), Some(DateTime::UNIX_EPOCH + TimeDelta::days(95)));
        assert_eq!(since(None, RunKind::Main, now), None);
    }
}
