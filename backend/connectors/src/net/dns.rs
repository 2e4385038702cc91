//! What the DNS says of a domain: mail exchangers, services and texts. Addresses are looked up where connections are made.

use std::time::Duration;

use hickory_resolver::{
    TokioResolver,
    lookup::Lookup,
    net::NetError,
    proto::{
        op::ResponseCode,
        rr::{RData, RecordType},
    },
};
use tokio::time::timeout;

use super::dial::Resolver;

const LOOKUP_TIMEOUT: Duration = Duration::from_secs(10);

/// A mail exchanger of a domain (RFC 5321 section 5.1).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MailExchanger {
    /// The lower the earlier it is tried.
    pub preference: u16,
    /// Host name, lower case, without final dot; empty for a domain that takes no mail (RFC 7505).
    pub host: String,
    /// How long the record may be kept, seconds.
    pub ttl_seconds: u32,
}

/// Where a service is offered (RFC 2782).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Service {
    /// The lower the earlier it is tried.
    pub priority: u16,
    /// The higher the more often among those of one priority.
    pub weight: u16,
    /// Host name, lower case, without final dot; empty if the service is decidedly not offered.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// The DNS did not answer; that a name does not exist is an answer, and no error.
#[derive(Debug, thiserror::Error)]
#[error("the DNS did not answer")]
pub struct DnsError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl DnsError {
    pub(super) fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

/// True if the DNS knows that there is nothing of the kind: that is an answer. A server that fails, or that refuses to
/// say anything (SERVFAIL, REFUSED), has not answered.
pub(super) fn says_no_records(error: &NetError) -> bool {
    let NetError::Dns(hickory_resolver::net::DnsError::NoRecordsFound(found)) = error else { return false };
    matches!(found.response_code, ResponseCode::NXDomain | ResponseCode::NoError)
}

impl Resolver {
    /// The mail exchangers of a domain, first choice first; none if it has none.
    ///
    /// # Errors
    /// [`DnsError`].
    pub async fn mail_exchangers(&self, domain: &str) -> Result<Vec<MailExchanger>, DnsError> {
        let Some(lookup) = self.records(domain, RecordType::MX).await? else { return Ok(Vec::new()) };
        let mut found: Vec<MailExchanger> = lookup
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                RData::MX(mx) => Some(MailExchanger {
                    preference: mx.preference,
                    host: host(&mx.exchange.to_utf8()),
                    ttl_seconds: record.ttl,
                }),
                _ => None,
            })
            .collect();
        found.sort();
        Ok(found)
    }

    /// Where a service such as `_imaps._tcp.example.org` is offered, first choice first; none if nowhere.
    ///
    /// # Errors
    /// [`DnsError`].
    pub async fn services(&self, name: &str) -> Result<Vec<Service>, DnsError> {
        let Some(lookup) = self.records(name, RecordType::SRV).await? else { return Ok(Vec::new()) };
        let mut found: Vec<Service> = lookup
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                RData::SRV(srv) => Some(Service {
                    priority: srv.priority,
                    weight: srv.weight,
                    host: host(&srv.target.to_utf8()),
                    port: srv.port,
                }),
                _ => None,
            })
            .collect();
        found.sort_by(|one, other| (one.priority, other.weight).cmp(&(other.priority, one.weight)));
        Ok(found)
    }

    /// The texts of a name (RFC 1035 section 3.3.14), each with its parts joined as SPF and DKIM want it; none if it has
    /// none. What is no UTF-8 is shown with replacement characters.
    ///
    /// # Errors
    /// [`DnsError`].
    pub async fn texts(&self, name: &str) -> Result<Vec<String>, DnsError> {
        let Some(lookup) = self.records(name, RecordType::TXT).await? else { return Ok(Vec::new()) };
        let found = lookup.answers().iter().filter_map(|record| match &record.data {
            RData::TXT(text) => Some(String::from_utf8_lossy(&text.txt_data.concat()).into_owned()),
            _ => None,
        });
        Ok(found.collect())
    }

    async fn records(&self, name: &str, kind: RecordType) -> Result<Option<Lookup>, DnsError> {
        let resolver = self.name_server()?;
        let name = format!("{}.", name.trim_end_matches('.'));
        match timeout(LOOKUP_TIMEOUT, resolver.lookup(name, kind)).await {
            Ok(Ok(lookup)) => Ok(Some(lookup)),
            Ok(Err(error)) if says_no_records(&error) => Ok(None),
            Ok(Err(error)) => Err(DnsError::new(error)),
            Err(elapsed) => Err(DnsError::new(elapsed)),
        }
    }

    /// Whom to ask for more than addresses: the operator's choice, or whom the system asks at this moment.
    fn name_server(&self) -> Result<TokioResolver, DnsError> {
        match self {
            Self::Dns(resolver) => Ok((**resolver).clone()),
            Self::System => {
                TokioResolver::builder_tokio().and_then(hickory_resolver::ResolverBuilder::build).map_err(DnsError::new)
            }
        }
    }
}

fn host(name: &str) -> String {
    name.trim_end_matches('.').to_lowercase()
}
