//! What a destination or a source refuses: no room, more than an amount a day, a message too large, a folder closed by an
//! ACL.

use std::{fs, sync::atomic::Ordering, time::Duration};

use mailferry_engine::{
    allowance::{Allowance, Allowances},
    run::RunEnd,
};
use mailferry_lab::{DovecotOptions, ProxyOptions};
use mailferry_shared::{finding::FindingCode, run::RunState};

use crate::{
    ground::Ground,
    point::How,
    row::{Sweep, sweep},
};

const PLENTY: Option<u64> = Some(1_000_000_000);

#[tokio::test(flavor = "multi_thread")]
async fn a_full_mailbox_parks_the_run_and_with_more_room_it_goes_on() {
    let ground = Ground::with_destination(DovecotOptions { quota_bytes: PLENTY, ..DovecotOptions::default() }).await;
    let row = Sweep::of("OVERQUOTA, then more room", &ground).in_turn();
    row.over([2_000, 30_000, 60_000, 120_000], async |point, room| {
        ground.destination.dovecot().restart_with(|options| options.quota_bytes = Some(room)).expect("restarts");
        for run in 1..=2 {
            let report = point.next(run).await;
            let full = matches!(&report.end, RunEnd::Parked(error) if error.code == FindingCode::MailboxFull);
            point.must(full, || format!("{:?}", report.end));
            point.must(report.counts.failed == 0, || format!("{:?}", report.counts));
        }
        ground.destination.dovecot().restart_with(|options| options.quota_bytes = PLENTY).expect("restarts");
        point.go_on(3).await;
    })
    .await;
}

#[derive(Debug, Clone, Copy)]
enum Cap {
    FromSource(u64),
    ToDestination(u64),
}

impl Cap {
    /// A day of which nothing has been used.
    fn fresh(self) -> Allowances {
        let day = |left_bytes| Some(Allowance { left_bytes, untouched: true, fresh_in: Duration::from_secs(5 * 3600) });
        match self {
            Self::FromSource(bytes) => Allowances { from_source: day(bytes), ..Allowances::default() },
            Self::ToDestination(bytes) => Allowances { to_destination: day(bytes), ..Allowances::default() },
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_days_amount_puts_the_run_off_day_by_day_until_all_is_there() {
    let ground = Ground::new().await;
    let caps = [15_000, 60_000].into_iter().flat_map(|bytes| [Cap::FromSource(bytes), Cap::ToDestination(bytes)]);
    sweep("daily cap, day by day", &ground, caps, async |point, cap| {
        for day in 1..90 {
            let mut how = How::default();
            how.options.allowances = cap.fresh();
            let report = point.run(day, how).await;
            point.must(report.counts.failed + report.counts.uncertain == 0, || format!("{:?}", report.counts));
            if !matches!(&report.end, RunEnd::Postponed(error, _) if error.code == FindingCode::DailyLimit) {
                point.must(day > 2, || format!("all on day {day}"));
                point.succeeded(&report);
                break;
            }
        }
        point.nothing_to_do().await;
    })
    .await;
}

#[derive(Debug, Clone, Copy)]
enum Limit {
    /// A refusal of each message.
    Refusal,
    /// Told before (APPENDLIMIT, RFC 7889).
    Told,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_too_large_is_named_and_never_stops_the_others() {
    let ground = Ground::with_destination(DovecotOptions { quota_bytes: PLENTY, ..DovecotOptions::default() }).await;
    let row = Sweep::of("message too large: refused, or told by APPENDLIMIT", &ground).in_turn();
    row.over([Limit::Refusal, Limit::Told], async |point, limit| {
        let refuse = "plugin {\n  quota_max_mail_size = 15000\n}\n".to_owned();
        point.reordered.store(true, Ordering::SeqCst);
        let restarted = ground.destination.dovecot().restart_with(|options| match limit {
            Limit::Refusal => options.extra = refuse,
            Limit::Told => options.capabilities = Some("+APPENDLIMIT=15000".to_owned()),
        });
        restarted.expect("restarts");
        let report = point.next(1).await;
        let counts = &report.counts;
        point.must(counts.done() == counts.listed && counts.uncertain == 0, || format!("{counts:?}"));
        let left_out = counts.failed + counts.skipped;
        point.must((1..5).contains(&left_out), || format!("{:?}, {counts:?}, {:?}", report.end, report.notes));
        let told = matches!(limit, Limit::Told);
        point.must((counts.skipped > 0) == told, || format!("{counts:?}"));
        let restarted = ground.destination.dovecot().restart_with(|options| {
            options.extra = String::new();
            options.capabilities = None;
        });
        restarted.expect("restarts");
        point.go_on(2).await;
    })
    .await;
}

const CLOSED: &str = "Archive/2020/Q1";

/// A server with a file of ACLs, empty at first.
fn with_acl(file: &str) -> DovecotOptions {
    fs::write(file, "").expect("written");
    let extra = format!(
        "protocol imap {{\n  mail_plugins = acl imap_acl\n}}\nmail_plugins = acl\nplugin {{\n  acl = vfile:{file}\n}}\n"
    );
    DovecotOptions { extra, ..DovecotOptions::default() }
}

#[derive(Debug, Clone, Copy)]
enum Closed {
    /// The source may be seen, but not read.
    Unreadable,
    /// The destination may be opened, but nothing may be put there.
    NoInsert,
    /// The destination may not even be opened.
    NoRead,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_closed_by_an_acl_is_named_and_never_stops_the_others() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("set");
    let file = |name: &str| dir.path().join(name).display().to_string();
    let (at_source, at_destination) = (file("source"), file("destination"));
    let ground = Ground::with(with_acl(&at_source), with_acl(&at_destination), ProxyOptions::default()).await;
    let row = Sweep::of("folder closed by an ACL", &ground).in_turn();
    row.over([Closed::Unreadable, Closed::NoInsert, Closed::NoRead], async |point, closed| {
        let (file, rights) = match closed {
            Closed::Unreadable => (&at_source, "l"),
            Closed::NoInsert => (&at_destination, "lrwstek"),
            Closed::NoRead => (&at_destination, "lk"),
        };
        fs::write(file, format!("{CLOSED} owner {rights}\n")).expect("written");
        let report = point.next(1).await;
        point.must(matches!(report.end, RunEnd::Done(RunState::Partial)), || format!("{:?}", report.end));
        let noted = report.notes.iter().any(|note| note.subject.as_deref().is_some_and(|about| about.contains("Q1")));
        let counts = &report.counts;
        let unreadable = matches!(closed, Closed::Unreadable);
        point.must(noted || counts.failed == 14, || format!("not named: {:?}, {counts:?}", report.notes));
        point.must(counts.failed == if unreadable { 0 } else { 14 }, || format!("not counted: {counts:?}"));
        point.must(counts.done() == counts.listed, || format!("without an outcome: {counts:?}"));
        point.must(counts.stored > 10, || format!("the others were stopped: {counts:?}"));
        fs::write(file, "").expect("written");
        point.go_on(2).await;
    })
    .await;
}
