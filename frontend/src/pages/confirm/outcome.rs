//! What has become of a payment, for who has just paid or opens the page anew.

use leptos::prelude::*;
use mailferry_shared::{
    address::MailAddress,
    payment::{OrderPayment, PaymentState},
};

use crate::{
    browser::{self, intl},
    components::{Notice, Tone},
    state::offer::Offer,
    t,
};

/// True for a payment that is settled without anybody's doing.
pub(super) fn is_under_way(state: PaymentState) -> bool {
    matches!(state, PaymentState::Capturing | PaymentState::Pending)
}

/// True while nobody pays twice: a payment is settled, or waits to be paid back.
pub(super) fn is_waited_for(state: PaymentState) -> bool {
    is_under_way(state) || state == PaymentState::Mismatched
}

/// What has become of the payment before.
#[component]
pub(super) fn Outcome(
    latest: RwSignal<Option<OrderPayment>>,
    cancelled: RwSignal<bool>,
    /// True for who comes back from PayPal, and sees first what came of it.
    has_returned: bool,
) -> impl IntoView {
    Effect::new(move |was_told: Option<bool>| {
        let is_told = latest.with(Option::is_some) || cancelled.get();
        if has_returned && is_told && was_told != Some(true) {
            request_animation_frame(|| browser::focus("pay-outcome"));
        }
        is_told
    });
    let help = Offer::get().help();
    view! {
        <div id="pay-outcome" class="stack-s" tabindex="-1">
            {move || latest.with(|payment| payment.as_ref().map(|payment| state_notice(payment, help.get())))}
            {move || {
                cancelled
                    .get()
                    .then(|| {
                        view! {
                            <Notice tone=Tone::Info>
                                <p>{t!("pay.cancelled")}</p>
                            </Notice>
                        }
                    })
            }}
        </div>
    }
}

/// What has become of a payment; `help` is where one asks about it.
fn state_notice(payment: &OrderPayment, help: Option<MailAddress>) -> impl IntoView + use<> {
    let waits = is_waited_for(payment.state) && payment.state != PaymentState::Capturing;
    let sum = waits.then(|| {
        let total = intl::money(payment.amount.total_minor, payment.amount.price.currency);
        let number =
            payment.reference.clone().map(|number| format!(" · {}", t!("console.paid_reference", number = number)));
        let taken = payment.taken_otherwise();
        let taken = taken.map(|taken| t!("pay.taken", amount = intl::money(taken.amount_minor, taken.currency)));
        view! { <p class="small">{t!("pay.price", total = total)} {taken.map(|taken| format!(" · {taken}"))} {number}</p> }
    });
    let help = help.filter(|_| waits).map(|address| {
        view! { <p class="small">{t!("app.help")} " " <a href=format!("mailto:{address}")>{address.to_string()}</a></p> }
    });
    let (tone, text) = match payment.state {
        PaymentState::Creating | PaymentState::AwaitingApproval | PaymentState::Capturing => {
            (Tone::Info, t!("pay.waiting"))
        }
        PaymentState::Pending => (Tone::Info, t!("pay.pending")),
        PaymentState::Paid => (Tone::Good, t!("pay.paid")),
        PaymentState::Declined => (Tone::Warning, t!("pay.declined")),
        PaymentState::Mismatched => (Tone::Warning, t!("pay.mismatched")),
        PaymentState::Failed => (Tone::Warning, t!("pay.failed")),
        PaymentState::Refunding | PaymentState::Refunded => (Tone::Info, t!("pay.refunded")),
    };
    view! {
        <Notice tone=tone>
            <p role="status">{text}</p>
            {sum}
            {help}
        </Notice>
    }
}
