//! `GET /sandbox/hosts`

use actix_web::{get, web::Json};
use mailferry_shared::sandbox::{TestHost, TestHostInfo, TestHostList};

use crate::api::errors;

/// The test hosts that orders of sandbox keys reach instead of mail servers, and what each does.
///
/// They take every user name, password and access token, as far as they take any; no token service is asked.
#[utoipa::path(
    operation_id = "listTestHosts",
    tag = "service",
    responses((status = 200, description = "The test hosts", body = TestHostList), errors::Always),
    security(()),
)]
#[get("/sandbox/hosts")]
pub(crate) async fn list_test_hosts() -> Json<TestHostList> {
    Json(TestHostList { items: TestHost::ALL.iter().copied().filter_map(TestHostInfo::of).collect() })
}
