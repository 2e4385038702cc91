//! Making a connection: resolve, check, connect, TLS.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use hickory_resolver::{
    TokioResolver,
    config::{NameServerConfig, ResolverConfig},
    net::runtime::TokioRuntimeProvider,
};
use mailferry_engine::port::{CertificateRefused, ConnectorError, Decision};
use mailferry_shared::{
    certificate::CertificateFingerprint,
    endpoint::{Endpoint, HostName},
    finding::FindingCode,
};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::{
    certificate::describe,
    dns::{DnsError, says_no_records},
    guard::{AddressGuard, Refused},
    race,
    tls::{CertificateTrust, ClientTls, HandshakeFailure, TlsSetupError, handshake_failure, unverified},
};

/// For each address.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(10);
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(15);

/// Who turns names into addresses.
#[derive(Debug, Clone)]
pub enum Resolver {
    /// The operating system.
    System,
    /// A name server of the operator's choice.
    Dns(Box<TokioResolver>),
}

/// The name server cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the name server cannot be used")]
pub struct ResolverError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Resolver {
    /// A name server at this address; both UDP and TCP are tried.
    ///
    /// # Errors
    /// [`ResolverError`] if the resolver cannot be built.
    pub fn dns(server: SocketAddr) -> Result<Self, ResolverError> {
        let mut name_server = NameServerConfig::udp_and_tcp(server.ip());
        for connection in &mut name_server.connections {
            connection.port = server.port();
        }
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![name_server]);
        let resolver = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            .build()
            .map_err(|error| ResolverError(Box::new(error)))?;
        Ok(Self::Dns(Box::new(resolver)))
    }

    /// The addresses of a host; none if there is no such host.
    ///
    /// # Errors
    /// [`DnsError`] if nobody could be asked: that says nothing of the host.
    pub async fn addresses(&self, host: &HostName) -> Result<Vec<IpAddr>, DnsError> {
        if let Some(address) = host.ip() {
            return Ok(vec![address]);
        }
        // Reserved for names that lead nowhere (RFC 6761 section 6.4): nobody needs to be asked.
        if host.as_str().ends_with(".invalid") {
            return Ok(Vec::new());
        }
        let looked_up = async {
            match self {
                Self::System => match tokio::net::lookup_host((host.as_str(), 0)).await {
                    Ok(addresses) => Ok(addresses.map(|address| address.ip()).collect()),
                    Err(error) if says_unknown(&error) => Ok(Vec::new()),
                    Err(error) => Err(DnsError::new(error)),
                },
                Self::Dns(resolver) => match resolver.lookup_ip(format!("{host}.")).await {
                    Ok(addresses) => Ok(addresses.iter().collect()),
                    Err(error) if says_no_records(&error) => Ok(Vec::new()),
                    Err(error) => Err(DnsError::new(error)),
                },
            }
        };
        timeout(RESOLVE_TIMEOUT, looked_up).await.unwrap_or_else(|elapsed| Err(DnsError::new(elapsed)))
    }
}

/// True if the system knows that there is no such host. Its codes (EAI_NONAME, EAI_NODATA) come as words alone, of glibc,
/// musl and macOS; whatever else it says may be otherwise in a minute.
fn says_unknown(error: &io::Error) -> bool {
    const WORDS: [&str; 5] = [
        "Name or service not known",
        "No address associated with hostname",
        "Name does not resolve",
        "Name has no usable address",
        "nodename nor servname provided",
    ];
    let said = error.to_string();
    WORDS.iter().any(|words| said.contains(words))
}

/// A connection, with or without TLS.
pub struct Stream(Box<dyn Duplex>);

trait Duplex: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Duplex for T {}

impl Stream {
    /// Wraps any two-way stream; tests use it for scripted servers.
    pub fn new(stream: impl AsyncRead + AsyncWrite + Send + Sync + Unpin + 'static) -> Self {
        Self(Box::new(stream))
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stream")
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::pin::Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> std::task::Poll<io::Result<usize>> {
        std::pin::Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> std::task::Poll<io::Result<usize>> {
        std::pin::Pin::new(&mut self.0).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::pin::Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        std::pin::Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// Servers inside the process, which are met without any network.
pub trait Inside: Send + Sync {
    /// A connection to the server of this name, if it is one of these.
    fn connect(&self, endpoint: &Endpoint) -> Option<Stream>;
}

/// The way out: guard, resolver and TLS of the process.
#[derive(Clone)]
pub struct Network {
    inside: Option<Arc<dyn Inside>>,
    guard: AddressGuard,
    resolver: Resolver,
    tls: ClientTls,
    patience: Patience,
    squeeze: Squeeze,
}

/// When sessions are compressed, where the server can (COMPRESS=DEFLATE, RFC 4978).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Squeeze {
    /// Not at all.
    Never,
    /// Where the line has shown to be slower than compressing is.
    #[default]
    SlowLines,
    /// From the first message on.
    Always,
}

/// How long a server may take before its connection counts as lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// To say or to take anything: who is silent for this long, or takes this long for one response, is gone.
    pub idle: Duration,
    /// To store a batch, after its last byte.
    pub append: Duration,
    /// To let somebody in, from the first packet on, however much it says meanwhile.
    pub login: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { idle: Duration::from_secs(60), append: Duration::from_secs(180), login: Duration::from_secs(120) }
    }
}

impl Network {
    /// A way out with these rules.
    ///
    /// # Errors
    /// [`TlsSetupError`] if TLS cannot be set up with these certificates.
    pub fn new(guard: AddressGuard, resolver: Resolver, trust: &CertificateTrust) -> Result<Self, TlsSetupError> {
        Ok(Self {
            inside: None,
            guard,
            resolver,
            tls: trust.client_tls()?,
            patience: Patience::default(),
            squeeze: Squeeze::default(),
        })
    }

    /// The same with servers inside the process.
    #[must_use]
    pub fn with_inside(self, inside: Arc<dyn Inside>) -> Self {
        Self { inside: Some(inside), ..self }
    }

    /// A connection to a server inside the process, if `endpoint` is one: no address is looked up, and nothing lies in
    /// between that TLS would protect from.
    pub(crate) fn connect_inside(&self, endpoint: &Endpoint) -> Option<Stream> {
        self.inside.as_ref()?.connect(endpoint)
    }

    /// The same with sessions compressed at other times.
    #[must_use]
    pub fn with_squeeze(self, squeeze: Squeeze) -> Self {
        Self { squeeze, ..self }
    }

    /// When sessions are compressed.
    pub(crate) fn squeeze(&self) -> Squeeze {
        self.squeeze
    }

    /// The same with more or less patience.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// How long servers may take.
    pub fn patience(&self) -> Patience {
        self.patience
    }

    pub(super) fn guard(&self) -> &AddressGuard {
        &self.guard
    }

    /// Who turns names into addresses, and tells what else the DNS knows.
    pub fn resolver(&self) -> &Resolver {
        &self.resolver
    }

    pub(super) fn tls_config(&self) -> ClientConfig {
        (*self.tls.config(None)).clone()
    }

    /// Connects over TCP, to the first address that answers; a silent one is not waited for.
    ///
    /// # Errors
    /// A [`ConnectorError`] that says what is wrong with name, address or port.
    pub async fn connect(&self, endpoint: &Endpoint) -> Result<TcpStream, ConnectorError> {
        let context = || format!("connecting to {endpoint}");
        self.guard.check_port(endpoint.port).map_err(|refused| refusal(refused, context()))?;
        let addresses = self.resolver.addresses(&endpoint.host).await.map_err(|error| {
            ConnectorError::new(FindingCode::NameServerSilent, Decision::Retry, context()).caused_by(error)
        })?;
        if addresses.is_empty() {
            return Err(ConnectorError::new(FindingCode::UnknownHost, Decision::Permanent, context()));
        }
        // One address that is not allowed spoils the name: it may be an attempt to get inside.
        for address in &addresses {
            self.guard.check_address(*address).map_err(|refused| refusal(refused, context()))?;
        }
        let attempt = |address: IpAddr| async move {
            match timeout(CONNECT_TIMEOUT, TcpStream::connect((address, endpoint.port))).await {
                Ok(Ok(stream)) => Ok(stream),
                Ok(Err(error)) => Err(refused_connection(context(), error)),
                Err(_) => Err(ConnectorError::new(FindingCode::ConnectionTimeout, Decision::Retry, context())),
            }
        };
        let stream = race::first(addresses, attempt).await.map_err(|error| error.unwrap_or_else(|| lost(context())))?;
        // Small commands must not wait for each other.
        stream.set_nodelay(true).map_err(|error| lost(context()).caused_by(error))?;
        Ok(stream)
    }

    /// Starts TLS on a connection to `endpoint`. `pinned` is the certificate that is taken there though it does not
    /// verify; the server must prove that it has its key all the same.
    ///
    /// # Errors
    /// A [`ConnectorError`] that tells a wrong name from a bad certificate from another one than was accepted from no TLS
    /// at all.
    pub async fn start_tls<S>(
        &self,
        stream: S,
        endpoint: &Endpoint,
        pinned: Option<CertificateFingerprint>,
    ) -> Result<Stream, ConnectorError>
    where
        S: AsyncRead + AsyncWrite + Send + Sync + Unpin + 'static,
    {
        let context = format!("starting TLS with {endpoint}");
        let name = ServerName::try_from(endpoint.certificate_name().as_str().to_owned()).map_err(|error| {
            ConnectorError::new(FindingCode::CertificateMismatch, Decision::Permanent, &context).caused_by(error)
        })?;
        let connector = TlsConnector::from(self.tls.config(pinned));
        match timeout(HANDSHAKE_TIMEOUT, connector.connect(name, stream)).await {
            Ok(Ok(stream)) => Ok(Stream::new(stream)),
            Ok(Err(error)) => Err(failed_handshake(context, error)),
            Err(_) => Err(ConnectorError::new(FindingCode::ConnectionTimeout, Decision::Retry, context)),
        }
    }
}

fn failed_handshake(context: String, error: io::Error) -> ConnectorError {
    let (code, decision) = match handshake_failure(&error) {
        HandshakeFailure::WrongName => (FindingCode::CertificateMismatch, Decision::Permanent),
        HandshakeFailure::BadCertificate => (FindingCode::CertificateInvalid, Decision::Permanent),
        // Nobody but the owner can say whether it is the same server.
        HandshakeFailure::OtherCertificate => (FindingCode::CertificateChanged, Decision::Park),
        HandshakeFailure::Other => (FindingCode::TlsFailed, Decision::Permanent),
        HandshakeFailure::LineLost => (FindingCode::ConnectionLost, Decision::Retry),
    };
    let failed = ConnectorError::new(code, decision, context);
    match unverified(&error).map(|unverified| describe(&unverified.leaf)) {
        Some(certificate) => failed.caused_by(CertificateRefused { certificate, cause: error.into() }),
        None => failed.caused_by(error),
    }
}

fn refusal(refused: Refused, context: String) -> ConnectorError {
    let code = match refused {
        Refused::Port(_) => FindingCode::PortRefused,
        Refused::Address => FindingCode::AddressRefused,
    };
    ConnectorError::new(code, Decision::Permanent, context).caused_by(refused)
}

fn refused_connection(context: String, error: io::Error) -> ConnectorError {
    // A server that is restarted refuses for a while, so that this too is tried again.
    ConnectorError::new(FindingCode::ConnectionRefused, Decision::Retry, context).caused_by(error)
}

fn lost(context: String) -> ConnectorError {
    ConnectorError::new(FindingCode::ConnectionLost, Decision::Retry, context)
}
