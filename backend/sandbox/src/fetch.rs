//! Reading messages and changing their flags: FETCH and STORE (RFC 3501 sections 6.4.5 and 6.4.6).

use chrono::{DateTime, Utc};

use crate::{
    command::{Argument, Command},
    mailbox::{Mailbox, Message},
    session::{Answer, Session},
};

/// What of a message is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Item {
    Uid,
    Flags,
    InternalDate,
    Size,
    /// All of it, or so many bytes from an offset.
    Body(Option<(usize, usize)>),
}

pub(crate) fn fetch(session: &Session, command: &Command, mailbox: &mut Mailbox, now: DateTime<Utc>) -> Answer {
    let Some(open) = &session.open else { return Answer::bad("no folder is open") };
    let by_uid = command.verb == "UID FETCH";
    let (Some(set), Some(mut items)) = (command.text(0), command.arguments.get(1).and_then(items)) else {
        return Answer::bad("of which messages, and what?");
    };
    let bodies = items.iter().any(|item| matches!(item, Item::Body(_)));
    if bodies && let Some(wait) = session.place.wait(mailbox, now) {
        return Answer { changed: wait.changed, ..throttled(wait.millis) };
    }
    if by_uid && !items.contains(&Item::Uid) {
        items.push(Item::Uid);
    }
    let Some(folder) = mailbox.folder(&open.name) else { return Answer::no("[NONEXISTENT] the folder is gone") };
    let mut told = Vec::new();
    for (number, message) in chosen(&folder.messages, &set, by_uid) {
        told.extend_from_slice(format!("* {number} FETCH (").as_bytes());
        for (n, item) in items.iter().enumerate() {
            told.extend_from_slice(if n == 0 { b"" } else { b" " });
            tell(message, item, &mut told);
        }
        told.extend_from_slice(b")\r\n");
    }
    Answer { is_portion: bodies, ..Answer::ok("done").with(told) }
}

/// What Exchange says; nothing is wrong with the message.
pub(crate) fn throttled(millis: i64) -> Answer {
    Answer::no(&format!("[THROTTLED] Request is throttled. Suggested Backoff Time: {millis} milliseconds"))
}

fn items(argument: &Argument) -> Option<Vec<Item>> {
    match argument {
        Argument::List(list) => list.iter().map(item).collect(),
        one => Some(vec![item(one)?]),
    }
}

fn item(argument: &Argument) -> Option<Item> {
    let Argument::Word(word) = argument else { return None };
    let word = word.to_ascii_uppercase();
    Some(match word.as_str() {
        "UID" => Item::Uid,
        "FLAGS" => Item::Flags,
        "INTERNALDATE" => Item::InternalDate,
        "RFC822.SIZE" => Item::Size,
        _ => {
            let part = word.strip_prefix("BODY.PEEK[]")?;
            Item::Body(if part.is_empty() { None } else { Some(partial(part)?) })
        }
    })
}

/// `<offset.length>`
fn partial(text: &str) -> Option<(usize, usize)> {
    let (offset, length) = text.strip_prefix('<')?.strip_suffix('>')?.split_once('.')?;
    Some((offset.parse().ok()?, length.parse().ok()?))
}

fn tell(message: &Message, item: &Item, told: &mut Vec<u8>) {
    let text = match item {
        Item::Uid => format!("UID {}", message.uid),
        Item::Flags => format!("FLAGS ({})", message.flags.join(" ")),
        Item::InternalDate => format!("INTERNALDATE \"{}\"", message.date),
        Item::Size => format!("RFC822.SIZE {}", message.body.len()),
        Item::Body(part) => {
            let (offset, length) = part.unwrap_or((0, usize::MAX));
            let from = offset.min(message.body.len());
            let bytes = &message.body[from..from.saturating_add(length).min(message.body.len())];
            let origin = part.map(|(offset, _)| format!("<{offset}>")).unwrap_or_default();
            told.extend_from_slice(format!("BODY[]{origin} {{{}}}\r\n", bytes.len()).as_bytes());
            told.extend_from_slice(bytes);
            return;
        }
    };
    told.extend_from_slice(text.as_bytes());
}

/// The messages of a set, with their numbers.
fn chosen<'a>(messages: &'a [Message], set: &str, by_uid: bool) -> Vec<(usize, &'a Message)> {
    let last = if by_uid { messages.last().map_or(0, |message| message.uid) } else { count(messages) };
    let within = |n: u32| set.split(',').any(|part| holds(part, n, last));
    let numbered = (1..).zip(messages);
    numbered
        .filter(|(number, message)| within(if by_uid { message.uid } else { u32::try_from(*number).unwrap_or(0) }))
        .collect()
}

fn count(messages: &[Message]) -> u32 {
    u32::try_from(messages.len()).unwrap_or(u32::MAX)
}

/// True if a part of a set, such as `3:*`, holds a number; `*` is the last one.
fn holds(part: &str, n: u32, last: u32) -> bool {
    let number = |text: &str| if text == "*" { Some(last) } else { text.parse().ok() };
    match part.split_once(':') {
        Some((from, to)) => match (number(from), number(to)) {
            (Some(from), Some(to)) => (from.min(to)..=from.max(to)).contains(&n),
            _ => false,
        },
        None => number(part) == Some(n),
    }
}

pub(crate) fn store(session: &Session, command: &Command, mailbox: &mut Mailbox) -> Answer {
    let Some(open) = session.open.clone() else { return Answer::bad("no folder is open") };
    if open.read_only {
        return Answer::no("the folder is open for reading only");
    }
    let (Some(set), Some(what)) = (command.text(0), command.text(1)) else { return Answer::bad("what of which?") };
    let what = what.to_ascii_uppercase();
    let (sign, silent) = match what.strip_suffix(".SILENT") {
        Some(sign) => (sign, true),
        None => (what.as_str(), false),
    };
    let flags: Option<Vec<String>> = match command.arguments.get(2) {
        Some(Argument::List(flags)) => flags.iter().map(Argument::text).collect(),
        Some(one) => one.text().map(|flag| vec![flag]),
        None => None,
    };
    let (Some(flags), "+FLAGS" | "-FLAGS" | "FLAGS") = (flags, sign) else { return Answer::bad("which flags?") };
    let by_uid = command.verb == "UID STORE";
    let Some(folder) = mailbox.folder_mut(&open.name) else { return Answer::no("[NONEXISTENT] the folder is gone") };
    let uids: Vec<u32> = chosen(&folder.messages, &set, by_uid).iter().map(|(_, message)| message.uid).collect();
    let mut told = Vec::new();
    for (number, message) in (1..).zip(&mut folder.messages).filter(|(_, message)| uids.contains(&message.uid)) {
        change(&mut message.flags, sign, &flags);
        if !silent {
            let told_flags = message.flags.join(" ");
            told.extend_from_slice(
                format!("* {number} FETCH (UID {} FLAGS ({told_flags}))\r\n", message.uid).as_bytes(),
            );
        }
    }
    Answer::ok("done").with(told).changing()
}

fn change(flags: &mut Vec<String>, sign: &str, named: &[String]) {
    let is_named = |flag: &String| named.iter().any(|other| other.eq_ignore_ascii_case(flag));
    if sign == "FLAGS" {
        flags.clear();
    } else {
        flags.retain(|flag| !is_named(flag));
    }
    if sign != "-FLAGS" {
        flags.extend(named.iter().cloned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_it_says() {
        for (part, n, expected) in
            [("3", 3, true), ("3:5", 4, true), ("5:3", 4, true), ("3:*", 9, true), ("12:*", 9, true), ("x", 3, false)]
        {
            assert_eq!(holds(part, n, 9), expected, "{part}");
        }
    }

    #[test]
    fn flags_are_set_taken_away_and_put_in_place_of_others() {
        let mut flags = vec!["\\Seen".to_owned()];
        change(&mut flags, "+FLAGS", &["\\SEEN".to_owned(), "x".to_owned()]);
        assert_eq!(flags, ["\\SEEN", "x"], "none twice");
        change(&mut flags, "-FLAGS", &["\\seen".to_owned()]);
        assert_eq!(flags, ["x"]);
        change(&mut flags, "FLAGS", &["y".to_owned()]);
        assert_eq!(flags, ["y"]);
    }
}
