//! Things that change while a copy is under way: UIDVALIDITY, messages, flags, passwords.

use std::{
    fs,
    io::ErrorKind,
    path::Path,
    sync::{
        Arc, Once,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use mailferry_engine::{
    port::{Fault, Interrupted, Step},
    run::RunEnd,
};
use mailferry_lab::{Client, Dovecot, DovecotOptions, Login};
use mailferry_shared::finding::FindingCode;

use crate::{
    bye::kick,
    ground::Ground,
    interrupt::Steps,
    point::How,
    row::{Sweep, needing_destination, needing_source, points, steps},
};

/// Another UIDVALIDITY for each folder of `user`, a new one at every call.
fn new_uid_validity(server: &Dovecot, user: &str) {
    static NEXT: AtomicU32 = AtomicU32::new(2_000_000_000);
    for folder in ["INBOX", "Archive/2020/Q1"] {
        let value = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
        // The folder may not be there yet.
        let _ = server.doveadm(&["mailbox", "update", "-u", user, "--uid-validity", &value, folder]);
    }
}

#[derive(Debug, Clone, Copy)]
enum Side {
    Source,
    Destination,
    Both,
}

const SIDES: [Side; 3] = [Side::Source, Side::Destination, Side::Both];

#[tokio::test(flavor = "multi_thread")]
async fn after_another_uidvalidity_messages_are_known_by_their_content() {
    let ground = Ground::new().await;
    let cases = steps(&ground, points()).flat_map(|step| SIDES.map(|side| (step, side)));
    let row = Sweep::of("UIDVALIDITY changes at source, destination, both", &ground).with_own_sources();
    row.over(cases, async |point, (step, side)| {
        point.found_again.store(true, Ordering::SeqCst);
        point.run_with(1, Steps::stop(step)).await;
        if matches!(side, Side::Source | Side::Both) {
            new_uid_validity(&ground.source.dovecot(), &point.from);
        }
        if matches!(side, Side::Destination | Side::Both) {
            new_uid_validity(&ground.destination.dovecot(), &point.user);
        }
        point.go_on(2).await;
    })
    .await;
}

/// Forgets everything that the server knows of its UIDs: all messages get new ones.
fn renumber(maildir: &Path) {
    for entry in fs::read_dir(maildir).expect("a folder").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("dovecot-uidlist") || name.starts_with("dovecot.index") {
            if let Err(error) = fs::remove_file(entry.path()) {
                assert_eq!(error.kind(), ErrorKind::NotFound, "a temporary one goes by itself: {name}");
            }
        } else if name.starts_with('.') && entry.path().is_dir() {
            renumber(&entry.path());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_new_uids_for_all_messages_they_are_known_by_their_content() {
    let ground = Ground::new().await;
    let cases = steps(&ground, points()).flat_map(|step| SIDES.map(|side| (step, side)));
    let row = Sweep::of("all UIDs new at source, destination, both", &ground).with_own_sources();
    row.over(cases, async |point, (step, side)| {
        point.found_again.store(true, Ordering::SeqCst);
        point.run_with(1, Steps::stop(step)).await;
        // UIDVALIDITY is the time in seconds.
        tokio::time::sleep(REREAD).await;
        tokio::task::block_in_place(|| {
            ground.source.dovecot().await_no_session(&point.from).expect("it tells");
            ground.destination.dovecot().await_no_session(&point.user).expect("it tells");
        });
        if matches!(side, Side::Source | Side::Both) {
            renumber(&ground.source.dovecot().maildir(&point.from));
        }
        if matches!(side, Side::Destination | Side::Both) {
            renumber(&ground.destination.dovecot().maildir(&point.user));
        }
        point.go_on(2).await;
    })
    .await;
}

/// Does something at the source as soon as a folder has been listed; nothing is fetched before that is done.
struct Listed {
    source: Login,
    act: fn(&mut Client),
    done: Once,
}

impl Fault for Listed {
    fn reach(&self, step: Step) -> Result<(), Interrupted> {
        if step == Step::Planned {
            let act = || (self.act)(&mut Client::login(&self.source).expect("logs in"));
            tokio::task::block_in_place(|| self.done.call_once(act));
        }
        Ok(())
    }
}

fn listed(source: Login, act: fn(&mut Client)) -> Arc<Listed> {
    Arc::new(Listed { source, act, done: Once::new() })
}

fn expunge_in_all(client: &mut Client) {
    client.expunge("INBOX", "5").expect("expunges");
    client.expunge("Archive/2020/Q1", "2").expect("expunges");
}

fn flag_in_all(client: &mut Client) {
    client.store("INBOX", "6", "+FLAGS (\\Draft \\Answered)").expect("flags");
    client.store("Archive/2020/Q1", "3", "+FLAGS (\\Draft \\Answered)").expect("flags");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_expunged_or_flagged_meanwhile_is_skipped_or_has_the_flags_as_fetched() {
    let ground = Ground::new().await;
    let row = Sweep::of("expunged between list and fetch", &ground).with_own_sources();
    row.over([1, 3], async |point, lanes| {
        point.gone.store(2, Ordering::SeqCst);
        let mut how = How::hook(listed(ground.source.login(&point.from), expunge_in_all)).reading_late();
        how.options.connections = lanes;
        let report = point.run(1, how).await;
        point.succeeded(&report);
        point.nothing_to_do().await;
    })
    .await;
    let row = Sweep::of("flags change between list and fetch", &ground).with_own_sources();
    row.over([1, 3], async |point, lanes| {
        point.reflagged.store(2, Ordering::SeqCst);
        let mut how = How::hook(listed(ground.source.login(&point.from), flag_in_all)).reading_late();
        how.options.connections = lanes;
        let report = point.run(1, how).await;
        point.succeeded(&report);
        point.nothing_to_do().await;
    })
    .await;
}

/// Dovecot looks for another file of passwords once a second.
const REREAD: Duration = Duration::from_millis(1100);

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_changes_in_mid_run_parks_it_until_the_owner_tells_the_new_one() {
    let names = ["anna", "clean", "template"].map(str::to_owned);
    let more = (0..40).flat_map(|n| [format!("point{n}"), format!("of-point{n}")]);
    let accounts: Vec<_> = names.into_iter().chain(more).map(|name| (name, "secret".to_owned())).collect();
    let options = DovecotOptions { accounts, ..DovecotOptions::default() };
    let ground = Ground::with(options.clone(), options, mailferry_lab::ProxyOptions::default()).await;
    let at_source = needing_source(&ground).map(|step| (step, Side::Source));
    let at_destination = needing_destination(&ground).map(|step| (step, Side::Destination));
    let cases = (0_usize..).zip(at_source.chain(at_destination));
    // Two changes of one file within a second could hide each other.
    let row = Sweep::of("password changed in mid-run", &ground).with_own_sources().in_turn();
    row.over(cases, async |point, (number, (step, side))| {
        let at_source = matches!(side, Side::Source);
        let (server, user) = if at_source {
            (ground.source.dovecot(), point.from.clone())
        } else {
            (ground.destination.dovecot(), point.user.clone())
        };
        let owner = user.clone();
        let changing = server.clone();
        // A file of passwords of another size is another file, even within the same second.
        let password = "x".repeat(7 + number);
        let change = Steps::act_at(step, move || {
            changing.change_password(&owner, &password).expect("changed");
            tokio::task::block_in_place(|| thread::sleep(REREAD));
            kick(&changing, &owner);
        });
        let report = point.run(1, How::hook(change).reading_late()).await;
        let parked = matches!(&report.end, RunEnd::Parked(error) if error.code == FindingCode::WrongPassword);
        point.must(parked, || format!("{:?}", report.end));
        point.must(report.counts.failed == 0, || format!("{:?}", report.counts));
        server.change_password(&user, "secret").expect("changed");
        tokio::time::sleep(REREAD).await;
        point.go_on(2).await;
    })
    .await;
}
