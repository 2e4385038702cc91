//! OAuth 2 (RFC 6749) as the big providers speak it: what access tokens are fetched with, what is asked, and what an
//! answer means.

mod answer;
mod grant;
mod key_file;

pub use answer::{Refusal, TokenAnswer, read_answer, renew_after};
pub use grant::{AppGrant, Grant, GrantError, RefreshGrant};
pub use key_file::{Claims, PrivateKey, ServiceAccount};

#[cfg(test)]
mod tests;
