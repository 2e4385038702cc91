//! The store: everything that is kept, in SQLite (embedded) or PostgreSQL, behind one face.
//!
//! One SQL text serves both (`db`, `value`); the few statements that differ say why. Changes of an order that touch
//! more than one thing (`life`) are one transaction over state, runs and jobs. Passwords are sealed (`sealing`,
//! `credential`). The ledger (`ledger`) implements the engine's port and stands alone, so that the command line can keep
//! one in a file. Leases (`lease`) say who may write it; the queue (`jobs`) hands out work. A request with an idempotency
//! key is done once (`idempotency`).
#![warn(missing_docs)]

mod admin;
mod check;
mod chosen;
mod consent;
mod context;
mod credential;
mod cut_over;
mod db;
mod discovery;
mod dry_run;
mod error;
mod idempotency;
pub mod jobs;
mod key;
mod lease;
mod ledger;
mod life;
mod link;
mod mail;
mod member;
mod order;
mod pace;
mod page;
mod pair;
mod password_link;
mod payment;
mod progress;
mod purge;
mod request;
mod rotation;
mod run;
mod sandbox;
mod sealing;
mod slots;
mod store;
mod sweep;
mod tenant;
mod throttle;
mod traffic;
mod value;
mod verification;
mod visit;
mod voucher;
mod webhook;

pub use check::CheckedSide;
pub use consent::{Consenter, PinnedCertificate};
pub use context::{Clock, Context, MockClock, NoRandomness, Random, SystemClock, SystemRandom};
pub use credential::{PairAccess, SideAccess};
pub use cut_over::WatchedDomain;
pub use discovery::Sought;
pub use dry_run::PlannedPair;
pub use error::StoreError;
pub use idempotency::{ATTEMPT_SECONDS, Attempt, AttemptSlot, Begun, as_attempt};
pub use jobs::{Job, JobHandler, JobKind, JobOutcome, JobQueue, Load, WorkerOptions};
pub use key::{KeyHolder, NewApiKey};
pub use lease::Lease;
pub use ledger::{ItemPart, LedgerFile, LedgerReport, PlacedItem, PreviewLedger, RunLedger};
pub use link::{LinkRecord, LinkUpdate, NewLink};
pub use mail::{MailId, MailKind, MailRecord};
pub use member::{MemberRecord, MemberUpdate, NewMember};
pub use order::{Asker, NewOrder, OrderFilter, OrderRecord, Reach};
pub use pace::{Asked, Metered};
pub use page::{Part, Position};
pub use password_link::PasswordLinkRecord;
pub use payment::{PaymentEvent, PaymentEventId, PaymentRecord, Settled};
pub use progress::PROTOCOL_ITEMS;
pub use request::{NewAttachment, NewRequest, RequestFilter, RequestRecord};
pub use rotation::CredentialAt;
pub use run::RunRecord;
pub use sandbox::SandboxMailbox;
pub use sealing::{KeyFileError, SealError, SealingKeys};
pub use slots::{SlotRequest, Slots, TenantShare};
pub use store::Store;
pub use tenant::OPERATOR_TENANT;
pub use throttle::{FAILED_LOGINS_AN_HOUR, LoginPermit, LoginTicket};
pub use traffic::{AccountKey, DailyUse, TrafficAccounts};
pub use verification::{LedgerUse, VerifiedPair};
pub use visit::Visit;
pub use voucher::{NewVouchers, VoucherFilter, VoucherUnfit};
pub use webhook::{NewWebhook, WebhookAnswer, WebhookCall, WebhookUpdate};
