//! `DELETE /me/sessions`

use actix_web::{HttpResponse, delete, web::Data};

use crate::{
    api::{
        auth::{SignedIn, console},
        errors,
        problem::ApiError,
    },
    app::App,
};

/// Signs out, everywhere.
#[utoipa::path(
    operation_id = "signOut",
    tag = "members",
    responses(
        (status = 204, description = "Every session of the member has ended", headers(("Set-Cookie" = String, description = "Takes the session away"))),
        errors::KeyRefused,
        errors::Always,
    ),
    security(("member" = [])),
)]
#[delete("/me/sessions")]
pub(crate) async fn sign_out(app: Data<App>, member: SignedIn) -> Result<HttpResponse, ApiError> {
    app.store.end_sessions(member.0.member.id).await?;
    Ok(HttpResponse::NoContent().cookie(console::farewell()).finish())
}
