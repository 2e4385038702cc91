//! Vouchers: batches, shown once.

use leptos::prelude::*;
use mailferry_shared::voucher::{VoucherBatch, VoucherCreate};

use super::{
    list::ListHead,
    sending::{FormDialog, Sending},
};
use crate::{
    api, browser,
    components::{CopyLine, Glyph, Notice, TextField, Tone, icon},
    t, tn,
};

/// The part.
#[component]
pub(super) fn Vouchers() -> impl IntoView {
    let (open, sending) = (RwSignal::new(false), Sending::new());
    let (pairs, count) = (RwSignal::new("1".to_owned()), RwSignal::new("1".to_owned()));
    let made = RwSignal::new(None::<VoucherBatch>);
    let submit = move |()| {
        let number = |text: RwSignal<String>| text.with_untracked(|text| text.trim().parse().unwrap_or_default());
        let vouchers = VoucherCreate { pairs: number(pairs), count: number(count), valid_until: None };
        sending.send(async move { api::create_vouchers(&vouchers).await }, move |batch| {
            open.set(false);
            made.set(Some(batch));
        });
    };
    view! {
        <ListHead
            title=t!("console.vouchers")
            lead=t!("console.vouchers_lead")
            create=t!("console.voucher_new")
            on_create=move |()| open.set(true)
        />
        {move || made.with(|made| made.as_ref().map(batch))}
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
