//! The four states of a request that goes well.

use leptos::prelude::*;
use mailferry_shared::request::RequestState;

use crate::{
    components::{Glyph, icon},
    t,
};

/// The states, with the one it is in; nothing where it came to nothing.
#[component]
pub(super) fn Course(state: Memo<RequestState>) -> impl IntoView {
    let steps = [
        (RequestState::Requested, t!("request.state_requested")),
        (RequestState::Accepted, t!("request.state_accepted")),
        (RequestState::Running, t!("request.state_running")),
        (RequestState::Done, t!("request.state_done")),
    ];
    let at = move || steps.iter().position(|(step, _)| *step == state.get());
    let items = steps
        .iter()
        .enumerate()
        .map(|(place, (_, name))| {
            let (name, is_last) = (*name, place + 1 == steps.len());
            let is_current = move || at() == Some(place);
            let is_past = move || at().is_some_and(|at| place < at || is_last && at == place);
            view! {
                <li
                    class="course-step"
                    class:is-current=is_current
                    class:is-past=is_past
                    aria-current=move || is_current().then_some("step")
                >
                    <span class="step-stop">{move || is_past().then(|| icon(Glyph::Check))}</span>
                    <span>{name}</span>
                </li>
            }
        })
        .collect_view();
    let over = move || state.get().is_off();
    view! {
        <ol class="course-steps card" role="list" aria-label=t!("request.course_title") hidden=over>
            {items}
        </ol>
    }
}
