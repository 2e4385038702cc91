//! What `mailferry verify` is told.

use std::path::PathBuf;

use clap::Args;
use mailferry_connectors::imap::ImapLogin;
use mailferry_shared::certificate::CertificateFingerprint;

use crate::copy::arguments::{WrongUse, login};

/// Compares a mailbox with the manifest of a copy.
///
/// Every message is fetched again and hashed; nothing is written. The password comes from
/// MAILFERRY_DESTINATION_PASSWORD, or from a file; an access token (OAuth) instead of one from
/// MAILFERRY_DESTINATION_TOKEN. Exit codes: 0 all identical, 1 differences (named), 2 wrong use, 3 could not connect or log
/// in, 4 interrupted.
#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// Mailbox to compare: imaps://USER@HOST[:PORT] (TLS) or imap://USER@HOST[:PORT] (STARTTLS); USER percent-encoded.
    #[arg(long, value_name = "URL")]
    destination: String,
    /// What `mailferry copy --manifest` has written.
    #[arg(long, value_name = "FILE")]
    pub manifest: PathBuf,
    /// Print one JSON object at the end.
    #[arg(long)]
    pub json: bool,
    /// No live progress line.
    #[arg(long)]
    pub quiet: bool,
    /// Flags may differ: the new mailbox is in use already.
    #[arg(long)]
    pub ignore_flags: bool,
    /// File whose first line is the password.
    #[arg(long, value_name = "FILE")]
    destination_password_file: Option<PathBuf>,
    /// The mailbox that USER, an admin, acts for.
    #[arg(long, value_name = "MAILBOX")]
    destination_authzid: Option<String>,
    /// Makes imap:// mean no TLS at all, even if offered.
    #[arg(long)]
    allow_plaintext: bool,
    /// Takes any certificate: for test servers only.
    #[arg(long)]
    pub allow_untrusted_certificate: bool,
    /// Accepts this certificate of the server although it does not verify: SHA-256, 64 hexadecimal digits.
    #[arg(long, value_name = "SHA-256", conflicts_with = "allow_untrusted_certificate")]
    destination_certificate: Option<CertificateFingerprint>,
    /// Trusts the certificates in this PEM file too.
    #[arg(long, value_name = "FILE", env = "MAILFERRY_CA_FILE")]
    pub ca_file: Option<PathBuf>,
    /// Connections at most.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    pub connections: u8,
    /// Attempts at a server that cannot be reached, with growing waits between them.
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub attempts: u32,
}

impl VerifyArguments {
    /// How to log in.
    pub(super) fn login(&self) -> Result<ImapLogin, WrongUse> {
        let file = self.destination_password_file.as_ref();
        let act_for = self.destination_authzid.clone();
        let login = login(("destination", &self.destination), file, act_for, self.allow_plaintext)?;
        Ok(ImapLogin { pinned_certificate: self.destination_certificate, ..login })
    }
}
