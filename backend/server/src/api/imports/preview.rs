//! `POST /imports/preview`

use actix_web::{
    post,
    web::{Data, Json},
};
use mailferry_shared::import::{ImportRequest, ImportResult};

use crate::{
    api::{
        accounts::import::{self, IMPORT_BODY_BYTES, ReadFile},
        errors,
        examples::requests as examples,
        json::Body,
        problem::ApiError,
        validate::Check,
    },
    app::App,
};

/// Shows what is in a file of accounts; nothing is kept of it.
#[utoipa::path(
    operation_id = "previewImport",
    tag = "accounts",
    request_body(content = ImportRequest, example = json!(crate::api::examples::import_request())),
    responses(
        (status = 200, description = "The rows, good and bad", body = ImportResult,
         example = json!(examples::import_preview())),
        errors::WithBody,
        errors::Always,
    ),
    security(()),
)]
#[post("/imports/preview")]
pub(crate) async fn preview_import(
    app: Data<App>,
    body: Body<ImportRequest, IMPORT_BODY_BYTES>,
) -> Result<Json<ImportResult>, ApiError> {
    let request = body.read()?;
    let mut check = Check::default();
    import::check_passwords(&mut check, &request, "");
    check.done()?;
    let ReadFile { file, accounts } = import::read(&request, app.settings.limits.max_pairs, "", None)?;
    Ok(Json(import::result(file, &accounts, &[])))
}
