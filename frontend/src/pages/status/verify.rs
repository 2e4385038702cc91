//! Verify: everything that was copied is fetched again and compared, and the result.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    ids::VerificationId,
    order::OrderState,
    verification::{Grade, PairVerification, Verification, VerificationCounts, VerificationItem, VerificationState},
};

use super::{Page, Stale};
use crate::{
    api::{self, ApiError, Polled},
    browser::intl,
    components::{Failure, Glyph, icon},
    i18n,
    pages::parts,
    state::{
        announce::Announcer,
        poll::{self, Heard, Kick},
    },
    t, tn,
};

/// Between two looks at a verification that is under way, milliseconds.
const ROUND_MS: u32 = 2000;
/// Between two looks when none is.
const REST_MS: u32 = 60_000;

/// The latest verification and how it is followed.
#[derive(Clone, Copy)]
struct Latest {
    page: Page,
    /// The page's, which tells of it in its head too.
    verification: RwSignal<Option<Verification>>,
    id: StoredValue<Option<VerificationId>>,
    kick: Kick,
    heard: Heard,
}

impl Latest {
    fn new(page: Page) -> Self {
        let id = StoredValue::new(None);
        Self { page, verification: page.proof, id, kick: Kick::new(), heard: Heard::new() }
    }

    fn is_running(self) -> bool {
        self.verification.with(|verification| verification.as_ref().is_some_and(|latest| !latest.finished))
    }

    /// Finds the latest verification, and reads it until it has finished.
    fn follow(self) {
        let order = self.page.context.id;
        let etag = StoredValue::new(None::<String>);
        let announcer = expect_context::<Announcer>();
        poll::poll(self.kick, move || async move {
            let id = match self.id.try_get_value()? {
                Some(id) => id,
                None => match api::verifications(order).await.map(|list| list.items.into_iter().next()) {
                    Ok(Some(latest)) => latest.id,
                    Ok(None) => {
                        self.heard.answered();
                        return Some(REST_MS);
                    }
                    Err(error) => return self.heard.failed(&error),
                },
            };
            self.id.try_set_value(Some(id));
            let known = etag.try_get_value()?;
            let answer = api::poll_verification(order, id, known.as_deref()).await;
            if let Err(error) = &answer {
                return self.heard.failed(error);
            }
            self.heard.answered();
            if let Ok(Polled::New(newer, tag)) = answer {
                etag.try_set_value(tag);
                let was_running = self.verification.try_with_untracked(|known| {
                    known.as_ref().is_some_and(|known| known.id == newer.id && !known.finished)
                })?;
                if was_running && newer.finished {
                    announcer.say(sentence(&newer.counts));
                }
                self.verification.try_set(Some(newer));
            }
            let finished =
                self.verification.try_with_untracked(|latest| latest.as_ref().is_none_or(|it| it.finished))?;
            Some(if finished { REST_MS } else { ROUND_MS })
        });
    }
}

/// "12,345 of 12,345 messages arrived, byte for byte."
fn sentence(counts: &VerificationCounts) -> String {
    t!("verify.sentence", identical = i18n::number(counts.identical), expected = tn!("count.messages", counts.expected))
}

/// The card.
#[component]
pub(super) fn Verify(page: Page) -> impl IntoView {
    let latest = Latest::new(page);
    latest.follow();
    let (busy, failure) = (RwSignal::new(false), RwSignal::new(None::<ApiError>));
    let can_start = Memo::new(move |_| {
        // Before all is over, and where nothing has arrived, there is nothing to prove.
        let is_over = page.may_manage() && page.state() == OrderState::Completed;
        is_over && page.progress.with(|progress| progress.ready().is_some_and(|it| it.counts.arrived() > 0))
    });
    let start = move |_| {
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            let started = api::start_verification(page.context.id).await;
            busy.try_set(false);
            match started {
                Ok(verification) => {
                    latest.id.try_set_value(Some(verification.id));
                    latest.verification.try_set(Some(verification));
                    latest.kick.now();
                }
                Err(error) => {
                    failure.try_set(Some(error));
                }
            }
        });
    };
    let running = Memo::new(move |_| latest.is_running() || busy.get());
    view! {
        <Show when=move || can_start.get() || latest.verification.with(Option::is_some)>
            <section class="card" aria-labelledby="verify-title">
                <div class="row-between">
                    <div class="stack-s">
                        <h2 id="verify-title">{t!("verify.title")}</h2>
                        <p class="soft">{t!("verify.text")}</p>
                    </div>
                    <Show when=move || can_start.get()>
                        <button
                            type="button"
                            class="button"
                            class:is-busy=move || running.get()
                            disabled=move || running.get()
                            on:click=start
                        >
                            {move || icon(if running.get() { Glyph::Spinner } else { Glyph::Shield })}
                            {move || match (running.get(), latest.verification.with(Option::is_some)) {
                                (true, _) => t!("verify.running"),
                                (false, true) => t!("verify.again"),
                                (false, false) => t!("verify.start"),
                            }}
                        </button>
                    </Show>
                </div>
                {move || failure.get().map(|error| view! { <Failure error=error /> })}
                <Show when=move || latest.verification.with(Option::is_some)>
                    <Stale heard=latest.heard />
                </Show>
                {move || latest.verification.with(|verification| verification.as_ref().map(result))}
            </section>
        </Show>
    }
}

fn result(verification: &Verification) -> impl IntoView + use<> {
    let done = verification.pairs.iter().filter(|pair| is_done(pair)).count();
    let waiting = (!verification.finished).then(|| {
        let of = t!("verify.pairs_done", done = done, count = verification.pairs.len());
        view! { <p class="status status-busy">{icon(Glyph::Spinner)}<span>{of}</span></p> }
    });
    let headline = verification.finished.then(|| headline(verification));
    let pairs = verification.pairs.iter().filter(|pair| has_something_to_say(pair)).map(pair_view).collect_view();
    view! {
        <div class="stack">{waiting} {headline} {pairs}</div>
    }
}

fn is_done(pair: &PairVerification) -> bool {
    matches!(pair.state, VerificationState::Finished | VerificationState::Failed)
}

/// True if all was proved: what failed, cannot be read or was never copied is not, whatever the numbers say.
fn is_perfect(verification: &Verification) -> bool {
    verification.counts.is_perfect() && verification.pairs.iter().all(|pair| pair.findings.is_empty())
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
                <p class="small soft">{t!("verify.asked_at", time = intl::date_time(verification.created_at))}</p>
                <ul role="list" class="soft">{rest}</ul>
            </div>
        </div>
    }
}

fn has_something_to_say(pair: &PairVerification) -> bool {
    !pair.findings.is_empty() || !pair.items.is_empty()
}

fn pair_view(pair: &PairVerification) -> impl IntoView + use<> {
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
        <details class="disclosure">
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
    let flags = item.flags_added.iter().map(|flag| format!("+{flag}"));
    let flags = flags.chain(item.flags_missing.iter().map(|flag| format!("−{flag}")));
    let changes: Vec<String> = item.changes.iter().cloned().chain(flags).collect();
    view! {
        <tr>
            <td>{grade_text(item.grade)}</td>
            <td>
                <p class="account-name">{item.folder.clone()}</p>
                <p class="account-meta">{t!("protocol.uid", uid = item.uid)}</p>
                {item.message_id.clone().map(|id| view! { <p class="account-meta mono">{id}</p> })}
            </td>
            <td>{changes.join(", ")}</td>
        </tr>
    }
}
