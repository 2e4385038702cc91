//! `PUT /orders/{order_id}/admin-credentials/{side}`

use actix_web::{
    put,
    web::{Data, Json},
};
use mailferry_domain::oauth::Grant;
use mailferry_shared::{
    account::SideName,
    admin::{AdminCredentials, AdminCredentialsSet},
    order::OrderState,
};
use mailferry_store::OrderRecord;

use super::SidePath;
use crate::{
    api::{
        accounts::create::may_change, auth::Managing, errors, examples::admin as examples, json::Body, path::Ids,
        problem::ApiError, validate::Check,
    },
    app::App,
};

/// Sets the admin credentials of a side: pairs that say `"by_admin": true` there log in with them, each for the mailbox
/// that it names as `user`.
///
/// The password, or what access tokens are fetched with, is sealed and never given back. After the start nothing else can
/// be changed.
#[utoipa::path(
    operation_id = "setAdminCredentials",
    tag = "accounts",
    params(SidePath),
    request_body(content = AdminCredentialsSet, example = json!(examples::set())),
    responses(
        (status = 200, description = "The credentials as they are now", body = AdminCredentials, example = json!(examples::admin())),
        errors::Guarded,
        errors::WithBody,
        errors::OfState,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:write"])),
)]
#[put("/orders/{order_id}/admin-credentials/{side}")]
pub(crate) async fn set_admin_credentials(
    app: Data<App>,
    managing: Managing,
    path: Ids<SidePath>,
    body: Body<AdminCredentialsSet>,
) -> Result<Json<AdminCredentials>, ApiError> {
    let (order, side, mut set) = (managing.0.order, path.0.side()?, body.read()?);
    let mut check = Check::default();
    check.admin(&set, &app.settings.oauth);
    check.done()?;
    if set.user.is_empty() {
        set.user = own_name(&app, &order, side, &set).await?;
    }
    if let Err(error) = may_change(&order)
        && !changes_password_only(&app, &order, side, &set).await?
    {
        return Err(error.into());
    }
    Ok(Json(app.store.set_admin_credentials(order.id, side, &set).await?))
}

/// The name of a service account or an application: its own, or the one that is known.
async fn own_name(
    app: &App,
    order: &OrderRecord,
    side: SideName,
    set: &AdminCredentialsSet,
) -> Result<String, ApiError> {
    if let Some(given) = &set.oauth {
        let grant = Grant::parse(set.credential, given, Some(&app.settings.oauth.google_token_url()));
        return grant.map(|grant| grant.client().to_owned()).map_err(|_| ApiError::internal("a grant was not checked"));
    }
    let known = app.store.admin_credentials(order.id).await?;
    let same = known.into_iter().find(|one| one.side == side && one.credential == set.credential);
    same.map(|one| one.user).ok_or_else(|| ApiError::field("/oauth", "Fill in what access tokens are fetched with."))
}

/// A run or a delta may need a new password; anything else about the admin stays as it was started.
async fn changes_password_only(
    app: &App,
    order: &OrderRecord,
    side: SideName,
    set: &AdminCredentialsSet,
) -> Result<bool, ApiError> {
    let over = matches!(order.life.state(), OrderState::Closed | OrderState::Cancelled);
    let known = app.store.admin_credentials(order.id).await?;
    let is_same = |one: &AdminCredentials| {
        one.side == side && one.user == set.user && one.credential == set.credential && one.delegation == set.delegation
    };
    Ok(!over && known.iter().any(is_same))
}
