//! What was paid for a migration, and paying it back.

use leptos::prelude::*;
use mailferry_shared::{
    ids::OrderId,
    key::Scope,
    member::Principal,
    payment::{OrderPayment, PaymentState},
};

use super::{
    may,
    refund::{self, Asked, Refund},
};
use crate::{
    api,
    browser::intl,
    components::{Failure, Glyph, Notice, Tone, icon},
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
    let surplus = RwSignal::new(0_u32);
    let kick = Kick::new();
    poll::poll(kick, move || async move {
        let read: Load<_> = api::payments(id).await.map(|list| list.items).into();
        let moves = read.ready().is_none_or(|items| items.iter().any(is_moving));
        let is_paid = read.ready().is_some_and(|items| !items.is_empty());
        if list.try_with_untracked(|known| *known != read)? {
            list.try_set(read);
        }
        // Changes with the payments, and without them with what is ticked: read each time.
        if is_paid && let Ok(order) = api::read_order(id).await {
            let now = order.payment.pairs_surplus;
            if surplus.try_get_untracked()? != now {
                surplus.try_set(now);
            }
        }
        Some(if moves { AGAIN_MS } else { AT_REST_MS })
    });
    let refunded = RwSignal::new(None::<Asked>);
    let may_refund = may(&expect_context::<Principal>(), Scope::PaymentsWrite);
    view! {
        {move || list.with(|list| match list {
            Load::Failed(error) if !error.is_locked_out() => view! { <Failure error=error.clone() /> }.into_any(),
            Load::Ready(items) if !items.is_empty() => {
                let refund = may_refund.then_some(refunded);
                let too_much = surplus_view(surplus.get(), items, refund);
                let items = items.iter().map(|item| payment(item, refund)).collect_view();
                view! {
                    <section class="card" aria-labelledby="payments">
                        <h2 id="payments">{t!("console.payments")}</h2>
                        {too_much}
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

/// Where a payment is put that is to go back.
type ToRefund = Option<RwSignal<Option<Asked>>>;

/// What is paid for too much, and the way to pay it back.
fn surplus_view(pairs: u32, items: &[OrderPayment], refund: ToRefund) -> Option<impl IntoView + use<>> {
    let paid = items.iter().find(|item| item.state == PaymentState::Paid && item.refunded_minor == 0);
    let button = paid.zip(refund).map(|(paid, refund)| {
        let share = share(paid, pairs);
        let asked = Asked { payment: paid.clone(), amount_minor: Some(share) };
        let amount = intl::money(share, paid.amount.price.currency);
        view! {
            <button type="button" class="button button-small" on:click=move |_| refund.set(Some(asked.clone()))>
                {icon(Glyph::ArrowLeft)}
                {t!("console.pay_back_what", amount = amount)}
            </button>
        }
    });
    (pairs > 0).then(|| {
        view! {
            <Notice tone=Tone::Warning title=tn!("console.surplus", u64::from(pairs))>
                <p>{t!("console.surplus_text")}</p>
                {button}
            </Notice>
        }
    })
}

/// What so many of the payment's account pairs cost, in the currency's smallest unit.
fn share(payment: &OrderPayment, pairs: u32) -> u64 {
    let all = payment.amount.pairs.max(1);
    payment.amount.total_minor * u64::from(pairs.min(all)) / u64::from(all)
}

fn payment(payment: &OrderPayment, refund: ToRefund) -> impl IntoView + use<> {
    let currency = payment.amount.price.currency;
    let total = intl::money(payment.amount.total_minor, currency);
    let (class, glyph, text) = state(payment.state);
    let back = (payment.refunded_minor > 0)
        .then(|| t!("console.paid_back", amount = intl::money(payment.refunded_minor, currency)));
    let reference = payment.reference.clone().map(|reference| t!("console.paid_reference", number = reference));
    let taken = payment.taken_otherwise();
    let taken = taken.map(|taken| t!("pay.taken", amount = intl::money(taken.amount_minor, taken.currency)));
    let subject = Asked { payment: payment.clone(), amount_minor: None };
    let is_refundable = match payment.state {
        PaymentState::Paid => payment.amount.total_minor > payment.refunded_minor,
        state => state == PaymentState::Mismatched,
    };
    let button = refund.filter(|_| is_refundable).map(|refund| {
        view! {
            <button
                type="button"
                class="button button-small"
                aria-label=t!("console.pay_back_what", amount = refund::left(payment))
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
                    <strong class="numbers">{tn!("pay.due", u64::from(payment.amount.pairs), total = total)}</strong>
                    " "
                    <span class="small soft">{intl::date_time(payment.paid_at.unwrap_or(payment.created_at))}</span>
                </p>
                <p class=class>{icon(glyph)}<span>{text}</span></p>
                {taken.map(|taken| view! { <p class="small">{taken}</p> })}
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
