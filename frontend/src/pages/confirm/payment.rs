//! What is left to pay, and paying it with PayPal.

use gloo_timers::future::TimeoutFuture;
use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    ids::PaymentId,
    payment::{Amount, OrderPayment, PaymentList, PaymentMethod, PaymentState},
};

use super::{lacking, options::OptionErrors, start};
use crate::{
    api::{self, ApiError},
    browser::{self, intl},
    components::{Failure, Glyph, Notice, Tone, icon},
    state::order::OrderContext,
    t, tn,
};

/// Most looks at a payment that is being settled while one waits.
const MAX_LOOKS: u32 = 120;

/// The part of the start card that takes money; nothing where only vouchers pay.
#[component]
pub(super) fn Pay(errors: OptionErrors) -> impl IntoView {
    let context = expect_context::<OrderContext>();
    let list = RwSignal::new(None::<PaymentList>);
    let latest = RwSignal::new(None::<OrderPayment>);
    let failure = RwSignal::new(None::<ApiError>);
    let (busy, cancelled) = (RwSignal::new(false), RwSignal::new(false));
    let left = Memo::new(move |_| context.order.with(lacking));
    let load = move || {
        spawn_local(async move {
            if let Ok(payments) = api::payments(context.id).await {
                list.try_set(Some(payments));
            }
        });
    };
    // Whoever comes back from PayPal brings the payment's number along.
    let back = returned();
    if let Some((payment, was_cancelled)) = back {
        browser::drop_query();
        cancelled.set(was_cancelled);
        if !was_cancelled {
            busy.set(true);
            spawn_local(async move {
                let settled = settle(context, payment, latest).await;
                busy.try_set(false);
                if let Err(error) = settled {
                    failure.try_set(Some(error));
                }
                load();
            });
        }
    }
    // A voucher that pays for a part leaves less to pay.
    Effect::new(move || {
        left.track();
        load();
    });
    let pay = move |_| {
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            // Nothing that was chosen is lost on the way.
            match start::save_options(context, errors).await {
                Ok(true) => {}
                Ok(false) => {
                    busy.try_set(false);
                    return;
                }
                Err(error) => {
                    busy.try_set(false);
                    failure.try_set(Some(error));
                    return;
                }
            }
            match approval(context).await {
                // The browser leaves for PayPal, and comes back to this step.
                Ok(Some(url)) => {
                    let _ = window().location().assign(&url);
                }
                Ok(None) => {
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
        if left.get() == 0 {
            return None;
        }
        list.with(|list| list.as_ref().filter(|list| list.methods.contains(&PaymentMethod::Paypal))?.due.clone())
    });
    view! {
        {move || latest.with(|payment| payment.as_ref().map(state_notice))}
        <Show when=move || cancelled.get()>
            <Notice tone=Tone::Info>
                <p>{t!("pay.cancelled")}</p>
            </Notice>
        </Show>
        {move || failure.get().map(|error| view! { <Failure error=error /> })}
        {move || {
            due.get()
                .map(|due| {
                    view! {
                        <div class="stack-s">
                            <p class="numbers">{due_text(&due)}</p>
                            <button
                                type="button"
                                class="button button-wide"
                                class:is-busy=move || busy.get()
                                disabled=move || busy.get()
                                on:click=pay
                            >
                                {move || icon(if busy.get() { Glyph::Spinner } else { Glyph::ArrowRight })}
                                {t!("pay.paypal")}
                            </button>
                            <p class="small soft">{t!("pay.or_voucher")}</p>
                        </div>
                    }
                })
        }}
    }
}

/// The payment named by the address, and whether it was cancelled.
fn returned() -> Option<(PaymentId, bool)> {
    let query = window().location().search().ok()?;
    let mut parts = query.trim_start_matches('?').split('&');
    let id = parts.find_map(|part| part.strip_prefix("payment="))?.parse().ok()?;
    Some((id, query.contains("cancelled=1")))
}

/// Begins a payment; gives PayPal's address once it is known.
async fn approval(context: OrderContext) -> Result<Option<String>, ApiError> {
    let mut payment = api::begin_payment(context.id).await?;
    for _ in 0..MAX_LOOKS {
        if let Some(url) = payment.approve_url {
            return Ok(Some(url));
        }
        if payment.state != PaymentState::Creating {
            break;
        }
        TimeoutFuture::new(payment.poll_after_ms).await;
        payment = api::payment(context.id, payment.id).await?;
    }
    Ok(None)
}

/// Asks for the money, and waits until it is there or is not to come.
async fn settle(context: OrderContext, id: PaymentId, latest: RwSignal<Option<OrderPayment>>) -> Result<(), ApiError> {
    let mut payment = api::capture_payment(context.id, id).await?;
    for _ in 0..MAX_LOOKS {
        if latest.try_set(Some(payment.clone())).is_some() || payment.state != PaymentState::Capturing {
            break;
        }
        TimeoutFuture::new(payment.poll_after_ms).await;
        payment = api::payment(context.id, id).await?;
    }
    context.refresh();
    Ok(())
}

fn state_notice(payment: &OrderPayment) -> impl IntoView + use<> {
    let (tone, text) = match payment.state {
        PaymentState::Creating | PaymentState::AwaitingApproval | PaymentState::Capturing => {
            (Tone::Info, t!("pay.waiting"))
        }
        PaymentState::Pending => (Tone::Info, t!("pay.pending")),
        PaymentState::Paid => (Tone::Good, t!("pay.paid")),
        PaymentState::Declined => (Tone::Warning, t!("pay.declined")),
        PaymentState::Mismatched => (Tone::Warning, t!("pay.mismatched")),
        PaymentState::Failed | PaymentState::Refunding | PaymentState::Refunded => (Tone::Warning, t!("pay.failed")),
    };
    view! {
        <Notice tone=tone>
            <p role="status">{text}</p>
        </Notice>
    }
}

fn due_text(due: &Amount) -> String {
    let money = |minor| intl::money(minor, due.price.currency);
    let sum = tn!("pay.due", u64::from(due.pairs), total = money(due.total_minor));
    if due.price.tax_basis_points == 0 {
        return sum;
    }
    let rate = intl::basis_points(due.price.tax_basis_points);
    let tax = t!("pay.tax", name = due.price.tax_name, rate = rate, amount = money(due.tax_minor));
    format!("{sum} ({tax})")
}
