//! A canary password is found nowhere: not in answers, logs at every level, or the database's files.

use std::{
    io,
    sync::{Arc, Mutex},
};

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::harness::Service;

const CANARY: &str = "canary-pA55w0rd-7d1f";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_found_nowhere() {
    let log = Log::default();
    // Tests of one process share this; the others' lines do no harm.
    let _ = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).try_init();
    let service = Service::start().await;
    let (order, client) = service.order().await;
    let path = format!("/api/v1/orders/{order}");
    let side = |user: &str| json!({"user": user, "password": CANARY});
    let account = json!({"source": side("a@x.example"), "destination": side("b@x.example")});
    assert_eq!(client.post(&format!("{path}/accounts"), account.clone()).await.status, 201);
    let file = format!("c@x.example;{CANARY};imap.x.example\nbad host;{CANARY};not a host\n\"open;{CANARY};h\n");
    let body = json!({"content": file, "destination_password": CANARY});
    assert_eq!(client.post(&format!("{path}/imports"), body).await.status, 200);
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &file);
    let corrections = json!([{"row": 2, "cells": [null, CANARY, "no host"]}, {"row": 3, "cells": [CANARY]}]);
    let body = json!({"file": encoded, "corrections": corrections, "only_rows": [2, 3]});
    assert_eq!(client.post(&format!("{path}/imports"), body).await.status, 200);
    let admin = json!({"user": "root", "password": CANARY}).to_string();
    assert_eq!(client.send("PUT", &format!("{path}/admin-credentials/source"), Some(admin), &[]).await.status, 200);
    for ending in ["admin-credentials", "accounts.csv"] {
        assert_eq!(client.get(&format!("{path}/{ending}")).await.status, 200);
    }
    // Wrong in every way that might be tempted to repeat it.
    let wrong = [
        json!({"source": {"user": "a", "password": [CANARY]}, "destination": side("b")}),
        json!({"source": {"user": "a", "pasword": CANARY}, "destination": side("b")}),
        json!({"source": CANARY, "destination": side("b")}),
        json!({"ticked": CANARY, "source": side("a"), "destination": side("b")}),
        json!({"source": {"user": "a", "password": format!("{CANARY}\n")}, "destination": side("b")}),
    ];
    for body in wrong {
        client.post(&format!("{path}/accounts"), body).await.is_problem(422, "invalid_field");
    }
    let cut = format!("{{\"source\":{{\"user\":\"a\",\"password\":\"{CANARY}");
    client.send("POST", &format!("{path}/accounts"), Some(cut), &[]).await.is_problem(400, "malformed_request");
    client.post(&format!("{path}/voucher"), json!({"code": CANARY})).await.is_problem(422, "voucher_invalid");
    let token = json!({"order_id": order, "token": CANARY});
    client.post("/api/v1/sessions", token).await.is_problem(401, "link_invalid");
    for part in ["", "/accounts", "/progress", "/deltas"] {
        assert_eq!(client.get(&format!("{path}{part}")).await.status, 200);
    }
    assert!(client.post(&format!("{path}/checks"), json!({})).await.status == 202);

    let answered = service.answered.lock().expect("no panic").clone();
    assert!(answered.contains("c@x.example"), "the record works");
    assert!(!answered.contains(CANARY), "in an answer");
    let logged = String::from_utf8_lossy(&log.0.lock().expect("no panic")).into_owned();
    assert!(!logged.contains(CANARY), "in the log");
    for file in std::fs::read_dir(service.folder.path()).expect("a folder") {
        let path = file.expect("a file").path();
        let bytes = std::fs::read(&path).expect("readable");
        assert!(!bytes.windows(CANARY.len()).any(|piece| piece == CANARY.as_bytes()), "in {}", path.display());
    }
    service.stop().await;
}
