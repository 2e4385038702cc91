//! A mail service in memory: as exact as a real one, and it can be told to fail where no real server can be made to.

mod mailbox;
mod session;

pub use mailbox::{Damage, MemoryAccount, Mishap, StoredMessage};
pub use session::{MemoryConnector, MemoryDestination, MemorySource};
