//! What is polled is answered once (RFC 9110 section 13).

use super::Fixture;
use crate::harness::{Service, on_both};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_again_unchanged_is_answered_304() {
    on_both(async |service: Service| {
        let fixture = Fixture::new(service).await.with_deltas().await;
        let mut unchanged = 0;
        for operation in fixture.operations().iter().filter(|operation| operation.method == "GET") {
            if operation.told["responses"]["200"]["content"]["application/json"].is_null() {
                continue;
            }
            let first = fixture.send(operation, "", None, &[]).await;
            assert_eq!(first.status, 200, "{}: {}", operation.id, first.text);
            let tag = first.header("etag");
            assert!(tag.starts_with("W/\""), "{} has no ETag", operation.id);
            let again = fixture.send(operation, "", None, &[("if-none-match", tag)]).await;
            assert_eq!((again.status, again.text.as_str()), (304, ""), "{}", operation.id);
            assert_eq!(again.header("etag"), tag, "{}", operation.id);
            unchanged += 1;
        }
        println!("{unchanged} operations answer 304");
        assert!(unchanged >= 31, "{unchanged}");
        fixture.service.stop().await;
    })
    .await;
}
