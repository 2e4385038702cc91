//! `GET /service`

use actix_web::{
    get,
    web::{Data, Json},
};
use chrono::TimeDelta;
use mailferry_domain::account_file::MAX_BYTES;
use mailferry_shared::service::{HoursRange, RECOMMENDED_ROWS, ServiceInfo};

use super::{TERMS_VERSION, TRIAL_DAYS};
use crate::{api::errors, app::App};

/// What must be known of the service before an order is created.
#[utoipa::path(
    operation_id = "getService",
    tag = "service",
    responses((status = 200, description = "The service in brief", body = ServiceInfo), errors::Always),
    security(()),
)]
#[get("/service")]
pub(crate) async fn get_service(app: Data<App>) -> Json<ServiceInfo> {
    let terms = &app.settings.terms;
    let days = |duration: TimeDelta| u32::try_from(duration.num_days()).unwrap_or_default();
    let hours = terms.delta_delay_hours;
    Json(ServiceInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        terms_version: TERMS_VERSION.to_owned(),
        max_pairs: app.settings.limits.max_pairs,
        recommended_rows: RECOMMENDED_ROWS,
        max_file_bytes: MAX_BYTES as u64,
        trial_days: TRIAL_DAYS,
        plaintext_allowed: app.settings.outgoing.plaintext,
        link_days: days(terms.link_after_end),
        purge_days: days(terms.purge_after_end),
        delta_hours: HoursRange { usual: hours.usual, least: hours.least, most: hours.most },
        operator: app.settings.operator.clone(),
    })
}
