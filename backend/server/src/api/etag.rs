//! ETag and 304 (RFC 9110 sections 8.8.3 and 13.1.2) for everything that is polled.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
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
    // Weak, since the same answer may travel compressed.
    let tag = EntityTag::new_weak(BASE64_URL_SAFE_NO_PAD.encode(&digest(&SHA256, &body).as_ref()[..18]));
    let known = is_known(request, &tag);
    let mut response = HttpResponseBuilder::new(if known { StatusCode::NOT_MODIFIED } else { StatusCode::OK });
    // Private answers are kept nowhere; whoever polls remembers the tag and what came with it.
    response.insert_header(ETag(tag)).insert_header((header::CACHE_CONTROL, "no-store"));
    Ok(if known { response.finish() } else { response.content_type("application/json").body(body) })
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
}
