//! The list of migrations: filter, search, page by page.

use leptos::prelude::*;
use mailferry_shared::{
    order::{OrderState, StartKind},
    order_list::{MigrationType, OrderListItem},
};

use super::list::{ListTable, Listed};
use crate::{
    api,
    browser::{self, intl},
    components::{Glyph, PageHead, TextField, icon},
    i18n,
    route::Step,
    t,
};

/// The filter as typed.
#[derive(Clone, Copy)]
struct Filter {
    text: RwSignal<String>,
    domain: RwSignal<String>,
    state: RwSignal<String>,
}

impl Filter {
    /// The query of the API.
    fn query(self) -> String {
        let typed = |signal: RwSignal<String>| signal.with_untracked(|text| text.trim().to_owned());
        let parameters = [("q", typed(self.text)), ("domain", typed(self.domain)), ("state", typed(self.state))];
        let parts: Vec<_> = parameters
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", browser::escaped(&value)))
            .collect();
        parts.join("&")
    }
}

/// The states one asks for together, with their names.
fn states() -> [(&'static str, &'static str); 6] {
    [
        ("", t!("protocol.all")),
        ("draft,awaiting_payment", t!("console.state_open")),
        ("scheduled", t!("status.title_scheduled")),
        ("active,paused", t!("console.state_active")),
        ("completed", t!("status.run_succeeded")),
        ("closed,cancelled", t!("console.state_over")),
    ]
}

/// The part.
#[component]
pub(super) fn Migrations() -> impl IntoView {
    let filter = Filter { text: RwSignal::default(), domain: RwSignal::default(), state: RwSignal::new(String::new()) };
    let listed = Listed::of(move |cursor| {
        let query = filter.query();
        async move { api::orders(&query, cursor).await }
    });
    let on_submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        listed.anew();
    };
    let heads = vec![
        t!("console.col_migration"),
        t!("status.col_state"),
        t!("console.col_asked"),
        t!("console.col_code"),
        t!("console.col_type"),
        t!("status.accounts"),
        t!("console.col_first"),
        t!("console.col_second"),
    ];
    let chips = states()
        .into_iter()
        .map(|(value, name)| {
            view! {
                <button
                    type="button"
                    class="chip"
                    aria-pressed=move || filter.state.with(|state| state == value).to_string()
                    on:click=move |_| {
                        filter.state.set(value.to_owned());
                        listed.anew();
                    }
                >
                    {name}
                </button>
            }
        })
        .collect_view();
    view! {
        <PageHead title=t!("console.migrations") lead=t!("console.migrations_lead") />
        <form class="filter" role="search" on:submit=on_submit>
            <TextField id="filter-text" label=t!("console.search") value=filter.text hint=t!("console.search_hint") />
            <TextField id="filter-domain" label=t!("console.domain") value=filter.domain placeholder="example.org" />
            <button type="submit" class="button">{icon(Glyph::Search)} {t!("console.find")}</button>
        </form>
        <div class="chips" role="group" aria-label=t!("status.col_state")>
            {chips}
        </div>
        <ListTable
            listed=listed
            name=t!("console.migrations")
            heads=heads
            empty=t!("console.no_migrations")
            row=row
        />
    }
}

/// The state of an order in a word or two.
pub(super) fn state_name(state: OrderState) -> &'static str {
    match state {
        OrderState::Draft => t!("status.title_draft"),
        OrderState::AwaitingPayment => t!("status.title_awaiting_payment"),
        OrderState::Scheduled => t!("status.title_scheduled"),
        OrderState::Active => t!("status.run_running"),
        OrderState::Paused => t!("status.title_paused"),
        OrderState::Completed => t!("status.run_succeeded"),
        OrderState::Closed => t!("console.closed"),
        OrderState::Cancelled => t!("status.title_cancelled"),
    }
}

fn state_view(state: OrderState) -> impl IntoView {
    let (class, glyph) = match state {
        OrderState::Draft | OrderState::AwaitingPayment | OrderState::Scheduled => ("status status-idle", Glyph::Clock),
        OrderState::Active => ("status status-busy", Glyph::Spinner),
        OrderState::Paused => ("status status-warn", Glyph::Pause),
        OrderState::Completed => ("status status-good", Glyph::Check),
        OrderState::Closed => ("status status-idle", Glyph::Lock),
        OrderState::Cancelled => ("status status-idle", Glyph::Stop),
    };
    view! { <span class=class>{icon(glyph)}<span>{state_name(state)}</span></span> }
}

fn type_name(kind: MigrationType) -> &'static str {
    match kind {
        MigrationType::Standard => t!("console.type_standard"),
        MigrationType::Gmail => "Gmail",
        MigrationType::Exchange => "Exchange",
        MigrationType::Office365 => "Microsoft 365",
    }
}

fn row(item: &OrderListItem, _: Listed<OrderListItem>) -> AnyView {
    let number = item.id.to_string();
    let short = number.get(..8).unwrap_or_default().to_owned();
    let name = item.first_account.clone().unwrap_or_else(|| short.clone());
    let origin = &item.origin;
    let asker = origin
        .member_name
        .clone()
        .or_else(|| origin.api_key_name.clone())
        .or_else(|| origin.link_name.clone())
        .or_else(|| origin.notify_address.as_ref().map(ToString::to_string))
        .unwrap_or_else(|| "–".to_owned());
    let time = |time: Option<_>| time.map_or_else(|| "–".to_owned(), intl::date_time);
    let trial = (item.kind == Some(StartKind::Trial))
        .then(|| view! { <span class="tagged">{t!("protocol.kind_trial")}</span> });
    let sandbox = item.sandbox.then(|| view! { <span class="tagged">{t!("console.sandbox")}</span> });
    view! {
        <tr>
            <th scope="row">
                <a class="account-name row-link" href=Step::Status.path(item.id)>{name}</a>
                <p class="account-meta mono">{short}</p>
            </th>
            <td>{state_view(item.state)} {trial} {sandbox}</td>
            <td class="account-meta">{asker}</td>
            <td class="mono">{item.codes.join(", ")}</td>
            <td data-data="">{type_name(item.migration_type)}</td>
            <td class="number">{i18n::number(u64::from(item.pairs))}</td>
            <td>{time(item.first_run_at)}</td>
            <td>{time(item.second_run_at)}</td>
        </tr>
    }
    .into_any()
}
