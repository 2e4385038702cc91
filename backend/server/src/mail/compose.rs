//! From an order to a letter: pure.

use mailferry_shared::{finding::Finding, order::StartKind, progress::PairProgress, run::Counts};
use mailferry_store::{MailKind, OrderRecord};

use super::texts::Texts;

/// What a mail tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The status page with the manage token in its fragment.
    pub link: String,
    /// The order number.
    pub order: String,
    /// Full migration or free trial.
    pub kind: Option<StartKind>,
    /// Account pairs that move.
    pub accounts: usize,
    /// What became of their messages in their latest runs.
    pub counts: Counts,
    /// The new provider's server, for the advice on the MX record.
    pub destination_host: Option<String>,
    /// When the link stops working.
    pub expires: String,
    /// Accounts that cannot go on, and why.
    pub stuck: Vec<(String, Finding)>,
}

impl Facts {
    /// The facts of an order.
    pub fn new(order: &OrderRecord, link: String, progress: &[PairProgress]) -> Self {
        let mut counts = Counts::default();
        let runs = progress.iter().filter_map(|pair| Some((pair, pair.run.as_ref()?)));
        runs.clone().for_each(|(_, run)| counts.add(&run.counts));
        let stuck = runs.filter_map(|(pair, run)| Some((pair.source.clone(), run.finding.clone()?)));
        Self {
            link,
            order: order.id.to_string(),
            kind: order.kind,
            accounts: progress.len(),
            counts,
            destination_host: order.destination.as_ref().map(|choice| choice.endpoint.host.to_string()),
            expires: order.expires_at.format("%Y-%m-%d %H:%M UTC").to_string(),
            stuck: stuck.collect(),
        }
    }
}

/// A mail, ready to be addressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Subject line.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part, saying the same.
    pub html: String,
}

/// Writes a letter.
pub fn compose(texts: &Texts, kind: MailKind, facts: &Facts) -> Letter {
    let text = texts.text(kind, facts.kind);
    let mut paragraphs: Vec<String> = text.body.iter().map(|paragraph| fill(paragraph, texts, facts)).collect();
    if kind == MailKind::ActionNeeded {
        let line =
            |(account, finding): &(String, Finding)| format!("{account}: {} {}", finding.message, finding.next_step);
        paragraphs.extend(facts.stuck.iter().map(line));
    }
    Letter {
        subject: text.subject.clone(),
        text: as_text(texts, facts, &paragraphs),
        html: as_html(texts, facts, &text.subject, &paragraphs),
    }
}

fn fill(paragraph: &str, texts: &Texts, facts: &Facts) -> String {
    let host = facts.destination_host.as_ref().map(|host| format!(" ({host})")).unwrap_or_default();
    let failed = facts.counts.failed + facts.counts.uncertain;
    paragraph
        .replace("{accounts}", &texts.accounts(facts.accounts))
        .replace("{messages}", &texts.messages(facts.counts.stored + facts.counts.present))
        .replace("{failed}", &failed.to_string())
        .replace("{host}", &host)
        .replace("{expires}", &facts.expires)
}

fn as_text(texts: &Texts, facts: &Facts, paragraphs: &[String]) -> String {
    let mut parts = vec![texts.greeting.clone()];
    parts.extend(paragraphs.iter().cloned());
    parts.push(texts.status_page.replace("{link}", &facts.link));
    parts.push(format!("{}\n{}", texts.order_number.replace("{order}", &facts.order), texts.keep_link));
    parts.push(format!("-- \n{}\n", texts.signature));
    parts.join("\n\n")
}

fn as_html(texts: &Texts, facts: &Facts, subject: &str, paragraphs: &[String]) -> String {
    let paragraph = |text: &str| format!("<p>{}</p>\n", escape(text));
    let body: String = paragraphs.iter().map(|text| paragraph(text)).collect();
    let language = escape(&texts.language);
    let (title, greeting, signature) = (escape(subject), paragraph(&texts.greeting), paragraph(&texts.signature));
    let (link, button) = (escape(&facts.link), escape(&texts.status_button));
    let number = paragraph(&texts.order_number.replace("{order}", &facts.order));
    let advice = paragraph(&texts.keep_link);
    format!(
        "<!doctype html>\n<html lang=\"{language}\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body style=\"font-family: sans-serif; line-height: 1.5; max-width: 40em\">\n{greeting}{body}\
         <p><a href=\"{link}\">{button}</a></p>\n{number}{advice}{signature}</body>\n</html>\n"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use mailferry_shared::{finding::FindingCode, order::Language};

    use super::*;

    const KINDS: [MailKind; 7] = [
        MailKind::Submitted,
        MailKind::Started,
        MailKind::Finished,
        MailKind::DeltaStarted,
        MailKind::DeltaFinished,
        MailKind::ActionNeeded,
        MailKind::LinkExpires,
    ];

    fn facts() -> Facts {
        Facts {
            link: "https://move.example/orders/1#token=a&b".to_owned(),
            order: "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0001".to_owned(),
            kind: Some(StartKind::Main),
            accounts: 2,
            counts: Counts { stored: 200, present: 14, failed: 1, uncertain: 1, ..Counts::default() },
            destination_host: Some("imap.new.example".to_owned()),
            expires: "2026-12-06 12:00 UTC".to_owned(),
            stuck: vec![("<anna>@old.example".to_owned(), Finding::new(FindingCode::WrongPassword))],
        }
    }

    fn letter(kind: MailKind, facts: &Facts) -> Letter {
        compose(&Texts::of(Language::En).expect("complete"), kind, facts)
    }

    #[test]
    fn every_mail_has_link_and_order_number_in_both_parts_and_no_open_placeholder() {
        for kind in KINDS {
            let letter = letter(kind, &facts());
            assert!(letter.text.contains("https://move.example/orders/1#token=a&b"), "{kind:?}");
            assert!(letter.html.contains("https://move.example/orders/1#token=a&amp;b"), "{kind:?}");
            for part in [&letter.subject, &letter.text, &letter.html] {
                assert!(!part.contains(['{', '}']), "{kind:?}: {part}");
            }
            assert!(letter.text.contains(&facts().order) && letter.html.contains(&facts().order), "{kind:?}");
        }
    }

    #[test]
    fn the_end_of_the_main_run_advises_on_the_mx_record_and_that_of_a_trial_does_not() {
        let end = letter(MailKind::Finished, &facts()).text;
        assert!(end.contains("MX record") && end.contains("(imap.new.example)"), "{end}");
        assert!(end.contains("2 accounts has finished: 214 messages copied or already there, 2 failed"), "{end}");
        let trial = Facts { kind: Some(StartKind::Trial), ..facts() };
        assert!(!letter(MailKind::Finished, &trial).text.contains("MX"));
    }

    #[test]
    fn what_is_stuck_is_named_with_its_next_step_and_escaped() {
        let letter = letter(MailKind::ActionNeeded, &facts());
        assert!(letter.text.contains("<anna>@old.example: The server refused the user name or password. Type"));
        assert!(letter.html.contains("&lt;anna&gt;@old.example"));
    }
}
