//! Orders: create, read, change, delete, and what starts and stops them.

pub mod cancel;
pub mod change;
pub mod create;
pub mod delete;
pub mod export;
pub mod forget;
pub mod list;
pub mod mail_link;
pub mod mx;
pub mod pause;
pub mod read;
pub mod redeem;
pub mod renew_links;
pub mod repair;
pub mod resume;
pub mod retry;
pub mod start;
pub mod unschedule;
pub mod view;
