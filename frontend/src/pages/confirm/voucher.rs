//! Paying with a voucher.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    order::{OrderState, VoucherRedeem},
    problem::ProblemCode,
    secret::Secret,
};

use super::{
    lacking,
    payment::Starting,
    start::{has_started, start_with_options},
};
use crate::{
    api,
    components::{Glyph, Notice, TextField, Tone, busy_icon, icon},
    i18n,
    state::{announce::Announcer, order::OrderContext},
    t, tn,
};

/// The voucher field. A wrong code is said beside it.
#[component]
pub(super) fn Voucher(
    /// How the order starts once it is paid for, where that can be chosen.
    #[prop(optional)]
    starting: Option<Starting>,
    to_status: Callback<()>,
) -> impl IntoView {
    let context = expect_context::<OrderContext>();
    let announcer = expect_context::<Announcer>();
    let code = context.typed().start.voucher;
    let busy = RwSignal::new(false);
    let error = RwSignal::new(None::<String>);
    let payment = Memo::new(move |_| context.order.with(|order| order.payment));
    let is_paid = move || payment.with(|payment| payment.pairs_needed > 0) && context.order.with(lacking) == 0;
    let on_submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let typed = code.with_untracked(|code| code.trim().to_owned());
        if typed.is_empty() {
            error.set(Some(t!("confirm.voucher_empty").to_owned()));
            return;
        }
        // An order that waits for payment starts at once when it comes: as is chosen now, not as it was chosen then.
        let waits = context.order.with_untracked(|order| order.state == OrderState::AwaitingPayment);
        let start = match starting.filter(|_| waits) {
            Some(starting) => match starting.read.run(()) {
                Some(start) => Some((starting.errors, start)),
                None => return,
            },
            None => None,
        };
        busy.set(true);
        error.set(None);
        spawn_local(async move {
            if let Some((errors, start)) = start {
                let asked = start_with_options(context, errors, &start).await;
                if !matches!(asked, Ok(Some(_))) {
                    busy.try_set(false);
                    error.try_set(asked.err().map(|failed| failed.text()));
                    return;
                }
            }
            let result = api::redeem_voucher(context.id, &VoucherRedeem { code: Secret::new(typed) }).await;
            busy.try_set(false);
            match result {
                Ok(order) => {
                    code.try_set(String::new());
                    announcer.say(t!("confirm.voucher_done"));
                    let started = has_started(&order);
                    context.order.try_set(order);
                    if started {
                        to_status.run(());
                    }
                }
                Err(failed) => {
                    let own = failed.field("/code").filter(|_| failed.code() != Some(ProblemCode::VoucherInvalid));
                    error.try_set(Some(own.unwrap_or_else(|| failed.text())));
                }
            }
        });
    };
    // That no voucher has been entered yet, everybody knows.
    let has_covered = move || payment.with(|payment| payment.pairs_needed) > context.order.with(lacking);
    let covered = move || {
        let payment = payment.get();
        if is_paid() {
            tn!("confirm.covered_all", u64::from(payment.pairs_needed))
        } else {
            let needed = i18n::number(u64::from(payment.pairs_needed));
            let covered = payment.pairs_needed - context.order.with(lacking);
            t!("confirm.covered", covered = i18n::number(u64::from(covered)), needed = needed)
        }
    };
    view! {
        <form class="stack-s" on:submit=on_submit novalidate>
            <Show when=move || context.order.with(|order| order.state == OrderState::AwaitingPayment)>
                <Notice tone=Tone::Warning>
                    <p>{t!("confirm.awaiting")}</p>
                </Notice>
            </Show>
            <Show when=has_covered>
                <p class=move || if is_paid() { "status status-good" } else { "small soft" }>
                    {move || is_paid().then(|| icon(Glyph::Check))} <span>{covered}</span>
                </p>
            </Show>
            <Show when=move || !is_paid()>
                <TextField
                    id="voucher"
                    label=t!("confirm.voucher")
                    hint=t!("confirm.voucher_hint")
                    value=code
                    maxlength=100
                    error=error
                />
                <button type="submit" class="button button-wide" class:is-busy=move || busy.get()>
                    {busy_icon(busy, Glyph::Check)}
                    {t!("confirm.voucher_redeem")}
                </button>
            </Show>
        </form>
    }
}
