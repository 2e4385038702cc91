//! The way out for mails.

use clap::Args;
use lettre::message::Mailbox;
use mailferry_shared::secret::Secret;

use super::parse;

/// Where mails are handed in, and whose they are.
#[derive(Debug, Clone, Args)]
pub struct MailArgs {
    /// Where status mails are handed in: smtps://user:password@host (TLS), smtp://host?tls=required (STARTTLS) or
    /// smtp://host (no TLS). Without it mails are kept and not sent.
    #[arg(long, env = "MAILFERRY_SMTP_URL", value_name = "URL", hide_env_values = true, value_parser = parse::smtp_url)]
    pub smtp_url: Option<Secret>,
    /// Sender of status mails.
    #[arg(
        long,
        env = "MAILFERRY_MAIL_FROM",
        value_name = "ADDRESS",
        default_value = "Mailferry <mailferry@localhost.localdomain>",
        value_parser = parse::mail_from
    )]
    pub mail_from: Mailbox,
}
