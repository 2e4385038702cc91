//! HTTP to servers that others name: through the address guard, without redirects, everything bounded.

use std::{error::Error, net::IpAddr, sync::Arc, time::Duration};

use mailferry_shared::{endpoint::HostName, finding::FindingCode};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
pub use reqwest::{Error as ClientError, Method, Url, header};
use tokio::time::timeout;

use super::{
    dial::{Network, Resolver},
    guard::{AddressGuard, Refused},
    tls::{HandshakeFailure, tls_failure},
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Speaks HTTP through the address guard. Cheap to clone.
#[derive(Clone)]
pub struct HttpClient {
    client: reqwest::Client,
    guard: AddressGuard,
    plaintext: bool,
}

/// What to ask.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// GET, POST, …
    pub method: Method,
    /// Whom, by `https://`.
    pub url: Url,
    /// Header fields.
    pub headers: header::HeaderMap,
    /// The body; empty for none.
    pub body: Vec<u8>,
    /// An answer's body of more bytes is an error.
    pub most_bytes: usize,
    /// For everything together.
    pub time: Duration,
}

impl HttpRequest {
    /// A GET whose answer has at most 256 KiB and comes within 15 seconds.
    pub fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            headers: header::HeaderMap::new(),
            body: Vec::new(),
            most_bytes: 256 * 1024,
            time: Duration::from_secs(15),
        }
    }
}

/// What was answered, whatever the status: a redirect is an answer too, and is not followed.
#[derive(Debug, Clone)]
pub struct HttpAnswer {
    /// Status, such as 200.
    pub status: u16,
    /// Header fields.
    pub headers: header::HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

/// No answer. Nothing of what the server said is in it.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Not `https://host…`; an address with user name or password is none either.
    #[error("the address is not one that begins with https:// and a host name")]
    Url,
    /// The address guard does not permit the connection.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// There is no such host.
    #[error("there is no server of this name")]
    UnknownHost,
    /// It took too long.
    #[error("the server did not answer in time")]
    Timeout,
    /// The certificate names another host.
    #[error("the server's certificate does not match the host name")]
    CertificateMismatch,
    /// The certificate cannot be verified.
    #[error("the server's certificate could not be verified")]
    CertificateInvalid,
    /// The body is larger than permitted.
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
    /// Anything else on the line.
    #[error("the server could not be reached, or its answer could not be read")]
    Connection(#[source] Box<dyn Error + Send + Sync>),
}

impl HttpError {
    /// The finding that tells people the same.
    pub fn code(&self) -> FindingCode {
        match self {
            Self::Url | Self::TooLarge(_) => FindingCode::ServerError,
            Self::Refused(Refused::Port(_)) => FindingCode::PortRefused,
            Self::Refused(Refused::Address) => FindingCode::AddressRefused,
            Self::UnknownHost => FindingCode::UnknownHost,
            Self::Timeout => FindingCode::ConnectionTimeout,
            Self::CertificateMismatch => FindingCode::CertificateMismatch,
            Self::CertificateInvalid => FindingCode::CertificateInvalid,
            Self::Connection(_) => FindingCode::ConnectionLost,
        }
    }
}

impl HttpClient {
    /// A client with the rules of `network`. `plaintext` also permits `http://`: for test servers and on-premises use.
    ///
    /// # Errors
    /// If the client cannot be built.
    pub fn new(network: &Network, plaintext: bool) -> Result<Self, reqwest::Error> {
        let guard = network.guard().clone();
        let resolver = GuardedResolver { guard: guard.clone(), resolver: network.resolver().clone() };
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(network.tls_config())
            .dns_resolver(Arc::new(resolver))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .https_only(!plaintext)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(Duration::from_secs(30))
            .user_agent("Mailferry")
            .build()?;
        Ok(Self { client, guard, plaintext })
    }

    /// Asks, and reads the whole answer.
    ///
    /// # Errors
    /// [`HttpError`]; a status of 400 or more is none.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpAnswer, HttpError> {
        self.check(&request.url)?;
        match timeout(request.time, self.answer(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(HttpError::Timeout),
        }
    }

    /// What needs no look-up: scheme, port, and a host that is an address already (no resolver is asked for it).
    fn check(&self, url: &Url) -> Result<(), HttpError> {
        let permitted = url.scheme() == "https" || self.plaintext && url.scheme() == "http";
        if !permitted || !url.username().is_empty() || url.password().is_some() {
            return Err(HttpError::Url);
        }
        self.guard.check_port(url.port_or_known_default().ok_or(HttpError::Url)?)?;
        match url.host().ok_or(HttpError::Url)? {
            url::Host::Ipv4(address) => self.guard.check_address(IpAddr::V4(address))?,
            url::Host::Ipv6(address) => self.guard.check_address(IpAddr::V6(address))?,
            url::Host::Domain(_) => {}
        }
        Ok(())
    }

    async fn answer(&self, request: HttpRequest) -> Result<HttpAnswer, HttpError> {
        let HttpRequest { method, url, headers, body, most_bytes, .. } = request;
        let sent = self.client.request(method, url).headers(headers).body(body).send().await;
        let mut response = sent.map_err(failure)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(failure)? {
            if body.len() + piece.len() > most_bytes {
                return Err(HttpError::TooLarge(most_bytes));
            }
            body.extend_from_slice(&piece);
        }
        Ok(HttpAnswer { status, headers, body })
    }
}

/// Resolves a name once and gives back checked addresses only, which are then connected to.
struct GuardedResolver {
    guard: AddressGuard,
    resolver: Resolver,
}

/// Why a name gives no address to connect to; it travels inside of the client's own error.
#[derive(Debug, thiserror::Error)]
enum NoAddress {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("there is no server of this name")]
    Unknown,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, resolver) = (self.guard.clone(), self.resolver.clone());
        Box::pin(async move {
            let host: HostName = name.as_str().parse().map_err(|_| NoAddress::Unknown)?;
            let addresses = resolver.addresses(&host).await?;
            if addresses.is_empty() {
                return Err(NoAddress::Unknown.into());
            }
            // One address that is not allowed spoils the name: it may be an attempt to get inside.
            for address in &addresses {
                guard.check_address(*address).map_err(NoAddress::Refused)?;
            }
            // The port is the URL's, which has been checked.
            let addresses: Addrs = Box::new(addresses.into_iter().map(|address| (address, 0).into()));
            Ok(addresses)
        })
    }
}

/// IO errors hide their causes from `source`, and lie in each other.
fn nested_tls_failure(error: &(dyn Error + 'static)) -> Option<HandshakeFailure> {
    let inner = || error.downcast_ref::<std::io::Error>()?.get_ref().and_then(|inner| nested_tls_failure(inner));
    tls_failure(error).or_else(inner)
}

fn failure(error: reqwest::Error) -> HttpError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(one) = cause {
        match one.downcast_ref::<NoAddress>() {
            Some(NoAddress::Refused(refused)) => return HttpError::Refused(*refused),
            Some(NoAddress::Unknown) => return HttpError::UnknownHost,
            None => {}
        }
        match nested_tls_failure(one) {
            Some(HandshakeFailure::WrongName) => return HttpError::CertificateMismatch,
            Some(HandshakeFailure::BadCertificate | HandshakeFailure::OtherCertificate) => {
                return HttpError::CertificateInvalid;
            }
            Some(HandshakeFailure::Other | HandshakeFailure::LineLost) | None => {}
        }
        cause = one.source();
    }
    if error.is_timeout() { HttpError::Timeout } else { HttpError::Connection(error.without_url().into()) }
}
