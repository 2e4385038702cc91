//! Money: prices, and payments by PayPal. Amounts are whole numbers of the currency's smallest unit (cents).

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{OrderId, PaymentId};

/// A currency (ISO 4217), such as `EUR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// The text names no currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("A currency is three capital letters, like EUR.")]
pub struct CurrencyError;

impl Currency {
    /// Its three letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// How many decimal places its amounts are written with at PayPal.
    pub fn decimals(self) -> u32 {
        if matches!(&self.0, b"JPY" | b"HUF" | b"TWD") { 0 } else { 2 }
    }
}

impl FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes: [u8; 3] = text.as_bytes().try_into().map_err(|_| CurrencyError)?;
        if bytes.iter().all(u8::is_ascii_uppercase) { Ok(Self(bytes)) } else { Err(CurrencyError) }
    }
}

impl TryFrom<String> for Currency {
    type Error = CurrencyError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Currency {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::Type::String)
            .description(Some("A currency (ISO 4217)."))
            .pattern(Some("^[A-Z]{3}$"))
            .examples([serde_json::json!("EUR")])
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Currency {}

/// What a tenant asks for one account pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// The currency of all amounts.
    pub currency: Currency,
    /// For one account pair, in the currency's smallest unit.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 10_000_000, example = 1490))]
    pub pair_minor: u64,
    /// What the tax line is called: `VAT` is translated into the reader's language, any other name stays as it is.
    #[cfg_attr(feature = "openapi", schema(example = "VAT"))]
    pub tax_name: String,
    /// The tax rate in hundredths of a percent: 1900 is 19 %; 0: no tax.
    #[cfg_attr(feature = "openapi", schema(maximum = 10_000, example = 1900))]
    pub tax_basis_points: u32,
    /// True if the tax is part of `pair_minor`; otherwise it is added.
    pub tax_included: bool,
}

/// What a tenant asks, if it sells by payment at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TenantPrice {
    /// For one account pair; absent: only vouchers pay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
}

/// What an order costs, computed by the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Amount {
    /// Account pairs that it pays for.
    pub pairs: u32,
    /// The price that it follows from.
    pub price: Price,
    /// Without tax.
    #[cfg_attr(feature = "openapi", schema(example = 2504))]
    pub net_minor: u64,
    /// The tax.
    #[cfg_attr(feature = "openapi", schema(example = 476))]
    pub tax_minor: u64,
    /// What is paid.
    #[cfg_attr(feature = "openapi", schema(example = 2980))]
    pub total_minor: u64,
}

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// PayPal is being asked; `approve_url` follows.
    Creating,
    /// The payer must agree at `approve_url`, then come back and ask for the capture.
    AwaitingApproval,
    /// The money is being taken.
    Capturing,
    /// PayPal has taken it but holds it back (an e-cheque, a review); it is settled without anybody's doing.
    Pending,
    /// Paid.
    Paid,
    /// The means of payment was declined; the payer can choose another one at `approve_url`.
    Declined,
    /// It came to nothing; begin a new one.
    Failed,
    /// PayPal took another amount than was asked for, or for something else. It pays for nothing; the seller looks at it
    /// and pays it back, and the payer should not pay again before that.
    Mismatched,
    /// A refund is under way.
    Refunding,
    /// Paid back.
    Refunded,
}

/// Begins a payment for the account pairs of an order that nothing has paid for yet. The amount is the server's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct PaymentCreate {
    /// By whom it is settled.
    pub method: PaymentMethod,
}

/// By whom payments are settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PaymentMethod {
    /// PayPal.
    #[default]
    Paypal,
}

/// Money as PayPal took it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Captured {
    /// How much, in the smallest unit of its own currency.
    #[cfg_attr(feature = "openapi", schema(example = 2980))]
    pub amount_minor: u64,
    /// In this currency.
    pub currency: Currency,
}

/// A payment for an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrderPayment {
    /// Its id.
    pub id: PaymentId,
    /// The order it pays for.
    pub order_id: OrderId,
    /// By whom it is settled.
    pub method: PaymentMethod,
    /// Where it stands.
    pub state: PaymentState,
    /// What is paid.
    pub amount: Amount,
    /// Where the payer agrees; send the browser there. Afterwards PayPal sends it back to the order's page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approve_url: Option<String>,
    /// PayPal's number of the capture, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What PayPal says it took for this payment, once it has. Where that is not the `total_minor` of `amount` in the same
    /// currency, the payment is or was `mismatched`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured: Option<Captured>,
    /// When it was begun.
    #[serde(deserialize_with = "crate::time::read")]
    pub created_at: DateTime<Utc>,
    /// When it was paid.
    #[serde(default, deserialize_with = "crate::time::read_opt", skip_serializing_if = "Option::is_none")]
    pub paid_at: Option<DateTime<Utc>>,
    /// What was paid back so far, in the price's smallest unit. (Money of another currency goes back as a whole: then this is
    /// what was asked for.)
    #[serde(default, skip_serializing_if = "is_zero")]
    pub refunded_minor: u64,
    /// When to ask again, milliseconds.
    pub poll_after_ms: u32,
}

impl OrderPayment {
    /// What PayPal took, if that is not what was asked for.
    pub fn taken_otherwise(&self) -> Option<Captured> {
        let asked = Captured { amount_minor: self.amount.total_minor, currency: self.amount.price.currency };
        self.captured.filter(|captured| *captured != asked)
    }
}

#[cfg_attr(target_pointer_width = "64", expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so"))]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Pays back a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct RefundCreate {
    /// How much, in the currency's smallest unit; absent: all that is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, example = 500))]
    pub amount_minor: Option<u64>,
}

/// What an order costs now, and its payments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaymentList {
    /// What is left to pay; absent if nothing is, or if the order's tenant has set no price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Amount>,
    /// By whom payments can be settled here; empty: only vouchers.
    pub methods: Vec<PaymentMethod>,
    /// Its payments, oldest first.
    pub items: Vec<OrderPayment>,
    /// The cursor of the next page, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_currency_is_three_capital_letters() {
        assert_eq!("EUR".parse::<Currency>().map(|c| c.to_string()), Ok("EUR".to_owned()));
        assert_eq!("JPY".parse::<Currency>().map(Currency::decimals), Ok(0));
        for wrong in ["", "eur", "EURO", "€", "E1R"] {
            assert!(wrong.parse::<Currency>().is_err(), "{wrong}");
        }
    }
}
