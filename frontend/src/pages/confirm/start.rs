//! How to start: full or trial, voucher, when; and the button, with the reasons why it cannot be pressed yet.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    account::{AccountPair, LoginState},
    order::{Order, OrderAction, OrderStart, OrderState, StartKind},
    service::HoursRange,
};

use super::{
    lacking,
    options::{self, OptionErrors},
    payment::{self, Paying},
    schedule,
    voucher::Voucher,
};
use crate::{
    api::{self, ApiError},
    browser::{self, intl},
    components::{Failure, FieldError, Glyph, Notice, RadioCard, TextField, Tone, icon},
    pages::parts,
    route::{Step, asked_path, is_asked_for},
    state::{checking, order::OrderContext, router::Router, service::Service, typed::StartFields},
    t, tn,
};

fn to_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Why the start is not possible yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Reasons {
    /// Empty when it is.
    texts: Vec<String>,
    /// Some of them are looked after at the accounts.
    by_accounts: bool,
}

/// `failed` did not pass their checks: one, or two, by their names.
fn why_failed(failed: &[&AccountPair]) -> String {
    let names: Vec<_> = failed.iter().map(|pair| parts::mailbox(&pair.source)).collect();
    match names.as_slice() {
        [name] => t!("confirm.why_failed_one", account = name),
        [first, second] => t!("confirm.why_failed_two", first = first, second = second),
        names => tn!("confirm.why_failed", to_u64(names.len())),
    }
}

/// What is not paid for is no reason where it is paid for here, by the button that starts it, nor while money is on its
/// way.
fn reasons(context: OrderContext, paying: &Paying) -> Reasons {
    let ticked: Vec<_> = context.pairs().into_iter().filter(|pair| pair.ticked).collect();
    let count = |wanted: &dyn Fn(&AccountPair) -> bool| to_u64(ticked.iter().filter(|pair| wanted(pair)).count());
    let failed: Vec<_> = ticked.iter().filter(|pair| parts::has_failed(pair)).collect();
    let checking = count(&crate::state::order::is_checking);
    let unchecked = count(&|pair| {
        !parts::has_failed(pair)
            && [&pair.source, &pair.destination].into_iter().any(|side| side.login == LoginState::Unchecked)
    });
    let by_accounts = ticked.is_empty() || !failed.is_empty() || checking + unchecked > 0;
    let mut reasons = Vec::new();
    if !context.allows(OrderAction::Start) {
        let is_over = context.order.with(|order| matches!(order.state, OrderState::Cancelled | OrderState::Closed));
        reasons.push(if is_over { t!("confirm.why_over") } else { t!("confirm.why_state") }.to_owned());
    }
    if ticked.is_empty() {
        reasons.push(t!("confirm.why_none").to_owned());
    }
    if !failed.is_empty() {
        reasons.push(why_failed(&failed));
    }
    if checking > 0 {
        reasons.push(t!("confirm.why_checking").to_owned());
    } else if unchecked > 0 {
        reasons.push(tn!("confirm.why_unchecked", unchecked));
    }
    let lacking = context.order.with(lacking);
    if context.typed().start.kind.get() == StartKind::Main && lacking > 0 && paying.is_elsewise() {
        reasons.push(tn!("confirm.why_unpaid", u64::from(lacking)));
    }
    Reasons { texts: reasons, by_accounts }
}

/// True if something has paid for every account.
fn is_paid(order: &Order) -> bool {
    order.payment.pairs_needed > 0 && lacking(order) == 0
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
    let blocked = Memo::new(move |_| paying.with(|paying| reasons(context, paying)));
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
    // What the operator was asked to do is started there: here it is only paid for.
    if context.order.with_untracked(is_asked_for) {
        return view! { <Asked /> }.into_any();
    }
    view! {
        <section class="card start-card" aria-labelledby="start-title">
            <h2 id="start-title">{t!("confirm.start_title")}</h2>
            <Kinds paying=paying />
            <Show when=move || fields.kind.get() == StartKind::Main>
                <schedule::SecondRun />
            </Show>
            <When error=time_error />
            {move || will_not_fit(context)}
            <div id="start-reasons">{move || reasons_view(context, blocked.get())}</div>
            <Show when=move || fields.kind.get() == StartKind::Main>
                <payment::Pay starting=starting to_status=to_status paying=paying />
                <VoucherInstead starting=starting to_status=to_status paying=paying />
            </Show>
            {move || failure.get().map(|error| view! { <Failure error=error /> })}
            <Show when=move || correct.get()>
                <p class="field-error" role="alert">{icon(Glyph::Warning)} <span>{t!("confirm.correct_options")}</span></p>
            </Show>
            // Where one pays first, or has paid, it starts by itself.
            <Show when=move || paying.with(Paying::is_elsewise) || fields.kind.get() != StartKind::Main>
            <button
                type="button"
                class="button button-primary button-large button-wide"
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

/// Full migration, with what it costs, or free trial.
#[component]
fn Kinds(
    /// How the full one is to be paid for.
    paying: RwSignal<Paying>,
) -> impl IntoView {
    let context = expect_context::<OrderContext>();
    let chosen = context.typed().start.kind;
    let days = expect_context::<Service>().trial_days();
    let paid = Memo::new(move |_| context.order.with(is_paid));
    let full = Signal::derive(move || match paying.with(Paying::total) {
        Some(total) => t!("confirm.full_for", total = total),
        None if paid.get() => t!("confirm.full_paid").to_owned(),
        None => t!("confirm.full_text").to_owned(),
    });
    let trial = Signal::stored(tn!("confirm.trial_text", days));
    let card = move |kind: StartKind, value: &'static str, title: &'static str, text: Signal<String>| {
        view! {
            <RadioCard
                name="kind"
                value=value
                title=title
                text=text
                checked=Signal::derive(move || chosen.get() == kind)
                on_choose=move |()| chosen.set(kind)
            />
        }
    };
    view! {
        <fieldset>
            <legend class="visually-hidden">{t!("confirm.kind_legend")}</legend>
            {card(StartKind::Main, "main", t!("confirm.full"), full)}
            // Who has paid for all is not to start a trial by mistake.
            <details
                class="disclosure"
                class:is-only=move || !paid.get()
                open=move || !paid.get() || chosen.get() == StartKind::Trial
            >
                <summary>{t!("confirm.trial_though_paid")}</summary>
                <div class="disclosure-body">{card(StartKind::Trial, "trial", t!("confirm.trial"), trial)}</div>
            </details>
        </fieldset>
    }
}

/// The voucher field: behind a click where one can pay otherwise, else the only way.
#[component]
fn VoucherInstead(starting: payment::Starting, to_status: Callback<()>, paying: RwSignal<Paying>) -> impl IntoView {
    let is_only = Memo::new(move |_| paying.with(Paying::is_elsewise));
    let waits = Memo::new(move |_| paying.with(|paying| *paying == Paying::Waits));
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
            <Show when=move || paying.with(|paying| *paying != Paying::Waits)>
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

fn reasons_view(context: OrderContext, reasons: Reasons) -> Option<impl IntoView + use<>> {
    let Reasons { texts: reasons, by_accounts } = reasons;
    if reasons.is_empty() {
        return None;
    }
    let unchecked = context.pairs().iter().any(|pair| {
        pair.ticked && [&pair.source, &pair.destination].into_iter().any(|side| side.login == LoginState::Unchecked)
    });
    let way_out = if context.order.with(has_started) && !context.allows(OrderAction::Start) {
        view! { <a href=Step::Status.path(context.id)>{t!("confirm.to_status")}</a> }.into_any()
    } else if by_accounts {
        view! { <a href=Step::Accounts.path(context.id)>{t!("confirm.to_accounts")}</a> }.into_any()
    } else {
        ().into_any()
    };
    let items =
        reasons.into_iter().map(|reason| view! { <li>{icon(Glyph::Warning)}<span>{reason}</span></li> }).collect_view();
    Some(view! {
        <div class="stack-s">
            <p class="small soft">{t!("confirm.blocked")}</p>
            <ul class="reasons" role="list">
                {items}
            </ul>
            <div class="row small">
                {unchecked
                    .then(|| {
                        view! {
                            <button
                                type="button"
                                class="button button-small"
                                on:click=move |_| checking::check(context, Vec::new())
                            >
                                {t!("confirm.run_check")}
                            </button>
                        }
                    })}
                {way_out}
            </div>
        </div>
    })
}

/// When a full migration that begins at the time chosen has ended, as far as that is known.
fn ends_about(context: OrderContext) -> Option<String> {
    let fields = context.typed().start;
    let at = intl::parse_local(&fields.at.get()).filter(|_| fields.kind.get() == StartKind::Main)?;
    let totals = context.order.with(|order| order.totals);
    let seconds = totals.estimated_seconds.filter(|_| totals.survey_complete)?;
    let needed = chrono::TimeDelta::try_seconds(i64::try_from(seconds).ok()?)?;
    Some(intl::date_time(at.checked_add_signed(needed)?))
}

/// Earliest start: at once, or at a time in the browser's time zone, which is named.
#[component]
fn When(error: RwSignal<Option<String>>) -> impl IntoView {
    let context = expect_context::<OrderContext>();
    let fields = context.typed().start;
    let radio = move |later: bool, title: &'static str| {
        view! {
            <RadioCard
                name="when"
                value=if later { "later" } else { "now" }
                title=title
                is_inline=true
                checked=Signal::derive(move || fields.later.get() == later)
                on_choose=move |()| {
                    fields.later.set(later);
                    if later && fields.at.with_untracked(String::is_empty) {
                        fields.at.set(intl::local_value(intl::now() + chrono::TimeDelta::hours(1)));
                    }
                }
            />
        }
    };
    view! {
        <fieldset class="stack-s">
            <legend class="field-label">{t!("confirm.when_legend")}</legend>
            <div class="row">{radio(false, t!("confirm.now"))} {radio(true, t!("confirm.later"))}</div>
            <Show
                when=move || fields.later.get()
                fallback=move || view! { <FieldError id="when-error" error=error /> }
            >
                <TextField
                    id="start-at"
                    label=t!("confirm.at")
                    hint=t!("confirm.at_zone", zone = intl::time_zone())
                    kind="datetime-local"
                    value=fields.at
                    error=error
                />
                {move || ends_about(context).map(|time| view! { <p class="small soft">{t!("confirm.ends_about", time = time)}</p> })}
            </Show>
        </fieldset>
    }
}
