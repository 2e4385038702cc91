//! What both sides can do, over one session.

use std::collections::HashSet;

use async_imap::imap_proto::{AttributeValue, Response};
use mailferry_domain::{
    folder::{FolderPath, FolderStatus, NamingStyle, RemoteFolder},
    item::{ContentKey, ItemMeta},
    uid::Uid,
};
use mailferry_engine::port::{
    Account, Appended, ConnectorError, Decision, Destination, DestinationLimits, FetchRequest, Fetched, NewItem, Quota,
    Source, StoreError,
};
use tokio::sync::mpsc;

use super::{append, auth, fetch, refusal::Doing, session::Session, wire};

/// Most messages of one APPEND.
const BATCH_ITEMS: usize = 100;
/// Messages that one FETCH of sizes asks for, when a folder is measured without STATUS=SIZE.
const MEASURE_PAGE: u32 = 10_000;

/// An account that is only read.
#[derive(Debug)]
pub struct ImapSource(pub(super) Session);

/// An account that is written.
#[derive(Debug)]
pub struct ImapDestination(pub(super) Session);

impl Session {
    /// LIST and LSUB (RFC 3501 sections 6.3.8 and 6.3.9), special uses where the server knows them (RFC 6154).
    async fn list_folders(&mut self) -> Result<Vec<RemoteFolder>, ConnectorError> {
        let special_use = self.can("SPECIAL-USE") && self.can("LIST-EXTENDED");
        let command = if special_use { "LIST \"\" \"*\" RETURN (SPECIAL-USE)" } else { "LIST \"\" \"*\"" };
        let reply = self.command(command, Doing::Other).await?;
        let subscribed: HashSet<String> = self
            .command("LSUB \"\" \"*\"", Doing::Other)
            .await?
            .diverted
            .iter()
            .filter_map(|response| wire::listed(response, "LSUB"))
            .map(|listed| listed.name)
            .collect();
        let listed = reply.diverted.iter().filter_map(|response| wire::listed(response, "LIST"));
        let mut seen = HashSet::new();
        let folders =
            listed.filter_map(|listed| listed.folder(&self.naming)).filter(|folder| seen.insert(folder.path.clone()));
        Ok(folders
            .map(|folder| RemoteFolder { subscribed: subscribed.contains(&folder.wire_name), ..folder })
            .collect())
    }

    async fn list_items(&mut self, first: Uid, last: Uid) -> Result<Vec<ItemMeta>, ConnectorError> {
        let tag = self.send(&format!("UID FETCH {first}:{last} (UID RFC822.SIZE INTERNALDATE)")).await?;
        let mut items = Vec::new();
        self.finish(&tag, Doing::OpenFolder, self.patience.idle, |response| {
            // `n:*` names the last message even if its UID is below n.
            items.extend(item_of(response).filter(|item| (first..=last).contains(&item.uid)));
        })
        .await?;
        items.sort_unstable_by_key(|item| item.uid);
        Ok(items)
    }

    async fn measure_folder(&mut self, wire_name: &str) -> Result<(u64, u64), ConnectorError> {
        let keys = if self.can("STATUS=SIZE") { "MESSAGES SIZE" } else { "MESSAGES" };
        let reply = self.command(&format!("STATUS {} ({keys})", wire::quoted(wire_name)), Doing::OpenFolder).await?;
        let number = |key| reply.diverted.iter().find_map(|response| wire::status_number(response, key));
        match (number("MESSAGES"), number("SIZE")) {
            (Some(0), _) => Ok((0, 0)),
            (Some(messages), Some(size_bytes)) => Ok((messages, size_bytes)),
            _ => self.add_up_sizes(wire_name).await,
        }
    }

    async fn add_up_sizes(&mut self, wire_name: &str) -> Result<(u64, u64), ConnectorError> {
        let status = self.open_folder("EXAMINE", wire_name).await?;
        let (mut messages, mut size_bytes) = (0, 0);
        let mut first = 1;
        while first <= status.messages {
            let last = first.saturating_add(MEASURE_PAGE - 1).min(status.messages);
            let tag = self.send(&format!("FETCH {first}:{last} (RFC822.SIZE)")).await?;
            self.finish(&tag, Doing::OpenFolder, self.patience.idle, |response| {
                if let Some(size) = size_of(response) {
                    messages += 1;
                    size_bytes += size;
                }
            })
            .await?;
            first = last.saturating_add(1);
        }
        Ok((messages, size_bytes))
    }

    /// GETQUOTAROOT (RFC 9208 section 4.1.2): the tightest STORAGE limit over INBOX.
    async fn storage(&mut self) -> Result<Option<Quota>, ConnectorError> {
        if !self.can("QUOTA") {
            return Ok(None);
        }
        let reply = match self.command("GETQUOTAROOT INBOX", Doing::OpenFolder).await {
            Ok(reply) => reply,
            // The server has quotas but does not tell ours.
            Err(error) if error.decision == Decision::Skip => return Ok(None),
            Err(error) => return Err(error),
        };
        let quotas = reply.diverted.iter().filter_map(|response| wire::storage_quota(response));
        let tightest = quotas.min_by_key(|(used, most)| most.saturating_sub(*used));
        Ok(tightest.map(|(used, most)| Quota { used_bytes: used * 1024, limit_bytes: most * 1024 }))
    }
}

fn item_of(response: &Response<'_>) -> Option<ItemMeta> {
    let Response::Fetch(_, attributes) = response else { return None };
    let mut item = ItemMeta { uid: Uid(0), size_bytes: 0, internal_date: None };
    let mut sized = false;
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(uid) => item.uid = Uid(*uid),
            AttributeValue::Rfc822Size(size) => {
                item.size_bytes = u64::from(*size);
                sized = true;
            }
            AttributeValue::InternalDate(date) => item.internal_date = wire::parse_date_time(date),
            _ => {}
        }
    }
    (item.uid.0 != 0 && sized).then_some(item)
}

fn size_of(response: &Response<'_>) -> Option<u64> {
    let Response::Fetch(_, attributes) = response else { return None };
    attributes.iter().find_map(|attribute| match attribute {
        AttributeValue::Rfc822Size(size) => Some(u64::from(*size)),
        _ => None,
    })
}

macro_rules! account {
    ($side:ident, $open:literal) => {
        impl Account for $side {
            fn naming(&self) -> &NamingStyle {
                &self.0.naming
            }

            async fn folders(&mut self) -> Result<Vec<RemoteFolder>, ConnectorError> {
                self.0.list_folders().await
            }

            async fn open(&mut self, wire_name: &str) -> Result<FolderStatus, ConnectorError> {
                self.0.open_folder($open, wire_name).await
            }

            async fn list(&mut self, first: Uid, last: Uid) -> Result<Vec<ItemMeta>, ConnectorError> {
                self.0.list_items(first, last).await
            }

            async fn fetch(
                &mut self,
                request: FetchRequest,
                sink: mpsc::Sender<Fetched>,
            ) -> Result<(), ConnectorError> {
                fetch::fetch(&mut self.0, &request, &sink).await
            }

            async fn measure(&mut self, wire_name: &str) -> Result<(u64, u64), ConnectorError> {
                self.0.measure_folder(wire_name).await
            }

            async fn quota(&mut self) -> Result<Option<Quota>, ConnectorError> {
                self.0.storage().await
            }

            async fn close(self) {
                auth::log_out(self.0).await;
            }
        }
    };
}

// EXAMINE: a source is never changed, not even its \Recent flags.
account!(ImapSource, "EXAMINE");
// SELECT: only so does a server tell which flags it keeps (PERMANENTFLAGS).
account!(ImapDestination, "SELECT");

impl Source for ImapSource {}

impl Destination for ImapDestination {
    fn limits(&self) -> DestinationLimits {
        DestinationLimits { max_message_bytes: self.0.capability_number("APPENDLIMIT="), max_batch_items: BATCH_ITEMS }
    }

    async fn ensure_folder(&mut self, path: &FolderPath, create: bool) -> Result<String, ConnectorError> {
        let wire_name = wire::wire_name(path, &self.0.naming);
        if create && !path.is_inbox() {
            append::create(&mut self.0, &wire_name).await?;
        }
        Ok(wire_name)
    }

    async fn subscribe(&mut self, wire_name: &str) -> Result<(), ConnectorError> {
        self.0.command(&format!("SUBSCRIBE {}", wire::quoted(wire_name)), Doing::CreateFolder).await.map(drop)
    }

    async fn store(&mut self, wire_name: &str, batch: &[NewItem]) -> Result<Appended, StoreError> {
        append::store(&mut self.0, wire_name, batch).await
    }

    async fn identify(&mut self, items: &[(Uid, u64)]) -> Result<Vec<(Uid, ContentKey)>, ConnectorError> {
        fetch::identify(&mut self.0, items).await
    }
}
