//! Every way in that does not lead into an order: members and their passwords, requests, keys, webhooks.

use std::time::Duration;

use serde_json::json;

use super::{
    search::{CANARY, NOTE, told},
    servers::Servers,
    ways::{file_of_accounts, send},
};
use crate::{
    harness::{Client, Service, new_order},
    requests::{file, new_request},
};

/// A contact that a customer sends along.
const CONTACT: &str = "canary-contact-93e2";

/// Members' passwords in every operation that takes one; how many ways in.
pub(crate) async fn members(service: &Service, servers: &Servers) -> usize {
    let mails = [("alex", &service.base), ("mate", &service.base)];
    let [alex, mate] = mails.map(|(name, base)| format!("{name}@{}.example", base.rsplit(':').next().expect("a port")));
    let admin = json!({"name": "Alex", "mail": alex, "password": CANARY});
    let made = send(&service.operator(), "/api/v1/tenants", &json!({"name": "Canary", "admin": admin})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let stranger = service.stranger();
    for (mail, password) in [(alex.as_str(), "canary-pA55w0rd-7d1f?"), ("nobody@x.example", CANARY), (CANARY, CANARY)] {
        let refused = stranger.post("/api/v1/sign-ins", json!({"mail": mail, "password": password})).await;
        refused.is_problem(401, "sign_in_failed");
    }
    let wrong = json!({"mail": [CANARY], "password": {"x": CANARY}});
    stranger.post("/api/v1/sign-ins", wrong).await.is_problem(422, "invalid_field");
    let admin = signed_in(service, &alex, CANARY).await;
    let other = format!("{CANARY} or another");
    let new = json!({"name": "Mate", "mail": mate, "password": CANARY});
    let made = send(&admin, "/api/v1/members", &new).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let member = format!("/api/v1/members/{}", made.json()["id"].as_str().expect("an id"));
    assert_eq!(admin.patch(&member, json!({"password": other})).await.status, 200);
    let change = json!({"current_password": "wrong canary-pA55w0rd-7d1f", "new_password": other});
    assert!((401..=422).contains(&admin.post("/api/v1/me/password", change).await.status));
    let change = json!({"current_password": CANARY, "new_password": other});
    assert_eq!(admin.post("/api/v1/me/password", change).await.status, 204);
    let admin = signed_in(service, &alex, &other).await;

    let sent = send(&admin, &format!("{member}/password-link"), &json!({})).await;
    assert_eq!(sent.status, 201, "{}", sent.text);
    let token = token_mailed_to(servers, &mate, "/console/password#token=").await;
    told("a link's token", &token);
    let wrong = json!({"token": CANARY, "new_password": CANARY});
    stranger.post("/api/v1/passwords", wrong).await.is_problem(401, "link_invalid");
    let set = stranger.post("/api/v1/passwords", json!({"token": token, "new_password": CANARY})).await;
    assert_eq!(set.status, 201, "{}", set.text);
    keys(&admin).await;
    11
}

async fn signed_in(service: &Service, mail: &str, password: &str) -> Client {
    let mut client = service.stranger();
    let answer = client.post("/api/v1/sign-ins", json!({"mail": mail, "password": password})).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    client.cookie = answer.cookie();
    told("a session", client.cookie.as_deref().and_then(|cookie| cookie.split_once('=')).expect("a cookie").1);
    client
}

/// The token in the mail to this address, once it has come.
async fn token_mailed_to(servers: &Servers, address: &str, before: &str) -> String {
    for _ in 0..1_200 {
        let mails = servers.mails.mails().expect("mails");
        if let Some(mail) = mails.iter().find(|mail| mail.envelope_to == [address]) {
            let token = mail.text.split(before).nth(1).expect("a link");
            return token
                .chars()
                .take_while(|letter| letter.is_ascii_alphanumeric() || "-_".contains(*letter))
                .collect();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no mail has come to {address}");
}

/// The link of an order that is mailed once more: no answer to that holds it, and it is kept nowhere.
pub(crate) async fn lost_link(service: &Service, servers: &Servers) {
    let mut order = new_order();
    order["notify_address"] = json!("lost@canary.example");
    let order = service.stranger().post("/api/v1/orders", order).await.json();
    let path = format!("/api/v1/orders/{}", order["id"].as_str().expect("an id"));
    let sent = send(&service.operator(), &format!("{path}/link-mails"), &json!({})).await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    let token = token_mailed_to(servers, "lost@canary.example", "#token=").await;
    assert!(!sent.text.contains(&token), "{}", sent.text);
    told("a manage link's token", &token);
}

/// Secrets that the service makes and tells once.
async fn keys(admin: &Client) {
    let key = send(admin, "/api/v1/api-keys", &json!({"name": "panel", "scopes": ["orders:read"]})).await;
    told("an API key", key.json()["secret"].as_str().expect("a secret"));
    let hook = send(admin, "/api/v1/webhooks", &json!({"url": "https://panel.example/hook"})).await.json();
    let id = hook["webhook"]["id"].as_str().expect("an id");
    let rotated = send(admin, &format!("/api/v1/webhooks/{id}/secret"), &json!({})).await.json();
    for hook in [&hook, &rotated] {
        let secret = hook["secret"].as_str().expect("a secret");
        told("a webhook's secret", secret);
        told("a webhook's secret without its prefix", secret.trim_start_matches("whsec_"));
    }
}

/// A request with passwords in its file, and files whose contents only the operator takes; how many ways in.
pub(crate) async fn requests(service: &Service) -> usize {
    let stranger = service.stranger();
    let accounts = json!({"content": file_of_accounts(), "layout": "request", "destination_password": CANARY});
    let shown = send(&stranger, "/api/v1/imports/preview", &accounts).await;
    assert_eq!(shown.status, 200, "{}", shown.text);
    let card = format!("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{CONTACT}\r\nEND:VCARD\r\n");
    told("a contact", CONTACT);
    let mut request = new_request();
    request["accounts"] = json!({
        "content": format!("anna@old.example;{CANARY};imap.old.example\r\n"),
        "layout": "request",
        "destination_password": CANARY,
    });
    request["note"] = json!(NOTE);
    request["attachments"] = json!([file("contacts.vcf", card)]);
    let sent = send(&stranger, "/api/v1/requests", &request).await;
    assert_eq!(sent.status, 201, "{}", sent.text);
    let mut wrong = 0;
    for (pointer, value) in [
        ("/accounts", json!(CANARY)),
        ("/accounts/content", json!([CANARY])),
        ("/note", json!([CANARY])),
        ("/attachments/0/content", json!(CANARY)),
        ("/contact_address", json!(CANARY)),
    ] {
        let mut bad = request.clone();
        *bad.pointer_mut(pointer).expect("there") = value;
        send(&stranger, "/api/v1/requests", &bad).await.is_problem(422, "invalid_field");
        wrong += 1;
    }
    wrong + 2
}
