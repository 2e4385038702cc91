//! Folders: LIST with its extensions (RFC 5258, RFC 5819, RFC 6154), STATUS (RFC 8438 for SIZE), CREATE, SUBSCRIBE.

use std::fmt::Write;

use crate::{
    command::{Argument, Command},
    mailbox::{Folder, Mailbox},
    session::{Answer, quoted},
};

/// Most folders of a mailbox.
const MOST_FOLDERS: usize = 1_000;

pub(crate) fn list(command: &Command, mailbox: &Mailbox) -> Answer {
    // `LIST (SUBSCRIBED) …` chooses.
    let (chosen, arguments) = match command.arguments.as_slice() {
        [Argument::List(chosen), rest @ ..] => (chosen.as_slice(), rest),
        all => (&[][..], all),
    };
    let [reference, pattern, options @ ..] = arguments else { return Answer::bad("which folders?") };
    let (Some(reference), Some(pattern)) = (reference.text(), pattern.text()) else {
        return Answer::bad("which folders?");
    };
    if pattern.is_empty() {
        return Answer::ok("done").with("* LIST (\\Noselect) \"/\" \"\"\r\n");
    }
    let only_subscribed = command.verb == "LSUB" || chosen.iter().any(|option| option.is("SUBSCRIBED"));
    let pattern = format!("{reference}{pattern}");
    let status = status_asked_for(options);
    let mut told = String::new();
    for folder in &mailbox.folders {
        if !matches(&pattern, &folder.name) || (only_subscribed && !folder.subscribed) {
            continue;
        }
        let attributes = attributes(mailbox, folder);
        let _ = write!(told, "* {} ({attributes}) \"/\" {}\r\n", command.verb, quoted(&folder.name));
        if let Some(items) = status {
            told.push_str(&status_of(folder, items).unwrap_or_default());
        }
    }
    Answer::ok("done").with(told)
}

/// The items of `RETURN (… STATUS (…))`.
fn status_asked_for(options: &[Argument]) -> Option<&[Argument]> {
    let [word, Argument::List(options)] = options else { return None };
    if !word.is("RETURN") {
        return None;
    }
    let at = options.iter().position(|option| option.is("STATUS"))?;
    options.get(at + 1)?.list()
}

fn attributes(mailbox: &Mailbox, folder: &Folder) -> String {
    let below = format!("{}/", folder.name);
    let has_children = mailbox.folders.iter().any(|other| other.name.starts_with(&below));
    let mut attributes = vec![if has_children { "\\HasChildren" } else { "\\HasNoChildren" }];
    attributes.extend(folder.subscribed.then_some("\\Subscribed"));
    attributes.extend(folder.special_use.as_deref());
    attributes.join(" ")
}

/// `*` stands for anything, `%` for anything of one level.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.chars().next() {
        None => name.is_empty(),
        Some(wild @ ('*' | '%')) => {
            let rest = &pattern[1..];
            let ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            ends.take_while(|&at| wild == '*' || !name[..at].contains('/')).any(|at| matches(rest, &name[at..]))
        }
        Some(letter) => name.strip_prefix(letter).is_some_and(|rest| matches(&pattern[letter.len_utf8()..], rest)),
    }
}

pub(crate) fn status(command: &Command, mailbox: &Mailbox) -> Answer {
    let (Some(name), Some(items)) = (command.text(0), command.arguments.get(1).and_then(Argument::list)) else {
        return Answer::bad("of which folder, and what?");
    };
    let Some(folder) = mailbox.folder(&name) else { return Answer::no("[NONEXISTENT] there is no such folder") };
    match status_of(folder, items) {
        Some(told) => Answer::ok("done").with(told),
        None => Answer::bad("that is not known of a folder"),
    }
}

fn status_of(folder: &Folder, items: &[Argument]) -> Option<String> {
    let mut told = Vec::new();
    for item in items {
        let item = item.text()?.to_ascii_uppercase();
        let unseen = || folder.messages.iter().filter(|message| !message.flags.iter().any(|flag| flag == "\\Seen"));
        let value = match item.as_str() {
            "MESSAGES" => folder.messages.len() as u64,
            "UIDNEXT" => folder.uid_next.into(),
            "UIDVALIDITY" => folder.uid_validity.into(),
            "UNSEEN" => unseen().count() as u64,
            "RECENT" => 0,
            "SIZE" => folder.size_bytes(),
            _ => return None,
        };
        told.push(format!("{item} {value}"));
    }
    Some(format!("* STATUS {} ({})\r\n", quoted(&folder.name), told.join(" ")))
}

pub(crate) fn create(command: &Command, mailbox: &mut Mailbox) -> Answer {
    let Some(name) = command.text(0) else { return Answer::bad("which folder?") };
    let name = name.trim_end_matches('/');
    if mailbox.folder(name).is_some() {
        return Answer::no("[ALREADYEXISTS] there is such a folder");
    }
    if name.split('/').any(str::is_empty) || name.len() > 1_000 || mailbox.folders.len() >= MOST_FOLDERS {
        return Answer::no("[CANNOT] this folder cannot be made");
    }
    mailbox.create(name, None);
    Answer::ok("made").changing()
}

pub(crate) fn subscribe(command: &Command, mailbox: &mut Mailbox) -> Answer {
    let wanted = command.verb == "SUBSCRIBE";
    let folder = command.text(0).and_then(|name| mailbox.folder_mut(&name));
    let Some(folder) = folder else { return Answer::no("[NONEXISTENT] there is no such folder") };
    if folder.subscribed == wanted {
        return Answer::ok("done");
    }
    folder.subscribed = wanted;
    Answer::ok("done").changing()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_choose_folders() {
        for (pattern, name, expected) in [
            ("*", "Projekte/a", true),
            ("%", "Projekte", true),
            ("%", "Projekte/a", false),
            ("Pro*a", "Projekte/a", true),
            ("Pro%/%", "Projekte/a", true),
            ("INBOX", "INBOX", true),
            ("INBOX", "Sent", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
