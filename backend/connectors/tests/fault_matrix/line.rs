//! Lines that break: after any byte, in either direction, at either side.

use mailferry_lab::DovecotOptions;
use mailferry_lab::{Fault, Plan, ProxyOptions};

use crate::{
    ground::Ground,
    point::{How, Point},
    row::{points, spread, sweep},
    talk::{length, lines_with, literals},
};

/// Which connection breaks, after how many bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Break {
    SourceToClient(u64),
    SourceToServer(u64),
    DestinationToClient(u64),
    DestinationToServer(u64),
}

impl Break {
    fn after(self) -> u64 {
        match self {
            Self::SourceToClient(after)
            | Self::SourceToServer(after)
            | Self::DestinationToClient(after)
            | Self::DestinationToServer(after) => after,
        }
    }

    fn plan(self, point: &Point<'_>, after: u64, fault: Fault) {
        let broken = Some((after, fault));
        match self {
            Self::SourceToClient(_) => point.source.plan(Plan { to_client: broken, ..Plan::default() }),
            Self::SourceToServer(_) => point.source.plan(Plan { to_server: broken, ..Plan::default() }),
            Self::DestinationToClient(_) => point.destination.plan(Plan { to_client: broken, ..Plan::default() }),
            Self::DestinationToServer(_) => point.destination.plan(Plan { to_server: broken, ..Plan::default() }),
        }
    }
}

/// Breaks the line once. Every other time the same process connects again and goes on, else another one does.
pub(crate) async fn broken(point: &Point<'_>, case: (usize, Break, Fault)) {
    break_once(point, case, |how| how).await;
}

/// The same while nothing is read before all has been listed.
async fn broken_late(point: &Point<'_>, case: (usize, Break, Fault)) {
    break_once(point, case, How::reading_late).await;
}

async fn break_once(point: &Point<'_>, (number, place, fault): (usize, Break, Fault), late: fn(How) -> How) {
    strike(point, place.after(), async |point, after| {
        place.plan(point, after, fault);
        if number.is_multiple_of(2) {
            let report = point.run(1, late(How::default())).await;
            point.succeeded(&report);
            point.nothing_to_do().await;
        } else {
            let report = point.run(1, late(How::once())).await;
            point.must(report.counts.failed == 0, || format!("{:?}", report.counts));
            // The same run is taken up by another worker, or the next run does what this one left.
            point.go_on(if number.is_multiple_of(4) { 1 } else { 2 }).await;
        }
    })
    .await;
}

/// Lets a fault come true after so many bytes. How long a conversation is depends on the times that the server tells:
/// if this one was over before, a fresh one is disturbed somewhat earlier.
pub(crate) async fn strike<'g>(point: &Point<'g>, after: u64, disturb: impl AsyncFn(&Point<'g>, u64)) {
    disturb(point, after).await;
    if point.struck() > 0 {
        point.must(point.struck() == 1, || format!("{} faults came true", point.struck()));
        return;
    }
    let again = point.ground.point();
    disturb(&again, after - after / 8).await;
    again.must(again.struck() == 1, || format!("{} faults came true, an eighth earlier", again.struck()));
    point.answer_for(&again.verdict().await);
}

pub(crate) fn numbered(places: Vec<Break>, fault: Fault) -> impl Iterator<Item = (usize, Break, Fault)> + Clone {
    places.into_iter().enumerate().map(move |(number, place)| (number, place, fault))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_cut_after_any_byte_never_leaves_part_of_a_message() {
    let ground = Ground::new().await;
    let (to_client, to_server) = length(&ground.clean.with_source);
    // LOGOUT and what follows concern nobody any more.
    let mut places: Vec<Break> = spread(to_client - 200, 2 * points()).into_iter().map(Break::SourceToClient).collect();
    places.extend(spread(to_server - 20, points()).into_iter().map(Break::SourceToServer));
    let lists = lines_with(&ground.clean.with_source.to_server, "LIST").into_iter().map(Break::SourceToServer);
    let lists = lists.map(|place| (0, place, Fault::Cut));
    sweep("source cut while its folders are listed", &ground, lists, broken).await;
    let places = numbered(places, Fault::Cut);
    sweep("source cut after k bytes, either direction", &ground, places.clone(), broken).await;
    // That conversation is shorter: nothing comes twice.
    let most = to_client / 4 * 3;
    let places = places.filter(|(_, place, _)| matches!(place, Break::SourceToClient(after) if *after < most));
    sweep("source cut after k bytes, listed before it is read", &ground, places, broken_late).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_reset_after_any_byte_never_leaves_part_of_a_message() {
    let ground = Ground::new().await;
    let (to_client, _) = length(&ground.clean.with_source);
    let places = spread(to_client - 200, points()).into_iter().map(Break::SourceToClient).collect();
    sweep("source reset after k bytes", &ground, numbered(places, Fault::Reset), broken).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_cut_after_any_byte_loses_and_doubles_nothing() {
    let ground = Ground::new().await;
    let (to_client, to_server) = length(&ground.clean.with_destination);
    let mut places: Vec<Break> =
        spread(to_client - 100, points()).into_iter().map(Break::DestinationToClient).collect();
    places.extend(spread(to_server - 20, points()).into_iter().map(Break::DestinationToServer));
    sweep("destination cut after k bytes, either direction", &ground, numbered(places, Fault::Cut), broken).await;
    let (_, to_server) = length(&ground.clean.with_destination);
    let places = spread(to_server - 20, points()).into_iter().map(Break::DestinationToServer).collect();
    sweep("destination reset after k bytes", &ground, numbered(places, Fault::Reset), broken).await;
}

/// Around a literal: before it, after its first byte, in its middle, before its last byte, after it.
fn around(literals: &[(u64, u64)]) -> Vec<Break> {
    let around = |&(start, end): &(u64, u64)| [start, start + 1, start.midpoint(end), end.saturating_sub(1), end];
    let mut places: Vec<u64> = literals.iter().flat_map(around).collect();
    places.sort_unstable();
    places.dedup();
    places.into_iter().map(Break::DestinationToServer).collect()
}

/// At most `count` of them, evenly.
pub(crate) fn some<T: Copy>(all: &[T], count: usize) -> Vec<T> {
    let last = all.len().saturating_sub(1) as u64;
    spread(last, count.min(all.len())).into_iter().filter_map(|n| all.get(usize::try_from(n).ok()?)).copied().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_cut_around_a_literal_or_before_its_ok_is_looked_at_before_sending_again() {
    let ground = Ground::new().await;
    let talk = &ground.clean.with_destination;
    let literals = literals(&talk.to_server);
    assert_eq!(literals.len() as u64, ground.clean.counts.stored, "one literal a message");
    let places = some(&around(&literals), 2 * points());
    sweep("destination cut mid-literal", &ground, numbered(places, Fault::Cut), broken).await;
    let answers = lines_with(&talk.to_client, " OK [APPENDUID");
    assert!(answers.len() >= 3, "a batch or more for each folder that holds something: {}", answers.len());
    let before_ok = answers.iter().flat_map(|at| [at - 1, *at, at + 8]).map(Break::DestinationToClient).collect();
    sweep("destination cut after the last byte, before OK", &ground, numbered(before_ok, Fault::Cut), broken).await;
}

/// Without LITERAL+ and MULTIAPPEND: every message asks for its own `+`, and has its own OK.
#[tokio::test(flavor = "multi_thread")]
async fn a_destination_cut_before_its_plus_is_looked_at_before_sending_again() {
    let capabilities = Some("IMAP4rev1 SASL-IR AUTH=PLAIN UIDPLUS NAMESPACE".to_owned());
    let options = DovecotOptions { capabilities, ..DovecotOptions::default() };
    let ground = Ground::with_destination(options).await;
    let talk = &ground.clean.with_destination;
    let pluses = lines_with(&talk.to_client, "+ OK");
    assert_eq!(pluses.len() as u64, ground.clean.counts.stored, "one continuation a message");
    // Not the last ones: how long a conversation is depends on the times that the server tells.
    let places = some(&pluses[..pluses.len() - 3], points()).into_iter().map(Break::DestinationToClient).collect();
    sweep("destination cut before +", &ground, numbered(places, Fault::Cut), broken).await;
    let places = some(&around(&literals(&talk.to_server)), points());
    sweep("destination cut mid-literal, one by one", &ground, numbered(places, Fault::Cut), broken).await;
    let answers = lines_with(&talk.to_client, " OK [APPENDUID");
    let last = answers.len() - 3;
    let places = some(&answers[..last], points()).into_iter().map(|at| Break::DestinationToClient(at + 4)).collect();
    sweep("destination cut before OK, one by one", &ground, numbered(places, Fault::Cut), broken).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_in_slices_is_the_same_conversation() {
    let ground = Ground::new().await;
    let slices = [(0, Break::SourceToClient(0), Fault::Slice(7)), (0, Break::DestinationToServer(0), Fault::Slice(11))];
    sweep("everything comes in slices", &ground, slices, broken).await;
}

/// Larger than what stays in memory: spooled as it comes, and cut in between.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_message_cut_anywhere_arrives_whole_or_not_at_all() {
    let (ground, to_client, to_server) = with_large_message(250_000).await;
    let mut places: Vec<Break> = spread(to_client - 200, points()).into_iter().map(Break::SourceToClient).collect();
    places.extend(spread(to_server - 20, points()).into_iter().map(Break::DestinationToServer));
    sweep("large message, either side cut", &ground, numbered(places, Fault::Cut), broken).await;
}

/// So large that it is fetched slice by slice.
#[tokio::test(flavor = "multi_thread")]
async fn a_very_large_message_cut_in_any_slice_arrives_whole_or_not_at_all() {
    let (ground, to_client, _) = with_large_message(2_000_000).await;
    let places = spread(to_client - 200, points().min(3)).into_iter().map(Break::SourceToClient).collect();
    sweep("very large message, source cut", &ground, numbered(places, Fault::Cut), broken).await;
}

/// A ground with a message of so many lines of 18 bytes; what passes to the client and to the destination.
async fn with_large_message(lines: usize) -> (Ground, u64, u64) {
    use mailferry_lab::{Client, Dovecot, Sample};
    let source = Dovecot::start(DovecotOptions::default()).expect("Dovecot starts");
    Sample::Tiny.write(&source, crate::ground::SOURCE).expect("a mailbox");
    let mut client = Client::login(&source.login(crate::ground::SOURCE)).expect("logs in");
    let large = [b"Subject: large\r\n\r\n".as_slice(), &b"0123456789abcdef\r\n".repeat(lines)].concat();
    client.append("Archive/2020/Q1", "\\Seen", None, &large).expect("appends");
    drop(client);
    let destination = Dovecot::start(DovecotOptions::default()).expect("Dovecot starts");
    let ground = Ground::on(source, destination, ProxyOptions::default()).await;
    let (to_client, _) = length(&ground.clean.with_source);
    let (_, to_server) = length(&ground.clean.with_destination);
    (ground, to_client, to_server)
}
