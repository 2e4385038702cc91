//! What two servers can do at most: a bare client that knows everything beforehand, holds all messages in memory, and
//! reads from one and writes to the other at the same time. Nothing passes in between: the floor under any copy.

use std::{
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    thread,
    time::Instant,
};

use mailferry_lab::{Client, Login, dovecot::PASSWORD, imap::Listed};

use super::tools::{Ends, Took};
use crate::Failure;

/// Messages of one MULTIAPPEND, and their bytes.
const BATCH: usize = 100;
const BATCH_BYTES: usize = 8 << 20;
/// Messages of one FETCH.
const FETCHED: usize = 500;
/// Commands on the way at once.
const COMMANDS: usize = 8;

/// A folder's name on the wire, and something of it.
pub(super) type Part<T> = (String, Vec<T>);
/// A message by UID and size.
type Known = (u32, u64);
/// A message by its internal date, with its bytes.
pub(super) type Held = (String, Vec<u8>);

/// Reads a mailbox over so many connections and drops it.
pub(super) fn read(ends: &Ends, connections: usize) -> Result<(), Failure> {
    let plan = plan_reading(ends, connections)?;
    let readers: Vec<_> = plan.into_iter().map(|jobs| reader(ends.source_port, &ends.source_user, jobs)).collect();
    readers.into_iter().try_for_each(ended)
}

/// Reads and writes at the same time, each over so many connections. What comes before the clock starts goes by the
/// `near` line.
pub(super) fn both(near: &Ends, ends: &Ends, maildir: &Path, connections: usize) -> Result<Took, Failure> {
    let reading = plan_reading(near, connections)?;
    let writing = share_out(load(maildir)?, connections, |(_, bytes)| bytes.len() as u64 + 500);
    let mut client = Client::login(&login(near.destination_port, &near.destination_user))?;
    for (folder, _) in writing.iter().flatten().filter(|(folder, _)| folder != "INBOX") {
        // Those that two connections share exist already the second time.
        let _ = client.command(format!("CREATE \"{}\"", escaped(folder)).as_bytes());
    }
    let began = Instant::now();
    let readers = reading.into_iter().map(|jobs| reader(ends.source_port, &ends.source_user, jobs));
    let writers = writing.into_iter().map(|jobs| writer(ends.destination_port, &ends.destination_user, jobs));
    let threads: Vec<_> = readers.chain(writers).collect();
    threads.into_iter().try_for_each(ended)?;
    Ok(Took { seconds: began.elapsed().as_secs_f64(), ..Took::default() })
}

/// How messages are sent: so many in one APPEND, so many APPENDs without an answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batches {
    pub(super) messages: usize,
    pub(super) ahead: usize,
}

/// Writes a mailbox over one connection.
pub(super) fn write(ends: &Ends, maildir: &Path, batches: Batches) -> Result<Took, Failure> {
    let folders = load(maildir)?;
    let mut client = Client::login(&login(ends.destination_port, &ends.destination_user))?;
    for (folder, _) in folders.iter().filter(|(folder, _)| folder != "INBOX") {
        client.command(format!("CREATE \"{}\"", escaped(folder)).as_bytes())?;
    }
    let began = Instant::now();
    let mut bare = Bare::login(ends.destination_port, &ends.destination_user)?;
    let mut to = io::BufWriter::with_capacity(1 << 18, bare.stream.get_ref().try_clone()?);
    let mut unanswered = 0;
    for (folder, messages) in &folders {
        for batch in messages.chunks(batches.messages) {
            write!(to, "W APPEND \"{}\"", escaped(folder))?;
            for (date, bytes) in batch {
                write!(to, " () \"{date}\" {{{}+}}\r\n", bytes.len())?;
                to.write_all(bytes)?;
            }
            to.write_all(b"\r\n")?;
            unanswered += 1;
            if unanswered == batches.ahead {
                to.flush()?;
                bare.answers(b"W", std::mem::take(&mut unanswered))?;
            }
        }
    }
    to.flush()?;
    bare.answers(b"W", unanswered)?;
    Ok(Took { seconds: began.elapsed().as_secs_f64(), ..Took::default() })
}

fn ended(thread: thread::JoinHandle<io::Result<()>>) -> Result<(), Failure> {
    Ok(thread.join().map_err(|_| "a bare client broke down")??)
}

fn login(port: u16, user: &str) -> Login {
    Login { port, user: user.to_owned(), password: PASSWORD.to_owned() }
}

fn escaped(name: &str) -> String {
    name.replace('\\', "\\\\").replace('"', "\\\"")
}

/// Cuts folders into `parts` of about the same size.
fn share_out<T>(folders: Vec<Part<T>>, parts: usize, size: impl Fn(&T) -> u64) -> Vec<Vec<Part<T>>> {
    let all: u64 = folders.iter().flat_map(|(_, items)| items).map(&size).sum();
    let mut shared: Vec<Vec<Part<T>>> = vec![Vec::new()];
    let mut sum = 0;
    for (folder, items) in folders {
        for item in items {
            sum += size(&item);
            let full = shared.len() < parts && sum > all * shared.len() as u64 / parts as u64;
            if full {
                shared.push(Vec::new());
            }
            let Some(part) = shared.last_mut() else { continue };
            match part.last_mut().filter(|(name, _)| *name == folder) {
                Some((_, items)) => items.push(item),
                None => part.push((folder.clone(), vec![item])),
            }
        }
    }
    shared
}

fn plan_reading(ends: &Ends, connections: usize) -> Result<Vec<Vec<Part<Known>>>, Failure> {
    let mut client = Client::login(&login(ends.source_port, &ends.source_user))?;
    let mut folders = Vec::new();
    for listed in client.list()?.into_iter().filter(Listed::selectable) {
        let name = String::from_utf8_lossy(&listed.name).into_owned();
        client.command(format!("EXAMINE \"{}\"", escaped(&name)).as_bytes())?;
        let sizes = client.command(b"UID FETCH 1:* (RFC822.SIZE)")?;
        let items: Vec<(u32, u64)> = sizes.iter().filter_map(|response| uid_and_size(&response.text())).collect();
        folders.push((name, items));
    }
    Ok(share_out(folders, connections, |(_, size)| size + 500))
}

/// Of `* 1 FETCH (UID 7 RFC822.SIZE 42)`.
fn uid_and_size(text: &[u8]) -> Option<(u32, u64)> {
    let text = String::from_utf8_lossy(text).into_owned();
    let number = |key: &str| {
        let rest = text.split(key).nth(1)?.trim_start();
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u64>().ok()
    };
    Some((u32::try_from(number("UID ")?).ok()?, number("RFC822.SIZE ")?))
}

/// Every message of a Maildir++ with its internal date, CRLF line ends, by folder.
pub(super) fn load(maildir: &Path) -> io::Result<Vec<Part<Held>>> {
    let mut folders = vec![("INBOX".to_owned(), maildir.join("cur"))];
    for entry in fs::read_dir(maildir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(name) = name.strip_prefix('.').filter(|_| entry.path().join("cur").is_dir()) {
            folders.push((name.replace('.', "/"), entry.path().join("cur")));
        }
    }
    folders.sort();
    let date = "01-Jan-2020 00:00:00 +0000".to_owned();
    let mut all = Vec::new();
    for (name, dir) in folders {
        let mut messages = Vec::new();
        for entry in fs::read_dir(dir)? {
            let mut bytes = Vec::new();
            for line in fs::read(entry?.path())?.split_inclusive(|byte| *byte == b'\n') {
                let (text, end) = line.strip_suffix(b"\n").map_or((line, &b""[..]), |text| (text, &b"\r\n"[..]));
                bytes.extend_from_slice(text);
                bytes.extend_from_slice(end);
            }
            messages.push((date.clone(), bytes));
        }
        all.push((name, messages));
    }
    Ok(all)
}

struct Bare {
    stream: BufReader<TcpStream>,
    line: Vec<u8>,
}

impl Bare {
    fn login(port: u16, user: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        let mut bare = Self { stream: BufReader::with_capacity(1 << 18, stream), line: Vec::new() };
        bare.next_line()?;
        bare.stream.get_mut().write_all(format!("L LOGIN {user} {PASSWORD}\r\n").as_bytes())?;
        bare.answers(b"L", 1)?;
        Ok(bare)
    }

    fn next_line(&mut self) -> io::Result<()> {
        self.line.clear();
        if self.stream.read_until(b'\n', &mut self.line)? == 0 {
            Err(io::ErrorKind::UnexpectedEof.into())
        } else {
            Ok(())
        }
    }

    /// Reads up to so many tagged answers; literals are skipped.
    fn answers(&mut self, tag: &[u8], mut wanted: usize) -> io::Result<()> {
        while wanted > 0 {
            self.next_line()?;
            if self.line.starts_with(tag) && self.line.get(tag.len()) == Some(&b' ') {
                if !self.line[tag.len()..].starts_with(b" OK") {
                    return Err(io::Error::other(String::from_utf8_lossy(&self.line).into_owned()));
                }
                wanted -= 1;
            } else if let Some(size) = literal(&self.line) {
                io::copy(&mut (&mut self.stream).take(size), &mut io::sink())?;
            }
        }
        Ok(())
    }
}

fn literal(line: &[u8]) -> Option<u64> {
    let inner = line.strip_suffix(b"}\r\n")?;
    let start = inner.iter().rposition(|byte| *byte == b'{')?;
    std::str::from_utf8(&inner[start + 1..]).ok()?.parse().ok()
}

fn reader(port: u16, user: &str, jobs: Vec<Part<Known>>) -> thread::JoinHandle<io::Result<()>> {
    let user = user.to_owned();
    thread::spawn(move || {
        let mut bare = Bare::login(port, &user)?;
        let mut commands = Vec::new();
        for (folder, items) in &jobs {
            commands.push(format!("R EXAMINE \"{}\"\r\n", escaped(folder)));
            for chunk in items.chunks(FETCHED) {
                let (first, last) = (chunk[0].0, chunk[chunk.len() - 1].0);
                commands.push(format!("R UID FETCH {first}:{last} (UID FLAGS INTERNALDATE BODY.PEEK[])\r\n"));
            }
        }
        for (at, command) in commands.iter().enumerate() {
            if at >= COMMANDS {
                bare.answers(b"R", 1)?;
            }
            bare.stream.get_mut().write_all(command.as_bytes())?;
        }
        bare.answers(b"R", commands.len().min(COMMANDS))
    })
}

fn writer(port: u16, user: &str, jobs: Vec<Part<Held>>) -> thread::JoinHandle<io::Result<()>> {
    let user = user.to_owned();
    thread::spawn(move || {
        let mut bare = Bare::login(port, &user)?;
        let mut to = io::BufWriter::with_capacity(1 << 18, bare.stream.get_ref().try_clone()?);
        let mut commands = 0;
        for (folder, messages) in &jobs {
            let (mut items, mut size) = (0, 0);
            for (date, bytes) in messages {
                if items == BATCH || size > BATCH_BYTES {
                    to.write_all(b"\r\n")?;
                    (items, size) = (0, 0);
                }
                if items == 0 {
                    write!(to, "W APPEND \"{}\"", escaped(folder))?;
                    commands += 1;
                }
                write!(to, " () \"{date}\" {{{}+}}\r\n", bytes.len())?;
                to.write_all(bytes)?;
                items += 1;
                size += bytes.len();
            }
            if items > 0 {
                to.write_all(b"\r\n")?;
            }
        }
        to.flush()?;
        bare.answers(b"W", commands)
    })
}
