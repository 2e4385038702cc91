//! What the small Gmail says.

use std::{
    fmt::Write,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use super::{
    Damage, State, locked,
    mailbox::{Folder, Mailbox},
};

/// A command: its words, and its literals.
struct Command {
    tag: String,
    verb: String,
    line: String,
    literals: Vec<Vec<u8>>,
}

pub(super) async fn serve(stream: TcpStream, state: Arc<Mutex<State>>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    if locked(&state).is_down() {
        return Ok(());
    }
    write.write_all(b"* OK Gimap ready\r\n").await?;
    let within = {
        let mut state = locked(&state);
        state.connected += 1;
        state.connected <= state.most_connections
    };
    let talked = talk(&mut read, &mut write, &state, within).await;
    locked(&state).connected -= 1;
    talked
}

async fn talk(
    read: &mut BufReader<OwnedReadHalf>,
    write: &mut OwnedWriteHalf,
    state: &Mutex<State>,
    within: bool,
) -> std::io::Result<()> {
    let (mut selected, mut errors) = (String::new(), 0);
    while let Some(command) = command(read, write).await? {
        let (answer, errors_allowed) = {
            let mut state = locked(state);
            state.heard.push(format!("{} {}", command.verb, command.line));
            let answer = match told(&mut state, &command.verb) {
                Some(words) => (Vec::new(), words.to_owned()),
                None if !within && command.verb == "AUTHENTICATE" => {
                    (Vec::new(), "NO [ALERT] Too many simultaneous connections. (Failure)".to_owned())
                }
                None => answer(&mut state, &command, &mut selected),
            };
            if !answer.1.starts_with("OK") && matches!(command.verb.as_str(), "SELECT" | "EXAMINE") {
                selected.clear();
            }
            (answer, state.errors)
        };
        let (untagged, status) = answer;
        if let Some(words) = status.strip_prefix("BYE ") {
            write.write_all(&untagged).await?;
            write.write_all(format!("* BYE {words}\r\n").as_bytes()).await?;
            return Ok(());
        }
        write.write_all(&untagged).await?;
        write.write_all(format!("{} {status}\r\n", command.tag).as_bytes()).await?;
        if !status.starts_with("OK") {
            errors += 1;
        }
        if errors >= errors_allowed || command.verb == "LOGOUT" {
            return Ok(());
        }
    }
    Ok(())
}

/// What was told to be said to such a command.
fn told(state: &mut State, verb: &str) -> Option<&'static str> {
    let words = state.words.iter_mut().find(|words| words.verb == verb && words.times > 0)?;
    if words.after > 0 {
        words.after -= 1;
        return None;
    }
    words.times -= 1;
    Some(words.line)
}

async fn command(read: &mut BufReader<OwnedReadHalf>, write: &mut OwnedWriteHalf) -> std::io::Result<Option<Command>> {
    let (mut whole, mut literals) = (String::new(), Vec::new());
    loop {
        let mut line = Vec::new();
        if read.read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        whole.push_str(&line);
        let Some(size) = line.strip_suffix('}').and_then(|line| line.rsplit('{').next()).map(str::to_owned) else {
            break;
        };
        if !size.ends_with('+') {
            write.write_all(b"+ go ahead\r\n").await?;
        }
        let mut bytes = vec![0; size.trim_end_matches('+').parse().unwrap_or(0)];
        read.read_exact(&mut bytes).await?;
        literals.push(bytes);
    }
    let (tag, rest) = whole.split_once(' ').unwrap_or((&whole, ""));
    let (first, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let mut verb = first.to_ascii_uppercase();
    let mut rest = rest;
    if verb == "UID" {
        let (second, after) = rest.split_once(' ').unwrap_or((rest, ""));
        verb = format!("UID {}", second.to_ascii_uppercase());
        rest = after;
    }
    if verb == "AUTHENTICATE" && !rest.contains(' ') {
        // Without SASL-IR the answer comes on a line of its own.
        write.write_all(b"+ \r\n").await?;
        read.read_until(b'\n', &mut Vec::new()).await?;
    }
    Ok(Some(Command { tag: tag.to_owned(), verb, line: rest.to_owned(), literals }))
}

type Answer = (Vec<u8>, String);

fn ok(untagged: String) -> Answer {
    (untagged.into_bytes(), "OK Success".to_owned())
}

fn answer(state: &mut State, command: &Command, selected: &mut String) -> Answer {
    let line = command.line.as_str();
    match command.verb.as_str() {
        "CAPABILITY" => ok(format!("* CAPABILITY {}\r\n", state.capabilities)),
        "AUTHENTICATE" | "LOGIN" => {
            state.logins += 1;
            ok(String::new())
        }
        "NAMESPACE" => ok("* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n".to_owned()),
        "LIST" => ok(list(&state.mailbox, "LIST", line)),
        "XLIST" => ok(list(&state.mailbox, "XLIST", line)),
        "LSUB" => ok(list(&state.mailbox, "LSUB", line)),
        "STATUS" if line.contains("APPENDLIMIT") => ok(append_limit(state, &name(line))),
        "STATUS" => ok(status(&state.mailbox, &name(line))),
        "SELECT" | "EXAMINE" => match open(state, &name(line)) {
            Some(told) => {
                *selected = name(line);
                ok(told)
            }
            // None is open then.
            None => (Vec::new(), "NO [NONEXISTENT] Unknown Mailbox (Failure)".to_owned()),
        },
        "CREATE" => create(&mut state.mailbox, &name(line)),
        "UID FETCH" | "FETCH" => match state.mailbox.folders.get(selected.as_str()) {
            Some(folder) => fetch(state, folder, line, command.verb == "UID FETCH"),
            None => (Vec::new(), "BAD No mailbox selected".to_owned()),
        },
        "UID STORE" => ok(String::new()),
        "APPEND" => append(state, command),
        "SUBSCRIBE" | "NOOP" => ok(String::new()),
        "LOGOUT" => ok("* BYE LOGOUT Requested\r\n".to_owned()),
        _ => (Vec::new(), "BAD Unknown command".to_owned()),
    }
}

/// The first word, which may be in quotes.
fn name(line: &str) -> String {
    match line.strip_prefix('"') {
        Some(rest) => rest.split('"').next().unwrap_or_default().to_owned(),
        None => line.split(' ').next().unwrap_or_default().to_owned(),
    }
}

/// XLIST names the inbox in its owner's language, and some uses in words of its own.
fn list(mailbox: &Mailbox, keyword: &str, line: &str) -> String {
    let mut told = String::new();
    for (name, folder) in &mailbox.folders {
        let (name, attributes) = match (keyword, name.as_str()) {
            ("XLIST", "INBOX") => ("Posteingang", folder.attributes.clone()),
            ("XLIST", name) => {
                let words = [("\\All", "\\AllMail"), ("\\Flagged", "\\Starred"), ("\\Junk", "\\Spam")];
                let own = words.into_iter().find(|(use_, _)| folder.attributes == *use_);
                (name, own.map_or(folder.attributes.clone(), |(_, own)| own.to_owned()))
            }
            (_, "INBOX") => ("INBOX", String::new()),
            (_, name) if keyword == "LIST" && line.contains("SPECIAL-USE") => (name, folder.attributes.clone()),
            (_, name) if folder.attributes.contains("Noselect") => (name, folder.attributes.clone()),
            (_, name) => (name, String::new()),
        };
        let _ = write!(told, "* {keyword} ({attributes}) \"/\" \"{name}\"\r\n");
        if line.contains("STATUS") && !attributes.contains("Noselect") {
            told.push_str(&status(mailbox, name));
        }
    }
    told
}

fn status(mailbox: &Mailbox, name: &str) -> String {
    mailbox.folders.get(name).map_or(String::new(), |folder| {
        let (messages, next, validity) = (folder.messages.len(), folder.uid_next, folder.uid_validity);
        format!("* STATUS \"{name}\" (MESSAGES {messages} UIDNEXT {next} UIDVALIDITY {validity})\r\n")
    })
}

/// Only of some folders.
fn append_limit(state: &State, name: &str) -> String {
    let limit = state.folder_limits.get(name).map_or("NIL".to_owned(), ToString::to_string);
    format!("* STATUS \"{name}\" (APPENDLIMIT {limit})\r\n")
}

fn open(state: &State, name: &str) -> Option<String> {
    let any = if state.keeps_keywords { " \\*" } else { "" };
    let folder = state.mailbox.folders.get(name).filter(|folder| !folder.attributes.contains("Noselect"))?;
    Some(format!(
        "* FLAGS (\\Answered \\Flagged \\Draft \\Deleted \\Seen)\r\n\
         * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Draft \\Deleted \\Seen{any})] Flags permitted.\r\n\
         * OK [UIDVALIDITY {}] UIDs valid.\r\n* {} EXISTS\r\n* 0 RECENT\r\n* OK [UIDNEXT {}] Predicted next UID.\r\n",
        folder.uid_validity,
        folder.messages.len(),
        folder.uid_next
    ))
}

/// Gmail's rules for names.
fn create(mailbox: &mut Mailbox, name: &str) -> Answer {
    let spaces = name.split('/').any(|level| level.trim() != level || level.contains("  "));
    if name.contains('^') || spaces {
        return (Vec::new(), format!("NO [CANNOT] Invalid folder name: {name} (Failure)"));
    }
    if mailbox.folders.contains_key(name) {
        return (Vec::new(), "NO [ALREADYEXISTS] Duplicate folder name (Failure)".to_owned());
    }
    mailbox.create(name);
    ok(String::new())
}

fn fetch(state: &State, folder: &Folder, line: &str, by_uid: bool) -> Answer {
    let (mailbox, mut end) = (&state.mailbox, "OK Success");
    let (set, items) = line.split_once(' ').unwrap_or((line, ""));
    let mut told = Vec::new();
    let wanted = |number: u32, uid: u32| holds(set, if by_uid { uid } else { number });
    for (number, (uid, at)) in (1..).zip(&folder.messages).filter(|(number, (uid, _))| wanted(*number, *uid)) {
        match state.damaged.get(uid).filter(|_| items.contains("BODY.PEEK[]")) {
            Some(Damage::Refused) => {
                end = "NO Some messages could not be FETCHed (Failure)";
                continue;
            }
            Some(Damage::LeftOut) => continue,
            Some(Damage::HangsUp) => return (told, "BYE FETCH failed".to_owned()),
            Some(Damage::Internal) => return (told, "NO [SERVERBUG] Internal error occurred.".to_owned()),
            None => {}
        }
        if items.contains("BODY.PEEK[]") {
            match state.readable.get().checked_sub(1) {
                Some(left) => state.readable.set(left),
                None => return (told, "BYE The disks are gone".to_owned()),
            }
        }
        let message = &mailbox.messages[*at];
        let mut parts = vec![format!("UID {uid}")];
        if items.contains("FLAGS") {
            parts.push(format!("FLAGS ({})", message.flags.join(" ")));
        }
        if items.contains("INTERNALDATE") {
            parts.push(format!("INTERNALDATE \"{}\"", message.date));
        }
        if items.contains("RFC822.SIZE") {
            parts.push(format!("RFC822.SIZE {}", message.bytes.len()));
        }
        if items.contains("X-GM-MSGID") {
            parts.push(format!("X-GM-MSGID {}", message.number));
        }
        told.extend(format!("* {number} FETCH ({}", parts.join(" ")).bytes());
        if items.contains("BODY.PEEK[]") {
            told.extend(format!(" BODY[] {{{}}}\r\n", message.bytes.len()).bytes());
            told.extend(&message.bytes);
        }
        told.extend(b")\r\n");
    }
    (told, end.to_owned())
}

fn holds(set: &str, uid: u32) -> bool {
    let number = |text: &str| if text == "*" { u32::MAX } else { text.parse().unwrap_or(0) };
    set.split(',').any(|part| match part.split_once(':') {
        Some((first, last)) => (number(first)..=number(last)).contains(&uid),
        None => number(part) == uid,
    })
}

fn append(state: &mut State, command: &Command) -> Answer {
    let bytes = command.literals.last().cloned().unwrap_or_default();
    let inside = |open: &str, close: char| {
        command.line.split_once(open).and_then(|(_, rest)| rest.split_once(close)).map(|(text, _)| text)
    };
    if bytes.len() > state.most_bytes {
        return (Vec::new(), "NO [TOOBIG] Message too large. (Failure)".to_owned());
    }
    if state.refuses.is_some_and(|words| String::from_utf8_lossy(&bytes).contains(words)) {
        return (Vec::new(), "NO Message contains something that this server does not like".to_owned());
    }
    if state.refuses_flag.is_some_and(|flag| inside("(", ')').unwrap_or_default().contains(flag)) {
        return (Vec::new(), "BAD Invalid flag list".to_owned());
    }
    let flags = inside("(", ')').unwrap_or_default().split(' ').filter(|flag| !flag.is_empty()).map(str::to_owned);
    let date = inside(") \"", '"').unwrap_or_default().to_owned();
    match state.mailbox.append(&name(&command.line), bytes, flags.collect(), date) {
        Some((validity, uid)) => (Vec::new(), format!("OK [APPENDUID {validity} {uid}] (Success)")),
        None => (Vec::new(), "NO [TRYCREATE] No folder (Failure)".to_owned()),
    }
}
