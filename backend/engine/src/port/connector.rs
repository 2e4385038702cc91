//! The seam to mail services. A source has no method that writes; nothing deletes.

use std::future::Future;

use chrono::{DateTime, FixedOffset};
use mailferry_domain::{
    folder::{FolderPath, FolderStatus, NamingStyle, RemoteFolder},
    item::{ContentKey, Flags, ItemMeta},
    uid::Uid,
};
use tokio::sync::mpsc;

use super::{
    body::{Body, MemoryBudget},
    error::ConnectorError,
};

/// Opens sessions; each call makes a new connection and logs in.
pub trait Connector: Send + Sync + 'static {
    /// The side that is only read.
    type Source: Source;
    /// The side that is written.
    type Destination: Destination;

    /// A session at the source.
    fn source(&self) -> impl Future<Output = Result<Self::Source, ConnectorError>> + Send;

    /// A session at the destination.
    fn destination(&self) -> impl Future<Output = Result<Self::Destination, ConnectorError>> + Send;
}

/// Space at an account, by the QUOTA extension (RFC 9208).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Bytes in use.
    pub used_bytes: u64,
    /// Bytes at most.
    pub limit_bytes: u64,
}

/// What both sides can do: look.
pub trait Account: Send + 'static {
    /// How the server builds folder names.
    fn naming(&self) -> &NamingStyle;

    /// Every folder of the personal namespace, in the server's order.
    fn folders(&mut self) -> impl Future<Output = Result<Vec<RemoteFolder>, ConnectorError>> + Send;

    /// Opens a folder for reading (EXAMINE), for the `list` and `fetch` that follow.
    fn open(&mut self, wire_name: &str) -> impl Future<Output = Result<FolderStatus, ConnectorError>> + Send;

    /// Lists messages of the open folder whose UID lies in `first..=last`, ascending by UID.
    fn list(&mut self, first: Uid, last: Uid) -> impl Future<Output = Result<Vec<ItemMeta>, ConnectorError>> + Send;

    /// Fetches messages of the open folder and sends each to `sink` in ascending order of UID (descending if the
    /// request says so). A message that is there no more is left out. Ends early, without error, when `sink` is
    /// closed.
    fn fetch(
        &mut self,
        request: FetchRequest,
        sink: mpsc::Sender<Fetched>,
    ) -> impl Future<Output = Result<(), ConnectorError>> + Send;

    /// Messages and bytes of a folder without opening it (STATUS; bytes by STATUS=SIZE, else by listing).
    fn measure(&mut self, wire_name: &str) -> impl Future<Output = Result<(u64, u64), ConnectorError>> + Send;

    /// Space at the account, where the server tells.
    fn quota(&mut self) -> impl Future<Output = Result<Option<Quota>, ConnectorError>> + Send;

    /// Ends the session politely (LOGOUT); a failure to do so does not matter.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// What to fetch.
#[derive(Debug, Clone)]
pub struct FetchRequest {
    /// The messages with their listed sizes, ascending by UID.
    pub items: Vec<(Uid, u64)>,
    /// Highest UID first.
    pub newest_first: bool,
    /// What admits each body before it is sent on.
    pub budget: MemoryBudget,
}

/// A message as fetched.
#[derive(Debug)]
pub struct Fetched {
    /// Its UID.
    pub uid: Uid,
    /// Its flags at this moment.
    pub flags: Flags,
    /// INTERNALDATE, if the server gave one that can be read.
    pub internal_date: Option<DateTime<FixedOffset>>,
    /// All its bytes.
    pub body: Body,
}

/// The side that is only read: there is no method that writes.
pub trait Source: Account {}

/// What a destination takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DestinationLimits {
    /// Largest message (APPENDLIMIT, RFC 7889), bytes.
    pub max_message_bytes: Option<u64>,
    /// Most messages in one call of [`Destination::store`].
    pub max_batch_items: usize,
}

/// A message about to be stored.
#[derive(Debug)]
pub struct NewItem {
    /// Its UID at the source, to name it by.
    pub source_uid: Uid,
    /// Flags and keywords to set.
    pub flags: Flags,
    /// INTERNALDATE to set.
    pub internal_date: Option<DateTime<FixedOffset>>,
    /// All its bytes.
    pub body: Body,
}

/// What the destination answered to a batch it took: one UID an item, in order, where it told them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The new UIDs (APPENDUID), in the order of the batch; `None` where the server does not tell.
    pub uids: Vec<Option<Uid>>,
    /// True if some flags could not be set.
    pub flags_reduced: bool,
}

/// Why a batch was not taken.
#[derive(Debug)]
pub enum StoreError {
    /// A tagged NO or BAD, or a refusal before the bytes were sent: nothing of the batch is at the destination, but
    /// what `stored` names, which went before the refused one.
    Refused {
        /// What was stored before the refusal, in the order of the batch.
        stored: Vec<Option<Uid>>,
        /// Why the next item was refused.
        error: ConnectorError,
    },
    /// The line was lost: whether any of the batch arrived is not known.
    Unknown(ConnectorError),
}

/// The side that is written. Nothing deletes.
pub trait Destination: Account {
    /// What it takes.
    fn limits(&self) -> DestinationLimits;

    /// Tells the folder's name on the wire; with `create`, makes it and all that is above it first. One that exists
    /// already is fine.
    fn ensure_folder(
        &mut self,
        path: &FolderPath,
        create: bool,
    ) -> impl Future<Output = Result<String, ConnectorError>> + Send;

    /// Subscribes to a folder.
    fn subscribe(&mut self, wire_name: &str) -> impl Future<Output = Result<(), ConnectorError>> + Send;

    /// Appends a batch to a folder, all or nothing where the server can (MULTIAPPEND, RFC 3502).
    fn store(
        &mut self,
        wire_name: &str,
        batch: &[NewItem],
    ) -> impl Future<Output = Result<Appended, StoreError>> + Send;

    /// Size and hash of messages of the open folder, given with their listed sizes ascending by UID; for telling what
    /// is there already.
    fn identify(
        &mut self,
        items: &[(Uid, u64)],
    ) -> impl Future<Output = Result<Vec<(Uid, ContentKey)>, ConnectorError>> + Send;
}
