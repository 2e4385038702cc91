//! `GET /imports/examples/{layout}`

use actix_web::{HttpResponse, get};
use mailferry_domain::account_file;
use mailferry_shared::import::Layout;
use serde::{Deserialize, de::value::StrDeserializer};
use utoipa::IntoParams;

use crate::api::{csv, errors, path::Ids, problem::ApiError};

/// A layout of account files.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct LayoutPath {
    /// The layout's name.
    #[param(example = "standard", value_type = Layout)]
    pub layout: String,
}

/// An example of a file of accounts, to be filled in with a spreadsheet program: UTF-8 with a byte order mark.
#[utoipa::path(
    operation_id = "downloadImportExample",
    tag = "accounts",
    params(LayoutPath),
    responses(
        (status = 200, description = "The file", body = String, content_type = "text/csv",
         headers(("Content-Disposition" = String, description = "A file name")), example = json!("destination account;source host;source account;source password\r\n…")),
        errors::Missing,
        errors::Always,
    ),
    security(()),
)]
#[get("/imports/examples/{layout}")]
pub(crate) async fn download_import_example(path: Ids<LayoutPath>) -> Result<HttpResponse, ApiError> {
    let name = path.0.layout;
    let word: StrDeserializer<'_, serde::de::value::Error> =
        serde::de::IntoDeserializer::into_deserializer(name.as_str());
    let layout = Layout::deserialize(word).map_err(|_| ApiError::NotFound)?;
    Ok(csv::file(format!("accounts-{name}.csv"), &account_file::example(layout)))
}
