//! The seam to mail services. A source has no method that writes; nothing deletes.

use std::{future::Future, time::Duration};

use chrono::{DateTime, FixedOffset};
use mailferry_domain::{
    folder::{FolderPath, FolderStatus, NamingStyle, RemoteFolder},
    item::{ContentKey, Flags, ItemMeta},
    uid::{Uid, UidSet, UidValidity},
};
use tokio::sync::mpsc;

use super::{
    body::{Body, MemoryBudget},
    error::{ConnectorError, Decision},
    numbered::Numbered,
};
use crate::listing::list_from;

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

/// An answer for each folder, in their order: an inner error concerns that folder alone, the outer one is a lost line.
pub type EachFolder<T> = Result<Vec<Result<T, ConnectorError>>, ConnectorError>;

/// Space at an account, by the QUOTA extension (RFC 9208).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Bytes in use.
    pub used_bytes: u64,
    /// Bytes at most.
    pub limit_bytes: u64,
}

/// What both sides can do: look.
pub trait Account: Sized + Send + 'static {
    /// How the server builds folder names.
    fn naming(&self) -> &NamingStyle;

    /// Every folder of the personal namespace, in the server's order, with its status where that costs nothing more.
    fn folders(&mut self) -> impl Future<Output = Result<Vec<RemoteFolder>, ConnectorError>> + Send;

    /// How folders stand, without opening them (STATUS); `None` for one that does not tell.
    fn statuses(
        &mut self,
        wire_names: &[String],
    ) -> impl Future<Output = Result<Vec<Option<FolderStatus>>, ConnectorError>> + Send;

    /// Opens a folder for reading (EXAMINE), for the `list` and `fetch` that follow.
    fn open(&mut self, wire_name: &str) -> impl Future<Output = Result<FolderStatus, ConnectorError>> + Send;

    /// Lists messages of the open folder whose UID lies in `first..=last`, ascending by UID.
    fn list(&mut self, first: Uid, last: Uid) -> impl Future<Output = Result<Vec<ItemMeta>, ConnectorError>> + Send;

    /// Opens each folder in turn and lists it. A folder that cannot be read does not stop the others.
    fn list_folders(&mut self, requests: &[ListRequest]) -> impl Future<Output = EachFolder<Listing>> + Send {
        async move {
            let mut listings = Vec::with_capacity(requests.len());
            for request in requests {
                listings.push(match list_one(self, request).await {
                    Err(error) if error.decision != Decision::Skip => return Err(error),
                    other => other,
                });
            }
            Ok(listings)
        }
    }

    /// From now on [`FolderStatus::highest_modseq`] is told without opening a folder too, where the server knows it.
    fn watch_flags(&mut self) {}

    /// Flags of the messages of a folder that have changed since it had this HIGHESTMODSEQ (CHANGEDSINCE, RFC 7162
    /// section 3.1.4), new messages included; `None` if the server cannot tell. Afterwards it is open.
    fn flags_since(
        &mut self,
        _folder: Numbered<'_>,
        _modseq: u64,
    ) -> impl Future<Output = Result<Option<Vec<(Uid, Flags)>>, ConnectorError>> + Send {
        std::future::ready(Ok(None))
    }

    /// True if one message may lie in several folders and is told by a number of the service's own (Gmail's labels,
    /// X-GM-EXT-1).
    fn has_labels(&self) -> bool {
        false
    }

    /// The service's own numbers (X-GM-MSGID) of the messages of a folder. Afterwards it is open.
    fn numbers(&mut self, _wire_name: &str) -> impl Future<Output = Result<Vec<(Uid, u64)>, ConnectorError>> + Send {
        std::future::ready(Ok(Vec::new()))
    }

    /// Flags of these messages of a folder; those that are there no more are left out. Afterwards it is open.
    fn flags(
        &mut self,
        folder: Numbered<'_>,
        uids: &UidSet,
    ) -> impl Future<Output = Result<Vec<(Uid, Flags)>, ConnectorError>> + Send;

    /// Subjects of these messages of a folder, decoded; without those that have none or are there no more. Afterwards it is
    /// open.
    fn subjects(
        &mut self,
        _folder: Numbered<'_>,
        _uids: &UidSet,
    ) -> impl Future<Output = Result<Vec<(Uid, String)>, ConnectorError>> + Send {
        std::future::ready(Ok(Vec::new()))
    }

    /// Dates in the headers of these messages of a folder: of Received, else of Date. Those without any, or that are there
    /// no more, are left out. Afterwards it is open.
    fn header_dates(
        &mut self,
        _folder: Numbered<'_>,
        _uids: &UidSet,
    ) -> impl Future<Output = Result<Vec<(Uid, DateTime<FixedOffset>)>, ConnectorError>> + Send {
        std::future::ready(Ok(Vec::new()))
    }

    /// Fetches messages of the folders in turn and sends each to `sink`, folder by folder, in ascending order of UID
    /// (descending if the request says so). A message that is there no more is left out, and as
    /// [`FetchRequest::care`] says one that the server does not deliver. Ends early, without error,
    /// when `sink` is closed. Afterwards any folder may be open.
    fn fetch(
        &mut self,
        request: FetchRequest,
        sink: mpsc::Sender<Fetched>,
    ) -> impl Future<Output = Result<(), ConnectorError>> + Send;

    /// Messages and bytes of a folder without opening it (STATUS; bytes by STATUS=SIZE, else by listing).
    fn measure(&mut self, wire_name: &str) -> impl Future<Output = Result<(u64, u64), ConnectorError>> + Send;

    /// The same of several folders, in their order; what cannot be measured is an error of its own.
    fn measure_all(&mut self, wire_names: &[String]) -> impl Future<Output = EachFolder<(u64, u64)>> + Send {
        async move {
            let mut measured = Vec::with_capacity(wire_names.len());
            for wire_name in wire_names {
                measured.push(match self.measure(wire_name).await {
                    Err(error) if error.decision != Decision::Skip => return Err(error),
                    other => other,
                });
            }
            Ok(measured)
        }
    }

    /// Space at the account, where the server tells.
    fn quota(&mut self) -> impl Future<Output = Result<Option<Quota>, ConnectorError>> + Send;

    /// Ends the session politely (LOGOUT); a failure to do so does not matter.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// A folder to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRequest {
    /// Its name on the wire.
    pub wire_name: String,
    /// Messages with a lower UID are left out.
    pub first: Uid,
    /// How many messages are probably there.
    pub messages: Option<u32>,
    /// True if all of its messages will be fetched right after: small ones may be brought along.
    pub soon: bool,
}

/// What lies in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// How the folder stood when it was opened.
    pub status: FolderStatus,
    /// Its messages from the first one asked for on, ascending by UID.
    pub items: Vec<ItemMeta>,
}

async fn list_one<A: Account>(account: &mut A, request: &ListRequest) -> Result<Listing, ConnectorError> {
    let status = account.open(&request.wire_name).await?;
    let items = list_from(account, &status, request.first).await?;
    Ok(Listing { status, items })
}

/// What to fetch of one folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderFetch {
    /// Its name on the wire.
    pub wire_name: String,
    /// As it was listed: a folder that has another one by now must be listed anew.
    pub uid_validity: UidValidity,
    /// The messages with their listed sizes, ascending by UID.
    pub items: Vec<(Uid, u64)>,
}

/// What to fetch.
#[derive(Debug, Clone)]
pub struct FetchRequest {
    /// The folders, one after the other.
    pub folders: Vec<FolderFetch>,
    /// Highest UID first.
    pub newest_first: bool,
    /// What admits each body before it is sent on.
    pub budget: MemoryBudget,
    /// What a message is worth that the server does not deliver.
    pub care: Care,
}

/// What becomes of messages that a server refuses to deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Care {
    /// That is an error: whoever asks needs all of them.
    #[default]
    All,
    /// A message that is refused when it is asked for alone is left out like one that is there no more, and the others
    /// are delivered.
    Each,
    /// The same, and the first messages are asked for one at a time, so that it shows at which one a line breaks.
    OneByOne,
}

/// A message as fetched.
#[derive(Debug)]
pub struct Fetched {
    /// Which of the request's folders it lies in.
    pub folder: usize,
    /// Its UID.
    pub uid: Uid,
    /// Its flags at this moment.
    pub flags: Flags,
    /// True if it has more of them than anybody keeps.
    pub flags_reduced: bool,
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
    /// Largest message of all folders (APPENDLIMIT, RFC 7889), bytes.
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

/// A folder as it shall be at the destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its place.
    pub path: FolderPath,
    /// Its name on the wire, where it exists already.
    pub wire_name: Option<String>,
    /// Make it, and all that is above it, first; one that exists already is fine.
    pub create: bool,
    /// Subscribe to it.
    pub subscribe: bool,
}

/// A folder of the destination, ready for messages.
#[derive(Debug)]
pub struct Prepared {
    /// Its name on the wire.
    pub wire_name: String,
    /// How it stands.
    pub status: FolderStatus,
    /// The largest message that it takes, where that is told of each folder (STATUS APPENDLIMIT, RFC 7889), bytes.
    pub max_message_bytes: Option<u64>,
    /// Why it could not be subscribed to, if it was to be.
    pub not_subscribed: Option<ConnectorError>,
}

/// A change of flags for some messages of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagChange {
    /// The messages.
    pub uids: UidSet,
    /// To be set.
    pub add: Flags,
    /// To be taken away.
    pub remove: Flags,
}

/// What became of one message of a batch.
#[derive(Debug)]
pub enum Fate {
    /// It is at the destination, with its UID there where the server told it (APPENDUID, RFC 4315).
    Stored(Option<Uid>),
    /// It was refused by a tagged NO or BAD, and is not there.
    Refused(ConnectorError),
    /// It was not sent, because one before it was refused.
    NotSent,
    /// The line was lost: whether it arrived is not known.
    Unknown,
}

/// What became of a batch.
#[derive(Debug)]
pub struct Answered {
    /// The batch, as it was submitted.
    pub batch: Vec<NewItem>,
    /// What became of each item, in the order of the batch.
    pub fates: Vec<Fate>,
    /// True if some flags could not be set.
    pub flags_reduced: bool,
    /// The longest that the server took to answer for a part of it, after its last byte; or was waited for in vain.
    pub waited: Duration,
    /// Why the line was lost, if it was.
    pub lost: Option<ConnectorError>,
}

/// The side that is written. Nothing deletes.
pub trait Destination: Account {
    /// What it takes.
    fn limits(&self) -> DestinationLimits;

    /// Makes folders ready for messages, in this order. One that is refused does not stop the others.
    fn prepare(&mut self, wanted: &[Wanted]) -> impl Future<Output = EachFolder<Prepared>> + Send;

    /// Sends a batch to a folder, all or nothing where the server can (MULTIAPPEND, RFC 3502), and does not wait for
    /// the answer where the server allows that. Batches are stored in the order of their submission.
    ///
    /// After an error, whether anything of this batch, and of those not answered yet, has arrived is not known.
    fn submit(
        &mut self,
        wire_name: &str,
        batch: Vec<NewItem>,
    ) -> impl Future<Output = Result<(), ConnectorError>> + Send;

    /// Waits until the answer to the oldest batch without one has come, or cannot come any more. Whoever gives up waiting
    /// loses nothing.
    fn answered(&mut self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    /// The answer to the oldest batch without one; `None` if there is no such batch.
    fn answer(&mut self) -> impl Future<Output = Option<Answered>> + Send;

    /// Sizes and dates of these messages of a folder, and how it stands by now; those that are not there are left out.
    /// Afterwards it is open. Nothing may be on its way.
    fn look_up(
        &mut self,
        wire_name: &str,
        uids: &UidSet,
    ) -> impl Future<Output = Result<(FolderStatus, Vec<ItemMeta>), ConnectorError>> + Send {
        async move {
            let status = self.open(wire_name).await?;
            let mut items = Vec::new();
            for (first, last) in uids.ranges() {
                items.extend(self.list(first, last).await?);
            }
            Ok((status, items))
        }
    }

    /// Those of `flags` that a folder keeps, which has been prepared.
    fn keeps(&self, wire_name: &str, flags: &Flags) -> Flags;

    /// Changes flags in the open folder. Nothing else about the messages changes, and nothing is ever expunged.
    fn change_flags(&mut self, changes: &[FlagChange]) -> impl Future<Output = Result<(), ConnectorError>> + Send;

    /// Size and hash of messages of the open folder, given with their listed sizes ascending by UID; for telling what
    /// is there already.
    fn identify(
        &mut self,
        items: &[(Uid, u64)],
    ) -> impl Future<Output = Result<Vec<(Uid, ContentKey)>, ConnectorError>> + Send;
}
