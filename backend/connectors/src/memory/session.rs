//! Sessions at an account in memory.

use bytes::Bytes;
use mailferry_domain::{
    folder::{FolderPath, FolderStatus, NamingStyle, RemoteFolder},
    item::{ContentKey, ItemMeta},
    uid::Uid,
};
use mailferry_engine::port::{
    Account, Appended, Body, Connector, ConnectorError, Decision, Destination, DestinationLimits, FetchRequest,
    Fetched, NewItem, Quota, Source, StoreError,
};
use mailferry_shared::finding::FindingCode;
use tokio::sync::mpsc;

use super::mailbox::{MemoryAccount, Mishap, StoredMessage};

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
        Session::open(&self.source).map(MemorySource)
    }

    async fn destination(&self) -> Result<MemoryDestination, ConnectorError> {
        Session::open(&self.destination).map(MemoryDestination)
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
pub struct MemoryDestination(Session);

fn lost() -> ConnectorError {
    ConnectorError::new(FindingCode::ConnectionLost, Decision::Retry, "the account in memory")
}

impl Session {
    fn open(account: &MemoryAccount) -> Result<Self, ConnectorError> {
        let mut state = account.state();
        state.logins += 1;
        if let Some((code, decision)) = state.login_error {
            return Err(ConnectorError::new(code, decision, "logging in to the account in memory"));
        }
        drop(state);
        let naming = NamingStyle { separator: Some('/'), prefix: String::new() };
        Ok(Self { account: account.clone(), naming, open: String::new() })
    }

    fn folders(&self) -> Vec<RemoteFolder> {
        let state = self.account.state();
        let folders = state.folders.iter().map(|(path, folder)| RemoteFolder {
            path: path.clone(),
            wire_name: path.to_string(),
            special_use: folder.special_use,
            selectable: true,
            subscribed: folder.subscribed,
        });
        folders.collect()
    }

    fn status(&mut self, wire_name: &str) -> Result<FolderStatus, ConnectorError> {
        wire_name.clone_into(&mut self.open);
        let mut state = self.account.state();
        let folder = state.existing(wire_name)?;
        folder.looked_at();
        Ok(FolderStatus {
            uid_validity: folder.uid_validity,
            uid_next: folder.uid_next,
            messages: u32::try_from(folder.messages.len()).unwrap_or(u32::MAX),
        })
    }

    fn messages(&self) -> Result<Vec<StoredMessage>, ConnectorError> {
        Ok(self.account.state().existing(&self.open)?.messages.clone())
    }

    async fn fetch(&self, request: FetchRequest, sink: mpsc::Sender<Fetched>) -> Result<(), ConnectorError> {
        let mishap = self.account.state().fetch_mishaps.pop_front().unwrap_or(Mishap::Fine);
        let mut wanted = request.items;
        if request.newest_first {
            wanted.reverse();
        }
        let messages = self.messages()?;
        for (n, (uid, _)) in wanted.into_iter().enumerate() {
            match mishap {
                Mishap::LostBefore => return Err(lost()),
                Mishap::LostAfter(after) if n >= after => return Err(lost()),
                _ => {}
            }
            let Some(message) = messages.iter().find(|message| message.uid == uid) else { continue };
            let body = request.budget.admit(Body::from_bytes(message.bytes.clone())).await;
            let fetched = Fetched { uid, flags: message.flags.clone(), internal_date: message.internal_date, body };
            if sink.send(fetched).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn store(&self, wire_name: &str, batch: &[NewItem]) -> Result<Appended, StoreError> {
        let mut state = self.account.state();
        let mishap = state.store_mishaps.pop_front().unwrap_or(Mishap::Fine);
        let tells_uids = !state.tells_no_uids;
        let folder = state.existing(wire_name).map_err(StoreError::Unknown)?;
        let messages = batch.iter().map(stored).collect::<Result<Vec<_>, _>>().map_err(StoreError::Unknown)?;
        let mut push = |messages: Vec<StoredMessage>| -> Vec<Option<Uid>> {
            messages.into_iter().map(|message| Some(folder.push(message)).filter(|_| tells_uids)).collect()
        };
        match mishap {
            Mishap::Fine => Ok(Appended { uids: push(messages), flags_reduced: false }),
            Mishap::LostBefore => Err(StoreError::Unknown(lost())),
            Mishap::LostAfter(arrived) => {
                push(messages.into_iter().take(arrived).collect());
                Err(StoreError::Unknown(lost()))
            }
            Mishap::Refused(at, code, decision) if at < messages.len() => {
                let stored = push(messages.into_iter().take(at).collect());
                Err(StoreError::Refused { stored, error: ConnectorError::new(code, decision, "the account in memory") })
            }
            Mishap::Refused(..) => Ok(Appended { uids: push(messages), flags_reduced: false }),
            Mishap::Late(looks) => {
                folder.late = Some((looks, messages));
                Err(StoreError::Unknown(lost()))
            }
        }
    }
}

fn stored(item: &NewItem) -> Result<StoredMessage, ConnectorError> {
    let size = usize::try_from(item.body.len()).unwrap_or(usize::MAX);
    let bytes: Bytes = item.body.head(size).map_err(|error| lost().caused_by(error))?;
    Ok(StoredMessage { uid: Uid(0), flags: item.flags.clone(), internal_date: item.internal_date, bytes })
}

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

            async fn list(&mut self, first: Uid, last: Uid) -> Result<Vec<ItemMeta>, ConnectorError> {
                let messages = self.0.messages()?;
                let listed =
                    messages.iter().filter(|message| (first..=last).contains(&message.uid)).map(|message| ItemMeta {
                        uid: message.uid,
                        size_bytes: message.bytes.len() as u64,
                        internal_date: message.internal_date,
                    });
                Ok(listed.collect())
            }

            async fn fetch(
                &mut self,
                request: FetchRequest,
                sink: mpsc::Sender<Fetched>,
            ) -> Result<(), ConnectorError> {
                self.0.fetch(request, sink).await
            }

            async fn measure(&mut self, wire_name: &str) -> Result<(u64, u64), ConnectorError> {
                self.0.status(wire_name)?;
                let messages = self.0.messages()?;
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

    async fn ensure_folder(&mut self, path: &FolderPath, create: bool) -> Result<String, ConnectorError> {
        if create {
            let mut state = self.0.account.state();
            for ancestor in path.ancestors() {
                state.folder(&ancestor);
            }
            state.folder(path);
        }
        Ok(path.to_string())
    }

    async fn subscribe(&mut self, wire_name: &str) -> Result<(), ConnectorError> {
        self.0.account.state().existing(wire_name)?.subscribed = true;
        Ok(())
    }

    async fn store(&mut self, wire_name: &str, batch: &[NewItem]) -> Result<Appended, StoreError> {
        self.0.store(wire_name, batch)
    }

    async fn identify(&mut self, items: &[(Uid, u64)]) -> Result<Vec<(Uid, ContentKey)>, ConnectorError> {
        let messages = self.0.messages()?;
        let wanted = messages.into_iter().filter(|message| items.iter().any(|(uid, _)| *uid == message.uid));
        Ok(wanted.map(|message| (message.uid, Body::from_bytes(message.bytes).key())).collect())
    }
}
