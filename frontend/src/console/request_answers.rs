//! What the operator answers to a request: accept, decline with a reason, start after a question.

use leptos::prelude::*;
use mailferry_shared::{
    request::{MigrationRequest, RequestAction, RequestDecline, RequestStart, RequestState},
    schedule::{DeltaSchedule, DeltaTrigger},
};

use super::{
    request::Shown,
    sending::{Confirm, FormDialog, Sending},
};
use crate::{
    api,
    browser::intl,
    components::{Glyph, RadioCard, TextArea, TextField, Tick, TimeField, icon},
    route::Step,
    state::{Load, service::Service},
    t,
};

/// The buttons that apply now, with their dialogs.
#[component]
pub(super) fn Answers(shown: Shown) -> impl IntoView {
    let (declining, starting) = (RwSignal::new(false), RwSignal::new(false));
    let accepted = RwSignal::new(None::<()>);
    let accepting = Sending::new();
    let done = move |request: MigrationRequest| {
        declining.set(false);
        starting.set(false);
        shown.request.set(Load::Ready(request));
    };
    let accept = move |()| {
        accepting.send(async move { api::accept_request(shown.id).await }, move |request| {
            accepted.set(None);
            done(request);
        });
    };
    // Nothing is started before every account was seen to let us in, unless one insists.
    let checks_first = Memo::new(move |_| shown.allows(RequestAction::Start) && !shown.is_checked());
    let order = Memo::new(move |_| shown.order());
    let write_to = Memo::new(move |_| shown.write_to());
    let check = move || {
        order.get().map(|order| {
            view! {
                <a class=move || emphasis(checks_first.get()) href=Step::Accounts.path(order)>
                    {icon(Glyph::Users)}
                    {t!("queue.check_accounts")}
                </a>
            }
        })
    };
    let write = move || {
        write_to.get().map(|address| {
            view! {
                <a class="button" href=address>
                    {icon(Glyph::Pencil)}
                    {t!("queue.write")}
                </a>
            }
        })
    };
    view! {
        <div class="row">
            <Show when=move || shown.allows(RequestAction::Accept)>
                <button type="button" class="button button-primary" on:click=move |_| accepted.set(Some(()))>
                    {icon(Glyph::Check)}
                    {t!("queue.accept")}
                </button>
            </Show>
            <Show when=move || checks_first.get()>{check}</Show>
            <Show when=move || shown.allows(RequestAction::Start)>
                <button
                    type="button"
                    class=move || emphasis(!checks_first.get())
                    on:click=move |_| starting.set(true)
                >
                    {icon(Glyph::Play)}
                    {t!("queue.start")}
                </button>
            </Show>
            <Show when=move || !checks_first.get()>{check}</Show>
            {write}
            <Show when=move || shown.allows(RequestAction::Decline)>
                <button type="button" class="button button-danger is-aside" on:click=move |_| declining.set(true)>
                    {icon(Glyph::Cross)}
                    {move || decline_name(shown)}
                </button>
            </Show>
        </div>
        <Confirm
            id="accept-request"
            title=t!("queue.accept_title")
            text=|()| t!("queue.accept_text").to_owned()
            confirm=t!("queue.accept")
            glyph=Glyph::Check
            subject=accepted
            sending=accepting
            on_confirm=accept
        />
        <Decline shown=shown open=declining done=Callback::new(done) />
        <Start shown=shown open=starting done=Callback::new(done) />
    }
}

/// A button, as the one to press next or as any other.
fn emphasis(is_next: bool) -> &'static str {
    if is_next { "button button-primary" } else { "button" }
}

/// True once the customer was told that it will be done.
fn is_promised(shown: Shown) -> bool {
    shown.request.with(|request| request.ready().is_some_and(|request| request.state == RequestState::Accepted))
}

/// What it is called to say no: before the customer was told yes, and after.
fn decline_name(shown: Shown) -> &'static str {
    if is_promised(shown) { t!("queue.withdraw") } else { t!("queue.decline") }
}

#[component]
fn Decline(shown: Shown, open: RwSignal<bool>, done: Callback<MigrationRequest>) -> impl IntoView {
    let sending = Sending::new();
    let reason = RwSignal::new(String::new());
    let submit = move |()| {
        let words = RequestDecline { reason: reason.with_untracked(|reason| reason.trim().to_owned()) };
        sending.send(async move { api::decline_request(shown.id, &words).await }, move |request| done.run(request));
    };
    view! {
        <FormDialog
            id="decline-request"
            title=Signal::derive(move || {
                if is_promised(shown) { t!("queue.withdraw_title") } else { t!("queue.decline_title") }.to_owned()
            })
            open=open
            sending=sending
            submit=Signal::derive(move || decline_name(shown))
            on_submit=submit
        >
            <p class="soft">{t!("queue.decline_text")}</p>
            <TextArea
                id="decline-reason"
                label=t!("queue.decline_reason")
                value=reason
                error=sending.field("/reason")
            />
        </FormDialog>
    }
}

/// When and how it starts; the customer is told.
#[component]
fn Start(shown: Shown, open: RwSignal<bool>, done: Callback<MigrationRequest>) -> impl IntoView {
    let sending = Sending::new();
    let at = RwSignal::new(String::new());
    let at_error = RwSignal::new(None::<String>);
    let trigger = RwSignal::new(None::<DeltaTrigger>);
    let hours = RwSignal::new(String::new());
    let service = Service::get();
    let range = Memo::new(move |_| service.delta_hours());
    let waive = RwSignal::new(false);
    Effect::new(move || {
        if open.get() {
            let wished = shown.request.with_untracked(|request| request.ready().map(|request| request.wished_start));
            at.set(wished.map(|wished| intl::local_value(wished.max(intl::now()))).unwrap_or_default());
            at_error.set(None);
            hours.set(untrack(|| range.get()).usual.to_string());
        }
    });
    let submit = move |()| {
        let earliest_start = at.with_untracked(|at| intl::parse_local(at));
        at_error.set(earliest_start.is_none().then(|| t!("request.when_missing").to_owned()));
        let Some(earliest_start) = earliest_start else { return };
        let delay = hours.with_untracked(|hours| hours.trim().parse().unwrap_or_default());
        let delta_schedule = trigger.get_untracked().map(|trigger| DeltaSchedule {
            trigger,
            delay_hours: (trigger == DeltaTrigger::AfterDelay).then_some(delay),
        });
        let start =
            RequestStart { earliest_start: Some(earliest_start), delta_schedule, waive_payment: waive.get_untracked() };
        sending.send(async move { api::start_request(shown.id, &start).await }, move |request| done.run(request));
    };
    let time_error = sending.field("/earliest_start");
    let card = move |value: Option<DeltaTrigger>, key: &'static str, title: &'static str| {
        view! {
            <RadioCard
                name="second-run"
                value=key
                title=title
                is_inline=true
                checked=Signal::derive(move || trigger.get() == value)
                on_choose=move |()| trigger.set(value)
            />
        }
    };
    view! {
        <FormDialog
            id="start-request"
            title=t!("queue.start_title")
            open=open
            sending=sending
            submit=t!("queue.start")
            on_submit=submit
        >
            <p class="soft">{t!("queue.start_text")}</p>
            <TimeField
                id="start-request-at"
                label=t!("queue.start_at")
                value=at
                error=Signal::derive(move || at_error.get().or_else(|| time_error.get()))
            />
            <fieldset class="stack-s">
                <legend class="field-label">{t!("schedule.legend")}</legend>
                <div class="row">
                    {card(None, "hand", t!("schedule.by_hand"))}
                    {card(Some(DeltaTrigger::MxChanged), "mx", t!("schedule.mx"))}
                    {card(Some(DeltaTrigger::AfterDelay), "delay", t!("schedule.delay"))}
                </div>
                <Show when=move || trigger.get() == Some(DeltaTrigger::AfterDelay)>
                    <TextField
                        id="second-run-hours"
                        label=t!("schedule.hours", least = range.get().least, most = range.get().most)
                        value=hours
                        inputmode="numeric"
                        is_short=true
                        error=sending.field("/delta_schedule")
                    />
                </Show>
            </fieldset>
            <Tick
                label=t!("queue.waive")
                hint=t!("queue.waive_hint")
                checked=waive
                on_change=move |on| waive.set(on)
            />
        </FormDialog>
    }
}
