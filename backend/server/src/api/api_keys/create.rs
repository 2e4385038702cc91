//! `POST /api-keys`

use actix_web::{HttpResponse, post, web::Data};
use mailferry_shared::key::{ApiKeyCreate, ApiKeyCreated};
use mailferry_store::NewApiKey;

use crate::{
    api::{
        auth::{Acting, acting::KeysWrite},
        errors,
        examples::principals as examples,
        json::Body,
        members::check_name,
        problem::ApiError,
        validate::Check,
    },
    app::App,
};

/// Creates an API key.
///
/// Its secret is shown this once only. It belongs to whoever creates it, and reaches no further.
#[utoipa::path(
    operation_id = "createApiKey",
    tag = "api-keys",
    request_body(content = ApiKeyCreate, example = json!(examples::api_key_create())),
    responses(
        (status = 201, description = "The new key", body = ApiKeyCreated, example = json!(examples::api_key_created())),
        errors::WithBody,
        errors::KeyRefused,
        errors::Always,
    ),
    security(("api_key" = ["keys:write"])),
)]
#[post("/api-keys")]
pub(crate) async fn create_api_key(
    app: Data<App>,
    acting: Acting<KeysWrite>,
    body: Body<ApiKeyCreate>,
) -> Result<HttpResponse, ApiError> {
    let (principal, body) = (acting.0, body.read()?);
    let mut check = Check::default();
    check_name(&mut check, &body.name, "/name");
    check.that(!body.scopes.is_empty(), "/scopes", "Name at least one scope.");
    for (n, scope) in body.scopes.iter().enumerate() {
        check.that(principal.needs(*scope).is_ok(), format!("/scopes/{n}"), "You do not have this scope yourself.");
    }
    let future = body.expires_at.is_none_or(|time| time > app.store.now());
    check.that(future, "/expires_at", "This time has passed already.");
    check.that(body.sandbox || !principal.is_sandbox(), "/sandbox", "A sandbox key makes sandbox keys only.");
    check.done()?;
    let created = app
        .store
        .create_api_key(NewApiKey {
            tenant_id: principal.tenant_id,
            member_id: principal.member_id(),
            name: body.name,
            scopes: body.scopes,
            sandbox: body.sandbox,
            expires_at: body.expires_at,
        })
        .await?;
    Ok(HttpResponse::Created().json(created))
}
