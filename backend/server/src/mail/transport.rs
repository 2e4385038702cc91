//! The way out for mails.

use std::{path::Path, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    address::AddressError,
    message::{Mailbox, MultiPart},
    transport::smtp::client::{Certificate, Tls, TlsParameters},
};
use mailferry_shared::{address::MailAddress, secret::Secret};
use url::Url;

use super::compose::Letter;

/// For one answer of the mail server.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Hands mails in by SMTP, or keeps them if no server is set.
#[derive(Clone)]
pub struct Transport {
    smtp: Option<AsyncSmtpTransport<Tokio1Executor>>,
    from: Mailbox,
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// The server took it.
    Yes,
    /// No server is set; it is kept.
    Kept,
}

/// The mail server cannot be used as it is set.
#[derive(Debug, thiserror::Error)]
pub enum SmtpSetupError {
    /// The address, or TLS.
    #[error("the mail server's address cannot be used")]
    Smtp(#[from] lettre::transport::smtp::Error),
    /// The address.
    #[error("the mail server's address is none")]
    Url(#[from] url::ParseError),
    /// The file of certificates.
    #[error("MAILFERRY_CA_FILE cannot be read")]
    File(#[from] std::io::Error),
}

/// What the address says about TLS, with more authorities to trust.
fn protection(address: &str, ca_file: &Path) -> Result<Tls, SmtpSetupError> {
    let url = Url::parse(address)?;
    let authorities = Certificate::from_pem(&std::fs::read(ca_file)?)?;
    let parameters = TlsParameters::builder(url.host_str().unwrap_or_default().to_owned());
    let parameters = parameters.add_root_certificate(authorities).build()?;
    let wanted = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
    Ok(match (url.scheme(), wanted.as_deref()) {
        ("smtps", _) => Tls::Wrapper(parameters),
        (_, Some("required")) => Tls::Required(parameters),
        (_, Some("opportunistic")) => Tls::Opportunistic(parameters),
        _ => Tls::None,
    })
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// It cannot be written as a mail.
    #[error("the mail could not be composed")]
    Message(#[from] lettre::error::Error),
    /// The address is none that SMTP knows.
    #[error("the mail's address cannot be used")]
    Address(#[from] AddressError),
    /// The server did not take it.
    #[error("the mail server did not take the mail")]
    Smtp(#[from] lettre::transport::smtp::Error),
}

impl MailError {
    /// True if the same again will fail again: the server said so (RFC 5321 section 4.2.1, 5yz).
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Message(_) | Self::Address(_) => true,
            Self::Smtp(error) => error.is_permanent(),
        }
    }
}

impl Transport {
    /// A transport to the server of `url`, which may show a certificate by an authority in `ca_file` (PEM) too.
    ///
    /// # Errors
    /// If the URL is none of smtp or smtps, or the file holds no certificates.
    pub fn new(url: Option<&Secret>, from: Mailbox, ca_file: Option<&Path>) -> Result<Self, SmtpSetupError> {
        let Some(url) = url else { return Ok(Self { smtp: None, from }) };
        let mut smtp = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose())?;
        if let Some(file) = ca_file {
            smtp = smtp.tls(protection(url.expose(), file)?);
        }
        Ok(Self { smtp: Some(smtp.timeout(Some(TIMEOUT)).build()), from })
    }

    /// True if no server is set: mails are kept.
    pub fn keeps(&self) -> bool {
        self.smtp.is_none()
    }

    /// Sends a letter. `id` makes its Message-ID: a mail that is sent twice after a crash is recognised as one.
    ///
    /// # Errors
    /// [`MailError`], which tells whether to try again.
    pub async fn send(&self, letter: Letter, to: &MailAddress, id: &str) -> Result<Sent, MailError> {
        let Some(smtp) = &self.smtp else { return Ok(Sent::Kept) };
        smtp.send(self.message(letter, to, id)?).await?;
        Ok(Sent::Yes)
    }

    fn message(&self, letter: Letter, to: &MailAddress, id: &str) -> Result<Message, MailError> {
        let to = Mailbox::new(None, to.as_str().parse()?);
        Ok(Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(letter.subject)
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(letter.text, letter.html))?)
    }
}

/// Keeps out-of-office answers away (RFC 3834 section 5).
#[derive(Debug, Clone, Copy)]
struct AutoSubmitted;

impl lettre::message::header::Header for AutoSubmitted {
    fn name() -> lettre::message::header::HeaderName {
        lettre::message::header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> lettre::message::header::HeaderValue {
        lettre::message::header::HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transport() -> Transport {
        Transport::new(None, "Mailferry <mail@move.example>".parse().expect("a mailbox"), None).expect("no server")
    }

    fn letter() -> Letter {
        Letter { subject: "Über".to_owned(), text: "text".to_owned(), html: "<p>text</p>".to_owned() }
    }

    #[test]
    fn a_mail_has_both_parts_its_own_id_and_says_that_a_machine_wrote_it() {
        let to: MailAddress = "anna@example.org".parse().expect("an address");
        let mail = transport().message(letter(), &to, "0199").expect("composes").formatted();
        let mail = String::from_utf8(mail).expect("ASCII");
        for part in [
            "multipart/alternative",
            "text/plain",
            "text/html",
            "Auto-Submitted: auto-generated",
            "<0199@move.example>",
        ] {
            assert!(mail.contains(part), "{part} in {mail}");
        }
    }

    #[actix_web::test]
    async fn without_a_server_a_mail_is_kept() {
        let to: MailAddress = "anna@example.org".parse().expect("an address");
        assert_eq!(transport().send(letter(), &to, "1").await.expect("kept"), Sent::Kept);
    }
}
