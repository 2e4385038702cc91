//! Addresses of the console.

use mailferry_shared::ids::{OrderId, RequestId};

/// What of the console an address names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Console {
    /// The list of migrations.
    Migrations,
    /// One of them, by its order.
    Migration(OrderId),
    /// A new migration, by file.
    New,
    /// Vouchers.
    Vouchers,
    /// Pre-configured links.
    Links,
    /// Members.
    Members,
    /// API keys.
    Keys,
    /// Webhooks with their deliveries.
    Webhooks,
    /// Requested migrations: the operator's queue, or those of a tenant.
    Requests,
    /// One of the operator's queue.
    Request(RequestId),
    /// Tenants, for operators.
    Tenants,
    /// Who is signed in.
    Profile,
    /// Setting a password by a link that was sent.
    Password,
}

impl Console {
    /// Every list, with its segment.
    pub(super) const LISTS: [(Self, &'static str); 11] = [
        (Self::Migrations, "migrations"),
        (Self::New, "new"),
        (Self::Vouchers, "vouchers"),
        (Self::Links, "links"),
        (Self::Members, "members"),
        (Self::Keys, "keys"),
        (Self::Webhooks, "webhooks"),
        (Self::Requests, "requests"),
        (Self::Tenants, "tenants"),
        (Self::Profile, "profile"),
        (Self::Password, "password"),
    ];

    pub(super) fn of_segments(place: Option<&str>, id: Option<&str>) -> Option<Self> {
        match (place, id) {
            (None, _) => Some(Self::Migrations),
            (Some("migrations"), Some(id)) => id.parse().ok().map(Self::Migration),
            (Some("requests"), Some(id)) => id.parse().ok().map(Self::Request),
            (Some(place), None) => Self::LISTS.iter().find(|(_, segment)| *segment == place).map(|(list, _)| *list),
            _ => None,
        }
    }

    /// The part of the console that it belongs to.
    #[must_use]
    pub fn part(self) -> Self {
        match self {
            Self::Request(_) => Self::Requests,
            Self::Migration(_) => Self::Migrations,
            part => part,
        }
    }

    /// True for what sets things up, and has a module of its own.
    #[must_use]
    pub fn is_setup(self) -> bool {
        use Console::{Keys, Links, Members, Password, Profile, Tenants, Webhooks};
        matches!(self, Links | Webhooks | Members | Keys | Tenants | Profile | Password)
    }

    /// Its address.
    pub fn path(self) -> String {
        match self {
            Self::Request(id) => return format!("/console/requests/{id}"),
            Self::Migration(id) => return format!("/console/migrations/{id}"),
            _ => {}
        }
        let segment = Self::LISTS.iter().find(|(known, _)| *known == self).map_or("", |(_, segment)| segment);
        format!("/console/{segment}")
    }
}
