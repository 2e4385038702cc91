//! What a token service answers (RFC 6749 sections 5.1 and 5.2), and what it means for whoever waits for mail.

use chrono::TimeDelta;
use mailferry_shared::{finding::FindingCode, oauth::OauthProvider, secret::Secret};
use serde::Deserialize;
use serde_json::Value;

use super::grant::Grant;

/// The longest access token, characters; Microsoft's have about 3,000.
const MAX_TOKEN_CHARS: usize = 16_384;
/// How long an access token is good for where the answer does not say.
const USUAL_LIFE: i64 = 3600;
/// None is kept for longer.
const LONGEST_LIFE: i64 = 86_400;
/// A token is renewed so long before its end at most.
const MARGIN: TimeDelta = TimeDelta::minutes(5);

/// An access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenAnswer {
    /// The token.
    pub access_token: Secret,
    /// How long it is good for.
    pub life: TimeDelta,
    /// A refresh token to be kept instead of the one that was used.
    pub refresh_token: Option<Secret>,
}

/// No access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The service does not work at the moment, or wants to be asked less often.
    Later,
    /// It says no for a reason, and will say so again.
    For(FindingCode),
}

#[derive(Deserialize)]
struct Granted {
    access_token: Secret,
    #[serde(default)]
    token_type: Option<String>,
    #[serde(default)]
    expires_in: Value,
    #[serde(default)]
    refresh_token: Option<Secret>,
}

#[derive(Deserialize, Default)]
struct Refused {
    #[serde(default)]
    error: Value,
    #[serde(default)]
    error_description: Value,
    #[serde(default)]
    error_codes: Value,
}

/// After how much of its life a token is renewed: five minutes before its end, less for one that lives less than fifty.
pub fn renew_after(life: TimeDelta) -> TimeDelta {
    life - MARGIN.min(life / 10)
}

/// Reads the answer to a request by `grant`.
///
/// # Errors
/// [`Refusal`], also for what cannot be read.
pub fn read_answer(grant: &Grant, status: u16, body: &[u8]) -> Result<TokenAnswer, Refusal> {
    match status {
        200..300 => granted(body).ok_or(Refusal::For(FindingCode::ServerError)),
        429 | 500.. => Err(Refusal::Later),
        _ => Err(refused(grant, &serde_json::from_slice(body).unwrap_or_default())),
    }
}

fn granted(body: &[u8]) -> Option<TokenAnswer> {
    let granted: Granted = serde_json::from_slice(body).ok()?;
    let is_bearer = granted.token_type.is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
    let token = granted.access_token.expose();
    // RFC 6750 section 2.1. Anything else could say more to the mail server than it should.
    let is_token = (1..=MAX_TOKEN_CHARS).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
    let seconds = match &granted.expires_in {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    let life = TimeDelta::seconds(seconds.unwrap_or(USUAL_LIFE).clamp(1, LONGEST_LIFE));
    let refresh_token = granted.refresh_token.filter(|token| !token.is_empty());
    (is_bearer && is_token).then_some(TokenAnswer { access_token: granted.access_token, life, refresh_token })
}

fn refused(grant: &Grant, refused: &Refused) -> Refusal {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_lowercase();
    let (error, description) = (text(&refused.error), text(&refused.error_description));
    let code = match error.as_str() {
        "temporarily_unavailable" | "server_error" | "internal_failure" | "rate_limit_exceeded" | "slow_down" => {
            return Refusal::Later;
        }
        "invalid_client" | "deleted_client" | "disabled_client" => FindingCode::OauthClientRefused,
        "access_denied" | "consent_required" | "admin_policy_enforced" | "org_internal" | "invalid_scope" => {
            FindingCode::DelegationNotSetUp
        }
        "interaction_required" | "login_required" => FindingCode::SignInAgain,
        _ => match grant.provider() {
            OauthProvider::Google => by_google(grant, &error, &description),
            OauthProvider::Microsoft => by_microsoft(grant, &error, &aadsts(&refused.error_codes, &description)),
        },
    };
    Refusal::For(code)
}

/// By Google's words for `invalid_grant` of a service account, which can mean the mailbox or the account.
fn by_google(grant: &Grant, error: &str, description: &str) -> FindingCode {
    match (grant, error) {
        (Grant::ServiceAccount(_), "unauthorized_client") => FindingCode::DelegationNotSetUp,
        (_, "unauthorized_client") => FindingCode::OauthClientRefused,
        (Grant::ServiceAccount(_), "invalid_grant") if description.contains("invalid email or user id") => {
            FindingCode::MailboxUnknown
        }
        // "Token must be a short-lived token …": our own clock is wrong.
        (Grant::ServiceAccount(_), "invalid_grant") if description.contains("timeframe") => FindingCode::Internal,
        (Grant::ServiceAccount(_), "invalid_grant") => FindingCode::OauthClientRefused,
        (_, "invalid_grant") => FindingCode::SignInAgain,
        _ => FindingCode::ServerError,
    }
}

/// By the numbers that Microsoft documents: error codes of Microsoft Entra authentication.
fn by_microsoft(grant: &Grant, error: &str, numbers: &[u64]) -> FindingCode {
    let is = |known: &[u64]| numbers.iter().any(|number| known.contains(number));
    let has_signed_in = matches!(grant, Grant::Refresh(_));
    if is(&[50_034]) {
        FindingCode::MailboxUnknown
    } else if is(&[50_057]) {
        FindingCode::AccountUnavailable
    } else if is(&[65_001, 500_011]) && !has_signed_in {
        // Nobody has consented; Exchange Online is not there to be asked.
        FindingCode::DelegationNotSetUp
    } else if is(&[700_016, 90_002, 900_023, 7_000_112, 7_000_215, 7_000_222]) || error == "unauthorized_client" {
        // Unknown or disabled application, unknown directory, wrong or expired secret.
        FindingCode::OauthClientRefused
    } else if error == "invalid_grant" {
        if has_signed_in { FindingCode::SignInAgain } else { FindingCode::DelegationNotSetUp }
    } else {
        FindingCode::ServerError
    }
}

/// The numbers of Microsoft's errors: in a list, or in words that begin with "AADSTS700016:".
fn aadsts(codes: &Value, description: &str) -> Vec<u64> {
    let listed = codes.as_array().into_iter().flatten().filter_map(Value::as_u64);
    let told = description.split("aadsts").skip(1).filter_map(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    });
    listed.chain(told).collect()
}
