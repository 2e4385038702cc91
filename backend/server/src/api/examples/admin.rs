//! Examples of admin credentials.

use mailferry_shared::{
    account::SideName,
    admin::{AdminCredentials, AdminCredentialsList, AdminCredentialsSet},
    delegation::{CredentialKind, Delegation, DelegationForm},
    ids::OrderId,
    secret::Secret,
};

use super::id;

/// A master user of a Dovecot.
pub fn set() -> AdminCredentialsSet {
    AdminCredentialsSet {
        user: "master".to_owned(),
        password: Some(Secret::new("correct horse")),
        delegation: Some(Delegation::of(DelegationForm::MasterUser)),
        ..AdminCredentialsSet::default()
    }
}

/// The same, as it is shown.
pub fn admin() -> AdminCredentials {
    AdminCredentials {
        order_id: OrderId(id(1)),
        side: SideName::Source,
        user: "master".to_owned(),
        credential: CredentialKind::Password,
        has_password: true,
        delegation: Some(Delegation::of(DelegationForm::MasterUser)),
        pairs: 25,
    }
}

/// Those of an order.
pub fn list() -> AdminCredentialsList {
    AdminCredentialsList { items: vec![admin()] }
}
