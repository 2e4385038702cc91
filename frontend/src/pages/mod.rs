//! One module per step, the frame that opens an order, and what is shown when there is none.

mod accounts;
mod begin;
mod confirm;
mod introduction;
mod legal;
mod lost;
mod order;
pub(crate) mod parts;
mod providers;
mod status;
mod steps;
mod terms;

pub(crate) use accounts::{AccountFile, Accounts, Importing, file_request};
pub(crate) use confirm::{Confirm, LaterOptions};
pub(crate) use introduction::{Introduction, IntroductionAgain};
pub(crate) use legal::Legal;
pub(crate) use lost::{Locked, NotFound};
pub(crate) use order::{LAST_ORDER, OrderFrame, Resume, SIGNED_IN, Steps, take_token};
pub(crate) use parts::Help;
pub(crate) use providers::Providers;
pub(crate) use status::{Beside, Status};
pub(crate) use terms::Terms;
