//! A small Gmail: one message with labels shows in several folders, merged with whatever is the same; XLIST or special
//! uses; folder names and sizes that it refuses; and whatever else it is told to say.

mod mailbox;
mod talk;

use std::{
    cell::Cell,
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use mailferry_connectors::{
    imap::ImapLogin,
    net::{AddressGuard, CertificateTrust, Network, Resolver},
};
use mailferry_shared::endpoint::{Endpoint, TlsMode};
use tokio::{net::TcpListener, task::JoinHandle};

pub(crate) use mailbox::Mailbox;

/// What is said instead of what a command asks for.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    /// The command's verb; `UID FETCH` and the like are one.
    pub(crate) verb: &'static str,
    /// How many such commands are answered as usual before.
    pub(crate) after: usize,
    /// How many are answered so.
    pub(crate) times: usize,
    /// Status, code and text; a BYE also ends the connection.
    pub(crate) line: &'static str,
}

/// What happens when a message is asked for that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Damage {
    /// All others are delivered, then comes a NO, as from Gmail.
    Refused,
    /// All others are delivered, then comes an OK.
    LeftOut,
    /// What lies before it is delivered, then comes a BYE, as from Dovecot.
    HangsUp,
    /// What lies before it is delivered, then comes a NO that might as well pass by itself.
    Internal,
}

/// What the server is like.
pub(crate) struct State {
    pub(crate) mailbox: Mailbox,
    pub(crate) capabilities: String,
    /// A message larger than this is refused.
    pub(crate) most_bytes: usize,
    /// The largest message of a folder.
    pub(crate) folder_limits: BTreeMap<&'static str, u64>,
    /// Messages with this in them are refused, whatever is repaired.
    pub(crate) refuses: Option<&'static str>,
    /// A flag or keyword that it does not take, whatever it said of keywords.
    pub(crate) refuses_flag: Option<&'static str>,
    /// Whether keywords are kept.
    pub(crate) keeps_keywords: bool,
    /// Errors of one connection before it is closed.
    pub(crate) errors: usize,
    /// Connections at once.
    pub(crate) most_connections: usize,
    pub(crate) words: VecDeque<Words>,
    /// By UID, in whatever folder.
    pub(crate) damaged: BTreeMap<u32, Damage>,
    /// Messages that are still read out; then every line breaks at the next one.
    pub(crate) readable: Cell<usize>,
    /// Whether connections are closed at once by then.
    pub(crate) goes_down: bool,
    /// Every command, without its tag.
    pub(crate) heard: Vec<String>,
    pub(crate) connected: usize,
    pub(crate) logins: usize,
}

impl State {
    fn is_down(&self) -> bool {
        self.goes_down && self.readable.get() == 0
    }
}

/// A running server; it takes no more connections once this value is gone.
pub(crate) struct Fake {
    port: u16,
    state: Arc<Mutex<State>>,
    listening: JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

pub(crate) const GMAIL: &str = "IMAP4rev1 AUTH=PLAIN SASL-IR UNSELECT NAMESPACE XLIST X-GM-EXT-1 UIDPLUS LIST-EXTENDED \
     LIST-STATUS LITERAL- SPECIAL-USE APPENDLIMIT=35651584";
/// As it was before special uses had a standard.
pub(crate) const OLD_GMAIL: &str = "IMAP4rev1 AUTH=PLAIN UNSELECT NAMESPACE XLIST X-GM-EXT-1 UIDPLUS";

impl Fake {
    pub(crate) async fn start(mailbox: Mailbox) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(Mutex::new(State {
            mailbox,
            capabilities: GMAIL.to_owned(),
            most_bytes: 35_651_584,
            folder_limits: BTreeMap::new(),
            refuses: None,
            refuses_flag: None,
            keeps_keywords: true,
            errors: usize::MAX,
            most_connections: 15,
            words: VecDeque::new(),
            damaged: BTreeMap::new(),
            readable: Cell::new(usize::MAX),
            goes_down: false,
            heard: Vec::new(),
            connected: 0,
            logins: 0,
        }));
        let shared = state.clone();
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that goes away is no failure of the server's.
                tokio::spawn(talk::serve(stream, shared.clone()));
            }
        });
        Self { port, state, listening }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }

    /// From now on says these words.
    pub(crate) fn say(&self, words: impl IntoIterator<Item = Words>) {
        self.state().words = words.into_iter().collect();
    }

    /// How many commands began like this.
    pub(crate) fn heard(&self, beginning: &str) -> usize {
        self.state().heard.iter().filter(|command| command.starts_with(beginning)).count()
    }

    pub(crate) fn login(&self) -> ImapLogin {
        login_at(self.port)
    }
}

/// As anna, without TLS.
pub(crate) fn login_at(port: u16) -> ImapLogin {
    ImapLogin {
        allow_plaintext: true,
        ..ImapLogin::of_owner(
            "the test's server",
            Endpoint::new("127.0.0.1".parse().expect("a host"), port, TlsMode::Plaintext),
            "anna",
            "secret",
        )
    }
}

/// Reading the system's certificates takes its time: once is enough.
pub(crate) fn network() -> Network {
    static NETWORK: OnceLock<Network> = OnceLock::new();
    NETWORK.get_or_init(new_network).clone()
}

fn new_network() -> Network {
    Network::new(AddressGuard::open(), Resolver::System, &CertificateTrust::default()).expect("TLS")
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
