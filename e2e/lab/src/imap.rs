//! A small blocking IMAP client (RFC 3501) of the lab's own: it judges the product, so it shares no code with it.
//!
//! It speaks plaintext to the lab's servers on loopback only.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

use crate::{failed, mailbox_name};

/// How to log in to one of the lab's servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Port on 127.0.0.1, plaintext.
    pub port: u16,
    /// User name.
    pub user: String,
    /// Password.
    pub password: String,
}

/// One response line, its literals apart: `text literal text literal … text`.
#[derive(Debug, Default)]
pub struct Response {
    /// The pieces of text; always one more than literals.
    pub texts: Vec<Vec<u8>>,
    /// The literals between them.
    pub literals: Vec<Vec<u8>>,
}

impl Response {
    /// The texts as one, for a look at everything but literals.
    pub fn text(&self) -> Vec<u8> {
        self.texts.join(&b' ')
    }
}

/// A folder as LIST or LSUB names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The name on the wire, still encoded.
    pub name: Vec<u8>,
    /// Attributes such as `\Noselect`, as they stand.
    pub attributes: String,
    /// Separator between levels, if there are levels.
    pub separator: Option<char>,
}

impl Listed {
    /// True if it can be opened.
    pub fn selectable(&self) -> bool {
        !self.attributes.contains("\\Noselect") && !self.attributes.contains("\\NonExistent")
    }
}

/// A session, logged in.
pub struct Client {
    stream: BufReader<TcpStream>,
    tag: u32,
}

impl Client {
    /// Connects and logs in; a refused login is an error.
    pub fn login(login: &Login) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", login.port))?;
        stream.set_read_timeout(Some(Duration::from_mins(1)))?;
        stream.set_nodelay(true)?;
        let mut client = Self { stream: BufReader::with_capacity(1 << 18, stream), tag: 0 };
        client.response()?;
        let command = format!("LOGIN {} {}", quoted(login.user.as_bytes()), quoted(login.password.as_bytes()));
        client.command(command.as_bytes())?;
        Ok(client)
    }

    /// Sends a command and collects its untagged responses; anything but a tagged OK is an error.
    pub fn command(&mut self, command: &[u8]) -> io::Result<Vec<Response>> {
        let mut all = Vec::new();
        self.command_each(command, |response| {
            all.push(response);
            Ok(())
        })?;
        Ok(all)
    }

    /// The same, giving each untagged response away at once, so that a large folder need not fit in memory.
    pub fn command_each(&mut self, command: &[u8], mut each: impl FnMut(Response) -> io::Result<()>) -> io::Result<()> {
        let tag = self.send(command)?;
        loop {
            let response = self.response()?;
            if let Some(rest) = response.texts[0].strip_prefix(tag.as_bytes()) {
                return judge(command, rest);
            }
            each(response)?;
        }
    }

    /// Every folder below the namespace prefix.
    pub fn list(&mut self) -> io::Result<Vec<Listed>> {
        let responses = self.command(b"LIST \"\" \"*\"")?;
        Ok(responses.iter().filter_map(|response| listed(response, b"* LIST (")).collect())
    }

    /// Every subscribed folder.
    pub fn subscribed(&mut self) -> io::Result<Vec<Listed>> {
        let responses = self.command(b"LSUB \"\" \"*\"")?;
        Ok(responses.iter().filter_map(|response| listed(response, b"* LSUB (")).collect())
    }

    /// Prefix of the personal namespace (RFC 2342), often empty.
    pub fn prefix(&mut self) -> io::Result<String> {
        let responses = self.command(b"NAMESPACE")?;
        let text = responses.first().map(Response::text).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        Ok(text.split('"').nth(1).unwrap_or_default().to_owned())
    }

    /// Number of messages in `folder` (decoded name, the server's separator).
    pub fn count(&mut self, folder: &str) -> io::Result<u64> {
        self.count_raw(mailbox_name::encode(folder).as_bytes())
    }

    /// Number of messages in a folder named as LIST named it.
    pub fn count_raw(&mut self, name: &[u8]) -> io::Result<u64> {
        let name = quoted(name);
        let responses = self.command(format!("STATUS {name} (MESSAGES)").as_bytes())?;
        let text = responses.first().map(Response::text).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let number = text.rsplit("MESSAGES ").next().unwrap_or_default().trim_end_matches(')');
        number.parse().map_err(|_| failed(format!("STATUS answered {text}")))
    }

    /// Stores a message; `flags` such as `\Seen $Label1`, `date` such as ` 7-Feb-2024 10:00:00 +0000`.
    pub fn append(&mut self, folder: &str, flags: &str, date: Option<&str>, message: &[u8]) -> io::Result<()> {
        self.append_raw(&quoted(mailbox_name::encode(folder).as_bytes()), flags, date, message)
    }

    /// The same for a name as it stands on the wire.
    pub(crate) fn append_raw(&mut self, name: &str, flags: &str, date: Option<&str>, message: &[u8]) -> io::Result<()> {
        let date = date.map(|date| format!(" \"{date}\"")).unwrap_or_default();
        let command = format!("APPEND {name} ({flags}){date} {{{}}}", message.len());
        let tag = self.send(command.as_bytes())?;
        let answer = self.response()?;
        if !answer.texts[0].starts_with(b"+") {
            return judge(command.as_bytes(), answer.texts[0].strip_prefix(tag.as_bytes()).unwrap_or(&answer.texts[0]));
        }
        self.write(&[message, b"\r\n"].concat())?;
        loop {
            let response = self.response()?;
            if let Some(rest) = response.texts[0].strip_prefix(tag.as_bytes()) {
                return judge(command.as_bytes(), rest);
            }
        }
    }

    /// Deletes the messages `set` (sequence numbers, such as `1:3`) of `folder` for good.
    pub fn expunge(&mut self, folder: &str, set: &str) -> io::Result<()> {
        self.select(folder)?;
        self.command(format!("STORE {set} +FLAGS.SILENT (\\Deleted)").as_bytes())?;
        self.command(b"EXPUNGE")?;
        Ok(())
    }

    /// Changes flags: `change` such as `+FLAGS (\Seen)` on the messages `set` of `folder`.
    pub fn store(&mut self, folder: &str, set: &str, change: &str) -> io::Result<()> {
        self.select(folder)?;
        self.command(format!("STORE {set} {change}").as_bytes())?;
        Ok(())
    }

    fn select(&mut self, folder: &str) -> io::Result<()> {
        let name = quoted(mailbox_name::encode(folder).as_bytes());
        self.command(format!("SELECT {name}").as_bytes())?;
        Ok(())
    }

    fn send(&mut self, command: &[u8]) -> io::Result<String> {
        self.tag += 1;
        let tag = format!("L{} ", self.tag);
        self.write(&[tag.as_bytes(), command, b"\r\n"].concat())?;
        Ok(tag)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let stream = self.stream.get_mut();
        stream.write_all(bytes)?;
        stream.flush()
    }

    fn response(&mut self) -> io::Result<Response> {
        let mut response = Response::default();
        loop {
            let mut line = Vec::new();
            if self.stream.read_until(b'\n', &mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            while line.last().is_some_and(|byte| b"\r\n".contains(byte)) {
                line.pop();
            }
            let Some((start, size)) = literal(&line) else {
                response.texts.push(line);
                return Ok(response);
            };
            line.truncate(start);
            response.texts.push(line);
            let mut body = vec![0; size];
            self.stream.read_exact(&mut body)?;
            response.literals.push(body);
        }
    }
}

fn judge(command: &[u8], rest: &[u8]) -> io::Result<()> {
    if rest.starts_with(b"OK") {
        return Ok(());
    }
    let verb = command.split(|byte| *byte == b' ').next().unwrap_or_default();
    Err(failed(format!("{}: {}", String::from_utf8_lossy(verb), String::from_utf8_lossy(rest))))
}

/// Start and size of a literal that a line announces at its end: `{123}`.
fn literal(line: &[u8]) -> Option<(usize, usize)> {
    let inner = line.strip_suffix(b"}")?;
    let open = inner.iter().rposition(|byte| *byte == b'{')?;
    let size = std::str::from_utf8(&inner[open + 1..]).ok()?.parse().ok()?;
    Some((open, size))
}

/// A quoted string (RFC 3501 section 4.3).
pub(crate) fn quoted(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn listed(response: &Response, head: &[u8]) -> Option<Listed> {
    let rest = response.texts[0].strip_prefix(head)?;
    let close = rest.iter().position(|byte| *byte == b')')?;
    let attributes = String::from_utf8_lossy(&rest[..close]).into_owned();
    let rest = rest[close + 1..].strip_prefix(b" ")?;
    let (separator, rest) = if let Some(rest) = rest.strip_prefix(b"NIL ") {
        (None, rest)
    } else {
        let inner = rest.strip_prefix(b"\"")?;
        let inner = inner.strip_prefix(b"\\").unwrap_or(inner);
        (inner.first().map(|byte| char::from(*byte)), inner.get(1..)?.strip_prefix(b"\" ")?)
    };
    let name = response.literals.first().cloned().unwrap_or_else(|| unquoted(rest));
    Some(Listed { name, attributes, separator })
}

fn unquoted(text: &[u8]) -> Vec<u8> {
    let Some(inner) = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")) else {
        return text.to_owned();
    };
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter();
    while let Some(byte) = bytes.next() {
        out.push(if *byte == b'\\' { *bytes.next().unwrap_or(byte) } else { *byte });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{literal, quoted, unquoted};

    #[test]
    fn literals_are_recognised_at_the_end_of_a_line_only() {
        assert_eq!(literal(b"* 1 FETCH (BODY[] {12}"), Some((18, 12)));
        assert_eq!(literal(b"* LIST () \"/\" {x}"), None);
        assert_eq!(literal(b"plain"), None);
    }

    #[test]
    fn quoting_and_unquoting_are_inverse() {
        assert_eq!(unquoted(quoted(br#"Say "hi" \ twice"#).as_bytes()), br#"Say "hi" \ twice"#);
    }
}
