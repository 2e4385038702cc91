//! Pre-configured links: a URL that a hoster hands out.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    address::MailAddress,
    ids::{LinkId, VoucherId},
    order::{Language, ProviderChoice},
    secret::Secret,
    voucher::VoucherState,
};

/// A colour, `#rrggbb`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String, pattern = "^#[0-9a-f]{6}$", example = "#0b5fa5"))]
#[serde(try_from = "String", into = "String")]
pub struct Colour(String);

/// The text is no colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a colour looks like #0b5fa5")]
pub struct ColourError;

impl Colour {
    /// The colour as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Colour {
    type Err = ColourError;

    fn from_str(text: &str) -> Result<Self, ColourError> {
        let text = text.trim().to_ascii_lowercase();
        let digits = text.strip_prefix('#').ok_or(ColourError)?;
        if digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            Ok(Self(text))
        } else {
            Err(ColourError)
        }
    }
}

impl TryFrom<String> for Colour {
    type Error = ColourError;

    fn try_from(text: String) -> Result<Self, ColourError> {
        text.parse()
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.0
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whose name the page bears.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Brand {
    /// The hoster's name, at most 200 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The colour of buttons and bars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colour: Option<Colour>,
    /// A picture of at most 64 kB as a data URL of `image/png`, `image/jpeg` or `image/webp`. It is part of the page's
    /// own data: no browser of an end user asks anybody for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "data:image/png;base64,iVBORw0KGgo="))]
    pub logo: Option<String>,
    /// Where end users ask for help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub support_address: Option<MailAddress>,
}

/// What a link pays with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkVoucher {
    /// The voucher.
    pub id: VoucherId,
    /// How its code begins.
    pub hint: String,
    /// Account pairs it is good for.
    pub pairs: u32,
    /// Account pairs it was spent on.
    pub pairs_used: u32,
    /// Where it stands: it pays only while it is `issued`.
    pub state: VoucherState,
}

impl LinkVoucher {
    /// Account pairs that it still pays for.
    pub fn left(&self) -> u32 {
        if self.state == VoucherState::Issued { self.pairs.saturating_sub(self.pairs_used) } else { 0 }
    }
}

/// A pre-configured link as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Link {
    /// Its id.
    pub id: LinkId,
    /// What its owner calls it.
    pub name: String,
    /// What to hand out: the page's address with the token in its fragment.
    #[cfg_attr(feature = "openapi", schema(example = "https://move.example.org/#link=…"))]
    pub url: String,
    /// The token alone, for a page of one's own.
    pub token: Secret,
    /// The old provider that it fixes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<ProviderChoice>,
    /// The new provider that it fixes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<ProviderChoice>,
    /// The page's language to begin with.
    pub language: Language,
    /// Whose name the page bears.
    pub brand: Brand,
    /// What it pays with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voucher: Option<LinkVoucher>,
    /// Good for one order only.
    pub once: bool,
    /// Orders made by it so far.
    pub uses: u32,
    /// True if its orders run against built-in test hosts.
    pub sandbox: bool,
    /// Since when.
    #[serde(deserialize_with = "crate::time::read")]
    pub created_at: DateTime<Utc>,
    /// True once it was revoked.
    pub revoked: bool,
}

/// The links of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkList {
    /// The links, newest first.
    pub items: Vec<Link>,
    /// The cursor of the next page, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A new link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LinkCreate {
    /// What to call it, 1 to 200 characters; end users do not see it.
    pub name: String,
    /// The old provider, if it is always the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<ProviderChoice>,
    /// The new provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<ProviderChoice>,
    /// The page's language to begin with.
    #[serde(default)]
    pub language: Language,
    /// Whose name the page bears.
    #[serde(default)]
    pub brand: Brand,
    /// A voucher that pays for the orders; not together with `prepaid_pairs`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voucher_id: Option<VoucherId>,
    /// So many account pairs are paid for, over all orders made by the link, 1 to 10000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 10000))]
    pub prepaid_pairs: Option<u32>,
    /// Good for one order only.
    #[serde(default)]
    pub once: bool,
}

/// Something that a link fixes or brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LinkPart {
    /// The old provider: end users choose it again.
    Source,
    /// The new provider: end users choose it again.
    Destination,
    /// What pays: end users pay for themselves. A voucher that paid so far stays good for what is left of it.
    Voucher,
}

/// Changes to a link; what is absent stays. Orders made by it before keep what they have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LinkChange {
    /// What to call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The old provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<ProviderChoice>,
    /// The new provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<ProviderChoice>,
    /// What the link no longer fixes or brings; not together with a new value for the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(max_items = 3))]
    pub release: Vec<LinkPart>,
    /// The page's language to begin with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// All of the brand anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<Brand>,
    /// Another voucher that pays; not together with `prepaid_pairs`. To let the link pay for nothing more, release
    /// `voucher`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voucher_id: Option<VoucherId>,
    /// So many account pairs more are paid for, 1 to 10000, by a voucher of their own in the place of the one so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 10000))]
    pub prepaid_pairs: Option<u32>,
}

/// Asks what a link offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LinkOpen {
    /// The token in the link's fragment.
    pub token: Secret,
}

/// What a link offers, as anybody who has it may see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkOffer {
    /// Whose name the page bears.
    pub brand: Brand,
    /// The old provider, if it is fixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<ProviderChoice>,
    /// The new provider, if it is fixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<ProviderChoice>,
    /// The page's language to begin with.
    pub language: Language,
    /// Account pairs that are paid for; absent if the link pays for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepaid_pairs: Option<u32>,
    /// Where the voucher stands that is to pay, if there is one. Unless it is `issued` it pays for nothing more: what is
    /// begun by the link is to be paid for in another way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voucher_state: Option<VoucherState>,
    /// True if its orders run against built-in test hosts.
    pub sandbox: bool,
}

/// What the link that an order was made by says about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderLink {
    /// Whose name the page bears.
    pub brand: Brand,
    /// True if the old provider is fixed.
    pub fixes_source: bool,
    /// True if the new provider is fixed.
    pub fixes_destination: bool,
    /// Account pairs that the link still pays for at the start; absent if it pays for nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepaid_pairs: Option<u32>,
    /// Where the voucher stands that is to pay, if there is one: unless it is `issued`, `prepaid_pairs` is 0. What it has
    /// paid for this order stays paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voucher_state: Option<VoucherState>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_six_digits_and_nothing_else() {
        assert_eq!("#0B5fa5".parse::<Colour>().expect("a colour").as_str(), "#0b5fa5");
        for wrong in ["", "#fff", "red", "#0b5fa5;}", "0b5fa5", "#0b5fg5"] {
            assert!(wrong.parse::<Colour>().is_err(), "{wrong}");
        }
    }
}
