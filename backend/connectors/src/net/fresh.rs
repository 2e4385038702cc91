//! Look-ups that must not come from memory.

use hickory_resolver::proto::rr::RecordType;

use super::{
    dial::Resolver,
    dns::{DnsError, MailExchanger},
};

impl Resolver {
    /// The mail exchangers of a domain as its name servers tell them now, as far as the name server that is asked does
    /// not remember them; first choice first, none if it has none.
    ///
    /// # Errors
    /// [`DnsError`].
    pub async fn mail_exchangers_now(&self, domain: &str) -> Result<Vec<MailExchanger>, DnsError> {
        if let Self::Dns(resolver) = self {
            // A name that cannot be written as one is found out by the look-up itself.
            resolver.clear_lookup_cache(format!("{domain}."), RecordType::MX);
        }
        self.mail_exchangers(domain).await
    }

    /// The texts of a name, in the same way; none if it has none.
    ///
    /// # Errors
    /// [`DnsError`].
    pub async fn texts_now(&self, name: &str) -> Result<Vec<String>, DnsError> {
        if let Self::Dns(resolver) = self {
            resolver.clear_lookup_cache(format!("{name}."), RecordType::TXT);
        }
        self.texts(name).await
    }
}
