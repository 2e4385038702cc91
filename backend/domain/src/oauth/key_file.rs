//! A Google service account's JSON key file, and what is signed with its key.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// The longest key file, bytes; Google's have about 2,400.
const MAX_BYTES: usize = 16_384;
/// Where Google's key files say that tokens are given, now and in former years.
const GOOGLE_TOKEN_URLS: [&str; 4] = [
    "https://oauth2.googleapis.com/token",
    "https://accounts.google.com/o/oauth2/token",
    "https://www.googleapis.com/oauth2/v3/token",
    "https://www.googleapis.com/oauth2/v4/token",
];
/// All of Gmail, as IMAP needs it.
const SCOPE: &str = "https://mail.google.com/";
/// How long an assertion is good for: Google takes an hour at most.
const ASSERTION_LIFE: TimeDelta = TimeDelta::minutes(60);
/// rsaEncryption, 1.2.840.113549.1.1.1 (RFC 8017).
const RSA_ENCRYPTION: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// A service account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceAccount {
    /// Its name.
    pub client_email: String,
    /// Which of its keys.
    pub key_id: Option<String>,
    /// The key.
    pub private_key: PrivateKey,
}

/// An RSA private key: the DER of an RSAPrivateKey (RFC 8017 appendix A.1.2). `Debug` shows no byte of it.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateKey(Vec<u8>);

impl PrivateKey {
    /// The key itself; the name makes each use easy to find.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}

/// What a service account claims in its request for an access token.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who asks.
    pub iss: String,
    /// For which mailbox.
    pub sub: String,
    /// For what.
    pub scope: String,
    /// Whom.
    pub aud: String,
    /// When, in seconds since 1970.
    pub iat: i64,
    /// Until when that is to be believed, in seconds since 1970.
    pub exp: i64,
}

/// The parts of a key file that are read; it has more.
#[derive(Deserialize)]
struct KeyFile {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    client_email: String,
    #[serde(default)]
    private_key_id: Option<String>,
    #[serde(default)]
    private_key: String,
    #[serde(default)]
    token_uri: String,
}

impl ServiceAccount {
    /// Reads a key file. `token_url` is a token service that it may name besides Google's own.
    ///
    /// # Errors
    /// What is wrong with it; never a part of it.
    pub(super) fn parse(text: &str, token_url: Option<&str>) -> Result<Self, &'static str> {
        if text.is_empty() || text.len() > MAX_BYTES {
            return Err("Give the text of the service account's JSON key file, at most 16384 characters.");
        }
        // The error would repeat a part of the text.
        let file: KeyFile = serde_json::from_str(text).map_err(|_| "This is no JSON key file of a service account.")?;
        if file.kind != "service_account" {
            return Err("The key file's type must be service_account: create a key of the service account itself.");
        }
        let is_name = |text: &str, most: usize| {
            (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if !is_name(&file.client_email, 320) || !file.client_email.contains('@') {
            return Err("The key file's client_email is missing or no mail address.");
        }
        if !GOOGLE_TOKEN_URLS.contains(&file.token_uri.as_str()) && token_url != Some(file.token_uri.as_str()) {
            return Err("The key file's token_uri must be Google's: https://oauth2.googleapis.com/token.");
        }
        let private_key = private_key(&file.private_key)
            .ok_or("The key file's private_key must be an RSA key that begins with -----BEGIN PRIVATE KEY-----.")?;
        let key_id = file.private_key_id.filter(|id| is_name(id, 255));
        Ok(Self { client_email: file.client_email, key_id, private_key })
    }

    /// What it claims to get an access token for `mailbox` from `token_url`.
    pub fn claims(&self, mailbox: &str, token_url: &str, now: DateTime<Utc>) -> Claims {
        Claims {
            iss: self.client_email.clone(),
            sub: mailbox.to_owned(),
            scope: SCOPE.to_owned(),
            aud: token_url.to_owned(),
            iat: now.timestamp(),
            exp: (now + ASSERTION_LIFE).timestamp(),
        }
    }
}

/// The key in a PEM text (RFC 7468) of a PKCS#8 PrivateKeyInfo.
fn private_key(pem: &str) -> Option<PrivateKey> {
    let (_, rest) = pem.split_once("-----BEGIN PRIVATE KEY-----")?;
    let (body, _) = rest.split_once("-----END PRIVATE KEY-----")?;
    let base64: String = body.split_ascii_whitespace().collect();
    let der = BASE64_STANDARD.decode(base64).ok()?;
    rsa_key(&der).map(|key| PrivateKey(key.to_vec()))
}

/// The RSAPrivateKey inside of a PrivateKeyInfo (RFC 5208 section 5).
fn rsa_key(info: &[u8]) -> Option<&[u8]> {
    let (info, after) = element(info, 0x30)?;
    let (version, info) = element(info, 0x02)?;
    let (algorithm, info) = element(info, 0x30)?;
    let (id, _) = element(algorithm, 0x06)?;
    let (key, _) = element(info, 0x04)?;
    let (_, after_key) = element(key, 0x30)?;
    (after.is_empty() && version == [0] && id == RSA_ENCRYPTION && after_key.is_empty()).then_some(key)
}

/// A DER element with this tag at the beginning, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length - 0x80))?;
            (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    (first == tag).then(|| rest.split_at_checked(length)).flatten()
}
