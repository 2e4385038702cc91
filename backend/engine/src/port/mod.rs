//! What the engine needs of the world.

mod body;
mod connector;
mod control;
mod error;
mod fault;
mod ledger;
mod numbered;
mod progress;

pub use body::{Body, BodyWriter, MemoryBudget, SPOOL_THRESHOLD_BYTES};
pub use connector::{
    Account, Answered, Care, Connector, Destination, DestinationLimits, EachFolder, Fate, FetchRequest, Fetched,
    FlagChange, FolderFetch, ListRequest, Listing, NewItem, Prepared, Quota, Source, Wanted,
};
pub use control::{Control, Order as Command};
pub use error::{CertificateRefused, ConnectorError, Decision, LedgerError, RefusedInARow};
pub use fault::{Fault, Interrupted, NoFault, Step};
pub use ledger::{Binding, Entry, FolderBinding, FolderStart, Ledger, LedgerFolderId, Traffic};
pub use numbered::Numbered;
pub use progress::{NoProgress, ProgressEvent, ProgressSink};
