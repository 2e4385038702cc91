//! One request of the operator's queue: what was asked, with its accounts and files, and what the operator does with it.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    account::{AccountPair, LoginState, Side},
    ids::{OrderId, RequestId},
    request::{MigrationRequest, RequestAction},
};

use super::{
    request_answers::Answers,
    request_facts::{Accounts, facts, files},
    requests::state_view,
};
use crate::{
    api::{self, Polled},
    components::{Failure, Glyph, PageHead, Skeleton, icon},
    route::Console as Place,
    state::{
        Load,
        poll::{self, Kick},
    },
    t,
};

/// How often the request is asked for, milliseconds.
const AGAIN_MS: u32 = 5000;

/// The request that is shown.
#[derive(Clone, Copy)]
pub(super) struct Shown {
    pub(super) id: RequestId,
    pub(super) request: RwSignal<Load<MigrationRequest>>,
    pub(super) accounts: RwSignal<Load<Vec<AccountPair>>>,
}

impl Shown {
    /// True once every account has been seen to let us in, on both sides.
    pub(super) fn is_checked(self) -> bool {
        let passed = |side: &Side| side.login == LoginState::Passed;
        self.accounts.with(|accounts| {
            let pairs = accounts.ready().map(Vec::as_slice).unwrap_or_default();
            !pairs.is_empty() && pairs.iter().all(|pair| passed(&pair.source) && passed(&pair.destination))
        })
    }

    /// The order that is to be checked.
    pub(super) fn order(self) -> Option<OrderId> {
        self.request.with(|request| request.ready().map(|request| request.order_id))
    }

    /// How to write to the customer: the number in the subject tells which request an answer is to.
    pub(super) fn write_to(self) -> Option<String> {
        self.request.with(|request| {
            let request = request.ready()?;
            Some(format!("mailto:{}?subject={}", request.contact_address.as_ref()?, request.order_id))
        })
    }

    /// True if the operator can do this now.
    pub(super) fn allows(self, action: RequestAction) -> bool {
        self.request.with(|request| request.ready().is_some_and(|request| request.actions.contains(&action)))
    }
}

/// The page of one request.
#[component]
pub(super) fn Request(id: RequestId) -> impl IntoView {
    let shown = Shown { id, request: RwSignal::new(Load::Loading), accounts: RwSignal::new(Load::Loading) };
    let kick = Kick::new();
    let etag = StoredValue::new(None::<String>);
    poll::poll(kick, move || async move {
        match api::poll_request(id, etag.try_get_value()?.as_deref()).await {
            Ok(Polled::Same) => {}
            Ok(Polled::New(request, tag)) => {
                etag.try_set_value(tag);
                load_accounts(shown, &request);
                shown.request.try_set(Load::Ready(request));
            }
            Err(error) => {
                if shown.request.try_with_untracked(|request| request.ready().is_none())? {
                    shown.request.try_set(Load::Failed(error));
                }
            }
        }
        Some(AGAIN_MS)
    });
    let retry = Callback::new(move |()| kick.now());
    // Made once; its parts follow the request.
    let shape = Memo::new(move |_| shown.request.with(Load::shape));
    view! {
        {move || match shape.get() {
            Load::Loading => view! { <Skeleton /> }.into_any(),
            Load::Failed(error) => view! { <Failure error=error retry=retry /> }.into_any(),
            Load::Ready(()) => view! { <Sheet shown=shown /> }.into_any(),
        }}
    }
}

fn load_accounts(shown: Shown, request: &MigrationRequest) {
    let order = request.order_id;
    spawn_local(async move {
        match api::poll_accounts(order, None).await {
            Ok(Polled::New(list, _)) => {
                shown.accounts.try_set(Load::Ready(list.items));
            }
            Ok(Polled::Same) => {}
            Err(error) => {
                if shown.accounts.try_with_untracked(|accounts| accounts.ready().is_none()) == Some(true) {
                    shown.accounts.try_set(Load::Failed(error));
                }
            }
        }
    });
}

#[component]
fn Sheet(shown: Shown) -> impl IntoView {
    let title = Signal::derive(move || {
        shown.request.with(|request| {
            let request = request.ready();
            let customer = request.and_then(|request| request.contact_address.as_ref()).map(ToString::to_string);
            customer.map_or_else(|| t!("queue.request").to_owned(), |from| t!("queue.request_of", customer = from))
        })
    });
    view! {
        <a class="button button-quiet button-flush button-small" href=Place::Requests.path()>
            {icon(Glyph::ArrowLeft)}
            {t!("console.requests")}
        </a>
        <div class="row-between">
            <PageHead title=title />
            {move || shown.request.with(|request| request.ready().map(|request| state_view(request.state)))}
        </div>
        <Answers shown=shown />
        {move || shown.request.with(|request| request.ready().map(facts))}
        <Accounts shown=shown />
        {move || shown.request.with(|request| request.ready().map(|request| files(request.id, &request.attachments)))}
    }
}
