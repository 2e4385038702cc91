//! One module per step, the frame that opens an order, and what is shown when there is none.

mod accounts;
mod confirm;
mod introduction;
mod lost;
mod order;
mod parts;
mod providers;
mod status;
mod steps;

use accounts::Accounts;
use confirm::Confirm;
pub(crate) use introduction::Introduction;
use introduction::IntroductionAgain;
pub(crate) use lost::{Locked, NotFound};
pub(crate) use order::OrderFrame;
use providers::Providers;
use status::Status;
