use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, TimeDelta};
use mailferry_shared::{
    delegation::CredentialKind,
    finding::FindingCode,
    oauth::{OauthGrant, OauthProvider},
    secret::Secret,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut bytes = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => bytes.push(short),
        Ok(long) => bytes.extend([0x81, long]),
        Err(_) => bytes.extend([0x82, u8::try_from(length >> 8).expect("short"), length.to_be_bytes()[7]]),
    }
    bytes.extend(content);
    bytes
}

/// A PrivateKeyInfo around a key of this many bytes that is none.
fn key_info(size: usize, algorithm: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let key = der(0x30, &vec![7; size]);
    let algorithm = der(0x30, &[der(0x06, algorithm), vec![5, 0]].concat());
    (der(0x30, &[der(0x02, &[0]), algorithm, der(0x04, &key)].concat()), key)
}

const RSA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];

fn pem(info: &[u8]) -> String {
    let base64 = BASE64_STANDARD.encode(info);
    let lines: Vec<&str> = base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).expect("ASCII")).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
}

fn key_file() -> Value {
    json!({
        "type": "service_account", "project_id": "move", "private_key_id": "k1",
        "private_key": pem(&key_info(1200, &RSA).0), "client_email": "move@move.iam.gserviceaccount.com",
        "client_id": "104", "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
    })
}

fn of_file(file: &Value) -> OauthGrant {
    OauthGrant { key_file: Some(Secret::new(file.to_string())), ..OauthGrant::default() }
}

fn refresh(provider: OauthProvider) -> OauthGrant {
    OauthGrant {
        provider: Some(provider),
        client_id: Some("client".to_owned()),
        client_secret: Some(Secret::new("canary-client")),
        refresh_token: Some(Secret::new("canary-refresh")),
        ..OauthGrant::default()
    }
}

fn app() -> OauthGrant {
    OauthGrant {
        tenant: Some("Old.Example".to_owned()),
        client_id: Some("client".to_owned()),
        client_secret: Some(Secret::new("canary~client")),
        ..OauthGrant::default()
    }
}

fn parsed(kind: CredentialKind, given: &OauthGrant) -> Grant {
    Grant::parse(kind, given, None).expect("a grant")
}

fn fields(kind: CredentialKind, given: &OauthGrant) -> Vec<&'static str> {
    Grant::parse(kind, given, None).expect_err("refused").into_iter().map(|error| error.field).collect()
}

#[test]
fn a_key_file_gives_its_account_and_its_key() {
    for size in [10, 120, 1200] {
        let (info, key) = key_info(size, &RSA);
        let mut file = key_file();
        file["private_key"] = json!(pem(&info));
        let Grant::ServiceAccount(account) = parsed(CredentialKind::GoogleServiceAccount, &of_file(&file)) else {
            panic!("another grant")
        };
        assert_eq!(
            (account.client_email.as_str(), account.key_id.as_deref()),
            ("move@move.iam.gserviceaccount.com", Some("k1"))
        );
        assert_eq!(account.private_key.expose(), key);
        assert!(!format!("{account:?}").contains('7'), "the key is not shown");
    }
}

#[test]
fn a_key_file_that_cannot_be_used_is_refused_in_words_that_hold_nothing_of_it() {
    let mut wrong = vec![json!("canary"), json!([]), json!({})];
    let mut set = |name: &str, value: Value| {
        let mut file = key_file();
        file[name] = value;
        wrong.push(file);
    };
    set("type", json!("authorized_user"));
    set("client_email", json!("canary"));
    set("client_email", json!(7));
    set("token_uri", json!("https://canary.example/token"));
    set("token_uri", json!("http://oauth2.googleapis.com/token"));
    set("token_uri", json!("https://oauth2.googleapis.com@canary.example/token"));
    set("private_key", json!("canary"));
    // A key of an elliptic curve, and one with something behind it.
    set("private_key", json!(pem(&key_info(40, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]).0)));
    set("private_key", json!(pem(&[key_info(40, &RSA).0, vec![0]].concat())));
    set("project_id", json!("x".repeat(20_000)));
    for file in wrong {
        let errors = Grant::parse(CredentialKind::GoogleServiceAccount, &of_file(&file), None).expect_err("refused");
        assert_eq!(errors.len(), 1, "{file}");
        assert_eq!(errors[0].field, "key_file");
        assert!(!errors[0].message.contains("canary"), "{}", errors[0].message);
    }
    assert_eq!(fields(CredentialKind::GoogleServiceAccount, &OauthGrant::default()), ["key_file"]);
}

#[test]
fn a_token_service_that_is_not_googles_is_named_by_the_operator_alone() {
    let mut file = key_file();
    file["token_uri"] = json!("http://127.0.0.1:8099/token");
    let given = of_file(&file);
    assert_eq!(fields(CredentialKind::GoogleServiceAccount, &given), ["key_file"]);
    let allowed = Grant::parse(CredentialKind::GoogleServiceAccount, &given, Some("http://127.0.0.1:8099/token"));
    assert!(allowed.is_ok());
}

#[test]
fn what_is_missing_or_belongs_to_another_kind_is_named() {
    use CredentialKind::{GoogleServiceAccount, MicrosoftApp, OauthRefresh, OauthToken, Password};
    let none = OauthGrant::default();
    assert_eq!(fields(OauthRefresh, &none), ["provider", "client_id", "refresh_token"]);
    assert_eq!(fields(MicrosoftApp, &none), ["tenant", "client_id", "client_secret"]);
    let mut all = OauthGrant { tenant: Some("x".to_owned()), ..refresh(OauthProvider::Google) };
    all.key_file = of_file(&key_file()).key_file;
    assert_eq!(fields(OauthRefresh, &all), ["key_file", "tenant"]);
    assert_eq!(fields(GoogleServiceAccount, &all), ["tenant", "client_id", "client_secret", "refresh_token"]);
    assert_eq!(fields(MicrosoftApp, &all), ["provider", "refresh_token", "key_file"]);
    for tenant in ["", "a/b", "../x", ".x", "a b", "common", &"x".repeat(300)] {
        assert_eq!(
            fields(MicrosoftApp, &OauthGrant { tenant: Some(tenant.to_owned()), ..app() }),
            ["tenant"],
            "{tenant}"
        );
    }
    let broken = OauthGrant { refresh_token: Some(Secret::new("two words")), ..refresh(OauthProvider::Google) };
    assert_eq!(fields(OauthRefresh, &broken), ["refresh_token"]);
    for kind in [Password, OauthToken] {
        assert_eq!(fields(kind, &app()), [""]);
    }
}

#[test]
fn each_grant_asks_in_its_own_way() {
    let google = parsed(CredentialKind::OauthRefresh, &refresh(OauthProvider::Google));
    let expected = [
        ("grant_type", "refresh_token"),
        ("client_id", "client"),
        ("refresh_token", "canary-refresh"),
        ("client_secret", "canary-client"),
    ];
    assert_eq!(google.request(""), expected);
    let public = OauthGrant { client_secret: None, ..refresh(OauthProvider::Microsoft) };
    let microsoft = parsed(CredentialKind::OauthRefresh, &public);
    assert_eq!((microsoft.tenant(), microsoft.request("").len()), ("common", 4));
    assert_eq!(microsoft.request("")[3], ("scope", "https://outlook.office.com/IMAP.AccessAsUser.All offline_access"));
    let app = parsed(CredentialKind::MicrosoftApp, &app());
    assert_eq!((app.tenant(), app.client()), ("old.example", "client"));
    assert_eq!(app.request("")[3], ("scope", "https://outlook.office365.com/.default"));
    let account = parsed(CredentialKind::GoogleServiceAccount, &of_file(&key_file()));
    assert_eq!(account.request("signed")[1], ("assertion", "signed"));
    let Grant::ServiceAccount(account) = account else { panic!("another grant") };
    let now = DateTime::from_timestamp(1_700_000_000, 0).expect("a time");
    let claims = account.claims("anna@old.example", "https://oauth2.googleapis.com/token", now);
    assert_eq!((claims.sub.as_str(), claims.scope.as_str()), ("anna@old.example", "https://mail.google.com/"));
    assert_eq!((claims.iat, claims.exp), (1_700_000_000, 1_700_003_600));
}

#[test]
fn a_token_is_shared_by_those_it_is_good_for_and_nobody_without_the_secret() {
    let account = parsed(CredentialKind::GoogleServiceAccount, &of_file(&key_file()));
    assert_ne!(account.identity("anna"), account.identity("bert"), "each mailbox has a token of its own");
    let mut other = key_file();
    other["private_key"] = json!(pem(&key_info(1201, &RSA).0));
    let forged = parsed(CredentialKind::GoogleServiceAccount, &of_file(&other));
    assert_ne!(account.identity("anna"), forged.identity("anna"), "the account's name alone gives nothing");
    let application = parsed(CredentialKind::MicrosoftApp, &app());
    assert_eq!(application.identity("anna"), application.identity("bert"), "one token for all mailboxes");
    let guess = OauthGrant { client_secret: Some(Secret::new("guess")), ..app() };
    assert_ne!(application.identity("anna"), parsed(CredentialKind::MicrosoftApp, &guess).identity("anna"));
}

#[test]
fn a_new_refresh_token_takes_the_place_of_the_old_one() {
    let grant = parsed(CredentialKind::OauthRefresh, &refresh(OauthProvider::Microsoft));
    let rotated = grant.rotated(&Secret::new("second")).expect("new");
    assert_eq!(rotated.refresh_token().expect("there").expose(), "second");
    assert_eq!(rotated.client(), grant.client());
    assert_eq!(rotated.rotated(&Secret::new("second")), None, "nothing new");
    assert_eq!(grant.rotated(&Secret::new("not a\ntoken")), None);
    assert_eq!(parsed(CredentialKind::MicrosoftApp, &app()).rotated(&Secret::new("x")), None);
}

fn answer(kind: CredentialKind, given: &OauthGrant, status: u16, body: &Value) -> Result<TokenAnswer, Refusal> {
    read_answer(&parsed(kind, given), status, body.to_string().as_bytes())
}

#[test]
fn what_the_providers_answer_is_told_apart() {
    use CredentialKind::{GoogleServiceAccount, MicrosoftApp, OauthRefresh};
    let (google, microsoft) = (refresh(OauthProvider::Google), refresh(OauthProvider::Microsoft));
    let (account, app) = (of_file(&key_file()), app());
    for (kind, given, error, description, code) in [
        (OauthRefresh, &google, "invalid_grant", "Token has been expired or revoked.", FindingCode::SignInAgain),
        (OauthRefresh, &google, "invalid_client", "The OAuth client was not found.", FindingCode::OauthClientRefused),
        (OauthRefresh, &google, "unauthorized_client", "Unauthorized", FindingCode::OauthClientRefused),
        (OauthRefresh, &google, "invalid_request", "x", FindingCode::ServerError),
        (
            GoogleServiceAccount,
            &account,
            "unauthorized_client",
            "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the \
             scopes requested.",
            FindingCode::DelegationNotSetUp,
        ),
        (GoogleServiceAccount, &account, "access_denied", "x", FindingCode::DelegationNotSetUp),
        (GoogleServiceAccount, &account, "invalid_grant", "Invalid email or User ID", FindingCode::MailboxUnknown),
        (GoogleServiceAccount, &account, "invalid_grant", "Invalid JWT Signature.", FindingCode::OauthClientRefused),
        (
            GoogleServiceAccount,
            &account,
            "invalid_grant",
            "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.",
            FindingCode::Internal,
        ),
        (
            OauthRefresh,
            &microsoft,
            "invalid_grant",
            "AADSTS700082: The refresh token has expired",
            FindingCode::SignInAgain,
        ),
        (OauthRefresh, &microsoft, "invalid_grant", "AADSTS50173: was revoked", FindingCode::SignInAgain),
        (OauthRefresh, &microsoft, "invalid_grant", "AADSTS65001: has not consented", FindingCode::SignInAgain),
        (OauthRefresh, &microsoft, "interaction_required", "AADSTS50076: MFA", FindingCode::SignInAgain),
        (OauthRefresh, &microsoft, "invalid_grant", "AADSTS50057: disabled", FindingCode::AccountUnavailable),
        (MicrosoftApp, &app, "invalid_client", "AADSTS7000215: Invalid client secret", FindingCode::OauthClientRefused),
        (MicrosoftApp, &app, "unauthorized_client", "AADSTS700016: not found", FindingCode::OauthClientRefused),
        (MicrosoftApp, &app, "invalid_request", "AADSTS90002: Tenant not found", FindingCode::OauthClientRefused),
        (MicrosoftApp, &app, "invalid_grant", "AADSTS65001: no consent", FindingCode::DelegationNotSetUp),
    ] {
        let body = json!({"error": error, "error_description": description});
        assert_eq!(answer(kind, given, 400, &body), Err(Refusal::For(code)), "{kind:?} {error} {description}");
    }
    let listed = json!({"error": "invalid_request", "error_codes": [90002]});
    assert_eq!(answer(MicrosoftApp, &app, 400, &listed), Err(Refusal::For(FindingCode::OauthClientRefused)));
    for (status, body) in [(429, json!({})), (503, json!("x")), (400, json!({"error": "temporarily_unavailable"}))] {
        assert_eq!(answer(OauthRefresh, &google, status, &body), Err(Refusal::Later), "{status}");
    }
}

#[test]
fn a_token_is_taken_with_its_life_and_only_if_it_is_one() {
    let google = refresh(OauthProvider::Google);
    let take = |body: Value| answer(CredentialKind::OauthRefresh, &google, 200, &body);
    let good = take(json!({"access_token": "ya29.x", "token_type": "Bearer", "expires_in": 3599})).expect("taken");
    assert_eq!((good.access_token.expose(), good.life), ("ya29.x", TimeDelta::seconds(3599)));
    let rotating = take(json!({"access_token": "x", "expires_in": "60", "refresh_token": "next"})).expect("taken");
    assert_eq!((rotating.life.num_seconds(), rotating.refresh_token), (60, Some(Secret::new("next"))));
    assert_eq!(take(json!({"access_token": "x"})).expect("taken").life.num_seconds(), 3600);
    for bad in [
        json!({"access_token": ""}),
        json!({"access_token": "a\u{1}user=admin"}),
        json!({"access_token": "a b"}),
        json!({"access_token": "x".repeat(20_000)}),
        json!({"access_token": "x", "token_type": "mac"}),
        json!({"token": "x"}),
    ] {
        assert_eq!(take(bad.clone()), Err(Refusal::For(FindingCode::ServerError)), "{bad}");
    }
    assert_eq!(renew_after(TimeDelta::hours(1)), TimeDelta::minutes(55));
    assert_eq!(renew_after(TimeDelta::seconds(10)), TimeDelta::seconds(9));
}

proptest! {
    #[test]
    fn no_answer_and_no_key_file_breaks_anything(status in 100_u16..600, body in prop::collection::vec(any::<u8>(), 0..200)) {
        let grant = parsed(CredentialKind::MicrosoftApp, &app());
        if let Ok(answer) = read_answer(&grant, status, &body) {
            prop_assert!(answer.life > TimeDelta::zero() && renew_after(answer.life) <= answer.life);
        }
        let text = String::from_utf8_lossy(&body).into_owned();
        let given = OauthGrant { key_file: Some(Secret::new(text)), ..OauthGrant::default() };
        prop_assert!(Grant::parse(CredentialKind::GoogleServiceAccount, &given, None).is_err());
    }

    #[test]
    fn a_damaged_key_is_refused_or_read_and_never_breaks_anything(at in 0_usize..1000, byte in any::<u8>(), cut in 0_usize..1300) {
        let (mut info, _) = key_info(1200, &RSA);
        info[at] = byte;
        info.truncate(info.len().saturating_sub(cut));
        let mut file = key_file();
        file["private_key"] = json!(pem(&info));
        let _ = Grant::parse(CredentialKind::GoogleServiceAccount, &of_file(&file), None);
    }

    #[test]
    fn whatever_was_sealed_is_read_as_it_was(client in "[!-~]{1,40}", token in "[!-~]{1,60}", tenant in "[a-z0-9][a-z0-9.-]{0,20}") {
        let given = OauthGrant {
            provider: Some(OauthProvider::Microsoft),
            tenant: Some(tenant),
            client_id: Some(client),
            refresh_token: Some(Secret::new(token)),
            ..OauthGrant::default()
        };
        let text = serde_json::to_string(&given).expect("JSON");
        let again: OauthGrant = serde_json::from_str(&text).expect("reads");
        prop_assert_eq!(parsed(CredentialKind::OauthRefresh, &given), parsed(CredentialKind::OauthRefresh, &again));
    }
}
