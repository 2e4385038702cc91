//! One IMAP connection, and what is known of its server. What is said on it is in [`conversation`], what is answered in
//! [`reply`].

mod conversation;
mod reply;
mod silence;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use async_imap::{
    Client,
    imap_proto::{Response, ResponseCode, Status},
};
use mailferry_domain::{
    folder::{FolderStatus, NamingStyle},
    uid::UidValidity,
    utf7,
};
use mailferry_engine::port::{ConnectorError, Decision, Numbered};
use mailferry_shared::finding::FindingCode;

use self::reply::note;
pub(super) use self::{
    reply::{Answer, Reply, Tag},
    silence::moves_as_a_whole,
};
use super::{bounds::believable, compress::Pace, glance::Glances, guard::Guard, refusal::Doing, wire};
use crate::net::{Patience, Squeeze};

/// Flags of all folders together; of a folder beyond it is not known what it keeps.
const ALL_FLAGS_LIMIT: usize = 200_000;

/// What opening a folder told for later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownFolder {
    pub(super) uid_validity: UidValidity,
    /// PERMANENTFLAGS, where the server told them.
    pub(super) permanent_flags: Option<Vec<String>>,
}

/// A logged-in session, or one on its way there.
#[derive(Debug)]
pub(super) struct Session {
    client: Client<Guard>,
    next_tag: u32,
    capabilities: BTreeSet<String>,
    pub(super) naming: NamingStyle,
    /// The folder that is the inbox of the mailbox, where an admin sees it among others.
    pub(super) root: Option<String>,
    /// What to call it in our words: side and server.
    pub(super) name: String,
    /// What is known of the folders that were opened, by their names.
    pub(super) known: HashMap<String, KnownFolder>,
    /// How many flags that is.
    known_flags: usize,
    /// Small messages that came with listings.
    pub(super) glances: Glances,
    /// Name and UIDVALIDITY of the open folder.
    pub(super) open: Option<(String, UidValidity)>,
    /// Set when answers may still be on the way to nobody: the session cannot be used any more.
    pub(super) broken: bool,
    /// Set while a command is begun and not ended: whatever was said next would be part of it.
    half_said: bool,
    /// Set when changes of flags are of interest.
    pub(super) watches_flags: bool,
    /// How long the server may take.
    pub(super) patience: Patience,
    /// Bytes that have passed in either direction.
    passed: Arc<AtomicU64>,
    /// When it may be compressed, whether that was tried, and how fast the line is.
    pub(super) squeeze: Squeeze,
    pub(super) compression_tried: bool,
    pub(super) pace: Pace,
    /// The shortest time in which a command was answered.
    round_trip: Duration,
    /// Untagged responses since something was brought on, and when that was.
    talk: (u32, Instant),
}

impl Session {
    pub(super) fn new(guard: Guard, name: String, patience: Patience) -> Self {
        Self {
            passed: guard.passed(),
            client: Client::new(guard),
            next_tag: 0,
            capabilities: BTreeSet::new(),
            naming: NamingStyle { separator: Some('/'), prefix: String::new() },
            root: None,
            name,
            known: HashMap::new(),
            known_flags: 0,
            glances: Glances::default(),
            open: None,
            broken: false,
            half_said: false,
            watches_flags: false,
            patience,
            squeeze: Squeeze::default(),
            compression_tried: false,
            pace: Pace::default(),
            round_trip: Duration::MAX,
            talk: (0, Instant::now()),
        }
    }

    pub(super) fn guard(&mut self) -> &mut Guard {
        self.client.get_mut()
    }

    pub(super) fn into_guard(self) -> Guard {
        self.client.into_inner()
    }

    /// True if the server has this capability (upper case).
    pub(super) fn can(&self, capability: &str) -> bool {
        self.capabilities.contains(capability)
    }

    /// The number behind a capability such as `APPENDLIMIT=35651584` (RFC 7889).
    pub(super) fn capability_number(&self, prefix: &str) -> Option<u64> {
        self.capabilities.iter().find_map(|capability| capability.strip_prefix(prefix)?.parse().ok())
    }

    /// Reads the greeting; true if the server says that we are logged in already.
    pub(super) async fn greeting(&mut self) -> Result<bool, ConnectorError> {
        let not_imap = |error: ConnectorError| match error.code {
            FindingCode::ServerError => {
                ConnectorError { code: FindingCode::NotImap, decision: Decision::Permanent, ..error }
            }
            _ => error,
        };
        let mut reply = Reply::default();
        let wait = self.patience.idle.min(Duration::from_secs(20));
        let logged_in = self.answer(wait, |response| {
            note(&mut reply, response);
            match response {
                Response::Data { status: Status::Ok, .. } => Some(false),
                Response::Data { status: Status::PreAuth, .. } => Some(true),
                _ => None,
            }
        });
        let logged_in = logged_in.await.map_err(not_imap)?;
        self.learn_capabilities(&mut reply);
        match logged_in {
            Answer::Untagged(Some(logged_in)) => Ok(logged_in),
            Answer::Untagged(None) | Answer::Tagged(..) => Err(self.not_imap()),
        }
    }

    fn not_imap(&self) -> ConnectorError {
        ConnectorError::new(FindingCode::NotImap, Decision::Permanent, self.name.clone())
    }

    /// Takes capabilities that the server told with a greeting or a login (RFC 9051 section 7.1); false if it did not.
    pub(super) fn learn_capabilities(&mut self, reply: &mut Reply) -> bool {
        let told = reply.capabilities.take();
        told.map(|capabilities| self.capabilities = capabilities).is_some()
    }

    /// True if nothing is known of what the server can do.
    pub(super) fn knows_no_capabilities(&self) -> bool {
        self.capabilities.is_empty()
    }

    /// Asks for the capabilities anew (RFC 9051 section 6.1.1).
    pub(super) async fn ask_capabilities(&mut self) -> Result<(), ConnectorError> {
        let reply = self.command("CAPABILITY", Doing::Other).await?;
        self.capabilities = reply
            .diverted
            .iter()
            .map(|response| wire::values(response))
            .filter(|values| {
                values.first().and_then(wire::Value::text).is_some_and(|word| word.eq_ignore_ascii_case("CAPABILITY"))
            })
            .flat_map(|values| values.into_iter().skip(1))
            .filter_map(|value| value.text().map(str::to_ascii_uppercase))
            .collect();
        Ok(())
    }

    /// Learns prefix and separator (RFC 2342); without NAMESPACE, the separator by `LIST "" ""`.
    pub(super) async fn ask_naming(&mut self) -> Result<(), ConnectorError> {
        if self.can("NAMESPACE") {
            let reply = self.command("NAMESPACE", Doing::Other).await?;
            if let Some(naming) = reply.diverted.iter().find_map(|response| wire::personal_namespace(response)) {
                self.naming = naming;
                return Ok(());
            }
        }
        let reply = self.command("LIST \"\" \"\"", Doing::Other).await?;
        if let Some(listed) = reply.diverted.iter().find_map(|response| wire::listed(response, "LIST")) {
            self.naming = NamingStyle { separator: listed.separator, prefix: String::new() };
        }
        Ok(())
    }

    /// From now on the mailbox whose inbox is this folder is what the session shows: an admin sees it among others.
    pub(super) fn look_below(&mut self, root: &str) {
        let separator = self.naming.separator.map(String::from).unwrap_or_default();
        self.naming.prefix = format!("{root}{separator}");
        self.root = Some(utf7::encode(root));
    }

    /// EXAMINE or SELECT (RFC 9051 sections 6.3.2 and 6.3.3).
    pub(super) async fn open_folder(&mut self, verb: &str, wire_name: &str) -> Result<FolderStatus, ConnectorError> {
        // A failed attempt leaves no folder open.
        self.open = None;
        let reply = self.command(&format!("{verb} {}", wire::quoted(wire_name)), Doing::OpenFolder).await?;
        believable(self.opened(wire_name, &reply), &self.name)
    }

    /// Opens a folder whose UIDs are known; fails if they are other messages' by now.
    pub(super) async fn open_again(&mut self, verb: &str, folder: Numbered<'_>) -> Result<(), ConnectorError> {
        let status = self.open_folder(verb, folder.wire_name).await?;
        folder.check(&status, &self.name)
    }

    /// Takes note of a folder that was opened.
    pub(super) fn opened(&mut self, wire_name: &str, reply: &Reply) -> FolderStatus {
        let mut status = FolderStatus {
            uid_validity: UidValidity(0),
            uid_next: u32::MAX,
            messages: reply.exists.unwrap_or(0),
            highest_modseq: None,
        };
        let mut permanent_flags = None;
        for code in &reply.codes {
            match code {
                ResponseCode::UidValidity(value) => status.uid_validity = UidValidity(*value),
                ResponseCode::UidNext(value) => status.uid_next = *value,
                ResponseCode::HighestModSeq(value) if self.can("CONDSTORE") => status.highest_modseq = Some(*value),
                ResponseCode::PermanentFlags(flags) => {
                    permanent_flags = Some(flags.iter().map(|flag| flag.clone().into_owned()).collect());
                }
                _ => {}
            }
        }
        self.remember(wire_name, KnownFolder { uid_validity: status.uid_validity, permanent_flags });
        self.open = Some((wire_name.to_owned(), status.uid_validity));
        status
    }

    fn remember(&mut self, wire_name: &str, mut folder: KnownFolder) {
        let flags = |folder: &KnownFolder| folder.permanent_flags.as_ref().map_or(0, Vec::len);
        self.known_flags -= self.known.remove(wire_name).map_or(0, |before| flags(&before));
        if self.known_flags + flags(&folder) > ALL_FLAGS_LIMIT {
            folder.permanent_flags = None;
        }
        self.known_flags += flags(&folder);
        self.known.insert(wire_name.to_owned(), folder);
    }
}
