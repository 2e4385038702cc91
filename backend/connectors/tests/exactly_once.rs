//! Nothing lost, nothing doubled, wherever a run is stopped and whatever the destination does.
//!
//! The engine with accounts in memory and the ledger on a real SQLite file. A clean run's steps are counted, then a
//! run is stopped at each of them in turn, gone on with, compared with the clean result, and run once more: nothing.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, FixedOffset};
use mailferry_connectors::memory::{MemoryAccount, MemoryConnector, Mishap};
use mailferry_domain::{folder::FolderPath, item::Flags, mapping::MappingOptions, plan::ItemFilter};
use mailferry_engine::{
    allowance::{Allowance, Allowances},
    port::{Command, Control, Decision, Fault, Interrupted, NoFault, NoProgress, Step},
    run::{Job, RunEnd, RunOptions, RunReport, run},
};
use mailferry_shared::{
    finding::FindingCode,
    ids::RunId,
    run::{Counts, RunState},
};
use mailferry_store::LedgerFile;
use tempfile::TempDir;
use uuid::Uuid;

type Content = BTreeMap<(String, Vec<u8>, Vec<String>, Option<String>), usize>;

fn path(text: &str) -> FolderPath {
    FolderPath::parse(text).expect("a path")
}

fn date(day: u32) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc3339(&format!("2020-01-{day:02}T10:00:00+01:00")).ok()
}

/// Two accounts, a ledger on disk, and a counter for run ids.
struct World {
    connector: MemoryConnector,
    dir: TempDir,
    runs: AtomicUsize,
    options: RunOptions,
}

impl World {
    /// Odd enough: second copies in a folder and over folders, an empty message, one that is at the destination
    /// already, nested and UTF-8 folders, subscriptions.
    fn new() -> Self {
        let world = Self {
            connector: MemoryConnector::default(),
            dir: tempfile::tempdir().expect("a folder"),
            runs: AtomicUsize::new(0),
            options: RunOptions {
                connections: 1,
                append_timeout: Duration::from_millis(1),
                retry_base: Duration::from_millis(1),
                ..RunOptions::default()
            },
        };
        let source = &world.connector.source;
        source.add_folder(&path("Projekte/Größe & Maß"), None, true);
        source.add_folder(&path("Empty"), None, false);
        for (folder, day, flags, text) in [
            ("INBOX", 1, "\\Seen", "one"),
            ("INBOX", 2, "\\Flagged", "twice"),
            ("INBOX", 3, "$Label1", "twice"),
            ("INBOX", 4, "", ""),
            ("INBOX", 5, "\\Seen", "there already"),
            ("INBOX", 6, "\\Seen", "six"),
            ("INBOX", 7, "\\Draft", "seven"),
            ("Projekte/Größe & Maß", 8, "\\Seen", "one"),
            ("Projekte/Größe & Maß", 9, "", "nine"),
        ] {
            source.add(&path(folder), Flags::new([flags]), date(day), text.as_bytes().to_vec());
        }
        let destination = &world.connector.destination;
        destination.add(&path("INBOX"), Flags::default(), date(20), b"there already".to_vec());
        destination.add(&path("INBOX"), Flags::default(), date(21), b"not ours".to_vec());
        world
    }

    async fn run_with(&self, control: Control, fault: Arc<dyn Fault>) -> RunReport {
        let file = LedgerFile::open(&self.dir.path().join("ledger"), "memory").await.expect("the ledger opens");
        let id = RunId(Uuid::from_u128(1 + self.runs.fetch_add(1, Ordering::Relaxed) as u128));
        let ledger = file.run_ledger(id).await.expect("the run's ledger");
        run(Job {
            connector: Arc::new(self.connector.clone()),
            ledger,
            options: self.options.clone(),
            control,
            progress: Arc::new(NoProgress),
            fault,
        })
        .await
    }

    async fn run(&self) -> RunReport {
        self.run_with(Control::always_go(), Arc::new(NoFault)).await
    }

    fn destination(&self) -> Content {
        content(&self.connector.destination)
    }
}

fn content(account: &MemoryAccount) -> Content {
    let mut content = Content::new();
    for (folder, _) in account.folders() {
        for message in account.messages(&folder) {
            let flags = message.flags.iter().map(str::to_owned).collect();
            let when = message.internal_date.map(|date| date.to_rfc3339());
            *content.entry((folder.to_string(), message.bytes.to_vec(), flags, when)).or_default() += 1;
        }
    }
    content
}

fn succeeded(report: &RunReport) {
    assert!(matches!(report.end, RunEnd::Done(RunState::Succeeded)), "{:?}, {:?}", report.end, report.notes);
    let counts = &report.counts;
    assert_eq!(counts.done(), counts.listed, "every message has exactly one outcome: {counts:?}");
}

/// Nothing left to do, and nothing done.
async fn runs_again_without_doing_anything(world: &World) {
    let before = world.destination();
    let report = world.run().await;
    succeeded(&report);
    assert_eq!((report.counts.stored, report.counts.present), (0, report.counts.listed));
    assert_eq!(world.destination(), before);
}

/// Stops the run at the `n`th step, as a killed process would.
struct StopAt {
    n: usize,
    reached: AtomicUsize,
}

impl StopAt {
    fn new(n: usize) -> Arc<Self> {
        Arc::new(Self { n, reached: AtomicUsize::new(0) })
    }
}

impl Fault for StopAt {
    fn reach(&self, step: Step) -> Result<(), Interrupted> {
        if self.reached.fetch_add(1, Ordering::SeqCst) == self.n { Err(Interrupted(step)) } else { Ok(()) }
    }
}

async fn clean() -> (Content, Counts) {
    let world = World::new();
    let report = world.run().await;
    succeeded(&report);
    (world.destination(), report.counts)
}

#[tokio::test]
async fn a_clean_run_copies_everything_and_a_second_one_does_nothing() {
    let world = World::new();
    let report = world.run().await;
    succeeded(&report);
    let expected = Counts { listed: 9, stored: 8, present: 1, duplicates: 1, ..Counts::default() };
    let counts = report.counts;
    assert_eq!(
        (counts.listed, counts.stored, counts.present, counts.duplicates),
        (expected.listed, expected.stored, expected.present, expected.duplicates)
    );
    let inbox = world.connector.destination.messages(&path("INBOX"));
    let texts: Vec<_> = inbox.iter().map(|message| String::from_utf8_lossy(&message.bytes).into_owned()).collect();
    assert_eq!(texts, ["there already", "not ours", "one", "twice", "twice", "", "six", "seven"], "the order is kept");
    let folders = world.connector.destination.folders();
    assert!(folders.contains(&(path("Projekte/Größe & Maß"), true)), "subscriptions are carried over");
    assert!(folders.contains(&(path("Empty"), false)));
    runs_again_without_doing_anything(&world).await;
}

#[tokio::test]
async fn a_run_stopped_at_any_step_goes_on_without_loss_or_duplicate() {
    let (expected, counts) = clean().await;
    let counter = StopAt::new(usize::MAX);
    World::new().run_with(Control::always_go(), counter.clone()).await;
    let steps = counter.reached.load(Ordering::SeqCst);
    assert!(steps > 20, "{steps} steps only");
    for step in 0..steps {
        let world = World::new();
        let stopped = world.run_with(Control::always_go(), StopAt::new(step)).await;
        assert!(matches!(stopped.end, RunEnd::Interrupted(_)), "{:?}", stopped.end);
        let report = world.run().await;
        succeeded(&report);
        assert_eq!(report.counts.listed, counts.listed, "stopped at step {step}");
        assert_eq!(world.destination(), expected, "stopped at step {step}");
        runs_again_without_doing_anything(&world).await;
    }
    println!("{steps} interruption points, 0 lost, 0 doubled");
}

#[tokio::test]
async fn a_run_stopped_twice_goes_on_without_loss_or_duplicate() {
    let (expected, _) = clean().await;
    for (first, second) in [(3, 1), (4, 4), (5, 2), (6, 6), (9, 3), (12, 5)] {
        let world = World::new();
        world.run_with(Control::always_go(), StopAt::new(first)).await;
        world.run_with(Control::always_go(), StopAt::new(second)).await;
        succeeded(&world.run().await);
        assert_eq!(world.destination(), expected, "stopped at steps {first} and {second}");
    }
}

#[tokio::test]
async fn a_lost_line_at_any_call_loses_and_doubles_nothing() {
    let (expected, _) = clean().await;
    for call in 0..3 {
        for mishap in [
            Mishap::LostBefore,
            Mishap::LostAfter(1),
            Mishap::LostAfter(2),
            Mishap::LostAfter(3),
            Mishap::Late(1),
            Mishap::Late(2),
        ] {
            let world = World::new();
            world.connector.destination.store_mishaps(std::iter::repeat_n(Mishap::Fine, call).chain([mishap]));
            succeeded(&world.run().await);
            assert_eq!(world.destination(), expected, "{mishap:?} at call {call}");
            runs_again_without_doing_anything(&world).await;
        }
        for mishap in [Mishap::LostBefore, Mishap::LostAfter(1), Mishap::LostAfter(4)] {
            let world = World::new();
            world.connector.source.fetch_mishaps(std::iter::repeat_n(Mishap::Fine, call).chain([mishap]));
            succeeded(&world.run().await);
            assert_eq!(world.destination(), expected, "{mishap:?} at fetch {call}");
        }
    }
}

#[tokio::test]
async fn a_destination_that_is_waited_for_in_vain_is_given_as_long_again_to_finish() {
    let (expected, _) = clean().await;
    for call in 0..3 {
        // What was sent arrives long after the line was given up, and much later than a quick server's would.
        let slow = Mishap::Slow(Duration::from_millis(600), Duration::from_millis(200));
        let world = World::new();
        world.connector.destination.store_mishaps(std::iter::repeat_n(Mishap::Fine, call).chain([slow]));
        succeeded(&world.run().await);
        assert_eq!(world.destination(), expected, "slow at call {call}");
        runs_again_without_doing_anything(&world).await;
    }
}

#[tokio::test]
async fn a_folder_whose_line_breaks_again_and_again_is_left_for_another_run_not_failed() {
    let (expected, _) = clean().await;
    let world = World::new();
    let attempts = world.options.attempts as usize;
    world.connector.source.fetch_mishaps(std::iter::repeat_n(Mishap::LostBefore, attempts + 1));
    let report = world.run().await;
    assert!(
        matches!(&report.end, RunEnd::Unfinished(error) if error.decision == Decision::Retry),
        "{:?}, {:?}",
        report.end,
        report.notes
    );
    assert_eq!(report.unfinished.len(), 1, "the folder is named: {:?}", report.unfinished);
    assert_eq!((report.counts.failed, report.notes.len()), (0, 0), "nothing is held against it for good");
    assert!(report.counts.stored > 0, "the other folders were copied");
    succeeded(&world.run().await);
    assert_eq!(world.destination(), expected);
}

#[tokio::test]
async fn without_appenduid_nothing_is_lost_or_doubled_either() {
    let (expected, _) = clean().await;
    for call in 0..3 {
        for mishap in [Mishap::Fine, Mishap::LostBefore, Mishap::LostAfter(2), Mishap::Late(2)] {
            let world = World::new();
            world.connector.destination.tell_no_uids();
            world.connector.destination.store_mishaps(std::iter::repeat_n(Mishap::Fine, call).chain([mishap]));
            succeeded(&world.run().await);
            assert_eq!(world.destination(), expected, "{mishap:?} at call {call}");
            runs_again_without_doing_anything(&world).await;
        }
    }
}

#[tokio::test]
async fn one_bad_message_never_stops_the_others_and_a_later_run_repairs_it() {
    let (expected, _) = clean().await;
    let world = World::new();
    world.connector.destination.store_mishaps([Mishap::Refused(1, FindingCode::MessageTooLarge, Decision::Skip)]);
    let report = world.run().await;
    assert!(matches!(report.end, RunEnd::Done(RunState::Partial)), "{:?}", report.end);
    assert_eq!((report.counts.failed, report.counts.stored), (1, 7));
    assert_eq!(report.counts.done(), report.counts.listed);
    let report = world.run().await;
    succeeded(&report);
    assert_eq!(report.counts.stored, 1);
    assert_eq!(world.destination(), expected);
}

#[tokio::test]
async fn a_full_mailbox_parks_the_run_and_the_next_one_goes_on() {
    let (expected, _) = clean().await;
    let world = World::new();
    world
        .connector
        .destination
        .store_mishaps([Mishap::Fine, Mishap::Refused(1, FindingCode::MailboxFull, Decision::Park)]);
    let report = world.run().await;
    assert!(matches!(&report.end, RunEnd::Parked(error) if error.code == FindingCode::MailboxFull), "{:?}", report.end);
    succeeded(&world.run().await);
    assert_eq!(world.destination(), expected);
}

/// Runs as often as a day's amount asks for; how often that was.
async fn days(world: &mut World, allowances: impl Fn(Allowance) -> Allowances) -> usize {
    for day in 1..20 {
        let fresh_in = Duration::from_secs(5 * 3600);
        world.options.allowances = allowances(Allowance { left_bytes: 6, untouched: true, fresh_in });
        let report = world.run().await;
        assert_eq!((report.counts.failed, report.counts.uncertain), (0, 0), "{:?}", report.counts);
        match &report.end {
            RunEnd::Postponed(error, wait) => {
                assert_eq!(error.code, FindingCode::DailyLimit);
                assert!(*wait <= fresh_in && *wait > fresh_in / 2, "{wait:?}");
                assert!(report.counts.stored > 0 || day > 10, "every day something is copied");
            }
            _ => {
                succeeded(&report);
                return day;
            }
        }
    }
    panic!("never done");
}

#[tokio::test]
async fn a_days_amount_parks_the_run_and_the_next_day_goes_on() {
    let (expected, _) = clean().await;
    let mut world = World::new();
    let sent = days(&mut world, |day| Allowances { to_destination: Some(day), ..Allowances::default() }).await;
    assert!(sent > 2, "{sent}");
    assert_eq!(world.destination(), expected);
    let mut world = World::new();
    let fetched = days(&mut world, |day| Allowances { from_source: Some(day), ..Allowances::default() }).await;
    assert!(fetched > 1, "{fetched}");
    assert_eq!(world.destination(), expected);
    runs_again_without_doing_anything(&world).await;
}

#[tokio::test]
async fn whoever_slows_us_down_is_waited_for_and_nothing_fails() {
    let (expected, _) = clean().await;
    for code in [FindingCode::Throttled, FindingCode::TooManyConnections] {
        let world = World::new();
        let slow = Mishap::Refused(1, code, Decision::Wait(Duration::from_millis(5)));
        world.connector.destination.store_mishaps([Mishap::Fine, slow, slow, slow, slow, slow, slow, slow, slow]);
        let report = world.run().await;
        succeeded(&report);
        assert_eq!(report.counts.failed, 0);
        assert_eq!(world.destination(), expected);
        // A long wait is no reason to hold connections.
        let world = World::new();
        let hour = Decision::Wait(Duration::from_secs(2 * 3600));
        world.connector.destination.store_mishaps([Mishap::Fine, Mishap::Refused(0, code, hour)]);
        let report = world.run().await;
        let waits = matches!(&report.end, RunEnd::Postponed(error, wait)
            if error.code == code && *wait == Duration::from_secs(2 * 3600));
        assert!(waits && report.counts.failed == 0, "{:?}, {:?}", report.end, report.counts);
        succeeded(&world.run().await);
        assert_eq!(world.destination(), expected);
    }
}

#[tokio::test]
async fn a_destination_that_cannot_store_is_not_hammered_and_blames_no_message() {
    let (expected, _) = clean().await;
    let world = World::new();
    let full = Mishap::Refused(0, FindingCode::StorageFailing, Decision::Retry);
    world.connector.destination.store_mishaps(std::iter::repeat_n(full, 1000));
    let report = world.run().await;
    let waits = matches!(&report.end, RunEnd::Postponed(error, _) if error.code == FindingCode::StorageFailing);
    assert!(waits && report.counts.failed == 0, "{:?}, {:?}", report.end, report.counts);
    assert!(world.connector.destination.logins() < 12, "{}", world.connector.destination.logins());
    world.connector.destination.store_mishaps([]);
    succeeded(&world.run().await);
    assert_eq!(world.destination(), expected);
    // A disk that is full for a moment only is waited for.
    let world = World::new();
    world.connector.destination.store_mishaps([Mishap::Fine, full, full]);
    succeeded(&world.run().await);
    assert_eq!(world.destination(), expected);
}

#[tokio::test]
async fn a_wrong_password_is_tried_once() {
    let world = World::new();
    world.connector.source.refuse_logins(Some((FindingCode::WrongPassword, Decision::Park)));
    let report = world.run().await;
    assert!(
        matches!(&report.end, RunEnd::Parked(error) if error.code == FindingCode::WrongPassword),
        "{:?}",
        report.end
    );
    assert_eq!(world.connector.source.logins(), 1);
}

#[tokio::test]
async fn a_delta_copies_what_is_new_and_leaves_what_the_owner_changed() {
    let world = World::new();
    succeeded(&world.run().await);
    let inbox = path("INBOX");
    world.connector.source.add(&inbox, Flags::default(), date(10), b"new".to_vec());
    world.connector.source.add(&path("New folder"), Flags::default(), date(11), b"new too".to_vec());
    // The owner tidies up at the new place: what was copied once is not copied again.
    let gone = world.connector.destination.messages(&inbox)[2].uid;
    world.connector.destination.remove(&inbox, gone);
    let report = world.run().await;
    succeeded(&report);
    assert_eq!((report.counts.stored, report.counts.present), (2, 9));
}

#[tokio::test]
async fn new_uids_at_the_source_or_at_the_destination_double_nothing() {
    for (at_source, at_destination) in [(true, false), (false, true), (true, true)] {
        let world = World::new();
        succeeded(&world.run().await);
        let before = world.destination();
        if at_source {
            world.connector.source.renumber(&path("INBOX"));
        }
        if at_destination {
            world.connector.destination.renumber(&path("INBOX"));
        }
        let report = world.run().await;
        succeeded(&report);
        assert_eq!(world.destination(), before, "source {at_source}, destination {at_destination}");
        assert_eq!((report.counts.stored, report.counts.present), (0, 9), "what is found again is not copied");
        if !(at_source && at_destination) {
            assert_eq!(report.counts.duplicates, 0, "and it was there by us");
        }
        runs_again_without_doing_anything(&world).await;
    }
}

/// Expunges a message as soon as the folder has been planned.
struct Expunge(MemoryAccount, FolderPath);

impl Fault for Expunge {
    fn reach(&self, step: Step) -> Result<(), Interrupted> {
        if step == Step::Planned {
            self.0.remove(&self.1, mailferry_domain::uid::Uid(6));
        }
        Ok(())
    }
}

#[tokio::test]
async fn what_vanishes_between_listing_and_fetching_is_skipped() {
    let world = World::new();
    let inbox = path("INBOX");
    let report = world.run_with(Control::always_go(), Arc::new(Expunge(world.connector.source.clone(), inbox))).await;
    succeeded(&report);
    assert_eq!((report.counts.stored, report.counts.skipped), (7, 1));
}

#[tokio::test]
async fn options_leave_out_what_they_say() {
    let mut world = World::new();
    world.options.filter = ItemFilter { max_size_bytes: Some(4), since: None };
    world.options.mapping = MappingOptions { leave_out: vec![path("Projekte")], ..MappingOptions::default() };
    let report = world.run().await;
    succeeded(&report);
    let counts = report.counts;
    assert_eq!((counts.listed, counts.stored, counts.present, counts.skipped), (7, 3, 0, 4), "{counts:?}");
    assert_eq!(report.left_out.len(), 1);
    // Without the options everything arrives after all.
    world.options.filter = ItemFilter::default();
    world.options.mapping = MappingOptions::default();
    succeeded(&world.run().await);
    assert_eq!(world.destination(), clean().await.0);
}

#[tokio::test]
async fn newest_first_turns_the_order_round_and_loses_nothing() {
    let mut world = World::new();
    world.options.newest_first = true;
    succeeded(&world.run().await);
    assert_eq!(world.destination(), clean().await.0);
    let inbox = world.connector.destination.messages(&path("INBOX"));
    assert_eq!(inbox[2].bytes.as_ref(), b"seven");
}

#[tokio::test]
async fn a_dry_run_tells_and_changes_nothing() {
    let mut world = World::new();
    world.options.dry_run = true;
    let before = world.destination();
    let report = world.run().await;
    assert_eq!((report.counts.listed, report.counts.stored), (9, 9));
    assert_eq!(world.destination(), before);
    assert_eq!(world.connector.destination.folders().len(), 1);
}

#[tokio::test]
async fn a_paused_run_stops_and_goes_on() {
    let (expected, _) = clean().await;
    let world = World::new();
    let (steer, control) = Control::new();
    steer.send_replace(Command::Pause);
    let report = world.run_with(control, Arc::new(NoFault)).await;
    assert!(matches!(report.end, RunEnd::Stopped(Command::Pause)), "{:?}", report.end);
    succeeded(&world.run().await);
    assert_eq!(world.destination(), expected);
}

#[tokio::test]
async fn several_lanes_copy_what_one_lane_copies() {
    let (expected, _) = clean().await;
    let mut world = World::new();
    world.options.connections = 4;
    succeeded(&world.run().await);
    assert_eq!(world.destination(), expected);
}
