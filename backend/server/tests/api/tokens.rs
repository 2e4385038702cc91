//! Access tokens by themselves: asked for once, renewed in time, new refresh tokens kept. Over real HTTP, with a real store.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use futures::future::join_all;
use mailferry_connectors::net::{AddressGuard, CertificateTrust, Network, Resolver};
use mailferry_engine::port::{ConnectorError, Decision};
use mailferry_server::oauth::{AccessToken, StoredGrant, TokenService as Asking, Tokens, read_grant};
use mailferry_shared::{delegation::CredentialKind, finding::FindingCode};
use mailferry_store::{CredentialAt, Store};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::{
    harness::{Service, on_both, on_both_at},
    time::Time,
    token_service::{ACCOUNT, CLIENT, SECRET, TENANT, TokenService},
};

fn tokens(store: &Store, service: &TokenService) -> Tokens {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let network = Network::new(AddressGuard::open(), Resolver::System, &CertificateTrust::default()).expect("TLS");
    Tokens::new(store.clone(), Asking::new(service.settings(), &network).expect("a client"))
}

fn refresh(token: &str) -> Value {
    json!({"provider": "microsoft", "client_id": CLIENT, "client_secret": SECRET, "refresh_token": token})
}

fn app(secret: &str) -> Value {
    json!({"tenant": TENANT, "client_id": CLIENT, "client_secret": secret})
}

fn stored(service: &TokenService, kind: CredentialKind, given: &Value, at: CredentialAt) -> StoredGrant {
    let url = service.settings().google_token_url();
    let grant = read_grant(kind, &SecretString::from(given.to_string()), &url).expect("a grant");
    StoredGrant { kind, grant, at }
}

/// A pair whose source has this refresh token, and where that is kept.
async fn kept_pair(service: &Service, tokens: &TokenService, token: &str) -> (String, CredentialAt, StoredGrant) {
    let (order, client) = service.order().await;
    let pair = json!({
        "source": {"user": "anna@old.example", "credential": "oauth_refresh", "oauth": refresh(token)},
        "destination": {"user": "anna@new.example"},
    });
    let answer = client.post(&format!("/api/v1/orders/{order}/accounts"), pair).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert!(!answer.text.contains(token), "it is not given back: {}", answer.text);
    let pair = answer.json()["id"].as_str().expect("an id").parse().expect("an id");
    let at = CredentialAt::Pair(pair, mailferry_shared::account::SideName::Source);
    (order, at, stored(tokens, CredentialKind::OauthRefresh, &refresh(token), at))
}

async fn kept_token(store: &Store, at: CredentialAt) -> Option<String> {
    let kept = store.kept_secret(at).await.expect("opens")?;
    let kept: Value = serde_json::from_str(kept.expose_secret()).expect("JSON");
    kept["refresh_token"].as_str().map(str::to_owned)
}

fn text(token: &Result<AccessToken, ConnectorError>) -> &str {
    token.as_ref().expect("a token").secret.expose_secret()
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_pairs_of_an_application_ask_once_and_those_of_a_service_account_four_at_once() {
    on_both(async |service: Service| {
        let stand_in = TokenService::start();
        let tokens = tokens(&service.store, &stand_in);
        let (_, at, _) = kept_pair(&service, &stand_in, "first").await;
        let application = stored(&stand_in, CredentialKind::MicrosoftApp, &app(SECRET), at);
        let names: Vec<String> = (0..500).map(|number| format!("user{number}@old.example")).collect();
        let got = join_all(names.iter().map(|name| tokens.get(&application, name, None))).await;
        assert!(got.iter().all(|token| text(token) == text(&got[0])));
        assert_eq!(got.iter().filter(|token| token.as_ref().is_ok_and(|token| token.fresh)).count(), 1);
        assert_eq!(stand_in.asked(), ["application"]);

        for name in &names[..40] {
            stand_in.add_user(name);
        }
        let file = json!({"key_file": stand_in.key_file()});
        let account = stored(&stand_in, CredentialKind::GoogleServiceAccount, &file, at);
        let twice = names[..40].iter().chain(&names[..40]);
        let got = join_all(twice.map(|name| tokens.get(&account, name, None))).await;
        assert!((0..40).all(|number| text(&got[number]) == text(&got[number + 40])));
        assert_eq!(stand_in.asked().len(), 41, "one for each mailbox");
        assert!(stand_in.most_at_once() <= 4, "{}", stand_in.most_at_once());
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_have_the_secret_gets_no_token_that_others_have_fetched() {
    on_both(async |service: Service| {
        let stand_in = TokenService::start();
        let tokens = tokens(&service.store, &stand_in);
        let (_, at, _) = kept_pair(&service, &stand_in, "first").await;
        let right = stored(&stand_in, CredentialKind::MicrosoftApp, &app(SECRET), at);
        tokens.get(&right, "anna", None).await.expect("a token");
        let guessed = stored(&stand_in, CredentialKind::MicrosoftApp, &app("guess"), at);
        let error = tokens.get(&guessed, "anna", None).await.expect_err("refused");
        assert_eq!((error.code, error.decision), (FindingCode::OauthClientRefused, Decision::Park));
        // A key file that names the account, with another key.
        stand_in.add_user("anna");
        let real = json!({"key_file": stand_in.key_file()});
        let real = stored(&stand_in, CredentialKind::GoogleServiceAccount, &real, at);
        tokens.get(&real, "anna", None).await.expect("a token");
        let (other, own) = (TokenService::start().key_file(), stand_in.settings().google_token_url());
        let mut forged: Value = serde_json::from_str(&other).expect("JSON");
        assert_eq!(forged["client_email"], ACCOUNT);
        forged["token_uri"] = json!(own);
        let forged = json!({"key_file": forged.to_string()});
        let forged = stored(&stand_in, CredentialKind::GoogleServiceAccount, &forged, at);
        let error = tokens.get(&forged, "anna", None).await.expect_err("the signature is another");
        assert_eq!(error.code, FindingCode::OauthClientRefused);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_renewed_before_its_end_and_one_that_was_refused_at_once() {
    on_both_at(async |service: Service, clock: Time| {
        let stand_in = TokenService::start();
        let tokens = tokens(&service.store, &stand_in);
        stand_in.sign_in("anna@old.example", "first");
        let (_, _, grant) = kept_pair(&service, &stand_in, "first").await;
        let first = tokens.get(&grant, "anna@old.example", None).await;
        assert!(first.as_ref().is_ok_and(|token| token.fresh));
        clock.advance(TimeDelta::minutes(54)).await;
        let kept = tokens.get(&grant, "anna@old.example", None).await;
        assert_eq!(text(&kept), text(&first));
        assert!(!kept.expect("kept").fresh);
        clock.advance(TimeDelta::minutes(2)).await;
        let renewed = tokens.get(&grant, "anna@old.example", None).await;
        assert_ne!(text(&renewed), text(&first), "five minutes before the hour is over");
        let refused = renewed.expect("a token");
        let anew = tokens.get(&grant, "anna@old.example", Some(&refused)).await;
        assert_ne!(text(&anew), refused.secret.expose_secret());
        // Another session whose token is the old one takes the new one, too, without asking.
        let shared = tokens.get(&grant, "anna@old.example", Some(&refused)).await;
        assert_eq!(text(&shared), text(&anew));
        assert_eq!(stand_in.asked().len(), 3);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_refresh_token_is_kept_before_its_access_token_is_used() {
    on_both(async |service| {
        let stand_in = TokenService::start();
        stand_in.be_strict();
        stand_in.sign_in("anna@old.example", "first");
        let (order, at, grant) = kept_pair(&service, &stand_in, "first").await;
        let here = tokens(&service.store, &stand_in);
        let token = here.get(&grant, "anna@old.example", None).await.expect("a token");
        let second = kept_token(&service.store, at).await.expect("kept");
        assert_eq!(stand_in.good_refresh_tokens(), std::slice::from_ref(&second), "the first one is good no more");
        // Another process still has the first one in hand: it finds what is kept now.
        let there = tokens(&service.store, &stand_in);
        there.get(&grant, "anna@old.example", None).await.expect("a token");
        let third = kept_token(&service.store, at).await.expect("kept");
        assert_eq!(stand_in.good_refresh_tokens(), std::slice::from_ref(&third));
        assert_ne!(second, third);
        // And this one, whose second token is good no more, finds the third.
        here.get(&grant, "anna@old.example", Some(&token)).await.expect("a token");
        let fourth = kept_token(&service.store, at).await.expect("kept");
        assert_eq!(stand_in.good_refresh_tokens(), [fourth]);
        // What its owner has erased stays erased.
        service.store.forget_passwords(order.parse().expect("an id")).await.expect("erased");
        let withdrawn = stand_in.good_refresh_tokens().remove(0);
        let last = stored(&stand_in, CredentialKind::OauthRefresh, &refresh(&withdrawn), at);
        here.get(&last, "anna@old.example", Some(&token)).await.expect("a token");
        assert_eq!(kept_token(&service.store, at).await, None);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_that_its_owner_entered_meanwhile_is_not_replaced_by_one_of_the_old() {
    on_both(async |service: Service| {
        let stand_in = TokenService::start();
        stand_in.sign_in("anna@old.example", "first");
        let (_, at, grant) = kept_pair(&service, &stand_in, "first").await;
        let secret = |token: &str| SecretString::from(refresh(token).to_string());
        let old = service.store.kept_secret(at).await.expect("opens").expect("kept");
        assert!(service.store.rotate_secret(at, &old, &secret("entered")).await.expect("entered"));
        let tokens = tokens(&service.store, &stand_in);
        tokens.get(&grant, "anna@old.example", None).await.expect("the old one is still good");
        assert_eq!(kept_token(&service.store, at).await.as_deref(), Some("entered"));
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_consent_is_asked_about_once_by_all_who_wait() {
    on_both(async |service: Service| {
        let stand_in = TokenService::start();
        let tokens = tokens(&service.store, &stand_in);
        let (_, _, grant) = kept_pair(&service, &stand_in, "canary").await;
        let got = join_all((0..50).map(|_| tokens.get(&grant, "anna@old.example", None))).await;
        for error in got {
            let error = error.expect_err("refused");
            assert_eq!((error.code, error.decision), (FindingCode::SignInAgain, Decision::Park));
            assert!(!format!("{error} {:?}", error.source).contains("canary"));
        }
        assert_eq!(stand_in.asked().len(), 1);
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_service_that_wants_to_be_left_alone_is_left_alone_by_everybody() {
    on_both_at(async |service: Service, clock: Time| {
        let stand_in = TokenService::start();
        let tokens = tokens(&service.store, &stand_in);
        for name in ["anna", "bert"] {
            stand_in.add_user(name);
        }
        let (_, at, _) = kept_pair(&service, &stand_in, "first").await;
        let file = json!({"key_file": stand_in.key_file()});
        let account = stored(&stand_in, CredentialKind::GoogleServiceAccount, &file, at);
        stand_in.answer_next(429, &[("Retry-After", "90")], json!({"error": "rate_limit_exceeded"}));
        for (name, left) in [("anna", 90), ("bert", 90)] {
            let error = tokens.get(&account, name, None).await.expect_err("later");
            let expected = (FindingCode::Throttled, Decision::Wait(Duration::from_secs(left)));
            assert_eq!((error.code, error.decision), expected, "{name}");
        }
        assert!(stand_in.asked().is_empty(), "the second was not even asked for");
        clock.advance(TimeDelta::seconds(91)).await;
        tokens.get(&account, "bert", None).await.expect("a token");
        // A fault of its own without a word about when: the same again, later.
        stand_in.answer_next(503, &[], Value::Null);
        let error = tokens.get(&account, "anna", None).await.expect_err("a fault");
        assert_eq!((error.code, error.decision), (FindingCode::ServerError, Decision::Retry));
        tokens.get(&account, "anna", None).await.expect("a token");
        // A redirect is not followed, and no answer of any size is read.
        stand_in.answer_next(302, &[("Location", "http://127.0.0.1:1/")], json!({}));
        stand_in.answer_next(200, &[], json!({"access_token": "x".repeat(100_000)}));
        for code in [FindingCode::ServerError, FindingCode::ServerError] {
            clock.advance(TimeDelta::hours(1)).await;
            assert_eq!(tokens.get(&account, "anna", None).await.expect_err("no token").code, code);
        }
        service.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_service_that_is_waited_for_is_asked_again_when_it_said() {
    on_both(async |service: Service| {
        let stand_in = TokenService::start();
        let tokens = Arc::new(tokens(&service.store, &stand_in));
        let (_, at, _) = kept_pair(&service, &stand_in, "first").await;
        let application = stored(&stand_in, CredentialKind::MicrosoftApp, &app(SECRET), at);
        stand_in.answer_next(429, &[("Retry-After", "1")], json!({}));
        let patience = Duration::from_secs(60);
        tokens.get_within(&application, "anna", None, patience).await.expect("a second later");
        assert_eq!(stand_in.asked(), ["application"]);
        service.stop().await;
    })
    .await;
}
