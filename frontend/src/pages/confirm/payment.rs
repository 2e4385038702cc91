//! What is left to pay, and paying it with PayPal.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    ids::PaymentId,
    order::{OrderStart, OrderState},
    payment::{Amount, OrderPayment, PaymentList, PaymentMethod, PaymentState},
};

use super::{
    bill::bill,
    lacking,
    options::OptionErrors,
    outcome::{Outcome, is_under_way, is_waited_for},
    start::{has_started, start_with_options},
};
use crate::{
    api::{self, ApiError, Polled},
    browser::{self, intl},
    components::{Glyph, busy_icon, failed},
    state::{order::OrderContext, poll},
    t,
};

/// Most looks at a payment whose address one waits for.
const MAX_LOOKS: u32 = 120;

/// The part of the start card that takes money; nothing where only vouchers pay. With `starting`, the order is asked to
/// start first: then it begins by itself once the money is there, whenever that is.
#[component]
pub(super) fn Pay(
    #[prop(optional)] starting: Option<Starting>,
    /// Told how the order is to be paid for now.
    paying: RwSignal<Paying>,
    /// Told when the migration has been started.
    to_status: Callback<()>,
) -> impl IntoView {
    let context = expect_context::<OrderContext>();
    let list = RwSignal::new(None::<PaymentList>);
    let latest = RwSignal::new(None::<OrderPayment>);
    let failure = RwSignal::new(None::<ApiError>);
    let (busy, cancelled) = (RwSignal::new(false), RwSignal::new(false));
    let left = Memo::new(move |_| context.order.with(lacking));
    let follow = move |payment: OrderPayment| {
        busy.set(true);
        spawn_local(async move {
            let settled = settle(context, payment, latest).await;
            busy.try_set(false);
            match settled {
                Ok(true) => to_status.run(()),
                Ok(false) => {}
                Err(error) => {
                    failure.try_set(Some(error));
                }
            }
        });
    };
    // Whoever comes back from PayPal brings the payment's number along.
    let back = returned();
    if let Some((payment, was_cancelled)) = back {
        browser::drop_query();
        cancelled.set(was_cancelled);
        if !was_cancelled {
            spawn_local(async move {
                let is_here = || !latest.is_disposed();
                match poll::begun(is_here, || api::capture_payment(context.id, payment)).await {
                    Ok(payment) => follow(payment),
                    Err(error) => {
                        failure.try_set(Some(error));
                    }
                }
            });
        }
    }
    // A voucher that pays for a part leaves less to pay.
    Effect::new(move || {
        left.track();
        spawn_local(async move {
            let Ok(payments) = api::payments(context.id).await else { return };
            // What is known of an earlier payment is told again.
            let told = payments.items.iter().rfind(|payment| is_told(payment.state)).cloned();
            if let (Some(told), None, Some(true)) = (told, back, latest.try_with_untracked(Option::is_none)) {
                if is_under_way(told.state) { follow(told) } else { latest.set(Some(told)) }
            }
            list.try_set(Some(payments));
        });
    });
    let pay = move |_| {
        let start = match starting {
            Some(starting) => match starting.read.run(()) {
                Some(start) => Some((starting.errors, start)),
                None => return browser::focus_first_error(),
            },
            None => None,
        };
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            match begin(context, start, latest).await {
                // The browser leaves for PayPal, and comes back to this step.
                Ok(Begun::Approval(url)) => {
                    let _ = window().location().assign(&url);
                }
                Ok(Begun::Started) => to_status.run(()),
                Ok(Begun::Not) => {
                    busy.try_set(false);
                }
                Err(error) => {
                    busy.try_set(false);
                    failure.try_set(Some(error));
                }
            }
        });
    };
    let due = Memo::new(move |_| {
        let is_waiting = latest.with(|latest| latest.as_ref().is_some_and(|payment| is_waited_for(payment.state)));
        if left.get() == 0 || is_waiting {
            return None;
        }
        list.with(|list| list.as_ref().filter(|list| list.methods.contains(&PaymentMethod::Paypal))?.due.clone())
    });
    Effect::new(move || {
        let state = latest.with(|latest| latest.as_ref().map(|payment| payment.state));
        let total = due.with(|due| due.as_ref().map(|due| intl::money(due.total_minor, due.price.currency)));
        let awaits = context.order.with(|order| order.state == OrderState::AwaitingPayment);
        let now = match (state.filter(|state| is_waited_for(*state) && left.get() > 0), total) {
            (Some(state), _) if awaits && is_under_way(state) => Paying::Settles,
            (Some(_), _) => Paying::Waits,
            (None, Some(total)) => Paying::Here(total),
            (None, None) => Paying::Elsewise,
        };
        if paying.with_untracked(|known| *known != now) {
            paying.set(now);
        }
    });
    view! {
        <Outcome latest=latest cancelled=cancelled has_returned=back.is_some() />
        {failed(failure)}
        {move || due.get().map(|due| amount(&due, busy, starting, pay))}
    }
}

/// What is left to pay, and the button that pays it.
fn amount<F: Fn(web_sys::MouseEvent) + Send + 'static>(
    due: &Amount,
    busy: RwSignal<bool>,
    starting: Option<Starting>,
    pay: F,
) -> AnyView {
    let total = intl::money(due.total_minor, due.price.currency);
    view! {
        <div class="stack-s pay-here">
            {bill(due)}
            <button
                type="button"
                class="button button-primary button-large button-wide"
                class:is-busy=move || busy.get()
                disabled=move || busy.get() || starting.is_some_and(|starting| starting.blocked.get())
                aria-describedby=starting.map(|_| "start-reasons")
                on:click=pay
            >
                {t!("pay.paypal", total = total)}
                {busy_icon(busy, Glyph::ArrowRight)}
            </button>
            {starting.map(|_| view! { <p class="small soft">{t!("pay.starts")}</p> })}
        </div>
    }
    .into_any()
}

/// How an order is asked to start before it is paid for.
#[derive(Clone, Copy)]
pub(super) struct Starting {
    pub(super) errors: OptionErrors,
    /// What was chosen; none with the errors beside the fields.
    pub(super) read: Callback<(), Option<OrderStart>>,
    /// True while something forbids the start: then nobody pays either.
    pub(super) blocked: Signal<bool>,
}

/// How what is left is paid for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Paying {
    /// By what pays elsewhere: a voucher.
    Elsewise,
    /// Here, by the button: so much, in words.
    Here(String),
    /// Not now: the money is on its way, and with it the order starts as it was asked to before.
    Settles,
    /// Not now: money is on its way, or waits to be paid back.
    Waits,
}

impl Paying {
    /// What is to be paid here.
    pub(super) fn total(&self) -> Option<String> {
        match self {
            Self::Here(total) => Some(total.clone()),
            Self::Elsewise | Self::Settles | Self::Waits => None,
        }
    }

    /// True while nobody pays at all.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self, Self::Settles | Self::Waits)
    }

    pub(super) fn is_elsewise(&self) -> bool {
        *self == Self::Elsewise
    }
}

/// What came of the wish to pay.
enum Begun {
    /// The payer agrees at this address.
    Approval(String),
    /// Nothing was left to pay.
    Started,
    /// The errors stand beside their fields, or the payment came to nothing.
    Not,
}

/// True for what must be known also by whoever opens the page anew.
fn is_told(state: PaymentState) -> bool {
    is_under_way(state) || matches!(state, PaymentState::Declined | PaymentState::Mismatched)
}

/// The payment named by the address, and whether it was cancelled.
fn returned() -> Option<(PaymentId, bool)> {
    let query = window().location().search().ok()?;
    let mut parts = query.trim_start_matches('?').split('&');
    let id = parts.find_map(|part| part.strip_prefix("payment="))?.parse().ok()?;
    Some((id, query.contains("cancelled=1")))
}

/// Asks for the start, begins a payment, and waits for PayPal's address.
async fn begin(
    context: OrderContext,
    start: Option<(OptionErrors, OrderStart)>,
    latest: RwSignal<Option<OrderPayment>>,
) -> Result<Begun, ApiError> {
    if let Some((errors, start)) = start {
        let Some(order) = start_with_options(context, errors, &start).await? else { return Ok(Begun::Not) };
        let started = has_started(&order);
        context.order.try_set(order);
        if started {
            return Ok(Begun::Started);
        }
    }
    let is_here = || !latest.is_disposed();
    let payment = poll::begun(is_here, || api::begin_payment(context.id)).await?;
    let (mut looks, mut last) = (0, payment.clone());
    let told = |payment: OrderPayment| {
        looks += 1;
        let waits = payment.approve_url.is_none() && payment.state == PaymentState::Creating;
        let pause = payment.poll_after_ms;
        last = payment;
        (waits && looks < MAX_LOOKS).then_some(pause)
    };
    let id = payment.id;
    poll::followed(payment, |_| look_at(context, id), told, is_here).await?;
    if let Some(url) = last.approve_url {
        return Ok(Begun::Approval(url));
    }
    // It came to nothing, which is said.
    latest.try_set(Some(last));
    Ok(Begun::Not)
}

/// Reads a payment, for whoever follows it.
async fn look_at(context: OrderContext, id: PaymentId) -> Result<Polled<OrderPayment>, ApiError> {
    api::payment(context.id, id).await.map(|payment| Polled::New(payment, None))
}

/// Waits until the money is there or is not to come; true if the migration has been started by it.
async fn settle(
    context: OrderContext,
    payment: OrderPayment,
    latest: RwSignal<Option<OrderPayment>>,
) -> Result<bool, ApiError> {
    let is_here = || !latest.is_disposed();
    let mut is_paid = false;
    let told = |payment: OrderPayment| {
        is_paid = payment.state == PaymentState::Paid;
        let pause = is_under_way(payment.state).then_some(payment.poll_after_ms);
        latest.try_set(Some(payment)).is_none().then_some(pause)?
    };
    let id = payment.id;
    poll::followed(payment, |_| look_at(context, id), told, is_here).await?;
    let order = poll::begun(is_here, || api::read_order(context.id)).await?;
    let started = has_started(&order);
    context.order.try_set(order);
    Ok(started && is_paid)
}
