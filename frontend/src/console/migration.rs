//! A migration of the list: its progress, its logs, and what can be done with it.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::ids::OrderId;

use crate::{
    api,
    components::{Failure, Glyph, Skeleton, icon},
    pages,
    route::Console as Place,
    state::{Load, order::OpenOrder},
    t,
};

/// The part: the status page of the order, as its owner sees it.
#[component]
pub(super) fn Migration(id: OrderId) -> impl IntoView {
    let loaded = RwSignal::new(Load::<()>::Loading);
    let open_order = OpenOrder::get();
    let load = Callback::new(move |()| {
        spawn_local(async move {
            let order = api::read_order(id).await.map(|order| {
                open_order.open(order);
            });
            loaded.try_set(order.into());
        });
    });
    load.run(());
    view! {
        <a class="button button-quiet button-flush" href=Place::Migrations.path()>
            {icon(Glyph::ArrowLeft)}
            {t!("console.migrations")}
        </a>
        {move || match loaded.get() {
            Load::Loading => view! { <Skeleton /> }.into_any(),
            Load::Failed(error) => view! { <Failure error=error retry=load /> }.into_any(),
            Load::Ready(()) => match open_order.find(id) {
                Some(context) => {
                    provide_context(context);
                    view! { <pages::Status /> }.into_any()
                }
                None => ().into_any(),
            },
        }}
    }
}
