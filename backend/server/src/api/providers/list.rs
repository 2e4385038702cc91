//! `GET /providers`

use actix_web::{
    get,
    web::{Data, Json},
};
use mailferry_shared::provider::ProviderList;
use serde::Deserialize;

use crate::{
    api::{errors, query::Query},
    app::App,
};

/// What to look for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
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
pub(crate) async fn list_providers(app: Data<App>, search: Query<Search>) -> Json<ProviderList> {
    Json(ProviderList { items: app.providers.search(&search.0.search) })
}
