//! The messages of a run that were not simply copied.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    ids::{OrderId, PairId, RunId},
    protocol::{ItemOutcome, ItemProtocol, Protocol},
    run::{Counts, RunState},
};

use crate::{
    api::{self, ApiError},
    browser::intl,
    components::{Glyph, Skeleton, failed, icon},
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

/// How many messages of a run have an outcome; none: any of those listed here.
fn count_of(counts: &Counts, outcome: Option<ItemOutcome>, total: u64) -> u64 {
    match outcome {
        None => total,
        Some(ItemOutcome::Duplicate) => counts.duplicates,
        Some(ItemOutcome::Skipped) => counts.skipped,
        Some(ItemOutcome::Failed) => counts.failed,
        Some(ItemOutcome::Uncertain) => counts.uncertain,
    }
}

/// The name of an outcome in the API.
fn code(outcome: ItemOutcome) -> &'static str {
    match outcome {
        ItemOutcome::Duplicate => "duplicate",
        ItemOutcome::Skipped => "skipped",
        ItemOutcome::Failed => "failed",
        ItemOutcome::Uncertain => "uncertain",
    }
}

/// What is shown of the list.
#[derive(Clone, Copy)]
struct List {
    run: (OrderId, PairId, RunId),
    filter: RwSignal<Option<ItemOutcome>>,
    shown: RwSignal<Vec<ItemProtocol>>,
    /// Where the next page begins, if there is one.
    next: RwSignal<Option<String>>,
    busy: RwSignal<bool>,
    failure: RwSignal<Option<ApiError>>,
}

impl List {
    /// Adds a page to what is shown.
    fn load(self, cursor: Option<String>) {
        let asked = self.filter.get_untracked();
        self.busy.set(true);
        self.failure.set(None);
        spawn_local(async move {
            let loaded = api::protocol_items(self.run, asked.map_or("", code), cursor).await;
            // Another kind may have been chosen meanwhile.
            if self.filter.try_get_untracked() != Some(asked) {
                return;
            }
            self.busy.set(false);
            match loaded {
                Ok(page) => {
                    self.shown.update(|shown| shown.extend(page.items));
                    self.next.set(page.next_cursor);
                }
                Err(error) => self.failure.set(Some(error)),
            }
        });
    }
}

/// The list with its filter. The protocol brings the first of the messages along; of a kind of which it does not bring
/// all they are read page by page.
#[component]
pub(super) fn Items(protocol: Protocol, order: OrderId) -> impl IntoView {
    let Protocol { run, items, items_total: total, .. } = protocol;
    let list = List {
        run: (order, run.pair_id, run.id),
        filter: RwSignal::new(None),
        shown: RwSignal::new(items.clone()),
        next: RwSignal::new(None),
        busy: RwSignal::new(false),
        failure: RwSignal::new(None),
    };
    let is_empty = items.is_empty();
    let is_nameless = !is_empty && items.iter().all(|item| item.subject.is_none());
    let known = StoredValue::new(items);
    let choose = move |outcome: Option<ItemOutcome>| {
        list.filter.set(outcome);
        list.next.set(None);
        let wanted = |item: &&ItemProtocol| outcome.is_none_or(|outcome| item.outcome == outcome);
        let found = known.with_value(|known| known.iter().filter(wanted).cloned().collect::<Vec<_>>());
        let is_all = u64::try_from(found.len()).is_ok_and(|found| found >= count_of(&run.counts, outcome, total));
        list.shown.set(if is_all { found } else { Vec::new() });
        list.busy.set(false);
        if !is_all {
            list.load(None);
        }
    };
    if !is_empty {
        choose(None);
    }
    let chips = std::iter::once(None)
        .chain(OUTCOMES.map(Some).into_iter().filter(|outcome| count_of(&run.counts, *outcome, total) > 0))
        .map(|outcome| {
            let name = outcome.map_or_else(|| t!("protocol.all"), plural_name);
            view! {
                <button
                    type="button"
                    class="chip"
                    aria-pressed=move || (list.filter.get() == outcome).to_string()
                    on:click=move |_| choose(outcome)
                >
                    {name}
                    <span class="numbers">{i18n::number(count_of(&run.counts, outcome, total))}</span>
                </button>
            }
        })
        .collect_view();
    let rows = move || {
        list.shown.with(|shown| match shown.as_slice() {
            [] if list.busy.get() => view! { <Skeleton /> }.into_any(),
            [] => view! { <p class="soft small">{t!("protocol.no_items_filter")}</p> }.into_any(),
            shown => table(shown.iter().map(row).collect_view().into_any()).into_any(),
        })
    };
    let more = move || {
        let cursor = list.next.get()?;
        Some(view! {
            <button
                type="button"
                class="button button-small"
                disabled=move || list.busy.get()
                on:click=move |_| list.load(Some(cursor.clone()))
            >
                {t!("console.more")}
            </button>
        })
    };
    view! {
        <section class="stack-s" aria-labelledby="items-title">
            <h3 id="items-title">{t!("protocol.items")}</h3>
            {if is_empty {
                // Of a run that has not done all of it, an empty list proves nothing.
                let is_whole = run.state == RunState::Succeeded;
                let text = if is_whole { t!("protocol.no_items") } else { t!("protocol.no_items_yet") };
                view! { <p class="soft small">{text}</p> }.into_any()
            } else {
                view! {
                    <div class="chips" role="group" aria-label=t!("protocol.filter")>
                        {chips}
                    </div>
                    {is_nameless.then(|| view! { <p class="soft small print-hidden">{t!("protocol.no_subjects")}</p> })}
                    {rows}
                    {failed(list.failure)}
                    {more}
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
    let subject = item.subject.clone().map(|subject| view! { <p>{subject}</p> });
    let id = item.message_id.clone().map(|id| view! { <p class="account-meta mono">{id}</p> });
    view! {
        <tr>
            <td>{badge(item.outcome)}</td>
            <td>
                {subject}
                <p class="account-name">{item.folder.clone()}</p>
                <p class="account-meta">{t!("protocol.uid", uid = item.uid)}</p>
                {id}
            </td>
            <td class="cell-time">{item.date.map(intl::date_time)}</td>
            <td class="number">{intl::size(item.size_bytes)}</td>
            <td>{reason}</td>
        </tr>
    }
}
