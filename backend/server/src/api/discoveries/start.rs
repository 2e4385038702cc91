//! `POST /discoveries`

use actix_web::{HttpResponse, http::header, post, web::Data};
use mailferry_domain::discovery::domain_of;
use mailferry_shared::{
    API_PREFIX,
    discovery::{Discovery, DiscoveryCreate},
    endpoint::TlsMode,
};
use mailferry_store::Sought;

use crate::{
    api::{errors, examples::discovery as examples, json::Body, problem::ApiError},
    app::App,
};

/// Looks for the settings of a mail service: by a mail address or its domain, or by a host whose port and TLS mode are
/// to be found out.
///
/// The work is done afterwards: read the search until `finished`. Places are asked in this order: autoconfig files, the
/// list of known providers by the domain, the same by the host that takes the domain's mail, DNS records, and usual
/// host names. What was found is proved by meeting an IMAP server there. Of a mail address only the domain is kept and
/// asked about.
#[utoipa::path(
    operation_id = "startDiscovery",
    tag = "service",
    request_body(content = DiscoveryCreate, example = json!({"address": "anna@old.example"})),
    responses(
        (status = 202, description = "The search, not yet done", body = Discovery, headers(("Location" = String, description = "The search's address")), example = json!(examples::begun())),
        errors::WithBody,
        errors::Always,
    ),
    security(()),
)]
#[post("/discoveries")]
pub(crate) async fn start_discovery(app: Data<App>, body: Body<DiscoveryCreate>) -> Result<HttpResponse, ApiError> {
    let sought = sought(body.read()?, app.settings.outgoing.plaintext)?;
    let discovery = app.store.create_discovery(&sought).await?;
    let location = format!("{API_PREFIX}/discoveries/{}", discovery.id);
    Ok(HttpResponse::Accepted().insert_header((header::LOCATION, location)).json(discovery))
}

fn sought(create: DiscoveryCreate, plaintext: bool) -> Result<Sought, ApiError> {
    let DiscoveryCreate { address, host, port, tls } = create;
    match (address, host) {
        (Some(_), Some(_)) => Err(ApiError::field("/host", "Name an address or a host, not both.")),
        (None, None) => Err(ApiError::field("/address", "Name a mail address, a domain or a host.")),
        (Some(_), None) if port.is_some() => Err(ApiError::field("/port", "A port is for a host only.")),
        (Some(_), None) if tls.is_some() => Err(ApiError::field("/tls", "A TLS mode is for a host only.")),
        (Some(address), None) => domain_of(&address)
            .filter(|_| address.len() <= 320)
            .map(Sought::Domain)
            .ok_or_else(|| ApiError::field("/address", "A mail address looks like name@example.org.")),
        (None, Some(_)) if port == Some(0) => Err(ApiError::field("/port", "A port is a number from 1 to 65535.")),
        (None, Some(_)) if tls == Some(TlsMode::Plaintext) && !plaintext => {
            Err(ApiError::field("/tls", "Connections without TLS are not allowed here; choose TLS or STARTTLS."))
        }
        (None, Some(host)) => Ok(Sought::Host { host, port, tls }),
    }
}
