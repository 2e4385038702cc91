//! Examples of links by which members set a password.

use mailferry_shared::{
    member::{PasswordLinkCreate, PasswordLinkKind, PasswordLinkRequest, PasswordLinkSent, PasswordSet},
    order::Language,
    secret::Secret,
};

use super::{at, principals::member};

/// What an admin says.
pub fn create() -> PasswordLinkCreate {
    PasswordLinkCreate { language: Language::En }
}

/// What was sent.
pub fn sent() -> serde_json::Value {
    let sent = member().mail.map(|mail| PasswordLinkSent {
        kind: PasswordLinkKind::Invitation,
        mail,
        expires_at: at(7 * 24 * 60),
    });
    serde_json::to_value(sent).unwrap_or_default()
}

/// What somebody says who has forgotten theirs.
pub fn request() -> PasswordLinkRequest {
    PasswordLinkRequest { mail: Secret::new("maria@hosting.example"), language: Language::En }
}

/// A new password.
pub fn set() -> PasswordSet {
    PasswordSet {
        token: Secret::new("AZnRxF1eehCML3E_f8XAAckVc2sB0kJ1m9y5hQ2yHhZ0bXlJ2o9wq5R0s7u3C1aT"),
        new_password: Secret::new("correct horse battery"),
    }
}
