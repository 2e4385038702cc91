//! What the page is called, what that means, and that it is a trial.

use leptos::prelude::*;
use mailferry_shared::order::{OrderState, StartKind};

use super::{
    Page,
    proof::Verdict,
    words::{has_exceptions, is_empty_trial, is_over, lead, parked, whose},
};
use crate::{
    components::{Glyph, Notice, PageHead, Tone, icon},
    console::order_state_view,
    route::{is_asked_for, resume_at},
    state::{router::Router, service::Service},
    t, tn,
};

/// What the page is called, and what that means. In the console it is called by whose mail is moved.
#[component]
pub(super) fn Head(page: Page) -> impl IntoView {
    let in_console = untrack(|| Router::get().is_in_console());
    let title = Signal::derive(move || {
        if in_console {
            page.progress.with(|progress| whose(page.context.id, progress.ready()))
        } else {
            page.titled().to_owned()
        }
    });
    let lead = if in_console {
        view! {
            <div class="row">
                {move || {
                    let is_whole = page.progress.with(|progress| !progress.ready().is_some_and(has_exceptions));
                    order_state_view(page.state(), is_whole)
                }}
                <span class="mono small soft">{page.context.id.to_string()}</span>
            </div>
            <Unfinished page=page />
        }
        .into_any()
    } else {
        view! { <Lead page=page /> }.into_any()
    };
    view! {
        <div class="stack-s">
            <PageHead title=title />
            {lead}
        </div>
    }
}

#[component]
fn Lead(page: Page) -> impl IntoView {
    let parked = Memo::new(move |_| page.progress.with(|progress| progress.ready().map_or(0, parked)));
    let service = expect_context::<Service>();
    let text = Memo::new(move |_| {
        let (state, context, days) = (page.state(), page.context, service.trial_days());
        page.progress.with(|progress| {
            page.proof
                .with(|proof| context.order.with(|order| lead(state, order, progress.ready(), proof.as_ref(), days)))
        })
    });
    let waiting = move || (page.state() == OrderState::Active).then(|| parked.get()).filter(|parked| *parked > 0);
    view! {
        <div class="row">
            <p class="lead" hidden=move || text.with(String::is_empty)>{move || text.get()}</p>
            <Unfinished page=page />
        </div>
        <Verdict page=page />
        {move || {
            waiting()
                .map(|parked| {
                    view! {
                        <p class="status status-warn">
                            {icon(Glyph::Warning)}
                            <span>{tn!("status.need_you", parked)}</span>
                        </p>
                    }
                })
        }}
    }
}

/// The way to what is left to do before the start.
#[component]
fn Unfinished(page: Page) -> impl IntoView {
    // What the operator was asked to do is finished by the operator.
    let unfinished = move || {
        matches!(page.state(), OrderState::Draft | OrderState::AwaitingPayment)
            && !page.context.order.with(is_asked_for)
    };
    view! {
        <Show when=unfinished>
            <a class="button button-primary" href=move || page.context.order.with(resume_at).path(page.context.id)>
                {t!("status.finish_setup")}
                {icon(Glyph::ArrowRight)}
            </a>
        </Show>
    }
}

#[component]
pub(super) fn TrialBanner(page: Page) -> impl IntoView {
    let service = expect_context::<Service>();
    // A trial that found nothing says so in its heading.
    let is_empty =
        Memo::new(move |_| page.progress.with(|it| it.ready().is_some_and(is_empty_trial)) && is_over(page.state()));
    let is_trial = move || !is_empty.get() && page.context.order.with(|order| order.kind == Some(StartKind::Trial));
    view! {
        <Show when=is_trial>
            <Notice tone=Tone::Info title=t!("status.trial_title")>
                <p>{move || tn!("status.trial_text", service.trial_days())}</p>
            </Notice>
        </Show>
    }
}
