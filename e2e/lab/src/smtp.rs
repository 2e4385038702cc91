//! A mail server (RFC 5321) that takes every mail and writes it into a folder: `0001.eml`, and what matters of it as
//! `0001.json`.

use std::{
    fs,
    io::{self, BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use mail_parser::MessageParser;
use serde::{Deserialize, Serialize};

use crate::folder::Folder;

/// A mail that has arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// Its file.
    pub file: PathBuf,
    /// Sender of the envelope.
    pub envelope_from: String,
    /// Recipients of the envelope.
    pub envelope_to: Vec<String>,
    /// Subject, decoded.
    pub subject: String,
    /// The text part, decoded.
    pub text: String,
    /// The HTML part, decoded; empty if there is none.
    pub html: String,
}

/// A running mail sink. It lives as long as the process; its folder as long as this value, unless one was given.
#[derive(Debug)]
pub struct SmtpSink {
    folder: Folder,
    port: u16,
}

struct Shared {
    dir: PathBuf,
    count: AtomicU32,
}

impl SmtpSink {
    /// Listens on a free port of 127.0.0.1 and writes into `dir`, or into a temporary folder.
    pub fn start(dir: Option<&Path>) -> io::Result<Self> {
        let folder = Folder::new(dir, "mailferry-sink-")?;
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared { dir: folder.path().to_owned(), count: AtomicU32::new(0) });
        thread::Builder::new().name("smtp-sink".to_owned()).spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                // A client that breaks off is its own affair.
                thread::spawn(move || drop(serve(&stream, &shared)));
            }
        })?;
        Ok(Self { folder, port })
    }

    /// Port on 127.0.0.1, without TLS.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where the mails lie.
    pub fn dir(&self) -> &Path {
        self.folder.path()
    }

    /// Every mail so far, oldest first.
    pub fn mails(&self) -> io::Result<Vec<Mail>> {
        let mut files: Vec<PathBuf> =
            fs::read_dir(self.dir())?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
        files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
        files.sort();
        files.iter().map(|file| serde_json::from_slice(&fs::read(file)?).map_err(io::Error::other)).collect()
    }

    /// Waits until there are at least `count` mails.
    pub fn await_mails(&self, count: usize, at_most: Duration) -> io::Result<Vec<Mail>> {
        let deadline = Instant::now() + at_most;
        loop {
            let mails = self.mails()?;
            if mails.len() >= count {
                return Ok(mails);
            }
            if Instant::now() > deadline {
                let text = format!("{} mails instead of {count} after {at_most:?}", mails.len());
                return Err(crate::failed(text));
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

#[derive(Default)]
struct Envelope {
    from: String,
    to: Vec<String>,
}

fn serve(stream: &TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    let mut lines = BufReader::new(stream);
    let mut out = stream;
    let mut envelope = Envelope::default();
    out.write_all(b"220 sink.example ESMTP\r\n")?;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let line = line.trim_end();
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-sink.example\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 50000000",
            "MAIL" => {
                envelope = Envelope { from: address(line), to: Vec::new() };
                "250 2.1.0 fine"
            }
            "RCPT" => {
                envelope.to.push(address(line));
                "250 2.1.5 fine"
            }
            "DATA" => {
                out.write_all(b"354 go on\r\n")?;
                let mail = data(&mut lines)?;
                keep(shared, &std::mem::take(&mut envelope), &mail)?;
                "250 2.0.0 kept"
            }
            "QUIT" => return out.write_all(b"221 2.0.0 bye\r\n"),
            "RSET" => {
                envelope = Envelope::default();
                "250 2.0.0 fine"
            }
            "HELO" | "NOOP" => "250 2.0.0 fine",
            _ => "502 5.5.1 not here",
        };
        out.write_all(format!("{answer}\r\n").as_bytes())?;
    }
}

fn address(line: &str) -> String {
    let inner = line.split('<').nth(1).and_then(|rest| rest.split('>').next());
    inner.unwrap_or_default().to_owned()
}

/// The lines up to the lone dot, with doubled dots undone (RFC 5321 section 4.5.2).
fn data(lines: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut mail = Vec::new();
    loop {
        let mut line = Vec::new();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok(mail);
        }
        mail.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}

fn keep(shared: &Shared, envelope: &Envelope, mail: &[u8]) -> io::Result<()> {
    let number = shared.count.fetch_add(1, Ordering::SeqCst) + 1;
    let file = shared.dir.join(format!("{number:04}.eml"));
    fs::write(&file, mail)?;
    let parsed = MessageParser::default().parse(mail);
    let text =
        |part: Option<std::borrow::Cow<'_, str>>| part.map(|text| text.replace("\r\n", "\n")).unwrap_or_default();
    let known = Mail {
        file,
        envelope_from: envelope.from.clone(),
        envelope_to: envelope.to.clone(),
        subject: parsed.as_ref().and_then(|mail| mail.subject()).unwrap_or_default().to_owned(),
        text: text(parsed.as_ref().and_then(|mail| mail.body_text(0))),
        html: text(parsed.as_ref().and_then(|mail| mail.body_html(0))),
    };
    // Renamed when complete, so that a reader never sees half a file.
    let temporary = shared.dir.join(format!("{number:04}.tmp"));
    fs::write(&temporary, serde_json::to_vec_pretty(&known)?)?;
    fs::rename(temporary, shared.dir.join(format!("{number:04}.json")))
}
