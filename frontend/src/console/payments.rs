//! What was paid for a migration, and paying it back.

use leptos::prelude::*;
use mailferry_shared::{
    ids::OrderId,
    key::Scope,
    member::Principal,
    payment::{OrderPayment, PaymentState, RefundCreate},
};

use super::{
    may,
    sending::{FormDialog, Sending},
};
use crate::{
    api,
    browser::intl,
    components::{Failure, Glyph, TextField, icon},
    format,
    state::{
        Load,
        poll::{self, Kick},
    },
    t, tn,
};

/// Milliseconds until the payments are read again, while one of them is on its way.
const AGAIN_MS: u32 = 3000;
/// The same while none is: a seller may pay back at PayPal itself.
const AT_REST_MS: u32 = 60_000;

/// The card; nothing where nobody has paid, or where one may not see it.
#[component]
pub(super) fn Payments(id: OrderId) -> impl IntoView {
    let list = RwSignal::new(Load::<Vec<OrderPayment>>::Loading);
    let kick = Kick::new();
    poll::poll(kick, move || async move {
        let read: Load<_> = api::payments(id).await.map(|list| list.items).into();
        let moves = read.ready().is_none_or(|items| items.iter().any(is_moving));
        if list.try_with_untracked(|known| *known != read)? {
            list.try_set(read);
        }
        Some(if moves { AGAIN_MS } else { AT_REST_MS })
    });
    let refunded = RwSignal::new(None::<OrderPayment>);
    let may_refund = may(&expect_context::<Principal>(), Scope::PaymentsWrite);
    view! {
        {move || list.with(|list| match list {
            Load::Failed(error) if !error.is_locked_out() => view! { <Failure error=error.clone() /> }.into_any(),
            Load::Ready(items) if !items.is_empty() => {
                let items = items.iter().map(|item| payment(item, may_refund.then_some(refunded))).collect_view();
                view! {
                    <section class="card" aria-labelledby="payments">
                        <h2 id="payments">{t!("console.payments")}</h2>
                        <ul role="list">{items}</ul>
                    </section>
                }
                .into_any()
            }
            _ => ().into_any(),
        })}
        <Refund subject=refunded done=move |()| kick.now() />
    }
}

/// True if it changes by itself.
fn is_moving(payment: &OrderPayment) -> bool {
    use PaymentState::{Capturing, Creating, Pending, Refunding};
    matches!(payment.state, Creating | Capturing | Pending | Refunding)
}

/// What is left to pay back, in the currency's smallest unit.
fn left(payment: &OrderPayment) -> u64 {
    payment.amount.total_minor.saturating_sub(payment.refunded_minor)
}

fn payment(payment: &OrderPayment, refund: Option<RwSignal<Option<OrderPayment>>>) -> impl IntoView + use<> {
    let currency = payment.amount.price.currency;
    let total = intl::money(payment.amount.total_minor, currency);
    let (class, glyph, text) = state(payment.state);
    let back = (payment.refunded_minor > 0)
        .then(|| t!("console.paid_back", amount = intl::money(payment.refunded_minor, currency)));
    let reference = payment.reference.clone().map(|reference| t!("console.paid_reference", number = reference));
    let subject = payment.clone();
    let is_refundable = matches!(payment.state, PaymentState::Paid | PaymentState::Mismatched) && left(payment) > 0;
    let button = refund.filter(|_| is_refundable).map(|refund| {
        view! {
            <button
                type="button"
                class="button button-small"
                aria-label=t!("console.pay_back_what", amount = total)
                on:click=move |_| refund.set(Some(subject.clone()))
            >
                {icon(Glyph::ArrowLeft)}
                {t!("console.pay_back")}
            </button>
        }
    });
    view! {
        <li class="proposal">
            <div class="stack-s">
                <p>
                    <strong class="numbers">{tn!("pay.due", u64::from(payment.amount.pairs), total = total.clone())}</strong>
                    " "
                    <span class="small soft">{intl::date_time(payment.paid_at.unwrap_or(payment.created_at))}</span>
                </p>
                <p class=class>{icon(glyph)}<span>{text}</span></p>
                {back.map(|back| view! { <p class="small">{back}</p> })}
                {reference.map(|reference| view! { <p class="small soft" data-data="">{reference}</p> })}
            </div>
            {button}
        </li>
    }
}

fn state(state: PaymentState) -> (&'static str, Glyph, &'static str) {
    use PaymentState as State;
    match state {
        State::Creating | State::AwaitingApproval => ("status status-idle", Glyph::Clock, t!("console.pay_open")),
        State::Capturing | State::Pending => ("status status-busy", Glyph::Spinner, t!("console.pay_pending")),
        State::Paid => ("status status-good", Glyph::Check, t!("console.pay_paid")),
        State::Declined => ("status status-warn", Glyph::Warning, t!("console.pay_declined")),
        State::Failed => ("status status-idle", Glyph::Stop, t!("console.pay_failed")),
        State::Mismatched => ("status status-bad", Glyph::Warning, t!("console.pay_mismatched")),
        State::Refunding => ("status status-busy", Glyph::Spinner, t!("console.pay_refunding")),
        State::Refunded => ("status status-idle", Glyph::ArrowLeft, t!("console.pay_refunded")),
    }
}

/// Asks how much of the payment in `subject` goes back.
#[component]
fn Refund(subject: RwSignal<Option<OrderPayment>>, #[prop(into)] done: Callback<()>) -> impl IntoView {
    let open = RwSignal::new(false);
    let amount = RwSignal::new(String::new());
    let wrong = RwSignal::new(None::<String>);
    let sending = Sending::new();
    Effect::new(move || {
        let is_asked = subject.with(Option::is_some);
        if is_asked {
            amount.set(String::new());
            wrong.set(None);
        }
        open.set(is_asked);
    });
    Effect::new(move || {
        if !open.get() && subject.with_untracked(Option::is_some) {
            subject.set(None);
        }
    });
    let submit = move |()| {
        let Some(payment) = subject.get_untracked() else { return };
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
        let left = subject
            .with(|payment| payment.as_ref().map(|payment| intl::money(left(payment), payment.amount.price.currency)));
        t!("console.pay_back_text", amount = left.unwrap_or_default())
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
            <TextField
                id="refund-amount"
                label=t!("console.pay_back_amount")
                hint=t!("console.pay_back_hint")
                value=amount
                inputmode="decimal"
                is_optional=true
                is_short=true
                error=Signal::derive(move || wrong.get().or_else(|| sending.field("/amount_minor").get()))
            />
        </FormDialog>
    }
}
