//! What a tagged NO or BAD means, and what to do about it.
//!
//! The response code (RFC 5530) decides where there is one; else the words that the big providers use.

use std::{fmt, time::Duration};

use mailferry_engine::port::{ConnectorError, Decision};
use mailferry_shared::finding::FindingCode;

/// A tagged answer that is not OK, or a BYE.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// `NO`, `BAD` or `BYE`.
    pub(super) status: &'static str,
    /// Code and text, as the server sent them. Never shown, and in no log: it may hold addresses, or the command with
    /// its password.
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
/// An amount a day or an hour is not fresh again soon.
const BANDWIDTH_FOR: Duration = Duration::from_secs(15 * 60);
const CROWDED_FOR: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

impl Refusal {
    pub(super) fn error(&self, doing: Doing, context: impl Into<String>) -> ConnectorError {
        let text = self.text.to_lowercase();
        let too_large = doing == Doing::Append && text.contains("[limit]") && is_size(&text);
        // A provider that allows only so many folders says the same tomorrow.
        let too_many_folders = doing == Doing::CreateFolder && text.contains("[limit]") && !slows_down(&text);
        let (code, decision) =
            general(&text, doing).filter(|_| !too_large && !too_many_folders).unwrap_or_else(|| match doing {
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

impl Refusal {
    /// True if nothing says that it would pass by itself: what was asked for may be the reason.
    pub(super) fn is_unexplained(&self) -> bool {
        general(&self.text.to_lowercase(), Doing::Other).is_none()
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

/// As [`fmt::Display`]: causes are logged by this.
impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Refusal {}

fn has(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// What any command can be answered. That a provider slows us down is no fault of a message, a folder or a mailbox,
/// even where it says OVERQUOTA: of the amount that may pass in a while.
fn general(text: &str, doing: Doing) -> Option<(FindingCode, Decision)> {
    if let Some(wait) = suggested_wait(text) {
        Some((FindingCode::Throttled, Decision::Wait(wait)))
    } else if is_crowd(text) {
        Some((FindingCode::TooManyConnections, Decision::Wait(CROWDED_FOR)))
    } else if text.contains("bandwidth") {
        Some((FindingCode::Throttled, Decision::Wait(BANDWIDTH_FOR)))
    } else if is_rate(text) {
        Some((FindingCode::Throttled, Decision::Wait(THROTTLED_FOR)))
    } else if doing == Doing::Append && cannot_store(text) {
        Some((FindingCode::StorageFailing, Decision::Retry))
    } else if !matches!(doing, Doing::Login { .. }) && text.contains("authenticated but not connected") {
        // Exchange: the mailbox's own server is away for a moment.
        Some((FindingCode::AccountUnavailable, Decision::Wait(THROTTLED_FOR)))
    } else if has(text, TEMPORARY_CODES) || (!matches!(doing, Doing::Login { .. }) && has(text, TEMPORARY_WORDS)) {
        Some((FindingCode::ServerError, Decision::Retry))
    } else {
        None
    }
}

/// True if the provider slows us down, whatever was asked for.
fn slows_down(text: &str) -> bool {
    is_crowd(text) || is_rate(text) || text.contains("bandwidth")
}

/// Gmail, Yahoo, Dovecot, Courier, Exchange.
fn is_crowd(text: &str) -> bool {
    has(
        text,
        &[
            "too many simultaneous",
            "too many connections",
            "too many concurrent",
            "too many sessions",
            "maximum number of connections",
            "maximum connections",
            "connection limit",
            "connections exceeded",
        ],
    )
}

/// Gmail, Yahoo, Exchange and whoever else counts commands.
fn is_rate(text: &str) -> bool {
    has(
        text,
        &[
            "[throttled]",
            "request is throttled",
            "throttling",
            "rate limit",
            "command or bandwidth",
            "command limit",
            "too many requests",
            "too many commands",
            "server busy",
            "server is busy",
            "slow down",
        ],
    )
}

/// The disk below a server: what it cannot do for any message.
fn cannot_store(text: &str) -> bool {
    let code = has(text, &["[serverbug]", "[unavailable]"]);
    code || has(text, &["internal error", "internal server error"]) || has(text, NO_SPACE)
}

const NO_SPACE: &[&str] = &["no space left", "disk full", "disk is full", "not enough disk space", "out of disk space"];

/// RFC 5530.
const TEMPORARY_CODES: &[&str] = &["[limit]", "[serverbug]", "[unavailable]", "[inuse]", "server unavailable"];
/// Servers that say the same in words. Not at the login: an account that is locked for a while must not be tried again.
const TEMPORARY_WORDS: &[&str] =
    &["internal error", "internal server error", "temporary", "temporarily", "try again later", "lookup failed"];

/// Exchange says "Suggested Backoff Time: 12345 milliseconds".
fn suggested_wait(text: &str) -> Option<Duration> {
    let rest = &text[text.find("suggested backoff time:")? + "suggested backoff time:".len()..];
    let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
    // A number that is too large to be read is a long wait, too.
    let wait = digits.parse().map_or(LONGEST_WAIT, Duration::from_millis);
    (!digits.is_empty()).then(|| wait.min(LONGEST_WAIT))
}

fn login(text: &str, for_another: bool) -> FindingCode {
    if has(text, &["too many failed", "too many login", "too many attempts"]) {
        FindingCode::TooManyAttempts
    } else if has(text, &["application-specific password", "app password", "app-specific", "application password"]) {
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
    fn what_a_server_repeats_of_a_login_stands_in_no_cause() {
        let text = "[ALERT] unknown command: a1 LOGIN anna hunter2".to_owned();
        let error = Refusal { status: "BAD", text }.error(Doing::Login { for_another: false }, "logging in");
        let told = format!("{error} {error:?} {:?} {:#?}", error.source, error.source);
        assert!(told.contains("BAD [ALERT]"), "{told}");
        assert!(!told.contains("hunter2") && !told.contains("anna"), "{told}");
    }

    #[test]
    fn the_words_of_the_big_providers_are_understood() {
        let login = Doing::Login { for_another: false };
        for (text, doing, code, decision) in [
            ("[AUTHENTICATIONFAILED] Authentication failed.", login, FindingCode::WrongPassword, Decision::Park),
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
                Decision::Wait(BANDWIDTH_FOR),
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
            ("[SERVERBUG] Internal error", Doing::Append, FindingCode::StorageFailing, Decision::Retry),
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

    fn every_login_refused_with(words: &[&str], code: FindingCode) {
        for text in words {
            assert_eq!(meaning(text, Doing::Login { for_another: false }), (code, Decision::Park), "{text}");
        }
    }

    #[test]
    fn finding_app_password_needed_where_the_owners_password_opens_no_mail_program() {
        let words = ["[ALERT] Application-specific password required", "[AUTHENTICATIONFAILED] Use an app password"];
        every_login_refused_with(&words, FindingCode::AppPasswordNeeded);
    }

    #[test]
    fn finding_imap_disabled_where_imap_is_switched_off_at_the_provider() {
        let words = ["[ALERT] Your account is not enabled for IMAP use.", "IMAP access is disabled for this mailbox"];
        every_login_refused_with(&words, FindingCode::ImapDisabled);
    }

    #[test]
    fn finding_oauth_needed_where_a_password_opens_nothing() {
        let words = ["[AUTHENTICATIONFAILED] BasicAuthBlocked-Default", "[ALERT] Web login required (Failure)"];
        every_login_refused_with(&words, FindingCode::OauthNeeded);
    }

    /// Everything that a session asks for: whatever it is, being slowed down is no fault of what was asked for.
    const ANYTHING: [Doing; 5] =
        [Doing::Login { for_another: false }, Doing::OpenFolder, Doing::CreateFolder, Doing::Append, Doing::Other];

    #[test]
    fn whoever_slows_us_down_is_waited_for_whatever_was_asked_for() {
        for (text, code, wait) in [
            ("[ALERT] Account exceeded command or bandwidth limits. (Failure)", FindingCode::Throttled, BANDWIDTH_FOR),
            ("[OVERQUOTA] Account exceeded command or bandwidth limits. fw18", FindingCode::Throttled, BANDWIDTH_FOR),
            ("[OVERQUOTA] Bandwidth limit exceeded for today", FindingCode::Throttled, BANDWIDTH_FOR),
            ("[THROTTLED] Please wait", FindingCode::Throttled, THROTTLED_FOR),
            ("[LIMIT] UID FETCH Rate limit hit.", FindingCode::Throttled, THROTTLED_FOR),
            ("[LIMIT] LOGIN Rate limit hit.", FindingCode::Throttled, THROTTLED_FOR),
            ("[LIMIT] Too many requests, slow down", FindingCode::Throttled, THROTTLED_FOR),
            ("Server Busy. Please try again later.", FindingCode::Throttled, THROTTLED_FOR),
            ("[ALERT] Too many simultaneous connections. (Failure)", FindingCode::TooManyConnections, CROWDED_FOR),
            ("[LIMIT] Too many simultaneous connections", FindingCode::TooManyConnections, CROWDED_FOR),
            (
                "[UNAVAILABLE] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)",
                FindingCode::TooManyConnections,
                CROWDED_FOR,
            ),
            (
                "Request is throttled. Suggested Backoff Time: 1500 milliseconds",
                FindingCode::Throttled,
                Duration::from_millis(1500),
            ),
            ("Suggested Backoff Time: 99999999999999999999 milliseconds", FindingCode::Throttled, LONGEST_WAIT),
        ] {
            for doing in ANYTHING {
                assert_eq!(meaning(text, doing), (code, Decision::Wait(wait)), "{text} ({doing:?})");
            }
        }
    }

    #[test]
    fn what_passes_by_itself_is_tried_again_and_blamed_on_nothing() {
        for text in [
            "[UNAVAILABLE] Temporary System Error",
            "[INUSE] Mailbox is being used by another process",
            "[SERVERBUG] Internal error occurred. Refer to server log for more information. [2024-05-06 07:08:09]",
            "[LIMIT] Try again later",
            "Server Unavailable. 15",
        ] {
            for doing in ANYTHING.into_iter().filter(|doing| !matches!(doing, Doing::CreateFolder)) {
                let (code, decision) = meaning(text, doing);
                assert_eq!(decision, Decision::Retry, "{text} ({doing:?})");
                assert!(matches!(code, FindingCode::ServerError | FindingCode::StorageFailing), "{text}: {code}");
            }
        }
        assert_eq!(meaning("Lookup failed abc123", Doing::Other).1, Decision::Retry);
        let login = Doing::Login { for_another: false };
        for text in ["Account temporarily locked", "Too many failed login attempts, try again later"] {
            assert_eq!(meaning(text, login).1, Decision::Park, "{text}: it must not be tried again");
        }
        let away = meaning("User is authenticated but not connected.", Doing::OpenFolder);
        assert_eq!(away, (FindingCode::AccountUnavailable, Decision::Wait(THROTTLED_FOR)), "no folder is unreadable");
    }

    #[test]
    fn a_full_disk_is_no_full_mailbox_and_no_bad_message() {
        for text in ["No space left on device", "[UNAVAILABLE] write failed", "Disk full", "Internal server error"] {
            assert_eq!(meaning(text, Doing::Append), (FindingCode::StorageFailing, Decision::Retry), "{text}");
        }
        let quota = meaning("[OVERQUOTA] Not enough disk quota", Doing::Append);
        assert_eq!(quota, (FindingCode::MailboxFull, Decision::Park));
    }

    #[test]
    fn what_the_server_said_is_not_shown() {
        let refusal = Refusal { status: "NO", text: "[AUTHENTICATIONFAILED] anna@example.org".to_owned() };
        assert_eq!(refusal.to_string(), "the server answered NO [AUTHENTICATIONFAILED]");
    }
}
