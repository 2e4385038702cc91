//! What every answer carries, and the page.

use crate::harness::{Service, on_both};

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_the_security_headers() {
    on_both(async |service: Service| {
        let (order, client) = service.order().await;
        let order = format!("/api/v1/orders/{order}");
        let paths = ["/", "/orders/x", "/api/v1/service", "/api/v1/nothing", order.as_str(), "/livez", "/readyz"];
        for path in paths {
            let answer = client.get(path).await;
            let csp = answer.header("content-security-policy");
            assert!(
                csp.starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self';"),
                "{path}: {csp}"
            );
            assert!(csp.ends_with("frame-ancestors 'none'"), "{path}: {csp}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
            assert_eq!(answer.header("cache-control"), "no-store", "{path}");
            assert_eq!(answer.header("x-request-id").len(), 36, "{path}");
        }
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_cookie_is_as_strict_as_can_be_and_prolonged_late() {
    on_both(async |service: Service| {
        let answer = service.stranger().post("/api/v1/orders", crate::harness::new_order()).await;
        let cookie = answer.header("set-cookie").to_owned();
        let id = answer.json()["id"].as_str().expect("an id").to_owned();
        assert!(cookie.starts_with(&format!("__Host-mailferry-{id}=")), "{cookie}");
        for part in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        let mut client = service.stranger();
        client.cookie = answer.cookie();
        assert_eq!(
            client.get(&format!("/api/v1/orders/{id}")).await.cookie(),
            None,
            "a fresh session needs no new cookie"
        );
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn providers_are_searched_and_the_service_tells_its_terms() {
    on_both(async |service: Service| {
        let client = service.stranger();
        let found = client.get("/api/v1/providers?search=anna%40web.de").await.json();
        assert_eq!((&found["items"][0]["id"], &found["items"][0]["login"]), (&"web-de".into(), &"local_part".into()));
        assert!(client.get("/api/v1/providers").await.json()["items"].as_array().expect("items").len() > 30);
        let info = client.get("/api/v1/service").await.json();
        assert_eq!(
            (&info["max_pairs"], &info["trial_days"], &info["plaintext_allowed"]),
            (&500.into(), &10.into(), &false.into())
        );
        assert_eq!((&info["recommended_rows"], &info["max_file_bytes"]), (&50.into(), &10_000_000.into()));
        assert_eq!((&info["max_message_bytes"], info.get("price")), (&50_000_000.into(), None));
        assert_eq!((&info["link_days"], &info["purge_days"]), (&14.into(), &30.into()));
        assert_eq!(info["delta_hours"], serde_json::json!({"usual": 8, "least": 4, "most": 23}));
        assert_eq!(info["operator"], serde_json::json!({}), "nobody is named unless it is set");
        service.stop().await;
    })
    .await;
}
