//! The list of migrations: filter, search, page by page.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    key::Scope,
    member::{Member, Principal},
    order_list::OrderListItem,
};

use super::{
    chips::Chips,
    filter::{ATTENTION, Filter, REQUESTED},
    list::{Empty, ListTable, Listed},
    list_head::{Count, Export},
    may,
    migration_row::row,
};
use crate::{
    api,
    components::{Glyph, PageHead, Select, TextField, icon},
    route::Console as Place,
    t,
};

/// The states one asks for together, with their names.
fn states() -> [(&'static str, &'static str); 8] {
    [
        ("", t!("protocol.all")),
        (ATTENTION, t!("console.attention")),
        ("draft,awaiting_payment", t!("console.state_open")),
        ("scheduled", t!("status.title_scheduled")),
        ("active,paused", t!("console.state_active")),
        ("completed", t!("status.run_succeeded")),
        ("closed,cancelled", t!("console.state_over")),
        (REQUESTED, t!("request.state_requested")),
    ]
}

/// The part.
#[component]
pub(super) fn Migrations() -> impl IntoView {
    let filter = Filter::of_address(&states().map(|(value, _)| value));
    // What is listed now, for the file.
    let asked = RwSignal::new(String::new());
    let listed = Listed::of(move |cursor| {
        let query = filter.ask();
        asked.try_set(query.clone());
        async move { api::orders(&query, cursor).await }
    });
    listed.kept_fresh();
    let heads = vec![
        t!("console.col_migration"),
        t!("status.col_state"),
        t!("status.col_progress"),
        t!("status.accounts"),
        t!("console.col_asked"),
        t!("protocol.runs"),
    ];
    // What the list was asked for decides, not what is being typed.
    let narrowed = Memo::new(move |_| {
        listed.items.track();
        untrack(|| !filter.is_empty())
    });
    let is_bare =
        Memo::new(move |_| !narrowed.get() && listed.items.with(|items| items.ready().is_some_and(Vec::is_empty)));
    let empty = Signal::derive(move || {
        let text = if narrowed.get() { t!("console.no_migrations") } else { t!("console.no_migrations_yet") };
        Empty(if narrowed.get() { Glyph::Search } else { Glyph::List }, text)
    });
    let principal = expect_context::<Principal>();
    let may_begin = may(&principal, Scope::OrdersWrite);
    let begin = move || {
        may_begin.then(|| {
            view! {
                <a class="button button-primary" href=Place::New.path()>
                    {icon(Glyph::Plus)}
                    {t!("console.new")}
                </a>
            }
        })
    };
    let way_out = move |()| {
        if narrowed.get() {
            let clear = move |_| {
                filter.clear();
                listed.anew();
            };
            return view! {
                <button type="button" class="button" on:click=clear>
                    {icon(Glyph::Close)}
                    {t!("console.show_all")}
                </button>
            }
            .into_any();
        }
        // The way to begin one stands above; others begin theirs by what is handed out.
        let other = |place: Place, scope, glyph, name: &'static str| {
            may(&principal, scope).then(|| {
                view! {
                    <a class="button" href=place.path()>
                        {icon(glyph)}
                        {name}
                    </a>
                }
            })
        };
        view! {
            <div class="row">
                {other(Place::Links, Scope::LinksWrite, Glyph::Link, t!("console.links"))}
                {other(Place::Vouchers, Scope::VouchersWrite, Glyph::Ticket, t!("console.vouchers"))}
            </div>
        }
        .into_any()
    };
    view! {
        <div class="row-between">
            <PageHead title=t!("console.migrations") lead=t!("console.migrations_lead") />
            <div class="row">
                <Show when=move || !is_bare.get()>
                    <Export url=Signal::derive(move || api::orders_csv_url(&asked.get())) />
                </Show>
                {begin()}
            </div>
        </div>
        // Where there is nothing yet, there is nothing to look for.
        <Show when=move || !is_bare.get()>
            <Search filter=filter listed=listed />
            <Chips choices=states().to_vec() chosen=filter.state on_choose=move |()| listed.anew() />
            <Count listed=listed />
        </Show>
        <ListTable
            listed=listed
            name=t!("console.migrations")
            heads=heads
            empty=empty
            way_out=Callback::new(way_out)
            row=row
        />
    }
}

/// The words one looks for.
#[component]
fn Search(filter: Filter, listed: Listed<OrderListItem>) -> impl IntoView {
    let on_submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        listed.anew();
    };
    let members = RwSignal::new(Vec::<Member>::new());
    let sees_members = may(&expect_context::<Principal>(), Scope::MembersRead);
    if sees_members {
        spawn_local(async move {
            // Whoever cannot choose a member may still search for their name.
            if let Ok(page) = api::members(None).await {
                members.try_set(page.items);
            }
        });
    }
    let choices = Signal::derive(move || {
        let named = members.get().into_iter().map(|member| (member.id.to_string(), member.name));
        std::iter::once((String::new(), t!("console.anybody").to_owned())).chain(named).collect()
    });
    let member = sees_members.then(|| {
        view! { <Select id="filter-member" label=t!("console.col_asked") value=filter.member choices=choices /> }
    });
    view! {
        <form class="filter" role="search" on:submit=on_submit>
            <TextField id="filter-text" label=t!("console.search") value=filter.text hint=t!("console.search_hint") />
            <div class="filter-second">
                <TextField id="filter-domain" label=t!("console.domain") value=filter.domain placeholder="example.org" />
            </div>
            <button type="submit" class="button">{icon(Glyph::Search)} <span>{t!("console.find")}</span></button>
            <details class="disclosure filter-more" open=filter.has_more()>
                <summary>{t!("console.more_filters")}</summary>
                <div class="disclosure-body three">
                    <TextField id="filter-from" label=t!("console.created_from") value=filter.from kind="date" />
                    <TextField id="filter-until" label=t!("console.created_until") value=filter.until kind="date" />
                    {member}
                </div>
            </details>
        </form>
    }
}
