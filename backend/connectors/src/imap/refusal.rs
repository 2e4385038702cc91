//! What a tagged NO or BAD means, and what to do about it.
//!
//! The response code (RFC 5530) decides where there is one; else the words that the big providers use.

use std::{fmt, time::Duration};

use mailferry_engine::port::{ConnectorError, Decision};
use mailferry_shared::finding::FindingCode;

/// A tagged answer that is not OK, or a BYE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// `NO`, `BAD` or `BYE`.
    pub(super) status: &'static str,
    /// Code and text, as the server sent them. Never shown: it may hold addresses.
    pub(super) text: String,
}

/// What we were doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    Login {
        for_another: bool,
    },
    /// Turning to a mailbox, as an admin that is logged in.
    ActFor,
    OpenFolder,
    CreateFolder,
    Append,
    Other,
}

const THROTTLED_FOR: Duration = Duration::from_secs(60);
const CROWDED_FOR: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

impl Refusal {
    pub(super) fn error(&self, doing: Doing, context: impl Into<String>) -> ConnectorError {
        let text = self.text.to_lowercase();
        let too_large = doing == Doing::Append && text.contains("[limit]") && is_size(&text);
        // A provider that allows only so many folders says the same tomorrow.
        let too_many_folders = doing == Doing::CreateFolder && text.contains("[limit]");
        let (code, decision) =
            general(&text).filter(|_| !too_large && !too_many_folders).unwrap_or_else(|| match doing {
                Doing::Login { for_another } => (login(&text, for_another), Decision::Park),
                Doing::ActFor => (FindingCode::ActForRefused, Decision::Park),
                Doing::OpenFolder => (FindingCode::FolderUnreadable, Decision::Skip),
                Doing::CreateFolder => (FindingCode::FolderRefused, Decision::Skip),
                Doing::Append => append(&text),
                Doing::Other => (FindingCode::ServerError, Decision::Retry),
            });
        ConnectorError::new(code, decision, context).caused_by(self.clone())
    }
}

/// Says the status and the bracketed code only; the words may hold addresses.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server answered {}", self.status)?;
        match self.text.strip_prefix('[').and_then(|rest| rest.split([']', ' ']).next()) {
            Some(code) if code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') => {
                write!(f, " [{code}]")
            }
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Refusal {}

fn has(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// What any command can be answered.
fn general(text: &str) -> Option<(FindingCode, Decision)> {
    if let Some(wait) = suggested_wait(text) {
        Some((FindingCode::Throttled, Decision::Wait(wait)))
    } else if has(
        text,
        &[
            "too many simultaneous",
            "too many connections",
            "maximum number of connections",
            "connection limit",
            "[limit] too many",
        ],
    ) {
        Some((FindingCode::TooManyConnections, Decision::Wait(CROWDED_FOR)))
    } else if has(text, &["[throttled]", "bandwidth", "rate limit", "request is throttled", "server busy"]) {
        Some((FindingCode::Throttled, Decision::Wait(THROTTLED_FOR)))
    } else if has(text, &["[limit]", "[serverbug]", "[unavailable]", "[inuse]"]) {
        Some((FindingCode::ServerError, Decision::Retry))
    } else {
        None
    }
}

/// Exchange says "Suggested Backoff Time: 12345 milliseconds".
fn suggested_wait(text: &str) -> Option<Duration> {
    let rest = &text[text.find("suggested backoff time:")? + "suggested backoff time:".len()..];
    let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
    Some(Duration::from_millis(digits.parse().ok()?).min(LONGEST_WAIT))
}

fn login(text: &str, for_another: bool) -> FindingCode {
    if has(text, &["application-specific password", "app password", "app-specific", "application password"]) {
        FindingCode::AppPasswordNeeded
    } else if text.contains("imap")
        && has(text, &["disabled", "not enabled", "turned off", "switched off", "not activated"])
    {
        FindingCode::ImapDisabled
    } else if has(
        text,
        &[
            "basicauthblocked",
            "basic authentication",
            "web login required",
            "please log in via your web browser",
            "oauth",
        ],
    ) {
        FindingCode::OauthNeeded
    } else if has(text, &["authenticated but not connected"]) {
        FindingCode::AccountUnavailable
    } else if text.contains("[authorizationfailed]")
        || (for_another && has(text, &["impersonat", "not authorized", "proxy"]))
    {
        FindingCode::ActForRefused
    } else {
        FindingCode::WrongPassword
    }
}

/// Dovecot refuses what exceeds its quota_max_mail_size with LIMIT, which elsewhere means: later.
fn is_size(text: &str) -> bool {
    has(text, &["[toobig]", "too large", "too big", "exceeds the maximum", "message size", "mail size"])
}

fn append(text: &str) -> (FindingCode, Decision) {
    if has(text, &["[overquota]", "quota exceeded", "over quota", "mailbox is full", "mailbox full"]) {
        (FindingCode::MailboxFull, Decision::Park)
    } else if is_size(text) {
        (FindingCode::MessageTooLarge, Decision::Skip)
    } else if text.contains("[trycreate]") {
        // Somebody removed the folder; opening it anew makes it again.
        (FindingCode::FolderRefused, Decision::Retry)
    } else {
        (FindingCode::MessageRefused, Decision::Skip)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(text: &str, doing: Doing) -> (FindingCode, Decision) {
        let error = Refusal { status: "NO", text: text.to_owned() }.error(doing, "testing");
        (error.code, error.decision)
    }

    #[test]
    fn the_words_of_the_big_providers_are_understood() {
        let login = Doing::Login { for_another: false };
        for (text, doing, code, decision) in [
            ("[AUTHENTICATIONFAILED] Authentication failed.", login, FindingCode::WrongPassword, Decision::Park),
            ("[ALERT] Application-specific password required", login, FindingCode::AppPasswordNeeded, Decision::Park),
            ("[ALERT] Your account is not enabled for IMAP use.", login, FindingCode::ImapDisabled, Decision::Park),
            ("User is authenticated but not connected.", login, FindingCode::AccountUnavailable, Decision::Park),
            ("[AUTHORIZATIONFAILED] no", login, FindingCode::ActForRefused, Decision::Park),
            ("[UNAVAILABLE] Temporary authentication failure.", login, FindingCode::ServerError, Decision::Retry),
            (
                "Maximum number of connections from user+IP exceeded",
                login,
                FindingCode::TooManyConnections,
                Decision::Wait(CROWDED_FOR),
            ),
            (
                "[OVERQUOTA] Quota exceeded (mailbox for user is full)",
                Doing::Append,
                FindingCode::MailboxFull,
                Decision::Park,
            ),
            (
                "[OVERQUOTA] Account exceeded command or bandwidth limits.",
                Doing::Append,
                FindingCode::Throttled,
                Decision::Wait(THROTTLED_FOR),
            ),
            ("[TOOBIG] Maximum message size exceeded", Doing::Append, FindingCode::MessageTooLarge, Decision::Skip),
            (
                "[LIMIT] Mail size is larger than the maximum size allowed by server configuration",
                Doing::Append,
                FindingCode::MessageTooLarge,
                Decision::Skip,
            ),
            ("[LIMIT] Try again later", Doing::Append, FindingCode::ServerError, Decision::Retry),
            ("[LIMIT] Too many mailboxes", Doing::CreateFolder, FindingCode::FolderRefused, Decision::Skip),
            ("Message contains invalid header", Doing::Append, FindingCode::MessageRefused, Decision::Skip),
            ("[SERVERBUG] Internal error", Doing::Append, FindingCode::ServerError, Decision::Retry),
            (
                "Request is throttled. Suggested Backoff Time: 299961 milliseconds",
                Doing::Other,
                FindingCode::Throttled,
                Decision::Wait(Duration::from_millis(299_961)),
            ),
        ] {
            assert_eq!(meaning(text, doing), (code, decision), "{text}");
        }
    }

    #[test]
    fn what_the_server_said_is_not_shown() {
        let refusal = Refusal { status: "NO", text: "[AUTHENTICATIONFAILED] anna@example.org".to_owned() };
        assert_eq!(refusal.to_string(), "the server answered NO [AUTHENTICATIONFAILED]");
    }
}
