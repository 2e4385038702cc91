//! Verify: everything that was copied is fetched again and compared.

use leptos::prelude::*;
use mailferry_shared::order::OrderState;

use super::{
    Page, Stale, passwords,
    proof::{result, sentence},
    question::Question,
};
use crate::{
    api::{self, Polled},
    components::{Glyph, icon},
    state::{
        announce::Announcer,
        poll::{self, Heard},
    },
    t,
};

/// Between two looks at a verification that is under way, milliseconds.
const ROUND_MS: u32 = 2000;
/// Between two looks when none is.
const REST_MS: u32 = 60_000;

/// Finds the latest verification of the order, and reads it until it has finished.
fn follow(page: Page, heard: Heard) {
    let order = page.context.id;
    let etag = StoredValue::new(None::<String>);
    let announcer = expect_context::<Announcer>();
    poll::poll(page.proof_kick, move || async move {
        let id = match page.proof.try_with_untracked(|known| known.as_ref().map(|known| known.id))? {
            Some(id) => id,
            None => match api::verifications(order).await.map(|list| list.items.into_iter().next()) {
                Ok(Some(latest)) => latest.id,
                Ok(None) => {
                    heard.answered();
                    return Some(REST_MS);
                }
                Err(error) => return heard.failed(&error),
            },
        };
        let known = etag.try_get_value()?;
        let answer = api::poll_verification(order, id, known.as_deref()).await;
        if let Err(error) = &answer {
            return heard.failed(error);
        }
        heard.answered();
        if let Ok(Polled::New(newer, tag)) = answer {
            // Another one may have been started meanwhile.
            let known = page.proof.try_with_untracked(|known| known.as_ref().map(|it| (it.id, it.finished)))?;
            if known.is_some_and(|(known, _)| known != id) {
                return Some(0);
            }
            etag.try_set_value(tag);
            if known.is_some_and(|(_, was_finished)| !was_finished) && newer.finished {
                announcer.say(sentence(&newer.counts));
            }
            page.proof.try_set(Some(newer));
        }
        Some(if is_running(page) { ROUND_MS } else { REST_MS })
    });
}

fn is_running(page: Page) -> bool {
    page.proof.try_with_untracked(|proof| proof.as_ref().is_some_and(|it| !it.finished)) == Some(true)
}

/// The card.
#[component]
pub(super) fn Verify(page: Page) -> impl IntoView {
    let heard = Heard::new();
    follow(page, heard);
    let can_start = Memo::new(move |_| {
        // Before all is over, and where nothing has arrived, there is nothing to prove; without passwords one cannot.
        let is_over = page.may_manage() && page.state() == OrderState::Completed;
        is_over
            && passwords::has_any(page)
            && page.progress.with(|progress| progress.ready().is_some_and(|it| it.counts.arrived() > 0))
    });
    let running = Memo::new(move |_| page.proof.with(|proof| proof.as_ref().is_some_and(|it| !it.finished)));
    let has_any = Memo::new(move |_| page.proof.with(Option::is_some));
    // It keeps the focus while it has nothing to do: it is not disabled for the browser.
    let ask = move |_| {
        if !running.get_untracked() {
            page.question.set(Some(Question::Verify));
        }
    };
    view! {
        <Show when=move || can_start.get() || has_any.get()>
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
                            aria-disabled=move || running.get().to_string()
                            on:click=ask
                        >
                            {move || icon(if running.get() { Glyph::Spinner } else { Glyph::Shield })}
                            {move || match (running.get(), has_any.get()) {
                                (true, _) => t!("verify.running"),
                                (false, true) => t!("verify.again"),
                                (false, false) => t!("verify.start"),
                            }}
                        </button>
                    </Show>
                </div>
                <Show when=move || has_any.get()>
                    <Stale heard=heard />
                </Show>
                {move || page.proof.with(|proof| proof.as_ref().map(result))}
            </section>
        </Show>
    }
}
