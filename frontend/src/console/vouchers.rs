//! Vouchers: batches whose codes are shown once, and the list of what became of them.

use leptos::prelude::*;
use mailferry_shared::{
    key::Scope,
    member::Principal,
    voucher::{Voucher, VoucherBatch, VoucherCreate, VoucherState},
};

use super::{
    ending::{EndDialog, Ending, doing, spent},
    list::{ListHead, ListTable, Listed},
    may,
    sending::{FormDialog, Sending},
};
use crate::{
    api, browser,
    browser::intl,
    components::{CopyLine, Glyph, Notice, TextField, Tick, Tone, icon},
    route::Step,
    t, tn,
};

/// The part.
#[component]
pub(super) fn Vouchers() -> impl IntoView {
    let wanted = RwSignal::new(None::<VoucherState>);
    let listed = Listed::of(move |cursor| {
        let query = wanted.get_untracked().map(|state| format!("state={}", state_key(state))).unwrap_or_default();
        async move { api::vouchers(&query, cursor).await }
    });
    let may_write = may(&expect_context::<Principal>(), Scope::VouchersWrite);
    let open = RwSignal::new(false);
    let made = RwSignal::new(None::<VoucherBatch>);
    let ending = Ending::<Voucher>::provide();
    let chips = std::iter::once(None)
        .chain(STATES.map(Some))
        .map(|state| {
            view! {
                <button
                    type="button"
                    class="chip"
                    aria-pressed=move || (wanted.get() == state).to_string()
                    on:click=move |_| {
                        wanted.set(state);
                        listed.anew();
                    }
                >
                    {state.map_or_else(|| t!("protocol.all"), state_name)}
                </button>
            }
        })
        .collect_view();
    let heads = vec![
        t!("confirm.voucher"),
        t!("status.col_state"),
        t!("status.accounts"),
        t!("console.voucher_used_by"),
        t!("console.valid_until"),
        t!("accounts.col_actions"),
    ];
    view! {
        <ListHead
            title=t!("console.vouchers")
            lead=t!("console.vouchers_lead")
            create=t!("console.voucher_new")
            on_create=move |()| open.set(true)
            may_create=may_write
        />
        {move || made.with(|made| made.as_ref().map(batch))}
        <div class="chips" role="group" aria-label=t!("status.col_state")>
            {chips}
        </div>
        <ListTable listed=listed name=t!("console.vouchers") heads=heads empty=t!("console.no_vouchers") row=row />
        <a class="button" href=api::vouchers_csv_url() download="" rel="external">
            {icon(Glyph::Download)}
            {t!("protocol.download")}
        </a>
        <NewVouchers open=open made=made listed=listed />
        <EndDialog
            id="revoke-voucher"
            title=t!("console.voucher_revoke_title")
            text=|voucher: Voucher| t!("console.voucher_revoke_text", code = voucher.hint)
            confirm=t!("console.revoke")
            ending=ending
            listed=listed
            end=|voucher: Voucher| doing(async move { api::revoke_voucher(voucher.id).await.map(drop) })
        />
    }
}

#[component]
fn NewVouchers(open: RwSignal<bool>, made: RwSignal<Option<VoucherBatch>>, listed: Listed<Voucher>) -> impl IntoView {
    let sending = Sending::new();
    let [pairs, count] = std::array::from_fn(|_| RwSignal::new("1".to_owned()));
    let until = RwSignal::new(String::new());
    let trial_only = RwSignal::new(false);
    let submit = move |()| {
        let number = |text: RwSignal<String>| text.with_untracked(|text| text.trim().parse().unwrap_or_default());
        let vouchers = VoucherCreate {
            pairs: number(pairs),
            count: number(count),
            valid_from: None,
            valid_until: intl::parse_local(&until.get_untracked()),
            max_mailbox_bytes: None,
            trial_only: trial_only.get_untracked(),
            free_test: false,
            providers: Vec::new(),
        };
        sending.send(async move { api::create_vouchers(&vouchers).await }, move |batch| {
            open.set(false);
            made.set(Some(batch));
            listed.again();
        });
    };
    view! {
        <FormDialog
            id="voucher-new"
            title=t!("console.voucher_new")
            open=open
            sending=sending
            submit=t!("console.voucher_new")
            on_submit=submit
        >
            <div class="two">
                <TextField
                    id="voucher-pairs"
                    label=t!("console.voucher_pairs")
                    value=pairs
                    inputmode="numeric"
                    error=sending.field("/pairs")
                />
                <TextField
                    id="voucher-count"
                    label=t!("console.voucher_count")
                    value=count
                    inputmode="numeric"
                    error=sending.field("/count")
                />
            </div>
            <TextField
                id="voucher-until"
                label=t!("console.valid_until")
                hint=t!("confirm.at_zone", zone = intl::time_zone())
                kind="datetime-local"
                value=until
                is_optional=true
                error=sending.field("/valid_until")
            />
            <Tick
                label=t!("console.voucher_trial_only")
                checked=trial_only
                on_change=move |on| trial_only.set(on)
            />
        </FormDialog>
    }
}

/// The codes just made, which cannot be shown again, with a file to keep.
fn batch(batch: &VoucherBatch) -> impl IntoView + use<> {
    let codes: Vec<String> = batch.items.iter().map(|voucher| voucher.code.expose().to_owned()).collect();
    let file = browser::text_file(&codes.join("\r\n"));
    let made = tn!("console.vouchers_made", codes.len() as u64);
    let lines =
        codes.into_iter().map(|code| view! { <CopyLine label=t!("confirm.voucher") text=code /> }).collect_view();
    view! {
        <Notice tone=Tone::Good title=made>
            <p>{t!("console.voucher_once")}</p>
            <a class="button button-small" href=file download="vouchers.txt" rel="external">
                {icon(Glyph::Download)}
                {t!("console.download")}
            </a>
            {lines}
        </Notice>
    }
}

const STATES: [VoucherState; 4] =
    [VoucherState::Issued, VoucherState::Redeemed, VoucherState::Expired, VoucherState::Revoked];

fn state_name(state: VoucherState) -> &'static str {
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
        VoucherState::Issued => ("status status-good", Glyph::Circle),
        VoucherState::Redeemed => ("status status-idle", Glyph::Check),
        VoucherState::Expired => ("status status-idle", Glyph::Clock),
        VoucherState::Revoked => ("status status-idle", Glyph::Stop),
    };
    view! { <span class=class>{icon(glyph)}<span>{state_name(state)}</span></span> }
}

fn row(voucher: &Voucher, _: Listed<Voucher>) -> AnyView {
    let ending = expect_context::<Ending<Voucher>>();
    let used = spent(voucher.pairs_used, voucher.pairs);
    let uses = voucher.uses.iter().map(|used| {
        let number = used.order_id.to_string();
        let short = number.get(..8).unwrap_or_default().to_owned();
        view! { <a class="mono row-link" href=Step::Status.path(used.order_id)>{short}</a> " " }
    });
    let tags = [(voucher.limits.trial_only, t!("protocol.kind_trial")), (voucher.sandbox, t!("console.sandbox"))];
    let tags = tags.into_iter().filter(|(is, _)| *is).map(|(_, text)| view! { <span class="tagged">{text}</span> });
    let revoke = (voucher.state == VoucherState::Issued).then(|| ending.revoke_button(voucher.clone(), &voucher.hint));
    view! {
        <tr>
            <th scope="row" class="mono">{voucher.hint.clone()} " " {tags.collect_view()}</th>
            <td>{state_view(voucher.state)}</td>
            <td class="numbers">{used}</td>
            <td>{uses.collect_view()}</td>
            <td>{voucher.limits.valid_until.map(intl::date_time)}</td>
            <td>
                <div class="table-actions">{revoke}</div>
            </td>
        </tr>
    }
    .into_any()
}
