//! What a key is worth, and what a header is that anybody can make up.

use mailferry_server::settings::Pace;
use serde_json::json;

use crate::harness::{Client, Service, on_both_with};

/// Tries before the first is refused.
async fn tries(client: &Client) -> u32 {
    let body = json!({"order_id": "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0009", "token": "guessed"});
    for tried in 0..100 {
        let answer = client.post("/api/v1/sessions", body.clone()).await;
        if answer.status == 429 {
            return tried;
        }
        assert!((400..500).contains(&answer.status), "{}", answer.text);
    }
    panic!("never refused")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_made_up_key_lets_nobody_ask_faster_than_without_one() {
    let three = Pace { burst: 3, every_seconds: 3600 };
    on_both_with(
        |settings| settings.limits.sessions = three,
        async |service: Service| {
            let made_up = Client { key: Some("mf_live_made_up".to_owned()), ..service.stranger() };
            assert_eq!(tries(&made_up).await, 3, "as a stranger");
            assert_eq!(tries(&service.stranger()).await, 0, "it is the same address's meter");
            let another = Client { key: Some("mf_live_another_one".to_owned()), ..service.stranger() };
            assert_eq!(tries(&another).await, 0);
            assert_eq!(tries(&service.operator()).await, 30, "whoever has a key is not slowed down by strangers");
            let spaced = Client { key: Some(format!("  {} ", service.key)), ..service.stranger() };
            assert_eq!(tries(&spaced).await, 0, "with spaces around it, it is the same key");
            service.stop().await;
        },
    )
    .await;
}
