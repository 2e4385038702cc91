//! Writing messages: MULTIAPPEND (RFC 3502) with non-synchronizing literals (RFC 7888) where the server can, pipelined
//! APPENDs where it knows such literals only, one by one otherwise. Several batches are on their way at once.

use std::{
    collections::VecDeque,
    io::Read,
    time::{Duration, Instant},
};

use async_imap::imap_proto::{ResponseCode, rfc4315::UidSetMember};
use mailferry_domain::{item::Flags, uid::Uid};
use mailferry_engine::port::{Answered, ConnectorError, Decision, Fate, NewItem};
use mailferry_shared::finding::FindingCode;

use super::{
    refusal::{Doing, Refusal},
    session::{Answer, Session, Tag},
    wire,
};

/// LITERAL- allows this much without asking (RFC 7888 section 5).
const SMALL_LITERAL: u64 = 4096;
const PIECE: usize = 256 << 10;

/// Batches on their way, in the order of their submission.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    sent: VecDeque<Sent>,
    /// What was heard of the line's end, until somebody asks for an answer.
    lost: Option<ConnectorError>,
}

#[derive(Debug)]
struct Sent {
    wire_name: String,
    batch: Vec<NewItem>,
    flags_reduced: bool,
    answers: Answers,
}

/// How a batch was sent, and what was answered so far.
#[derive(Debug)]
enum Answers {
    /// One command for all of it.
    Together(Command),
    /// A command for each message.
    Each(Vec<Command>),
    /// Everything is known.
    Known(OneByOne),
}

#[derive(Debug)]
struct Command {
    tag: Tag,
    /// When its last byte was written.
    sent: Instant,
    answer: Option<Result<Option<ResponseCode<'static>>, Refusal>>,
    /// How long that took.
    took: Option<Duration>,
}

/// What became of messages that were sent each by a command of its own.
#[derive(Debug, Default)]
struct OneByOne {
    fates: Vec<Fate>,
    /// The longest that was waited for one of them.
    waited: Duration,
    lost: Option<ConnectorError>,
}

/// Sends a batch, without waiting for the answer where the server need not be asked before each message.
pub(super) async fn submit(
    session: &mut Session,
    outbox: &mut Outbox,
    wire_name: &str,
    batch: Vec<NewItem>,
) -> Result<(), ConnectorError> {
    if session.wants_compression() {
        hear_all(session, outbox).await;
        session.compress().await?;
    }
    let flags_reduced = batch.iter().any(|item| permitted(session, wire_name, &item.flags).1);
    if batch.iter().any(|item| asks_first(session, item)) {
        // The server's `+` stands between the answers to what is on its way.
        hear_all(session, outbox).await;
        let answers = Answers::Known(one_by_one(session, wire_name, &batch).await);
        outbox.sent.push_back(Sent { wire_name: wire_name.to_owned(), batch, flags_reduced, answers });
        return Ok(());
    }
    let together = batch.len() > 1 && session.can("MULTIAPPEND");
    let commands: Vec<&[NewItem]> = if together { vec![batch.as_slice()] } else { batch.chunks(1).collect() };
    let mut tags = Vec::with_capacity(commands.len());
    let began = Instant::now();
    for items in commands {
        let tag = write_append(session, wire_name, items).await?;
        tags.push(Command { tag, sent: Instant::now(), answer: None, took: None });
    }
    session.flush().await?;
    session.pace.add(batch.iter().map(|item| item.body.len()).sum(), began);
    let answers = match tags.pop() {
        Some(command) if tags.is_empty() => Answers::Together(command),
        last => Answers::Each(tags.into_iter().chain(last).collect()),
    };
    outbox.sent.push_back(Sent { wire_name: wire_name.to_owned(), batch, flags_reduced, answers });
    Ok(())
}

/// Reads until the answer to the oldest batch has come, or the line is lost. What was read is kept, so that it does no
/// harm to stop waiting.
pub(super) async fn answered(session: &mut Session, outbox: &mut Outbox) {
    while outbox.lost.is_none() && outbox.sent.front().is_some_and(|sent| !sent.is_answered()) {
        outbox.lost = hear(session, outbox).await.err();
    }
}

/// The answer to the oldest batch.
pub(super) async fn answer(session: &mut Session, outbox: &mut Outbox) -> Option<Answered> {
    let mut lost = outbox.lost.take();
    while lost.is_none() && !outbox.sent.front()?.is_answered() {
        lost = hear(session, outbox).await.err();
    }
    let refused_together = outbox.sent.front()?.is_refused_together(session);
    if refused_together {
        // All or nothing: nothing was stored. One by one, the bad message shows itself.
        hear_all(session, outbox).await;
    }
    let sent = outbox.sent.pop_front()?;
    let OneByOne { fates, waited, lost } = if refused_together {
        one_by_one(session, &sent.wire_name, &sent.batch).await
    } else {
        sent.answers.fates(session, &sent.wire_name, sent.batch.len(), lost)
    };
    Some(Answered { batch: sent.batch, fates, flags_reduced: sent.flags_reduced, waited, lost })
}

/// Reads one answer and keeps it with its command.
async fn hear(session: &mut Session, outbox: &mut Outbox) -> Result<(), ConnectorError> {
    if session.broken {
        return Err(session.lost("reading", std::io::ErrorKind::NotConnected.into()));
    }
    let Answer::Tagged(tag, judged) = session.answer(session.patience.append, |_| ()).await? else { return Ok(()) };
    // Whatever else the server has said meanwhile, nobody asked for it.
    drop(session.guard().take_diverted());
    let mut commands = outbox.sent.iter_mut().flat_map(|sent| sent.answers.commands());
    if let Some(command) = commands.find(|command| command.tag == tag) {
        command.answer = Some(judged);
        command.took = Some(command.sent.elapsed());
    }
    Ok(())
}

/// Reads the answers to everything that is on its way, as far as they come.
async fn hear_all(session: &mut Session, outbox: &mut Outbox) {
    while !session.broken && outbox.sent.iter().any(|sent| !sent.is_answered()) {
        if hear(session, outbox).await.is_err() {
            return;
        }
    }
}

impl Sent {
    fn is_answered(&self) -> bool {
        match &self.answers {
            Answers::Together(command) => command.answer.is_some(),
            Answers::Each(commands) => commands.iter().all(|command| command.answer.is_some()),
            Answers::Known(_) => true,
        }
    }

    /// True if one message has kept others from being stored: a bad one, or one for which there was no more room.
    fn is_refused_together(&self, session: &Session) -> bool {
        match &self.answers {
            Answers::Together(Command { answer: Some(Err(refusal)), .. }) if self.batch.len() > 1 => {
                let error = refused(refusal, session);
                error.decision == Decision::Skip || error.code == FindingCode::MailboxFull
            }
            _ => false,
        }
    }
}

impl Answers {
    fn commands(&mut self) -> &mut [Command] {
        match self {
            Self::Together(command) => std::slice::from_mut(command),
            Self::Each(commands) => commands,
            Self::Known(_) => &mut [],
        }
    }

    fn fates(mut self, session: &Session, wire_name: &str, sent: usize, lost: Option<ConnectorError>) -> OneByOne {
        let waited = self.commands().iter().map(Command::waited).max().unwrap_or_default();
        match self {
            Self::Together(command) => OneByOne { fates: command.fates(session, wire_name, sent), waited, lost },
            Self::Each(commands) => {
                let fates = commands.into_iter().flat_map(|command| command.fates(session, wire_name, 1)).collect();
                OneByOne { fates, waited, lost }
            }
            Self::Known(known) => known,
        }
    }
}

impl Command {
    /// How long its answer took, or was waited for.
    fn waited(&self) -> Duration {
        self.took.unwrap_or_else(|| self.sent.elapsed())
    }

    fn fates(self, session: &Session, wire_name: &str, sent: usize) -> Vec<Fate> {
        match self.answer {
            Some(Ok(code)) => uids(session, wire_name, code.as_slice(), sent).into_iter().map(Fate::Stored).collect(),
            Some(Err(refusal)) => {
                let first = Fate::Refused(refused(&refusal, session));
                std::iter::once(first).chain(std::iter::repeat_with(|| Fate::NotSent)).take(sent).collect()
            }
            None => std::iter::repeat_with(|| Fate::Unknown).take(sent).collect(),
        }
    }
}

/// Stores messages each by a command of its own, waiting for each answer: for servers that must be asked before every
/// message, and to find the bad message of a batch. Goes on behind a message that is refused for its own sake.
async fn one_by_one(session: &mut Session, wire_name: &str, batch: &[NewItem]) -> OneByOne {
    let mut all = OneByOne::default();
    for item in batch {
        let mut sent = None;
        let stored = store_one(session, wire_name, item, &mut sent).await;
        all.waited = all.waited.max(sent.map_or(Duration::ZERO, |sent: Instant| sent.elapsed()));
        match stored {
            Ok(fate) => {
                let stops = matches!(&fate, Fate::Refused(error) if error.decision != Decision::Skip);
                all.fates.push(fate);
                if stops {
                    break;
                }
            }
            Err(error) => {
                all.fates.push(Fate::Unknown);
                all.lost = Some(error);
                break;
            }
        }
    }
    all.fates.resize_with(batch.len(), || Fate::NotSent);
    all
}

/// Stores one message; fails if the line is lost, so that its fate is not known. Tells when its last byte was `sent`.
async fn store_one(
    session: &mut Session,
    wire_name: &str,
    item: &NewItem,
    sent: &mut Option<Instant>,
) -> Result<Fate, ConnectorError> {
    let tag = if asks_first(session, item) {
        let tag = session.begin(&format!("APPEND {}", wire::quoted(wire_name))).await?;
        let (flags, _) = permitted(session, wire_name, &item.flags);
        session.write(preamble(item, &flags, true).as_bytes()).await?;
        session.flush().await?;
        if let Err(refusal) = session.continuation(&tag).await? {
            session.is_cut_short();
            return Ok(Fate::Refused(refused(&refusal, session)));
        }
        write_body(session, item).await?;
        session.end().await?;
        tag
    } else {
        write_append(session, wire_name, std::slice::from_ref(item)).await?
    };
    session.flush().await?;
    *sent = Some(Instant::now());
    match session.finish(&tag, Doing::Append, session.patience.append, |_| {}).await {
        Ok(reply) => Ok(Fate::Stored(uids(session, wire_name, &reply.codes, 1)[0])),
        // A tagged NO or BAD leaves the session usable, a lost line does not.
        Err(error) if session.broken => Err(error),
        Err(error) => Ok(Fate::Refused(error)),
    }
}

/// Writes one APPEND of one or more messages whose literals need no permission.
async fn write_append(session: &mut Session, wire_name: &str, items: &[NewItem]) -> Result<Tag, ConnectorError> {
    let tag = session.begin(&format!("APPEND {}", wire::quoted(wire_name))).await?;
    for item in items {
        let (flags, _) = permitted(session, wire_name, &item.flags);
        session.write(preamble(item, &flags, false).as_bytes()).await?;
        write_body(session, item).await?;
    }
    session.end().await?;
    Ok(tag)
}

fn asks_first(session: &Session, item: &NewItem) -> bool {
    !(session.can("LITERAL+") || (session.can("LITERAL-") && item.body.len() <= SMALL_LITERAL))
}

fn refused(refusal: &Refusal, session: &Session) -> ConnectorError {
    refusal.error(Doing::Append, session.name.clone())
}

/// ` (flags) "date" {size}` (RFC 9051 section 6.3.12), with `+` where the server need not be asked first.
fn preamble(item: &NewItem, flags: &Flags, asks_first: bool) -> String {
    let flags = flags.iter().collect::<Vec<_>>().join(" ");
    let date = item.internal_date.map(|date| format!(" \"{}\"", wire::date_time(&date))).unwrap_or_default();
    let plus = if asks_first { "" } else { "+" };
    format!(" ({flags}){date} {{{}{plus}}}\r\n", item.body.len())
}

async fn write_body(session: &mut Session, item: &NewItem) -> Result<(), ConnectorError> {
    if let Some(bytes) = item.body.in_memory() {
        return session.write(bytes).await;
    }
    let spool = |error| {
        ConnectorError::new(FindingCode::Internal, Decision::Retry, "reading a spooled message").caused_by(error)
    };
    let mut reader = item.body.reader().map_err(spool)?;
    let mut piece = vec![0; PIECE];
    loop {
        match reader.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(read) => session.write(&piece[..read]).await?,
            Err(error) => {
                // Half a message is on the line.
                session.broken = true;
                return Err(spool(error));
            }
        }
    }
}

/// The flags that the folder keeps, and whether any had to go.
pub(super) fn permitted(session: &Session, wire_name: &str, flags: &Flags) -> (Flags, bool) {
    let known = session.known.get(wire_name).and_then(|known| known.permanent_flags.as_ref());
    let Some(permanent) = known else { return (flags.clone(), false) };
    let any_keyword = permanent.iter().any(|flag| flag == "\\*");
    flags.permitted(|flag| {
        (any_keyword && !flag.starts_with('\\')) || permanent.iter().any(|kept| kept.eq_ignore_ascii_case(flag))
    })
}

/// The UIDs of APPENDUID (RFC 4315 section 3), if it names as many as were sent, under the UIDVALIDITY that we know:
/// others would be no use, or a lie.
fn uids(session: &Session, wire_name: &str, codes: &[ResponseCode<'static>], sent: usize) -> Vec<Option<Uid>> {
    let known = session.known.get(wire_name).map(|known| known.uid_validity.0);
    let told = codes.iter().find_map(|code| match code {
        ResponseCode::AppendUid(validity, members) if known == Some(*validity) => Some(members),
        _ => None,
    });
    let mut uids: Vec<Option<Uid>> = Vec::with_capacity(sent);
    for member in told.into_iter().flatten() {
        match member {
            UidSetMember::Uid(uid) => uids.push(Some(Uid(*uid))),
            UidSetMember::UidRange(range) => uids.extend(range.clone().take(sent + 1).map(|uid| Some(Uid(uid)))),
        }
    }
    if uids.len() == sent { uids } else { vec![None; sent] }
}
