//! What each state of a request is called, and what it means for whoever sent it.

use mailferry_shared::request::RequestState;

use crate::t;

/// The title. `partly`: not every account has arrived.
pub(super) fn title(state: RequestState, partly: bool) -> &'static str {
    match state {
        RequestState::Done if partly => t!("request.done_partly_title"),
        RequestState::Requested => t!("request.sent_title"),
        RequestState::Accepted => t!("request.accepted_title"),
        RequestState::Running => t!("request.running_title"),
        RequestState::Done => t!("request.done_title"),
        RequestState::Declined => t!("request.declined_title"),
        RequestState::Cancelled => t!("request.cancelled_title"),
        RequestState::Expired => t!("request.expired_title"),
    }
}

/// What there is to say below the title; `partly` as for [`title`].
pub(super) fn lead(state: RequestState, partly: bool) -> &'static str {
    match state {
        RequestState::Done if partly => t!("request.done_partly_lead"),
        RequestState::Requested => t!("request.sent_lead"),
        RequestState::Accepted => t!("request.accepted_lead"),
        RequestState::Running => t!("request.running_lead"),
        RequestState::Done => t!("request.done_lead"),
        RequestState::Declined => t!("request.declined_lead"),
        RequestState::Cancelled => t!("request.cancelled_lead"),
        RequestState::Expired => t!("request.expired_lead"),
    }
}
