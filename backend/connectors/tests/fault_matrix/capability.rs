//! Destinations that can do less, and one that tells wrong UIDs.

use mailferry_lab::{DovecotOptions, Fault, ProxyOptions};

use crate::{
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

/// Tells UIDs that are a thousand too high.
fn wrong_appenduid(line: Vec<u8>) -> Vec<u8> {
    let text = String::from_utf8_lossy(&line).into_owned();
    let Some((head, rest)) = text.split_once(" OK [APPENDUID ") else { return line };
    let (Some((codes, tail)), true) = (rest.split_once("] "), line.len() < 200) else { return line };
    let Some((validity, uids)) = codes.split_once(' ') else { return line };
    let raised = |uid: &str| uid.parse().map_or(uid.to_owned(), |uid: u64| (uid + 1000).to_string());
    let uids: Vec<String> = uids.split(':').map(raised).collect();
    format!("{head} OK [APPENDUID {validity} {}] {tail}", uids.join(":")).into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_lies_about_uids_loses_and_doubles_nothing() {
    let options = ProxyOptions { rewrite: Some(wrong_appenduid), ..ProxyOptions::default() };
    let ground = Ground::with(DovecotOptions::default(), DovecotOptions::default(), options).await;
    hold("lies in APPENDUID", &ground).await;
}
