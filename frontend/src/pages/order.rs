//! Opening an order: by its link's token, or by the cookie of an earlier visit.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    ids::OrderId,
    order::{Order, OrderState, SessionCreate},
    secret::Secret,
};

use super::{
    lost::{Ended, Locked},
    steps::StepBar,
};
use crate::{
    api::{self, ApiError},
    browser,
    components::{CopyLine, Failure, Glyph, PageFailure, PageHead, Skeleton, icon},
    format,
    route::{Console, Step, asked_path, is_asked_for, resume_at},
    state::{
        Load,
        connection::Connection,
        language::PageLanguage,
        offer::Offer,
        order::{OpenOrder, OrderContext},
        poll,
        router::Router,
    },
    t,
};

/// Where this browser remembers the number of the order last opened. The number alone opens nothing.
pub(crate) const LAST_ORDER: &str = "mailferry.order";

/// Where this browser remembers that somebody is signed in to the console. It opens nothing.
pub(crate) const SIGNED_IN: &str = "mailferry.console";

/// The steps that a module shows.
pub(crate) type Steps = fn(Option<Step>) -> AnyView;

/// What stands around an order: the step bar and the page's main part. The console has both of its own.
#[component]
fn Around(#[prop(optional)] order: Option<OrderContext>, children: Children) -> impl IntoView {
    if Router::get().is_in_console() {
        return children().into_any();
    }
    let bar = match order {
        Some(order) => view! { <StepBar order=order /> }.into_any(),
        None => view! { <StepBar /> }.into_any(),
    };
    view! {
        {bar}
        <main class="page" id="main" tabindex="-1">
            {way_back()}
            {children()}
        </main>
    }
    .into_any()
}

/// Whoever is signed in to the console came from there, or may want to go there.
fn way_back() -> Option<impl IntoView> {
    browser::stored(SIGNED_IN).map(|_| {
        view! {
            <a class="button button-quiet button-flush button-small print-hidden" href=Console::Migrations.path()>
                {icon(Glyph::ArrowLeft)}
                {t!("console.back")}
            </a>
        }
    })
}

/// The frame of all steps of the order `id`; its steps are shown once the order is here.
#[component]
pub(crate) fn OrderFrame(
    id: OrderId,
    /// Makes the view of a step; none: the bare address.
    steps: Steps,
) -> impl IntoView {
    match OpenOrder::get().find(id) {
        // Known, and no other link was opened: the views are made anew, in another language.
        Some(context) if !has_token() => view! { <Opened context=context steps=steps /> }.into_any(),
        _ => view! { <Opening id=id steps=steps /> }.into_any(),
    }
}

fn has_token() -> bool {
    window().location().hash().is_ok_and(|hash| hash.contains("token="))
}

/// Takes the token out of the address bar, so that it is neither bookmarked nor seen over a shoulder.
pub(crate) fn take_token() -> Option<Secret> {
    let hash = window().location().hash().ok()?;
    let token = hash.trim_start_matches('#').split('&').find_map(|part| part.strip_prefix("token="))?.to_owned();
    browser::drop_fragment();
    Some(Secret::new(token))
}

async fn open(id: OrderId, token: Option<Secret>) -> Result<Order, ApiError> {
    if let Some(token) = token {
        api::open_session(&SessionCreate { order_id: id, token }).await?;
    }
    api::read_order(id).await
}

#[component]
fn Opening(id: OrderId, steps: Steps) -> impl IntoView {
    let connection = expect_context::<Connection>();
    let token = take_token();
    let by_link = token.is_some();
    let loaded = RwSignal::new(Load::<()>::Loading);
    let context = StoredValue::new(None::<OrderContext>);
    let open_order = OpenOrder::get();
    let language = PageLanguage::get();
    let offer = Offer::get();
    let is_own = untrack(|| !Router::get().is_in_console());
    let load = move || {
        let token = token.clone();
        loaded.set(Load::Loading);
        spawn_local(async move {
            match open(id, token).await {
                Ok(order) => {
                    if is_own {
                        browser::store(LAST_ORDER, Some(&order.id.to_string()));
                        // Who comes by the link in a mail reads on in the mail's language.
                        language.prefer(order.language.tag());
                        if let Some(link) = &order.link {
                            offer.wear(&link.brand);
                        }
                    }
                    context.try_set_value(Some(open_order.open(order)));
                    loaded.try_set(Load::Ready(()));
                }
                Err(error) => {
                    if is_own && error.is_locked_out() {
                        forget(id);
                    }
                    loaded.try_set(Load::Failed(error));
                }
            }
        });
    };
    let retry = {
        let load = load.clone();
        Callback::new(move |()| load())
    };
    Effect::new(move || {
        connection.retries.track();
        if !matches!(loaded.get_untracked(), Load::Ready(())) {
            load();
        }
    });
    move || match loaded.get() {
        Load::Loading => view! { <Around><Skeleton /></Around> }.into_any(),
        Load::Failed(error) if error.is_locked_out() && is_own => {
            view! { <main class="page" id="main" tabindex="-1"><Locked by_link=by_link /></main> }.into_any()
        }
        Load::Failed(error) if is_own => {
            view! { <main class="page" id="main" tabindex="-1"><PageFailure error=error retry=retry /></main> }
                .into_any()
        }
        Load::Failed(error) => {
            let number = format::short_id(&id.to_string());
            view! {
                <PageHead title=t!("console.migration", number = number) />
                <Failure error=error retry=retry />
            }
            .into_any()
        }
        Load::Ready(()) => match context.get_value() {
            Some(context) => view! { <Opened context=context steps=steps /> }.into_any(),
            None => ().into_any(),
        },
    }
}

#[component]
fn Opened(context: OrderContext, steps: Steps) -> impl IntoView {
    provide_context(context);
    poll_accounts(context);
    let router = Router::get();
    // The console tells of its own session, and of what was deleted beside what was known.
    let is_own = untrack(|| !router.is_in_console());
    let lost = Memo::new(move |_| is_own && context.lost.get());
    Effect::new(move || {
        if lost.get() {
            forget(context.id);
        }
    });
    move || {
        if lost.get() {
            return view! { <main class="page" id="main" tabindex="-1"><Ended /></main> }.into_any();
        }
        view! {
            <Around order=context>
                {move || steps(router.place().step())}
                <Later context=context />
            </Around>
        }
        .into_any()
    }
}

/// What cannot be opened any more is not offered on the start page.
fn forget(id: OrderId) {
    if browser::stored(LAST_ORDER) == Some(id.to_string()) {
        browser::store(LAST_ORDER, None);
    }
}

/// How to go on later or elsewhere, as long as the order has not been started; afterwards the status page tells.
#[component]
fn Later(context: OrderContext) -> impl IntoView {
    let link = move || {
        let is_ahead = |order: &Order| matches!(order.state, OrderState::Draft | OrderState::AwaitingPayment);
        context.order.with(|order| order.manage_url.clone().filter(|_| is_ahead(order)))
    };
    move || {
        link().map(|link| {
            view! {
                <details class="disclosure later">
                    <summary>{t!("steps.later")}</summary>
                    <div class="disclosure-body stack-s">
                        <p class="small soft">{t!("steps.later_text")}</p>
                        <CopyLine label=t!("status.manage_link") text=link is_long=true />
                    </div>
                </details>
            }
        })
    }
}

/// Keeps the account pairs fresh while a login or a count is under way that this page does not follow itself.
fn poll_accounts(context: OrderContext) {
    poll::poll(context.kick, move || async move {
        let wanted = context.accounts.try_with_untracked(|accounts| match accounts {
            Load::Ready(pairs) => pairs.iter().any(crate::state::order::is_moving),
            _ => true,
        })?;
        let followed = context.checking.running.try_get_untracked()? > 0;
        if wanted && !followed {
            context.load_accounts().await;
            // The sums follow what is counted.
            context.refresh();
        }
        Some(2000)
    });
}

/// The bare address of an order: goes on where its owner was.
#[component]
pub(crate) fn Resume() -> impl IntoView {
    let context = expect_context::<OrderContext>();
    let router = Router::get();
    Effect::new(move || {
        // Whoever comes back from paying brings the payment's number along: where one pays, it is asked for.
        let query = window().location().search().unwrap_or_default();
        let path = context.order.with_untracked(|order| match order {
            _ if query.contains("payment=") => Step::Confirm.path(order.id),
            _ if is_asked_for(order) => asked_path(order.id),
            _ => resume_at(order).path(order.id),
        });
        router.replace(&format!("{path}{query}"));
    });
    view! { <Skeleton /> }
}
