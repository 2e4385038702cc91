//! Writing messages: APPEND of one or many (RFC 3501 section 6.3.11, RFC 3502), with the UIDs they get (RFC 4315).

use bytes::Bytes;
use chrono::{DateTime, Utc};

use crate::{
    command::{Argument, Command},
    fetch::throttled,
    mailbox::{Mailbox, is_date_time, spelt},
    place::Place,
    session::Answer,
};

/// Most messages of a folder.
const MOST_MESSAGES: usize = 10_000;

/// A message on its way in.
struct New {
    flags: Vec<String>,
    date: Option<String>,
    body: Bytes,
}

/// All are stored or none is.
pub(crate) fn append(place: Place, command: &Command, mailbox: &mut Mailbox, now: DateTime<Utc>) -> Answer {
    let (Some(name), Some(messages)) = (command.text(0), messages(command.arguments.get(1..).unwrap_or_default()))
    else {
        return Answer::bad("where to, and what?");
    };
    if let Some(wait) = place.wait(mailbox, now) {
        return Answer { changed: wait.changed, ..throttled(wait.millis) };
    }
    let more: u64 = messages.iter().map(|message| message.body.len() as u64).sum();
    if mailbox.size_bytes() + more > place.room_bytes() {
        return Answer::no("[OVERQUOTA] the mailbox is full");
    }
    let Some(folder) = mailbox.folder_mut(&name) else { return Answer::no("[TRYCREATE] there is no such folder") };
    if folder.messages.len() + messages.len() > MOST_MESSAGES {
        return Answer::no("[OVERQUOTA] the folder is full");
    }
    let first = folder.uid_next;
    for New { flags, date, body } in messages {
        folder.push(flags, date.unwrap_or_else(|| spelt(now.fixed_offset())), body);
    }
    let (validity, last) = (folder.uid_validity, folder.uid_next - 1);
    let uids = if first == last { first.to_string() } else { format!("{first}:{last}") };
    let stored = Answer::ok(&format!("[APPENDUID {validity} {uids}] stored")).changing();
    Answer { is_portion: true, ..stored }
}

/// `(flags) "date" literal`, once or more; flags and date may be left out.
fn messages(mut arguments: &[Argument]) -> Option<Vec<New>> {
    let mut messages = Vec::new();
    while !arguments.is_empty() {
        let mut new = New { flags: Vec::new(), date: None, body: Bytes::new() };
        if let [Argument::List(flags), rest @ ..] = arguments {
            new.flags = flags.iter().map(Argument::text).collect::<Option<_>>()?;
            arguments = rest;
        }
        if let [Argument::Quoted(date), rest @ ..] = arguments {
            new.date = Some(date.trim_start().to_owned()).filter(|date| is_date_time(date));
            new.date.as_ref()?;
            arguments = rest;
        }
        let [Argument::Literal(body), rest @ ..] = arguments else { return None };
        new.body = body.clone();
        arguments = rest;
        messages.push(new);
    }
    (!messages.is_empty()).then_some(messages)
}
