//! `GET /orders/{order_id}/mx`

use actix_web::{
    get,
    web::{Data, Json},
};
use chrono::{DateTime, TimeDelta, Utc};
use mailferry_shared::{
    order::OrderState,
    schedule::{DeltaTrigger, MxReport, MxWatch},
};
use mailferry_store::{
    OrderRecord, WatchedDomain,
    jobs::{JobKind, JobQueue},
};

use crate::{
    api::{auth::Viewing, errors, examples, path::OrderPath, problem::ApiError},
    app::App,
};

/// Who watches sees what is not older than this.
const STALE: TimeDelta = TimeDelta::seconds(30);
/// When to ask again, milliseconds.
const POLL_MS: u32 = 15_000;
/// And while the first look-up is under way.
const POLL_FIRST_MS: u32 = 1_000;

/// Where new mail of the order's domains goes: their MX records, compared with those at the order's start.
///
/// Domains that belong to a provider (gmail.com) are left out: their records stay as they are. While somebody asks, the
/// records are looked up anew. Where the order's delta follows the MX record, `settled_at` tells
/// when it starts. Once the first run has ended, `sending` tells of each domain's SPF record and DKIM keys, and `wanted`
/// what the new provider wants in them.
#[utoipa::path(
    operation_id = "readMx",
    tag = "runs",
    params(OrderPath),
    responses(
        (status = 200, description = "A row a domain", body = MxReport, example = json!(examples::schedule::mx_report())),
        errors::Guarded,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:read"])),
)]
#[get("/orders/{order_id}/mx")]
pub(crate) async fn read_mx(app: Data<App>, viewing: Viewing) -> Result<Json<MxReport>, ApiError> {
    let (order, now) = (viewing.0.order, app.store.now());
    let mut domains = app.store.watched_domains(order.id).await?;
    domains.retain(|domain, _| !app.providers.owns(domain));
    let ended = matches!(order.life.state(), OrderState::Closed | OrderState::Cancelled);
    if !ended && domains.values().any(|watched| is_stale(watched, now)) {
        app.store.enqueue(JobKind::CutOver, order.id.0, None).await?;
    }
    let first = !ended && domains.values().any(|watched| watched.mx.looked_up_at.is_none() && !watched.lookup_failed);
    let wanted = order.destination.as_ref().and_then(|choice| app.providers.dns_wanted(choice)).cloned();
    let report = MxReport {
        items: domains.into_iter().map(|(domain, watched)| row(domain, watched, now)).collect(),
        starts_delta: order.delta_pending && follows_mx(&order),
        wanted,
        poll_after_ms: if first { POLL_FIRST_MS } else { POLL_MS },
    };
    Ok(Json(report))
}

fn is_stale(watched: &WatchedDomain, now: DateTime<Utc>) -> bool {
    watched.mx.looked_up_at.is_none_or(|at| (now - at).abs() > STALE)
}

fn follows_mx(order: &OrderRecord) -> bool {
    order.delta_schedule.is_some_and(|schedule| schedule.trigger == DeltaTrigger::MxChanged)
}

fn row(domain: String, watched: WatchedDomain, now: DateTime<Utc>) -> MxWatch {
    let state = watched.mx.state(now);
    let settled_at = watched.mx.settled_at();
    MxWatch {
        domain,
        state,
        records: watched.mx.now,
        records_before: watched.mx.before,
        ttl_seconds: watched.mx.ttl_seconds,
        looked_up_at: watched.mx.looked_up_at,
        changed_at: watched.mx.changed_at,
        settled_at,
        delta_id: watched.delta_id,
        lookup_failed: watched.lookup_failed,
        sending: watched.sending,
    }
}
