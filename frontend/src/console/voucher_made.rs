//! Vouchers just made: their codes, which cannot be shown again.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::voucher::{VoucherBatch, VoucherIssued};

use crate::{
    browser,
    components::{CopyLine, Glyph, Notice, Tone, icon},
    state::announce::Announcer,
    t, tn,
};

/// Codes that are shown one by one; of more there is the file.
const SHOWN: usize = 20;

/// The codes, with a file to keep, until one has them and closes it.
pub(super) fn batch(batch: &VoucherBatch, made: RwSignal<Option<VoucherBatch>>) -> impl IntoView + use<> {
    let file = browser::text_file(&csv(&batch.items));
    let title = tn!("console.vouchers_made", u64::try_from(batch.items.len()).unwrap_or_default());
    let line = |voucher: &VoucherIssued| {
        view! { <CopyLine label=t!("confirm.voucher") text=voucher.code.expose().to_owned() /> }
    };
    let lines = batch.items.iter().take(SHOWN).map(line).collect_view();
    let each = batch.items.first().map(|voucher| tn!("console.voucher_each", u64::from(voucher.pairs)));
    let copy = copy_all(batch);
    let more = u64::try_from(batch.items.len().saturating_sub(SHOWN)).unwrap_or_default();
    view! {
        <Notice tone=Tone::Good title=title>
            <p>{each} " " {t!("console.voucher_once")}</p>
            <div class="row">
                <a class="button button-small" href=file download="vouchers.csv" rel="external">
                    {icon(Glyph::Download)}
                    {t!("console.download")}
                </a>
                {copy}
                <button type="button" class="button button-small" on:click=move |_| made.set(None)>
                    {icon(Glyph::Close)}
                    {t!("action.close")}
                </button>
            </div>
            <div class="codes">{lines}</div>
            {(more > 0).then(|| view! { <p class="small">{tn!("console.vouchers_in_file", more)}</p> })}
        </Notice>
    }
}

/// All codes, a line each, into the clipboard.
fn copy_all(batch: &VoucherBatch) -> impl IntoView + use<> {
    let announcer = expect_context::<Announcer>();
    let codes = batch.items.iter().map(|voucher| voucher.code.expose()).collect::<Vec<_>>().join("\n");
    let copied = RwSignal::new(false);
    let copy = move |_| {
        let codes = codes.clone();
        spawn_local(async move {
            let done = browser::copy(&codes).await;
            announcer.say(if done { t!("state.copied") } else { t!("state.not_copied") });
            copied.try_set(done);
        });
    };
    view! {
        <button type="button" class="button button-small" on:click=copy>
            {move || icon(if copied.get() { Glyph::Check } else { Glyph::Copy })}
            {t!("console.copy_all")}
        </button>
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
