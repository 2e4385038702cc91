//! Logins by access tokens that are fetched, end to end: a real Dovecot asks the stand-in whose a token is, and the
//! stand-in gives tokens as Google and Microsoft do.

use std::time::Duration;

use mailferry_lab::{CompareOptions, Dovecot, DovecotOptions, Fault, Plan, Proxy, Sample, compare, sample::append_new};
use mailferry_server::jobs;
use mailferry_shared::account::SideName;
use mailferry_store::CredentialAt;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    harness::{Client, Service, on_both, on_each},
    token_service::{ACCOUNT, CLIENT, SECRET, TENANT, TokenService},
};

const ANNA: &str = "anna@old.example";

/// The old server, which takes tokens, the new one, the token service, and a service with a worker.
struct World {
    source: Dovecot,
    destination: Dovecot,
    tokens: TokenService,
    service: Service,
    stop: CancellationToken,
}

impl World {
    async fn start(database: Option<String>, more_ports: &[u16], source: Dovecot, tokens: TokenService) -> Self {
        let destination = Dovecot::start(DovecotOptions::default()).expect("Dovecot");
        let service = Service::start_with(database, |settings| {
            settings.outgoing.ports = [more_ports, &[source.imaps_port(), destination.imaps_port()]].concat();
            settings.outgoing.ca_file = Some(source.ca_file());
            tokens.set_up(settings);
        })
        .await;
        let stop = CancellationToken::new();
        tokio::spawn(jobs::work(service.app.job_context().expect("a worker"), stop.clone()));
        Self { source, destination, tokens, service, stop }
    }

    /// An order from the server at this port to the new one.
    async fn order(&self, source_port: u16) -> (String, Client) {
        let (order, client) = self.service.order().await;
        let path = format!("/api/v1/orders/{order}");
        let server = |port: u16| json!({"endpoint": {"host": "localhost", "port": port, "tls": "implicit"}});
        let mut options = client.get(&path).await.json()["options"].clone();
        (options["include_trash"], options["include_junk"]) = (json!(true), json!(true));
        let (old, new) = (server(source_port), server(self.destination.imaps_port()));
        let change = json!({"source": old, "destination": new, "options": options});
        assert_eq!(client.patch(&path, change).await.status, 200);
        (path, client)
    }

    async fn begin(&self, order: &str, client: &Client, pairs: u32) {
        let batch = self.service.operator().post("/api/v1/vouchers", json!({"pairs": pairs})).await.json();
        client.post(&format!("{order}/voucher"), json!({"code": batch["items"][0]["code"]})).await;
        let started = client.post(&format!("{order}/start"), json!({})).await;
        assert_eq!(started.status, 200, "{}", started.text);
    }

    async fn stop(self) {
        self.stop.cancel();
        self.service.stop().await;
    }
}

fn servers() -> (Dovecot, TokenService) {
    let tokens = TokenService::start();
    let introspection = Some(tokens.introspection());
    (Dovecot::start(DovecotOptions { introspection, ..DovecotOptions::default() }).expect("Dovecot"), tokens)
}

async fn until(what: &str, client: &Client, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while tokio::time::Instant::now() < deadline {
        let answer = client.get(path).await.json();
        if is_so(&answer) {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never came so far: {what}: {}", client.get(path).await.text);
}

fn signed_in(refresh_token: &str) -> Value {
    let oauth =
        json!({"provider": "microsoft", "client_id": CLIENT, "client_secret": SECRET, "refresh_token": refresh_token});
    json!({"user": ANNA, "credential": "oauth_refresh", "oauth": oauth})
}

async fn add(client: &Client, order: &str, source: Value) -> String {
    let destination = json!({"user": "anna@new.example", "password": "secret"});
    let answer = client.post(&format!("{order}/accounts"), json!({"source": source, "destination": destination})).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["id"].as_str().expect("an id").to_owned()
}

async fn checked(client: &Client, order: &str) -> Value {
    let begun = client.post(&format!("{order}/checks"), json!({})).await;
    assert_eq!(begun.status, 202, "{}", begun.text);
    until("the check ends", client, begun.header("location"), |check| check["finished"] == true).await
}

fn codes(check: &Value) -> Vec<String> {
    let items = check["items"].as_array().expect("items").iter().filter(|item| item["side"] == "source");
    let code = |item: &Value| match item["findings"].as_array().expect("findings").as_slice() {
        [] => item["login"].as_str().expect("a state").to_owned(),
        [finding, ..] => finding["code"].as_str().expect("a code").to_owned(),
    };
    items.map(code).collect()
}

async fn set_admin(client: &Client, order: &str, body: Value) -> Value {
    let path = format!("{order}/admin-credentials/source");
    let set = client.send("PUT", &path, Some(body.to_string()), &[]).await;
    assert_eq!(set.status, 200, "{}", set.text);
    set.json()
}

async fn add_by_admin(client: &Client, order: &str, mailboxes: &[&str]) {
    for mailbox in mailboxes {
        add(client, order, json!({"user": mailbox, "by_admin": true})).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_access_token_ends_in_the_middle_goes_on_with_another_and_loses_nothing() {
    on_each(a_run_whose_access_token_ends_in_the_middle_goes_on_with_another_and_loses_nothing_on).await;
}

async fn a_run_whose_access_token_ends_in_the_middle_goes_on_with_another_and_loses_nothing_on(
    database: Option<String>,
) {
    let (source, tokens) = servers();
    Sample::Small.write(&source, ANNA).expect("a mailbox");
    append_new(&source.login(ANNA), "INBOX", 60).expect("more mail");
    let proxy = Proxy::start(source.imaps_port()).expect("a proxy");
    let world = World::start(database, &[proxy.port()], source, tokens).await;
    world.tokens.be_strict();
    world.tokens.sign_in(ANNA, "first");
    let (order, client) = world.order(proxy.port()).await;
    let pair = add(&client, &order, signed_in("first")).await;
    assert_eq!(codes(&checked(&client, &order).await), ["passed"]);
    // What Google and Microsoft do when a token's time is over: it is good for nothing, and its sessions end.
    world.tokens.end_after_logins(2);
    (0..4).for_each(|_| proxy.plan(Plan { to_client: Some((40_000, Fault::Cut)), to_server: None }));
    world.begin(&order, &client, 1).await;
    until("the order is completed", &client, &order, |order| order["state"] == "completed").await;
    assert!(proxy.struck() >= 1, "a session ended in the midst of the work");
    let counts = client.get(&format!("{order}/progress")).await.json()["counts"].clone();
    assert_eq!((&counts["failed"], &counts["uncertain"]), (&json!(0), &json!(0)), "{counts}");
    let (old, new) = (world.source.login(ANNA), world.destination.login("anna@new.example"));
    let differences = compare(&old, &new, &CompareOptions::default()).expect("both can be read");
    assert!(differences.is_perfect(), "{differences:?}");
    // One for the check, which the run began with too, and another in its midst.
    let asked = world.tokens.asked();
    assert!(asked.len() >= 2 && asked.iter().all(|one| *one == format!("refresh for {ANNA}")), "{asked:?}");
    let kept = CredentialAt::Pair(pair.parse().expect("an id"), SideName::Source);
    let kept = world.service.store.kept_secret(kept).await.expect("opens").expect("kept");
    let latest = world.tokens.good_refresh_tokens().remove(0);
    assert!(kept.expose_secret().contains(&latest), "the latest refresh token is kept");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_consent_parks_the_run_until_its_owner_has_signed_in_again() {
    on_each(a_withdrawn_consent_parks_the_run_until_its_owner_has_signed_in_again_on).await;
}

async fn a_withdrawn_consent_parks_the_run_until_its_owner_has_signed_in_again_on(database: Option<String>) {
    let (source, tokens) = servers();
    Sample::Tiny.write(&source, ANNA).expect("a mailbox");
    let port = source.imaps_port();
    let world = World::start(database, &[], source, tokens).await;
    world.tokens.sign_in(ANNA, "first");
    let (order, client) = world.order(port).await;
    let pair = add(&client, &order, signed_in("first")).await;
    assert_eq!(codes(&checked(&client, &order).await), ["passed"]);
    world.tokens.withdraw_consent();
    world.tokens.end_tokens();
    world.begin(&order, &client, 1).await;
    let accounts = format!("{order}/accounts");
    let run = |list: &Value| list["items"][0]["runs"][0].clone();
    let parked = until("the run is parked", &client, &accounts, |list| run(list)["state"] == "paused").await;
    assert_eq!(run(&parked)["finding"]["code"], "sign_in_again", "{parked}");
    let asked = world.tokens.asked().len();
    assert!(asked <= 4, "no endless retry: {asked}");

    world.tokens.sign_in(ANNA, "again");
    let change = client.patch(&format!("{accounts}/{pair}"), json!({"source": signed_in("again")})).await;
    assert_eq!(change.status, 200, "{}", change.text);
    assert_eq!(client.post(&format!("{order}/resume"), json!({})).await.status, 200);
    until("the order is completed", &client, &order, |order| order["state"] == "completed").await;
    let (old, new) = (world.source.login(ANNA), world.destination.login("anna@new.example"));
    let differences = compare(&old, &new, &CompareOptions::default()).expect("both can be read");
    assert!(differences.is_perfect(), "{differences:?}");

    // Forgotten like a password, and asked for like one.
    assert_eq!(client.post(&format!("{order}/forget-passwords"), json!({})).await.status, 200);
    let known = client.get(&accounts).await.json();
    assert_eq!(known["items"][0]["source"]["has_password"], false, "{known}");
    assert_eq!(known["items"][0]["source"]["credential"], "oauth_refresh");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_service_account_opens_every_mailbox_of_its_domain_and_each_refusal_is_told_by_its_reason() {
    on_each(one_service_account_opens_every_mailbox_of_its_domain_and_each_refusal_is_told_by_its_reason_on).await;
}

async fn one_service_account_opens_every_mailbox_of_its_domain_and_each_refusal_is_told_by_its_reason_on(
    database: Option<String>,
) {
    let (source, tokens) = servers();
    for name in ["anna@old.example", "bert@old.example"] {
        Sample::Tiny.write(&source, name).expect("a mailbox");
        tokens.add_user(name);
    }
    let port = source.imaps_port();
    let world = World::start(database, &[], source, tokens).await;
    let (order, client) = world.order(port).await;
    add_by_admin(&client, &order, &["anna@old.example", "bert@old.example", "gone@old.example"]).await;
    let body = json!({"credential": "google_service_account", "oauth": {"key_file": world.tokens.key_file()}});
    let set = set_admin(&client, &order, body.clone()).await;
    assert_eq!((&set["user"], &set["credential"]), (&json!(ACCOUNT), &json!("google_service_account")));
    assert_eq!((&set["has_password"], &set["pairs"]), (&json!(true), &json!(3)));
    assert!(!set.to_string().contains("PRIVATE"));

    world.tokens.set_delegated(false);
    assert_eq!(codes(&checked(&client, &order).await), ["delegation_not_set_up"; 3]);
    assert_eq!(world.tokens.asked().len(), 1, "what concerns the account is asked once");
    world.tokens.set_delegated(true);
    let check = checked(&client, &order).await;
    assert_eq!(codes(&check), ["passed", "passed", "mailbox_unknown"], "{check}");
    let mut surveys = check["items"].as_array().expect("items").iter().filter(|item| item["side"] == "source");
    assert!(surveys.clone().take(2).all(|item| item["survey"]["messages"].as_u64() > Some(30)), "{check}");
    assert!(surveys.all(|item| item["delegated"] == true));

    // Its key was deleted at Google: another key of the same name signs in vain.
    let mut other: Value = serde_json::from_str(&TokenService::start().key_file()).expect("JSON");
    let own: Value = serde_json::from_str(&world.tokens.key_file()).expect("JSON");
    other["token_uri"] = own["token_uri"].clone();
    set_admin(
        &client,
        &order,
        json!({"credential": "google_service_account", "oauth": {"key_file": other.to_string()}}),
    )
    .await;
    assert_eq!(codes(&checked(&client, &order).await), ["oauth_client_refused"; 3]);

    set_admin(&client, &order, body).await;
    let accounts = client.get(&format!("{order}/accounts")).await.json();
    let gone = accounts["items"][2]["id"].as_str().expect("an id");
    assert_eq!(client.delete(&format!("{order}/accounts/{gone}")).await.status, 204);
    assert_eq!(codes(&checked(&client, &order).await), ["passed", "passed"]);
    world.begin(&order, &client, 2).await;
    until("the order is completed", &client, &order, |order| order["state"] == "completed").await;
    let counts = client.get(&format!("{order}/progress")).await.json()["counts"].clone();
    assert_eq!(counts["failed"], json!(0), "{counts}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_microsoft_application_opens_what_exchange_permits_it_and_nothing_else() {
    on_each(a_microsoft_application_opens_what_exchange_permits_it_and_nothing_else_on).await;
}

async fn a_microsoft_application_opens_what_exchange_permits_it_and_nothing_else_on(database: Option<String>) {
    let (source, tokens) = servers();
    Sample::Tiny.write(&source, ANNA).expect("a mailbox");
    let port = source.imaps_port();
    let world = World::start(database, &[], source, tokens).await;
    let (order, client) = world.order(port).await;
    add_by_admin(&client, &order, &[ANNA, "bert@old.example"]).await;
    let app = |tenant: &str, client_id: &str, secret: &str| {
        let oauth = json!({"tenant": tenant, "client_id": client_id, "client_secret": secret});
        json!({"credential": "microsoft_app", "oauth": oauth})
    };
    for (tenant, client_id, secret) in [("else.example", CLIENT, SECRET), (TENANT, "x", SECRET), (TENANT, CLIENT, "x")]
    {
        set_admin(&client, &order, app(tenant, client_id, secret)).await;
        assert_eq!(
            codes(&checked(&client, &order).await),
            ["oauth_client_refused"; 2],
            "{tenant} {client_id} {secret}"
        );
    }
    let set = set_admin(&client, &order, app(TENANT, CLIENT, SECRET)).await;
    assert_eq!(set["user"], CLIENT);
    // The token is given, but nobody has permitted the application in Exchange.
    assert_eq!(codes(&checked(&client, &order).await), ["token_not_permitted"; 2]);
    world.tokens.permit(ANNA);
    let check = checked(&client, &order).await;
    assert_eq!(codes(&check), ["passed", "token_not_permitted"], "{check}");
    let given = world.tokens.asked().iter().filter(|one| *one == "application").count();
    assert!(given <= 4, "one token for all, and another for each that was refused: {given}");

    // The token of a kept credential is asked for once more when the server says that it is good no more.
    world.tokens.end_tokens();
    let check = checked(&client, &order).await;
    assert_eq!(codes(&check), ["passed", "token_not_permitted"], "{check}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_what_tokens_are_fetched_with_is_pointed_at_and_not_repeated() {
    on_both(async |service: Service| {
    let (order, client) = service.order().await;
    let put = async |body: Value| {
        let path = format!("/api/v1/orders/{order}/admin-credentials/source");
        client.send("PUT", &path, Some(body.to_string()), &[]).await
    };
    let key_file = |change: &str, to: &str| {
        let mut file: Value = serde_json::from_str(&TokenService::start().key_file()).expect("JSON");
        file["token_uri"] = json!("https://oauth2.googleapis.com/token");
        file[change] = json!(to);
        json!({"credential": "google_service_account", "oauth": {"key_file": file.to_string()}})
    };
    for (body, pointer) in [
        (json!({"credential": "google_service_account", "oauth": {"key_file": "canary"}}), "/oauth/key_file"),
        (key_file("token_uri", "https://canary.example/token"), "/oauth/key_file"),
        (key_file("token_uri", "http://127.0.0.1:8080/token"), "/oauth/key_file"),
        (key_file("private_key", "canary"), "/oauth/key_file"),
        (key_file("type", "external_account"), "/oauth/key_file"),
        (json!({"credential": "google_service_account"}), "/oauth"),
        (
            json!({"credential": "microsoft_app", "oauth": {"tenant": "a/b", "client_id": "c", "client_secret": "canary"}}),
            "/oauth/tenant",
        ),
        (json!({"credential": "microsoft_app", "password": "canary"}), "/password"),
        (json!({"user": "root", "oauth": {"refresh_token": "canary"}}), "/oauth"),
        (json!({"user": "root", "credential": "oauth_refresh", "oauth": {"provider": "yahoo"}}), "/oauth/provider"),
        (
            json!({"user": "root", "credential": "oauth_refresh", "oauth": {"url": "https://canary.example"}}),
            "/oauth/url",
        ),
        (json!({"user": "root", "credential": "canary"}), "/credential"),
    ] {
        let answer = put(body.clone()).await;
        assert!(!answer.text.contains("canary"), "{}", answer.text);
        let problem = answer.is_problem(422, "invalid_field");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
    }
    assert_eq!(put(key_file("project_id", "tests")).await.status, 200);
    // The name and the secret stay with the kind.
    let again = put(json!({"credential": "google_service_account"})).await;
    assert_eq!((again.status, &again.json()["has_password"]), (200, &json!(true)), "{}", again.text);
    let pair = json!({"source": {"user": "a", "by_admin": true, "oauth": {}}, "destination": {"user": "b"}});
    let problem = client.post(&format!("/api/v1/orders/{order}/accounts"), pair).await.is_problem(422, "invalid_field");
    assert_eq!(problem["errors"][0]["pointer"], "/source/by_admin");
    service.stop().await;
}).await;
}
