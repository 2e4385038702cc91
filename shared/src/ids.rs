//! Typed identifiers: a [`PairId`] where an [`OrderId`] belongs does not compile.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String, format = Uuid))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    };
}

typed_id!(
    /// An order; its number is this UUID. Knowing it opens nothing.
    OrderId
);
typed_id!(
    /// An account pair: one source and one destination account, the unit of billing and retry.
    PairId
);
typed_id!(
    /// One execution of a migration for one account pair.
    RunId
);
typed_id!(
    /// A login check over some account pairs of an order.
    CheckId
);
typed_id!(
    /// A search for the settings of a mail service; whoever knows it may read what was found.
    DiscoveryId
);
typed_id!(
    /// A dry run over some account pairs of an order.
    DryRunId
);
typed_id!(
    /// A delta: one more pass over an order after its main run.
    DeltaId
);
typed_id!(
    /// A verification of some account pairs of an order.
    VerificationId
);
typed_id!(
    /// A voucher (its id, not its code).
    VoucherId
);
typed_id!(
    /// A tenant: the isolation boundary. The first one is the operator's.
    TenantId
);
typed_id!(
    /// A member of a tenant.
    MemberId
);
typed_id!(
    /// An API key (its id, not its secret).
    ApiKeyId
);
typed_id!(
    /// A pre-configured link (its id, not its token).
    LinkId
);
typed_id!(
    /// Vouchers that were made together.
    VoucherBatchId
);
typed_id!(
    /// A webhook endpoint.
    WebhookId
);
typed_id!(
    /// One event on its way to one webhook endpoint.
    WebhookDeliveryId
);
typed_id!(
    /// A link by which a member sets a password.
    PasswordLinkId
);
typed_id!(
    /// A migration that was requested to be done by the operator.
    RequestId
);
typed_id!(
    /// A file that was sent along with a requested migration.
    AttachmentId
);
typed_id!(
    /// A payment for an order.
    PaymentId
);
