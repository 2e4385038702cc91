//! Vouchers: batches whose codes are shown once, and the list of what became of them.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    ids::{VoucherBatchId, VoucherId},
    key::Scope,
    member::Principal,
    voucher::{Voucher, VoucherBatch, VoucherState},
};

use super::{
    chips::Chips,
    ending::{EndDialog, Ending, doing},
    list::{Empty, ListTable, Listed},
    list_head::{Count, ListHead},
    may,
    voucher_batch::{Together, may_have_others},
    voucher_form::NewVouchers,
    voucher_made::batch,
};
use crate::{
    api, browser,
    browser::intl,
    components::{Glyph, TextField, icon},
    format, i18n,
    route::Console as Place,
    state::providers::KnownProviders,
    t,
};

/// What is listed, in the context of the rows.
#[derive(Clone, Copy)]
struct Wanted {
    state: RwSignal<Option<VoucherState>>,
    /// Words of the note, or how the code begins.
    text: RwSignal<String>,
    /// Those that were made together, and how the code of one of them begins.
    batch: RwSignal<Option<(VoucherBatchId, String)>>,
    /// The links that vouchers pay for, by their names.
    links: RwSignal<Vec<(VoucherId, String)>>,
}

impl Wanted {
    /// The query of the API.
    fn query(self) -> String {
        let state = self.state.get().map(|state| format!("state={}", state_key(state)));
        let text = self.text.with(|text| text.trim().to_owned());
        let text = (!text.is_empty()).then(|| format!("q={}", browser::escaped(&text)));
        let batch = self.batch.with(|batch| batch.as_ref().map(|(id, _)| format!("batch_id={id}")));
        [state, text, batch].into_iter().flatten().collect::<Vec<_>>().join("&")
    }

    /// Reads which links are paid for; who may not see links is not told.
    fn read_links(self) {
        spawn_local(async move {
            let mut cursor = None;
            loop {
                let Ok(page) = api::links(cursor).await else { return };
                let paid = page.items.into_iter().filter(|link| !link.revoked);
                let paid: Vec<_> = paid.filter_map(|link| Some((link.voucher?.id, link.name))).collect();
                self.links.try_update(|links| links.extend(paid));
                cursor = page.next_cursor;
                if cursor.is_none() {
                    return;
                }
            }
        });
    }

    /// The link that a voucher pays for.
    fn link_of(self, id: VoucherId) -> Option<String> {
        self.links.with(|links| links.iter().find(|(of, _)| *of == id).map(|(_, name)| name.clone()))
    }

    fn is_narrow(self) -> bool {
        untrack(|| !self.query().is_empty())
    }
}

/// The part.
#[component]
pub(super) fn Vouchers() -> impl IntoView {
    let wanted = Wanted {
        state: RwSignal::new(None),
        text: RwSignal::new(String::new()),
        batch: RwSignal::new(None),
        links: RwSignal::new(Vec::new()),
    };
    provide_context(wanted);
    if may(&expect_context::<Principal>(), Scope::LinksRead) {
        wanted.read_links();
    }
    let listed = Listed::of(move |cursor| {
        let query = untrack(|| wanted.query());
        async move { api::vouchers(&query, cursor).await }
    });
    let may_write = may(&expect_context::<Principal>(), Scope::VouchersWrite);
    let open = RwSignal::new(false);
    let made = RwSignal::new(None::<VoucherBatch>);
    let ending = Ending::<Voucher>::provide();
    let heads = vec![
        t!("confirm.voucher"),
        t!("status.col_state"),
        t!("status.accounts"),
        t!("console.voucher_note"),
        t!("console.voucher_used_by"),
        t!("accounts.col_actions"),
    ];
    let empty = Signal::derive(move || {
        listed.items.track();
        let text = if wanted.is_narrow() { t!("console.no_vouchers_fit") } else { t!("console.no_vouchers") };
        Empty(Glyph::Ticket, text)
    });
    view! {
        <ListHead
            title=t!("console.vouchers")
            lead=t!("console.vouchers_lead")
            create=t!("console.voucher_new")
            on_create=move |()| open.set(true)
            may_create=may_write
            export=Signal::derive(move || api::vouchers_csv_url(&wanted.query()))
        />
        {move || made.get().map(|just| batch(&just, made))}
        <Search wanted=wanted listed=listed />
        <Count listed=listed />
        <ListTable listed=listed name=t!("console.vouchers") heads=heads empty=empty row=row />
        <NewVouchers open=open made=made listed=listed />
        <EndDialog
            id="revoke-voucher"
            title=t!("console.voucher_revoke_title")
            text=move |voucher: Voucher| {
                let text = t!("console.voucher_revoke_text", code = voucher.hint);
                match wanted.link_of(voucher.id) {
                    Some(link) => format!("{text} {}", t!("console.voucher_of_link_end", name = link)),
                    None => text,
                }
            }
            confirm=t!("console.revoke")
            ending=ending
            listed=listed
            end=|voucher: Voucher| doing(async move { api::revoke_voucher(voucher.id).await.map(drop) })
        />
    }
}

/// By state, by note or beginning of the code, and those made together.
#[component]
fn Search(wanted: Wanted, listed: Listed<Voucher>) -> impl IntoView {
    let on_submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        listed.anew();
    };
    let states = std::iter::once((None, t!("protocol.all")))
        .chain(STATES.map(|state| (Some(state), state_name(state))))
        .collect::<Vec<_>>();
    view! {
        <form class="filter filter-one" role="search" on:submit=on_submit>
            <TextField id="filter-code" label=t!("console.voucher_find") value=wanted.text placeholder="MF-7K2QX" />
            <button type="submit" class="button">{icon(Glyph::Search)} <span>{t!("console.find")}</span></button>
        </form>
        <Chips choices=states chosen=wanted.state on_choose=move |()| listed.anew() />
        <Together batch=wanted.batch listed=listed />
    }
}

const STATES: [VoucherState; 4] =
    [VoucherState::Issued, VoucherState::Redeemed, VoucherState::Expired, VoucherState::Revoked];

pub(super) fn state_name(state: VoucherState) -> &'static str {
    match state {
        VoucherState::Issued => t!("console.voucher_issued"),
        VoucherState::Redeemed => t!("console.voucher_redeemed"),
        VoucherState::Expired => t!("console.voucher_expired"),
        VoucherState::Revoked => t!("console.revoked"),
    }
}

fn state_key(state: VoucherState) -> &'static str {
    match state {
        VoucherState::Issued => "issued",
        VoucherState::Redeemed => "redeemed",
        VoucherState::Expired => "expired",
        VoucherState::Revoked => "revoked",
    }
}

fn state_view(state: VoucherState) -> impl IntoView {
    let (class, glyph) = match state {
        VoucherState::Issued => ("status status-good", Glyph::Ticket),
        VoucherState::Redeemed => ("status status-idle", Glyph::Check),
        VoucherState::Expired => ("status status-idle", Glyph::Clock),
        VoucherState::Revoked => ("status status-idle", Glyph::Stop),
    };
    view! { <span class=class>{icon(glyph)}<span>{state_name(state)}</span></span> }
}

/// What it is limited to, a line each.
fn limits(voucher: &Voucher) -> Option<impl IntoView + use<>> {
    let known = KnownProviders::get();
    let limits = &voucher.limits;
    // A date stays on one line.
    let time = |name: &str, time: Option<_>| time.map(|time| (format!("{name}: "), intl::date_time(time)));
    let lines: Vec<(String, String)> = [
        time(t!("console.valid_from"), limits.valid_from),
        time(t!("console.valid_until"), limits.valid_until),
        limits.max_mailbox_bytes.map(|size| (t!("console.voucher_size_max", size = intl::size(size)), String::new())),
    ]
    .into_iter()
    .flatten()
    .collect();
    if lines.is_empty() && limits.providers.is_empty() {
        return None;
    }
    let ids = limits.providers.clone();
    let providers = (!ids.is_empty()).then(|| {
        let name = move |id: &String| known.find(id).map_or_else(|| id.clone(), |provider| provider.name);
        view! { <p data-data="">{move || ids.iter().map(name).collect::<Vec<_>>().join(", ")}</p> }
    });
    let line = |(name, whole): (String, String)| view! { <p>{name} <span class="whole">{whole}</span></p> };
    let lines = lines.into_iter().map(line).collect_view();
    Some(view! { <div class="account-meta">{lines} {providers}</div> })
}

/// What its seller noted, when it was made, and the way to those made with it.
fn noted(voucher: &Voucher, listed: Listed<Voucher>) -> impl IntoView + use<> {
    let wanted = expect_context::<Wanted>();
    let (id, hint) = (voucher.id, voucher.hint.clone());
    // Where they alone are listed there is nothing more to show, nor of one that was made alone.
    let batch = voucher.batch_id.filter(|_| wanted.batch.with_untracked(Option::is_none));
    let batch = batch.filter(|batch| wanted.is_narrow() || may_have_others(*batch, listed));
    let together = batch.map(|id| {
        let label = format!("{}: {hint}", t!("console.voucher_batch"));
        let only = move |_| {
            wanted.batch.set(Some((id, hint.clone())));
            listed.anew();
        };
        view! {
            " · "
            <button type="button" class="link-button" aria-label=label on:click=only>
                {t!("console.voucher_batch")}
            </button>
        }
    });
    let note = voucher.note.clone();
    let note = (!note.is_empty()).then(|| view! { <p data-data="">{note}</p> });
    view! {
        {note}
        {move || {
            let link = t!("console.voucher_of_link", name = wanted.link_of(id)?);
            Some(view! { <p><a class="row-link" href=Place::Links.path()>{link}</a></p> })
        }}
        <p class="account-meta"><span class="whole">{intl::date_time(voucher.created_at)}</span> {together}</p>
    }
}

fn row(voucher: &Voucher, listed: Listed<Voucher>) -> AnyView {
    let ending = expect_context::<Ending<Voucher>>();
    let number = |count: u32| i18n::number(u64::from(count));
    let used = t!("console.spent", used = number(voucher.pairs_used), pairs = number(voucher.pairs));
    let uses = voucher.uses.iter().map(|used| {
        let number = used.order_id.to_string();
        let short = format::short_id(&number);
        view! { <a class="mono row-link" href=Place::Migration(used.order_id).path()>{short}</a> " " }
    });
    let uses = (!voucher.uses.is_empty()).then(|| uses.collect_view());
    let tags = [
        (voucher.limits.trial_only, t!("console.trial_only")),
        (voucher.limits.free_test, t!("console.free_test")),
        (voucher.sandbox, t!("console.sandbox")),
    ];
    let tags = tags.into_iter().filter(|(is, _)| *is).map(|(_, text)| view! { " " <span class="tagged">{text}</span> });
    let note_label = if voucher.note.is_empty() { t!("status.created") } else { t!("console.voucher_note") };
    let may_write = may(&expect_context::<Principal>(), Scope::VouchersWrite);
    let revoke = (may_write && voucher.state == VoucherState::Issued)
        .then(|| ending.revoke_button(voucher.clone(), &voucher.hint));
    view! {
        <tr>
            <th scope="row">
                <span class="mono">{format!("{}-…", voucher.hint)}</span>
                {tags.collect_view()}
                {limits(voucher)}
            </th>
            <td data-label=t!("status.col_state")>{state_view(voucher.state)}</td>
            <td data-label=t!("status.accounts")>{used}</td>
            <td class="cell-wide" data-label=note_label>{noted(voucher, listed)}</td>
            <td data-label=t!("console.voucher_used_by")>{uses}</td>
            <td class="cell-actions">
                {revoke.map(|revoke| view! { <div class="table-actions">{revoke}</div> })}
            </td>
        </tr>
    }
    .into_any()
}
