//! The texts of mails: one translation file a language, every text in it typed, so that a language that lacks one does
//! not pass the tests.

use mailferry_shared::order::{Language, StartKind};
use mailferry_store::MailKind;
use serde::Deserialize;

const EN: &str = include_str!("../../locales/en.json");

/// All texts of a language.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    /// Language tag (RFC 5646).
    pub language: String,
    /// First line.
    pub greeting: String,
    /// Line with `{order}`.
    pub order_number: String,
    /// Line with `{link}`.
    pub status_page: String,
    /// What the link is called in HTML.
    pub status_button: String,
    /// Advice about the link.
    pub keep_link: String,
    /// Last line.
    pub signature: String,
    submitted: Text,
    started: Text,
    finished: Text,
    trial_finished: Text,
    delta_started: Text,
    delta_finished: Text,
    action_needed: Text,
    link_expires: Text,
    one_account: String,
    many_accounts: String,
    one_message: String,
    many_messages: String,
}

/// One kind of mail.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Subject line.
    pub subject: String,
    /// Paragraphs, with placeholders in braces.
    pub body: Vec<String>,
}

impl Texts {
    /// The texts of a language.
    ///
    /// # Errors
    /// If the file is broken, which a test rules out.
    pub fn of(language: Language) -> Result<Self, serde_json::Error> {
        match language {
            Language::En | Language::De | Language::Nb | Language::Pt | Language::It => serde_json::from_str(EN),
        }
    }

    /// The text of a kind of mail.
    pub fn text(&self, kind: MailKind, start: Option<StartKind>) -> &Text {
        match kind {
            MailKind::Submitted => &self.submitted,
            MailKind::Started => &self.started,
            MailKind::Finished if start == Some(StartKind::Trial) => &self.trial_finished,
            MailKind::Finished => &self.finished,
            MailKind::DeltaStarted => &self.delta_started,
            MailKind::DeltaFinished => &self.delta_finished,
            MailKind::ActionNeeded => &self.action_needed,
            MailKind::LinkExpires => &self.link_expires,
        }
    }

    /// “one account”, “3 accounts”.
    pub fn accounts(&self, count: usize) -> String {
        counted(&self.one_account, &self.many_accounts, count as u64)
    }

    /// “one message”, “214 messages”.
    pub fn messages(&self, count: u64) -> String {
        counted(&self.one_message, &self.many_messages, count)
    }
}

fn counted(one: &str, many: &str, count: u64) -> String {
    if count == 1 { one.to_owned() } else { many.replace("{count}", &count.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_is_complete() {
        let texts = Texts::of(Language::En).expect("complete");
        assert_eq!(texts.accounts(1), "one account");
        assert_eq!(texts.messages(214), "214 messages");
    }
}
