//! What changed of a message, and how the API tells it.

use mailferry_shared::verification::{Difference, DifferenceKind};

use crate::repair::Repairs;

/// What differs between two messages that should be the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A header field of this name was changed or added.
    Header(String),
    /// Header fields are gone, or were changed beyond what [`Change::Header`] names: so many.
    HeadersGone(usize),
    /// The header's fields are in another order.
    HeaderOrder,
    /// Line ends alone.
    LineEnds,
    /// It carries another Message-ID, this one, or none: probably it is another message.
    MessageId(Option<String>),
    /// What follows the header.
    Body,
    /// Something; nothing was kept that could tell what.
    Bytes,
    /// We have changed it ourselves before it was sent, since the server had refused it as it was.
    Repaired(Repairs),
}

impl From<Change> for Difference {
    fn from(change: Change) -> Self {
        let new = Difference::new;
        match change {
            Change::Header(name) => Difference { header: Some(name), ..new(DifferenceKind::Header) },
            Change::HeadersGone(count) => {
                Difference { count: u64::try_from(count).ok(), ..new(DifferenceKind::HeadersGone) }
            }
            Change::HeaderOrder => new(DifferenceKind::HeaderOrder),
            Change::LineEnds => new(DifferenceKind::LineEnds),
            Change::MessageId(found) => Difference { found, ..new(DifferenceKind::MessageId) },
            Change::Body => new(DifferenceKind::Body),
            Change::Bytes => new(DifferenceKind::Bytes),
            Change::Repaired(repairs) => Difference { repairs: repairs.list(), ..new(DifferenceKind::Repaired) },
        }
    }
}
