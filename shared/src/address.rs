//! Mail addresses, as far as both sides must agree on what one looks like.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A mail address for status mails: `local@domain` (RFC 5321 section 2.3.11, without quoted local parts).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String, format = Email))]
#[serde(try_from = "String", into = "String")]
pub struct MailAddress(String);

/// Why a text is no mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing was entered.
    #[error("enter a mail address")]
    Empty,
    /// There is not exactly one `@` with text on both sides.
    #[error("a mail address looks like name@example.org")]
    Shape,
    /// The local part has a character that needs quoting, or is over 64 bytes.
    #[error("the part before the @ has a character that is not allowed, or is too long")]
    Local,
    /// The domain is not a host name.
    #[error("the part after the @ is not a domain name")]
    Domain,
}

impl MailAddress {
    /// The part before the `@`.
    pub fn local(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// The part after the `@`, lower case.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MailAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(AddressError::Shape)?;
        if local.is_empty() || domain.is_empty() || local.contains('@') {
            return Err(AddressError::Shape);
        }
        if local.len() > 64 || !local.split('.').all(is_dot_atom) {
            return Err(AddressError::Local);
        }
        let domain = lower_case(domain);
        if !domain.contains('.') || !is_host_name(&domain) {
            return Err(AddressError::Domain);
        }
        Ok(Self(format!("{local}@{domain}")))
    }
}

fn is_dot_atom(part: &str) -> bool {
    !part.is_empty()
        && part.chars().all(|c| !c.is_ascii() || c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c))
}

/// A host name in lower case. In the browser its ASCII letters alone: the service reads every name again, and Unicode's
/// tables of cases would be a heavy part of the page.
pub(crate) fn lower_case(name: &str) -> String {
    if cfg!(target_arch = "wasm32") { name.to_ascii_lowercase() } else { name.to_lowercase() }
}

/// True if `name` is a host name of letters, digits, hyphens and dots (RFC 1123 section 2.1), international
/// letters included (RFC 5890 U-labels).
pub fn is_host_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 253
        && name.trim_end_matches('.').split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
        })
}

impl fmt::Display for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for MailAddress {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<MailAddress> for String {
    fn from(address: MailAddress) -> Self {
        address.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_addresses_are_taken_and_the_domain_is_lowered() {
        let address: MailAddress = " Anna.Schäfer+x@Example.ORG ".parse().expect("valid");
        assert_eq!(address.as_str(), "Anna.Schäfer+x@example.org");
        assert_eq!((address.local(), address.domain()), ("Anna.Schäfer+x", "example.org"));
    }

    #[test]
    fn what_is_no_address_is_named() {
        for (text, error) in [
            ("", AddressError::Empty),
            ("anna", AddressError::Shape),
            ("@example.org", AddressError::Shape),
            ("a b@example.org", AddressError::Local),
            ("anna@example", AddressError::Domain),
            ("anna@exa mple.org", AddressError::Domain),
        ] {
            assert_eq!(text.parse::<MailAddress>(), Err(error), "{text}");
        }
    }
}
