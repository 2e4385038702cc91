//! Who runs the service: what terms of service, privacy statement and the page's foot say, and where the operator is told
//! of requests.

use clap::Args;
use mailferry_shared::{address::MailAddress, order::Language, service::Operator};

/// Name and contact are shown to everybody.
#[derive(Debug, Clone, Args)]
pub struct OperatorArgs {
    /// Who runs this service, as terms and privacy statement name it: name and postal address.
    #[arg(long, env = "MAILFERRY_OPERATOR", value_name = "NAME", value_parser = name)]
    pub operator: Option<String>,
    /// Where people ask the operator for help, and about their data.
    #[arg(long, env = "MAILFERRY_OPERATOR_CONTACT", value_name = "ADDRESS", value_parser = contact)]
    pub operator_contact: Option<MailAddress>,
    /// Where the operator is told by mail that a customer has asked for a migration [default: MAILFERRY_OPERATOR_CONTACT].
    #[arg(long, env = "MAILFERRY_OPERATOR_NOTIFY", value_name = "ADDRESS", value_parser = notify)]
    pub operator_notify: Option<MailAddress>,
    /// The language of these mails: en, de, nb, pt or it.
    #[arg(long, env = "MAILFERRY_OPERATOR_LANGUAGE", value_name = "LANGUAGE", default_value = "en", value_parser = language)]
    pub operator_language: Language,
}

/// Where and how the operator is told of requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desk {
    /// Where; `None`: nowhere.
    pub address: Option<MailAddress>,
    /// In which language.
    pub language: Language,
}

fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    let good = (1..=300).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if good { Ok(text.to_owned()) } else { Err("MAILFERRY_OPERATOR must have 1 to 300 characters".to_owned()) }
}

fn contact(text: &str) -> Result<MailAddress, String> {
    text.parse().map_err(|error| format!("MAILFERRY_OPERATOR_CONTACT: {error}"))
}

fn notify(text: &str) -> Result<MailAddress, String> {
    text.parse().map_err(|error| format!("MAILFERRY_OPERATOR_NOTIFY: {error}"))
}

fn language(text: &str) -> Result<Language, String> {
    let known = Language::ALL.into_iter().find(|language| language.tag() == text.trim());
    known.ok_or_else(|| "MAILFERRY_OPERATOR_LANGUAGE must be en, de, nb, pt or it".to_owned())
}

impl OperatorArgs {
    /// Where and how the operator is told of requests.
    pub fn desk(&self) -> Desk {
        let address = self.operator_notify.clone().or_else(|| self.operator_contact.clone());
        Desk { address, language: self.operator_language }
    }

    /// What is known of the operator.
    pub fn operator(&self) -> Operator {
        Operator { name: self.operator.clone(), contact: self.operator_contact.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_and_a_contact_an_address() {
        assert_eq!(name(" Harbour Ltd, Quay 1, Bergen ").as_deref(), Ok("Harbour Ltd, Quay 1, Bergen"));
        assert!(name(" ").is_err() && name("a\nb").is_err() && name(&"x".repeat(301)).is_err());
        assert!(contact("help@harbour.example").is_ok() && contact("help").is_err());
        assert!(notify("desk@harbour.example").is_ok() && notify("desk").is_err());
        assert_eq!(language("de"), Ok(Language::De));
        assert!(language("xx").is_err());
    }
}
