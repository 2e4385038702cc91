//! Requested migrations: the operator's queue, and what the customers of a tenant have asked for.

use chrono::TimeDelta;
use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    member::Principal,
    order_list::OrderListItem,
    request::{RequestListItem, RequestState},
    tenant::Tenant,
};

use super::{
    chips::Chips,
    list::{Empty, ListTable, Listed},
};
use crate::{
    api,
    browser::intl,
    components::{Glyph, PageHead, Select, icon},
    format, i18n,
    route::Console as Place,
    t,
};

/// The part: for operators the queue of all tenants, for others the list of their own.
#[component]
pub(super) fn Requests() -> impl IntoView {
    let is_operator = expect_context::<Principal>().operator;
    if is_operator { view! { <Queue /> }.into_any() } else { view! { <Own /> }.into_any() }
}

/// The states one asks for together, with their names; what waits for the operator comes first.
fn filters() -> [(&'static str, &'static str); 9] {
    [
        ("requested,accepted", t!("queue.open")),
        ("requested", t!("request.state_requested")),
        ("accepted", t!("request.state_accepted")),
        ("running", t!("request.state_running")),
        ("done", t!("request.state_done")),
        ("declined", t!("request.state_declined")),
        ("cancelled", t!("request.state_cancelled")),
        ("expired", t!("request.state_expired")),
        ("", t!("protocol.all")),
    ]
}

#[component]
fn Queue() -> impl IntoView {
    let wanted = RwSignal::new(filters()[0].0);
    // The tenant's id; empty: of all of them.
    let tenant = RwSignal::new(String::new());
    let listed = Listed::of(move |cursor| {
        let asked = [("state", wanted.get_untracked().to_owned()), ("tenant_id", tenant.get_untracked())];
        let asked = asked.into_iter().filter(|(_, value)| !value.is_empty());
        let query = asked.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
        async move { api::requests(&query, cursor).await }
    });
    Effect::new(move |before: Option<String>| {
        let chosen = tenant.get();
        if before.is_some_and(|before| before != chosen) {
            listed.anew();
        }
        chosen
    });
    listed.kept_fresh();
    let heads = vec![
        t!("queue.customer"),
        t!("queue.due"),
        t!("queue.tenant"),
        t!("status.accounts"),
        t!("queue.files"),
        t!("status.col_state"),
    ];
    view! {
        <PageHead title=t!("console.requests") lead=t!("queue.lead") />
        <TenantFilter tenant=tenant />
        <Chips choices=filters().to_vec() chosen=wanted on_choose=move |()| listed.anew() />
        <ListTable listed=listed name=t!("console.requests") heads=heads empty=Empty(Glyph::Inbox, t!("queue.none")) row=queue_row />
    }
}

/// Whose customers' requests are listed; nothing where there is one tenant alone.
#[component]
fn TenantFilter(tenant: RwSignal<String>) -> impl IntoView {
    let tenants = RwSignal::new(Vec::<Tenant>::new());
    spawn_local(async move {
        let mut cursor = None;
        // Whoever cannot choose a tenant still has the whole queue.
        while let Ok(page) = api::tenants(cursor).await {
            tenants.try_update(|tenants| tenants.extend(page.items));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
    });
    let choices = Signal::derive(move || {
        let named = tenants.get().into_iter().map(|tenant| (tenant.id.to_string(), tenant.name));
        std::iter::once((String::new(), t!("queue.all_tenants").to_owned())).chain(named).collect()
    });
    view! {
        <Show when=move || tenants.with(|tenants| tenants.len() > 1)>
            <div class="narrow">
                <Select id="queue-tenant" label=t!("queue.tenant") value=tenant choices=choices />
            </div>
        </Show>
    }
}

/// When it is due, and how pressing that is while it waits.
fn due(item: &RequestListItem) -> impl IntoView + use<> {
    let left = item.wished_start - intl::now();
    let pressing = item.state.is_open().then_some(()).and_then(|()| {
        if left <= TimeDelta::zero() {
            Some(("status status-bad", t!("queue.overdue")))
        } else if left < TimeDelta::hours(24) {
            Some(("status status-warn", t!("queue.soon")))
        } else {
            None
        }
    });
    let pressing = pressing.map(|(class, text)| {
        view! { <p class=class>{icon(Glyph::Clock)}<span>{text}</span></p> }
    });
    view! {
        {intl::date_time(item.wished_start)}
        {pressing}
    }
}

fn queue_row(item: &RequestListItem, _: Listed<RequestListItem>) -> AnyView {
    let customer =
        item.contact_address.as_ref().map_or_else(|| format::short_id(&item.id.to_string()), ToString::to_string);
    let sandbox = item.sandbox.then(|| view! { <span class="tagged">{t!("console.sandbox")}</span> });
    view! {
        <tr>
            <th scope="row">
                <a class="account-name row-link" href=Place::Request(item.id).path()>{customer}</a>
            </th>
            <td data-label=t!("queue.due")>{due(item)}</td>
            <td class="account-meta" data-label=t!("queue.tenant")>{item.tenant.name.clone()}</td>
            <td class="number" data-label=t!("status.accounts")>{i18n::number(u64::from(item.pairs))}</td>
            <td class="number" data-label=t!("queue.files")>{i18n::number(u64::from(item.attachments))}</td>
            <td data-label=t!("status.col_state")>{state_view(item.state)} " " {sandbox}</td>
        </tr>
    }
    .into_any()
}

pub(super) fn state_view(state: RequestState) -> impl IntoView {
    let (class, glyph, text) = match state {
        RequestState::Requested => ("status status-warn", Glyph::Clock, t!("request.state_requested")),
        RequestState::Accepted => ("status status-idle", Glyph::Check, t!("request.state_accepted")),
        RequestState::Running => ("status status-busy", Glyph::Spinner, t!("request.state_running")),
        RequestState::Done => ("status status-good", Glyph::Check, t!("request.state_done")),
        RequestState::Declined => ("status status-bad", Glyph::Cross, t!("request.state_declined")),
        RequestState::Cancelled => ("status status-idle", Glyph::Stop, t!("request.state_cancelled")),
        RequestState::Expired => ("status status-idle", Glyph::Clock, t!("request.state_expired")),
    };
    view! { <span class=class>{icon(glyph)}<span>{text}</span></span> }
}

#[component]
fn Own() -> impl IntoView {
    let listed = Listed::of(|cursor| async move { api::orders("requested=true", cursor).await });
    let heads = vec![
        t!("console.col_migration"),
        t!("status.col_state"),
        t!("queue.customer"),
        t!("status.accounts"),
        t!("queue.due"),
    ];
    view! {
        <PageHead title=t!("console.requests") lead=t!("queue.own_lead") />
        <ListTable listed=listed name=t!("console.requests") heads=heads empty=Empty(Glyph::Inbox, t!("queue.own_none")) row=own_row />
    }
}

fn own_row(item: &OrderListItem, _: Listed<OrderListItem>) -> AnyView {
    let number = format::short_id(&item.id.to_string());
    let name = item.first_account.clone().unwrap_or_else(|| number.clone());
    let customer = item.origin.notify_address.as_ref().map(ToString::to_string);
    view! {
        <tr>
            <th scope="row">
                <a class="account-name row-link" href=Place::Migration(item.id).path()>{name}</a>
                <p class="account-meta mono">{number}</p>
            </th>
            <td data-label=t!("status.col_state")>{item.request.map(state_view)}</td>
            <td class="account-meta" data-label=t!("queue.customer")>{customer}</td>
            <td class="number" data-label=t!("status.accounts")>{i18n::number(u64::from(item.pairs))}</td>
            <td class="cell-time" data-label=t!("queue.due")>{item.first_run_at.map(intl::date_time)}</td>
        </tr>
    }
    .into_any()
}
