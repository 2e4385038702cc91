//! Step 5: the migration under way, its protocol, and what one can do with it.

mod actions;
mod folders;
mod follow;
mod head;
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
mod words;

use leptos::prelude::*;
use mailferry_shared::{
    order::{OrderAction, OrderState, StartKind},
    progress::Progress,
};

use crate::{
    components::{Failure, Notice, PageHead, Skeleton, Tone},
    pages::LaterOptions,
    route::Console,
    state::{Load, order::OrderContext, poll::Kick, router::Router},
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
    follow::follow(page);
    follow::announce(page);
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
                <head::Head page=page />
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
            <head::TrialBanner page=page />
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

#[component]
fn Content(page: Page) -> impl IntoView {
    let completed = move || page.state() == OrderState::Completed;
    let is_trial = move || page.context.order.with(|order| order.kind == Some(StartKind::Trial));
    // What to do next is said to whose mail it is; who looks after it has its number and links below.
    let is_own = untrack(|| !Router::get().is_in_console());
    view! {
        <voyage::Voyage page=page />
        <Show when=move || is_own && completed() && !is_trial()>
            <next::Next page=page />
        </Show>
        <mx::Mx page=page />
        <verify::Verify page=page />
        <pairs::Pairs page=page />
        <LaterOptions />
        {is_own.then(|| view! { <keep::Keep page=page /> })}
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
