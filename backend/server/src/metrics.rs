//! Numbers for Prometheus, on a listener of their own: `MAILFERRY_METRICS_LISTEN`. The page's listener never tells them.
//!
//! Nothing in them names a person, an order or a server: labels are operations, kinds, states and outcomes.

use std::{io, net::TcpListener, sync::OnceLock, time::Duration};

use actix_web::{
    HttpResponse, HttpServer,
    dev::Server,
    http::header,
    web::{self, Data},
};
use mailferry_shared::{oauth::OauthProvider, run::Counts};
use mailferry_store::{JobKind, JobOutcome, Store, StoreError};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

/// Upper ends of the buckets, seconds.
const BUCKETS: [f64; 10] = [0.005, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 300.0, 3600.0];

/// Begins to count; a second call finds what the first one began.
///
/// # Errors
/// [`BuildError`] if another recorder is there.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    if let Some(handle) = HANDLE.get() {
        return Ok(handle.clone());
    }
    let builder = PrometheusBuilder::new().set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)?;
    let handle = builder.install_recorder()?;
    describe();
    Ok(HANDLE.get_or_init(|| handle).clone())
}

fn describe() {
    metrics::describe_counter!("mailferry_http_requests_total", "Requests answered, by operation and status");
    metrics::describe_histogram!("mailferry_http_request_seconds", "How long requests took, by operation");
    metrics::describe_counter!("mailferry_jobs_total", "Jobs done, by kind and outcome");
    metrics::describe_histogram!("mailferry_job_seconds", "How long jobs took, by kind");
    metrics::describe_counter!("mailferry_messages_total", "Messages that runs have settled, by outcome");
    metrics::describe_counter!("mailferry_stored_bytes_total", "Bytes that runs have copied");
    metrics::describe_counter!("mailferry_token_requests_total", "Access tokens asked for, by provider and outcome");
    metrics::describe_gauge!("mailferry_jobs_due", "Jobs that could be taken now, by kind");
    metrics::describe_gauge!("mailferry_runs", "Runs that have not ended, by state");
    metrics::gauge!("mailferry_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

/// A request was answered.
pub fn answered(operation: &'static str, status: u16, took: Duration) {
    metrics::counter!("mailferry_http_requests_total", "operation" => operation, "status" => status.to_string())
        .increment(1);
    metrics::histogram!("mailferry_http_request_seconds", "operation" => operation).record(took.as_secs_f64());
}

/// A job has ended.
pub fn job_ended(kind: JobKind, outcome: &JobOutcome, took: Duration) {
    let outcome = match outcome {
        JobOutcome::Done => "done",
        JobOutcome::Again(_) | JobOutcome::Waits(_) | JobOutcome::After { .. } => "again",
    };
    metrics::counter!("mailferry_jobs_total", "kind" => name(kind), "outcome" => outcome).increment(1);
    metrics::histogram!("mailferry_job_seconds", "kind" => name(kind)).record(took.as_secs_f64());
}

/// A run has settled messages.
pub fn settled(before: &Counts, after: &Counts) {
    for (outcome, old, new) in [
        ("stored", before.stored, after.stored),
        ("present", before.present, after.present),
        ("skipped", before.skipped, after.skipped),
        ("failed", before.failed, after.failed),
        ("uncertain", before.uncertain, after.uncertain),
    ] {
        metrics::counter!("mailferry_messages_total", "outcome" => outcome).increment(new.saturating_sub(old));
    }
    metrics::counter!("mailferry_stored_bytes_total").increment(after.stored_bytes.saturating_sub(before.stored_bytes));
}

/// A token service was asked for an access token.
pub fn token_asked(provider: OauthProvider, is_granted: bool) {
    let provider = match provider {
        OauthProvider::Google => "google",
        OauthProvider::Microsoft => "microsoft",
    };
    let outcome = if is_granted { "granted" } else { "refused" };
    metrics::counter!("mailferry_token_requests_total", "provider" => provider, "outcome" => outcome).increment(1);
}

/// A kind of job as it stands in labels and logs.
pub fn name(kind: JobKind) -> String {
    serde_json::to_value(kind).ok().and_then(|name| name.as_str().map(ToOwned::to_owned)).unwrap_or_default()
}

/// The listener's server; it runs once it is polled.
///
/// # Errors
/// If the listener cannot be used.
pub fn server(handle: PrometheusHandle, store: Store, listener: TcpListener) -> io::Result<Server> {
    let (handle, store) = (Data::new(handle), Data::new(store));
    let server = HttpServer::new(move || {
        let app = actix_web::App::new().app_data(handle.clone()).app_data(store.clone());
        app.route("/metrics", web::get().to(metrics))
    });
    Ok(server.workers(1).listen(listener)?.disable_signals().shutdown_timeout(1).run())
}

async fn metrics(handle: Data<PrometheusHandle>, store: Data<Store>) -> HttpResponse {
    // Without a database the counters still tell something.
    if let Err(error) = gauge(&store).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "what waits could not be counted");
    }
    handle.run_upkeep();
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "text/plain; version=0.0.4")).body(handle.render())
}

async fn gauge(store: &Store) -> Result<(), StoreError> {
    let load = store.load().await?;
    for (kind, number) in load.jobs_due {
        metrics::gauge!("mailferry_jobs_due", "kind" => name(kind)).set(f64::from(number));
    }
    for (state, number) in load.runs {
        metrics::gauge!("mailferry_runs", "state" => state).set(f64::from(number));
    }
    Ok(())
}
