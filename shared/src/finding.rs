//! What a check or a run found: a stable code, the cause in plain words and the next step.
//!
//! The page translates by [`FindingCode`]; `message` and `next_step` are the English fallback, and what an API
//! client reads.

mod detail;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::detail::{FindingDetail, Repair};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Blocks the start.
    Error,
    /// Asks the owner to look before starting.
    Warning,
}

macro_rules! finding_codes {
    ($($(#[$doc:meta])* $name:ident, $text:literal, $severity:ident, $message:literal, $next:literal;)*) => {
        /// A stable code for one cause; the API never renames one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum FindingCode {
            $($(#[$doc])* #[doc = $message] $name,)*
        }

        impl FindingCode {
            /// Every code, for translation tables and their tests.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code as it stands in JSON.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Whether it blocks.
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// The cause in plain English.
            pub fn message(self) -> &'static str {
                match self { $(Self::$name => $message,)* }
            }

            /// What to do next, in plain English.
            pub fn next_step(self) -> &'static str {
                match self { $(Self::$name => $next,)* }
            }
        }
    };
}

finding_codes! {
    WrongPassword, "wrong_password", Error, "The server refused the user name or password.",
        "Type the password again. If it is right, the provider may want an app password.";
    AppPasswordNeeded, "app_password_needed", Error, "This provider wants an app password for mail programs.",
        "Create an app password in the provider's security settings and enter it here.";
    ImapDisabled, "imap_disabled", Error, "IMAP is switched off for this account.",
        "Switch IMAP on in the provider's settings, then check again.";
    OauthNeeded, "oauth_needed", Error, "This provider does not accept passwords from mail programs.",
        "Use an app password where the provider offers one.";
    TokenRefused, "token_refused", Error, "The server refused the access token.",
        "Get a new token; one is valid for an hour or so.";
    SignInAgain, "sign_in_again", Error, "The consent to read this mail is no longer valid: it was withdrawn, or has run out.",
        "Sign in at the provider again and enter the new refresh token.";
    OauthClientRefused, "oauth_client_refused", Error,
        "The provider's token service does not know this application or service account, or refuses its secret or key.",
        "Compare tenant, client id and secret with the provider's console; a secret or key may have run out.";
    DelegationNotSetUp, "delegation_not_set_up", Error,
        "The application or service account has not been permitted to act for the mailboxes of this domain.",
        "Let the domain's administrator permit it: at Google domain-wide delegation for https://mail.google.com/, at Microsoft admin consent.";
    MailboxUnknown, "mailbox_unknown", Error, "The provider knows no mailbox of this name.",
        "Compare the mailbox's name with the provider's list of users; an alias is none.";
    TokenNotPermitted, "token_not_permitted", Error,
        "The mail server does not open this mailbox with an access token that was fetched just now.",
        "Switch IMAP on for the mailbox, and permit the application to open it: at Microsoft 365 by IMAP.AccessAsApp and full access for its service principal.";
    AdminMissing, "admin_missing", Error, "No admin credentials were entered for this side.",
        "Enter the admin's name and password once for this side, or the account's own password.";
    ImapSwitchedOff, "imap_switched_off", Warning, "At this provider IMAP stays off until the account's owner switches it on.",
        "Switch IMAP on in the provider's settings, then check again.";
    ServiceEnds, "service_ends", Warning, "This provider ends its service.",
        "Finish the migration before that day. If it is the new provider, choose another one.";
    ResolvesToDestination, "resolves_to_destination", Warning,
        "The old server's name already leads to the new provider.",
        "Name the old server by another name, or by its IP address and the name that its certificate carries.";
    ActForRefused, "act_for_refused", Error, "The admin may not act for this mailbox.",
        "Give the admin full access to the mailbox, or enter the owner's own password.";
    AccountUnavailable, "account_unavailable", Error, "The login worked but the mailbox could not be opened.",
        "Sign in to the provider's webmail once; the account may be new, locked or in maintenance.";
    UnknownHost, "unknown_host", Error, "There is no server of this name.",
        "Look for a typing error in the server name.";
    NameServerSilent, "name_server_silent", Warning, "The DNS did not answer.",
        "Try again, or name the server by hand.";
    AddressRefused, "address_refused", Error, "This server's address is not open to connections from here.",
        "Use a public server name; the operator can open private networks.";
    PortRefused, "port_refused", Error, "Connections to this port are not allowed.",
        "Use port 993 or 143, or ask the operator to allow the port.";
    PlaintextRefused, "plaintext_refused", Error, "Connections without TLS are not allowed.",
        "Choose TLS or STARTTLS.";
    ConnectionRefused, "connection_refused", Error, "The server does not answer on this port.",
        "Compare host, port and TLS mode with the provider's instructions.";
    ConnectionTimeout, "connection_timeout", Error, "The server did not answer in time.",
        "Try again later, or compare host and port with the provider's instructions.";
    ConnectionLost, "connection_lost", Error, "The server closed the connection.",
        "Try again later.";
    CertificateMismatch, "certificate_mismatch", Error, "The server's certificate does not match the host name.",
        "Use the server name that the provider's instructions name.";
    CertificateInvalid, "certificate_invalid", Error, "The server's certificate could not be verified.",
        "Ask the server's operator for a valid certificate.";
    CertificateChanged, "certificate_changed", Error,
        "The server shows another certificate than the one that was accepted, and it could not be verified either.",
        "Ask the server's operator whether the certificate was replaced. Accept the new one only if its fingerprint is the operator's.";
    CertificatePinned, "certificate_pinned", Warning,
        "The server's certificate was accepted by hand, although it could not be verified.",
        "Nothing to do, if its fingerprint was compared with the operator's.";
    TlsFailed, "tls_failed", Error, "No secure connection could be made.",
        "Compare port and TLS mode: 993 is TLS from the start, 143 is STARTTLS.";
    StarttlsMissing, "starttls_missing", Error, "The server does not offer STARTTLS on this port.",
        "Use port 993 with TLS.";
    NotImap, "not_imap", Error, "What answered there is not an IMAP server.",
        "Compare host and port with the provider's instructions.";
    ServerError, "server_error", Error, "The server answered in a way that could not be used.",
        "Try again later; if it stays, tell support the order number.";
    TooManyConnections, "too_many_connections", Error, "The server allows no more connections at the moment.",
        "Close mail programs that use the account, or wait; we try again with fewer connections.";
    Throttled, "throttled", Warning, "The server asked us to slow down.",
        "Nothing to do: the migration goes on by itself.";
    DailyLimit, "daily_limit", Warning, "The amount of data that this provider lets an account move in a day is used up.",
        "Nothing to do: the migration goes on by itself within a day.";
    WaitingForTurn, "waiting_for_turn", Warning, "Other accounts use all connections to this provider's server.",
        "Nothing to do: this account's turn comes by itself.";
    StorageFailing, "storage_failing", Warning,
        "The destination's server cannot store messages at the moment; its disk may be full.",
        "Nothing to do: we try again by ourselves. If it stays, tell the new provider.";
    MailboxFull, "mailbox_full", Error, "The destination mailbox is full.",
        "Make room or buy more space, then resume.";
    WillNotFit, "will_not_fit", Warning, "The mail is larger than the free space at the destination.",
        "Make room at the destination, or leave folders out.";
    TooManyFolders, "too_many_folders", Warning,
        "There are more folders than this provider gives to accounts that cost nothing.",
        "If the new account is one of those, leave folders out or join some, or choose another account there.";
    MessagesHidden, "messages_hidden", Warning,
        "This provider shows only so many messages of a folder to mail programs: older ones may be hidden.",
        "Move older messages into folders of their own, or name the provider's server for exports as the old server (Yahoo: export.imap.mail.yahoo.com); then check again.";
    PasswordMissing, "password_missing", Error, "No password was entered.",
        "Enter the password, then check again.";
    ServerMissing, "server_missing", Error, "No server was chosen for this side.",
        "Select a provider, or name a server for this account.";
    TooManyAttempts, "too_many_attempts", Error, "There were too many failed logins for this account.",
        "Wait an hour before the next try, so that the provider does not lock the account.";
    SameAccount, "same_account", Error, "Source and destination are the same mailbox.",
        "Enter two different accounts.";
    MessageTooLarge, "message_too_large", Warning, "The message is larger than the limit.",
        "Raise the limit in the options, then start a delta to copy it. If the destination takes no larger ones, keep it elsewhere.";
    MessageFiltered, "message_filtered", Warning, "The message was left out by an option.",
        "Change the options, then start a delta to copy it. In a trial: start the full migration.";
    MessageVanished, "message_vanished", Warning, "The message was deleted at the source before it could be copied.",
        "Nothing to do.";
    MessageUnreadable, "message_unreadable", Error, "The source names this message but does not deliver it.",
        "Open the message in the old webmail; start a delta to try it again.";
    MessageRefused, "message_refused", Error, "The destination refused this message.",
        "Start a delta to try it again.";
    MessageRepaired, "message_repaired", Warning,
        "The destination refused this message as it was; it was repaired and copied.",
        "Nothing to do: the note says what was repaired.";
    TakenForSame, "taken_for_same", Warning,
        "Messages lie at the destination already, in other bytes; they were taken for the same by date and Message-ID.",
        "Nothing to do, unless one is missing there: then copy it by hand, with a mail program that has both accounts.";
    MessageUncertain, "message_uncertain", Warning, "It could not be decided whether this message has arrived.",
        "Look for it at the destination; a delta tries to decide it again.";
    MessageDoubled, "message_doubled", Warning,
        "It was not certain whether a message was there already; it was sent, and may be there twice.",
        "Look for messages that are there twice at the destination, and delete the second.";
    FolderUnreadable, "folder_unreadable", Error, "The source folder could not be opened.",
        "Open the folder in webmail; start a delta to try again.";
    ListingIncomplete, "listing_incomplete", Error,
        "The source says that the folder holds more messages than it lists.",
        "Compare the folder in the old webmail; start a delta to list it again.";
    FolderRefused, "folder_refused", Error, "The destination refused to create or open the folder.",
        "Create the folder by hand at the destination, or map it to another one in the options, then start a delta.";
    FolderRenamed, "folder_renamed", Warning, "The folder has another name at the destination.",
        "Nothing to do, unless you prefer another name.";
    SubscriptionRefused, "subscription_refused", Warning, "The destination did not take the folder's subscription.",
        "Subscribe to the folder in the mail program.";
    FlagsReduced, "flags_reduced", Warning, "The destination cannot keep some flags or keywords.",
        "Nothing to do: the messages themselves are complete.";
    DateMissing, "date_missing", Warning, "The source named no valid date; the message's own date was used.",
        "Nothing to do.";
    NotProven, "not_proven", Warning,
        "Messages of the source were never copied, and are not part of this proof.",
        "Start a delta to copy them, then verify again.";
    Interrupted, "interrupted", Warning, "The run was interrupted and goes on where it stopped.",
        "Nothing to do.";
    Internal, "internal", Error, "Something went wrong on our side.",
        "Try again; if it stays, tell support the order number.";
}

impl fmt::Display for FindingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One finding, complete in itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// Error blocks the start, warning asks.
    pub severity: Severity,
    /// The stable code.
    pub code: FindingCode,
    /// The cause in plain English.
    pub message: String,
    /// What to do next, in plain English.
    pub next_step: String,
    /// What it is about, where that adds something: the name of a folder or of a server. Never a secret, never the
    /// server's raw answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Numbers and times that belong to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Box<FindingDetail>>,
}

impl Finding {
    /// The finding for `code` with its standard words.
    pub fn new(code: FindingCode) -> Self {
        Self {
            severity: code.severity(),
            code,
            message: code.message().to_owned(),
            next_step: code.next_step().to_owned(),
            subject: None,
            detail: None,
        }
    }

    /// The same finding about `subject`.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// The same finding with its numbers and times.
    #[must_use]
    pub fn with(mut self, detail: FindingDetail) -> Self {
        self.detail = Some(Box::new(detail));
        self
    }

    /// Subject and detail in English, for the command line and for files: "INBOX (UID 17, line ends)".
    pub fn topic(&self) -> Option<String> {
        match (&self.subject, &self.detail) {
            (Some(subject), Some(detail)) => Some(format!("{subject} ({detail})")),
            (Some(subject), None) => Some(subject.clone()),
            (None, Some(detail)) => Some(detail.to_string()),
            (None, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_the_same_in_json_and_in_as_str() {
        for code in FindingCode::ALL {
            assert_eq!(serde_json::to_value(code).expect("json"), code.as_str());
        }
    }

    #[test]
    fn a_finding_without_a_detail_reads_as_before() {
        let text = serde_json::to_value(Finding::new(FindingCode::FlagsReduced).about("INBOX")).expect("json");
        assert!(text.get("detail").is_none(), "{text}");
        let read: Finding = serde_json::from_value(text).expect("a finding");
        assert_eq!(read.topic().as_deref(), Some("INBOX"));
        let uid = FindingDetail { uid: Some(3), ..FindingDetail::default() };
        assert_eq!(read.with(uid).topic().as_deref(), Some("INBOX (UID 3)"));
    }
}
