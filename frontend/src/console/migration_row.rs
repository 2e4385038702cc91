//! One migration of the list.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use mailferry_shared::{
    endpoint::HostName,
    order::{OrderState, StartKind},
    order_list::{MigrationType, OrderListItem, OrderOrigin, OrderProgress},
    schedule::{DeltaSchedule, DeltaTrigger},
};

use super::{list::Listed, order_state::state_view, requests};
use crate::{browser::intl, format, i18n, route::Console as Place, state::service::Service, t, tn};

/// What kind of service the mail comes from.
pub(super) fn type_name(kind: MigrationType) -> &'static str {
    match kind {
        MigrationType::Standard => t!("console.type_standard"),
        MigrationType::Gmail => "Gmail",
        MigrationType::Exchange => "Exchange",
        MigrationType::Office365 => "Microsoft 365",
    }
}

/// Who asked: a member, a program, whoever came by a link, or an address.
pub(super) fn asker(origin: &OrderOrigin) -> Option<String> {
    let names = [&origin.member_name, &origin.api_key_name, &origin.link_name];
    let name = names.into_iter().flatten().next().cloned();
    name.or_else(|| origin.notify_address.as_ref().map(ToString::to_string))
}

/// What a migration is called: its first account and how many more there are, else where from and where to.
fn name(item: &OrderListItem) -> String {
    let ends = || match (&item.source, &item.destination) {
        (None, None) => None,
        (source, destination) => {
            let end = |host: &Option<HostName>| host.as_ref().map_or("?", HostName::as_str).to_owned();
            Some(format!("{} → {}", end(source), end(destination)))
        }
    };
    let more = u64::from(item.pairs.saturating_sub(1));
    let accounts = item.first_account.as_ref().map(|first| match more {
        0 => first.clone(),
        _ => tn!("console.and_more", more, name = first),
    });
    accounts.or_else(ends).unwrap_or_else(|| t!("accounts.empty_title").to_owned())
}

/// What there is to copy, how far that is, or what has arrived; nothing before it is known.
fn progress(item: &OrderListItem) -> Option<impl IntoView + use<>> {
    let OrderProgress { done, arrived, total, done_bytes, total_bytes, at_least } = item.progress?;
    let of_all = |count: u64, all: String| t!("status.progress_of", done = i18n::number(count), listed = all);
    let runs = matches!(item.state, OrderState::Active | OrderState::Paused);
    // By bytes, as on the page of the migration itself.
    let percent = (runs && !at_least && total > 0).then(|| match total_bytes {
        0 => format::percent(done, total),
        _ => format::percent(done_bytes, total_bytes),
    });
    let bar = percent.map(|percent| {
        view! {
            <strong class="numbers">{intl::percent(percent)}</strong>
            <progress class="progress" max="100" value=percent aria-label=t!("status.col_progress")></progress>
        }
    });
    let messages = match item.state {
        OrderState::Draft | OrderState::AwaitingPayment | OrderState::Scheduled => tn!("console.to_copy", total),
        OrderState::Completed | OrderState::Closed if arrived == total => tn!("status.arrived", total),
        OrderState::Completed | OrderState::Closed => of_all(arrived, tn!("status.arrived", total)),
        _ if done < total => of_all(done, tn!("count.messages", total)),
        _ => tn!("count.messages", total),
    };
    let messages = if at_least { t!("status.at_least", amounts = messages) } else { messages };
    // The size of all would be read as that of what has arrived.
    let size = match item.state {
        OrderState::Completed | OrderState::Closed => (arrived == total).then(|| intl::size(total_bytes)),
        OrderState::Active | OrderState::Paused | OrderState::Cancelled if done < total => {
            Some(t!("status.bytes_of", done = intl::size(done_bytes), listed = intl::size(total_bytes)))
        }
        _ => Some(intl::size(total_bytes)),
    };
    Some(view! {
        {bar}
        <p class="account-meta">{messages}</p>
        {size.map(|size| view! { <p class="account-meta">{size}</p> })}
    })
}

/// When it began, went on, and ended, a line each.
fn runs(item: &OrderListItem) -> Option<impl IntoView + use<>> {
    let line = |name: &'static str, at: Option<DateTime<Utc>>| {
        at.map(|at| view! { <p>{format!("{name}: ")} <span class="whole">{intl::date_time(at)}</span></p> })
    };
    item.first_run_at.map(|first| {
        // A first run that is still to come is not over, whatever was before.
        let over = item.finished_at.filter(|over| *over >= first);
        let planned = item.delta_schedule.filter(|_| item.second_run_at.is_none()).map(|planned| {
            view! { <p>{format!("{}: {}", t!("console.col_second"), second_run(planned))}</p> }
        });
        // Before it has begun this is a plan, and may be over while a payment is waited for.
        let is_planned = matches!(item.state, OrderState::Draft | OrderState::AwaitingPayment | OrderState::Scheduled);
        let is_planned = is_planned && item.finished_at.is_none();
        view! {
            {line(if is_planned { t!("queue.start_at") } else { t!("console.col_first") }, Some(first))}
            {line(t!("console.col_second"), item.second_run_at)}
            {planned}
            {line(t!("protocol.finished"), over)}
        }
    })
}

/// When a second run starts by itself.
fn second_run(planned: DeltaSchedule) -> String {
    match planned.trigger {
        DeltaTrigger::MxChanged => t!("console.second_mx").to_owned(),
        DeltaTrigger::AfterDelay => {
            let hours = planned.delay_hours.unwrap_or_else(|| Service::get().delta_hours().usual);
            t!("console.second_after", time = intl::span(u64::from(hours) * 3600))
        }
    }
}

/// The row.
pub(super) fn row(item: &OrderListItem, _: Listed<OrderListItem>) -> AnyView {
    let short = format::short_id(&item.id.to_string());
    let kind = (item.migration_type != MigrationType::Standard).then(|| type_name(item.migration_type));
    let kind = kind.map(|kind| view! { " · " <span class="whole">{kind}</span> });
    // What paid stands by who asked.
    let codes = item.codes.iter().map(|code| view! { <p><span class="mono">{format!("{code}-…")}</span></p> });
    let codes = codes.collect_view();
    let trial = (item.kind == Some(StartKind::Trial))
        .then(|| view! { <span class="tagged">{t!("protocol.kind_trial")}</span> });
    let sandbox = item.sandbox.then(|| view! { <span class="tagged">{t!("console.sandbox")}</span> });
    // Of what the operator was asked to do, the request says how it stands.
    let asked = item.request.filter(|_| item.state == OrderState::Draft);
    let state = match asked {
        Some(asked) => requests::state_view(asked).into_any(),
        None => state_view(item.state, item.attention == 0).into_any(),
    };
    let attention = (item.attention > 0).then(|| {
        view! { <p class="small status-warn">{tn!("console.attention_some", u64::from(item.attention))}</p> }
    });
    view! {
        <tr>
            <th scope="row">
                <a class="account-name row-link" href=Place::Migration(item.id).path()>{name(item)}</a>
                {item.reference.clone().map(|reference| view! { <p class="small" data-data="">{reference}</p> })}
                <p class="account-meta" data-data="">
                    {short} " · " <span class="whole">{intl::date_time(item.created_at)}</span> {kind}
                </p>
            </th>
            <td class="cell-wide" data-label=t!("status.col_state")>{state} " " {trial} {sandbox} {attention}</td>
            <td class="cell-progress" data-label=t!("status.col_progress")>{progress(item)}</td>
            <td class="number" data-label=t!("status.accounts")>{i18n::number(u64::from(item.pairs))}</td>
            <td class="account-meta" data-label=t!("console.col_asked")>
                {asker(&item.origin)}
                {codes}
            </td>
            <td class="account-meta cell-runs" data-label=t!("protocol.runs")>{runs(item)}</td>
        </tr>
    }
    .into_any()
}
