//! Verify: everything that was copied is fetched again and compared.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{ids::VerificationId, order::OrderState, verification::Verification};

use super::{
    Page, Stale, passwords,
    proof::{result, sentence},
};
use crate::{
    api::{self, ApiError, Polled},
    components::{Failure, Glyph, icon},
    state::{
        announce::Announcer,
        poll::{self, Heard, Kick},
    },
    t,
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

/// The card.
#[component]
pub(super) fn Verify(page: Page) -> impl IntoView {
    let latest = Latest::new(page);
    latest.follow();
    let (busy, failure) = (RwSignal::new(false), RwSignal::new(None::<ApiError>));
    let can_start = Memo::new(move |_| {
        // Before all is over, and where nothing has arrived, there is nothing to prove; without passwords one cannot.
        let is_over = page.may_manage() && page.state() == OrderState::Completed;
        is_over
            && passwords::has_any(page)
            && page.progress.with(|progress| progress.ready().is_some_and(|it| it.counts.arrived() > 0))
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
