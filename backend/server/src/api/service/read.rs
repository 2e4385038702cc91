//! `GET /service`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::service::ServiceInfo;

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
    Json(ServiceInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        terms_version: TERMS_VERSION.to_owned(),
        max_pairs: app.settings.limits.max_pairs,
        trial_days: TRIAL_DAYS,
        plaintext_allowed: app.settings.outgoing.plaintext,
    })
}
