//! Vouchers just made: their codes, which cannot be shown again.

use leptos::prelude::*;
use mailferry_shared::voucher::{VoucherBatch, VoucherIssued};

use crate::{
    browser,
    components::{CopyLine, Glyph, Notice, Tone, icon},
    t, tn,
};

/// Codes that are shown one by one; of more there is the file.
const SHOWN: usize = 20;

/// The codes, with a file to keep.
pub(super) fn batch(batch: &VoucherBatch) -> impl IntoView + use<> {
    let file = browser::text_file(&csv(&batch.items));
    let made = tn!("console.vouchers_made", u64::try_from(batch.items.len()).unwrap_or_default());
    let line = |voucher: &VoucherIssued| {
        view! { <CopyLine label=t!("confirm.voucher") text=voucher.code.expose().to_owned() /> }
    };
    let lines = batch.items.iter().take(SHOWN).map(line).collect_view();
    let more = u64::try_from(batch.items.len().saturating_sub(SHOWN)).unwrap_or_default();
    view! {
        <Notice tone=Tone::Good title=made>
            <p>{t!("console.voucher_once")}</p>
            <a class="button button-small" href=file download="vouchers.csv" rel="external">
                {icon(Glyph::Download)}
                {t!("console.download")}
            </a>
            <div class="codes">{lines}</div>
            {(more > 0).then(|| view! { <p class="small">{tn!("console.vouchers_in_file", more)}</p> })}
        </Notice>
    }
}

/// A line a voucher, as spreadsheets take it. Nothing in it was typed by anybody: codes, numbers and times.
fn csv(items: &[VoucherIssued]) -> String {
    let line = |voucher: &VoucherIssued| {
        let until = voucher.valid_until.map(|until| until.to_rfc3339()).unwrap_or_default();
        format!("{},{},{until}", voucher.code.expose(), voucher.pairs)
    };
    let head = "code,pairs,valid_until".to_owned();
    std::iter::once(head).chain(items.iter().map(line)).collect::<Vec<_>>().join("\r\n")
}
