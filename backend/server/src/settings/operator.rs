//! Who runs the service: what terms of service, privacy statement and the page's foot say.

use clap::Args;
use mailferry_shared::{address::MailAddress, service::Operator};

/// Both are shown to everybody.
#[derive(Debug, Clone, Args)]
pub struct OperatorArgs {
    /// Who runs this service, as terms and privacy statement name it: name and postal address.
    #[arg(long, env = "MAILFERRY_OPERATOR", value_name = "NAME", value_parser = name)]
    pub operator: Option<String>,
    /// Where people ask the operator for help, and about their data.
    #[arg(long, env = "MAILFERRY_OPERATOR_CONTACT", value_name = "ADDRESS", value_parser = contact)]
    pub operator_contact: Option<MailAddress>,
}

fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    let good = (1..=300).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    if good { Ok(text.to_owned()) } else { Err("MAILFERRY_OPERATOR must have 1 to 300 characters".to_owned()) }
}

fn contact(text: &str) -> Result<MailAddress, String> {
    text.parse().map_err(|error| format!("MAILFERRY_OPERATOR_CONTACT: {error}"))
}

impl OperatorArgs {
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
    }
}
