//! Tab *Account overview*.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    account::{AccountPair, SideName},
    ids::PairId,
};

use super::{
    Page, Tab,
    edit::{DeleteDialog, EditDialog},
    row::Row,
};
use crate::{
    api,
    components::{Failure, Glyph, Notice, Skeleton, Tick, Tone, VirtualRows, icon},
    pages::parts,
    state::{Load, checking},
    t,
};

/// What a row can open.
#[derive(Clone, Copy)]
pub(super) struct Dialogs {
    pub(super) edit: RwSignal<Option<AccountPair>>,
    /// The side whose password is to be entered again in the dialog that is opened.
    pub(super) again: RwSignal<Option<SideName>>,
    pub(super) delete: RwSignal<Option<AccountPair>>,
}

/// The pairs, or how to get some.
#[component]
pub(super) fn Overview() -> impl IntoView {
    let page = expect_context::<Page>();
    let dialogs = Dialogs { edit: RwSignal::new(None), again: RwSignal::new(None), delete: RwSignal::new(None) };
    provide_context(dialogs);
    // The table is built once; its rows follow the pairs.
    let shape = Memo::new(move |_| {
        page.context.accounts.with(|accounts| match accounts {
            Load::Loading => Load::Loading,
            Load::Failed(error) => Load::Failed(error.clone()),
            Load::Ready(pairs) => Load::Ready(pairs.is_empty()),
        })
    });
    let retry = Callback::new(move |()| page.context.kick.now());
    view! {
        <div class="stack">
            <div role="status">
                {move || {
                    page.message
                        .get()
                        .map(|message| {
                            view! {
                                <Notice tone=Tone::Good>
                                    <p>{message}</p>
                                </Notice>
                            }
                        })
                }}
            </div>
            {move || page.context.checking.error.get().map(|error| view! { <Failure error=error /> })}
            {move || match shape.get() {
                Load::Loading => view! { <Skeleton /> }.into_any(),
                Load::Failed(error) => view! { <Failure error=error retry=retry /> }.into_any(),
                Load::Ready(true) => view! { <Empty page=page /> }.into_any(),
                Load::Ready(false) => view! { <PairTable page=page /> }.into_any(),
            }}
            <EditDialog pair=dialogs.edit again=dialogs.again />
            <DeleteDialog pair=dialogs.delete />
        </div>
    }
}

#[component]
fn Empty(page: Page) -> impl IntoView {
    view! {
        <div class="card empty">
            {icon(Glyph::Users)}
            <h2>{t!("accounts.empty_title")}</h2>
            <p>{t!("accounts.empty_text")}</p>
            <div class="row">
                <button type="button" class="button button-primary" on:click=move |_| page.go(Tab::Add)>
                    {icon(Glyph::Plus)}
                    {t!("accounts.tab_add")}
                </button>
                <button type="button" class="button" on:click=move |_| page.go(Tab::Import)>
                    {icon(Glyph::File)}
                    {t!("accounts.tab_import")}
                </button>
            </div>
        </div>
    }
}

/// Ticks or unticks every pair.
fn tick_all(page: Page, ticked: bool) {
    let context = page.context;
    spawn_local(async move {
        match api::tick_accounts(context.id, ticked).await {
            Ok(order) => {
                context.order.try_set(order);
                context.accounts.try_update(|accounts| {
                    if let Load::Ready(pairs) = accounts {
                        for pair in pairs {
                            pair.ticked = ticked;
                        }
                    }
                });
            }
            Err(error) => {
                context.checking.error.try_set(Some(error));
                // Shows again what the service knows.
                context.accounts.try_update(|_| ());
            }
        }
    });
}

/// Up to so many pairs stand on one screen.
const FEW: usize = 8;

#[component]
fn PairTable(page: Page) -> impl IntoView {
    let context = page.context;
    let only_failed = RwSignal::new(false);
    let failed = Memo::new(move |_| context.pairs().iter().filter(|pair| parts::has_failed(pair)).count());
    // Among few, the failed ones are seen at once.
    let offers_failed = Memo::new(move |_| failed.get() > 0 && context.pairs().len() > FEW);
    let ids = Memo::new(move |_| {
        let only_failed = only_failed.get() && failed.get() > 0;
        let shown = context.pairs().into_iter().filter(|pair| !only_failed || parts::has_failed(pair));
        shown.map(|pair| pair.id.0).collect::<Vec<_>>()
    });
    let all = Memo::new(move |_| context.pairs().iter().all(|pair| pair.ticked));
    let none = Memo::new(move |_| context.pairs().iter().all(|pair| !pair.ticked));
    // Once all are checked, going on is what is next.
    let unchecked = Memo::new(move |_| {
        let pairs = context.pairs();
        pairs.iter().any(|pair| pair.ticked && !parts::has_passed(pair) && !parts::has_failed(pair))
    });
    let checking = Memo::new(move |_| context.checking.running.get() > 0);
    let check = move |_| {
        if !checking.get_untracked() {
            page.message.set(None);
            checking::check(context, Vec::new());
        }
    };
    view! {
        <div class="card card-flush">
            <div class="toolbar">
                <Tick
                    label=t!("accounts.tick_all")
                    checked=all
                    on_change=move |on| tick_all(page, on)
                    disabled=Signal::derive(move || !page.open.get())
                />
                <div class="row">
                    <button type="button" class="button button-small is-spare" on:click=move |_| page.go(Tab::Add)>
                        {icon(Glyph::Plus)}
                        {t!("accounts.tab_add")}
                    </button>
                    <button
                        type="button"
                        class="button button-small"
                        class:button-primary=unchecked
                        class:is-busy=checking
                        disabled=move || none.get() || !page.open.get()
                        on:click=check
                    >
                        {move || icon(if checking.get() { Glyph::Spinner } else { Glyph::Check })}
                        {move || if checking.get() { t!("accounts.checking") } else { t!("accounts.check_all") }}
                    </button>
                </div>
            </div>
            <Show when=move || offers_failed.get()>
                <div class="toolbar">
                    <Tick
                        label=t!("accounts.only_failed")
                        checked=only_failed
                        on_change=move |on| only_failed.set(on)
                    />
                </div>
            </Show>
            <table class="table table-cards" aria-rowcount=move || ids.with(|ids| (ids.len() + 1).to_string())>
                <caption class="visually-hidden">{t!("accounts.table")}</caption>
                <thead>
                    <tr aria-rowindex="1">
                        <th scope="col">{t!("accounts.col_tick")}</th>
                        <th scope="col">{t!("accounts.col_source")}</th>
                        <th scope="col">{t!("accounts.col_destination")}</th>
                        <th scope="col">
                            <span class="visually-hidden">{t!("accounts.col_actions")}</span>
                        </th>
                    </tr>
                </thead>
                <VirtualRows
                    ids=ids
                    columns=4
                    row=|(id, at)| view! { <Row id=PairId(id) at=at /> }.into_any()
                />
            </table>
        </div>
    }
}
