//! One IMAP connection: commands out, answers in, every tagged one judged.

use std::{
    collections::{BTreeSet, HashMap},
    io,
    time::{Duration, Instant},
};

use async_imap::{
    Client,
    imap_proto::{AttributeValue, Capability, MailboxDatum, Outcome, Response, ResponseCode, Status},
};
use bytes::Bytes;
use mailferry_domain::{
    folder::{FolderStatus, NamingStyle},
    uid::UidValidity,
    utf7,
};
use mailferry_engine::port::{ConnectorError, Decision};
use mailferry_shared::finding::FindingCode;
use tokio::{io::AsyncWriteExt, time::timeout};

use super::{
    bodies::Taken,
    bounds::believable,
    compress::Pace,
    glance::Glances,
    guard::Guard,
    refusal::{Doing, Refusal},
    wire,
};
use crate::net::{Patience, Squeeze};

/// Untagged responses in a row that may bring nothing on.
const UNTAGGED_LIMIT: u32 = 2_000_000;
/// So many times as long as it may be silent, a server may say things that bring nothing on (some say that they are still
/// there while they work); beyond that, each response buys it [`A_RESPONSE`].
const TALK: u32 = 10;
const A_RESPONSE: Duration = Duration::from_millis(2);
/// But no longer than this.
const MOST_TALK: Duration = Duration::from_mins(10);
/// Flags of a folder that are remembered; its keywords beyond are treated as ones that the server does not keep.
const FOLDER_FLAGS_LIMIT: usize = 1_000;
/// Flags of all folders together; of a folder beyond it is not known what it keeps.
const ALL_FLAGS_LIMIT: usize = 200_000;
/// A server whose answers take longer than this is far away.
const FAR: Duration = Duration::from_millis(10);
/// Short commands on the way at once.
const WINDOW: usize = 64;

/// A command's tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag(String);

/// What a command was answered, besides what a visitor took.
#[derive(Debug, Default)]
pub(super) struct Reply {
    /// Codes of untagged OK and of the tagged answer.
    pub(super) codes: Vec<ResponseCode<'static>>,
    /// The last EXISTS.
    pub(super) exists: Option<u32>,
    /// Untagged responses that the parser does not know, whole.
    pub(super) diverted: Vec<Vec<u8>>,
    /// The capabilities, if the server told them unasked.
    capabilities: Option<BTreeSet<String>>,
}

/// What several commands that were sent at once were answered.
#[derive(Debug, Default)]
pub(super) struct Replies {
    /// Each command's answer, without [`Reply::diverted`].
    pub(super) each: Vec<Result<Reply, ConnectorError>>,
    /// Untagged responses that the parser does not know, of all commands.
    pub(super) diverted: Vec<Vec<u8>>,
}

/// What stands next on the line.
#[derive(Debug)]
pub(super) enum Answer<T> {
    /// What was made of an untagged response or a continuation.
    Untagged(T),
    /// The end of a command.
    Tagged(Tag, Result<Option<ResponseCode<'static>>, Refusal>),
}

/// What opening a folder told for later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownFolder {
    pub(super) uid_validity: UidValidity,
    /// PERMANENTFLAGS, where the server told them.
    pub(super) permanent_flags: Option<Vec<String>>,
}

/// A logged-in session, or one on its way there.
#[derive(Debug)]
pub(super) struct Session {
    client: Client<Guard>,
    next_tag: u32,
    capabilities: BTreeSet<String>,
    pub(super) naming: NamingStyle,
    /// The folder that is the inbox of the mailbox, where an admin sees it among others.
    pub(super) root: Option<String>,
    /// What to call it in our words: side and server.
    pub(super) name: String,
    /// What is known of the folders that were opened, by their names.
    pub(super) known: HashMap<String, KnownFolder>,
    /// How many flags that is.
    known_flags: usize,
    /// Small messages that came with listings.
    pub(super) glances: Glances,
    /// Name and UIDVALIDITY of the open folder.
    pub(super) open: Option<(String, UidValidity)>,
    /// Set when answers may still be on the way to nobody: the session cannot be used any more.
    pub(super) broken: bool,
    /// Set when changes of flags are of interest.
    pub(super) watches_flags: bool,
    /// How long the server may take.
    pub(super) patience: Patience,
    /// When it may be compressed, whether that was tried, and how fast the line is.
    pub(super) squeeze: Squeeze,
    pub(super) compression_tried: bool,
    pub(super) pace: Pace,
    /// The shortest time in which a command was answered.
    round_trip: Duration,
    /// Responses since something was brought on, and when that was.
    talk: (u32, Instant),
}

impl Session {
    pub(super) fn new(guard: Guard, name: String, patience: Patience) -> Self {
        Self {
            client: Client::new(guard),
            next_tag: 0,
            capabilities: BTreeSet::new(),
            naming: NamingStyle { separator: Some('/'), prefix: String::new() },
            root: None,
            name,
            known: HashMap::new(),
            known_flags: 0,
            glances: Glances::default(),
            open: None,
            broken: false,
            watches_flags: false,
            patience,
            squeeze: Squeeze::default(),
            compression_tried: false,
            pace: Pace::default(),
            round_trip: Duration::MAX,
            talk: (0, Instant::now()),
        }
    }

    /// What the server said brought something on: it may take its time again.
    pub(super) fn comes_on(&mut self) {
        self.talk = (0, Instant::now());
    }

    /// A floor on the rate: a server that only talks is not listened to for ever, however often it says something.
    fn still_listens(&mut self, wait: Duration) -> Result<(), ConnectorError> {
        let (said, since) = &mut self.talk;
        *said += 1;
        if *said <= UNTAGGED_LIMIT && since.elapsed() <= (wait * TALK).min(MOST_TALK) + A_RESPONSE * *said {
            return Ok(());
        }
        Err(self.lost("reading", io::Error::other("too many untagged responses")))
    }

    pub(super) fn guard(&mut self) -> &mut Guard {
        self.client.get_mut()
    }

    pub(super) fn into_guard(self) -> Guard {
        self.client.into_inner()
    }

    /// True if the server has this capability (upper case).
    pub(super) fn can(&self, capability: &str) -> bool {
        self.capabilities.contains(capability)
    }

    /// The number behind a capability such as `APPENDLIMIT=35651584` (RFC 7889).
    pub(super) fn capability_number(&self, prefix: &str) -> Option<u64> {
        self.capabilities.iter().find_map(|capability| capability.strip_prefix(prefix)?.parse().ok())
    }

    /// An error on the line while doing `what`; the session is of no use any more.
    pub(super) fn lost(&mut self, what: &str, error: io::Error) -> ConnectorError {
        self.broken = true;
        let code = match error.kind() {
            io::ErrorKind::TimedOut => FindingCode::ConnectionTimeout,
            // What the guard or the parser refuse.
            io::ErrorKind::InvalidData | io::ErrorKind::Other => FindingCode::ServerError,
            _ => FindingCode::ConnectionLost,
        };
        ConnectorError::new(code, Decision::Retry, format!("{} ({what})", self.name)).caused_by(error)
    }

    /// Sends a command without waiting for its answer. The text must hold no CR or LF.
    pub(super) async fn send(&mut self, command: &str) -> Result<Tag, ConnectorError> {
        let tag = self.begin(command).await?;
        self.write(b"\r\n").await?;
        self.flush().await?;
        Ok(tag)
    }

    /// Writes a tag and the beginning of a command.
    pub(super) async fn begin(&mut self, command: &str) -> Result<Tag, ConnectorError> {
        if self.broken {
            return Err(ConnectorError::new(
                FindingCode::ConnectionLost,
                Decision::Retry,
                format!("{} is closed", self.name),
            ));
        }
        self.next_tag += 1;
        self.comes_on();
        let tag = Tag(format!("M{}", self.next_tag));
        self.write(format!("{} {command}", tag.0).as_bytes()).await?;
        Ok(tag)
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), ConnectorError> {
        let written = timeout(self.patience.idle, self.client.get_mut().write_all(bytes)).await;
        written.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map_err(|error| self.lost("sending", error))
    }

    pub(super) async fn flush(&mut self) -> Result<(), ConnectorError> {
        let flushed = timeout(self.patience.idle, self.client.get_mut().flush()).await;
        flushed.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map_err(|error| self.lost("sending", error))
    }

    /// Reads what comes next; `take` makes of an untagged response what the caller needs.
    pub(super) async fn answer<T>(
        &mut self,
        wait: Duration,
        take: impl FnOnce(&Response<'_>) -> T,
    ) -> Result<Answer<T>, ConnectorError> {
        self.answer_with(wait, |response, _| take(response)).await
    }

    /// The same with the messages, or slices of them, that the response brings, in its order: in the response itself
    /// stand-ins are left of them.
    pub(super) async fn answer_with<T>(
        &mut self,
        wait: Duration,
        take: impl FnOnce(&Response<'_>, Vec<Bytes>) -> T,
    ) -> Result<Answer<T>, ConnectorError> {
        let read = timeout(wait, self.client.read_response()).await;
        let response = read
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
            .map_err(|error| self.lost("reading", without_words(error)))?;
        let Some(response) = response else {
            return Err(self.lost("reading", io::ErrorKind::UnexpectedEof.into()));
        };
        match response.parsed() {
            Response::Done { tag, status, outcome } => {
                self.comes_on();
                let judged = match status {
                    Status::Ok => Ok(outcome.code.as_ref().and_then(owned)),
                    Status::Bad => Err(refusal("BAD", outcome)),
                    _ => Err(refusal("NO", outcome)),
                };
                Ok(Answer::Tagged(Tag(tag.0.clone()), judged))
            }
            Response::Data { status: Status::Bye, outcome } => {
                let refusal = refusal("BYE", outcome);
                self.broken = true;
                let mut error = refusal.error(Doing::Other, format!("{} said goodbye", self.name));
                if error.code == FindingCode::ServerError {
                    error.code = FindingCode::ConnectionLost;
                }
                Err(error)
            }
            other => {
                self.still_listens(wait)?;
                let bodies = self.bodies_of(other)?;
                Ok(Answer::Untagged(take(other, bodies)))
            }
        }
    }

    fn bodies_of(&mut self, response: &Response<'_>) -> Result<Vec<Bytes>, ConnectorError> {
        let Response::Fetch(_, attributes) = response else { return Ok(Vec::new()) };
        let mut bodies = Vec::new();
        for attribute in attributes {
            let AttributeValue::BodySection { section: None, data: Some(data), .. } = attribute else { continue };
            bodies.push(match self.guard().take_body(data) {
                Taken::Body(body) => body,
                // As a quoted string.
                Taken::NoStandIn => Bytes::copy_from_slice(data),
                Taken::Unknown => return Err(self.lost("reading", io::Error::other("a message came without its end"))),
            });
        }
        Ok(bodies)
    }

    /// Sends a command and reads up to its tagged OK.
    pub(super) async fn command(&mut self, command: &str, doing: Doing) -> Result<Reply, ConnectorError> {
        let began = Instant::now();
        let tag = self.send(command).await?;
        let reply = self.finish(&tag, doing, self.patience.idle, |_| {}).await;
        self.round_trip = self.round_trip.min(began.elapsed());
        reply
    }

    /// True if what is asked for takes so long to come that much must be on the way at once.
    pub(super) fn is_far(&self) -> bool {
        self.round_trip != Duration::MAX && self.round_trip >= FAR
    }

    /// Reads up to the answer tagged `tag`; `visit` sees every untagged response.
    pub(super) async fn finish(
        &mut self,
        tag: &Tag,
        doing: Doing,
        wait: Duration,
        mut visit: impl FnMut(&Response<'_>),
    ) -> Result<Reply, ConnectorError> {
        self.finish_with(tag, doing, wait, |response, _| visit(response)).await
    }

    /// The same with what [`Session::answer_with`] gives.
    pub(super) async fn finish_with(
        &mut self,
        tag: &Tag,
        doing: Doing,
        wait: Duration,
        mut visit: impl FnMut(&Response<'_>, Vec<Bytes>),
    ) -> Result<Reply, ConnectorError> {
        let mut reply = Reply::default();
        loop {
            let answer = self.answer_with(wait, |response, bodies| {
                note(&mut reply, response);
                visit(response, bodies);
            });
            match answer.await? {
                Answer::Untagged(()) => {}
                Answer::Tagged(answered, judged) if answered == *tag => {
                    reply.diverted = self.guard().take_diverted();
                    return self.judged(reply, judged, doing);
                }
                // The answer to a command that was given up.
                Answer::Tagged(..) => {}
            }
        }
    }

    /// Reads up to the answer tagged `tag`, or to a challenge (`None`), which must be answered.
    pub(super) async fn finish_or_challenge(
        &mut self,
        tag: &Tag,
        reply: &mut Reply,
        wait: Duration,
    ) -> Result<Option<Result<(), Refusal>>, ConnectorError> {
        loop {
            let answer = self.answer(wait, |response| {
                note(reply, response);
                matches!(response, Response::Continue(_))
            });
            match answer.await? {
                Answer::Untagged(true) => return Ok(None),
                Answer::Tagged(answered, judged) if answered == *tag => {
                    if let Ok(Some(ResponseCode::Capabilities(told))) = &judged {
                        reply.capabilities = Some(told.iter().map(spelt).collect());
                    }
                    return Ok(Some(judged.map(drop)));
                }
                Answer::Untagged(false) | Answer::Tagged(..) => {}
            }
        }
    }

    /// Sends short commands without waiting for each answer; `visit` sees every untagged response with the place of
    /// the command that it belongs to. A refused command does not stop the others.
    ///
    /// Only for commands whose answers a server gives one after the other.
    pub(super) async fn commands(
        &mut self,
        commands: &[(String, Doing)],
        mut visit: impl FnMut(usize, &Response<'_>),
    ) -> Result<Replies, ConnectorError> {
        self.commands_with(commands, |at, response, _| visit(at, response)).await
    }

    /// The same with what [`Session::answer_with`] gives.
    pub(super) async fn commands_with(
        &mut self,
        commands: &[(String, Doing)],
        mut visit: impl FnMut(usize, &Response<'_>, Vec<Bytes>),
    ) -> Result<Replies, ConnectorError> {
        let mut replies = Replies::default();
        let mut tags = Vec::with_capacity(commands.len());
        let mut reply = Reply::default();
        while replies.each.len() < commands.len() {
            while tags.len() < commands.len() && tags.len() < replies.each.len() + WINDOW {
                tags.push(self.begin(&commands[tags.len()].0).await?);
                self.write(b"\r\n").await?;
            }
            self.flush().await?;
            let at = replies.each.len();
            let answer = self.answer_with(self.patience.idle, |response, bodies| {
                note(&mut reply, response);
                visit(at, response, bodies);
            });
            match answer.await? {
                Answer::Untagged(()) => {}
                Answer::Tagged(tag, judged) if tag == tags[at] => {
                    let reply = std::mem::take(&mut reply);
                    replies.each.push(self.judged(reply, judged, commands[at].1));
                }
                Answer::Tagged(..) => {
                    return Err(self.lost("reading", io::Error::other("answers came in another order")));
                }
            }
        }
        replies.diverted = self.guard().take_diverted();
        Ok(replies)
    }

    fn judged(
        &mut self,
        mut reply: Reply,
        judged: Result<Option<ResponseCode<'static>>, Refusal>,
        doing: Doing,
    ) -> Result<Reply, ConnectorError> {
        match judged {
            Ok(Some(ResponseCode::Capabilities(told))) => {
                reply.capabilities = Some(told.iter().map(spelt).collect());
                Ok(reply)
            }
            Ok(code) => {
                reply.codes.extend(code);
                Ok(reply)
            }
            Err(refusal) => Err(refusal.error(doing, self.name.clone())),
        }
    }

    /// Waits for the server's `+`; a tagged answer instead is a refusal.
    pub(super) async fn continuation(&mut self, tag: &Tag) -> Result<Result<(), Refusal>, ConnectorError> {
        Ok(self.challenge(tag).await?.map(drop))
    }

    /// Waits for the server's `+` and what stands behind it; a tagged answer instead is a refusal.
    pub(super) async fn challenge(&mut self, tag: &Tag) -> Result<Result<String, Refusal>, ConnectorError> {
        let text = |response: &Response<'_>| match response {
            Response::Continue(outcome) => Some(outcome.information.as_deref().unwrap_or_default().to_owned()),
            _ => None,
        };
        loop {
            match self.answer(self.patience.idle, text).await? {
                Answer::Untagged(Some(text)) => return Ok(Ok(text)),
                Answer::Tagged(answered, Err(refusal)) if answered == *tag => return Ok(Err(refusal)),
                Answer::Tagged(answered, Ok(_)) if answered == *tag => {
                    return Err(self.lost("reading", io::Error::other("a tagged OK came instead of a continuation")));
                }
                _ => {}
            }
        }
    }

    /// Reads the greeting; true if the server says that we are logged in already.
    pub(super) async fn greeting(&mut self) -> Result<bool, ConnectorError> {
        let not_imap = |error: ConnectorError| match error.code {
            FindingCode::ServerError => {
                ConnectorError { code: FindingCode::NotImap, decision: Decision::Permanent, ..error }
            }
            _ => error,
        };
        let mut reply = Reply::default();
        let wait = self.patience.idle.min(Duration::from_secs(20));
        let logged_in = self.answer(wait, |response| {
            note(&mut reply, response);
            match response {
                Response::Data { status: Status::Ok, .. } => Some(false),
                Response::Data { status: Status::PreAuth, .. } => Some(true),
                _ => None,
            }
        });
        let logged_in = logged_in.await.map_err(not_imap)?;
        self.learn_capabilities(&mut reply);
        match logged_in {
            Answer::Untagged(Some(logged_in)) => Ok(logged_in),
            Answer::Untagged(None) | Answer::Tagged(..) => Err(self.not_imap()),
        }
    }

    fn not_imap(&self) -> ConnectorError {
        ConnectorError::new(FindingCode::NotImap, Decision::Permanent, self.name.clone())
    }

    /// Takes capabilities that the server told with a greeting or a login (RFC 9051 section 7.1); false if it did not.
    pub(super) fn learn_capabilities(&mut self, reply: &mut Reply) -> bool {
        let told = reply.capabilities.take();
        told.map(|capabilities| self.capabilities = capabilities).is_some()
    }

    /// True if nothing is known of what the server can do.
    pub(super) fn knows_no_capabilities(&self) -> bool {
        self.capabilities.is_empty()
    }

    /// Asks for the capabilities anew (RFC 9051 section 6.1.1).
    pub(super) async fn ask_capabilities(&mut self) -> Result<(), ConnectorError> {
        let reply = self.command("CAPABILITY", Doing::Other).await?;
        self.capabilities = reply
            .diverted
            .iter()
            .map(|response| wire::values(response))
            .filter(|values| {
                values.first().and_then(wire::Value::text).is_some_and(|word| word.eq_ignore_ascii_case("CAPABILITY"))
            })
            .flat_map(|values| values.into_iter().skip(1))
            .filter_map(|value| value.text().map(str::to_ascii_uppercase))
            .collect();
        Ok(())
    }

    /// Learns prefix and separator (RFC 2342); without NAMESPACE, the separator by `LIST "" ""`.
    pub(super) async fn ask_naming(&mut self) -> Result<(), ConnectorError> {
        if self.can("NAMESPACE") {
            let reply = self.command("NAMESPACE", Doing::Other).await?;
            if let Some(naming) = reply.diverted.iter().find_map(|response| wire::personal_namespace(response)) {
                self.naming = naming;
                return Ok(());
            }
        }
        let reply = self.command("LIST \"\" \"\"", Doing::Other).await?;
        if let Some(listed) = reply.diverted.iter().find_map(|response| wire::listed(response, "LIST")) {
            self.naming = NamingStyle { separator: listed.separator, prefix: String::new() };
        }
        Ok(())
    }

    /// From now on the mailbox whose inbox is this folder is what the session shows: an admin sees it among others.
    pub(super) fn look_below(&mut self, root: &str) {
        let separator = self.naming.separator.map(String::from).unwrap_or_default();
        self.naming.prefix = format!("{root}{separator}");
        self.root = Some(utf7::encode(root));
    }

    /// EXAMINE or SELECT (RFC 9051 sections 6.3.2 and 6.3.3).
    pub(super) async fn open_folder(&mut self, verb: &str, wire_name: &str) -> Result<FolderStatus, ConnectorError> {
        // A failed attempt leaves no folder open.
        self.open = None;
        let reply = self.command(&format!("{verb} {}", wire::quoted(wire_name)), Doing::OpenFolder).await?;
        believable(self.opened(wire_name, &reply), &self.name)
    }

    /// Takes note of a folder that was opened.
    pub(super) fn opened(&mut self, wire_name: &str, reply: &Reply) -> FolderStatus {
        let mut status = FolderStatus {
            uid_validity: UidValidity(0),
            uid_next: u32::MAX,
            messages: reply.exists.unwrap_or(0),
            highest_modseq: None,
        };
        let mut permanent_flags = None;
        for code in &reply.codes {
            match code {
                ResponseCode::UidValidity(value) => status.uid_validity = UidValidity(*value),
                ResponseCode::UidNext(value) => status.uid_next = *value,
                ResponseCode::HighestModSeq(value) if self.can("CONDSTORE") => status.highest_modseq = Some(*value),
                ResponseCode::PermanentFlags(flags) => {
                    permanent_flags = Some(flags.iter().map(|flag| flag.clone().into_owned()).collect());
                }
                _ => {}
            }
        }
        self.remember(wire_name, KnownFolder { uid_validity: status.uid_validity, permanent_flags });
        self.open = Some((wire_name.to_owned(), status.uid_validity));
        status
    }

    fn remember(&mut self, wire_name: &str, mut folder: KnownFolder) {
        let flags = |folder: &KnownFolder| folder.permanent_flags.as_ref().map_or(0, Vec::len);
        self.known_flags -= self.known.remove(wire_name).map_or(0, |before| flags(&before));
        if self.known_flags + flags(&folder) > ALL_FLAGS_LIMIT {
            folder.permanent_flags = None;
        }
        self.known_flags += flags(&folder);
        self.known.insert(wire_name.to_owned(), folder);
    }
}

/// The parser's error holds what the server said, mail and all: none of that may get into a log.
fn without_words(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::Other => io::Error::other("the server's answer cannot be read"),
        _ => error,
    }
}

fn refusal(status: &'static str, outcome: &Outcome<'_>) -> Refusal {
    let text = outcome.information.as_deref().unwrap_or_default();
    let code = match outcome.code {
        Some(ResponseCode::TryCreate) => "[TRYCREATE] ",
        _ => "",
    };
    Refusal { status, text: format!("{code}{text}") }
}

fn note(reply: &mut Reply, response: &Response<'_>) {
    match response {
        Response::MailboxData(MailboxDatum::Exists(number)) => reply.exists = Some(*number),
        Response::Data { status: Status::Ok, outcome } => match &outcome.code {
            Some(ResponseCode::Capabilities(told)) => reply.capabilities = Some(told.iter().map(spelt).collect()),
            // The last word of each kind counts: whoever repeats itself takes no more memory.
            other => {
                if let Some(code) = other.as_ref().and_then(owned) {
                    reply.codes.retain(|known| std::mem::discriminant(known) != std::mem::discriminant(&code));
                    reply.codes.push(code);
                }
            }
        },
        _ => {}
    }
}

fn spelt(capability: &Capability<'_>) -> String {
    match capability {
        Capability::Imap4rev1 => "IMAP4REV1".to_owned(),
        Capability::Auth(mechanism) => format!("AUTH={}", mechanism.to_ascii_uppercase()),
        Capability::Atom(name) => name.to_ascii_uppercase(),
    }
}

/// The codes that somebody here asks for.
fn owned(code: &ResponseCode<'_>) -> Option<ResponseCode<'static>> {
    Some(match code {
        ResponseCode::UidValidity(value) => ResponseCode::UidValidity(*value),
        ResponseCode::UidNext(value) => ResponseCode::UidNext(*value),
        ResponseCode::HighestModSeq(value) => ResponseCode::HighestModSeq(*value),
        ResponseCode::PermanentFlags(flags) => {
            // `\*`, which says that any keyword is kept, comes last.
            let first = flags.iter().take(FOLDER_FLAGS_LIMIT);
            let any = flags.iter().skip(FOLDER_FLAGS_LIMIT).filter(|flag| *flag == "\\*").take(1);
            ResponseCode::PermanentFlags(first.chain(any).map(|flag| flag.clone().into_owned().into()).collect())
        }
        ResponseCode::Capabilities(told) => ResponseCode::Capabilities(
            told.iter().map(|capability| Capability::Atom(spelt(capability).into())).collect(),
        ),
        ResponseCode::AppendUid(validity, uids) => ResponseCode::AppendUid(*validity, copied(uids)),
        _ => return None,
    })
}

fn copied(
    uids: &[async_imap::imap_proto::rfc4315::UidSetMember],
) -> Vec<async_imap::imap_proto::rfc4315::UidSetMember> {
    use async_imap::imap_proto::rfc4315::UidSetMember;
    uids.iter()
        .map(|member| match member {
            UidSetMember::UidRange(range) => UidSetMember::UidRange(range.clone()),
            UidSetMember::Uid(uid) => UidSetMember::Uid(*uid),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(code: ResponseCode<'static>) -> Response<'static> {
        Response::Data { status: Status::Ok, outcome: Outcome { code: Some(code), information: None } }
    }

    #[test]
    fn what_is_told_again_takes_no_more_memory() {
        let mut reply = Reply::default();
        for number in 1..1_000 {
            let flags = (0..5_000).map(|n| format!("k{n}").into()).chain(["\\*".into()]).collect();
            note(&mut reply, &told(ResponseCode::UidNext(number)));
            note(&mut reply, &told(ResponseCode::PermanentFlags(flags)));
        }
        let [ResponseCode::UidNext(999), ResponseCode::PermanentFlags(flags)] = reply.codes.as_slice() else {
            panic!("the last of each kind: {:?}", reply.codes);
        };
        assert_eq!(flags.len(), FOLDER_FLAGS_LIMIT + 1);
        assert_eq!(flags.last().map(AsRef::as_ref), Some("\\*"), "whether others are kept is known all the same");
    }
}
