//! `GET /service`

use actix_web::{
    get,
    web::{Data, Json},
};
use chrono::TimeDelta;
use mailferry_domain::{account_file::MAX_BYTES, money};
use mailferry_shared::{
    payment::Amount,
    service::{HoursRange, RECOMMENDED_ROWS, ServiceInfo},
};
use mailferry_store::{OPERATOR_TENANT, StoreError};

use super::{TERMS_VERSION, TRIAL_DAYS};
use crate::{
    api::{errors, orders::create::largest_message, problem::ApiError},
    app::App,
};

/// What must be known of the service before an order is created.
#[utoipa::path(
    operation_id = "getService",
    tag = "service",
    responses((status = 200, description = "The service in brief", body = ServiceInfo), errors::Always),
    security(()),
)]
#[get("/service")]
pub(crate) async fn get_service(app: Data<App>) -> Result<Json<ServiceInfo>, ApiError> {
    let terms = &app.settings.terms;
    let days = |duration: TimeDelta| u32::try_from(duration.num_days()).unwrap_or_default();
    let hours = terms.delta_delay_hours;
    Ok(Json(ServiceInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        terms_version: TERMS_VERSION.to_owned(),
        max_pairs: app.settings.limits.max_pairs,
        recommended_rows: RECOMMENDED_ROWS,
        max_file_bytes: MAX_BYTES as u64,
        max_message_bytes: largest_message(&app, OPERATOR_TENANT).await?,
        price: price(&app).await?,
        trial_days: TRIAL_DAYS,
        plaintext_allowed: app.settings.outgoing.plaintext,
        link_days: days(terms.link_after_end),
        link_days_at_most: days(terms.link_after_start),
        purge_days: days(terms.purge_after_end),
        delta_hours: HoursRange { usual: hours.usual, least: hours.least, most: hours.most },
        operator: app.settings.operator.clone(),
    }))
}

/// What one account pair costs whoever comes to the public page, if they can pay here.
async fn price(app: &App) -> Result<Option<Amount>, StoreError> {
    if app.settings.paypal.is_none() {
        return Ok(None);
    }
    Ok(app.store.price(OPERATOR_TENANT).await?.and_then(|price| money::amount(&price, 1)))
}
