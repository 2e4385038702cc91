//! One migration in the console: the status page in the console's frame, with who asked for it and what paid.
//!
//! It belongs to the module of the status page: see [`crate::route::Module`].

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{ids::OrderId, order_list::OrderListItem};

use super::{
    filter::last_list,
    frame::Frame,
    migration_row::{asker, type_name},
    order_links::OrderLinks,
    payments::Payments,
    reference::Reference,
    requests::state_view,
    session::Session,
};
use crate::{
    api::{self, ApiError},
    browser::intl,
    components::{Failure, Glyph, icon},
    pages::{Beside, OrderFrame, Steps},
    route::Console as Place,
    state::Load,
    t,
};

/// The frame, and in it the migration that the address names.
#[component]
pub(crate) fn Migration(
    /// Shows the status page, which this module of the page has.
    steps: Steps,
) -> impl IntoView {
    let session = Session::provide();
    provide_context(steps);
    view! { <Frame session=session parts=shown /> }
}

fn shown(place: Place) -> AnyView {
    match place {
        Place::Migration(id) => view! { <One id=id /> }.into_any(),
        // Of another module: the browser is on its way there.
        _ => ().into_any(),
    }
}

#[component]
fn One(id: OrderId) -> impl IntoView {
    let steps = expect_context::<Steps>();
    provide_context(Beside { head: particulars, accounts: money_and_links });
    view! {
        <a class="button button-quiet button-flush button-small" href=last_list()>
            {icon(Glyph::ArrowLeft)}
            {t!("console.migrations")}
        </a>
        <OrderFrame id=id steps=steps />
    }
}

/// What the status page shows below its heading.
fn particulars(id: OrderId) -> AnyView {
    view! { <Particulars id=id /> }.into_any()
}

/// What it shows after the accounts.
fn money_and_links(id: OrderId) -> AnyView {
    view! {
        <Payments id=id />
        <OrderLinks id=id />
    }
    .into_any()
}

/// What the list knows of it, and the status page does not tell.
#[component]
fn Particulars(id: OrderId) -> impl IntoView {
    let item = RwSignal::new(Load::<Option<OrderListItem>>::Loading);
    spawn_local(async move {
        item.try_set(find(id).await.into());
    });
    move || match item.get() {
        // The status page tells of these.
        Load::Loading | Load::Ready(None) => ().into_any(),
        Load::Failed(error) if error.is_locked_out() => ().into_any(),
        Load::Failed(error) => view! { <Failure error=error /> }.into_any(),
        Load::Ready(Some(found)) => {
            let done = move |reference| {
                item.update(|item| {
                    if let Load::Ready(Some(item)) = item {
                        item.reference = reference;
                    }
                });
            };
            view! {
                <section class="card" aria-labelledby="particulars">
                    <div class="row-between">
                        <h2 id="particulars">{t!("console.particulars")}</h2>
                        <Reference id=id reference=found.reference.clone() done=done />
                    </div>
                    {facts(&found)}
                </section>
            }
            .into_any()
        }
    }
}

/// The list is asked for the number: it finds at most that one.
async fn find(id: OrderId) -> Result<Option<OrderListItem>, ApiError> {
    let page = api::orders(&format!("q={id}"), None).await?;
    Ok(page.items.into_iter().find(|item| item.id == id))
}

fn facts(item: &OrderListItem) -> impl IntoView + use<> {
    let fact = |name: &'static str, value: Option<String>| {
        let value = value.filter(|value| !value.is_empty())?;
        // An address takes room.
        let is_wide = value.contains('@');
        Some(view! {
            <div class="fact" class:fact-wide=is_wide>
                <dt>{name}</dt>
                <dd data-data="">{value}</dd>
            </div>
        })
    };
    let origin = &item.origin;
    let codes = item.codes.iter().map(|code| format!("{code}-…")).collect::<Vec<_>>().join(" ");
    let mail = origin.notify_address.as_ref().map(ToString::to_string);
    // Once it runs the status page tells when it was made and begun.
    let created = item.first_run_at.is_none().then(|| intl::date_time(item.created_at));
    let asked = asker(origin).filter(|asked| Some(asked) != mail.as_ref());
    view! {
            <dl class="facts facts-small">
                {fact(t!("console.reference"), item.reference.clone())}
                {fact(t!("status.created"), created)}
                {item.request.map(|state| view! {
                    <div class="fact">
                        <dt>{t!("queue.request")}</dt>
                        <dd>{state_view(state)}</dd>
                    </div>
                })}
                {fact(t!("console.col_asked"), asked)}
                {fact(t!("console.by_key"), origin.api_key_name.clone())}
                {fact(t!("console.by_link"), origin.link_name.clone())}
                {fact(t!("console.col_code"), Some(codes))}
                {fact(t!("console.col_type"), Some(type_name(item.migration_type).to_owned()))}
                {fact(t!("console.col_second"), item.second_run_at.map(intl::date_time))}
                {fact(t!("providers.notify_label"), mail)}
            </dl>
    }
}
