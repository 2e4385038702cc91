//! The mail that tells the operator of a request: what must be known to plan it, and where it is answered. The customer's
//! address, note and files stay in the console.

use mailferry_store::{MailKind, RequestRecord};

use super::{
    compose::{Block, Letter},
    html::{self, Frame},
    texts::Texts,
};

/// Where the operator answers a request.
pub fn url(public_url: &str, request: &RequestRecord) -> String {
    format!("{public_url}/console/requests/{}", request.id)
}

/// Writes it.
pub fn compose(texts: &Texts, request: &RequestRecord, url: &str) -> Letter {
    let text = texts.text(MailKind::OperatorRequest, None);
    let facts = vec![
        (texts.fact_pairs.clone(), texts.format.number(u64::from(request.pairs))),
        (texts.fact_wish.clone(), texts.format.time(request.wished_start)),
        (texts.fact_files.clone(), texts.format.number(u64::from(request.attachments))),
    ];
    let block = |words: &String| match words.as_str() {
        "{facts}" => Block::Facts(facts.clone()),
        words => Block::Paragraph(words.replace("{tenant}", &request.tenant_name)),
    };
    let blocks: Vec<Block> = text.body.iter().map(block).collect();
    let mut parts = vec![texts.greeting.clone()];
    parts.extend(blocks.iter().map(Block::as_text));
    parts.push(url.to_owned());
    parts.push(format!("-- \n{}\n", texts.signature));
    let frame = Frame {
        language: &texts.language,
        title: &text.subject,
        greeting: &texts.greeting,
        link: url,
        button: &texts.operator_button,
        small: std::slice::from_ref(&texts.signature),
    };
    Letter { subject: text.subject.clone(), text: parts.join("\n\n"), html: html::frame(&frame, &blocks) }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use mailferry_shared::{
        ids::{OrderId, RequestId, TenantId},
        order::{Language, OrderState},
        request::RequestState,
    };
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_operator_is_told_what_must_be_planned_and_nothing_of_the_customer() {
        let request = RequestRecord {
            id: RequestId(Uuid::from_u128(1)),
            order_id: OrderId(Uuid::from_u128(2)),
            tenant_id: TenantId(Uuid::from_u128(3)),
            tenant_name: "<b>Harbour & Sons</b>".to_owned(),
            state: RequestState::Requested,
            order_state: OrderState::Draft,
            sandbox: false,
            wished_start: DateTime::UNIX_EPOCH,
            earliest_start: None,
            contact_address: "anna@example.org".parse().ok(),
            note: "please ring".to_owned(),
            pairs: 12,
            attachments: 3,
            reason: None,
            payment_waived: false,
            created_at: DateTime::UNIX_EPOCH,
            changed_at: DateTime::UNIX_EPOCH,
        };
        let link = url("https://move.example", &request);
        for language in Language::ALL {
            let letter = compose(&Texts::of(language).expect("complete"), &request, &link);
            for part in [&letter.text, &letter.html] {
                for told in ["12", "1970", "https://move.example/console/requests/00000000-0000-0000-0000-000000000001"]
                {
                    assert!(part.contains(told), "{told}: {part}");
                }
                assert!(!part.contains("anna@") && !part.contains("please ring") && !part.contains("#token"), "{part}");
            }
            assert!(letter.text.contains("Harbour & Sons") && letter.html.contains("&lt;b&gt;Harbour &amp; Sons"));
            assert!(!letter.text.contains('{') && !letter.subject.contains('{'));
        }
    }
}
