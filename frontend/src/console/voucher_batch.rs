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
    components::{Glyph, Notice, Tone, icon},
    i18n,
    state::poll,
    t, tn,
};

/// Vouchers that could not be revoked and are named; of more there is the list.
const NAMED: usize = 20;

/// Revoking a batch, one voucher after the other, for as long as its question is open.
#[derive(Clone, Copy)]
struct Revoking {
    /// The batch that is asked about.
    asked: RwSignal<Option<VoucherBatchId>>,
    /// How many are revoked, of how many; none before it is known.
    at: RwSignal<Option<(usize, usize)>>,
    /// Those that could not be revoked: how their codes begin, and why.
    failed: RwSignal<Vec<(String, ApiError)>>,
}

impl Revoking {
    fn new() -> Self {
        Self { asked: RwSignal::new(None), at: RwSignal::new(None), failed: RwSignal::default() }
    }

    /// Asks about a batch; what became of another one is forgotten.
    fn ask(self, batch: VoucherBatchId) {
        self.at.set(None);
        self.failed.set(Vec::new());
        self.asked.set(Some(batch));
    }

    /// True until the question is closed.
    fn goes_on(self, batch: VoucherBatchId) -> bool {
        self.asked.try_get_untracked().flatten() == Some(batch)
    }

    /// Revokes every voucher of the batch that has something left. One that cannot be revoked keeps none of the others.
    async fn run(self, batch: VoucherBatchId) -> Result<(), ApiError> {
        self.failed.try_set(Vec::new());
        let left = issued(batch).await?;
        let of = left.len();
        let mut done = 0;
        self.at.try_set(Some((done, of)));
        for voucher in left {
            if !self.goes_on(batch) {
                break;
            }
            match poll::begun(|| self.goes_on(batch), || api::revoke_voucher(voucher.id)).await {
                Ok(_) => done += 1,
                // It would be the same for all.
                Err(error @ ApiError::Offline) => return Err(error),
                Err(error) => self.failed.try_update(|failed| failed.push((voucher.hint, error))).unwrap_or_default(),
            }
            self.at.try_set(Some((done, of)));
        }
        Ok(())
    }
}

/// The vouchers of a batch that have something left, of all pages.
async fn issued(batch: VoucherBatchId) -> Result<Vec<Voucher>, ApiError> {
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let page = api::vouchers(&format!("batch_id={batch}&state=issued&limit=500"), cursor).await?;
        found.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(found);
        }
    }
}

/// False if a list that is not narrowed shows that nothing else was made in this batch: those made together stand
/// together.
pub(super) fn may_have_others(batch: VoucherBatchId, listed: Listed<Voucher>) -> bool {
    let is_of_it = |voucher: &Voucher| voucher.batch_id == Some(batch);
    let (seen, goes_on) = listed.items.with_untracked(|items| {
        let items = items.ready().map(Vec::as_slice).unwrap_or_default();
        (items.iter().filter(|item| is_of_it(item)).count(), items.last().is_some_and(is_of_it))
    });
    seen != 1 || goes_on && untrack(|| listed.has_more())
}

/// What the list is narrowed to, with the ways back and on; nothing while it is not.
#[component]
pub(super) fn Together(
    /// The batch, and how the code of one of them begins.
    batch: RwSignal<Option<(VoucherBatchId, String)>>,
    listed: Listed<Voucher>,
) -> impl IntoView {
    let may_write = may(&expect_context::<Principal>(), Scope::VouchersWrite);
    let (revoking, sending) = (Revoking::new(), Sending::new());
    let revoke = move |id: VoucherBatchId| {
        let work = async move {
            let result = revoking.run(id).await;
            listed.again();
            result
        };
        sending.send(work, move |()| {
            if revoking.failed.with_untracked(Vec::is_empty) {
                revoking.asked.set(None);
            }
        });
    };
    let has_some = move || {
        listed.items.with(|items| {
            items.ready().is_some_and(|items| items.iter().any(|voucher| voucher.state == VoucherState::Issued))
        }) || listed.has_more()
    };
    let shown = move || {
        let (id, code) = batch.get()?;
        let all = move |_| {
            batch.set(None);
            listed.anew();
        };
        Some(view! {
            <p class="row" role="status">
                <span>{t!("console.voucher_batch_of", code = format!("{code}-…"))}</span>
                <button type="button" class="button button-small" on:click=all>
                    {icon(Glyph::Close)}
                    {t!("console.show_all")}
                </button>
                <Show when=move || may_write && has_some()>
                    <button
                        type="button"
                        class="button button-small button-danger is-aside"
                        on:click=move |_| revoking.ask(id)
                    >
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
            subject=revoking.asked
            sending=sending
            on_confirm=revoke
        >
            {move || progress(revoking)}
            {move || left_over(revoking)}
        </Confirm>
    }
}

/// How far it is.
fn progress(revoking: Revoking) -> Option<impl IntoView> {
    let (done, of) = revoking.at.get()?;
    let number = |count: usize| i18n::number(u64::try_from(count).unwrap_or_default());
    Some(view! { <p class="soft numbers">{t!("console.voucher_revoking", done = number(done), of = number(of))}</p> })
}

/// What could not be revoked, and why.
fn left_over(revoking: Revoking) -> Option<impl IntoView> {
    let failed = revoking.failed.get();
    if failed.is_empty() {
        return None;
    }
    let count = u64::try_from(failed.len()).unwrap_or_default();
    let line = |(hint, error): &(String, ApiError)| {
        view! { <li><span class="mono">{format!("{hint}-…")}</span> " " {error.text()}</li> }
    };
    let lines = failed.iter().take(NAMED).map(line).collect_view();
    Some(view! {
        <Notice tone=Tone::Error title=tn!("console.voucher_not_revoked", count)>
            <ul role="list">{lines}</ul>
        </Notice>
    })
}
