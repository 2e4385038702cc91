//! The vouchers that were made together: which ones are listed, and revoking all that are left at once.

use leptos::prelude::*;
use mailferry_shared::{
    ids::VoucherBatchId,
    key::Scope,
    member::Principal,
    voucher::{Voucher, VoucherState},
};

use super::{
    list::Listed,
    may,
    sending::{Confirm, Sending},
};
use crate::{
    api::{self, ApiError},
    components::{Glyph, icon},
    t,
};

/// What the list is narrowed to, with the ways back and on; nothing while it is not.
#[component]
pub(super) fn Together(
    /// The batch, and how the code of one of them begins.
    batch: RwSignal<Option<(VoucherBatchId, String)>>,
    listed: Listed<Voucher>,
) -> impl IntoView {
    let may_write = may(&expect_context::<Principal>(), Scope::VouchersWrite);
    let asked = RwSignal::new(None::<VoucherBatchId>);
    let sending = Sending::new();
    let revoke = move |id: VoucherBatchId| {
        sending.send(revoke_all(id), move |()| {
            asked.set(None);
            listed.again();
        });
    };
    let has_some = move || {
        listed.items.with(|items| {
            items.ready().is_some_and(|items| items.iter().any(|voucher| voucher.state == VoucherState::Issued))
        })
    };
    let shown = move || {
        let (id, code) = batch.get()?;
        let all = move |_| {
            batch.set(None);
            listed.anew();
        };
        Some(view! {
            <p class="row" role="status">
                <span>{t!("console.voucher_batch_of", code = code)}</span>
                <button type="button" class="button button-small" on:click=all>
                    {icon(Glyph::Close)}
                    {t!("console.show_all")}
                </button>
                <Show when=move || may_write && has_some()>
                    <button type="button" class="button button-small" on:click=move |_| asked.set(Some(id))>
                        {icon(Glyph::Trash)}
                        {t!("console.voucher_revoke_all")}
                    </button>
                </Show>
            </p>
        })
    };
    view! {
        {shown}
        <Confirm
            id="revoke-batch"
            title=t!("console.voucher_revoke_all_title")
            text=|_| t!("console.voucher_revoke_all_text").to_owned()
            confirm=t!("console.voucher_revoke_all")
            subject=asked
            sending=sending
            on_confirm=revoke
        />
    }
}

/// Revokes every voucher of a batch that has something left, one after the other, also those of later pages.
async fn revoke_all(batch: VoucherBatchId) -> Result<(), ApiError> {
    loop {
        // What was revoked is not in the next answer.
        let page = api::vouchers(&format!("batch_id={batch}&state=issued"), None).await?;
        if page.items.is_empty() {
            return Ok(());
        }
        for voucher in page.items {
            api::revoke_voucher(voucher.id).await?;
        }
    }
}
