//! Requested migrations: the operator's queue, and what the customers of a tenant have asked for.

use chrono::TimeDelta;
use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    key::Scope,
    link::Link,
    member::Principal,
    order::OrderState,
    order_list::OrderListItem,
    request::{RequestListItem, RequestState},
    tenant::Tenant,
};

use super::{
    chips::Chips,
    list::{Empty, ListTable, Listed},
    list_head::Count,
    may,
};
use crate::{
    api,
    browser::intl,
    components::{CopyLine, Glyph, PageHead, Select, icon},
    format, i18n,
    route::{ASK, Console as Place},
    t,
};

/// Most addresses of the form that are shown: the links' page has all.
const MOST_ADDRESSES: usize = 12;

/// The part: for operators the queue of all tenants, for others the list of their own.
#[component]
pub(super) fn Requests() -> impl IntoView {
    let is_operator = expect_context::<Principal>().operator;
    if is_operator { view! { <Queue /> }.into_any() } else { view! { <Own /> }.into_any() }
}

/// The states one asks for together, with their names; what waits for the operator comes first.
fn filters() -> [(&'static str, &'static str); 5] {
    [
        ("requested,accepted", t!("queue.open")),
        ("running", t!("request.state_running")),
        ("done", t!("request.state_done")),
        ("declined,cancelled,expired", t!("queue.off")),
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
        <Count listed=listed />
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
    let number = format::short_id(&item.order_id.to_string());
    let sent = format!("{number} · {}: {}", t!("request.fact_sent"), intl::date_time(item.created_at));
    view! {
        <tr>
            <th scope="row">
                <a class="account-name row-link" href=Place::Request(item.id).path()>{customer}</a>
                <p class="account-meta">{sent}</p>
            </th>
            <td data-label=t!("queue.due")>{due(item)}</td>
            <td class="account-meta" data-label=t!("queue.tenant")>{item.tenant.name.clone()}</td>
            <td class="number" data-label=t!("status.accounts")>{i18n::number(u64::from(item.pairs))}</td>
            <td class="number" data-label=t!("queue.files")>{i18n::number(u64::from(item.attachments))}</td>
            <td data-label=t!("status.col_state")>
                {state_view(item.state)} " " {sandbox}
                {next(item).map(|text| view! { <p class="account-meta">{text}</p> })}
            </td>
        </tr>
    }
    .into_any()
}

/// What an accepted request waits for.
fn next(item: &RequestListItem) -> Option<&'static str> {
    match (item.state, item.order_state) {
        (RequestState::Accepted, OrderState::AwaitingPayment) => Some(t!("status.title_awaiting_payment")),
        (RequestState::Accepted, OrderState::Draft) => Some(t!("queue.next_check")),
        (RequestState::Accepted, OrderState::Scheduled) => Some(t!("status.title_scheduled")),
        _ => None,
    }
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
        <FormAddresses />
    }
}

/// Where a tenant's customers ask: the form, by each link that is good.
#[component]
fn FormAddresses() -> impl IntoView {
    let links = RwSignal::new(None::<Vec<Link>>);
    if may(&expect_context::<Principal>(), Scope::LinksRead) {
        spawn_local(async move {
            // Who may not see links is told of none.
            if let Ok(page) = api::links(None).await {
                links.try_set(Some(page.items));
            }
        });
    }
    let line = |link: &Link| {
        let address = link.url.replacen("/#", &format!("{ASK}#"), 1);
        view! {
            <div class="stack-s">
                <h3 class="field-label" data-data="">{link.name.clone()}</h3>
                <CopyLine label=t!("queue.form_address") text=address is_long=true />
            </div>
        }
    };
    let lines = move |links: &Vec<Link>| {
        let good: Vec<_> = links.iter().filter(|link| !link.revoked).take(MOST_ADDRESSES).map(line).collect();
        if good.is_empty() {
            view! { <p><a href=Place::Links.path()>{t!("queue.form_no_link")}</a></p> }.into_any()
        } else {
            view! { <div class="two">{good}</div> }.into_any()
        }
    };
    let card = move || {
        links.with(|links| {
            links.as_ref().map(|links| {
                view! {
                    <section class="card" aria-labelledby="form-addresses">
                        <div class="stack-s">
                            <h2 id="form-addresses">{t!("queue.form_title")}</h2>
                            <p class="soft">{t!("queue.form_text")}</p>
                        </div>
                        {lines(links)}
                    </section>
                }
            })
        })
    };
    view! { {card} }
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
            <td class="account-meta cell-wide" data-label=t!("queue.customer")>{customer}</td>
            <td class="number" data-label=t!("status.accounts")>{i18n::number(u64::from(item.pairs))}</td>
            <td class="cell-time" data-label=t!("queue.due")>{item.first_run_at.map(intl::date_time)}</td>
        </tr>
    }
    .into_any()
}
