//! `GET /providers`

use actix_web::{
    FromRequest, HttpRequest, get,
    web::{Data, Json, Query},
};
use mailferry_shared::provider::ProviderList;
use serde::Deserialize;

use crate::{
    api::{errors, problem::ApiError},
    app::App,
};

/// What to look for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields, default)]
pub struct Search {
    /// A part of a name, a mail domain, a mail address or a host; empty: every provider.
    #[param(example = "gmx", required = false)]
    search: String,
}

/// Known providers that match, best match first.
#[utoipa::path(
    operation_id = "listProviders",
    tag = "service",
    params(Search),
    responses(
        (status = 200, description = "The providers that match", body = ProviderList),
        errors::WithQuery,
        errors::Always,
    ),
    security(()),
)]
#[get("/providers")]
pub(crate) async fn list_providers(app: Data<App>, request: HttpRequest) -> Result<Json<ProviderList>, ApiError> {
    let search = Query::<Search>::extract(&request)
        .await
        .map_err(|_| ApiError::field("/search", "The only parameter is search, a text."))?;
    Ok(Json(ProviderList { items: app.providers.search(&search.search) }))
}
