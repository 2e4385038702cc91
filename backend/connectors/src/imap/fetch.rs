//! Reading messages: ordinary ones by pipelined commands of many, large ones slice by slice.

use std::collections::{HashMap, VecDeque};

use async_imap::imap_proto::{AttributeValue, Response};
use chrono::{DateTime, FixedOffset};
use mailferry_domain::{
    item::{ContentKey, Flags},
    uid::{Uid, UidSet},
};
use mailferry_engine::port::{
    Body, BodyWriter, ConnectorError, Decision, FetchRequest, Fetched, MemoryBudget, SPOOL_THRESHOLD_BYTES,
};
use mailferry_shared::finding::FindingCode;
use tokio::sync::mpsc;

use super::{
    refusal::Doing,
    session::{Answer, Session, Tag},
    wire,
};

/// Messages of one command, and their bytes by the listed sizes.
const CHUNK_ITEMS: usize = 100;
const CHUNK_BYTES: u64 = 1 << 20;
/// Commands on the way at once.
const IN_FLIGHT: usize = 4;
/// A slice of a large message.
const SLICE_BYTES: u64 = 1 << 20;

type Items<'a> = &'a [(Uid, u64)];

/// Fetches what is asked for and sends it on, in order.
pub(super) async fn fetch(
    session: &mut Session,
    request: &FetchRequest,
    sink: &mpsc::Sender<Fetched>,
) -> Result<(), ConnectorError> {
    let mut rest: Items<'_> = &request.items;
    while let Some((run, large, left)) = next_run(rest, request.newest_first) {
        rest = left;
        let go_on = if large {
            fetch_large(session, run[0], &request.budget, sink).await?
        } else {
            fetch_run(session, run, request, sink).await?
        };
        if !go_on {
            return Ok(());
        }
    }
    Ok(())
}

/// The next stretch: one large message, or as many ordinary ones as stand together.
fn next_run(items: Items<'_>, newest_first: bool) -> Option<(Items<'_>, bool, Items<'_>)> {
    let is_large = |item: &(Uid, u64)| item.1 > SPOOL_THRESHOLD_BYTES;
    if newest_first {
        let last = items.last()?;
        let length = if is_large(last) { 1 } else { items.iter().rev().take_while(|item| !is_large(item)).count() };
        let (rest, run) = items.split_at(items.len() - length);
        Some((run, is_large(last), rest))
    } else {
        let first = items.first()?;
        let length = if is_large(first) { 1 } else { items.iter().take_while(|item| !is_large(item)).count() };
        let (run, rest) = items.split_at(length);
        Some((run, is_large(first), rest))
    }
}

/// Cuts a stretch into commands.
fn chunks(mut items: Items<'_>, newest_first: bool) -> VecDeque<Items<'_>> {
    let mut chunks = VecDeque::new();
    while !items.is_empty() {
        let mut size_bytes = 0;
        let fits = |item: &&(Uid, u64)| {
            size_bytes += item.1;
            size_bytes <= CHUNK_BYTES
        };
        let length = if newest_first {
            items.iter().rev().take_while(fits).count()
        } else {
            items.iter().take_while(fits).count()
        };
        let length = length.clamp(1, CHUNK_ITEMS);
        let (chunk, rest) = if newest_first {
            let (rest, chunk) = items.split_at(items.len() - length);
            (chunk, rest)
        } else {
            items.split_at(length)
        };
        chunks.push_back(chunk);
        items = rest;
    }
    chunks
}

/// A command on the way: its tag, and the messages it asks for that have not been delivered, in order.
struct Command {
    tag: Tag,
    uids: VecDeque<Uid>,
    answered: bool,
}

/// Fetches ordinary messages; false if nobody listens any more.
///
/// A server may work on several commands at once and mix their answers (Dovecot does): messages are put back into
/// order before they are delivered.
async fn fetch_run(
    session: &mut Session,
    run: Items<'_>,
    request: &FetchRequest,
    sink: &mpsc::Sender<Fetched>,
) -> Result<bool, ConnectorError> {
    let mut waiting = chunks(run, request.newest_first);
    let mut in_flight: VecDeque<Command> = VecDeque::new();
    let mut early: HashMap<Uid, Fetched> = HashMap::new();
    loop {
        while in_flight.len() < IN_FLIGHT
            && let Some(chunk) = waiting.pop_front()
        {
            in_flight.push_back(ask(session, chunk, request.newest_first).await?);
        }
        if in_flight.is_empty() {
            return Ok(true);
        }
        match session.answer(session.patience.idle, message_of).await? {
            Answer::Untagged(Some(fetched)) if in_flight.iter().any(|command| command.uids.contains(&fetched.uid)) => {
                early.insert(fetched.uid, fetched);
            }
            // Nobody asked for it, or not for its body.
            Answer::Untagged(_) => {}
            Answer::Tagged(tag, judged) => {
                if let Err(refusal) = judged {
                    // Other commands are still on the way: the session cannot go on.
                    session.broken = true;
                    return Err(refusal.error(Doing::Other, session.name.clone()));
                }
                for command in in_flight.iter_mut().filter(|command| command.tag == tag) {
                    command.answered = true;
                }
            }
        }
        while let Some(fetched) = next_in_order(&mut in_flight, &mut early) {
            if !deliver(session, fetched, &request.budget, sink).await {
                return Ok(false);
            }
        }
    }
}

async fn ask(session: &mut Session, chunk: Items<'_>, newest_first: bool) -> Result<Command, ConnectorError> {
    let set: UidSet = chunk.iter().map(|(uid, _)| *uid).collect();
    let tag = session.send(&format!("UID FETCH {set} (UID FLAGS INTERNALDATE BODY.PEEK[])")).await?;
    let uids = chunk.iter().map(|(uid, _)| *uid);
    let uids = if newest_first { uids.rev().collect() } else { uids.collect() };
    Ok(Command { tag, uids, answered: false })
}

/// The message whose turn it is, if it has come; what a finished command did not bring has vanished.
fn next_in_order(in_flight: &mut VecDeque<Command>, early: &mut HashMap<Uid, Fetched>) -> Option<Fetched> {
    while let Some(command) = in_flight.front_mut() {
        while let Some(uid) = command.uids.front() {
            let fetched = early.remove(uid);
            if fetched.is_none() && !command.answered {
                return None;
            }
            command.uids.pop_front();
            if fetched.is_some() {
                return fetched;
            }
        }
        if !command.answered {
            return None;
        }
        in_flight.pop_front();
    }
    None
}

async fn deliver(session: &mut Session, fetched: Fetched, budget: &MemoryBudget, sink: &mpsc::Sender<Fetched>) -> bool {
    let body = budget.admit(fetched.body).await;
    let sent = sink.send(Fetched { body, ..fetched }).await.is_ok();
    // Answers are still on the way to nobody.
    session.broken |= !sent;
    sent
}

/// A message with its body, if the response holds one. Changes of flags come unasked and hold none; of a message that
/// has vanished meanwhile the body is NIL, which must not be taken for an empty one (Dovecot).
fn message_of(response: &Response<'_>) -> Option<Fetched> {
    let (head, body) = parts_of(response)?;
    let body = body?;
    Some(Fetched {
        uid: head.uid,
        flags: head.flags,
        internal_date: head.internal_date,
        body: Body::from_bytes(body.to_vec().into()),
    })
}

struct Head {
    uid: Uid,
    flags: Flags,
    internal_date: Option<DateTime<FixedOffset>>,
}

fn parts_of<'a>(response: &'a Response<'_>) -> Option<(Head, Option<&'a [u8]>)> {
    let Response::Fetch(_, attributes) = response else { return None };
    let mut head = Head { uid: Uid(0), flags: Flags::default(), internal_date: None };
    let mut body = None;
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(uid) => head.uid = Uid(*uid),
            AttributeValue::Flags(flags) => head.flags = Flags::new(flags),
            AttributeValue::InternalDate(date) => head.internal_date = wire::parse_date_time(date),
            AttributeValue::BodySection { section: None, data, .. } => body = data.as_deref(),
            _ => {}
        }
    }
    (head.uid.0 != 0).then_some((head, body))
}

/// Fetches one large message into a spool file; false if nobody listens any more.
async fn fetch_large(
    session: &mut Session,
    (uid, size_bytes): (Uid, u64),
    budget: &MemoryBudget,
    sink: &mpsc::Sender<Fetched>,
) -> Result<bool, ConnectorError> {
    let tag = session.send(&format!("UID FETCH {uid} (UID FLAGS INTERNALDATE)")).await?;
    let mut head = None;
    session
        .finish(&tag, Doing::Other, session.patience.idle, |response| {
            if let Some((found, _)) = parts_of(response).filter(|(found, _)| found.uid == uid) {
                head = Some(found);
            }
        })
        .await?;
    let Some(head) = head else { return Ok(true) };
    let mut writer = BodyWriter::new(size_bytes).map_err(spool_error)?;
    loop {
        let offset = writer.size_bytes();
        match slice(session, uid, offset, &mut writer).await? {
            // It vanished meanwhile: no prefix of it is ever passed on.
            None => return Ok(true),
            // Only an empty slice is the end: some servers cut a slice short, some state a wrong size.
            Some(0) => break,
            Some(read) if read < SLICE_BYTES && writer.size_bytes() >= size_bytes => break,
            Some(_) => {}
        }
    }
    let body = writer.finish().map_err(spool_error)?;
    let fetched = Fetched { uid, flags: head.flags, internal_date: head.internal_date, body };
    let sent = sink.send(Fetched { body: budget.admit(fetched.body).await, ..fetched }).await;
    Ok(sent.is_ok())
}

/// Reads one slice (`BODY.PEEK[]<offset.length>`, RFC 9051 section 6.4.5); its length, or `None` if there is no such
/// message.
async fn slice(
    session: &mut Session,
    uid: Uid,
    offset: u64,
    writer: &mut BodyWriter,
) -> Result<Option<u64>, ConnectorError> {
    let tag = session.send(&format!("UID FETCH {uid} (UID BODY.PEEK[]<{offset}.{SLICE_BYTES}>)")).await?;
    let mut written = Ok(None);
    session
        .finish(&tag, Doing::Other, session.patience.idle, |response| {
            if let Some((_, Some(bytes))) = parts_of(response).filter(|(found, _)| found.uid == uid) {
                written = writer.write(bytes).map(|()| Some(bytes.len() as u64));
            }
        })
        .await?;
    written.map_err(spool_error)
}

fn spool_error(error: std::io::Error) -> ConnectorError {
    ConnectorError::new(FindingCode::Internal, Decision::Retry, "spooling a large message").caused_by(error)
}

/// Size and hash of messages; their bytes are read and dropped.
pub(super) async fn identify(
    session: &mut Session,
    items: &[(Uid, u64)],
) -> Result<Vec<(Uid, ContentKey)>, ConnectorError> {
    let budget = MemoryBudget::new(4 << 20);
    let request = FetchRequest { items: items.to_vec(), newest_first: false, budget };
    let (sink, mut fetched) = mpsc::channel::<Fetched>(64);
    let collect = async {
        let mut keys = Vec::with_capacity(items.len());
        while let Some(item) = fetched.recv().await {
            keys.push((item.uid, item.body.key()));
        }
        keys
    };
    let read = async {
        let read = fetch(session, &request, &sink).await;
        drop(sink);
        read
    };
    let (read, keys) = futures::join!(read, collect);
    read.map(|()| keys)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_message_is_asked_for_once_in_order(sizes in prop::collection::vec(prop_oneof![1u64..50_000, Just(3 << 20)], 0..300), newest_first in any::<bool>()) {
            let items: Vec<(Uid, u64)> = sizes.iter().zip(1..).map(|(size, uid)| (Uid(uid), *size)).collect();
            let mut asked = Vec::new();
            let mut rest = items.as_slice();
            while let Some((run, large, left)) = next_run(rest, newest_first) {
                rest = left;
                prop_assert!(!large || run.len() == 1);
                for chunk in chunks(run, newest_first) {
                    prop_assert!(chunk.len() <= CHUNK_ITEMS);
                    let uids = chunk.iter().map(|(uid, _)| uid.0);
                    if newest_first { asked.extend(uids.rev()) } else { asked.extend(uids) }
                }
            }
            let mut expected: Vec<u32> = items.iter().map(|(uid, _)| uid.0).collect();
            if newest_first { expected.reverse() }
            prop_assert_eq!(asked, expected);
        }
    }
}
