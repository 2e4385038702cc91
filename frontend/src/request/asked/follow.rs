//! Keeps the request fresh.

use leptos::prelude::*;

use super::{Page, words::title};
use crate::{
    api::{self, Polled},
    state::{Load, announce::Announcer, poll},
};

/// How often the state is asked for, milliseconds.
const AGAIN_MS: u32 = 5000;

/// Asks for the request again and again; a failure leaves what was known.
pub(super) fn follow(page: Page) {
    let etag = StoredValue::new(None::<String>);
    let announcer = expect_context::<Announcer>();
    poll::poll(page.kick, move || async move {
        // First the link's token is spent.
        if page.order.try_with_untracked(Option::is_none)? {
            return page.request.try_with_untracked(|request| !matches!(request, Load::Failed(_)))?.then_some(200);
        }
        match api::poll_order_request(page.order_id, etag.try_get_value()?.as_deref()).await {
            Ok(Polled::Same) => page.heard.answered(),
            Ok(Polled::New(request, tag)) => {
                page.heard.answered();
                etag.try_set_value(tag);
                let before = page.request.try_with_untracked(|known| known.ready().map(|known| known.state))?;
                if before.is_some_and(|before| before != request.state) {
                    announcer.say(title(request.state, request.attention > 0));
                }
                page.request.try_set(Load::Ready(request));
            }
            Err(error) => {
                let pause = page.heard.failed(&error)?;
                let is_new = page.request.try_with_untracked(|request| request.ready().is_none())?;
                // Who may not see it any more is told so, in the place of what was known.
                if is_new || error.is_locked_out() {
                    page.request.try_set(Load::Failed(error));
                }
                return Some(pause);
            }
        }
        Some(AGAIN_MS)
    });
}
