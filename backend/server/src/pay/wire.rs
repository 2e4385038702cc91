//! What PayPal says (Orders v2, Payments v2), as far as it is read here; everything may be absent.

use serde::Deserialize;
use utoipa::ToSchema;

#[derive(Deserialize)]
pub(super) struct Token {
    pub(super) access_token: String,
    pub(super) expires_in: i64,
}

/// An order, as created, captured or read.
#[derive(Deserialize)]
pub(super) struct RemoteOrder {
    pub(super) id: String,
    #[serde(default)]
    pub(super) status: String,
    #[serde(default)]
    pub(super) links: Vec<Link>,
    #[serde(default)]
    pub(super) purchase_units: Vec<Unit>,
}

#[derive(Deserialize)]
pub(super) struct Link {
    pub(super) rel: String,
    pub(super) href: String,
}

#[derive(Deserialize)]
pub(super) struct Unit {
    #[serde(default)]
    pub(super) payments: Payments,
}

#[derive(Deserialize, Default)]
pub(super) struct Payments {
    #[serde(default)]
    pub(super) captures: Vec<Capture>,
    /// Whoever has made them: we, or the seller at PayPal itself.
    #[serde(default)]
    pub(super) refunds: Vec<Refund>,
}

/// Money that was taken, or is on its way.
#[derive(Deserialize)]
pub(super) struct Capture {
    pub(super) id: String,
    #[serde(default)]
    pub(super) status: String,
    pub(super) amount: Option<Money>,
    pub(super) custom_id: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Money {
    pub(super) currency_code: String,
    pub(super) value: String,
}

/// Money that went back, or is on its way.
#[derive(Deserialize)]
pub(super) struct Refund {
    #[serde(default)]
    pub(super) status: String,
    pub(super) amount: Option<Money>,
}

#[derive(Deserialize)]
pub(super) struct Verified {
    pub(super) verification_status: String,
}

/// An error of the API.
#[derive(Deserialize, Default)]
pub(super) struct Refusal {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) details: Vec<Detail>,
}

#[derive(Deserialize)]
pub(super) struct Detail {
    #[serde(default)]
    pub(super) issue: String,
}

/// A notification of PayPal's, as far as it says what it is about; whatever else it holds is left alone.
#[derive(Deserialize, ToSchema)]
#[schema(as = PaypalEvent)]
pub struct Event {
    /// PayPal's number of it.
    pub id: String,
    /// What has happened to what.
    #[serde(default)]
    pub resource: Resource,
}

/// What a notification is about: an order, a capture or a refund.
#[derive(Deserialize, Default, ToSchema)]
#[schema(as = PaypalResource)]
pub struct Resource {
    /// Its own number.
    #[serde(default)]
    pub id: Option<String>,
    /// Our payment's id, as we gave it.
    #[serde(default)]
    pub custom_id: Option<String>,
    /// The same; a refund's notification may have this alone.
    #[serde(default)]
    pub invoice_id: Option<String>,
    /// What it belongs to.
    #[serde(default)]
    pub supplementary_data: Option<Supplement>,
}

/// What a capture belongs to.
#[derive(Deserialize, ToSchema)]
#[schema(as = PaypalSupplement)]
pub struct Supplement {
    /// Its order.
    #[serde(default)]
    pub related_ids: Option<RelatedIds>,
}

/// Numbers of what belongs together.
#[derive(Deserialize, ToSchema)]
#[schema(as = PaypalRelatedIds)]
pub struct RelatedIds {
    /// The order's.
    #[serde(default)]
    pub order_id: Option<String>,
}
