//! A row per account pair, and the dialog with its protocol.

use std::collections::HashSet;

use leptos::prelude::*;
use mailferry_shared::{ids::PairId, progress::PairProgress, run::RunState};

use super::{Page, pair_row::Row, protocol::ProtocolDialog, words::is_ahead};
use crate::{
    api, browser,
    components::{Glyph, VirtualRows, icon},
    i18n, t,
};

/// The table, and the dialog with the protocol of a row.
#[component]
pub(super) fn Pairs(page: Page) -> impl IntoView {
    let shown = RwSignal::new(None::<PairProgress>);
    // Which rows are open; kept here, because rows come and go as one scrolls.
    let opened = RwSignal::new(HashSet::<PairId>::new());
    let only_odd = RwSignal::new(false);
    let counts = Memo::new(move |_| {
        page.progress.with(|progress| {
            let pairs = progress.ready().map(|progress| progress.pairs.as_slice()).unwrap_or_default();
            (pairs.len(), pairs.iter().filter(|pair| is_odd(pair)).count())
        })
    });
    let ids = Memo::new(move |_| {
        let only_odd = only_odd.get() && counts.get().1 > 0;
        page.progress.with(|progress| {
            let pairs = progress.ready().map(|progress| progress.pairs.as_slice()).unwrap_or_default();
            let shown = pairs.iter().filter(|pair| !only_odd || is_odd(pair));
            shown.map(|pair| pair.pair_id.0).collect::<Vec<_>>()
        })
    });
    let chip = move |odd: bool, name: &'static str| {
        let count = move || if odd { counts.get().1 } else { counts.get().0 };
        view! {
            <button
                type="button"
                class="chip"
                aria-pressed=move || (only_odd.get() == odd).to_string()
                on:click=move |_| only_odd.set(odd)
            >
                {name} " " {move || i18n::number(u64::try_from(count()).unwrap_or_default())}
            </button>
        }
    };
    view! {
        <section class="card card-flush" aria-labelledby="pairs-title">
            <div class="toolbar">
                <h2 id="pairs-title">{t!("status.accounts")}</h2>
                <div class="row print-hidden" hidden=move || is_ahead(page.state())>
                    <a
                        class="button button-small"
                        href=api::report_url(page.context.id)
                        download=""
                        rel="external"
                    >
                        {icon(Glyph::Download)}
                        {t!("status.report_download")}
                    </a>
                    <button
                        type="button"
                        class="button button-small is-roomy"
                        disabled=move || ids.with(Vec::is_empty)
                        on:click=|_| browser::print()
                    >
                        {icon(Glyph::Printer)}
                        {t!("status.report")}
                    </button>
                </div>
            </div>
            // Among few nobody has to look for one.
            <Show when=move || { counts.get().0 > FEW && counts.get().1 > 0 }>
                <div class="chips toolbar print-hidden" role="group" aria-label=t!("protocol.filter")>
                    {chip(false, t!("protocol.all"))} {chip(true, t!("status.with_exceptions"))}
                </div>
            </Show>
            <Show
                when=move || !ids.with(Vec::is_empty)
                fallback=|| view! { <p class="empty soft">{t!("status.no_pairs")}</p> }
            >
                <table
                    class="table table-cards"
                    aria-rowcount=move || ids.with(|ids| (ids.len() + 1).to_string())
                >
                    <caption class="visually-hidden">{t!("status.table")}</caption>
                    <thead>
                        <tr aria-rowindex="1">
                            <th scope="col">{t!("status.col_accounts")}</th>
                            <th scope="col">{t!("status.col_state")}</th>
                            <th scope="col">{t!("status.col_progress")}</th>
                            <th scope="col">
                                <span class="visually-hidden">{t!("status.col_protocol")}</span>
                            </th>
                        </tr>
                    </thead>
                    <VirtualRows
                        ids=ids
                        columns=4
                        row=move |(id, at)| {
                            view! { <Row page=page id=PairId(id) at=at shown=shown opened=opened /> }.into_any()
                        }
                    />
                </table>
            </Show>
        </section>
        <ProtocolDialog page=page shown=shown />
    }
}

/// More accounts than this are not overlooked.
const FEW: usize = 5;

/// True for an account that somebody should look at.
pub(super) fn is_odd(pair: &PairProgress) -> bool {
    pair.run.as_ref().is_some_and(|run| {
        matches!(run.state, RunState::Partial | RunState::Failed)
            || run.finding.is_some()
            || run.counts.failed + run.counts.uncertain > 0
    })
}
