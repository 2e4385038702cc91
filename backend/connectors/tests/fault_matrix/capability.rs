//! Destinations that can do less, and one that tells wrong UIDs.

use mailferry_domain::manifest::{ManifestEntry, ManifestOutcome};
use mailferry_engine::{port::Body, run::RunEnd};
use mailferry_lab::{Client, DovecotOptions, Fault, Login, ProxyOptions};
use mailferry_shared::run::RunState;

use crate::{
    addresses::{false_ones, ledger, there},
    ground::Ground,
    interrupt::Steps,
    line::{Break, broken, numbered, some},
    point::How,
    row::{points, steps, sweep},
    talk::{lines_with, literals},
};

/// Kills at a destination of one kind.
pub(crate) async fn hold_when_killed(kind: &str, ground: &Ground) {
    let row = format!("{kind}: killed");
    sweep(&row, ground, steps(ground, points()), async |point, step| {
        point.run(1, How::hook(Steps::stop(step))).await;
        point.go_on(if step.is_multiple_of(2) { 1 } else { 2 }).await;
    })
    .await;
}

/// Kills and cuts at a destination of one kind.
pub(crate) async fn hold(kind: &str, ground: &Ground) {
    hold_when_killed(kind, ground).await;
    let talk = &ground.clean.with_destination;
    let ends: Vec<u64> = literals(&talk.to_server).iter().map(|(_, end)| end + 2).collect();
    let mut places: Vec<Break> = some(&ends, points()).into_iter().map(Break::DestinationToServer).collect();
    let answers = lines_with(&talk.to_client, " OK [APPENDUID");
    assert!(!answers.is_empty(), "{kind}: no OK");
    // Of many not the last ones: how long a conversation is depends on the times that the server tells.
    let steady = if answers.len() > 6 { &answers[..answers.len() - 3] } else { &answers[..] };
    places.extend(some(steady, points()).into_iter().map(Break::DestinationToClient));
    sweep(&format!("{kind}: cut before OK"), ground, numbered(places, Fault::Cut), broken).await;
}

/// Without APPENDUID: what is stored is known, but not where.
fn without_appenduid(line: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8_lossy(&line);
    match (text.find(" OK [APPENDUID "), text.find("] ")) {
        (Some(start), Some(end)) if line.len() < 200 => [&line[..start + 4], &line[end + 2..]].concat(),
        _ => line,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_uidplus_nothing_is_lost_or_doubled() {
    let options = ProxyOptions { rewrite: Some(without_appenduid), ..ProxyOptions::default() };
    let ground = Ground::with(DovecotOptions::default(), DovecotOptions::default(), options).await;
    hold("no UIDPLUS", &ground).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_uidplus_and_multiappend_nothing_is_lost_or_doubled() {
    let capabilities = Some("IMAP4rev1 SASL-IR AUTH=PLAIN NAMESPACE LITERAL+".to_owned());
    let destination = DovecotOptions { capabilities, ..DovecotOptions::default() };
    let options = ProxyOptions { rewrite: Some(without_appenduid), ..ProxyOptions::default() };
    let ground = Ground::with(DovecotOptions::default(), destination, options).await;
    hold("no UIDPLUS, no MULTIAPPEND", &ground).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_short_literals_only_nothing_is_lost_or_doubled() {
    let capabilities = Some("IMAP4rev1 SASL-IR AUTH=PLAIN NAMESPACE UIDPLUS MULTIAPPEND LITERAL-".to_owned());
    let ground = Ground::with_destination(DovecotOptions { capabilities, ..DovecotOptions::default() }).await;
    let asked = lines_with(&ground.clean.with_destination.to_client, "+ OK").len() as u64;
    assert!(asked > 0 && asked < ground.clean.counts.stored, "{asked} messages are too long for LITERAL-");
    hold("LITERAL- only", &ground).await;
}

/// Tells other UIDs: `false_uid` makes of a true one, and the first of its batch, what is told.
fn tell(line: Vec<u8>, false_uid: fn(u64, u64) -> u64) -> Vec<u8> {
    let text = String::from_utf8_lossy(&line).into_owned();
    let Some((head, rest)) = text.split_once(" OK [APPENDUID ") else { return line };
    let (Some((codes, tail)), true) = (rest.split_once("] "), line.len() < 200) else { return line };
    let Some((validity, uids)) = codes.split_once(' ') else { return line };
    let first = uids.split(':').next().and_then(|uid| uid.parse().ok()).unwrap_or(1);
    let told = |uid: &str| uid.parse().map_or(uid.to_owned(), |uid: u64| false_uid(uid, first).to_string());
    let uids: Vec<String> = uids.split(':').map(told).collect();
    format!("{head} OK [APPENDUID {validity} {}] {tail}", uids.join(":")).into_bytes()
}

/// UIDs that are a thousand too high.
fn too_high(line: Vec<u8>) -> Vec<u8> {
    tell(line, |uid, _| uid + 1000)
}

/// UIDs of what lies in the folder first: the owner's own messages.
fn too_low(line: Vec<u8>) -> Vec<u8> {
    tell(line, |uid, first| uid - first + 1)
}

async fn lying(rewrite: fn(Vec<u8>) -> Vec<u8>) -> Ground {
    let options = ProxyOptions { rewrite: Some(rewrite), ..ProxyOptions::default() };
    Ground::with(DovecotOptions::default(), DovecotOptions::default(), options).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_lies_about_uids_loses_and_doubles_nothing() {
    hold("lies in APPENDUID", &lying(too_high).await).await;
    hold_when_killed("tells UIDs of other messages", &lying(too_low).await).await;
}

/// The ledger knows no false UID, so nothing that lies at the destination is taken for anything else.
#[tokio::test(flavor = "multi_thread")]
async fn where_uids_are_false_a_second_copy_arrives_and_flags_reach_no_other_message() {
    for rewrite in [too_high, too_low] {
        let ground = lying(rewrite).await;
        let point = ground.point_with_source();
        let (source, destination) = (ground.source.login(&point.from), ground.destination.login(&point.user));
        let before = there(&destination, "INBOX", None);
        let report = point.next(1).await;
        assert!(matches!(report.end, RunEnd::Done(RunState::Succeeded)), "{:?}", report.end);
        assert_eq!(false_ones(&point).await, Vec::<String>::new());
        let stored: Vec<_> = ledger(&point).await.into_iter().filter(in_inbox).collect();
        assert!(stored.iter().any(|entry| entry.outcome == ManifestOutcome::Stored), "{stored:?}");

        let again = read_again(&source, &stored);
        let copies = |hash| there(&destination, "INBOX", None).values().filter(|message| message.hash == hash).count();
        let hash = Body::from_bytes(again.clone().into()).key().hash;
        let there_before = copies(hash);
        let mut owner = Client::login(&source).expect("logs in");
        owner.append("INBOX", "", Some(" 8-Feb-2024 10:00:00 +0000"), &again).expect("appends");
        owner.store("INBOX", "1:*", "+FLAGS (changed)").expect("stores");
        let mut how = How::default();
        how.options.carry_flags = true;
        let report = point.run(2, how).await;
        assert!(matches!(report.end, RunEnd::Done(RunState::Succeeded)), "{:?}", report.end);
        assert_eq!((report.counts.stored, copies(hash)), (1, there_before + 1), "{:?}", report.counts);
        let now = there(&destination, "INBOX", None);
        for (uid, message) in before {
            assert_eq!(now.get(&uid).map(|message| &message.flags), Some(&message.flags), "the owner's own, UID {uid}");
        }
        assert_eq!(false_ones(&point).await, Vec::<String>::new());
    }
}

fn in_inbox(entry: &ManifestEntry) -> bool {
    entry.source.folder == "INBOX"
}

/// A message that was copied into INBOX, as the source has it.
fn read_again(source: &Login, copied: &[ManifestEntry]) -> Vec<u8> {
    let stored = |entry: &&ManifestEntry| entry.outcome == ManifestOutcome::Stored && entry.size_bytes > 0;
    let uid = copied.iter().find(stored).expect("a message was copied").source.uid;
    let mut client = Client::login(source).expect("logs in");
    client.command(b"EXAMINE INBOX").expect("opens");
    let responses = client.command(format!("UID FETCH {uid} (BODY.PEEK[])").as_bytes()).expect("fetches");
    responses.into_iter().find_map(|response| response.literals.into_iter().next()).expect("a message")
}
