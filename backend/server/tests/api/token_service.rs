//! A stand-in for the token services of Google and Microsoft as they are documented, over real HTTP: refresh tokens
//! (rotated by Microsoft), assertions of a service account, whose signatures are verified, and client credentials. It also
//! tells mail servers whose an access token is (RFC 7662), and can be told to misbehave as token services may.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, OnceLock},
    time::Duration,
};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::KeySize,
    signature::{KeyPair, RsaKeyPair},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use mailferry_domain::oauth::Claims;
use mailferry_server::settings::{Settings, oauth::OauthSettings};
use serde_json::{Value, json};

use crate::plain_http::{self, Request, Told};

pub(crate) const CLIENT: &str = "client-of-the-tests";
pub(crate) const SECRET: &str = "secret-of-the-tests";
pub(crate) const TENANT: &str = "old.example";
pub(crate) const ACCOUNT: &str = "move@tests.iam.gserviceaccount.com";
const KEY_ID: &str = "key-1";

struct Access {
    /// Whose mailbox it opens; an application's opens the one that it was permitted.
    user: Option<String>,
    /// How many logins it is still good for.
    left: usize,
}

struct Books {
    /// Refresh tokens that are good, and whose they are.
    refresh: BTreeMap<String, String>,
    /// Access tokens that are good.
    access: BTreeMap<String, Access>,
    /// How many logins they are good for.
    logins: usize,
    /// The mailboxes of the Workspace domain.
    users: BTreeSet<String>,
    /// Whether the domain's administrator has permitted the service account to act for them.
    delegated: bool,
    /// The mailbox that Exchange lets the application open.
    permitted: Option<String>,
    /// A refresh token that was used is good no more.
    strict: bool,
    /// How long access tokens are good for, seconds, as is told.
    life: i64,
    /// Given first, whatever is asked.
    next: VecDeque<Told>,
    /// What was asked: the kind of grant, and for whom.
    asked: Vec<String>,
    /// What access tokens and rotated refresh tokens begin with.
    prefix: String,
    under_way: usize,
    most_at_once: usize,
    serial: usize,
}

/// The running stand-in.
#[derive(Clone)]
pub(crate) struct TokenService {
    books: Arc<Mutex<Books>>,
    key: Arc<RsaKeyPair>,
    port: Arc<OnceLock<u16>>,
}

impl TokenService {
    pub(crate) fn start() -> Self {
        let books = Books {
            refresh: BTreeMap::new(),
            access: BTreeMap::new(),
            logins: usize::MAX,
            users: BTreeSet::new(),
            delegated: true,
            permitted: None,
            strict: false,
            life: 3600,
            next: VecDeque::new(),
            asked: Vec::new(),
            prefix: "ya29".to_owned(),
            under_way: 0,
            most_at_once: 0,
            serial: 0,
        };
        let key = Arc::new(RsaKeyPair::generate(KeySize::Rsa2048).expect("a key"));
        let service = Self { books: Arc::new(Mutex::new(books)), key, port: Arc::default() };
        let serving = service.clone();
        service.port.set(plain_http::serve(move |request| Some(serving.answer(request)))).expect("once");
        service
    }

    /// Makes a service use it, through the address guard.
    pub(crate) fn set_up(&self, settings: &mut Settings) {
        settings.outgoing.networks = ["127.0.0.0/8", "::1/128"].map(|net| net.parse().expect("a network")).to_vec();
        settings.outgoing.ports.push(self.port());
        settings.oauth = self.settings();
    }

    pub(crate) fn settings(&self) -> OauthSettings {
        let url: url::Url = self.origin().parse().expect("an address");
        OauthSettings { google: url.clone(), microsoft: url }
    }

    fn port(&self) -> u16 {
        *self.port.get().expect("it runs")
    }

    fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }

    /// Where a mail server asks whose a token is.
    pub(crate) fn introspection(&self) -> String {
        format!("{}/introspect", self.origin())
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().expect("no panic")
    }

    /// `user` signs in, once: the refresh token.
    pub(crate) fn sign_in(&self, user: &str, token: &str) {
        self.books().refresh.insert(token.to_owned(), user.to_owned());
    }

    /// The consent is withdrawn.
    pub(crate) fn withdraw_consent(&self) {
        self.books().refresh.clear();
    }

    /// Every access token is good no more, whatever was told.
    pub(crate) fn end_tokens(&self) {
        self.books().access.clear();
    }

    /// Every access token, those that were given out before too, ends after so many logins from now on.
    pub(crate) fn end_after_logins(&self, logins: usize) {
        let mut books = self.books();
        books.logins = logins;
        books.access.values_mut().for_each(|access| access.left = logins);
    }

    /// What all tokens that are given out begin with from now on.
    pub(crate) fn begin_tokens_with(&self, prefix: &str) {
        prefix.clone_into(&mut self.books().prefix);
    }

    /// A mailbox of the Workspace domain.
    pub(crate) fn add_user(&self, user: &str) {
        self.books().users.insert(user.to_owned());
    }

    pub(crate) fn set_delegated(&self, delegated: bool) {
        self.books().delegated = delegated;
    }

    /// Exchange lets the application open this mailbox, and no other.
    pub(crate) fn permit(&self, user: &str) {
        self.books().permitted = Some(user.to_owned());
    }

    /// From now on a refresh token is good once.
    pub(crate) fn be_strict(&self) {
        self.books().strict = true;
    }

    /// What is answered to the next request, whatever it is.
    pub(crate) fn answer_next(&self, status: u16, headers: &[(&'static str, &str)], body: Value) {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.books().next.push_back(Told { status, headers, body });
    }

    /// What was asked: the kind of grant, and for whom.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.books().asked.clone()
    }

    /// Requests that were under way at once, at most.
    pub(crate) fn most_at_once(&self) -> usize {
        self.books().most_at_once
    }

    /// Refresh tokens that are good.
    pub(crate) fn good_refresh_tokens(&self) -> Vec<String> {
        self.books().refresh.keys().cloned().collect()
    }

    /// The service account's key file.
    pub(crate) fn key_file(&self) -> String {
        let der: Pkcs8V1Der<'_> = self.key.as_der().expect("a key");
        let base64 = BASE64_STANDARD.encode(der.as_ref());
        let lines: Vec<_> = base64.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
        json!({
            "type": "service_account", "project_id": "tests", "private_key_id": KEY_ID, "private_key": pem,
            "client_email": ACCOUNT, "client_id": "1040", "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": format!("{}/token", self.origin()),
            "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        })
        .to_string()
    }

    fn answer(&self, request: &Request) -> Told {
        let fields: BTreeMap<String, String> = serde_urlencoded::from_str(&request.body).unwrap_or_default();
        let is_form =
            request.headers.get("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form"));
        if request.method != "POST" || !is_form {
            return (400, json!({"error": "invalid_request"})).into();
        }
        if request.path == "/introspect" {
            return self.introspect(&fields).into();
        }
        {
            let mut books = self.books();
            books.under_way += 1;
            books.most_at_once = books.most_at_once.max(books.under_way);
        }
        // As long as the way to a token service takes.
        std::thread::sleep(Duration::from_millis(10));
        let unasked = self.books().next.pop_front();
        let told = unasked.unwrap_or_else(|| self.token(request, &fields).into());
        self.books().under_way -= 1;
        told
    }

    fn token(&self, request: &Request, fields: &BTreeMap<String, String>) -> (u16, Value) {
        let parts: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
        match parts.as_slice() {
            ["token"] => self.by_google(fields),
            [tenant, "oauth2", "v2.0", "token"] => self.by_microsoft(tenant, fields),
            _ => (404, json!({})),
        }
    }

    fn introspect(&self, fields: &BTreeMap<String, String>) -> (u16, Value) {
        let mut books = self.books();
        let permitted = books.permitted.clone();
        let access = fields.get("token").and_then(|token| books.access.get_mut(token)).filter(|access| access.left > 0);
        let user = access.and_then(|access| {
            access.left -= 1;
            access.user.clone().or(permitted)
        });
        match user {
            Some(user) => (200, json!({"active": true, "username": user})),
            None => (200, json!({"active": false})),
        }
    }

    fn by_google(&self, fields: &BTreeMap<String, String>) -> (u16, Value) {
        let field = |name: &str| fields.get(name).map_or("", String::as_str);
        match field("grant_type") {
            "refresh_token" => {
                if (field("client_id"), field("client_secret")) != (CLIENT, SECRET) {
                    return (401, json!({"error": "invalid_client", "error_description": "Unauthorized"}));
                }
                let mut books = self.books();
                let Some(user) = books.refresh.get(field("refresh_token")).cloned() else {
                    books.asked.push("refresh of nobody".to_owned());
                    let words = "Token has been expired or revoked.";
                    return (400, json!({"error": "invalid_grant", "error_description": words}));
                };
                books.asked.push(format!("refresh for {user}"));
                let scope = ("scope", json!("https://mail.google.com/"));
                (200, books.issue(Some(user), &[scope]))
            }
            "urn:ietf:params:oauth:grant-type:jwt-bearer" => self.by_assertion(field("assertion")),
            _ => (400, json!({"error": "unsupported_grant_type"})),
        }
    }

    fn by_assertion(&self, assertion: &str) -> (u16, Value) {
        let refused = |words: &str| (400, json!({"error": "invalid_grant", "error_description": words}));
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_audience(&[format!("{}/token", self.origin())]);
        validation.set_required_spec_claims(&["exp", "iss", "sub", "aud"]);
        let key = DecodingKey::from_rsa_der(self.key.public_key().as_ref());
        let Ok(read) = jsonwebtoken::decode::<Claims>(assertion, &key, &validation) else {
            return refused("Invalid JWT Signature.");
        };
        let claims = read.claims;
        if read.header.kid.as_deref() != Some(KEY_ID) || claims.iss != ACCOUNT {
            return refused("Invalid grant: account not found");
        }
        let now = chrono::Utc::now().timestamp();
        if claims.exp - claims.iat > 3600 || (claims.iat - now).abs() > 600 {
            return refused(
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.",
            );
        }
        let mut books = self.books();
        books.asked.push(format!("assertion for {}", claims.sub));
        if !books.delegated || claims.scope != "https://mail.google.com/" {
            let words = "Client is unauthorized to retrieve access tokens using this method, or client not authorized \
                         for any of the scopes requested.";
            return (401, json!({"error": "unauthorized_client", "error_description": words}));
        }
        if !books.users.contains(&claims.sub) {
            return refused("Invalid email or User ID");
        }
        (200, books.issue(Some(claims.sub), &[]))
    }

    fn by_microsoft(&self, tenant: &str, fields: &BTreeMap<String, String>) -> (u16, Value) {
        let field = |name: &str| fields.get(name).map_or("", String::as_str);
        let refused = |status: u16, error: &str, number: u64, words: &str| {
            let description = format!("AADSTS{number}: {words} Trace ID: 0 Correlation ID: 0");
            (status, json!({"error": error, "error_description": description, "error_codes": [number]}))
        };
        if ![TENANT, "common"].contains(&tenant) {
            return refused(400, "invalid_request", 90002, "Tenant not found.");
        }
        if field("client_id") != CLIENT {
            return refused(400, "unauthorized_client", 700_016, "Application not found in the directory.");
        }
        if !["", SECRET].contains(&field("client_secret")) {
            return refused(401, "invalid_client", 7_000_215, "Invalid client secret provided.");
        }
        let mut books = self.books();
        match field("grant_type") {
            "refresh_token" => {
                let Some(user) = books.refresh.get(field("refresh_token")).cloned() else {
                    books.asked.push("refresh of nobody".to_owned());
                    return refused(400, "invalid_grant", 700_082, "The refresh token has expired due to inactivity.");
                };
                books.asked.push(format!("refresh for {user}"));
                if books.strict {
                    books.refresh.remove(field("refresh_token"));
                }
                if !field("scope").contains("offline_access") {
                    return (200, books.issue(Some(user), &[]));
                }
                let next = format!("{}-rotated-{}", books.prefix, books.serial);
                books.refresh.insert(next.clone(), user.clone());
                (200, books.issue(Some(user), &[("refresh_token", json!(next))]))
            }
            "client_credentials" if field("client_secret").is_empty() => {
                refused(401, "invalid_client", 7_000_216, "A client secret is required.")
            }
            "client_credentials" if field("scope") != "https://outlook.office365.com/.default" => {
                refused(400, "invalid_scope", 1_002_012, "The provided value for scope is not valid.")
            }
            "client_credentials" => {
                books.asked.push("application".to_owned());
                (200, books.issue(None, &[]))
            }
            _ => refused(400, "unsupported_grant_type", 70003, "Not supported."),
        }
    }
}

impl Books {
    fn issue(&mut self, user: Option<String>, more: &[(&str, Value)]) -> Value {
        self.serial += 1;
        let token = format!("{}.access-{}", self.prefix, self.serial);
        self.access.insert(token.clone(), Access { user, left: self.logins });
        let mut answer = json!({"access_token": token, "token_type": "Bearer", "expires_in": self.life});
        for (name, value) in more {
            answer[*name] = value.clone();
        }
        answer
    }
}
