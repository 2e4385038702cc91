//! What can go wrong at the store, and what it means for who asked.

use std::error::Error;

use mailferry_domain::{order::OrderTransitionError, request::RequestTransitionError, run::RunTransitionError};
use mailferry_shared::account::SideName;

use crate::{context::NoRandomness, sealing::SealError, voucher::VoucherUnfit};

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such row (or not in this order).
    #[error("there is no such thing in the store")]
    NotFound,
    /// Somebody else changed it since it was read: read it again and decide anew.
    #[error("it was changed by somebody else in the meantime")]
    Conflict,
    /// The order has as many account pairs as it may.
    #[error("an order may have {limit} account pairs")]
    TooManyPairs {
        /// How many it may have.
        limit: u32,
    },
    /// The order has an account pair between the same mailboxes.
    #[error("this account pair is in the order already")]
    SamePair,
    /// The pre-configured link that the order is made by fixes this side's server.
    #[error("the order's link fixes this server")]
    FixedByLink(SideName),
    /// As many orders of whoever asks are at work as may be at once.
    #[error("{limit} orders may be at work at once")]
    TooManyActive {
        /// How many may be.
        limit: u32,
    },
    /// Another member has this mail address.
    #[error("another member has this mail address")]
    AddressTaken,
    /// Nothing is sent to an endpoint that is switched off.
    #[error("the endpoint is switched off")]
    WebhookDisabled,
    /// A tenant keeps an admin.
    #[error("the last admin of a tenant stays one")]
    LastAdmin,
    /// Unknown, expired or used up: one answer for all.
    #[error("the voucher code is not valid")]
    VoucherInvalid,
    /// A valid voucher that is not good for this order.
    #[error(transparent)]
    VoucherUnfit(#[from] VoucherUnfit),
    /// The tenant has no such voucher, or one of the other kind (sandbox or not).
    #[error("the tenant has no such voucher")]
    NoSuchVoucher,
    /// The link was revoked, or was good for one order and has had it.
    #[error("the link is not valid")]
    LinkInvalid,
    /// Not possible in the order's state.
    #[error(transparent)]
    WrongState(#[from] OrderTransitionError),
    /// Not possible in the state of the requested migration.
    #[error(transparent)]
    RequestState(#[from] RequestTransitionError),
    /// Not possible in the run's state.
    #[error(transparent)]
    RunState(#[from] RunTransitionError),
    /// Runs of it have not ended.
    #[error("it has runs that have not ended")]
    Active,
    /// Nothing is left to pay, or the tenant has set no price.
    #[error("nothing is left to pay, or there is no price")]
    NothingDue,
    /// The money of another payment is being taken.
    #[error("another payment is being settled")]
    PaymentUnderWay,
    /// The payment came to nothing, or the order needs another amount by now.
    #[error("the payment came to nothing, or its amount has changed")]
    PaymentChanged,
    /// Nothing is to be paid back, or more than is left of a payment.
    #[error("at most {left_minor} can be paid back")]
    RefundTooLarge {
        /// What is left, in the currency's smallest unit.
        left_minor: u64,
    },
    /// The order has no address for status mails.
    #[error("the order has no mail address")]
    NoAddress,
    /// The same was mailed a moment ago, or too often today.
    #[error("it was mailed lately; it can be again in {wait_seconds} s")]
    MailedLately {
        /// When the next try may succeed.
        wait_seconds: u64,
    },
    /// No account pair is ticked.
    #[error("no account pair is ticked")]
    NothingTicked,
    /// Another worker holds the lease by now.
    #[error("the lease is held by another worker")]
    Fenced,
    /// Another process uses the file.
    #[error("another process uses the file")]
    InUse,
    /// The file belongs to a copy between other mailboxes.
    #[error("the file belongs to the copy {recorded}")]
    OtherEnds {
        /// Between which.
        recorded: String,
    },
    /// A sealed value cannot be opened.
    #[error(transparent)]
    Sealed(#[from] SealError),
    /// The database's address is of no known kind.
    #[error("a database address begins with sqlite: or postgres:")]
    Address,
    /// A row holds what this version cannot read.
    #[error("the database holds an unreadable value in {what}")]
    Corrupt {
        /// Column, or the value itself where that tells more.
        what: String,
    },
    /// The database cannot be read or written; whether the last commit took effect is unknown.
    #[error("the database is not available")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

impl StoreError {
    pub(crate) fn corrupt(what: &str) -> Self {
        Self::Corrupt { what: what.to_owned() }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl From<NoRandomness> for StoreError {
    fn from(error: NoRandomness) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        Self::Unavailable(Box::new(error))
    }
}
