//! Overall progress, drawn as a crossing.

use leptos::prelude::*;
use mailferry_shared::{account::MailAmount, order::OrderState, progress::Progress};

use super::{
    Page,
    words::{amounts, arrived, is_ahead, is_empty_trial, is_over, ledger, percent, pieces},
};
use crate::{
    browser::intl,
    components::{Chart, ferry},
    i18n,
    state::providers::KnownProviders,
    t,
    throughput::{Throughput, highest},
    tn,
};

/// The card with bar, counts, speed and times.
#[component]
pub(super) fn Voyage(page: Page) -> impl IntoView {
    let known = KnownProviders::get();
    let progress = Memo::new(move |_| page.progress.with(|progress| progress.ready().cloned()));
    let done = Memo::new(move |_| progress.with(|progress| progress.as_ref().map_or(0, percent)));
    // Nothing is known yet while the folders are looked through.
    let unknown = Memo::new(move |_| {
        progress.with(|progress| {
            progress.as_ref().is_none_or(|progress| progress.counts.listed == 0 && progress.state == OrderState::Active)
        })
    });
    let ends = move || {
        page.context.order.with(|order| {
            let name = |choice: &Option<_>| choice.as_ref().map(|choice| known.name(choice)).unwrap_or_default();
            (name(&order.source), name(&order.destination))
        })
    };
    let value = move || (!unknown.get()).then(|| done.get().to_string());
    // Before the start, and where there was nothing to copy, there is no part of it.
    let has_part = Memo::new(move |_| {
        let is_empty = progress.with(|progress| progress.as_ref().is_some_and(is_empty_trial));
        !is_ahead(page.state()) && (!is_empty || !is_over(page.state()))
    });
    let told = Memo::new(move |_| {
        progress.with(|progress| page.context.order.with(|order| ledger(order, progress.as_ref()?)))
    });
    let head = move || {
        progress.with(|progress| {
            progress.as_ref().map(|progress| match waiting(page, progress) {
                Some(text) => text,
                // What has not arrived stands in the line beneath.
                None if is_over(progress.state) && told.with(Option::is_some) => arrived(&progress.counts),
                None => counted(progress),
            })
        })
    };
    view! {
        <section class="card voyage" aria-label=t!("status.overall")>
            <Show
                when=move || page.state() != OrderState::Cancelled
                fallback=move || {
                    // What will not go on has no percentage.
                    let counts = move || progress.with(|progress| progress.as_ref().map(counted).unwrap_or_default());
                    let nothing = move || progress.with(|it| it.as_ref().is_none_or(|it| it.counts.listed == 0));
                    let text = move || {
                        if nothing() {
                            t!("status.nothing_copied").to_owned()
                        } else {
                            t!("status.copied_until", counts = counts())
                        }
                    };
                    view! { <p class="voyage-ended">{move || pieces(&text())}</p> }
                }
            >
            <div class="voyage-head">
                <Show when=move || has_part.get()>
                    <p class="voyage-percent">{move || intl::percent(done.get())}</p>
                </Show>
                <p class="soft numbers">{move || head().map(|head| pieces(&head))}</p>
            </div>
            <Show when=move || has_part.get()>
            <div class="voyage-track">
                <div class="voyage-lane" aria-hidden="true">
                    <svg
                        class="voyage-ferry"
                        viewBox="0 0 32 32"
                        style:left=move || format!("clamp(1.25rem, {}%, 100% - 1.25rem)", done.get())
                    >
                        {ferry()}
                    </svg>
                </div>
                <progress class="progress" aria-label=t!("status.overall") max="100" value=value></progress>
            </div>
            <div class="voyage-ends">
                <span>{move || ends().0}</span>
                <span>{move || ends().1}</span>
            </div>
            </Show>
            {move || told.get().map(|text| view! { <p class="small soft numbers">{text}</p> })}
            </Show>
            <dl class="facts facts-small">{move || facts(page)}</dl>
            <Pace page=page />
        </section>
    }
}

/// The speed since the page was opened, as a small line.
#[component]
fn Pace(page: Page) -> impl IntoView {
    let rates = Memo::new(move |_| page.throughput.with(Throughput::rates));
    // The speed that is told above, where there is one.
    let told = Memo::new(move |_| page.progress.with(|progress| progress.ready().and_then(|it| it.bytes_per_second)));
    let label = Signal::derive(move || {
        rates.with(|rates| {
            let last = || rates.last().map_or(0, |rate| whole(rate.bytes_per_second));
            let now = told.get().unwrap_or_else(last);
            let highest = whole(highest(rates)).max(now);
            t!("status.pace_label", now = intl::rate(now), highest = intl::rate(highest))
        })
    });
    // Two points make a line, and as long as nothing has moved there is nothing to draw.
    let drawn = Memo::new(move |_| rates.with(|rates| rates.len() > 1 && highest(rates) > 0.0));
    view! {
        <Show when=move || page.state() == OrderState::Active && drawn.get()>
            <figure class="pace">
                <figcaption class="row-between small soft">
                    <span>{t!("status.pace")}</span>
                    <span class="numbers">{label}</span>
                </figcaption>
                <Chart rates=rates label=label />
            </figure>
        </Show>
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate in bytes is whole and positive")]
fn whole(rate: f64) -> u64 {
    rate.max(0.0) as u64
}

fn counted(progress: &Progress) -> String {
    let counts = &progress.counts;
    if counts.listed == 0 && progress.state == OrderState::Active {
        return t!("status.preparing").to_owned();
    }
    let amounts = amounts(counts, is_over(progress.state));
    if progress.at_least { t!("status.at_least", amounts = amounts) } else { amounts }
}

/// Before the start: what was counted by the checks.
fn waiting(page: Page, progress: &Progress) -> Option<String> {
    page.context.order.with(|order| {
        let (totals, options) = (&order.totals, &order.options);
        (is_ahead(progress.state) && progress.counts.done() == 0 && totals.survey_complete).then(|| {
            let all = MailAmount { messages: totals.messages, size_bytes: totals.size_bytes };
            let all = if options.include_trash { all } else { all.without(totals.trash) };
            let all = if options.include_junk { all } else { all.without(totals.junk) };
            let messages = tn!("count.messages", all.messages);
            t!("status.ahead", messages = messages, size = intl::size(all.size_bytes))
        })
    })
}

fn fact(name: &'static str, value: String) -> impl IntoView {
    view! {
        <div class="fact">
            <dt>{name}</dt>
            <dd>{value}</dd>
        </div>
    }
}

fn facts(page: Page) -> impl IntoView + use<> {
    let (rate, finish, pairs) = page.progress.with(|progress| {
        let progress = progress.ready();
        let bytes = progress.and_then(|progress| progress.bytes_per_second).map(intl::rate);
        let messages = progress
            .and_then(|progress| progress.messages_per_second.filter(|messages| *messages > 0))
            .map(|messages| tn!("status.messages_per_second", messages));
        let rate = [bytes, messages].into_iter().flatten().collect::<Vec<_>>().join(" · ");
        let finish = progress.and_then(|progress| progress.estimated_finish);
        let at_least = progress.is_some_and(|progress| progress.at_least);
        (rate, finish.map(|at| (at, at_least)), progress.map_or(0, |progress| progress.pairs.len()))
    });
    let state = page.state();
    let moving = state == OrderState::Active;
    page.context.order.with(|order| {
        let time = |time: Option<_>| time.map_or_else(|| t!("status.not_yet").to_owned(), intl::date_time);
        let estimate = match finish {
            Some((at, true)) => t!("status.eta_least", time = intl::date_time(at)),
            Some((at, false)) => intl::date_time(at),
            None => t!("status.eta_none").to_owned(),
        };
        view! {
            {fact(t!("status.accounts"), i18n::number(u64::try_from(pairs).unwrap_or_default()))}
            {moving.then(|| fact(t!("status.rate"), if rate.is_empty() { t!("status.rate_none").to_owned() } else { rate }))}
            {fact(t!("status.created"), intl::date_time(order.created_at))}
            {match state {
                OrderState::Draft | OrderState::AwaitingPayment | OrderState::Scheduled => {
                    let at = order.earliest_start.map_or_else(|| t!("confirm.now").to_owned(), intl::date_time);
                    fact(t!("confirm.when_legend"), at).into_any()
                }
                _ if moving => view! {
                    {fact(t!("status.started"), time(order.started_at))}
                    {fact(t!("status.eta"), estimate)}
                }
                .into_any(),
                OrderState::Paused => fact(t!("status.started"), time(order.started_at)).into_any(),
                _ => view! {
                    {fact(t!("status.started"), time(order.started_at))}
                    {fact(
                        if state == OrderState::Cancelled { t!("status.title_cancelled") } else { t!("status.finished") },
                        time(order.finished_at),
                    )}
                }
                .into_any(),
            }}
        }
    })
}
