//! What will be migrated: sums and a line per account.

use leptos::prelude::*;
use mailferry_shared::{
    account::{AccountPair, MailAmount},
    address::MailAddress,
    order::{OrderTotals, StartKind},
};

use super::trial::TrialCount;
use crate::{
    browser::intl,
    components::{Failure, Glyph, Skeleton, icon},
    i18n,
    pages::parts,
    route::Step,
    state::{
        Load,
        order::{OrderContext, is_counting},
        providers::KnownProviders,
    },
    t, tn,
};

fn fact(name: &'static str, value: String, note: Option<&'static str>) -> impl IntoView {
    view! {
        <div class="fact">
            <dt>{name}</dt>
            <dd>
                {value}
                {note.map(|note| view! { <span class="small faint">{format!(" {note}")}</span> })}
            </dd>
        </div>
    }
}

/// The sums, which fill in as accounts are counted, and the accounts.
#[component]
pub(super) fn Summary(trial: TrialCount) -> impl IntoView {
    let context = expect_context::<OrderContext>();
    let known = KnownProviders::get();
    let route = move || {
        context.order.with(|order| {
            let name = |choice: &Option<_>| choice.as_ref().map(|choice| known.name(choice)).unwrap_or_default();
            (name(&order.source), name(&order.destination))
        })
    };
    let facts = move || {
        let all = context.order.with(|order| order.totals);
        let is_trial = context.typed().start.kind.get() == StartKind::Trial && trial.failure.with(Option::is_none);
        let totals = if is_trial { trial.totals(all) } else { Some(all) };
        let counting = || t!("confirm.counting").to_owned();
        // Of accounts whose check failed nothing more will be counted.
        let is_open = totals.is_some_and(|totals| !totals.survey_complete) && uncounted(context).is_none();
        let note = is_open.then(|| t!("confirm.so_far"));
        // What stays by the options is told apart, beneath.
        let moved =
            totals.map(|totals| if is_trial { whole(&totals) } else { whole(&totals).without(staying(context)) });
        let messages = moved.map_or_else(counting, |moved| i18n::number(moved.messages));
        let size = moved.map_or_else(counting, |moved| intl::size(moved.size_bytes));
        // Of accounts that are not counted yet nothing is in it: less than a minute is no least.
        let seconds = totals.and_then(|totals| totals.estimated_seconds).filter(|seconds| !is_open || *seconds >= 60);
        let estimate = match seconds.map(intl::span) {
            None => t!("confirm.estimate_unknown").to_owned(),
            Some(span) if is_open => t!("status.at_least", amounts = span),
            Some(span) => span,
        };
        view! {
            <dl class="facts">
                {fact(t!("confirm.accounts"), accounts_of(&all), None)}
                {fact(t!("confirm.messages"), messages, note)}
                {fact(t!("confirm.size"), size, note)}
                {fact(t!("confirm.estimate"), estimate, None)}
            </dl>
        }
    };
    view! {
        <section class="card" aria-labelledby="summary-title">
            <div class="row-between">
                <h2 id="summary-title">{t!("confirm.summary")}</h2>
                <p class="row soft">
                    <span>{move || route().0}</span>
                    <span class="crossing-arrow-inline">{icon(Glyph::ArrowRight)}</span>
                    <span>{move || route().1}</span>
                </p>
            </div>
            {facts}
            {move || uncounted(context).map(|text| {
                view! { <p class="status status-warn">{icon(Glyph::Warning)}<span>{text}</span></p> }
            })}
            {move || stays(context).map(|text| view! { <p class="small soft numbers">{text}</p> })}
            <p class="small soft">
                {move || context.order.with(|order| mails_to(order.notify_address.as_ref()))} " "
                <a href=Step::Providers.path(context.id)>{t!("confirm.mails_change")}</a>
            </p>
            <details class="disclosure">
                <summary>{t!("confirm.details")}</summary>
                <div class="disclosure-body">
                    {move || {
                        context
                            .accounts
                            .with(|accounts| match accounts {
                                Load::Loading => view! { <Skeleton /> }.into_any(),
                                Load::Failed(error) => view! { <Failure error=error.clone() /> }.into_any(),
                                Load::Ready(pairs) => details(pairs).into_any(),
                            })
                    }}
                </div>
            </details>
        </section>
    }
}

/// Which accounts are not in the sums and will not be, because their check failed; none while others are counted.
fn uncounted(context: OrderContext) -> Option<String> {
    let pairs = context.pairs();
    let lacking: Vec<_> = pairs.iter().filter(|pair| pair.ticked && pair.source.survey.is_none()).collect();
    if lacking.is_empty() || !lacking.iter().all(|pair| parts::has_failed(pair)) {
        return None;
    }
    Some(match lacking.as_slice() {
        [only] => t!("confirm.without", account = parts::mailbox(&only.source)),
        more => tn!("confirm.without_some", u64::try_from(more.len()).unwrap_or_default()),
    })
}

fn whole(totals: &OrderTotals) -> MailAmount {
    MailAmount { messages: totals.messages, size_bytes: totals.size_bytes }
}

/// What the full migration takes, once all of it is counted.
pub(super) fn all_counted(context: OrderContext) -> Option<MailAmount> {
    let totals = context.order.with(|order| order.totals);
    totals.survey_complete.then(|| whole(&totals).without(staying(context)))
}

/// What was counted and stays by the options as they are ticked: the trash and the spam.
fn staying(context: OrderContext) -> MailAmount {
    let options = context.typed().options;
    let (trash, junk) = context.order.with(|order| (order.totals.trash, order.totals.junk));
    let stays = |is_taken: RwSignal<bool>, amount| if is_taken.get() { MailAmount::default() } else { amount };
    let (trash, junk) = (stays(options.include_trash, trash), stays(options.include_junk, junk));
    MailAmount { messages: trash.messages + junk.messages, size_bytes: trash.size_bytes + junk.size_bytes }
}

/// The sum from what was found to what is copied; and that further options are not in it.
fn stays(context: OrderContext) -> Option<String> {
    if context.typed().start.kind.get() == StartKind::Trial {
        return None;
    }
    let options = context.typed().options;
    let totals = context.order.with(|order| order.totals);
    let stays = staying(context).messages;
    let sum = (stays > 0).then(|| {
        let copied = totals.messages.saturating_sub(stays);
        let numbers = [totals.messages, copied, stays].map(i18n::number);
        t!("confirm.stay_sum", found = numbers[0], copied = numbers[1], stay = numbers[2])
    });
    let has_more =
        options.leave_out.with(|folders| !folders.trim().is_empty()) || options.since.with(|since| !since.is_empty());
    let more = has_more.then(|| t!("confirm.stay_more").to_owned());
    let texts: Vec<_> = sum.into_iter().chain(more).collect();
    (!texts.is_empty()).then(|| texts.join(" "))
}

/// Who is told how it goes.
fn mails_to(address: Option<&MailAddress>) -> String {
    address
        .map_or_else(|| t!("confirm.mails_to_nobody").to_owned(), |address| t!("confirm.mails_to", address = address))
}

fn accounts_of(totals: &OrderTotals) -> String {
    let number = |count| i18n::number(u64::from(count));
    t!("confirm.accounts_of", ticked = number(totals.pairs_ticked), count = number(totals.pairs))
}

fn details(pairs: &[AccountPair]) -> impl IntoView + use<> {
    let rows = pairs.iter().filter(|pair| pair.ticked).map(detail).collect_view();
    view! {
        <table class="table table-cards">
            <caption class="visually-hidden">{t!("confirm.details")}</caption>
            <thead>
                <tr>
                    <th scope="col">{t!("confirm.col_pair")}</th>
                    <th scope="col">{t!("confirm.col_check")}</th>
                    <th scope="col" class="number">
                        {t!("confirm.col_messages")}
                    </th>
                    <th scope="col" class="number">
                        {t!("confirm.col_size")}
                    </th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

fn detail(pair: &AccountPair) -> impl IntoView + use<> {
    let findings: Vec<_> = [&pair.source, &pair.destination].into_iter().flat_map(|side| &side.findings).collect();
    let (class, glyph, text) = if parts::has_passed(pair) && !findings.is_empty() {
        ("status status-warn", Glyph::Check, t!("confirm.passed_with_note"))
    } else if parts::has_passed(pair) {
        ("status status-good", Glyph::Check, t!("confirm.passed"))
    } else if parts::has_failed(pair) {
        ("status status-bad", Glyph::Cross, t!("confirm.not_passed"))
    } else {
        ("status status-idle", Glyph::Circle, t!("confirm.not_checked"))
    };
    let waiting = if is_counting(&pair.source) { t!("confirm.counting") } else { "–" };
    let counted = |value: Option<String>| value.unwrap_or_else(|| waiting.to_owned());
    let messages = counted(pair.source.survey.map(|survey| i18n::number(survey.messages)));
    let size = counted(pair.source.survey.map(|survey| intl::size(survey.size_bytes)));
    view! {
        <tr>
            <th scope="row" class="account-name">
                {parts::pair_name(pair)}
            </th>
            <td>
                <span class=class>{icon(glyph)}<span>{text}</span></span>
                {findings.into_iter().map(parts::finding_view).collect_view()}
            </td>
            <td class="number" data-label=t!("confirm.col_messages")>
                {messages}
            </td>
            <td class="number" data-label=t!("confirm.col_size")>
                {size}
            </td>
        </tr>
    }
}
