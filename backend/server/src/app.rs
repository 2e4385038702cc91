//! The processes: `serve` with workers inside, `worker` alone.

use std::{io, net::TcpListener, sync::Arc};

use actix_web::{
    HttpRequest, HttpResponse, HttpServer,
    dev::{Server, ServerHandle},
    middleware::{Compress, from_fn},
    web::{self, Data},
};
use mailferry_connectors::net::{
    AddressGuard, CertificateTrust, Network, Resolver, ResolverError, TlsSetupError,
    http::{ClientError, HttpClient},
};
use mailferry_store::{Context, KeyFileError, SealingKeys, Store, StoreError, SystemRandom};
use secrecy::ExposeSecret;
use tokio_util::sync::CancellationToken;

use crate::{
    api, assets,
    jobs::{self, JobContext, bound::Bound},
    keys::{Keys, LINK_PURPOSE, SESSION_PURPOSE},
    limits::Limiters,
    mail::{Transport, transport::SmtpSetupError},
    metrics,
    oauth::{TokenService, Tokens},
    pay::PayPal,
    providers::Providers,
    sandbox::TestHosts,
    settings::{Outgoing, Settings},
};

/// What requests need.
pub struct App {
    /// The store, with the clock.
    pub store: Store,
    /// The settings.
    pub settings: Arc<Settings>,
    /// Keys for links and sessions.
    pub keys: Keys,
    /// Rate limits.
    pub limiters: Limiters,
    /// Known providers.
    pub providers: Arc<Providers>,
}

/// Why a process does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The key file.
    #[error("MAILFERRY_SEALING_KEY_FILE: {}", .path.display())]
    KeyFile {
        /// Where it lies.
        path: std::path::PathBuf,
        /// Why it cannot be used.
        source: KeyFileError,
    },
    /// The database.
    #[error("DATABASE_URL: the database cannot be opened")]
    Store(#[from] StoreError),
    /// The mail server.
    #[error("MAILFERRY_SMTP_URL cannot be used")]
    Smtp(#[from] SmtpSetupError),
    /// The address.
    #[error("MAILFERRY_LISTEN: cannot listen on {address}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The certificates.
    #[error("MAILFERRY_CA_FILE cannot be used")]
    Certificates(#[from] TlsSetupError),
    /// The payment provider.
    #[error("MAILFERRY_PAYPAL_URL cannot be used")]
    PayPal(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The HTTP client.
    #[error("the HTTP client cannot be set up")]
    Http(#[from] ClientError),
    /// The resolver.
    #[error("MAILFERRY_DNS cannot be used")]
    Resolver(#[from] ResolverError),
    /// The list of providers in the binary.
    #[error("the list of providers is broken")]
    Providers(#[from] serde_json::Error),
    /// The listener for numbers.
    #[error("MAILFERRY_METRICS_LISTEN: cannot count or listen")]
    Metrics(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Anything else of the system.
    #[error("the service stopped")]
    Io(#[from] io::Error),
}

/// Opens the store that the settings name; makes key file and database if there are none.
///
/// # Errors
/// [`StartError`] naming the setting.
pub async fn open_store(settings: &Settings) -> Result<Store, StartError> {
    let path = &settings.sealing_key_file;
    let key_error = |source: KeyFileError| StartError::KeyFile { path: path.clone(), source };
    make_parent(path).map_err(|error| key_error(error.into()))?;
    let keys = SealingKeys::from_file(path, &SystemRandom).map_err(key_error)?;
    let address = settings.database_url.expose();
    if let Some(file) = address.strip_prefix("sqlite://").or_else(|| address.strip_prefix("sqlite:")) {
        make_parent(std::path::Path::new(file.split('?').next().unwrap_or(file)))?;
    }
    Ok(Store::connect_with(address, keys, Context::default(), settings.terms).await?)
}

fn make_parent(path: &std::path::Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => std::fs::create_dir_all(parent),
        _ => Ok(()),
    }
}

/// The keys for links and sessions, the same for every process on one database.
///
/// # Errors
/// If they cannot be read or opened.
pub async fn server_keys(store: &Store) -> Result<Keys, StoreError> {
    let (link, session) = (store.server_key(LINK_PURPOSE).await?, store.server_key(SESSION_PURPOSE).await?);
    Ok(Keys::new(link.expose_secret(), session.expose_secret()))
}

impl App {
    /// The application over an open store.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn new(store: Store, settings: Arc<Settings>) -> Result<Self, StartError> {
        let keys = server_keys(&store).await?;
        let limiters = Limiters::new(&settings.limits, store.clone());
        Ok(Self { store, settings, keys, limiters, providers: Arc::new(Providers::load()?) })
    }

    /// What this process's workers need.
    ///
    /// # Errors
    /// If the mail server's address, the certificates or the resolver cannot be used.
    pub fn job_context(&self) -> Result<JobContext, StartError> {
        let settings = Arc::clone(&self.settings);
        let mail = Transport::new(
            settings.smtp_url.as_ref(),
            settings.mail_from.clone(),
            settings.outgoing.ca_file.as_deref(),
        )?;
        let id = self.store.new_id()?;
        let (store, keys) = (self.store.clone(), self.keys.clone());
        let inside = Arc::new(TestHosts::new(store.clone()));
        let network = way_out(&settings.outgoing)?.with_inside(inside);
        let paypal = settings.paypal.clone().map(|paypal| PayPal::new(paypal, &network));
        let paypal = paypal.transpose().map_err(StartError::PayPal)?;
        let tokens = Tokens::new(store.clone(), TokenService::new(settings.oauth.clone(), &network)?);
        let http = HttpClient::new(&network, settings.outgoing.plaintext)?;
        let providers = Arc::clone(&self.providers);
        Ok(JobContext {
            store,
            settings,
            keys,
            network,
            http,
            providers,
            tokens,
            mail,
            paypal,
            bound: Bound::default(),
            worker: format!("{}-{id}", std::process::id()).into(),
        })
    }
}

/// The one way out to mail services: address guard, resolver and certificates of this process.
///
/// # Errors
/// If the certificates or the resolver cannot be used.
pub fn way_out(outgoing: &Outgoing) -> Result<Network, StartError> {
    let guard = AddressGuard::new(outgoing.networks.clone(), outgoing.ports.iter().copied());
    let resolver = outgoing.dns.map_or(Ok(Resolver::System), Resolver::dns)?;
    let trust = outgoing
        .ca_file
        .as_deref()
        .map_or_else(|| Ok(CertificateTrust::default()), CertificateTrust::with_roots_from)?;
    Ok(Network::new(guard, resolver, &trust)?)
}

/// The HTTP server; it runs once it is polled, and stops by its handle.
///
/// # Errors
/// If the listener cannot be used.
pub fn http_server(app: Data<App>, listener: TcpListener) -> io::Result<Server> {
    let server = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(app.clone())
            .wrap(from_fn(api::idempotency::once))
            .wrap(from_fn(api::conventions::keep))
            .wrap(Compress::default())
            .wrap(from_fn(api::security::guard))
            .wrap(from_fn(api::trace::request))
            .configure(api::configure)
            .route("/livez", web::get().to(livez))
            .route("/readyz", web::get().to(readyz))
            .default_service(web::to(elsewhere))
    });
    Ok(server.listen(listener)?.shutdown_timeout(20).disable_signals().run())
}

async fn livez() -> &'static str {
    "ok\n"
}

async fn readyz(app: Data<App>) -> HttpResponse {
    match app.store.ping().await {
        Ok(()) => HttpResponse::Ok().body("ok\n"),
        Err(_) => HttpResponse::ServiceUnavailable().body("the database does not answer\n"),
    }
}

async fn elsewhere(request: HttpRequest) -> HttpResponse {
    let path = request.path();
    if path == "/api" || path.starts_with("/api/") { api::fallback::answer(&request) } else { assets::page(&request) }
}

/// Serves until a signal, then lets requests and jobs come to an end.
///
/// # Errors
/// [`StartError`] if it cannot start.
pub async fn serve(settings: Settings) -> Result<(), StartError> {
    let told_to_stop = signal();
    settings.log_openings();
    let listen = settings.listen;
    let listener = TcpListener::bind(listen).map_err(|source| StartError::Listen { address: listen, source })?;
    let workers = settings.workers;
    let app = Data::new(App::new(open_store(&settings).await?, Arc::new(settings)).await?);
    let shutdown = CancellationToken::new();
    let jobs = (workers > 0).then(|| app.job_context()).transpose()?;
    let jobs = jobs.map(|context| tokio::spawn(jobs::work(context, shutdown.clone())));
    let server = http_server(app.clone(), listener)?;
    tracing::info!(address = %listen, page = app.settings.public_url, workers, "listening");
    let metrics = tell_metrics(&app)?;
    let tidy = tokio::spawn(tidy(app.clone(), shutdown.clone()));
    tokio::spawn(stop_on_signal(told_to_stop, server.handle(), shutdown.clone()));
    server.await?;
    shutdown.cancel();
    stop_metrics(metrics).await;
    for task in jobs.into_iter().chain([tidy]) {
        task.await.map_err(|_| io::Error::other("a task has panicked"))?;
    }
    app.store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Tells numbers, if the settings say where.
fn tell_metrics(app: &App) -> Result<Option<ServerHandle>, StartError> {
    let Some(address) = app.settings.metrics_listen else { return Ok(None) };
    let handle = metrics::install().map_err(|error| StartError::Metrics(Box::new(error)))?;
    let listener = TcpListener::bind(address).map_err(|error| StartError::Metrics(Box::new(error)))?;
    let server = metrics::server(handle, app.store.clone(), listener)?;
    let stop = server.handle();
    tokio::spawn(server);
    tracing::info!(%address, "telling metrics");
    Ok(Some(stop))
}

async fn stop_metrics(server: Option<ServerHandle>) {
    if let Some(server) = server {
        server.stop(false).await;
    }
}

async fn stop_on_signal(told: impl Future<Output = ()>, server: ServerHandle, shutdown: CancellationToken) {
    told.await;
    tracing::info!("stopping: requests and jobs come to an end");
    shutdown.cancel();
    server.stop(true).await;
}

/// Forgets addresses that have not asked for long.
async fn tidy(app: Data<App>, shutdown: CancellationToken) {
    let mut tick = tokio::time::interval(std::time::Duration::from_secs(600));
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = tick.tick() => app.limiters.tidy(),
        }
    }
}

/// Works without serving, until a signal.
///
/// # Errors
/// [`StartError`] if it cannot start.
pub async fn worker(settings: Settings) -> Result<(), StartError> {
    let told_to_stop = signal();
    settings.log_openings();
    let app = App::new(open_store(&settings).await?, Arc::new(settings)).await?;
    let context = app.job_context()?;
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    tokio::spawn(async move {
        told_to_stop.await;
        tracing::info!("stopping: jobs come to an end");
        stop.cancel();
    });
    let metrics = tell_metrics(&app)?;
    tracing::info!(worker = &*context.worker, slots = app.settings.workers, "working");
    Box::pin(jobs::work(context, shutdown)).await;
    stop_metrics(metrics).await;
    app.store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// SIGTERM or SIGINT, listened for from now on, not only once this is awaited: no signal ends the process in between.
fn signal() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    async move {
        match signals {
            (Ok(mut terminate), Ok(mut interrupt)) => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            }
            (Err(error), _) | (_, Err(error)) => {
                tracing::error!(error = &error as &dyn std::error::Error, "signals cannot be heard");
                std::future::pending::<()>().await;
            }
        }
    }
}
