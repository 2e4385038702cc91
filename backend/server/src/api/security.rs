//! Headers of every answer, and the refusal of plain HTTP from afar.

use actix_web::{
    Error, HttpRequest,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
    web::Data,
};

use super::problem::ApiError;
use crate::{
    app::App,
    settings::network::{Network, any_contains},
};

/// What the page may do: only what comes from here, no inline script or style, nobody frames it.
pub const PAGE_CSP: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
                            font-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
                            form-action 'self'; frame-ancestors 'none'";

/// What the page that renders the API's document may do: it sets styles inline.
pub const DOCS_CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; \
                            img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                            frame-ancestors 'none'";

/// The middleware.
pub async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let trusted = request.app_data::<Data<App>>().map(|app| app.settings.trust_proxy.clone()).unwrap_or_default();
    let secure = is_https(request.request(), &trusted);
    if !secure && !is_probe(request.path()) && !is_loopback_host(request.connection_info().host()) {
        let mut response = request.error_response(ApiError::InsecureConnection).map_into_boxed_body();
        add_headers(response.headers_mut(), false);
        return Ok(response.map_into_right_body());
    }
    let mut response = match next.call(request).await {
        Ok(response) => response.map_into_boxed_body().map_into_left_body(),
        Err(error) => return Err(error),
    };
    add_headers(response.headers_mut(), secure);
    Ok(response)
}

fn add_headers(headers: &mut HeaderMap, secure: bool) {
    let mut set = |name: HeaderName, value: &'static str| {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    };
    set(header::CONTENT_SECURITY_POLICY, PAGE_CSP);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::CACHE_CONTROL, "no-store");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    if secure {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
}

/// TLS ends at a proxy: only a trusted one is believed.
fn is_https(request: &HttpRequest, trusted: &[Network]) -> bool {
    let by_proxy = request.peer_addr().is_some_and(|peer| any_contains(trusted, peer.ip()));
    let forwarded = request.headers().get("x-forwarded-proto").and_then(|value| value.to_str().ok());
    by_proxy && forwarded.is_some_and(|proto| proto.eq_ignore_ascii_case("https"))
}

/// Health checks come by address and carry nothing.
fn is_probe(path: &str) -> bool {
    matches!(path, "/livez" | "/readyz")
}

fn is_loopback_host(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn loopback_is_told_from_the_rest() {
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "127.9.9.9", "[::1]:80", "demo.localhost:8080"] {
            assert!(is_loopback_host(host), "{host}");
        }
        for host in ["", "example.org", "localhost.example.org", "10.0.0.1:8080", "[fd00::1]"] {
            assert!(!is_loopback_host(host), "{host}");
        }
    }

    #[test]
    fn https_is_believed_of_trusted_proxies_only() {
        let request = TestRequest::get()
            .peer_addr("10.0.0.1:1".parse().expect("an address"))
            .insert_header(("x-forwarded-proto", "https"))
            .to_http_request();
        assert!(is_https(&request, &["10.0.0.0/8".parse().expect("a network")]));
        assert!(!is_https(&request, &[]));
    }
}
