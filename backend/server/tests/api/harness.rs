//! A started service, and a client that keeps its cookie by hand: libraries do not send Secure cookies over http, as
//! browsers and curl do on loopback.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::Command,
    sync::{Arc, Mutex},
};

use actix_web::{dev::ServerHandle, web::Data};
use clap::Parser;
use mailferry_lab::Postgres;
use mailferry_server::{
    app::{self, App},
    settings::{Pace, ServeArgs, Settings},
};
use mailferry_shared::{ids::TenantId, key::Scope, order::LinkScope, secret::Secret};
use mailferry_store::{Context, NewApiKey, OPERATOR_TENANT, SealingKeys, Store, SystemRandom};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::time::Time;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    serve: ServeArgs,
}

/// A running service with a folder and a database of its own.
pub(crate) struct Service {
    pub(crate) base: String,
    pub(crate) store: Store,
    pub(crate) app: Data<App>,
    pub(crate) folder: TempDir,
    /// An operator's API key.
    pub(crate) key: String,
    /// Everything that was answered.
    pub(crate) answered: Arc<Mutex<String>>,
    handle: ServerHandle,
}

impl Service {
    /// A service on SQLite unless a database is named, with limits that no test reaches by accident.
    pub(crate) async fn start_with(database: Option<String>, change: impl FnOnce(&mut Settings)) -> Self {
        Self::start_in(Context::default(), database, change).await
    }

    /// A service whose time is moved by hand.
    pub(crate) async fn start_at_with(
        time: &Time,
        database: Option<String>,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        Self::start_in(time.context(), database, change).await
    }

    async fn start_in(context: Context, database: Option<String>, change: impl FnOnce(&mut Settings)) -> Self {
        // As at the start of the program: reqwest wants to know the process's provider.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let folder = tempfile::tempdir().expect("a folder");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let sqlite = format!("sqlite://{}", folder.path().join("test.sqlite").display());
        let url = database.unwrap_or(sqlite);
        let mut settings = settings(&["--public-url", &base, "--database-url", &url], folder.path().join("keys"));
        let wide = Pace { burst: 10_000, every_seconds: 1 };
        (settings.limits.orders, settings.limits.sessions) = (wide, wide);
        (settings.limits.vouchers, settings.limits.checks) = (wide, wide);
        settings.limits.requests_per_minute = 1_000_000;
        settings.limits.discoveries = wide;
        settings.limits.sign_ins = wide;
        change(&mut settings);
        let keys = SealingKeys::from_file(&settings.sealing_key_file, &SystemRandom).expect("keys");
        let store = Store::connect_with(&url, keys, context, settings.terms).await.expect("a database");
        let app = Data::new(App::new(store.clone(), Arc::new(settings)).await.expect("an application"));
        let key = api_key(&store, OPERATOR_TENANT, Scope::ALL).await;
        let handle = serve(app.clone(), listener);
        Self { base, store, app, folder, key, answered: Arc::default(), handle }
    }

    /// Whether it runs on SQLite.
    pub(crate) fn is_sqlite(&self) -> bool {
        self.app.settings.database_url.expose().starts_with("sqlite")
    }

    /// A client without any proof.
    pub(crate) fn stranger(&self) -> Client {
        Client {
            // A line for each request: one that is kept may be closed by the service just when it is used again.
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .pool_max_idle_per_host(0)
                .build()
                .expect("a client"),
            base: self.base.clone(),
            cookie: None,
            key: None,
            answered: Arc::clone(&self.answered),
        }
    }

    /// A client with the operator's key.
    pub(crate) fn operator(&self) -> Client {
        Client { key: Some(self.key.clone()), ..self.stranger() }
    }

    /// A client with a new key of a tenant.
    pub(crate) async fn with_key(&self, tenant: TenantId, scopes: &[Scope]) -> Client {
        Client { key: Some(api_key(&self.store, tenant, scopes).await), ..self.stranger() }
    }

    /// An order in draft, and a client whose cookie opens it.
    pub(crate) async fn order(&self) -> (String, Client) {
        let mut client = self.stranger();
        let answer = client.post("/api/v1/orders", new_order()).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        client.cookie = answer.cookie();
        (answer.json()["id"].as_str().expect("an id").to_owned(), client)
    }

    /// An order with one pair that could be started.
    pub(crate) async fn order_with_pair(&self) -> (String, String, Client) {
        let (order, client) = self.order().await;
        let answer = client.post(&format!("/api/v1/orders/{order}/accounts"), new_account("anna")).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        (order, answer.json()["id"].as_str().expect("an id").to_owned(), client)
    }

    /// A client whose session may only look at an order.
    pub(crate) async fn viewer(&self, order: &str) -> Client {
        let record = self.store.order(order.parse().expect("an id")).await.expect("an order");
        let keys = app::server_keys(&self.store).await.expect("keys");
        let token = mailferry_server::api::auth::link::token(&keys, record.id, LinkScope::View, record.link_version);
        self.session(order, &token).await
    }

    /// A client with a session by token.
    pub(crate) async fn session(&self, order: &str, token: &Secret) -> Client {
        let mut client = self.stranger();
        let body = json!({"order_id": order, "token": token.expose()});
        let answer = client.post("/api/v1/sessions", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        client.cookie = answer.cookie();
        client
    }

    /// Another process over the same database: what the first keeps in its memory, it does not know.
    pub(crate) async fn beside(&self) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let app = App::new(self.store.clone(), Arc::clone(&self.app.settings)).await.expect("an application");
        let app = Data::new(app);
        let folder = tempfile::tempdir().expect("a folder");
        let handle = serve(app.clone(), listener);
        let (store, key, answered) = (self.store.clone(), self.key.clone(), Arc::clone(&self.answered));
        Self { base, store, app, folder, key, answered, handle }
    }

    /// A statement around the store, as only a crash could leave things.
    pub(crate) async fn raw(&self, sql: &'static str) {
        let url = self.app.settings.database_url.expose();
        if self.is_sqlite() {
            let pool = sqlx::SqlitePool::connect(url).await.expect("opens");
            sqlx::query(sql).execute(&pool).await.expect(sql);
            pool.close().await;
        } else {
            let pool = sqlx::PgPool::connect(url).await.expect("opens");
            sqlx::query(sql).execute(&pool).await.expect(sql);
            pool.close().await;
        }
    }

    /// All that its database has written down: the files of SQLite, the write-ahead log among them, or the tables of
    /// PostgreSQL, whose bytes stand there in hexadecimal.
    pub(crate) fn kept(&self) -> Vec<u8> {
        if !self.is_sqlite() {
            let address = self.app.settings.database_url.expose();
            let dump = Command::new("pg_dump").args(["--data-only", "--inserts", address]).output().expect("pg_dump");
            assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
            return dump.stdout;
        }
        let mut held = Vec::new();
        for file in std::fs::read_dir(self.folder.path()).expect("a folder") {
            held.extend(std::fs::read(file.expect("a file").path()).expect("readable"));
            // So that nothing is found across two files.
            held.extend([0; 64]);
        }
        held
    }

    pub(crate) async fn stop(self) {
        self.handle.stop(true).await;
        self.store.close().await;
    }
}

async fn api_key(store: &Store, tenant_id: TenantId, scopes: &[Scope]) -> String {
    let scopes = scopes.iter().copied().collect();
    let new =
        NewApiKey { tenant_id, member_id: None, name: "test".to_owned(), scopes, sandbox: false, expires_at: None };
    store.create_api_key(new).await.expect("a key").secret.expose().to_owned()
}

fn settings(flags: &[&str], key_file: PathBuf) -> Settings {
    let line = Line::parse_from(std::iter::once("mailferry").chain(flags.iter().copied()));
    let mut settings = Settings::from_serve(&line.serve).expect("settings");
    settings.sealing_key_file = key_file;
    settings
}

fn serve(app: Data<App>, listener: TcpListener) -> ServerHandle {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = app::http_server(app, listener).expect("a server");
            sender.send(server.handle()).expect("the test waits");
            server.await.expect("it ends in order");
        });
    });
    receiver.recv().expect("it starts")
}

/// Does `test` for each database: none, which is SQLite in the service's own folder, and an empty one of `PostgreSQL`.
pub(crate) async fn on_each(test: impl AsyncFn(Option<String>)) {
    Box::pin(test(None)).await;
    let server = Postgres::shared().expect("PostgreSQL");
    Box::pin(test(Some(server.fresh_database().expect("a database")))).await;
}

/// Does `test` on SQLite and on `PostgreSQL`.
pub(crate) async fn on_both(test: impl AsyncFn(Service)) {
    on_both_with(|_| {}, test).await;
}

/// Does `test` on both, with other settings.
pub(crate) async fn on_both_with(change: impl Fn(&mut Settings), test: impl AsyncFn(Service)) {
    on_each(async |database| test(Service::start_with(database, &change).await).await).await;
}

/// Does `test` on both, by a time that is moved by hand.
pub(crate) async fn on_both_at(test: impl AsyncFn(Service, Time)) {
    on_both_at_with(|_| {}, test).await;
}

/// The same, with other settings.
pub(crate) async fn on_both_at_with(change: impl Fn(&mut Settings), test: impl AsyncFn(Service, Time)) {
    on_each(async |database| {
        let time = Time::now_in(database.as_deref()).await;
        test(Service::start_at_with(&time, database, &change).await, time).await;
    })
    .await;
}

pub(crate) fn new_order() -> Value {
    json!({
        "accepted_terms": mailferry_server::api::service::TERMS_VERSION,
        "notify_address": "anna@example.org",
        "source": {"provider": "gmx", "endpoint": {"host": "imap.gmx.net", "port": 993}},
        "destination": {"endpoint": {"host": "imap.new.example", "port": 993}},
    })
}

pub(crate) fn new_account(name: &str) -> Value {
    json!({
        "source": {"user": format!("{name}@old.example"), "password": "old-secret"},
        "destination": {"user": format!("{name}@new.example"), "password": "new-secret"},
    })
}

/// Speaks HTTP.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) cookie: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) answered: Arc<Mutex<String>>,
}

/// What was answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    /// The cookie that was set, as it is sent back.
    pub(crate) fn cookie(&self) -> Option<String> {
        let cookie = self.header("set-cookie");
        cookie.split(';').next().filter(|cookie| !cookie.is_empty()).map(ToOwned::to_owned)
    }

    /// Asserts that this is a problem of this code and status.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.header("content-type")), (status, "application/problem+json"), "{}", self.text);
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert!(!problem["detail"].as_str().unwrap_or_default().is_empty(), "{problem}");
        problem
    }
}

impl Client {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None, &[]).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, Some(body.to_string()), &[]).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send("PATCH", path, Some(body.to_string()), &[]).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None, &[]).await
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<String>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let method = method.parse().expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        if let Some(body) = body {
            request = request.body(body).header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = String::from_utf8_lossy(&response.bytes().await.expect("a body")).into_owned();
        let mut answered = self.answered.lock().expect("no panic");

        answered.extend([text.as_str(), &format!("{headers:?}")]);
        Answer { status, headers, text }
    }
}
