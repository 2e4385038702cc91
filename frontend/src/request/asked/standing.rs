//! The page as soon as the request is known: its parts in their order.

use leptos::prelude::*;
use mailferry_shared::request::{MigrationRequest, RequestAction, RequestState};

use super::{
    Page,
    cancel::CancelDialog,
    course::Course,
    keep::Keep,
    notes::{Pay, Reason},
    sent::{payment, sent},
    words::{lead, title},
};
use crate::{
    components::{Glyph, PageHead, StaleNotice, icon},
    route::{ASK, Step},
    state::service::Service,
    t,
};

/// Where the request stands, what was sent, and what can still be done.
#[component]
pub(super) fn Standing(page: Page) -> impl IntoView {
    let with = move |read: fn(&MigrationRequest) -> RequestState| {
        page.request.with(|request| request.ready().map(read)).unwrap_or(RequestState::Requested)
    };
    let state = Memo::new(move |_| with(|request| request.state));
    let partly =
        Memo::new(move |_| page.request.with(|request| request.ready().is_some_and(|request| request.attention > 0)));
    let (dialog, service) = (RwSignal::new(false), Service::get());
    let may_cancel = move || {
        page.request
            .with(|request| request.ready().is_some_and(|request| request.actions.contains(&RequestAction::Cancel)))
    };
    let goes_on = move || matches!(state.get(), RequestState::Running | RequestState::Done);
    view! {
        <div class="stack-s">
            <PageHead title=Signal::derive(move || title(state.get(), partly.get()).to_owned()) />
            <p class="lead">{move || lead(state.get(), partly.get())}</p>
        </div>
        <StaleNotice heard=page.heard />
        <Course state=state />
        <Pay page=page />
        <Reason page=page />
        // What came to nothing can be asked for again, or done by oneself.
        <Show when=move || state.get().is_off()>
            <div class="row">
                <a class="button button-primary" href=ASK>
                    {t!("request.again")}
                    {icon(Glyph::ArrowRight)}
                </a>
                <a class="button" href="/">
                    {t!("request.myself")}
                </a>
            </div>
        </Show>
        <Show when=goes_on>
            <p>
                <a class="button button-primary" href=Step::Status.path(page.order_id)>
                    {t!("request.to_status")}
                    {icon(Glyph::ArrowRight)}
                </a>
            </p>
        </Show>
        <div class="with-aside">
            {move || page.request.with(|request| request.ready().map(|request| sent(request, payment(page, service, request))))}
            // Of what came to nothing there is nothing to look after.
            <Show when=move || !state.get().is_off()>
                <Keep page=page />
            </Show>
        </div>
        <Show when=may_cancel>
            <p>
                <button type="button" class="button button-danger is-aside" on:click=move |_| dialog.set(true)>
                    {icon(Glyph::Cross)}
                    {t!("request.cancel")}
                </button>
            </p>
        </Show>
        <CancelDialog page=page open=dialog />
    }
}
