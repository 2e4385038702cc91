//! How a webhook fares: what became of the last message, and how many wait.

use leptos::prelude::*;
use mailferry_shared::webhook::WebhookHealth;

use super::deliveries::outcome;
use crate::{
    browser::intl,
    components::{Glyph, icon},
    t, tn,
};

/// A sign with its words, when it was, and what is on its way.
pub(super) fn health(health: &WebhookHealth) -> impl IntoView + use<> {
    let failed = health.last_failure_at.filter(|_| health.failures_in_row > 0);
    let (class, glyph, text, at) = match (failed, health.last_success_at) {
        (Some(at), _) => ("status status-bad", Glyph::Cross, t!("status.run_failed"), Some(at)),
        (None, Some(at)) => ("status status-good", Glyph::Check, t!("console.delivered"), Some(at)),
        (None, None) => ("status status-idle", Glyph::Clock, t!("console.webhook_unused"), None),
    };
    let answer = failed.map(|_| outcome(health.last_failure_status, health.last_failure_error.as_deref()));
    let in_row = u64::from(health.failures_in_row);
    let in_row = failed.filter(|_| in_row > 1).map(|_| tn!("console.webhook_failures", in_row));
    let waiting = (health.pending > 0).then(|| tn!("console.webhook_waiting", u64::from(health.pending)));
    let line = |text: String| view! { <p class="account-meta">{text}</p> };
    view! {
        <span class=class>{icon(glyph)}<span>{text}</span></span>
        {at.map(|at| line(intl::date_time(at)))}
        {answer.map(|answer| view! { <p class="account-meta" data-data="">{answer}</p> })}
        {in_row.map(line)}
        {waiting.map(line)}
    }
}
