//! Following the progress: asking again and again, and telling of milestones.

use chrono::TimeDelta;
use leptos::prelude::*;
use mailferry_shared::order::OrderState;

use super::{Page, words::percent};
use crate::{
    api::{self, Polled},
    browser::intl,
    state::{Load, announce::Announcer, poll},
    t,
};

/// Polls the progress, and reads the order again when its state has changed.
pub(super) fn follow(page: Page) {
    let etag = StoredValue::new(None::<String>);
    let prolonged = StoredValue::new(intl::now());
    poll::poll(page.kick, move || async move {
        if page.context.deleted.try_get_untracked()? {
            return None;
        }
        let known = etag.try_get_value()?;
        // Only reading the order prolongs the session.
        if intl::now() - prolonged.try_get_value()? > PROLONG {
            prolonged.try_set_value(intl::now());
            page.context.refresh();
        }
        match api::poll_progress(page.context.id, known.as_deref()).await {
            Ok(Polled::Same) => page.heard.answered(),
            Ok(Polled::New(progress, tag)) => {
                page.heard.answered();
                etag.try_set_value(tag);
                let known = page.context.order.try_with_untracked(|order| (order.state, order.actions.clone()))?;
                if known != (progress.state, progress.actions.clone()) {
                    page.context.refresh();
                }
                page.progress.try_set(Load::Ready(progress));
            }
            Err(error) => {
                page.context.note_lost(&error);
                let is_new = page.progress.try_with_untracked(|progress| progress.ready().is_none())?;
                // What was known stays on the screen, and since when.
                let pause = page.heard.failed(&error)?;
                if is_new || error.is_locked_out() {
                    page.progress.try_set(Load::Failed(error));
                }
                return Some(pause);
            }
        }
        note_throughput(page);
        page.progress.try_with_untracked(|progress| progress.ready().map_or(5000, |progress| progress.poll_after_ms))
    });
}

/// Reading the order this often keeps the session of whoever looks on, however long it takes.
const PROLONG: TimeDelta = TimeDelta::minutes(30);

/// Notes what is done by now, while something moves.
fn note_throughput(page: Page) {
    let done = page.progress.try_with_untracked(|progress| {
        let progress = progress.ready().filter(|progress| progress.state == OrderState::Active)?;
        Some(progress.counts.done_bytes())
    });
    if let Some(Some(done)) = done {
        page.throughput.try_update(|throughput| throughput.note(js_sys::Date::now(), done));
    }
}

/// Tells of milestones: each quarter, and each change of state. Never of every round.
pub(super) fn announce(page: Page) {
    let announcer = expect_context::<Announcer>();
    Effect::new(move |before: Option<Option<(OrderState, u8)>>| {
        let now = page
            .progress
            .with(|progress| progress.ready().map(|progress| (progress.state, percent(progress) / 25 * 25)));
        if let (Some(Some(before)), Some(now)) = (before, now) {
            if before.0 != now.0 {
                announcer.say(t!("status.announce_state", state = untrack(|| page.titled())));
            } else if now.1 > before.1 {
                announcer.say(t!("status.announce_percent", percent = intl::percent(now.1)));
            }
        }
        now
    });
}
