//! Opening an order: by its link's token, or by the cookie of an earlier visit.

use leptos::{prelude::*, task::spawn_local};
use leptos_router::{
    NavigateOptions,
    components::Outlet,
    hooks::{use_navigate, use_params_map},
};
use mailferry_shared::{
    ids::OrderId,
    order::{Order, SessionCreate},
    secret::Secret,
};

use super::{lost::Locked, steps::StepBar};
use crate::{
    api::{self, ApiError},
    browser,
    components::{Failure, Skeleton},
    route::resume_at,
    state::{Load, connection::Connection, order::OrderContext, poll},
};

/// Where this browser remembers the number of the order last opened. The number alone opens nothing.
pub(crate) const LAST_ORDER: &str = "mailferry.order";

/// The frame of all steps of an order; its steps are shown once the order is here.
#[component]
pub(crate) fn OrderFrame() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")?.parse::<OrderId>().ok()));
    view! {
        {move || match id.get() {
            Some(id) => view! { <Opening id=id /> }.into_any(),
            None => view! { <main class="page" id="main" tabindex="-1"><Locked by_link=false /></main> }.into_any(),
        }}
    }
}

/// Takes the token out of the address bar, so that it is neither bookmarked nor seen over a shoulder.
fn take_token() -> Option<Secret> {
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
fn Opening(id: OrderId) -> impl IntoView {
    let connection = expect_context::<Connection>();
    let token = take_token();
    let by_link = token.is_some();
    let loaded = RwSignal::new(Load::<()>::Loading);
    let context = StoredValue::new(None::<OrderContext>);
    let owner = Owner::current();
    let load = move || {
        let (token, owner) = (token.clone(), owner.clone());
        loaded.set(Load::Loading);
        spawn_local(async move {
            match open(id, token).await {
                Ok(order) => {
                    browser::store(LAST_ORDER, Some(&order.id.to_string()));
                    let make = move || OrderContext::new(order);
                    // The order's state lives as long as this frame, not as long as one step.
                    let made = owner.map_or_else(|| None, |owner| Some(owner.with(make)));
                    context.try_set_value(made);
                    loaded.try_set(Load::Ready(()));
                }
                Err(error) => {
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
        Load::Loading => view! { <StepBar /><main class="page" id="main" tabindex="-1"><Skeleton /></main> }.into_any(),
        Load::Failed(error) if error.is_locked_out() => {
            view! { <main class="page" id="main" tabindex="-1"><Locked by_link=by_link /></main> }.into_any()
        }
        Load::Failed(error) => {
            view! { <main class="page" id="main" tabindex="-1"><Failure error=error retry=retry /></main> }.into_any()
        }
        Load::Ready(()) => match context.get_value() {
            Some(context) => view! { <Opened context=context /> }.into_any(),
            None => ().into_any(),
        },
    }
}

#[component]
fn Opened(context: OrderContext) -> impl IntoView {
    provide_context(context);
    poll_accounts(context);
    view! {
        <StepBar order=context />
        <main class="page" id="main" tabindex="-1">
            <Outlet />
        </main>
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
        }
        Some(2000)
    });
}

/// The bare address of an order: goes on where its owner was.
#[component]
pub(crate) fn Resume() -> impl IntoView {
    let context = expect_context::<OrderContext>();
    let navigate = use_navigate();
    Effect::new(move || {
        let step = context.order.with_untracked(resume_at);
        navigate(&step.path(context.id), NavigateOptions { replace: true, ..Default::default() });
    });
    view! { <Skeleton /> }
}
