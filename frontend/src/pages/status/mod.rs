//! Step 5: the migration under way, its protocol, and what one can do with it.

mod actions;
mod folders;
mod items;
mod keep;
mod mx;
mod next;
mod pairs;
mod passwords;
mod protocol;
mod sending;
mod verify;
mod voyage;

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use mailferry_shared::{
    ids::OrderId,
    order::{Order, OrderAction, OrderState, StartKind},
    progress::Progress,
    run::{Counts, RunKind, RunState, RunSummary},
};

use crate::{
    api::{self, ApiError, Polled},
    browser::intl,
    components::{Failure, Glyph, Notice, PageHead, Skeleton, Tone, icon},
    console::order_state_view,
    format, i18n,
    pages::LaterOptions,
    route::{Console, Step, resume_at},
    state::{
        Load,
        announce::Announcer,
        order::OrderContext,
        poll::{self, Kick},
        router::Router,
        service::Service,
    },
    t,
    throughput::Throughput,
    tn,
};

/// What the parts of the status page share.
#[derive(Clone, Copy)]
struct Page {
    context: OrderContext,
    progress: RwSignal<Load<Progress>>,
    /// How fast it went since the page was opened.
    throughput: RwSignal<Throughput>,
    /// Since when the service has not told anything new, if that is so.
    stale: RwSignal<Option<String>>,
    /// Asks for fresh progress at once.
    kick: Kick,
    /// True once the order was deleted from here.
    deleted: RwSignal<bool>,
}

impl Page {
    /// What can be done now: what progress says, which is fresher than the order.
    fn allows(self, action: OrderAction) -> bool {
        let actions =
            self.progress.with(|progress| progress.ready().map(|progress| progress.actions.contains(&action)));
        actions.unwrap_or_else(|| self.context.allows(action))
    }

    /// True for who may change something, and does not only look on.
    fn may_manage(self) -> bool {
        self.context.order.with(|order| order.manage_url.is_some())
    }

    fn state(self) -> OrderState {
        let state = self.progress.with(|progress| progress.ready().map(|progress| progress.state));
        state.unwrap_or_else(|| self.context.order.with(|order| order.state))
    }
}

/// The step.
#[component]
pub(crate) fn Status() -> impl IntoView {
    let context = expect_context::<OrderContext>();
    let page = Page {
        context,
        progress: RwSignal::new(Load::Loading),
        throughput: RwSignal::default(),
        stale: RwSignal::new(None),
        kick: Kick::new(),
        deleted: RwSignal::new(false),
    };
    provide_context(page);
    follow(page);
    announce(page);
    let retry = Callback::new(move |()| page.kick.now());
    let shape = Memo::new(move |_| {
        page.progress.with(|progress| match progress {
            Load::Loading => Load::Loading,
            Load::Failed(error) => Load::Failed(error.clone()),
            Load::Ready(_) => Load::Ready(()),
        })
    });
    move || {
        if page.deleted.get() {
            return view! { <Deleted /> }.into_any();
        }
        view! {
            <div class="status-head">
                <Head page=page />
                <actions::Actions page=page />
            </div>
            <div role="status">
                {move || {
                    page.stale
                        .get()
                        .map(|time| {
                            view! {
                                <Notice tone=Tone::Warning>
                                    <p>{t!("status.stale", time = time)}</p>
                                </Notice>
                            }
                        })
                }}
            </div>
            <TrialBanner page=page />
            <passwords::Passwords page=page />
            {move || match shape.get() {
                Load::Loading => view! { <Skeleton /> }.into_any(),
                Load::Failed(error) => view! { <Failure error=error retry=retry /> }.into_any(),
                Load::Ready(()) => view! { <Content page=page /> }.into_any(),
            }}
        }
        .into_any()
    }
}

/// What the page is called, and what that means. In the console it is called by whose mail is moved.
#[component]
fn Head(page: Page) -> impl IntoView {
    let in_console = untrack(|| Router::get().is_in_console());
    let title = Signal::derive(move || {
        if in_console {
            page.progress.with(|progress| whose(page.context.id, progress.ready()))
        } else {
            page.progress.with(|progress| title(page.state(), progress.ready())).to_owned()
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

/// "anna@old.example and 2 more".
fn whose(id: OrderId, progress: Option<&Progress>) -> String {
    let pairs = progress.map(|progress| progress.pairs.as_slice()).unwrap_or_default();
    match pairs {
        [] => t!("console.migration", number = format::short_id(&id.to_string())),
        [only] => only.source.clone(),
        [first, more @ ..] => {
            let count = u64::try_from(more.len()).unwrap_or_default();
            tn!("console.and_more", count, name = first.source)
        }
    }
}

#[component]
fn Content(page: Page) -> impl IntoView {
    let completed = move || page.state() == OrderState::Completed;
    let is_trial = move || page.context.order.with(|order| order.kind == Some(StartKind::Trial));
    view! {
        <voyage::Voyage page=page />
        <Show when=move || completed() && !is_trial()>
            <next::Next page=page />
        </Show>
        <mx::Mx page=page />
        <verify::Verify page=page />
        <pairs::Pairs page=page />
        <LaterOptions />
        <keep::Keep page=page />
    }
}

/// Polls the progress, and reads the order again when its state has changed.
fn follow(page: Page) {
    let etag = StoredValue::new(None::<String>);
    let heard = StoredValue::new((intl::now(), 0_u32));
    let prolonged = StoredValue::new(intl::now());
    poll::poll(page.kick, move || async move {
        let known = etag.try_get_value()?;
        // Only reading the order prolongs the session.
        if intl::now() - prolonged.try_get_value()? > PROLONG {
            prolonged.try_set_value(intl::now());
            page.context.refresh();
        }
        match api::poll_progress(page.context.id, known.as_deref()).await {
            Ok(Polled::Same) => hear(page, heard),
            Ok(Polled::New(progress, tag)) => {
                hear(page, heard);
                etag.try_set_value(tag);
                let known = page.context.order.try_with_untracked(|order| (order.state, order.actions.clone()))?;
                if known != (progress.state, progress.actions.clone()) {
                    page.context.refresh();
                }
                page.progress.try_set(Load::Ready(progress));
            }
            Err(error) => {
                let is_new = page.progress.try_with_untracked(|progress| progress.ready().is_none())?;
                if is_new || error.is_locked_out() {
                    page.progress.try_set(Load::Failed(error));
                    return Some(SILENT_MS);
                }
                // What was known stays on the screen, and since when; the banner tells of a lost connection.
                let (last, times) = heard.try_get_value()?;
                heard.try_set_value((last, times + 1));
                if times > 0 && error != ApiError::Offline {
                    page.stale.try_set(Some(intl::date_time(last)));
                }
                return Some(SILENT_MS);
            }
        }
        note_throughput(page);
        page.progress.try_with_untracked(|progress| progress.ready().map_or(5000, |progress| progress.poll_after_ms))
    });
}

/// Reading the order this often keeps the session of whoever looks on, however long it takes.
const PROLONG: TimeDelta = TimeDelta::minutes(30);
/// Between two tries while the service does not answer, milliseconds.
const SILENT_MS: u32 = 10_000;

/// The service has answered.
fn hear(page: Page, heard: StoredValue<(DateTime<Utc>, u32)>) {
    heard.try_set_value((intl::now(), 0));
    if page.stale.try_with_untracked(Option::is_some) == Some(true) {
        page.stale.try_set(None);
    }
}

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
fn announce(page: Page) {
    let announcer = expect_context::<Announcer>();
    Effect::new(move |before: Option<Option<(OrderState, u8)>>| {
        let now = page
            .progress
            .with(|progress| progress.ready().map(|progress| (progress.state, percent(progress) / 25 * 25)));
        if let (Some(Some(before)), Some(now)) = (before, now) {
            if before.0 != now.0 {
                let state = untrack(|| page.progress.with(|progress| title(now.0, progress.ready())));
                announcer.say(t!("status.announce_state", state = state));
            } else if now.1 > before.1 {
                announcer.say(t!("status.announce_percent", percent = intl::percent(now.1)));
            }
        }
        now
    });
}

/// How much is done, by bytes: a large message takes longer than a small one.
fn percent(progress: &Progress) -> u8 {
    let counts = &progress.counts;
    let missing = counts.failed + counts.uncertain;
    if is_over(progress.state) && (missing > 0 || has_exceptions(progress)) {
        // What did not arrive is not done, nor is an account that could not be looked into: the whole is reached by
        // nothing less.
        format::percent(counts.done().saturating_sub(missing), counts.listed).min(99)
    } else if counts.listed_bytes > 0 {
        format::percent(counts.done_bytes(), counts.listed_bytes)
    } else if counts.listed == 0 && progress.state == OrderState::Completed {
        100
    } else {
        format::percent(counts.done(), counts.listed)
    }
}

/// True if nothing moves any more.
fn is_over(state: OrderState) -> bool {
    matches!(state, OrderState::Completed | OrderState::Closed | OrderState::Cancelled)
}

/// Messages and bytes in words: looked at so far while it runs, arrived once it is over.
fn amounts(counts: &Counts, is_over: bool) -> String {
    let listed = tn!("count.messages", counts.listed);
    let all = intl::size(counts.listed_bytes);
    if is_over {
        let messages = t!("status.arrived_of", arrived = i18n::number(counts.arrived()), listed = listed);
        let bytes = t!("status.bytes_of", done = intl::size(counts.arrived_bytes()), listed = all);
        return format!("{messages} · {bytes}");
    }
    let messages = t!("status.progress_of", done = i18n::number(counts.done()), listed = listed);
    let bytes = t!("status.bytes_of", done = intl::size(counts.done_bytes()), listed = all);
    format!("{messages} · {bytes}")
}

/// True if something did not arrive.
fn has_exceptions(progress: &Progress) -> bool {
    progress.pairs.iter().filter_map(|pair| pair.run.as_ref()).any(|run| {
        matches!(run.state, RunState::Partial | RunState::Failed) || run.counts.failed + run.counts.uncertain > 0
    })
}

fn title(state: OrderState, progress: Option<&Progress>) -> &'static str {
    let is_delta = progress.is_some_and(|progress| {
        progress.pairs.iter().filter_map(|pair| pair.run.as_ref()).any(|run| run.kind == RunKind::Delta)
    });
    let is_trial = progress.is_some_and(|progress| {
        progress.pairs.iter().filter_map(|pair| pair.run.as_ref()).any(|run| run.kind == RunKind::Trial)
    });
    match state {
        OrderState::Draft => t!("status.title_draft"),
        OrderState::AwaitingPayment => t!("status.title_awaiting_payment"),
        OrderState::Scheduled => t!("status.title_scheduled"),
        OrderState::Active if is_delta => t!("status.title_active_delta"),
        OrderState::Active => t!("status.title_active"),
        OrderState::Paused => t!("status.title_paused"),
        OrderState::Completed if progress.is_some_and(has_exceptions) => t!("status.title_completed_partly"),
        OrderState::Completed if is_trial => t!("status.title_completed_trial"),
        OrderState::Completed => t!("status.title_completed"),
        OrderState::Closed => t!("status.title_closed"),
        OrderState::Cancelled => t!("status.title_cancelled"),
    }
}

/// How many accounts wait for their owner.
fn parked(progress: &Progress) -> u64 {
    let count = progress.pairs.iter().filter_map(|pair| pair.run.as_ref()).filter(|run| is_parked(run)).count();
    u64::try_from(count).unwrap_or_default()
}

/// True if something must be mended before the run can go on.
fn is_parked(run: &RunSummary) -> bool {
    run.state == RunState::Paused && run.finding.is_some()
}

fn lead(state: OrderState, order: &Order, parked: u64, odd: bool) -> String {
    match state {
        OrderState::Draft => t!("status.lead_draft").to_owned(),
        OrderState::AwaitingPayment => t!("status.lead_awaiting_payment").to_owned(),
        OrderState::Scheduled => match order.earliest_start {
            Some(at) => t!("status.lead_scheduled", time = intl::date_time(at), zone = intl::time_zone()),
            None => t!("status.lead_scheduled_soon").to_owned(),
        },
        OrderState::Active => t!("status.lead_active").to_owned(),
        OrderState::Paused if parked > 0 => t!("status.lead_parked").to_owned(),
        OrderState::Paused => t!("status.lead_paused").to_owned(),
        OrderState::Completed if order.kind == Some(StartKind::Trial) => t!("status.lead_completed_trial").to_owned(),
        OrderState::Completed if odd => t!("status.lead_completed_partly").to_owned(),
        OrderState::Completed => t!("status.lead_completed").to_owned(),
        OrderState::Closed => t!("status.lead_closed").to_owned(),
        OrderState::Cancelled => t!("status.lead_cancelled").to_owned(),
    }
}

#[component]
fn Lead(page: Page) -> impl IntoView {
    let parked = Memo::new(move |_| page.progress.with(|progress| progress.ready().map_or(0, parked)));
    let odd = Memo::new(move |_| page.progress.with(|progress| progress.ready().is_some_and(has_exceptions)));
    let text = move || {
        let state = page.state();
        page.context.order.with(|order| lead(state, order, parked.get(), odd.get()))
    };
    // What was left out was wanted so, or is the largest size, which nobody has chosen.
    let left_out = move || {
        let skipped = page.progress.with(|progress| progress.ready().map_or(0, |progress| progress.counts.skipped));
        let is_trial = page.context.order.with(|order| order.kind == Some(StartKind::Trial));
        (page.state() == OrderState::Completed && !is_trial && skipped > 0).then_some(skipped)
    };
    let waiting = move || (page.state() == OrderState::Active).then(|| parked.get()).filter(|parked| *parked > 0);
    view! {
        <div class="row">
            <p class="lead">{text}</p>
            <Unfinished page=page />
        </div>
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
        {move || left_out().map(|skipped| view! { <p class="small soft">{tn!("status.left_out_note", skipped)}</p> })}
    }
}

/// The way to what is left to do before the start.
#[component]
fn Unfinished(page: Page) -> impl IntoView {
    let unfinished = move || matches!(page.state(), OrderState::Draft | OrderState::AwaitingPayment);
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
fn TrialBanner(page: Page) -> impl IntoView {
    let service = expect_context::<Service>();
    let is_trial = move || page.context.order.with(|order| order.kind == Some(StartKind::Trial));
    view! {
        <Show when=is_trial>
            <Notice tone=Tone::Info title=t!("status.trial_title")>
                <p>{move || tn!("status.trial_text", service.trial_days())}</p>
                <Show when=move || page.allows(OrderAction::Start)>
                    <a
                        class="button button-small button-primary"
                        href=format!("{}#full", Step::Confirm.path(page.context.id))
                    >
                        {t!("status.to_full")}
                        {icon(Glyph::ArrowRight)}
                    </a>
                </Show>
            </Notice>
        </Show>
    }
}

#[component]
fn Deleted() -> impl IntoView {
    let (href, text) = if untrack(|| Router::get().is_in_console()) {
        (Console::Migrations.path(), t!("console.to_list"))
    } else {
        ("/".to_owned(), t!("status.to_start"))
    };
    view! {
        <PageHead title=t!("status.deleted_title") lead=t!("status.deleted_text") />
        <a class="button button-primary" href=href>
            {text}
        </a>
    }
}
