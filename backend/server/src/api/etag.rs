//! ETag and 304 (RFC 9110 sections 8.8.3 and 13.1.2): whoever polls is sent only what has changed.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    body::{BoxBody, MessageBody},
    dev::ServiceResponse,
    http::{
        StatusCode,
        header::{self, ETag, EntityTag, Header, IfNoneMatch},
    },
};
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Serialize;

use super::problem::ApiError;

/// Answers `value` as JSON, or 304 if the client has it already.
///
/// # Errors
/// [`ApiError::Internal`] if it cannot be written as JSON.
pub fn answer(request: &HttpRequest, value: &impl Serialize) -> Result<HttpResponse, ApiError> {
    let body = serde_json::to_vec(value).map_err(ApiError::internal)?;
    let tag = tag_of(&body);
    let known = is_known(request, &tag);
    let mut response = HttpResponseBuilder::new(if known { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
    // Private answers are kept nowhere; whoever polls remembers the tag and what came with it.
    response.insert_header(ETag(tag)).insert_header((header::CACHE_CONTROL, "no-store"));
    Ok(if known { response.finish() } else { response.content_type("application/json").body(body) })
}

/// Tags an answer of any operation that did not do so itself; what comes as a stream has no tag.
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
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_same_value_is_not_sent_twice() {
        let first = answer(&TestRequest::get().to_http_request(), &[1, 2]).expect("answers");
        assert_eq!(first.status(), 200);
        let tag = first.headers().get("etag").expect("has one").clone();
        let again = TestRequest::get().insert_header((header::IF_NONE_MATCH, tag.clone())).to_http_request();
        assert_eq!(answer(&again, &[1, 2]).expect("answers").status(), 304);
        let changed = answer(&again, &[1, 3]).expect("answers");
        assert_eq!(changed.status(), 200);
        assert_ne!(changed.headers().get("etag"), Some(&tag));
    }

    #[test]
    fn an_answer_without_a_tag_gets_the_same_one() {
        let plain = |request: HttpRequest| ServiceResponse::new(request, HttpResponse::Ok().json([1, 2]));
        let first = add(plain(TestRequest::get().to_http_request()));
        let tag = first.headers().get("etag").expect("has one").clone();
        let told = answer(&TestRequest::get().to_http_request(), &[1, 2]).expect("answers");
        assert_eq!(told.headers().get("etag"), Some(&tag));
        let again = TestRequest::get().insert_header((header::IF_NONE_MATCH, tag)).to_http_request();
        assert_eq!(add(plain(again)).status(), 304);
    }
}
