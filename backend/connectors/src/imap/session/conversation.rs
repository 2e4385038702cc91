//! Commands out, answers in, every tagged one judged.

use std::{
    io,
    time::{Duration, Instant},
};

use async_imap::imap_proto::{AttributeValue, Response, ResponseCode, Status};
use bytes::Bytes;
use mailferry_engine::port::{ConnectorError, Decision};
use mailferry_shared::finding::FindingCode;
use tokio::io::AsyncWriteExt;

use super::{
    Session,
    reply::{Answer, Replies, Reply, Tag, note, owned, refusal, spelt, without_words},
    silence::while_it_moves,
};
use crate::imap::{
    bodies::{Came, Taken},
    refusal::{Doing, Refusal},
};

/// Untagged responses in a row that may bring nothing on.
const UNTAGGED_LIMIT: u32 = 2_000_000;
/// So many times as long as it may be silent, a server may say things that bring nothing on (some say that they are still
/// there while they work); beyond that, each response buys it [`A_RESPONSE`].
const TALK: u32 = 10;
const A_RESPONSE: Duration = Duration::from_millis(2);
/// But no longer than this.
const MOST_TALK: Duration = Duration::from_mins(10);
/// A server whose answers take longer than this is far away.
const FAR: Duration = Duration::from_millis(10);
/// Short commands on the way at once.
const WINDOW: usize = 64;

impl Session {
    /// What the server said brought something on: it may take its time again.
    pub(in crate::imap) fn comes_on(&mut self) {
        self.talk = (0, Instant::now());
    }

    /// A floor on the rate: a server that only talks is not listened to for ever, however often it says something. Asked
    /// before the next response: the last one may have been long in coming, and bring something on.
    fn still_listens(&mut self, wait: Duration) -> Result<(), ConnectorError> {
        let (said, since) = self.talk;
        let talks = said > 0 && since.elapsed() > (wait * TALK).min(MOST_TALK) + A_RESPONSE * said;
        if said <= UNTAGGED_LIMIT && !talks {
            return Ok(());
        }
        Err(self.lost("reading", io::Error::other("too many untagged responses")))
    }

    /// An error on the line while doing `what`; the session is of no use any more.
    pub(in crate::imap) fn lost(&mut self, what: &str, error: io::Error) -> ConnectorError {
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
    pub(in crate::imap) async fn send(&mut self, command: &str) -> Result<Tag, ConnectorError> {
        let tag = self.begin(command).await?;
        self.end().await?;
        self.flush().await?;
        Ok(tag)
    }

    /// Writes the end of a command.
    pub(in crate::imap) async fn end(&mut self) -> Result<(), ConnectorError> {
        self.write(b"\r\n").await?;
        self.half_said = false;
        Ok(())
    }

    /// The server has refused a command before its end was written.
    pub(in crate::imap) fn is_cut_short(&mut self) {
        self.half_said = false;
    }

    /// Writes a tag and the beginning of a command, which must be [ended](Self::end). Whoever stops in between leaves a
    /// line on which nothing more can be said.
    pub(in crate::imap) async fn begin(&mut self, command: &str) -> Result<Tag, ConnectorError> {
        if self.broken || self.half_said {
            return Err(ConnectorError::new(
                FindingCode::ConnectionLost,
                Decision::Retry,
                format!("{} is closed", self.name),
            ));
        }
        self.next_tag += 1;
        self.comes_on();
        let tag = Tag(format!("M{}", self.next_tag));
        self.half_said = true;
        self.write(format!("{} {command}", tag.0).as_bytes()).await?;
        Ok(tag)
    }

    pub(in crate::imap) async fn write(&mut self, bytes: &[u8]) -> Result<(), ConnectorError> {
        let writing = self.client.get_mut().write_all(bytes);
        let written = while_it_moves(&self.passed, self.patience.idle, writing).await;
        written.map_err(|error| self.lost("sending", error))
    }

    pub(in crate::imap) async fn flush(&mut self) -> Result<(), ConnectorError> {
        let flushing = self.client.get_mut().flush();
        let flushed = while_it_moves(&self.passed, self.patience.idle, flushing).await;
        flushed.map_err(|error| self.lost("sending", error))
    }

    /// Reads what comes next; `take` makes of an untagged response what the caller needs.
    pub(in crate::imap) async fn answer<T>(
        &mut self,
        wait: Duration,
        take: impl FnOnce(&Response<'_>) -> T,
    ) -> Result<Answer<T>, ConnectorError> {
        self.answer_with(wait, |response, _| take(response)).await
    }

    /// The same with the messages, or slices of them, that the response brings, in its order: in the response itself
    /// stand-ins are left of them.
    pub(in crate::imap) async fn answer_with<T>(
        &mut self,
        wait: Duration,
        take: impl FnOnce(&Response<'_>, Vec<Came>) -> T,
    ) -> Result<Answer<T>, ConnectorError> {
        self.still_listens(wait)?;
        let read = while_it_moves(&self.passed, wait, self.client.read_response()).await;
        let response = read.map_err(|error| self.lost("reading", without_words(error)))?;
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
                self.talk.0 += 1;
                let bodies = self.bodies_of(other)?;
                Ok(Answer::Untagged(take(other, bodies)))
            }
        }
    }

    fn bodies_of(&mut self, response: &Response<'_>) -> Result<Vec<Came>, ConnectorError> {
        let Response::Fetch(_, attributes) = response else { return Ok(Vec::new()) };
        let mut bodies = Vec::new();
        for attribute in attributes {
            let AttributeValue::BodySection { section: None, data: Some(data), .. } = attribute else { continue };
            bodies.push(match self.guard().take_body(data) {
                Taken::Body(body) => body,
                // As a quoted string.
                Taken::NoStandIn => Came::Memory(Bytes::copy_from_slice(data)),
                Taken::Unknown => return Err(self.lost("reading", io::Error::other("a message came without its end"))),
            });
        }
        Ok(bodies)
    }

    /// Sends a command and reads up to its tagged OK.
    pub(in crate::imap) async fn command(&mut self, command: &str, doing: Doing) -> Result<Reply, ConnectorError> {
        let began = Instant::now();
        let tag = self.send(command).await?;
        let reply = self.finish(&tag, doing, self.patience.idle, |_| {}).await;
        self.round_trip = self.round_trip.min(began.elapsed());
        reply
    }

    /// True if what is asked for takes so long to come that much must be on the way at once.
    pub(in crate::imap) fn is_far(&self) -> bool {
        self.round_trip != Duration::MAX && self.round_trip >= FAR
    }

    /// Reads up to the answer tagged `tag`; `visit` sees every untagged response.
    pub(in crate::imap) async fn finish(
        &mut self,
        tag: &Tag,
        doing: Doing,
        wait: Duration,
        mut visit: impl FnMut(&Response<'_>),
    ) -> Result<Reply, ConnectorError> {
        self.finish_with(tag, doing, wait, |response, _| visit(response)).await
    }

    /// The same with what [`Session::answer_with`] gives.
    pub(in crate::imap) async fn finish_with(
        &mut self,
        tag: &Tag,
        doing: Doing,
        wait: Duration,
        mut visit: impl FnMut(&Response<'_>, Vec<Came>),
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
    pub(in crate::imap) async fn finish_or_challenge(
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
    pub(in crate::imap) async fn commands(
        &mut self,
        commands: &[(String, Doing)],
        mut visit: impl FnMut(usize, &Response<'_>),
    ) -> Result<Replies, ConnectorError> {
        self.commands_with(commands, |at, response, _| visit(at, response)).await
    }

    /// The same with what [`Session::answer_with`] gives.
    pub(in crate::imap) async fn commands_with(
        &mut self,
        commands: &[(String, Doing)],
        mut visit: impl FnMut(usize, &Response<'_>, Vec<Came>),
    ) -> Result<Replies, ConnectorError> {
        let mut replies = Replies::default();
        let mut tags = Vec::with_capacity(commands.len());
        let mut reply = Reply::default();
        while replies.each.len() < commands.len() {
            while tags.len() < commands.len() && tags.len() < replies.each.len() + WINDOW {
                tags.push(self.begin(&commands[tags.len()].0).await?);
                self.end().await?;
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
    pub(in crate::imap) async fn continuation(&mut self, tag: &Tag) -> Result<Result<(), Refusal>, ConnectorError> {
        Ok(self.challenge(tag).await?.map(drop))
    }

    /// Waits for the server's `+` and what stands behind it; a tagged answer instead is a refusal.
    pub(in crate::imap) async fn challenge(&mut self, tag: &Tag) -> Result<Result<String, Refusal>, ConnectorError> {
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
}
