//! Fills a mailbox of any server from another one, message by message, with the lab's own client.

use std::io;

use crate::imap::{Client, Listed, Login, quoted};

/// What the new server did not take, in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// A folder's name at the old server.
    pub folder: String,
    /// The refusal.
    pub reason: String,
}

/// Puts every folder, subscription and message of `from` into `to`.
pub fn refill(from: &Login, to: &Login) -> io::Result<Vec<Refused>> {
    let (mut old, mut new) = (Client::login(from)?, Client::login(to)?);
    let (old_prefix, new_prefix) = (old.prefix()?, new.prefix()?);
    let separator = new.list()?.iter().find_map(|listed| listed.separator).unwrap_or('/');
    let rename = |listed: &Listed| {
        let name = String::from_utf8_lossy(&listed.name).into_owned();
        if name.eq_ignore_ascii_case("INBOX") {
            return name;
        }
        let name = name.strip_prefix(&old_prefix).unwrap_or(&name);
        format!("{new_prefix}{}", name.replace(listed.separator.unwrap_or('/'), &separator.to_string()))
    };
    let mut refused = Vec::new();
    for listed in old.list()?.iter().filter(|listed| listed.selectable()) {
        let (here, there) = (quoted(&listed.name), quoted(rename(listed).as_bytes()));
        let mut note = |error: io::Error| refused.push(Refused { folder: here.clone(), reason: error.to_string() });
        if !listed.name.eq_ignore_ascii_case(b"INBOX")
            && let Err(error) = new.command(format!("CREATE {there}").as_bytes())
        {
            note(error);
            continue;
        }
        old.command(format!("EXAMINE {here}").as_bytes())?;
        old.command_each(b"UID FETCH 1:* (FLAGS INTERNALDATE BODY.PEEK[])", |response| {
            let text = String::from_utf8_lossy(&response.text()).into_owned();
            let part = |start: &str, end: &str| Some(text.split_once(start)?.1.split_once(end)?.0.to_owned());
            let Some((flags, date)) = part("FLAGS (", ")").zip(part("INTERNALDATE \"", "\"")) else { return Ok(()) };
            let body = response.literals.first().cloned().unwrap_or_default();
            let flags: Vec<&str> = flags.split(' ').filter(|flag| *flag != "\\Recent").collect();
            new.append_raw(&there, &flags.join(" "), Some(&date), &body).or_else(|error| {
                note(error);
                Ok(())
            })
        })?;
    }
    for listed in old.subscribed()? {
        // Of a folder that was refused, nobody can be a subscriber.
        let _ = new.command(format!("SUBSCRIBE {}", quoted(rename(&listed).as_bytes())).as_bytes());
    }
    Ok(refused)
}
