//! Reading messages: commands for many of them, and slices of very large ones, on the way at once, over several folders.
//! What an answer brings is read in [`parts`], very large messages in [`slices`], refused ones in [`alone`].

mod alone;
mod parts;
mod slices;

use std::{
    collections::{HashMap, VecDeque},
    time::Instant,
};

use bytes::Bytes;
use mailferry_domain::{
    item::ContentKey,
    uid::{Uid, UidSet, UidValidity},
};
use mailferry_engine::port::{
    Care, ConnectorError, Decision, FetchRequest, Fetched, FolderFetch, MemoryBudget, SPOOL_THRESHOLD_BYTES,
};
use mailferry_shared::finding::FindingCode;
use tokio::sync::mpsc;

pub(super) use self::parts::{Head, beginning_of};
use self::{
    parts::{Part, fetched, part_of},
    slices::{Large, spool_error},
};
use super::{
    asks::{Ask, Asks, SLICE_BYTES},
    bodies::Came,
    refusal::{Doing, Refusal},
    session::{Answer, Session, Tag},
    wire,
};

/// Commands on the way at once.
const COMMANDS: usize = 16;
/// Bytes on the way at once at most, by the listed sizes and as [`Asks::weight`] counts them: what is on the line is not in our memory, unless a server mixes
/// its answers.
const BYTES: u64 = 4 << 20;

/// What may wait for its turn at most: more than as many of the largest as are asked for at once.
const MOST_EARLY_BYTES: u64 = 300 << 20;

/// What is asked of a message.
const WHOLE: &str = "(UID FLAGS INTERNALDATE BODY.PEEK[])";

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
    early: HashMap<(usize, Uid), (Head, Came)>,
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

impl<'a> Pipeline<'a> {
    fn new(session: &'a mut Session, request: &'a FetchRequest, sink: &'a mpsc::Sender<Fetched>) -> Self {
        let open = session.open.clone();
        let is_open = |folder: &FolderFetch| {
            open.as_ref().is_some_and(|(name, validity)| *name == folder.wire_name && *validity == folder.uid_validity)
        };
        let asks = Asks::new(request, is_open);
        let budget = request.budget.size_bytes();
        session.guard().spool_above(asks.large_bytes());
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
        let (command, size_bytes) = spelt(&ask, missing, self.request, &self.asks);
        let tag = self.session.begin(&command).await?;
        self.session.end().await?;
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
                Some((head, bytes)) => {
                    self.early.insert((*folder, *uid), (head, Came::Memory(bytes)));
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
            Answer::Untagged(Part::Whole(uid, head, came)) if self.expects(|flight| flight.uids.contains(&uid)) => {
                let size_bytes = came.size_bytes();
                // The same once more brings nothing.
                if self.early.insert((self.folder, uid), (head, came)).is_none() {
                    self.session.comes_on();
                }
                self.may_wait(size_bytes)?;
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
                // Whatever else the server has said meanwhile, nobody asked for it.
                drop(self.session.guard().take_diverted());
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

    /// What has come may wait for its turn, unless a server sends more than it was asked for and keeps the first back: files
    /// without end would wait with it.
    fn may_wait(&mut self, size_bytes: u64) -> Result<(), ConnectorError> {
        let waiting = |pipeline: &Self| pipeline.early.values().map(|(_, came)| came.size_bytes()).sum::<u64>();
        if size_bytes <= SPOOL_THRESHOLD_BYTES || waiting(self) <= MOST_EARLY_BYTES {
            return Ok(());
        }
        Err(self.session.lost("reading", std::io::Error::other("too much came before its turn")))
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
                if let Some((head, came)) = come {
                    let body = came.body().map_err(spool_error).inspect_err(|_| self.session.broken = true)?;
                    return Ok(Some(fetched(folder, uid, head, body)));
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

    async fn deliver(&mut self, fetched: Fetched) -> bool {
        self.refused.clear();
        let body = self.request.budget.admit(fetched.body).await;
        let sent = self.sink.send(Fetched { body, ..fetched }).await.is_ok();
        // Answers are still on the way to nobody.
        self.session.broken |= !sent;
        sent
    }
}

/// A command, and what it counts of what may be on the way, by the listed sizes; of ordinary messages, those that are
/// `missing`.
fn spelt(ask: &Ask<'_>, missing: &[(Uid, u64)], request: &FetchRequest, asks: &Asks<'_>) -> (String, u64) {
    match ask {
        Ask::Open { folder } => (format!("EXAMINE {}", wire::quoted(&request.folders[*folder].wire_name)), 0),
        Ask::Messages { .. } => {
            let set: UidSet = missing.iter().map(|(uid, _)| *uid).collect();
            let size_bytes = missing.iter().map(|(_, size_bytes)| asks.weight(*size_bytes)).sum();
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
