//! The texts of mails: one translation file a language, every text in it typed, so that a language that lacks one does
//! not pass the tests.

use std::collections::BTreeMap;

use mailferry_shared::{
    finding::FindingCode,
    order::{Language, StartKind},
};
use mailferry_store::MailKind;
use serde::Deserialize;

use super::format::Format;

/// All texts of a language.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    /// Language tag (RFC 5646).
    pub language: String,
    /// How numbers and times are written.
    pub format: Format,
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
    /// When the first run starts: soon, or at a time.
    pub first_run_now: String,
    /// With `{start}`.
    pub first_run_at: String,
    /// What is planned after it, with `{hours}`.
    pub plan_delay: String,
    /// What is planned after it.
    pub plan_mx: String,
    /// When to start a delta by hand.
    pub advice_manual: String,
    /// When it starts by itself, with `{delta}`.
    pub advice_delay: String,
    /// When it starts by itself.
    pub advice_mx: String,
    /// Where to look for what was not copied.
    pub failed_note: String,
    /// The mail with a link for a first password, with `{tenant}` and `{expires}`.
    pub invitation: Text,
    /// The same for another password.
    pub password_reset: Text,
    /// What the link is called in HTML.
    pub password_button: String,
    /// Advice about the link, with `{expires}`.
    pub password_advice: String,
    /// Names of facts.
    pub fact_copied: String,
    /// Messages left out by an option.
    pub fact_left_out: String,
    /// Messages that failed.
    pub fact_failed: String,
    /// The order number.
    pub fact_order: String,
    /// Account pairs.
    pub fact_pairs: String,
    /// For one of them.
    pub fact_price: String,
    /// Without tax.
    pub fact_net: String,
    /// With `{name}` and `{percent}`.
    pub fact_tax: String,
    /// What the tax is called whose name was given as `VAT`; any other name stays as it was given.
    pub fact_vat: String,
    /// With tax.
    pub fact_total: String,
    /// The payment's number.
    pub fact_reference: String,
    submitted: Text,
    started: Text,
    finished: Text,
    trial_finished: Text,
    delta_started: Text,
    delta_finished: Text,
    action_needed: Text,
    link_expires: Text,
    manage_link: Text,
    receipt: Text,
    request_received: Text,
    request_accepted: Text,
    request_awaits_payment: Text,
    /// The first run has ended, and some accounts are not done.
    pub finished_undone: Text,
    /// Before the accounts that are not done.
    pub undone_note: String,
    request_declined: Text,
    request_cancelled: Text,
    request_expired: Text,
    /// For the operator, with `{tenant}`.
    operator_request: Text,
    /// What the link to the operator's queue is called in HTML.
    pub operator_button: String,
    /// When the customer would like it to start.
    pub fact_wish: String,
    /// Files that were sent along.
    pub fact_files: String,
    one_account: String,
    many_accounts: String,
    one_message: String,
    many_messages: String,
    one_hour: String,
    many_hours: String,
    findings: BTreeMap<String, String>,
}

/// One kind of mail.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Subject line.
    pub subject: String,
    /// Paragraphs, with placeholders in braces; one that is nothing but a placeholder may be left out or be a list.
    pub body: Vec<String>,
}

fn file(language: Language) -> &'static str {
    match language {
        Language::En => include_str!("../../locales/en.json"),
        Language::De => include_str!("../../locales/de.json"),
        Language::Nb => include_str!("../../locales/nb.json"),
        Language::Pt => include_str!("../../locales/pt.json"),
        Language::It => include_str!("../../locales/it.json"),
    }
}

impl Texts {
    /// The texts of a language.
    ///
    /// # Errors
    /// If the file is broken, which a test rules out.
    pub fn of(language: Language) -> Result<Self, serde_json::Error> {
        serde_json::from_str(file(language))
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
            MailKind::ManageLink => &self.manage_link,
            MailKind::Receipt => &self.receipt,
            MailKind::RequestReceived => &self.request_received,
            MailKind::RequestAccepted => &self.request_accepted,
            MailKind::RequestAwaitsPayment => &self.request_awaits_payment,
            MailKind::RequestDeclined => &self.request_declined,
            MailKind::RequestCancelled => &self.request_cancelled,
            MailKind::RequestExpired => &self.request_expired,
            MailKind::OperatorRequest => &self.operator_request,
        }
    }

    /// “one account”, “3 accounts”.
    pub fn accounts(&self, count: u64) -> String {
        self.counted(&self.one_account, &self.many_accounts, count)
    }

    /// “one message”, “214 messages”.
    pub fn messages(&self, count: u64) -> String {
        self.counted(&self.one_message, &self.many_messages, count)
    }

    /// “one hour”, “8 hours”.
    pub fn hours(&self, count: u64) -> String {
        self.counted(&self.one_hour, &self.many_hours, count)
    }

    fn counted(&self, one: &str, many: &str, count: u64) -> String {
        if count == 1 { one.to_owned() } else { many.replace("{count}", &self.format.number(count)) }
    }

    /// Cause and next step of what keeps an account from going on.
    pub fn finding(&self, code: FindingCode) -> &str {
        let key = match code {
            FindingCode::CertificateMismatch | FindingCode::CertificateInvalid => "certificate",
            FindingCode::ConnectionRefused
            | FindingCode::ConnectionTimeout
            | FindingCode::ConnectionLost
            | FindingCode::NameServerSilent
            | FindingCode::TlsFailed
            | FindingCode::StarttlsMissing
            | FindingCode::NotImap => "unreachable",
            other => other.as_str(),
        };
        self.findings.get(key).or_else(|| self.findings.get("other")).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_language_is_complete_and_knows_the_same_findings() {
        let english = Texts::of(Language::En).expect("complete");
        for language in Language::ALL {
            let texts = Texts::of(language).expect("complete");
            assert_eq!(texts.language, language.tag());
            assert!(texts.findings.keys().eq(english.findings.keys()), "{language:?}");
            assert!(texts.findings.values().all(|text| text.ends_with('.')), "{language:?}");
        }
        assert_eq!(
            (english.accounts(1), english.messages(2140)),
            ("one account".to_owned(), "2,140 messages".to_owned())
        );
        let codes: BTreeSet<&str> = FindingCode::ALL.iter().map(|code| code.as_str()).collect();
        for key in
            english.findings.keys().filter(|key| !["other", "certificate", "unreachable"].contains(&key.as_str()))
        {
            assert!(codes.contains(key.as_str()), "{key} is no finding");
        }
    }

    /// A file in which a text was left in another language, or a placeholder was lost, is found out.
    #[test]
    fn every_text_is_translated_and_keeps_its_placeholders() {
        let english: serde_json::Value = serde_json::from_str(file(Language::En)).expect("JSON");
        for language in Language::ALL.into_iter().filter(|language| *language != Language::En) {
            let own: serde_json::Value = serde_json::from_str(file(language)).expect("JSON");
            let mut pairs = Vec::new();
            collect(&english, &own, "", &mut pairs);
            assert!(pairs.len() > 80, "{}", pairs.len());
            for (path, before, after) in pairs {
                if path.starts_with("/format") || path == "/signature" {
                    continue;
                }
                assert_eq!(placeholders(before), placeholders(after), "{language:?} {path}");
                let marker = before.starts_with('{') && !before.contains(' ');
                let same = before == after && !marker && !["/fact_tax", "/fact_total"].contains(&path.as_str());
                assert!(!same, "{language:?} {path}: {after}");
            }
        }
    }

    type Pair<'a> = (String, &'a str, &'a str);

    fn collect<'a>(one: &'a serde_json::Value, other: &'a serde_json::Value, path: &str, into: &mut Vec<Pair<'a>>) {
        use serde_json::Value;
        match (one, other) {
            (Value::String(one), Value::String(other)) => into.push((path.to_owned(), one, other)),
            (Value::Array(one), Value::Array(other)) => {
                assert_eq!(one.len(), other.len(), "{path}");
                for (at, (one, other)) in one.iter().zip(other).enumerate() {
                    collect(one, other, &format!("{path}/{at}"), into);
                }
            }
            (Value::Object(one), Value::Object(other)) => {
                assert!(one.keys().eq(other.keys()), "{path}");
                for (key, one) in one {
                    collect(one, &other[key], &format!("{path}/{key}"), into);
                }
            }
            _ => panic!("{path} differs in kind"),
        }
    }

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
    }
}
