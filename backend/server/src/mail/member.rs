//! Mails to members: the link by which they set a password.

use mailferry_shared::member::PasswordLinkKind;
use mailferry_store::PasswordLinkRecord;

use super::{
    compose::{Block, Letter},
    html::{self, Frame},
    texts::Texts,
};

/// Writes the mail with a link.
pub fn compose(texts: &Texts, link: &PasswordLinkRecord, url: &str) -> Letter {
    let text = match link.kind {
        PasswordLinkKind::Invitation => &texts.invitation,
        PasswordLinkKind::Reset => &texts.password_reset,
    };
    let time = texts.format.time(link.expires_at);
    let fill = |words: &str| words.replace("{tenant}", &link.tenant_name).replace("{expires}", &time);
    let subject = fill(&text.subject);
    let paragraphs: Vec<String> = text.body.iter().map(|words| fill(words)).collect();
    let advice = fill(&texts.password_advice);
    let mut parts = vec![texts.greeting.clone()];
    parts.extend(paragraphs.iter().cloned());
    parts.push(url.to_owned());
    parts.push(advice.clone());
    parts.push(format!("-- \n{}\n", texts.signature));
    let blocks: Vec<Block> = paragraphs.into_iter().map(Block::Paragraph).collect();
    let frame = Frame {
        language: &texts.language,
        title: &subject,
        greeting: &texts.greeting,
        link: url,
        button: &texts.password_button,
        small: &[advice, texts.signature.clone()],
    };
    Letter { text: parts.join("\n\n"), html: html::frame(&frame, &blocks), subject: subject.clone() }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use mailferry_shared::{
        ids::{MemberId, PasswordLinkId},
        order::Language,
    };
    use uuid::Uuid;

    use super::*;

    #[test]
    fn every_language_names_the_tenant_the_end_and_the_link_in_both_parts() {
        for language in Language::ALL {
            for kind in [PasswordLinkKind::Invitation, PasswordLinkKind::Reset] {
                let link = PasswordLinkRecord {
                    id: PasswordLinkId(Uuid::from_u128(1)),
                    member_id: MemberId(Uuid::from_u128(2)),
                    kind,
                    language,
                    name: "Mate".to_owned(),
                    tenant_name: "<b>Harbour & Sons</b>".to_owned(),
                    mail: "mate@harbour.example".parse().expect("an address"),
                    expires_at: DateTime::UNIX_EPOCH,
                    sent_at: None,
                };
                let letter =
                    compose(&Texts::of(language).expect("complete"), &link, "https://move.example/console/x#y=z");
                assert!(letter.text.contains("Harbour & Sons") && letter.text.contains("1970"), "{}", letter.text);
                assert!(letter.text.contains("https://move.example/console/x#y=z"));
                assert!(letter.html.contains("&lt;b&gt;Harbour &amp; Sons"), "{}", letter.html);
                assert!(letter.html.contains("href=\"https://move.example/console/x#y=z\""));
                assert!(!letter.text.contains('{') && !letter.subject.contains('{'));
            }
        }
    }
}
