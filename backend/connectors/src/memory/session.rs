//! Sessions at an account in memory.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use bytes::Bytes;
use chrono::{DateTime, FixedOffset};
use mailferry_domain::{
    folder::{FolderPath, FolderStatus, NamingStyle, RemoteFolder},
    header,
    item::{ContentKey, Flags, ItemMeta},
    subject::subject,
    uid::{Uid, UidSet},
};
use mailferry_engine::port::{
    Account, Answered, Body, BodyWriter, Connector, ConnectorError, Decision, Destination, DestinationLimits,
    EachFolder, Fate, FetchRequest, Fetched, FlagChange, NewItem, Numbered, Prepared, Quota, SPOOL_THRESHOLD_BYTES,
    Source, Wanted,
};
use mailferry_shared::finding::FindingCode;
use tokio::sync::mpsc;

use super::mailbox::{Damage, MemoryAccount, MemoryFolder, Mishap, StoredMessage};

/// Few, so that a handful of messages makes several batches.
const BATCH_ITEMS: usize = 3;

/// Connects two accounts in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryConnector {
    /// The account to read.
    pub source: MemoryAccount,
    /// The account to write.
    pub destination: MemoryAccount,
}

impl Connector for MemoryConnector {
    type Source = MemorySource;
    type Destination = MemoryDestination;

    async fn source(&self) -> Result<MemorySource, ConnectorError> {
        Session::open(&self.source).await.map(MemorySource)
    }

    async fn destination(&self) -> Result<MemoryDestination, ConnectorError> {
        Ok(MemoryDestination(Session::open(&self.destination).await?, VecDeque::new()))
    }
}

#[derive(Debug)]
struct Session {
    account: MemoryAccount,
    naming: NamingStyle,
    open: String,
}

/// An account in memory that is only read.
#[derive(Debug)]
pub struct MemorySource(Session);

/// An account in memory that is written.
#[derive(Debug)]
pub struct MemoryDestination(Session, VecDeque<Answered>);

fn lost() -> ConnectorError {
    ConnectorError::new(FindingCode::ConnectionLost, Decision::Retry, "the account in memory")
}

impl Session {
    async fn open(account: &MemoryAccount) -> Result<Self, ConnectorError> {
        let hangs = {
            let mut state = account.state();
            state.logins += 1;
            if let Some((code, decision)) = state.login_error {
                return Err(ConnectorError::new(code, decision, "logging in to the account in memory"));
            }
            state.answered_logins.is_some_and(|most| state.logins > most)
        };
        if hangs {
            std::future::pending::<()>().await;
        }
        let naming = NamingStyle { separator: Some('/'), prefix: String::new() };
        Ok(Self { account: account.clone(), naming, open: String::new() })
    }

    /// True if it falls silent now.
    fn is_silent_about_flags(&self) -> bool {
        let mut state = self.account.state();
        state.is_silent |= state.silent_about_flags;
        state.silent_about_flags
    }

    fn folders(&self) -> Vec<RemoteFolder> {
        let state = self.account.state();
        let folders = state.folders.iter().map(|(path, folder)| RemoteFolder {
            path: path.clone(),
            wire_name: path.to_string(),
            special_use: folder.special_use,
            selectable: true,
            personal: true,
            takes_children: !state.childless.contains(path),
            subscribed: folder.subscribed,
            status: None,
        });
        folders.collect()
    }

    fn status(&mut self, wire_name: &str) -> Result<FolderStatus, ConnectorError> {
        wire_name.clone_into(&mut self.open);
        let mut state = self.account.state();
        let folder = state.existing(wire_name)?;
        folder.looked_at();
        Ok(folder.status())
    }

    fn messages(&self, wire_name: &str) -> Result<Vec<StoredMessage>, ConnectorError> {
        Ok(self.account.state().existing(wire_name)?.messages.clone())
    }

    async fn fetch(&self, request: FetchRequest, sink: mpsc::Sender<Fetched>) -> Result<(), ConnectorError> {
        for (at, folder) in request.folders.into_iter().enumerate().filter(|(_, folder)| !folder.items.is_empty()) {
            let mishap = self.account.state().fetch_mishaps.pop_front().unwrap_or(Mishap::Fine);
            let mut wanted = folder.items;
            if request.newest_first {
                wanted.reverse();
            }
            let messages = self.messages(&folder.wire_name)?;
            let path = FolderPath::parse(&folder.wire_name).ok();
            for (n, (uid, _)) in wanted.into_iter().enumerate() {
                match mishap {
                    Mishap::LostBefore => return Err(lost()),
                    Mishap::LostAfter(after) if n >= after => return Err(lost()),
                    Mishap::Silent(after) if n >= after => {
                        self.account.state().is_silent = true;
                        return std::future::pending().await;
                    }
                    Mishap::Refused(at, code, decision) if n >= at => {
                        return Err(ConnectorError::new(code, decision, "the account in memory"));
                    }
                    _ => {}
                }
                let damaged = path.clone().and_then(|path| self.account.state().damaged.get(&(path, uid)).copied());
                match damaged {
                    Some(Damage::LeftOut) => continue,
                    Some(Damage::HangsUp) => return Err(lost()),
                    None => {}
                }
                let Some(message) = messages.iter().find(|message| message.uid == uid) else { continue };
                let body = request.budget.admit(body(&message.bytes)?).await;
                let (flags, internal_date) = (message.flags.clone(), message.internal_date);
                if sink
                    .send(Fetched { folder: at, uid, flags, flags_reduced: false, internal_date, body })
                    .await
                    .is_err()
                {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn store(&self, wire_name: &str, batch: Vec<NewItem>) -> Answered {
        let mut state = self.account.state();
        let mut mishap = state.store_mishaps.pop_front().unwrap_or(Mishap::Fine);
        let tells = state.tells.unwrap_or(Some);
        let unknown = |error| (batch.iter().map(|_| Fate::Unknown).collect(), Some(error));
        let messages = match batch.iter().map(stored).collect::<Result<Vec<_>, _>>() {
            Ok(messages) => messages,
            Err(error) => {
                let (fates, lost) = unknown(error);
                return Answered { batch, fates, flags_reduced: false, waited: Duration::ZERO, lost };
            }
        };
        let mut messages = messages;
        if let Some(rewrites) = state.rewrites {
            for message in &mut messages {
                message.bytes = rewrites(&message.bytes).into();
            }
        }
        if let Some(bad) = state.takes.and_then(|takes| messages.iter().position(|message| !takes(message))) {
            match mishap {
                Mishap::Fine => mishap = Mishap::Refused(bad, FindingCode::MessageRefused, Decision::Skip),
                // Whatever is answered, what it does not take does not arrive, nor what was sent behind it.
                _ => messages.truncate(bad),
            }
        }
        let (fates, lost) = match state.existing(wire_name) {
            Ok(folder) => keep(folder, messages, (mishap, batch.len()), tells),
            Err(error) => unknown(error),
        };
        if let (Some(moved), Ok(folder)) = (state.moved, state.existing(wire_name)) {
            folder.messages.retain(|message| !moved(message));
        }
        state.is_silent |= matches!(mishap, Mishap::Silent(_));
        let waited = match mishap {
            Mishap::Slow(answer, _) => answer,
            Mishap::Silent(_) => Duration::MAX,
            _ => Duration::ZERO,
        };
        Answered { batch, fates, flags_reduced: false, waited, lost }
    }
}

/// Keeps messages, as far as the mishap lets it.
fn keep(
    folder: &mut MemoryFolder,
    messages: Vec<StoredMessage>,
    (mishap, sent): (Mishap, usize),
    tells: fn(Uid) -> Option<Uid>,
) -> (Vec<Fate>, Option<ConnectorError>) {
    let mut push = |messages: Vec<StoredMessage>| -> Vec<Fate> {
        messages.into_iter().map(|message| Fate::Stored(tells(folder.push(message)))).collect()
    };
    let unknown = || std::iter::repeat_with(|| Fate::Unknown).take(sent).collect();
    match mishap {
        Mishap::LostBefore => (unknown(), Some(lost())),
        Mishap::LostAfter(arrived) | Mishap::Silent(arrived) => {
            push(messages.into_iter().take(arrived).collect());
            (unknown(), Some(lost()))
        }
        Mishap::Refused(at, code, decision) if at < sent => {
            let mut fates = push(messages.into_iter().take(at).collect());
            fates.push(Fate::Refused(ConnectorError::new(code, decision, "the account in memory")));
            fates.resize_with(sent, || Fate::NotSent);
            (fates, None)
        }
        Mishap::Fine | Mishap::Refused(..) => (push(messages), None),
        Mishap::Unseen(looks) => {
            let told = (folder.uid_next..).take(messages.len()).map(|uid| Fate::Stored(tells(Uid(uid)))).collect();
            folder.late = Some((looks, messages));
            (told, None)
        }
        Mishap::Slow(answer, arrival) => {
            folder.slow = Some((Instant::now() + answer + arrival, messages));
            (unknown(), Some(lost()))
        }
        Mishap::Late(looks) => {
            folder.late = Some((looks, messages));
            (unknown(), Some(lost()))
        }
    }
}

/// Spooled if it is large, as what comes over a network.
fn body(bytes: &Bytes) -> Result<Body, ConnectorError> {
    let size_bytes = bytes.len() as u64;
    if size_bytes <= SPOOL_THRESHOLD_BYTES {
        return Ok(Body::from_bytes(bytes.clone()));
    }
    let spooled = BodyWriter::new(size_bytes).and_then(|mut writer| {
        writer.write(bytes)?;
        writer.finish()
    });
    let spoiled = |error| ConnectorError::new(FindingCode::Internal, Decision::Retry, "spooling").caused_by(error);
    spooled.map_err(spoiled)
}

fn stored(item: &NewItem) -> Result<StoredMessage, ConnectorError> {
    let size = usize::try_from(item.body.len()).unwrap_or(usize::MAX);
    let bytes: Bytes = item.body.head(size).map_err(|error| lost().caused_by(error))?;
    Ok(StoredMessage { uid: Uid(0), flags: item.flags.clone(), internal_date: item.internal_date, bytes })
}

const IN_MEMORY: &str = "the account in memory";

macro_rules! account {
    ($side:ident) => {
        impl Account for $side {
            fn naming(&self) -> &NamingStyle {
                &self.0.naming
            }

            async fn folders(&mut self) -> Result<Vec<RemoteFolder>, ConnectorError> {
                Ok(self.0.folders())
            }

            async fn open(&mut self, wire_name: &str) -> Result<FolderStatus, ConnectorError> {
                self.0.status(wire_name)
            }

            async fn statuses(&mut self, wire_names: &[String]) -> Result<Vec<Option<FolderStatus>>, ConnectorError> {
                // A folder that is closed still tells how it stands.
                let mut state = self.0.account.state();
                if let Some(left) = state.lost_at_statuses.checked_sub(1) {
                    state.lost_at_statuses = left;
                    return Err(lost());
                }
                let folder = |name: &String| state.folders.get(&FolderPath::parse(name).ok()?);
                Ok(wire_names.iter().map(|name| folder(name).map(MemoryFolder::status)).collect())
            }

            async fn list(&mut self, first: Uid, last: Uid) -> Result<Vec<ItemMeta>, ConnectorError> {
                let messages = self.0.messages(&self.0.open)?;
                let unlisted = FolderPath::parse(&self.0.open).ok();
                let unlisted = unlisted.and_then(|path| self.0.account.state().unlisted.get(&path).cloned());
                let shown = |message: &&StoredMessage| {
                    let hidden = unlisted.as_ref().is_some_and(|unlisted| unlisted.contains(&message.uid));
                    !hidden && (first..=last).contains(&message.uid)
                };
                let listed = messages.iter().filter(shown).map(|message| ItemMeta {
                    uid: message.uid,
                    size_bytes: message.bytes.len() as u64,
                    internal_date: message.internal_date,
                });
                Ok(listed.collect())
            }

            async fn flags(
                &mut self,
                folder: Numbered<'_>,
                uids: &UidSet,
            ) -> Result<Vec<(Uid, Flags)>, ConnectorError> {
                folder.check(&self.0.status(folder.wire_name)?, IN_MEMORY)?;
                if self.0.is_silent_about_flags() {
                    std::future::pending::<()>().await;
                }
                let messages =
                    self.0.messages(folder.wire_name)?.into_iter().filter(|message| uids.contains(message.uid));
                Ok(messages.map(|message| (message.uid, message.flags)).collect())
            }

            async fn subjects(
                &mut self,
                folder: Numbered<'_>,
                uids: &UidSet,
            ) -> Result<Vec<(Uid, String)>, ConnectorError> {
                folder.check(&self.0.status(folder.wire_name)?, IN_MEMORY)?;
                let messages =
                    self.0.messages(folder.wire_name)?.into_iter().filter(|message| uids.contains(message.uid));
                Ok(messages.filter_map(|message| Some((message.uid, subject(&message.bytes)?))).collect())
            }

            async fn header_dates(
                &mut self,
                folder: Numbered<'_>,
                uids: &UidSet,
            ) -> Result<Vec<(Uid, DateTime<FixedOffset>)>, ConnectorError> {
                folder.check(&self.0.status(folder.wire_name)?, IN_MEMORY)?;
                let messages =
                    self.0.messages(folder.wire_name)?.into_iter().filter(|message| uids.contains(message.uid));
                Ok(messages.filter_map(|message| Some((message.uid, header::date(&message.bytes)?))).collect())
            }

            async fn fetch(
                &mut self,
                request: FetchRequest,
                sink: mpsc::Sender<Fetched>,
            ) -> Result<(), ConnectorError> {
                self.0.fetch(request, sink).await
            }

            async fn measure(&mut self, wire_name: &str) -> Result<(u64, u64), ConnectorError> {
                let messages = self.0.messages(wire_name)?;
                Ok((messages.len() as u64, messages.iter().map(|message| message.bytes.len() as u64).sum()))
            }

            async fn quota(&mut self) -> Result<Option<Quota>, ConnectorError> {
                Ok(None)
            }

            async fn close(self) {}
        }
    };
}

account!(MemorySource);
account!(MemoryDestination);

impl Source for MemorySource {}

impl Destination for MemoryDestination {
    fn limits(&self) -> DestinationLimits {
        DestinationLimits { max_message_bytes: None, max_batch_items: BATCH_ITEMS }
    }

    async fn prepare(&mut self, wanted: &[Wanted]) -> EachFolder<Prepared> {
        let mut prepared = Vec::with_capacity(wanted.len());
        for folder in wanted {
            let wire_name = folder.path.to_string();
            let mut state = self.0.account.state();
            let below_a_childless = folder.path.ancestors().any(|above| state.childless.contains(&above));
            if folder.create && (below_a_childless || wire_name.contains(|c| state.refused_characters.contains(c))) {
                let error = ConnectorError::new(FindingCode::FolderRefused, Decision::Skip, "the account in memory");
                prepared.push(Err(error));
                continue;
            }
            if folder.create {
                for ancestor in folder.path.ancestors() {
                    state.folder(&ancestor);
                }
                state.folder(&folder.path);
            }
            if folder.subscribe
                && let Ok(folder) = state.existing(&wire_name)
            {
                folder.subscribed = true;
            }
            drop(state);
            prepared.push(self.0.status(&wire_name).map(|status| Prepared {
                wire_name,
                status,
                max_message_bytes: None,
                not_subscribed: None,
            }));
        }
        Ok(prepared)
    }

    async fn submit(&mut self, wire_name: &str, batch: Vec<NewItem>) -> Result<(), ConnectorError> {
        // A line that is lost takes everything after it along.
        let answered = if self.1.iter().any(|before| before.lost.is_some()) {
            let fates = batch.iter().map(|_| Fate::Unknown).collect();
            Answered { batch, fates, flags_reduced: false, waited: Duration::ZERO, lost: Some(lost()) }
        } else {
            self.0.store(wire_name, batch)
        };
        self.1.push_back(answered);
        Ok(())
    }

    async fn answer(&mut self) -> Option<Answered> {
        tokio::time::sleep(self.1.front()?.waited).await;
        self.1.pop_front()
    }

    fn keeps(&self, _: &str, flags: &Flags) -> Flags {
        flags.clone()
    }

    async fn change_flags(&mut self, changes: &[FlagChange]) -> Result<(), ConnectorError> {
        let mut state = self.0.account.state();
        let folder = state.existing(&self.0.open)?;
        for FlagChange { uids, add, remove } in changes {
            for message in folder.messages.iter_mut().filter(|message| uids.contains(message.uid)) {
                message.flags = Flags::new(message.flags.without(remove).iter().chain(add.iter()));
            }
        }
        Ok(())
    }

    async fn identify(&mut self, items: &[(Uid, u64)]) -> Result<Vec<(Uid, ContentKey)>, ConnectorError> {
        let messages = self.0.messages(&self.0.open)?;
        let wanted = messages.into_iter().filter(|message| items.iter().any(|(uid, _)| *uid == message.uid));
        Ok(wanted.map(|message| (message.uid, Body::from_bytes(message.bytes).key())).collect())
    }
}
