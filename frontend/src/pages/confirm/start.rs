//! How to start: full or trial, voucher, when; and the button, with the reasons why it cannot be pressed yet.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    order::{Order, OrderAction, OrderStart, OrderState, StartKind},
    service::HoursRange,
};

use super::{
    kinds::Kinds,
    options::{self, OptionErrors},
    payment::{self, Paying},
    reasons, schedule,
    trial::TrialCount,
    voucher::Voucher,
    when::When,
};
use crate::{
    api::{self, ApiError},
    browser::{self, intl},
    components::{Glyph, Notice, Tone, failed, icon},
    pages::parts,
    route::{Step, asked_path, is_asked_for},
    state::{
        order::OrderContext,
        router::Router,
        service::Service,
        typed::{StartFields, asked},
    },
    t, tn,
};

pub(super) fn to_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// True once the order runs, or waits for its time.
pub(super) fn has_started(order: &Order) -> bool {
    !matches!(order.state, OrderState::Draft | OrderState::AwaitingPayment)
}

/// The card.
#[component]
pub(super) fn Start(
    option_errors: OptionErrors,
    /// Told how it is to be paid for.
    paying: RwSignal<Paying>,
    /// What a trial would copy.
    trial: TrialCount,
) -> impl IntoView {
    let context = expect_context::<OrderContext>();
    let service = expect_context::<Service>();
    let fields = context.typed().start;
    let router = Router::get();
    let to_status = Callback::new(move |()| {
        router.go(&Step::Status.path(context.id));
    });
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    let time_error = RwSignal::new(None::<String>);
    // An option stands in the way.
    let correct = RwSignal::new(false);
    let chosen = Callback::new(move |()| chosen(fields, untrack(|| service.delta_hours()), time_error));
    let blocked = Memo::new(move |_| paying.with(|paying| reasons::reasons(context, paying)));
    let is_blocked = Signal::derive(move || blocked.with(|reasons| !reasons.texts.is_empty()));
    let starting = payment::Starting { errors: option_errors, read: chosen, blocked: is_blocked };
    let on_start = move |_| {
        correct.set(false);
        let Some(start) = chosen.run(()) else { return browser::focus_first_error() };
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            let result = start_with_options(context, option_errors, &start).await;
            busy.try_set(false);
            match result {
                Ok(Some(order)) => {
                    let started = has_started(&order);
                    context.order.try_set(order);
                    if started {
                        to_status.run(());
                    }
                }
                Ok(None) => correct.try_set(true).map_or((), drop),
                Err(error) => {
                    // What is wrong with when is said there.
                    let (at, second) = (error.field("/earliest_start"), error.field("/delta_schedule"));
                    let placed = at.is_some() || second.is_some();
                    time_error.try_set(at);
                    fields.second.error.try_set(second);
                    if placed { browser::focus_first_error() } else { failure.try_set(Some(error)).map_or((), drop) }
                }
            }
        });
    };
    // While the money is on its way nothing that is chosen here counts: shown is what the service was told.
    let settles = Memo::new(move |_| paying.with(|paying| *paying == Paying::Settles));
    Effect::new(move || {
        if settles.get() {
            fields.tell(&context.order.with_untracked(asked));
        }
    });
    // What the operator was asked to do is started there: here it is only paid for.
    if context.order.with_untracked(is_asked_for) {
        return view! { <Asked /> }.into_any();
    }
    view! {
        <section class="card start-card" aria-labelledby="start-title">
            <h2 id="start-title">{t!("confirm.start_title")}</h2>
            {move || what_counts(paying).map(|text| view! { <p class="small soft">{text}</p> })}
            <fieldset class="stack" disabled=move || settles.get()>
                <Kinds paying=paying />
                <Show when=move || fields.kind.get() == StartKind::Main>
                    <schedule::SecondRun />
                </Show>
                <When error=time_error />
            </fieldset>
            {move || will_not_fit(context)}
            <div id="start-reasons">{move || reasons::view(context, blocked.get())}</div>
            <Show when=move || fields.kind.get() == StartKind::Main>
                <payment::Pay starting=starting to_status=to_status paying=paying />
                <VoucherInstead starting=starting to_status=to_status paying=paying />
            </Show>
            {failed(failure)}
            <Show when=move || correct.get()>
                <p class="field-error" role="alert">{icon(Glyph::Warning)} <span>{t!("confirm.correct_options")}</span></p>
            </Show>
            // Where one pays first, or has paid, it starts by itself.
            <Show when=move || paying.with(Paying::is_elsewise) || fields.kind.get() != StartKind::Main>
            <button
                type="button"
                class="button button-large button-wide"
                class:button-primary=move || fields.kind.get() == StartKind::Main || !trial.is_nothing()
                class:is-busy=move || busy.get()
                disabled=move || busy.get() || is_blocked.get()
                aria-describedby="start-reasons"
                on:click=on_start
            >
                {move || icon(match (busy.get(), fields.later.get()) {
                    (true, _) => Glyph::Spinner,
                    (false, true) => Glyph::Clock,
                    (false, false) => Glyph::Play,
                })}
                {move || match (busy.get(), fields.kind.get(), fields.later.get()) {
                    (true, _, _) => t!("confirm.starting"),
                    (false, StartKind::Trial, false) => t!("confirm.start_trial"),
                    (false, StartKind::Trial, true) => t!("confirm.schedule_trial"),
                    (false, StartKind::Main, false) => t!("confirm.start"),
                    (false, StartKind::Main, true) => t!("confirm.schedule"),
                }}
            </button>
            </Show>
        </section>
    }
    .into_any()
}

/// What becomes of a choice while money is with PayPal.
fn what_counts(paying: RwSignal<Paying>) -> Option<&'static str> {
    paying.with(|paying| match paying {
        Paying::Settles => Some(t!("pay.settles")),
        Paying::Waits => Some(t!("pay.waits")),
        Paying::Here(_) | Paying::Elsewise => None,
    })
}

/// The voucher field: behind a click where one can pay otherwise, else the only way.
#[component]
fn VoucherInstead(starting: payment::Starting, to_status: Callback<()>, paying: RwSignal<Paying>) -> impl IntoView {
    let is_only = Memo::new(move |_| paying.with(Paying::is_elsewise));
    let waits = Memo::new(move |_| paying.with(Paying::is_waiting));
    view! {
        <Show when=move || !waits.get()>
            <details class="disclosure" class:is-only=move || is_only.get() open=move || is_only.get()>
                <summary>{t!("pay.or_voucher")}</summary>
                <div class="disclosure-body">
                    <Voucher starting=starting to_status=to_status />
                </div>
            </details>
        </Show>
    }
}

/// What is known to be too large for where it goes, said before the start, which it does not forbid.
fn will_not_fit(context: OrderContext) -> Option<impl IntoView + use<>> {
    let count = to_u64(context.pairs().iter().filter(|pair| pair.ticked && parts::will_not_fit(pair)).count());
    (count > 0).then(|| {
        view! {
            <Notice tone=Tone::Warning>
                <p>{tn!("confirm.will_not_fit", count)}</p>
            </Notice>
        }
    })
}

/// Paying for what the operator does.
#[component]
fn Asked() -> impl IntoView {
    let context = expect_context::<OrderContext>();
    let router = Router::get();
    let paying = RwSignal::new(Paying::Elsewise);
    let to_request = Callback::new(move |()| router.go(&asked_path(context.id)));
    view! {
        <section class="card start-card" aria-labelledby="start-title">
            <h2 id="start-title">{t!("confirm.asked_title")}</h2>
            <p class="soft">{t!("confirm.asked_text")}</p>
            <payment::Pay to_status=to_request paying=paying />
            <Show when=move || !paying.with(Paying::is_waiting)>
                <Voucher to_status=to_request />
            </Show>
            <a class="button button-wide" href=asked_path(context.id)>
                {t!("confirm.to_request")}
                {icon(Glyph::ArrowRight)}
            </a>
        </section>
    }
}

/// What was chosen; none with the errors beside the fields.
fn chosen(fields: StartFields, hours: HoursRange, time_error: RwSignal<Option<String>>) -> Option<OrderStart> {
    let at = if fields.later.get_untracked() {
        let at = intl::parse_local(&fields.at.get_untracked()).filter(|at| *at > intl::now());
        time_error.set(at.is_none().then(|| t!("confirm.at_invalid").to_owned()));
        Some(at?)
    } else {
        None
    };
    let kind = fields.kind.get_untracked();
    let delta_schedule = match kind {
        StartKind::Main => schedule::read(fields.second, hours).ok()?,
        StartKind::Trial => None,
    };
    Some(OrderStart { kind, earliest_start: at, delta_schedule })
}

/// Sends the options as long as they may be changed, and starts; none if the options are not valid.
pub(super) async fn start_with_options(
    context: OrderContext,
    errors: OptionErrors,
    start: &OrderStart,
) -> Result<Option<Order>, ApiError> {
    let may_change = untrack(|| context.allows(OrderAction::Change));
    if may_change && !options::save(context, errors).await? {
        return Ok(None);
    }
    api::start_order(context.id, start).await.map(Some)
}
