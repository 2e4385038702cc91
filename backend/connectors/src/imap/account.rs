//! What both sides can do, over one session: with folders in [`folders`], with messages in [`messages`], and in
//! [`look_up`] with some that are of interest.

mod folders;
mod look_up;
mod messages;

use chrono::{DateTime, FixedOffset};
use mailferry_domain::{
    folder::{FolderStatus, NamingStyle, RemoteFolder},
    item::{ContentKey, Flags, ItemMeta},
    uid::{Uid, UidSet},
};
use mailferry_engine::port::{
    Account, Answered, ConnectorError, Destination, DestinationLimits, EachFolder, FetchRequest, Fetched, FlagChange,
    ListRequest, Listing, NewItem, Numbered, Prepared, Quota, Source, Wanted,
};
use tokio::sync::mpsc;

use super::{
    append::{self, Outbox},
    auth, fetch,
    session::Session,
};

/// Most messages of one APPEND.
const BATCH_ITEMS: usize = 100;

/// An account that is only read.
#[derive(Debug)]
pub struct ImapSource(pub(super) Session);

/// An account that is written.
#[derive(Debug)]
pub struct ImapDestination(pub(super) Session, pub(super) Outbox);

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

            async fn statuses(&mut self, wire_names: &[String]) -> Result<Vec<Option<FolderStatus>>, ConnectorError> {
                self.0.ask_statuses(wire_names).await
            }

            async fn list_folders(&mut self, requests: &[ListRequest]) -> EachFolder<Listing> {
                self.0.list_all(requests).await
            }

            async fn list(&mut self, first: Uid, last: Uid) -> Result<Vec<ItemMeta>, ConnectorError> {
                self.0.list_items(first, last).await
            }

            async fn flags(
                &mut self,
                folder: Numbered<'_>,
                uids: &UidSet,
            ) -> Result<Vec<(Uid, Flags)>, ConnectorError> {
                // It may be open already, but for reading only.
                self.0.open_again($open, folder).await?;
                self.0.list_flags(uids).await
            }

            async fn subjects(
                &mut self,
                folder: Numbered<'_>,
                uids: &UidSet,
            ) -> Result<Vec<(Uid, String)>, ConnectorError> {
                self.0.open_again($open, folder).await?;
                self.0.list_subjects(uids).await
            }

            async fn header_dates(
                &mut self,
                folder: Numbered<'_>,
                uids: &UidSet,
            ) -> Result<Vec<(Uid, DateTime<FixedOffset>)>, ConnectorError> {
                self.0.open_again($open, folder).await?;
                self.0.header_dates(uids).await
            }

            fn watch_flags(&mut self) {
                self.0.watches_flags = true;
            }

            async fn flags_since(
                &mut self,
                folder: Numbered<'_>,
                modseq: u64,
            ) -> Result<Option<Vec<(Uid, Flags)>>, ConnectorError> {
                if !self.0.can("CONDSTORE") {
                    return Ok(None);
                }
                self.0.open_again($open, folder).await?;
                self.0.list_flags_since(modseq).await.map(Some)
            }

            fn has_labels(&self) -> bool {
                self.0.can("X-GM-EXT-1")
            }

            async fn numbers(&mut self, wire_name: &str) -> Result<Vec<(Uid, u64)>, ConnectorError> {
                let status = self.0.open_folder($open, wire_name).await?;
                self.0.list_numbers(&status).await
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

            async fn measure_all(&mut self, wire_names: &[String]) -> EachFolder<(u64, u64)> {
                self.0.measure_folders(wire_names).await
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

    async fn prepare(&mut self, wanted: &[Wanted]) -> EachFolder<Prepared> {
        self.0.prepare_all(wanted).await
    }

    async fn submit(&mut self, wire_name: &str, batch: Vec<NewItem>) -> Result<(), ConnectorError> {
        append::submit(&mut self.0, &mut self.1, wire_name, batch).await
    }

    async fn answered(&mut self) {
        append::answered(&mut self.0, &mut self.1).await;
    }

    async fn answer(&mut self) -> Option<Answered> {
        append::answer(&mut self.0, &mut self.1).await
    }

    async fn look_up(
        &mut self,
        wire_name: &str,
        uids: &UidSet,
    ) -> Result<(FolderStatus, Vec<ItemMeta>), ConnectorError> {
        self.0.look_up(wire_name, uids).await
    }

    fn keeps(&self, wire_name: &str, flags: &Flags) -> Flags {
        append::permitted(&self.0, wire_name, flags).0
    }

    async fn change_flags(&mut self, changes: &[FlagChange]) -> Result<(), ConnectorError> {
        self.0.store_flags(changes).await
    }

    async fn identify(&mut self, items: &[(Uid, u64)]) -> Result<Vec<(Uid, ContentKey)>, ConnectorError> {
        fetch::identify(&mut self.0, items).await
    }
}
