//! The questions that are asked before something is done, and what they say.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mailferry_shared::{order::OrderState, schedule::MxState};

use super::{
    Page,
    next::{Switch, switched},
    passwords,
};
use crate::{
    browser::intl,
    components::{Glyph, Tone},
    t, tn,
};

/// What is asked about before it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    Cancel,
    Delete,
    Delta,
    Retry,
    Forget,
    Pause,
    Renew,
    Resume,
    Unschedule,
    Verify,
}

impl Question {
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Cancel => t!("status.cancel_title"),
            Self::Delete => t!("status.delete_title"),
            Self::Delta => t!("status.delta_title"),
            Self::Retry => t!("status.retry_title"),
            Self::Forget => t!("status.forget_title"),
            Self::Pause => t!("status.pause_title"),
            Self::Renew => t!("status.renew_title"),
            Self::Resume => t!("status.resume_title"),
            Self::Unschedule => t!("status.unschedule_title"),
            Self::Verify => t!("verify.ask_title"),
        }
    }

    /// What happens then, for the page as it is.
    pub(super) fn text(self, page: Page) -> String {
        let state = page.state();
        let has_begun = !is_ahead(state);
        match self {
            Self::Cancel if !has_begun => t!("status.cancel_text_before").to_owned(),
            Self::Cancel if has_paid(page) => format!("{} {}", t!("status.cancel_text"), t!("status.cancel_money")),
            Self::Cancel => t!("status.cancel_text").to_owned(),
            Self::Delete => t!("status.delete_text").to_owned(),
            Self::Delta => t!("status.delta_text").to_owned(),
            Self::Retry => {
                let (messages, accounts) = missing(page);
                match messages {
                    0 => t!("status.retry_text").to_owned(),
                    _ => format!(
                        "{} {}",
                        tn!("status.retry_some", messages, accounts = accounts),
                        t!("status.retry_kept")
                    ),
                }
            }
            Self::Forget if state == OrderState::Scheduled => t!("status.forget_text_ahead").to_owned(),
            Self::Forget if state == OrderState::Paused => t!("status.forget_text_paused").to_owned(),
            Self::Forget => t!("status.forget_text").to_owned(),
            Self::Pause => t!("status.pause_text").to_owned(),
            Self::Renew => t!("status.renew_text").to_owned(),
            Self::Resume if state == OrderState::Paused => t!("status.resume_text").to_owned(),
            Self::Resume => t!("status.resume_text_some").to_owned(),
            Self::Unschedule => t!("status.unschedule_text").to_owned(),
            Self::Verify => t!("verify.ask_text").to_owned(),
        }
    }

    /// What to think of before.
    pub(super) fn advice(self, page: Page) -> Option<(Tone, String)> {
        let (is_pending, at) = page.context.order.with_untracked(|order| (order.delta_pending, order.delta_at));
        let lacking = passwords::lacking(page);
        Some(match (self, at.or_else(|| settled_at(page))) {
            (Self::Delta, Some(at)) if is_pending => {
                (Tone::Info, t!("status.delta_advice_at", time = intl::date_time(at)))
            }
            (Self::Delta, None) if is_pending => (Tone::Info, t!("status.delta_advice_set").to_owned()),
            (Self::Delta, _) if is_switched(page) => (Tone::Good, t!("status.delta_advice_switched").to_owned()),
            (Self::Delta, _) => (Tone::Info, t!("status.delta_advice").to_owned()),
            (Self::Resume, _) if lacking > 0 => (Tone::Warning, tn!("status.resume_lacking", lacking)),
            (Self::Verify, _) if lacking > 0 => (Tone::Info, tn!("verify.ask_lacking", lacking)),
            (Self::Forget, _) if is_pending => (Tone::Warning, t!("status.forget_pending").to_owned()),
            _ => return None,
        })
    }

    pub(super) fn confirm(self) -> &'static str {
        match self {
            Self::Cancel => t!("status.cancel_confirm"),
            Self::Delete => t!("status.delete_confirm"),
            Self::Delta => t!("status.delta_confirm"),
            Self::Retry => t!("status.retry_confirm"),
            Self::Forget => t!("status.forget_confirm"),
            Self::Pause => t!("status.pause_confirm"),
            Self::Renew => t!("status.renew_confirm"),
            Self::Resume => t!("status.resume_confirm"),
            Self::Unschedule => t!("status.unschedule_confirm"),
            Self::Verify => t!("verify.ask_confirm"),
        }
    }

    pub(super) fn keep(self) -> &'static str {
        match self {
            Self::Cancel | Self::Pause => t!("status.cancel_keep"),
            Self::Delete => t!("status.delete_keep"),
            Self::Renew => t!("status.renew_keep"),
            Self::Unschedule => t!("status.unschedule_keep"),
            Self::Delta | Self::Resume | Self::Retry | Self::Verify => t!("status.delta_keep"),
            Self::Forget => t!("status.forget_keep"),
        }
    }

    pub(super) fn glyph(self) -> Glyph {
        match self {
            Self::Cancel => Glyph::Stop,
            Self::Delete => Glyph::Trash,
            Self::Delta => Glyph::Inbox,
            Self::Retry | Self::Renew => Glyph::Refresh,
            Self::Forget => Glyph::Lock,
            Self::Pause => Glyph::Pause,
            Self::Resume => Glyph::Play,
            Self::Unschedule => Glyph::Pencil,
            Self::Verify => Glyph::Shield,
        }
    }
}

/// True for what has not begun: nothing was copied, and what has paid for it can come back.
fn is_ahead(state: OrderState) -> bool {
    matches!(state, OrderState::Draft | OrderState::AwaitingPayment | OrderState::Scheduled)
}

/// True for what somebody has paid for.
fn has_paid(page: Page) -> bool {
    page.context.order.with(|order| order.payment.pairs_covered > 0)
}

/// True once every watched domain has been switched, and everybody knows it.
fn is_switched(page: Page) -> bool {
    page.mx.with_untracked(|report| {
        report.as_ref().is_some_and(|report| {
            !report.items.is_empty() && report.items.iter().all(|watch| watch.state == MxState::Changed)
        })
    })
}

/// When everybody knows that every watched domain has been switched, while that is still to come.
fn settled_at(page: Page) -> Option<DateTime<Utc>> {
    page.mx.with_untracked(|report| match report.as_ref().and_then(switched) {
        Some(Switch::Under(_, at)) => Some(at),
        _ => None,
    })
}

/// Messages that have not arrived, and the accounts they belong to.
fn missing(page: Page) -> (u64, String) {
    page.progress.with_untracked(|progress| {
        let runs =
            progress.ready().into_iter().flat_map(|progress| &progress.pairs).filter_map(|pair| pair.run.as_ref());
        let missing = runs.map(|run| run.counts.failed + run.counts.uncertain).filter(|count| *count > 0);
        let (messages, accounts) = missing.fold((0, 0), |(messages, accounts), count| (messages + count, accounts + 1));
        (messages, tn!("count.accounts", accounts))
    })
}
