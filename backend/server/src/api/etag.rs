//! ETag and 304 (RFC 9110 sections 8.8.3 and 13.1.2): whoever polls is sent only what has changed.

use actix_web::{
    HttpRequest,
    body::{BoxBody, MessageBody},
    dev::ServiceResponse,
    http::{
        StatusCode,
        header::{self, ETag, EntityTag, Header, IfNoneMatch},
    },
};
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

/// Tags an answer of any operation that did not do so itself, and leaves out what the client has already; what comes as a
/// stream has no tag.
pub(super) fn add(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let (request, response) = response.into_parts();
    let (mut head, body) = response.into_parts();
    let body = match body.try_into_bytes() {
        Ok(body) => body,
        Err(stream) => return ServiceResponse::new(request, head.set_body(stream)),
    };
    let tag = tag_of(&body);
    let known = is_known(&request, &tag);
    if let Ok(value) = ETag(tag).to_string().parse() {
        head.headers_mut().insert(header::ETAG, value);
    }
    if known {
        *head.status_mut() = StatusCode::NOT_MODIFIED;
        head.headers_mut().remove(header::CONTENT_TYPE);
        return ServiceResponse::new(request, head.set_body(()).map_into_boxed_body());
    }
    ServiceResponse::new(request, head.set_body(body).map_into_boxed_body())
}

/// Weak, since the same answer may travel compressed.
fn tag_of(body: &[u8]) -> EntityTag {
    EntityTag::new_weak(BASE64_URL_SAFE_NO_PAD.encode(&digest(&SHA256, body).as_ref()[..18]))
}

fn is_known(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(items)) => items.iter().any(|item| item.weak_eq(tag)),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{HttpResponse, cookie::Cookie, test::TestRequest};

    use super::*;

    fn answered(request: HttpRequest, value: [u8; 2]) -> ServiceResponse<BoxBody> {
        let cookie = Cookie::new("session", "prolonged");
        add(ServiceResponse::new(request, HttpResponse::Ok().cookie(cookie).json(value)))
    }

    #[test]
    fn the_same_value_is_not_sent_twice_but_its_cookie_is() {
        let first = answered(TestRequest::get().to_http_request(), [1, 2]);
        assert_eq!(first.status(), 200);
        let tag = first.headers().get("etag").expect("has one").clone();
        let again = || TestRequest::get().insert_header((header::IF_NONE_MATCH, tag.clone())).to_http_request();
        let unchanged = answered(again(), [1, 2]);
        assert_eq!(unchanged.status(), 304);
        assert!(unchanged.headers().contains_key("set-cookie") && !unchanged.headers().contains_key("content-type"));
        let changed = answered(again(), [1, 3]);
        assert_eq!(changed.status(), 200);
        assert_ne!(changed.headers().get("etag"), Some(&tag));
    }
}
