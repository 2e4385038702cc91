//! Outgoing connections: every one goes through here.
//!
//! A host name is resolved once, every address is checked, and the checked address itself is connected to.

mod certificate;
mod deflate;
mod der;
mod dial;
mod dns;
mod fresh;
mod guard;
pub mod http;
mod pinned;
mod race;
mod tls;

#[cfg(any(test, fuzzing))]
pub(crate) use certificate::fuzz as fuzz_certificate;
pub(crate) use deflate::Deflated;
#[cfg(any(test, fuzzing))]
pub(crate) use deflate::fuzz as fuzz_deflate;
pub use dial::{Inside, Network, Patience, Resolver, ResolverError, Squeeze, Stream};
pub use dns::{DnsError, MailExchanger, Service};
pub use guard::{AddressGuard, Refused};
pub use tls::{CertificateTrust, TlsSetupError};
