//! The messages of a run that were not simply copied.

use leptos::prelude::*;
use mailferry_shared::protocol::{ItemOutcome, ItemProtocol};

use crate::{
    browser::intl,
    components::{Glyph, icon},
    i18n, t,
};

const OUTCOMES: [ItemOutcome; 4] =
    [ItemOutcome::Failed, ItemOutcome::Uncertain, ItemOutcome::Skipped, ItemOutcome::Duplicate];

fn plural_name(outcome: ItemOutcome) -> &'static str {
    match outcome {
        ItemOutcome::Duplicate => t!("protocol.duplicates"),
        ItemOutcome::Skipped => t!("protocol.skipped"),
        ItemOutcome::Failed => t!("protocol.failed"),
        ItemOutcome::Uncertain => t!("protocol.uncertain"),
    }
}

fn badge(outcome: ItemOutcome) -> impl IntoView {
    let (class, glyph, text) = match outcome {
        ItemOutcome::Duplicate => ("status status-idle", Glyph::Copy, t!("protocol.duplicate_one")),
        ItemOutcome::Skipped => ("status status-warn", Glyph::Minus, t!("protocol.skipped_one")),
        ItemOutcome::Failed => ("status status-bad", Glyph::Cross, t!("protocol.failed_one")),
        ItemOutcome::Uncertain => ("status status-warn", Glyph::Info, t!("protocol.uncertain_one")),
    };
    view! { <span class=class>{icon(glyph)}<span>{text}</span></span> }
}

/// The list with its filter.
#[component]
pub(super) fn Items(items: Vec<ItemProtocol>, total: u64) -> impl IntoView {
    let filter = RwSignal::new(None::<ItemOutcome>);
    let shown = u64::try_from(items.len()).unwrap_or_default();
    let is_empty = items.is_empty();
    let chips = std::iter::once(None)
        .chain(OUTCOMES.map(Some))
        .map(|outcome| {
            let wanted = |item: &&ItemProtocol| outcome.is_none_or(|outcome| item.outcome == outcome);
            let count = u64::try_from(items.iter().filter(wanted).count()).unwrap_or_default();
            let name = outcome.map_or_else(|| t!("protocol.all"), plural_name);
            view! {
                <button
                    type="button"
                    class="chip"
                    aria-pressed=move || (filter.get() == outcome).to_string()
                    on:click=move |_| filter.set(outcome)
                >
                    {name}
                    <span class="numbers">{i18n::number(count)}</span>
                </button>
            }
        })
        .collect_view();
    let items = StoredValue::new(items);
    let rows = move || {
        let wanted = filter.get();
        items.with_value(|items| {
            let rows: Vec<_> =
                items.iter().filter(|item| wanted.is_none_or(|wanted| item.outcome == wanted)).map(row).collect();
            if rows.is_empty() {
                view! { <p class="soft small">{t!("protocol.no_items_filter")}</p> }.into_any()
            } else {
                table(rows.collect_view().into_any()).into_any()
            }
        })
    };
    let more = (total > shown).then(|| {
        let text = t!("protocol.items_more", shown = i18n::number(shown), total = i18n::number(total));
        view! { <p class="small soft">{text}</p> }
    });
    view! {
        <section class="stack-s" aria-labelledby="items-title">
            <h3 id="items-title">{t!("protocol.items")}</h3>
            {if is_empty {
                view! { <p class="soft small">{t!("protocol.no_items")}</p> }.into_any()
            } else {
                view! {
                    <div class="chips" role="group" aria-label=t!("protocol.filter")>
                        {chips}
                    </div>
                    {more}
                    {rows}
                }
                    .into_any()
            }}
        </section>
    }
}

fn table(rows: AnyView) -> impl IntoView {
    view! {
        <table class="table table-tight table-cards">
            <caption class="visually-hidden">{t!("protocol.items")}</caption>
            <thead>
                <tr>
                    <th scope="col">{t!("protocol.col_outcome")}</th>
                    <th scope="col">{t!("protocol.col_message")}</th>
                    <th scope="col">{t!("protocol.col_date")}</th>
                    <th scope="col" class="number">
                        {t!("protocol.col_size")}
                    </th>
                    <th scope="col">{t!("protocol.col_reason")}</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

fn row(item: &ItemProtocol) -> impl IntoView + use<> {
    let reason = item.code.map_or_else(
        || t!("protocol.duplicate_reason").to_owned(),
        |code| format!("{} {}", i18n::code_cause(code), i18n::code_next_step(code)),
    );
    let id = item.message_id.clone().map(|id| view! { <p class="account-meta mono">{id}</p> });
    view! {
        <tr>
            <td>{badge(item.outcome)}</td>
            <td>
                <p class="account-name">{item.folder.clone()}</p>
                <p class="account-meta">{t!("protocol.uid", uid = item.uid)}</p>
                {id}
            </td>
            <td>{item.date.map(intl::date_time)}</td>
            <td class="number">{intl::size(item.size_bytes)}</td>
            <td>{reason}</td>
        </tr>
    }
}
