//! The result of a verification in words, and message by message.

use leptos::prelude::*;
use mailferry_shared::{
    order::OrderState,
    verification::{Grade, PairVerification, Verification, VerificationCounts, VerificationItem, VerificationState},
};

use super::{Page, difference};
use crate::{
    browser::intl,
    components::{Glyph, icon},
    i18n,
    pages::parts,
    t, tn,
};

/// "12,345 of 12,345 messages arrived, byte for byte."
pub(super) fn sentence(counts: &VerificationCounts) -> String {
    t!("verify.sentence", identical = i18n::number(counts.identical), expected = tn!("count.messages", counts.expected))
}

/// How far it is, what it says, and of which messages it says something.
pub(super) fn result(verification: &Verification) -> impl IntoView + use<> {
    let done = verification.pairs.iter().filter(|pair| is_done(pair)).count();
    let waiting = (!verification.finished).then(|| {
        let of = t!("verify.pairs_done", done = done, count = verification.pairs.len());
        view! { <p class="status status-busy">{icon(Glyph::Spinner)}<span>{of}</span></p> }
    });
    let headline = verification.finished.then(|| headline(verification));
    let told: Vec<_> = verification.pairs.iter().filter(|pair| has_something_to_say(pair)).collect();
    // Of few nobody has to look for one.
    let are_few = told.len() <= FEW;
    let pairs = told.into_iter().map(|pair| pair_view(pair, are_few)).collect_view();
    view! {
        <div class="stack">{waiting} {headline} {pairs}</div>
    }
}

fn is_done(pair: &PairVerification) -> bool {
    matches!(pair.state, VerificationState::Finished | VerificationState::Failed)
}

/// True if all was proved: what failed, cannot be read or was never copied is not, whatever the numbers say.
fn is_perfect(verification: &Verification) -> bool {
    verification.counts.is_perfect() && verification.pairs.iter().all(PairVerification::has_no_gaps)
}

/// Messages that are not at the new provider as they were copied.
pub(super) fn lost(counts: &VerificationCounts) -> u64 {
    counts.different + counts.absent + counts.unread
}

/// What the latest proof says, for the head of the page, which leads to its card.
#[component]
pub(super) fn Verdict(page: Page) -> impl IntoView {
    let told = |verification: &Verification| {
        let time = intl::date_time(verification.created_at);
        if is_perfect(verification) {
            let text = t!("verify.verdict_good", time = time);
            return view! { <p class="status status-good">{icon(Glyph::Shield)}<span>{text}</span></p> }.into_any();
        }
        let text = match lost(&verification.counts) {
            0 => t!("verify.verdict_open", time = time),
            lost => tn!("verify.verdict_lost", lost, time = time),
        };
        view! {
            <p class="status status-warn">
                {icon(Glyph::Warning)}
                <span>{text} " " <a href="#verify-title">{t!("verify.verdict_more")}</a></span>
            </p>
        }
        .into_any()
    };
    move || {
        let is_told = page.state() == OrderState::Completed;
        page.proof.with(|proof| proof.as_ref().filter(|proof| is_told && proof.finished).map(told))
    }
}

fn headline(verification: &Verification) -> impl IntoView + use<> {
    let counts = &verification.counts;
    let (class, glyph) = if is_perfect(verification) {
        ("proof proof-good", Glyph::Shield)
    } else {
        ("proof proof-warn", Glyph::Warning)
    };
    let lost = lost(counts);
    let todo = (lost > 0).then(|| {
        view! {
            <p class="proof-sentence">{tn!("verify.lost", lost)}</p>
            <p>{t!("verify.lost_next")}</p>
        }
    });
    let class_of_sum = if lost > 0 { "" } else { "proof-sentence" };
    let rest = [
        (counts.repaired > 0).then(|| tn!("verify.repaired_some", counts.repaired)),
        (counts.rewritten > 0).then(|| tn!("verify.rewritten_some", counts.rewritten)),
        (counts.different > 0).then(|| tn!("verify.different_some", counts.different)),
        (counts.absent > 0).then(|| tn!("verify.absent_some", counts.absent)),
        (counts.unread > 0).then(|| tn!("verify.unread_some", counts.unread)),
        (counts.flags_differ > 0).then(|| tn!("verify.flags_some", counts.flags_differ)),
        (counts.dates_differ > 0).then(|| tn!("verify.dates_some", counts.dates_differ)),
    ];
    let rest = rest.into_iter().flatten().map(|text| view! { <li>{text}</li> }).collect_view();
    view! {
        <div class=class>
            {icon(glyph)}
            <div>
                {todo}
                <p class=class_of_sum>{sentence(counts)}</p>
                <ul role="list" class="soft">{rest}</ul>
                <p class="small soft">{t!("verify.asked_at", time = intl::date_time(verification.created_at))}</p>
            </div>
        </div>
    }
}

fn has_something_to_say(pair: &PairVerification) -> bool {
    !pair.findings.is_empty() || !pair.items.is_empty()
}

/// So many accounts are shown opened.
const FEW: usize = 3;

fn pair_view(pair: &PairVerification, is_open: bool) -> impl IntoView + use<> {
    let name = format!("{} → {}", pair.source, pair.destination);
    let findings = pair.findings.iter().map(parts::finding_view).collect_view();
    let rows = pair.items.iter().map(item_row).collect_view();
    let table = (!pair.items.is_empty()).then(|| {
        view! {
            <div class="table-scroll" tabindex="0" role="region" aria-label=t!("verify.table")>
                <table class="table table-tight">
                    <caption class="visually-hidden">{t!("verify.table")}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{t!("verify.col_grade")}</th>
                            <th scope="col">{t!("protocol.col_message")}</th>
                            <th scope="col">{t!("verify.col_changes")}</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
    });
    let more = (pair.items_total > pair.items.len() as u64).then(|| {
        let (shown, total) = (i18n::number(pair.items.len() as u64), i18n::number(pair.items_total));
        view! { <p class="small soft">{t!("verify.more", shown = shown, total = total)}</p> }
    });
    view! {
        <details class="disclosure" open=is_open>
            <summary>{name}</summary>
            <div class="disclosure-body stack-s">{findings} {table} {more}</div>
        </details>
    }
}

fn grade_text(grade: Grade) -> &'static str {
    match grade {
        Grade::Identical => t!("verify.identical"),
        Grade::Repaired => t!("verify.repaired"),
        Grade::Rewritten => t!("verify.rewritten"),
        Grade::Different => t!("verify.different"),
        Grade::Absent => t!("verify.absent"),
        Grade::Unread => t!("verify.unread"),
    }
}

fn item_row(item: &VerificationItem) -> impl IntoView + use<> {
    let differences = difference::of(item);
    let differences = (!differences.is_empty()).then(|| {
        let lines = differences.into_iter().map(|text| view! { <li>{text}</li> }).collect_view();
        view! { <ul role="list">{lines}</ul> }
    });
    view! {
        <tr>
            <td>{grade_text(item.grade)}</td>
            <td>
                <p class="account-name">{item.folder.clone()}</p>
                <p class="account-meta">
                    {format!("{} · {}", t!("protocol.uid", uid = item.uid), intl::size(item.size_bytes))}
                </p>
                {item.message_id.clone().map(|id| view! { <p class="account-meta mono">{id}</p> })}
            </td>
            <td>{differences}</td>
        </tr>
    }
}
