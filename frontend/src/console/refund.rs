//! Paying back a payment, or a part of it.

use leptos::prelude::*;
use mailferry_shared::payment::{Currency, OrderPayment, PaymentState, RefundCreate};

use super::sending::{FormDialog, Sending};
use crate::{api, browser::intl, components::TextField, format, t};

/// What is asked about: a payment, and how much of it goes back unless something else is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) payment: OrderPayment,
    /// In the currency's smallest unit; `None`: all that is left.
    pub(super) amount_minor: Option<u64>,
}

/// What is left to pay back, for people.
pub(super) fn left(payment: &OrderPayment) -> String {
    let (taken, currency) = taken(payment);
    intl::money(taken.saturating_sub(payment.refunded_minor), currency)
}

/// What was taken: what PayPal says, else what was asked for; in the smallest unit of its currency.
fn taken(payment: &OrderPayment) -> (u64, Currency) {
    let otherwise = payment.taken_otherwise().map(|taken| (taken.amount_minor, taken.currency));
    otherwise.unwrap_or((payment.amount.total_minor, payment.amount.price.currency))
}

/// Asks how much of the payment in `subject` goes back.
#[component]
pub(super) fn Refund(subject: RwSignal<Option<Asked>>, #[prop(into)] done: Callback<()>) -> impl IntoView {
    let open = RwSignal::new(false);
    let amount = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<String>);
    let sending = Sending::new();
    Effect::new(move || {
        let asked = subject.get();
        open.set(asked.is_some());
        if let Some(Asked { payment, amount_minor }) = asked {
            let decimals = payment.amount.price.currency.decimals();
            amount.set(amount_minor.map(|minor| format::decimal(minor, decimals)).unwrap_or_default());
            wrong.set(None);
        }
    });
    Effect::new(move || {
        if !open.get() && subject.with_untracked(Option::is_some) {
            subject.set(None);
        }
    });
    let submit = move |()| {
        let Some(Asked { payment, .. }) = subject.get_untracked() else { return };
        let decimals = payment.amount.price.currency.decimals();
        let typed = amount.with_untracked(|text| format::minor_units(text, decimals));
        wrong.set(typed.is_err().then(|| t!("console.pay_back_wrong").to_owned()));
        let Ok(amount_minor) = typed else { return };
        sending.send(async move { api::refund(payment.id, &RefundCreate { amount_minor }).await }, move |_| {
            subject.set(None);
            done.run(());
        });
    };
    let hint = move || {
        let left = subject.with(|asked| asked.as_ref().map(|asked| left(&asked.payment)));
        t!("console.pay_back_text", amount = left.unwrap_or_default())
    };
    // Of what PayPal took otherwise all goes back, or nothing.
    let is_divisible = move || {
        subject.with(|asked| asked.as_ref().is_some_and(|asked| asked.payment.state != PaymentState::Mismatched))
    };
    view! {
        <FormDialog
            id="refund"
            title=t!("console.pay_back_title")
            open=open
            sending=sending
            submit=t!("console.pay_back")
            on_submit=submit
        >
            <p>{hint}</p>
            {move || {
                is_divisible()
                    .then(|| {
                        view! {
                            <TextField
                                id="refund-amount"
                                label=t!("console.pay_back_amount")
                                hint=t!("console.pay_back_hint")
                                value=amount
                                inputmode="decimal"
                                is_optional=true
                                is_short=true
                                error=Signal::derive(move || {
                                    wrong.get().or_else(|| sending.field("/amount_minor").get())
                                })
                            />
                        }
                    })
            }}
        </FormDialog>
    }
}
