//! A mail server (RFC 5321) that takes every mail and writes it into a folder: `0001.eml`, and what matters of it as
//! `0001.json`. Over TLS too, from the start (RFC 8314) or by STARTTLS (RFC 3207), which it then insists on.

use std::{
    fs,
    io::{self, BufRead, BufReader, Read, Write},
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
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use serde::{Deserialize, Serialize};

use crate::{authority::Authority, folder::Folder};

/// How connections are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// Not at all.
    None,
    /// From the first byte on.
    Implicit,
    /// After STARTTLS; before, no mail is taken.
    StartTls,
}

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

/// Stands for a server that takes no mail at all.
const NEVER: u32 = u32::MAX;

struct Shared {
    dir: PathBuf,
    count: AtomicU32,
    /// So many mails are refused for now (451) before one is taken; [`NEVER`]: all are, for good (550).
    refuse: AtomicU32,
    mode: SmtpTls,
    tls: Option<Arc<ServerConfig>>,
}

trait Duplex: Read + Write {}

impl<T: Read + Write> Duplex for T {}

type Lines = BufReader<Box<dyn Duplex>>;

impl SmtpSink {
    /// Listens on a free port of 127.0.0.1 and writes into `dir`, or into a temporary folder.
    pub fn start(dir: Option<&Path>) -> io::Result<Self> {
        Self::start_with(dir, SmtpTls::None, 0)
    }

    /// One that refuses every mail for good.
    pub fn start_refusing() -> io::Result<Self> {
        Self::start_with(None, SmtpTls::None, NEVER)
    }

    /// The same with TLS, by a certificate of the lab's authority for `localhost`; the first `refuse` mails are refused
    /// for now.
    pub fn start_with(dir: Option<&Path>, mode: SmtpTls, refuse: u32) -> io::Result<Self> {
        let folder = Folder::new(dir, "mailferry-sink-")?;
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let tls = if mode == SmtpTls::None { None } else { Some(Arc::new(server_config(folder.path())?)) };
        let (dir, count) = (folder.path().to_owned(), AtomicU32::new(0));
        let shared = Arc::new(Shared { dir, count, refuse: AtomicU32::new(refuse), mode, tls });
        thread::Builder::new().name("smtp-sink".to_owned()).spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                // A client that breaks off is its own affair.
                thread::spawn(move || drop(serve(stream, &shared)));
            }
        })?;
        Ok(Self { folder, port })
    }

    /// The certificate authority to trust, PEM, if this server speaks TLS.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Port on 127.0.0.1.
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

fn server_config(dir: &Path) -> io::Result<ServerConfig> {
    let authority = Authority::of_process()?;
    fs::write(dir.join("ca.pem"), &authority.pem)?;
    let identity = authority.identity(&["localhost"])?;
    let chain = vec![CertificateDer::from_pem_slice(identity.certificate.as_bytes()).map_err(io::Error::other)?];
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(io::Error::other)
}

fn protected(stream: TcpStream, shared: &Shared) -> io::Result<Lines> {
    let config = shared.tls.clone().ok_or_else(|| crate::failed("no certificate"))?;
    let session = ServerConnection::new(config).map_err(io::Error::other)?;
    Ok(BufReader::new(Box::new(StreamOwned::new(session, stream))))
}

fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    let raw = stream.try_clone()?;
    let mut secure = shared.mode == SmtpTls::Implicit;
    let mut lines: Lines = if secure { protected(stream, shared)? } else { BufReader::new(Box::new(stream)) };
    let mut envelope = Envelope::default();
    say(&mut lines, "220 sink.example ESMTP")?;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let line = line.trim_end();
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let wants_tls = shared.mode == SmtpTls::StartTls && !secure;
        let answer = match verb.as_str() {
            "EHLO" if wants_tls => "250-sink.example\r\n250 STARTTLS",
            "EHLO" => "250-sink.example\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 50000000",
            "STARTTLS" if wants_tls => {
                say(&mut lines, "220 go on")?;
                (lines, secure) = (protected(raw.try_clone()?, shared)?, true);
                continue;
            }
            "MAIL" | "DATA" if wants_tls => "530 5.7.0 STARTTLS first",
            "MAIL" if shared.refuse.load(Ordering::SeqCst) == NEVER => "550 5.7.1 never",
            "MAIL" if shared.refuse.load(Ordering::SeqCst) > 0 => {
                shared.refuse.fetch_sub(1, Ordering::SeqCst);
                "451 4.3.0 not now"
            }
            "MAIL" => {
                envelope = Envelope { from: address(line), to: Vec::new() };
                "250 2.1.0 fine"
            }
            "RCPT" => {
                envelope.to.push(address(line));
                "250 2.1.5 fine"
            }
            "DATA" => {
                say(&mut lines, "354 go on")?;
                let mail = data(&mut lines)?;
                keep(shared, &std::mem::take(&mut envelope), &mail)?;
                "250 2.0.0 kept"
            }
            "QUIT" => return say(&mut lines, "221 2.0.0 bye"),
            "RSET" => {
                envelope = Envelope::default();
                "250 2.0.0 fine"
            }
            "HELO" | "NOOP" => "250 2.0.0 fine",
            _ => "502 5.5.1 not here",
        };
        say(&mut lines, answer)?;
    }
}

fn say(lines: &mut Lines, answer: &str) -> io::Result<()> {
    let out = lines.get_mut();
    out.write_all(format!("{answer}\r\n").as_bytes())?;
    out.flush()
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
