//! From facts to a letter: pure.

use mailferry_shared::{order::StartKind, schedule::DeltaTrigger};
use mailferry_store::MailKind;

use super::{facts::Facts, html, texts::Texts};

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

/// A part of a letter's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    /// Running text.
    Paragraph(String),
    /// Names and values.
    Facts(Vec<(String, String)>),
    /// What is stuck, and why.
    Stuck(Vec<(String, String)>),
}

impl Block {
    /// As it stands in the text part.
    pub(super) fn as_text(&self) -> String {
        let lines = |lines: &[(String, String)]| {
            lines.iter().map(|(name, value)| format!("  {name}: {value}")).collect::<Vec<_>>().join("\n")
        };
        match self {
            Self::Paragraph(words) => words.clone(),
            Self::Facts(facts) => lines(facts),
            Self::Stuck(stuck) => lines(stuck),
        }
    }
}

/// Writes a letter.
pub fn compose(texts: &Texts, kind: MailKind, facts: &Facts) -> Letter {
    let text = match kind {
        // Nobody is told to switch the MX record of a mailbox that is not there.
        MailKind::Finished if facts.kind != Some(StartKind::Trial) && !facts.undone.is_empty() => {
            &texts.finished_undone
        }
        kind => texts.text(kind, facts.kind),
    };
    let blocks: Vec<Block> = text.body.iter().filter_map(|paragraph| block(paragraph, texts, kind, facts)).collect();
    Letter {
        subject: text.subject.clone(),
        text: as_text(texts, facts, &blocks),
        html: html::page(texts, facts, &text.subject, &blocks),
    }
}

/// A paragraph of the translation file as it stands in the letter, if it does.
fn block(paragraph: &str, texts: &Texts, kind: MailKind, facts: &Facts) -> Option<Block> {
    let words = match paragraph {
        "{facts}" if kind == MailKind::Receipt => return Some(Block::Facts(paid(texts, facts)?)),
        "{facts}" => return Some(Block::Facts(counted(texts, facts))),
        "{stuck}" => {
            let line = |(account, code): &(String, _)| (account.clone(), texts.finding(*code).to_owned());
            return Some(Block::Stuck(facts.stuck.iter().map(line).collect())).filter(|_| !facts.stuck.is_empty());
        }
        "{undone}" => {
            let line = |(account, code): &(String, _)| (account.clone(), texts.finding(*code).to_owned());
            return Some(Block::Stuck(facts.undone.iter().map(line).collect())).filter(|_| !facts.undone.is_empty());
        }
        "{undone_note}" => (!facts.undone.is_empty()).then_some(texts.undone_note.as_str())?,
        "{reason}" => return facts.request.as_ref()?.reason.clone().map(Block::Paragraph),
        "{failed_note}" => (facts.counts.failed + facts.counts.uncertain > 0).then_some(texts.failed_note.as_str())?,
        "{first_run}" if facts.start.is_some() => &texts.first_run_at,
        "{first_run}" => &texts.first_run_now,
        "{plan}" => match facts.plan?.trigger {
            DeltaTrigger::AfterDelay => &texts.plan_delay,
            DeltaTrigger::MxChanged => &texts.plan_mx,
        },
        "{advice}" => match facts.plan.map(|plan| (plan.trigger, plan.at)) {
            Some((DeltaTrigger::AfterDelay, Some(_))) => &texts.advice_delay,
            Some((DeltaTrigger::MxChanged, _)) => &texts.advice_mx,
            Some((DeltaTrigger::AfterDelay, None)) | None => &texts.advice_manual,
        },
        words => words,
    };
    Some(Block::Paragraph(fill(words, texts, facts)))
}

fn fill(words: &str, texts: &Texts, facts: &Facts) -> String {
    let time = |time: Option<_>| time.map(|time| texts.format.time(time)).unwrap_or_default();
    let host = facts.destination_host.as_ref().map(|host| format!(" ({host})")).unwrap_or_default();
    let day = facts.receipt.as_ref().map(|receipt| texts.format.day(receipt.paid_at)).unwrap_or_default();
    let hours = facts.plan.map(|plan| texts.hours(u64::from(plan.delay_hours))).unwrap_or_default();
    words
        .replace("{accounts}", &texts.accounts(facts.accounts))
        .replace("{hours}", &hours)
        .replace("{start}", &time(facts.start))
        .replace("{delta}", &time(facts.plan.and_then(|plan| plan.at)))
        .replace("{expires}", &texts.format.time(facts.expires))
        .replace("{wish}", &time(facts.request.as_ref().map(|request| request.wished_start)))
        .replace("{day}", &day)
        .replace("{host}", &host)
}

/// What became of the messages.
fn counted(texts: &Texts, facts: &Facts) -> Vec<(String, String)> {
    let (counts, format) = (&facts.counts, &texts.format);
    let copied = texts.messages(counts.stored + counts.present);
    let size = format.size(counts.stored_bytes + counts.present_bytes);
    let mut lines = vec![(texts.fact_copied.clone(), format!("{copied} ({size})"))];
    if counts.skipped > 0 {
        lines.push((texts.fact_left_out.clone(), texts.messages(counts.skipped)));
    }
    lines.push((texts.fact_failed.clone(), format.number(counts.failed + counts.uncertain)));
    lines
}

/// What was paid.
fn paid(texts: &Texts, facts: &Facts) -> Option<Vec<(String, String)>> {
    let receipt = facts.receipt.as_ref()?;
    let (amount, price) = (&receipt.amount, &receipt.amount.price);
    let money = |minor| texts.format.money(price.currency, minor);
    let tax = texts
        .fact_tax
        .replace("{name}", if price.tax_name.eq_ignore_ascii_case("VAT") { &texts.fact_vat } else { &price.tax_name })
        .replace("{percent}", &texts.format.percent(price.tax_basis_points));
    Some(vec![
        (texts.fact_order.clone(), facts.order.clone()),
        (texts.fact_pairs.clone(), texts.format.number(u64::from(amount.pairs))),
        (texts.fact_price.clone(), money(price.pair_minor)),
        (texts.fact_net.clone(), money(amount.net_minor)),
        (tax, money(amount.tax_minor)),
        (texts.fact_total.clone(), money(amount.total_minor)),
        (texts.fact_reference.clone(), receipt.reference.clone()),
    ])
}

fn as_text(texts: &Texts, facts: &Facts, blocks: &[Block]) -> String {
    let mut parts = vec![texts.greeting.clone()];
    parts.extend(blocks.iter().map(Block::as_text));
    parts.push(texts.status_page.replace("{link}", &facts.link));
    parts.push(format!("{}\n{}", texts.order_number.replace("{order}", &facts.order), texts.keep_link));
    parts.push(format!("-- \n{}\n", texts.signature));
    parts.join("\n\n")
}

#[cfg(test)]
mod tests;
