//! Reading messages: commands for many of them, and slices of large ones, on the way at once, over several folders.

use std::{
    collections::{HashMap, VecDeque},
    time::Instant,
};

use async_imap::imap_proto::{AttributeValue, Response, ResponseCode};
use bytes::Bytes;
use chrono::{DateTime, FixedOffset};
use mailferry_domain::{
    item::{ContentKey, Flags},
    uid::{Uid, UidSet, UidValidity},
};
use mailferry_engine::port::{
    Body, BodyWriter, Care, ConnectorError, Decision, FetchRequest, Fetched, FolderFetch, MemoryBudget, RefusedInARow,
};
use mailferry_shared::finding::FindingCode;
use tokio::sync::mpsc;

use super::{
    asks::{Ask, Asks, SLICE_BYTES},
    refusal::{Doing, Refusal},
    session::{Answer, Session, Tag},
    wire,
};

/// Commands on the way at once.
const COMMANDS: usize = 16;
/// Bytes on the way at once at most, by the listed sizes: what is on the line is not in our memory, unless a server mixes
/// its answers.
const BYTES: u64 = 4 << 20;

/// What is asked of a message.
const WHOLE: &str = "(UID FLAGS INTERNALDATE BODY.PEEK[])";
/// Messages, one after the other, that a server may refuse for themselves: where it refuses more, it is no matter of
/// messages of this session. Some hang up after ten errors.
const MOST_REFUSED: usize = 8;

/// A message may be larger than stated, but not without end: twice as large, or this large.
const MOST_UNSTATED: u64 = 16 << 20;

/// Fetches what is asked for and sends it on, in order.
pub(super) async fn fetch(
    session: &mut Session,
    request: &FetchRequest,
    sink: &mpsc::Sender<Fetched>,
) -> Result<(), ConnectorError> {
    Pipeline::new(session, request, sink).run().await
}

/// A command on the way.
struct InFlight<'a> {
    /// None of one that need not be sent.
    tag: Option<Tag>,
    ask: Ask<'a>,
    /// Messages that it has not brought yet, in order; for slices and openings none.
    uids: VecDeque<Uid>,
    size_bytes: u64,
    answered: bool,
    /// Set when the server refused it: what it has not brought is asked for alone.
    refused: bool,
}

/// A large message that is being put together.
struct Large {
    folder: usize,
    uid: Uid,
    head: Head,
    writer: BodyWriter,
    size_bytes: u64,
    /// Set when a slice came shorter or longer than it should: what follows must be asked for again.
    ragged: bool,
}

/// The flow of commands and messages.
///
/// A server may work on several commands at once and mix their answers (Dovecot does): messages are put back into
/// order before they are delivered. What comes belongs to the folder that was opened last.
struct Pipeline<'a> {
    session: &'a mut Session,
    request: &'a FetchRequest,
    sink: &'a mpsc::Sender<Fetched>,
    asks: Asks<'a>,
    in_flight: VecDeque<InFlight<'a>>,
    bytes_in_flight: u64,
    most_bytes: u64,
    /// Messages that came before it was their turn.
    early: HashMap<(usize, Uid), (Head, Bytes)>,
    /// Slices that came before it was their turn, by offset.
    slices: HashMap<(usize, Uid, u64), (Option<Head>, Bytes)>,
    large: Option<Large>,
    /// The folder whose messages come now.
    folder: usize,
    /// The folder that has to be opened before anything more is asked for.
    to_open: Option<Ask<'a>>,
    /// Messages that were refused for themselves since one was delivered.
    refused: Vec<(usize, Uid)>,
}

/// A message with its body or a part of it.
enum Part {
    Whole(Uid, Head, Bytes),
    Slice(Uid, u64, Option<Head>, Bytes),
    Code(Option<UidValidity>),
    Other,
}

impl<'a> Pipeline<'a> {
    fn new(session: &'a mut Session, request: &'a FetchRequest, sink: &'a mpsc::Sender<Fetched>) -> Self {
        let open = session.open.clone();
        let is_open = |folder: &FolderFetch| {
            open.as_ref().is_some_and(|(name, validity)| *name == folder.wire_name && *validity == folder.uid_validity)
        };
        let asks = Asks::new(request, is_open);
        let budget = request.budget.size_bytes();
        // Over a long line nothing comes while the next command is on its way.
        let most_bytes = BYTES.min(if session.is_far() { budget } else { budget / 2 });
        Self {
            folder: asks.folder(),
            session,
            request,
            sink,
            asks,
            in_flight: VecDeque::new(),
            bytes_in_flight: 0,
            most_bytes,
            early: HashMap::new(),
            slices: HashMap::new(),
            large: None,
            to_open: None,
            refused: Vec::new(),
        }
    }

    async fn run(mut self) -> Result<(), ConnectorError> {
        loop {
            self.ask().await?;
            if self.in_flight.is_empty() {
                return Ok(());
            }
            if self.in_flight.iter().any(|flight| !flight.answered) {
                self.hear().await?;
            }
            while let Some(fetched) = self.next_in_order().await? {
                if !self.deliver(fetched).await {
                    return Ok(());
                }
            }
        }
    }

    /// Sends commands as long as there is room for what they bring.
    async fn ask(&mut self) -> Result<(), ConnectorError> {
        if self.session.wants_compression() {
            // Once everything that is on the way has come.
            if !self.in_flight.is_empty() {
                return Ok(());
            }
            self.session.compress().await?;
        }
        let mut sent = false;
        while self.in_flight.len() < if self.asks.one_by_one() { 1 } else { COMMANDS }
            && (self.in_flight.is_empty() || self.bytes_in_flight < self.most_bytes)
            && let Some(ask) = self.asks.next()
        {
            sent |= self.send(ask).await?;
        }
        if sent { self.session.flush().await } else { Ok(()) }
    }

    /// Sends a command, and before it the one that opens its folder; false if everything that it would bring has come
    /// with the listing.
    async fn send(&mut self, ask: Ask<'a>) -> Result<bool, ConnectorError> {
        if let Ask::Open { .. } = ask {
            // Only if something of it is missing.
            self.to_open = Some(ask);
            return Ok(false);
        }
        let uids = order_of(&ask, self.request);
        let missing = self.take_glances(&ask);
        if missing.is_empty() && !uids.is_empty() {
            self.in_flight.push_back(InFlight { tag: None, ask, uids, size_bytes: 0, answered: true, refused: false });
            return Ok(false);
        }
        if let Some(open) = self.to_open.take() {
            self.session.open =
                self.request.folders.get(open.folder()).map(|folder| (folder.wire_name.clone(), folder.uid_validity));
            self.begin(open, VecDeque::new(), &[]).await?;
        }
        self.begin(ask, uids, &missing).await?;
        Ok(true)
    }

    async fn begin(&mut self, ask: Ask<'a>, uids: VecDeque<Uid>, missing: &[(Uid, u64)]) -> Result<(), ConnectorError> {
        let (command, size_bytes) = spelt(&ask, missing, self.request);
        let tag = self.session.begin(&command).await?;
        self.session.write(b"\r\n").await?;
        self.bytes_in_flight += size_bytes;
        self.in_flight.push_back(InFlight { tag: Some(tag), ask, uids, size_bytes, answered: false, refused: false });
        Ok(())
    }

    /// Of the messages that a command would bring, those that have not come with the listing.
    fn take_glances(&mut self, ask: &Ask<'a>) -> Vec<(Uid, u64)> {
        let Ask::Messages { folder, items } = ask else { return Vec::new() };
        let mut missing = Vec::new();
        for (uid, size_bytes) in *items {
            match self.session.glances.take(&self.request.folders[*folder], *uid) {
                Some(come) => {
                    self.early.insert((*folder, *uid), come);
                }
                None => missing.push((*uid, *size_bytes)),
            }
        }
        missing
    }

    /// Reads one response and keeps what it brings.
    async fn hear(&mut self) -> Result<(), ConnectorError> {
        let began = Instant::now();
        let answer = self.session.answer_with(self.session.patience.idle, part_of).await?;
        self.session.pace.add(answer.size_bytes(), began);
        match answer {
            Answer::Untagged(Part::Whole(uid, head, bytes)) if self.expects(|flight| flight.uids.contains(&uid)) => {
                // The same once more brings nothing.
                if self.early.insert((self.folder, uid), (head, bytes)).is_none() {
                    self.session.comes_on();
                }
            }
            Answer::Untagged(Part::Slice(uid, offset, head, bytes))
                if self.expects(|flight| matches!(flight.ask, Ask::Slice { uid: asked, offset: from, .. } if asked == uid && from == offset)) =>
            {
                if self.slices.insert((self.folder, uid, offset), (head, bytes)).is_none() {
                    self.session.comes_on();
                }
            }
            Answer::Untagged(Part::Code(Some(validity))) => self.check_validity(validity)?,
            // Nobody asked for it, or not for its body.
            Answer::Untagged(_) => {}
            Answer::Tagged(tag, judged) => {
                if let Err(refusal) = judged {
                    return self.command_refused(&tag, &refusal);
                }
                for flight in self.in_flight.iter_mut().filter(|flight| flight.tag.as_ref() == Some(&tag)) {
                    flight.answered = true;
                    if let Ask::Open { folder } = flight.ask {
                        self.folder = folder;
                    }
                }
            }
        }
        Ok(())
    }

    /// A message that cannot be read must not keep the others from being read; all else ends the session, since other
    /// commands are still on the way.
    fn command_refused(&mut self, tag: &Tag, refusal: &Refusal) -> Result<(), ConnectorError> {
        let name = self.session.name.clone();
        let lenient = self.request.care != Care::All && refusal.is_unexplained();
        let flight = self.in_flight.iter_mut().find(|flight| flight.tag.as_ref() == Some(tag));
        let doing = match flight {
            Some(flight) if lenient && !matches!(flight.ask, Ask::Open { .. }) => {
                flight.answered = true;
                let (folder, uid) = match flight.ask {
                    Ask::Slice { folder, uid, .. } => (folder, uid),
                    Ask::Messages { folder, items: [(uid, _)] } => (folder, *uid),
                    _ => {
                        flight.refused = true;
                        return Ok(());
                    }
                };
                self.asks.end_slices(uid);
                return self.message_refused(folder, uid, refusal.error(Doing::Other, name));
            }
            Some(InFlight { ask: Ask::Open { .. }, .. }) => Doing::OpenFolder,
            _ => Doing::Other,
        };
        self.session.broken = true;
        Err(refusal.error(doing, name))
    }

    /// Leaves a message out, unless the server refuses one after the other.
    fn message_refused(&mut self, folder: usize, uid: Uid, error: ConnectorError) -> Result<(), ConnectorError> {
        if self.refused.last() != Some(&(folder, uid)) {
            self.refused.push((folder, uid));
        }
        if self.refused.len() <= MOST_REFUSED {
            return Ok(());
        }
        self.session.broken = true;
        Err(error.caused_by(RefusedInARow(std::mem::take(&mut self.refused))))
    }

    /// True if a command on the way asks for it, of those that the server can be working on: behind an opening that
    /// is not answered it cannot.
    fn expects(&self, asks_for: impl Fn(&InFlight<'_>) -> bool) -> bool {
        self.in_flight
            .iter()
            .filter(|flight| !flight.answered)
            .take_while(|flight| !matches!(flight.ask, Ask::Open { .. }))
            .any(asks_for)
    }

    /// A folder that is opened again must be the one that was listed.
    fn check_validity(&mut self, told: UidValidity) -> Result<(), ConnectorError> {
        let opening = self.in_flight.iter().find(|flight| !flight.answered && matches!(flight.ask, Ask::Open { .. }));
        let Some(Ask::Open { folder }) = opening.map(|flight| &flight.ask) else { return Ok(()) };
        if self.request.folders[*folder].uid_validity == told {
            return Ok(());
        }
        self.session.broken = true;
        let context = format!("{}: a folder was renumbered", self.session.name);
        Err(ConnectorError::new(FindingCode::ServerError, Decision::Retry, context))
    }

    /// The message whose turn it is, if it has come; what a finished command did not bring has vanished, or is asked for
    /// once more if the command was refused.
    async fn next_in_order(&mut self) -> Result<Option<Fetched>, ConnectorError> {
        while let Some(flight) = self.in_flight.front_mut() {
            let folder = flight.ask.folder();
            if let Some(uid) = flight.uids.front().copied() {
                let come = self.early.remove(&(folder, uid));
                if come.is_none() && !flight.answered {
                    return Ok(None);
                }
                flight.uids.pop_front();
                let alone = come.is_none() && flight.refused;
                let come = if alone { self.read_alone(folder, uid).await? } else { come };
                if let Some((head, bytes)) = come {
                    return Ok(Some(fetched(folder, uid, head, Body::from_bytes(bytes))));
                }
                continue;
            }
            if !flight.answered {
                return Ok(None);
            }
            let size_bytes = flight.size_bytes;
            let ask = self.in_flight.pop_front().map(|flight| flight.ask);
            self.bytes_in_flight -= size_bytes;
            if let Some(Ask::Slice { folder, uid, offset, size_bytes, last }) = ask {
                self.take_slice(folder, uid, offset, size_bytes)?;
                if last && let Some(large) = self.large.take() {
                    return self.complete(large).await;
                }
            }
        }
        Ok(None)
    }

    /// Asks for a message alone whose command was refused; `None` if it is refused as well.
    async fn read_alone(&mut self, folder: usize, uid: Uid) -> Result<Option<(Head, Bytes)>, ConnectorError> {
        let after = self.step_aside(folder).await?;
        let tag = self.session.send(&format!("UID FETCH {uid} {WHOLE}")).await?;
        let mut come = None;
        let read = self
            .session
            .finish_with(&tag, Doing::Other, self.session.patience.idle, |response, bodies| {
                if let Part::Whole(found, head, bytes) = part_of(response, bodies)
                    && found == uid
                {
                    come = Some((head, bytes));
                }
            })
            .await;
        if let Err(error) = read {
            let refusal = error.source.as_ref().and_then(|cause| cause.downcast_ref::<Refusal>());
            if self.session.broken || !refusal.is_some_and(Refusal::is_unexplained) {
                self.session.broken = true;
                return Err(error);
            }
            self.message_refused(folder, uid, error)?;
        }
        self.step_back(after).await?;
        Ok(come)
    }

    /// Hears what is on the way and opens a folder for a command of its own; which folder is to be open afterwards.
    async fn step_aside(&mut self, folder: usize) -> Result<Option<usize>, ConnectorError> {
        while self.in_flight.iter().any(|flight| !flight.answered) {
            self.hear().await?;
        }
        let open = self.session.open.as_ref();
        let after = open.and_then(|(name, _)| self.request.folders.iter().position(|folder| folder.wire_name == *name));
        self.reopen(folder).await?;
        Ok(after)
    }

    async fn step_back(&mut self, after: Option<usize>) -> Result<(), ConnectorError> {
        match after {
            Some(after) => self.reopen(after).await,
            None => Ok(()),
        }
    }

    /// Puts the next slice of a large message to what there is.
    fn take_slice(&mut self, folder: usize, uid: Uid, offset: u64, size_bytes: u64) -> Result<(), ConnectorError> {
        let Some((head, bytes)) = self.slices.remove(&(folder, uid, offset)) else {
            // It has vanished: no prefix of it is ever passed on.
            self.large = None;
            return Ok(());
        };
        if offset == 0 {
            let Some(head) = head else { return Ok(()) };
            let writer = BodyWriter::new(size_bytes).map_err(spool_error)?;
            self.large = Some(Large { folder, uid, head, writer, size_bytes, ragged: false });
        }
        let Some(large) = &mut self.large else { return Ok(()) };
        if large.ragged || large.writer.size_bytes() != offset {
            // A slice before was cut short: this one does not fit behind it.
            large.ragged = true;
            return Ok(());
        }
        large.writer.write(&bytes).map_err(spool_error)
    }

    /// All slices that were asked for are there. Only a short one is the end: some servers state a wrong size, some
    /// cut slices short.
    async fn complete(&mut self, mut large: Large) -> Result<Option<Fetched>, ConnectorError> {
        let read = large.writer.size_bytes();
        let at_end = !large.ragged && read >= large.size_bytes && !(read.is_multiple_of(SLICE_BYTES) && read > 0);
        if !at_end && !self.read_rest(&mut large).await? {
            return Ok(None);
        }
        let body = large.writer.finish().map_err(spool_error)?;
        Ok(Some(fetched(large.folder, large.uid, large.head, body)))
    }

    /// Reads what is left of a large message, slice after slice; false if it has vanished. What else is on the way is
    /// heard first.
    async fn read_rest(&mut self, large: &mut Large) -> Result<bool, ConnectorError> {
        let after = self.step_aside(large.folder).await?;
        let mut there = true;
        let most = large.size_bytes.saturating_mul(2).max(MOST_UNSTATED);
        loop {
            if large.writer.size_bytes() > most {
                self.session.broken = true;
                let context = format!("{}: a message does not end", self.session.name);
                return Err(ConnectorError::new(FindingCode::ServerError, Decision::Retry, context));
            }
            match slice(self.session, large.uid, &mut large.writer).await? {
                None => there = false,
                Some(0) => {}
                Some(_) => continue,
            }
            break;
        }
        self.step_back(after).await?;
        Ok(there)
    }

    async fn reopen(&mut self, folder: usize) -> Result<(), ConnectorError> {
        let wanted = &self.request.folders[folder];
        if self.session.open.as_ref().is_some_and(|(name, _)| *name == wanted.wire_name) {
            return Ok(());
        }
        let status = self.session.open_folder("EXAMINE", &wanted.wire_name).await?;
        if status.uid_validity == wanted.uid_validity {
            return Ok(());
        }
        let context = format!("{}: a folder was renumbered", self.session.name);
        Err(ConnectorError::new(FindingCode::ServerError, Decision::Retry, context))
    }

    async fn deliver(&mut self, fetched: Fetched) -> bool {
        self.refused.clear();
        let body = self.request.budget.admit(fetched.body).await;
        let sent = self.sink.send(Fetched { body, ..fetched }).await.is_ok();
        // Answers are still on the way to nobody.
        self.session.broken |= !sent;
        sent
    }
}

/// A command, and the bytes that it brings by the listed sizes; of ordinary messages, those that are `missing`.
fn spelt(ask: &Ask<'_>, missing: &[(Uid, u64)], request: &FetchRequest) -> (String, u64) {
    match ask {
        Ask::Open { folder } => (format!("EXAMINE {}", wire::quoted(&request.folders[*folder].wire_name)), 0),
        Ask::Messages { .. } => {
            let set: UidSet = missing.iter().map(|(uid, _)| *uid).collect();
            let size_bytes = missing.iter().map(|(_, size_bytes)| size_bytes).sum();
            (format!("UID FETCH {set} {WHOLE}"), size_bytes)
        }
        Ask::Slice { uid, offset, size_bytes, .. } => {
            let also = if *offset == 0 { " FLAGS INTERNALDATE" } else { "" };
            let command = format!("UID FETCH {uid} (UID{also} BODY.PEEK[]<{offset}.{SLICE_BYTES}>)");
            (command, size_bytes.saturating_sub(*offset).min(SLICE_BYTES))
        }
    }
}

/// The messages that a command brings, in the order in which they are passed on; for slices none.
fn order_of(ask: &Ask<'_>, request: &FetchRequest) -> VecDeque<Uid> {
    let Ask::Messages { items, .. } = ask else { return VecDeque::new() };
    let uids = items.iter().map(|(uid, _)| *uid);
    if request.newest_first { uids.rev().collect() } else { uids.collect() }
}

/// What is told with a message.
#[derive(Debug, Default)]
pub(super) struct Head {
    flags: Flags,
    flags_reduced: bool,
    internal_date: Option<DateTime<FixedOffset>>,
}

fn fetched(folder: usize, uid: Uid, head: Head, body: Body) -> Fetched {
    let Head { flags, flags_reduced, internal_date } = head;
    Fetched { folder, uid, flags, flags_reduced, internal_date, body }
}

impl Answer<Part> {
    fn size_bytes(&self) -> u64 {
        match self {
            Self::Untagged(Part::Whole(_, _, bytes) | Part::Slice(_, _, _, bytes)) => bytes.len() as u64,
            _ => 0,
        }
    }
}

/// A message with its body or a slice of it; changes of flags come unasked and hold none.
fn part_of(response: &Response<'_>, bodies: Vec<Bytes>) -> Part {
    let attributes = match response {
        Response::Fetch(_, attributes) => attributes,
        Response::Data { outcome, .. } => {
            return match outcome.code {
                Some(ResponseCode::UidValidity(validity)) => Part::Code(Some(UidValidity(validity))),
                _ => Part::Other,
            };
        }
        _ => return Part::Other,
    };
    let (mut head, mut flagged, mut uid, mut body) = (Head::default(), false, Uid(0), None);
    let mut bodies = bodies.into_iter();
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(value) => uid = Uid(*value),
            AttributeValue::Flags(flags) => {
                (head.flags, head.flags_reduced) = Flags::bounded(flags);
                flagged = true;
            }
            AttributeValue::InternalDate(date) => head.internal_date = wire::parse_date_time(date),
            AttributeValue::BodySection { section: None, index, data } => {
                // NIL: the message vanished while it was read; it is not an empty one.
                body = if data.is_some() { bodies.next().map(|bytes| (*index, bytes)) } else { None };
            }
            _ => {}
        }
    }
    match body {
        _ if uid.0 == 0 => Part::Other,
        Some((None, bytes)) => Part::Whole(uid, head, bytes),
        Some((Some(offset), bytes)) => Part::Slice(uid, offset.into(), flagged.then_some(head), bytes),
        None => Part::Other,
    }
}

/// A message's beginning, and what is told with it.
pub(super) fn beginning_of(response: &Response<'_>, bodies: Vec<Bytes>) -> Option<(Head, Bytes)> {
    match part_of(response, bodies) {
        Part::Slice(_, 0, Some(head), bytes) => Some((head, bytes)),
        _ => None,
    }
}

/// Reads the slice that follows what `writer` has (`BODY.PEEK[]<offset.length>`, RFC 9051 section 6.4.5); its length,
/// or `None` if there is no such message.
async fn slice(session: &mut Session, uid: Uid, writer: &mut BodyWriter) -> Result<Option<u64>, ConnectorError> {
    let offset = writer.size_bytes();
    let tag = session.send(&format!("UID FETCH {uid} (UID BODY.PEEK[]<{offset}.{SLICE_BYTES}>)")).await?;
    let mut written = Ok(None);
    session
        .finish_with(&tag, Doing::Other, session.patience.idle, |response, bodies| {
            if let Part::Slice(found, from, _, bytes) = part_of(response, bodies)
                && (found, from) == (uid, offset)
            {
                written = writer.write(&bytes).map(|()| Some(bytes.len() as u64));
            }
        })
        .await?;
    written.map_err(spool_error)
}

fn spool_error(error: std::io::Error) -> ConnectorError {
    ConnectorError::new(FindingCode::Internal, Decision::Retry, "spooling a large message").caused_by(error)
}

/// Size and hash of messages of the open folder; their bytes are read and dropped.
pub(super) async fn identify(
    session: &mut Session,
    items: &[(Uid, u64)],
) -> Result<Vec<(Uid, ContentKey)>, ConnectorError> {
    let Some((wire_name, uid_validity)) = session.open.clone() else {
        return Err(ConnectorError::new(FindingCode::Internal, Decision::Retry, "no folder is open"));
    };
    let folder = FolderFetch { wire_name, uid_validity, items: items.to_vec() };
    let budget = MemoryBudget::new(4 << 20);
    let request = FetchRequest { folders: vec![folder], newest_first: false, budget, care: Care::All };
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
