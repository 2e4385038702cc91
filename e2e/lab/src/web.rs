//! An HTTPS server (HTTP/1.1, one request a connection) that answers as it is told: for discovery, webhooks, and
//! hostile answers.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use crate::{authority::Authority, folder::Folder};

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Status, such as 200.
    pub status: u16,
    /// Header fields besides Content-Length and Connection.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The body so many times, without Content-Length: more than anybody should read.
    pub times: u64,
}

impl Page {
    /// 200 with this body.
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: Vec::new(), body: body.into(), times: 1 }
    }

    /// A redirect to `location`.
    pub fn redirect(location: &str) -> Self {
        let headers = vec![("Location".to_owned(), location.to_owned())];
        Self { status: 302, headers, body: Vec::new(), times: 1 }
    }
}

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// The host it was meant for.
    pub host: String,
    /// Path and query.
    pub target: String,
    /// Header fields, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

#[derive(Default)]
struct Site {
    /// By host and path with query.
    pages: BTreeMap<(String, String), Page>,
    /// The same, for one request each.
    once: BTreeMap<(String, String), Page>,
    requests: Vec<Request>,
}

/// A running server. It lives as long as the process; what is not there is answered by 404.
pub struct WebServer {
    site: Arc<Mutex<Site>>,
    port: u16,
    folder: Folder,
}

impl WebServer {
    /// Starts a server whose certificate, by the lab's authority, names `hosts`.
    pub fn start(hosts: &[&str]) -> io::Result<Self> {
        let folder = Folder::new(None, "mailferry-web-")?;
        let authority = Authority::of_process()?;
        std::fs::write(folder.path().join("ca.pem"), &authority.pem)?;
        let identity = authority.identity(hosts)?;
        let chain = vec![CertificateDer::from_pem_slice(identity.certificate.as_bytes()).map_err(io::Error::other)?];
        let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).map_err(io::Error::other)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(io::Error::other)?;
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let (site, config) = (Arc::<Mutex<Site>>::default(), Arc::new(config));
        let shared = Arc::clone(&site);
        thread::Builder::new().name("web".to_owned()).spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, config) = (Arc::clone(&shared), Arc::clone(&config));
                // A client that breaks off is its own affair.
                thread::spawn(move || drop(serve(stream, config, &shared)));
            }
        })?;
        Ok(Self { site, port, folder })
    }

    /// Port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificate (PEM) that a client must trust; it is the same for all servers of this process.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// The folder of the server's files.
    pub fn dir(&self) -> &Path {
        self.folder.path()
    }

    /// What is answered from now on at this path (with query) of this host.
    pub fn set(&self, host: &str, target: &str, page: Page) {
        locked(&self.site).pages.insert((host.to_owned(), target.to_owned()), page);
    }

    /// What is answered to the next request at this path (with query) of this host, only.
    pub fn set_once(&self, host: &str, target: &str, page: Page) {
        locked(&self.site).once.insert((host.to_owned(), target.to_owned()), page);
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        locked(&self.site).requests.clone()
    }
}

fn locked(site: &Mutex<Site>) -> MutexGuard<'_, Site> {
    site.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(stream: TcpStream, config: Arc<ServerConfig>, site: &Mutex<Site>) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    stream.set_write_timeout(Some(Duration::from_secs(20)))?;
    let session = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(session, stream));
    let request = read(&mut stream)?;
    let key = (request.host.clone(), request.target.clone());
    let page = {
        let mut site = locked(site);
        site.requests.push(request);
        let once = site.once.remove(&key);
        once.or_else(|| site.pages.get(&key).cloned()).unwrap_or(Page { status: 404, ..Page::ok("") })
    };
    answer(stream.get_mut(), &page)
}

fn read(stream: &mut impl BufRead) -> io::Result<Request> {
    let line = line(stream)?;
    let mut words = line.split(' ').map(ToOwned::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = BTreeMap::new();
    loop {
        let field = self::line(stream)?;
        let Some((name, value)) = field.split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let size = headers.get("content-length").and_then(|size| size.parse().ok()).unwrap_or(0);
    let mut body = Vec::new();
    stream.take(size).read_to_end(&mut body)?;
    let host = headers.get("host").map_or("", |host| host.split(':').next().unwrap_or_default()).to_owned();
    Ok(Request { method, host, target, headers, body })
}

fn line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    stream.take(64 * 1024).read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

fn answer(stream: &mut impl Write, page: &Page) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {} Told\r\nConnection: close\r\n", page.status);
    for (name, value) in &page.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    if page.times == 1 {
        let _ = write!(head, "Content-Length: {}\r\n", page.body.len());
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    for _ in 0..page.times {
        stream.write_all(&page.body)?;
    }
    stream.flush()
}
