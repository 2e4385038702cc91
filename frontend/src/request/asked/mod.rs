//! Where a request stands: each change of its state, what was sent, and what can still be done.
//!
//! | room | what is in it |
//! | --- | --- |
//! | this one | the page, which is opened by the link or goes on with a session |
//! | `follow` | asks for the request again and again |
//! | `standing` | the parts of the page in their order |
//! | `words` | what a state is called, and what it means |
//! | `course` | the four states of a request that goes well |
//! | `notes` | an order that waits for payment, and why a request was declined |
//! | `sent` | what was sent, and how it stands with the money |
//! | `keep` | the number and the link |
//! | `cancel` | the question before it is taken back |

mod cancel;
mod course;
mod follow;
mod keep;
mod notes;
mod sent;
mod standing;
mod words;

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    ids::OrderId,
    order::{Order, SessionCreate},
    request::MigrationRequest,
    secret::Secret,
};

use self::{follow::follow, standing::Standing};
use crate::{
    api::{self, ApiError},
    browser,
    components::{PageFailure, Skeleton},
    pages::{LAST_ORDER, Locked, take_token},
    state::{
        Load,
        language::PageLanguage,
        offer::Offer,
        poll::{Heard, Kick},
    },
};

/// What the parts of the page share.
#[derive(Clone, Copy)]
struct Page {
    order_id: OrderId,
    request: RwSignal<Load<MigrationRequest>>,
    /// Its order, once it is here: the link, and whose page this is.
    order: RwSignal<Option<Order>>,
    kick: Kick,
    heard: Heard,
}

/// The page of the request for the order `id`.
#[component]
pub(crate) fn Asked(id: OrderId) -> impl IntoView {
    let token = take_token();
    let by_link = token.is_some();
    let page = Page {
        order_id: id,
        request: RwSignal::new(Load::Loading),
        order: RwSignal::new(None),
        kick: Kick::new(),
        heard: Heard::new(),
    };
    let (language, offer) = (PageLanguage::get(), Offer::get());
    spawn_local(async move {
        match open(id, token).await {
            Ok(order) => {
                browser::store(LAST_ORDER, Some(&order.id.to_string()));
                language.prefer(order.language.tag());
                if let Some(link) = &order.link {
                    offer.wear(&link.brand);
                }
                page.order.try_set(Some(order));
            }
            Err(error) => {
                page.request.try_set(Load::Failed(error));
            }
        }
    });
    follow(page);
    // The link's token may not be spent yet: all of it is done again.
    let retry = Callback::new(move |()| {
        let _ = window().location().reload();
    });
    // The page is made once; its parts follow the request.
    let shape = Memo::new(move |_| page.request.with(Load::shape));
    view! {
        <main class="page" id="main" tabindex="-1">
            {move || match shape.get() {
                Load::Loading => view! { <Skeleton /> }.into_any(),
                Load::Failed(error) if error.is_locked_out() => view! { <Locked by_link=by_link /> }.into_any(),
                Load::Failed(error) => view! { <PageFailure error=error retry=retry /> }.into_any(),
                Load::Ready(()) => view! { <Standing page=page /> }.into_any(),
            }}
        </main>
    }
}

async fn open(id: OrderId, token: Option<Secret>) -> Result<Order, ApiError> {
    if let Some(token) = token {
        api::open_session(&SessionCreate { order_id: id, token }).await?;
    }
    api::read_order(id).await
}
