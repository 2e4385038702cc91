//! Step 4: the summary, the options, and the start.

mod bill;
mod dry_run;
mod dry_run_table;
mod kinds;
mod options;
mod outcome;
mod payment;
mod reasons;
mod rules;
mod schedule;
mod start;
mod summary;
mod trial;
mod voucher;
mod when;

pub(crate) use options::LaterOptions;

use leptos::prelude::*;
use mailferry_shared::order::{Order, StartKind};

use self::payment::Paying;
use crate::{
    browser,
    components::{Glyph, Notice, PageHead, Tone, icon},
    route::Step,
    state::{kept, order::OrderContext, service::Service},
    t, tn,
};

/// Account pairs that nothing has paid for: no voucher, no payment, and not the link that the order was made by.
fn lacking(order: &Order) -> u32 {
    let by_link = order.link.as_ref().and_then(|link| link.prepaid_pairs).unwrap_or_default();
    order.payment.pairs_needed.saturating_sub(order.payment.pairs_covered).saturating_sub(by_link)
}

/// The step.
#[component]
pub(crate) fn Confirm() -> impl IntoView {
    let context = expect_context::<OrderContext>();
    let service = expect_context::<Service>();
    let errors = options::OptionErrors::new();
    let paying = RwSignal::new(Paying::Elsewise);
    let is_trial = move || context.typed().start.kind.get() == StartKind::Trial;
    // From the banner of a trial one comes here for the full migration.
    if window().location().hash().is_ok_and(|hash| hash == "#full") {
        context.typed().start.kind.set(StartKind::Main);
        browser::drop_fragment();
    }
    let trial = trial::TrialCount::follow(context);
    Effect::new(move || {
        if context.order.with(start::has_started) {
            kept::forget();
        } else {
            kept::keep(context.id, context.typed().start, options::typed(context));
        }
    });
    // Counting may have gone on since the last step.
    context.refresh();
    view! {
        <PageHead title=t!("confirm.title") lead=t!("confirm.lead") />
        <div class="with-aside">
            <div class="stack">
                <summary::Summary trial=trial />
                <Show when=is_trial>
                    <Show
                        when=move || trial.is_nothing()
                        fallback=move || view! {
                            <Notice tone=Tone::Info title=t!("confirm.trial")>
                                <p>{move || trial_text(service, trial)}</p>
                            </Notice>
                        }
                    >
                        <Notice tone=Tone::Warning title=t!("confirm.trial")>
                            <p>{tn!("confirm.trial_nothing", service.trial_days())}</p>
                        </Notice>
                    </Show>
                </Show>
                <options::Options errors=errors paying=paying />
                <dry_run::DryRunCard option_errors=errors />
                <ToStart paying=paying />
            </div>
            <div class="aside-sticky">
                <start::Start option_errors=errors paying=paying trial=trial />
            </div>
        </div>
        <Guide />
        <div class="wizard-nav">
            <a class="button" href=Step::Accounts.path(context.id)>
                {icon(Glyph::ArrowLeft)}
                {t!("action.back")}
            </a>
        </div>
    }
}

fn trial_text(service: Service, trial: trial::TrialCount) -> String {
    match trial.failure.get() {
        Some(error) => format!("{} {}", t!("confirm.trial_not_counted"), error.text()),
        None => tn!("confirm.trial_counted", service.trial_days()),
    }
}

/// The way down to where one starts, in sight as long as that is not: on narrow screens all of the options come before.
#[component]
fn ToStart(paying: RwSignal<Paying>) -> impl IntoView {
    view! {
        <div class="to-start">
            <p>
                <strong class="numbers">{move || paying.with(Paying::total)}</strong>
                <a class="button" href="#start-title">
                    {t!("confirm.to_start")}
                    {icon(Glyph::Chevron)}
                </a>
            </p>
        </div>
    }
}

/// How to use the mailboxes meanwhile.
#[component]
fn Guide() -> impl IntoView {
    let kind = expect_context::<OrderContext>().typed().start.kind;
    // After a trial nothing is fetched that comes later, and nobody moves a domain.
    let items = move || {
        let of_all = [t!("confirm.guide_1"), t!("confirm.guide_2"), t!("confirm.guide_3"), t!("confirm.guide_4")];
        let texts = if kind.get() == StartKind::Trial { &of_all[1..3] } else { &of_all[..] };
        texts.iter().map(|text| view! { <li>{icon(Glyph::Info)}<span>{*text}</span></li> }).collect_view()
    };
    view! {
        <section class="stack-s guide" aria-labelledby="guide-title">
            <h2 id="guide-title">{t!("confirm.guide_title")}</h2>
            <ul class="bullets bullets-advice" role="list">
                {items}
            </ul>
        </section>
    }
}
