//! Per folder: what became of its messages.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    ids::{PairId, RunId},
    protocol::{FolderProtocol, Protocol},
    run::{Counts, RunSummary},
};

use super::{Page, protocol::log_name};
use crate::{
    api,
    browser::intl,
    components::{Failure, Skeleton},
    i18n,
    state::Load,
    t,
};

/// The folders of a pair's latest run, read again whenever its counts have changed.
#[component]
pub(super) fn PairFolders(page: Page, id: PairId, run: Memo<Option<RunSummary>>) -> impl IntoView {
    let protocol = RwSignal::new(Load::<Protocol>::Loading);
    let state = Memo::new(move |_| run.with(|run| run.as_ref().map(|run| (run.id, run.state, run.counts.done()))));
    let load = move |run: RunId| {
        spawn_local(async move {
            let loaded = api::protocol(page.context.id, id, run).await;
            // What is shown stays while a newer one cannot be had.
            let is_better =
                loaded.is_ok() || protocol.try_with_untracked(|known| known.ready().is_none()) == Some(true);
            if is_better {
                protocol.try_set(loaded.into());
            }
        });
    };
    Effect::new(move || {
        if let Some((run, ..)) = state.get() {
            load(run);
        }
    });
    let retry = Callback::new(move |()| state.get_untracked().into_iter().for_each(|(run, ..)| load(run)));
    move || match protocol.get() {
        Load::Loading => view! { <Skeleton /> }.into_any(),
        Load::Failed(error) => view! { <Failure error=error retry=retry /> }.into_any(),
        Load::Ready(protocol) => {
            let run = &protocol.run;
            // A later run finds there already what was copied before it.
            let log = (run.number > 1).then(|| log_name(run.number, run.kind));
            view! {
                {log.map(|log| view! { <p class="small soft">{log}</p> })}
                {table(&protocol.folders, &run.counts)}
            }
            .into_any()
        }
    }
}

/// The folders of a run with their counts, and the sum.
pub(super) fn table(folders: &[FolderProtocol], total: &Counts) -> AnyView {
    if folders.is_empty() {
        return view! { <p class="soft small">{t!("protocol.no_folders")}</p> }.into_any();
    }
    let head = [
        t!("protocol.size_found"),
        t!("protocol.listed"),
        t!("protocol.copied"),
        t!("protocol.present"),
        t!("protocol.skipped"),
        t!("protocol.failed"),
        t!("protocol.uncertain"),
    ];
    let numbers = |counts: &Counts| {
        let values = [counts.listed, counts.stored, counts.present, counts.skipped, counts.failed, counts.uncertain];
        let sizes = std::iter::once((intl::size(counts.listed_bytes), counts.listed_bytes == 0));
        let texts = sizes.chain(values.map(|value| (i18n::number(value), value == 0)));
        // Nothing is seen less than something, and where there is no room not at all.
        let cell = |(name, (text, is_none)): (&'static str, (String, bool))| {
            view! { <td class="number" class:is-none=is_none data-label=name>{text}</td> }
        };
        head.into_iter().zip(texts).map(cell).collect_view()
    };
    let rows = folders
        .iter()
        .map(|folder| {
            let renamed = (folder.destination != folder.source)
                .then(|| view! { <p class="account-meta">{t!("protocol.renamed", name = folder.destination)}</p> });
            view! {
                <tr>
                    <th scope="row">
                        <span class="account-name">{folder.source.clone()}</span>
                        {renamed}
                    </th>
                    {numbers(&folder.counts)}
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-scroll" tabindex="0" role="region" aria-label=t!("protocol.folders")>
            <table class="table table-tight table-folders">
                <caption class="visually-hidden">{t!("protocol.folders")}</caption>
                <thead>
                    <tr>
                        <th scope="col">{t!("protocol.col_folder")}</th>
                        {head.map(|name| view! { <th scope="col" class="number">{name}</th> }).collect_view()}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
                <tfoot>
                    <tr>
                        <th scope="row">{t!("protocol.total")}</th>
                        {numbers(total)}
                    </tr>
                </tfoot>
            </table>
        </div>
    }
    .into_any()
}
