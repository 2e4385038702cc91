//! Step 5: the migration under way, its protocol, and what one can do with it.

mod actions;
mod ask;
mod difference;
mod folders;
mod follow;
mod head;
mod items;
mod keep;
mod mx;
mod next;
mod pair_row;
mod pairs;
mod passwords;
mod proof;
mod protocol;
mod question;
mod sending;
mod verify;
mod voyage;
mod words;

use leptos::prelude::*;
use mailferry_shared::{
    ids::OrderId,
    order::{OrderAction, OrderState, StartKind},
    progress::Progress,
    schedule::MxReport,
    verification::Verification,
};

use self::question::Question;
use crate::{
    browser,
    components::{Failure, PageHead, Skeleton, StaleNotice},
    pages::LaterOptions,
    route::Console,
    state::{
        Load,
        order::OrderContext,
        poll::{Heard, Kick},
        router::Router,
    },
    t,
    throughput::Throughput,
};

/// What the parts of the status page share.
#[derive(Clone, Copy)]
struct Page {
    context: OrderContext,
    progress: RwSignal<Load<Progress>>,
    /// How fast it went since the page was opened.
    throughput: RwSignal<Throughput>,
    /// Since when the service has not told anything new of it.
    heard: Heard,
    /// What DNS says of the domains.
    mx: RwSignal<Option<MxReport>>,
    /// The latest verification.
    proof: RwSignal<Option<Verification>>,
    /// Asks at once how far that is.
    proof_kick: Kick,
    /// Asks for fresh progress at once.
    kick: Kick,
    /// What is asked about before it is done.
    question: RwSignal<Option<Question>>,
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

    /// What it is called now.
    fn titled(self) -> &'static str {
        let state = self.state();
        self.progress.with(|progress| self.proof.with(|proof| words::title(state, progress.ready(), proof.as_ref())))
    }

    fn state(self) -> OrderState {
        let state = self.progress.with(|progress| progress.ready().map(|progress| progress.state));
        state.unwrap_or_else(|| self.context.order.with(|order| order.state))
    }
}

/// What the console shows on this page besides: below the heading, and after the accounts.
#[derive(Clone, Copy)]
pub(crate) struct Beside {
    pub(crate) head: fn(OrderId) -> AnyView,
    pub(crate) accounts: fn(OrderId) -> AnyView,
}

/// The step.
#[component]
pub(crate) fn Status() -> impl IntoView {
    let context = expect_context::<OrderContext>();
    let page = Page {
        context,
        progress: RwSignal::new(Load::Loading),
        throughput: RwSignal::default(),
        heard: Heard::new(),
        mx: RwSignal::new(None),
        proof: RwSignal::new(None),
        proof_kick: Kick::new(),
        kick: Kick::new(),
        question: RwSignal::new(None),
    };
    provide_context(page);
    follow::follow(page);
    follow::announce(page);
    let retry = Callback::new(move |()| page.kick.now());
    // Where there is little room, how far it is comes before what one can do.
    let narrow = browser::narrow();
    let shape = Memo::new(move |_| page.progress.with(Load::shape));
    move || {
        if page.context.deleted.get() {
            return view! { <Deleted /> }.into_any();
        }
        view! {
            <div class="status-head">
                <head::Head page=page />
                <passwords::Passwords page=page />
                <Show when=move || !narrow.get()>
                    <actions::Actions page=page />
                </Show>
            </div>
            <StaleNotice heard=page.heard />
            <head::TrialBanner page=page />
            {use_context::<Beside>().map(|beside| (beside.head)(page.context.id))}
            {move || match shape.get() {
                Load::Loading => view! { <Skeleton /> }.into_any(),
                Load::Failed(error) => view! { <Failure error=error retry=retry /> }.into_any(),
                Load::Ready(()) => view! { <Content page=page narrow=narrow /> }.into_any(),
            }}
            <ask::Ask page=page />
        }
        .into_any()
    }
}

#[component]
fn Content(page: Page, narrow: ReadSignal<bool>) -> impl IntoView {
    let completed = move || page.state() == OrderState::Completed;
    let is_trial = move || page.context.order.with(|order| order.kind == Some(StartKind::Trial));
    // What to do next is said to whose mail it is; who looks after it has its number and links below.
    let is_own = untrack(|| !Router::get().is_in_console());
    view! {
        <voyage::Voyage page=page />
        <Show when=move || narrow.get()>
            <actions::Actions page=page />
        </Show>
        <pairs::Pairs page=page />
        {use_context::<Beside>().map(|beside| (beside.accounts)(page.context.id))}
        <Show when=move || is_own && completed() && !is_trial()>
            <next::Next page=page />
        </Show>
        <verify::Verify page=page />
        <mx::Mx page=page />
        <Show when=move || !is_trial()>
            <LaterOptions />
        </Show>
        {is_own.then(|| view! { <keep::Keep page=page /> })}
    }
}

/// Since when a part of the page is as it is, if the service does not answer for it.
#[component]
fn Stale(heard: Heard) -> impl IntoView {
    move || {
        heard
            .stale()
            .map(|time| view! { <p class="small soft" role="status">{t!("status.stale_part", time = time)}</p> })
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
