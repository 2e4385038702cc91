//! Step 1: what will be moved.

use leptos::prelude::*;
use mailferry_shared::{account::SideName, ids::OrderId};

use super::{
    begin::{Begin, HaveItDone},
    order::LAST_ORDER,
    parts,
    steps::StepBar,
    terms::TermsTexts,
};
use crate::{
    browser,
    browser::intl,
    components::{Glyph, Notice, PageHead, Tone, ferry, icon},
    route::Step,
    state::{order::OrderContext, providers::KnownProviders, service::Service},
    t,
};

/// The start page.
#[component]
pub(crate) fn Introduction() -> impl IntoView {
    let service = Service::get();
    let last = browser::stored(LAST_ORDER).and_then(|id| id.parse::<OrderId>().ok());
    view! {
        <StepBar />
        <main class="page" id="main" tabindex="-1">
            {last.map(|id| view! { <ResumeNotice id=id /> })}
            <Hero begins=true />
            <div class="with-aside">
                <Explanation largest=Signal::derive(move || service.largest_message()) />
                <div class="aside-sticky">
                    <Begin />
                    <HaveItDone />
                </div>
            </div>
        </main>
    }
}

/// The same page for an order that has begun.
#[component]
pub(crate) fn IntroductionAgain() -> impl IntoView {
    let context = expect_context::<OrderContext>();
    let order = context.order.get_untracked();
    view! {
        <Hero />
        <div class="with-aside">
            <div class="stack-l">
                <Explanation largest=Signal::derive(move || context.order.with(|order| order.options.largest_message())) />
                <ProvidersAdvice />
            </div>
            <section class="card aside-sticky" aria-labelledby="begin-title">
                <h2 id="begin-title">{t!("intro.terms_title")}</h2>
                <p class="soft">
                    {t!(
                        "intro.accepted", version = order.accepted_terms, time =
                        intl::date_time(order.accepted_terms_at)
                    )}
                </p>
                <TermsTexts />
                <a class="button button-primary button-wide" href=Step::Providers.path(context.id)>
                    {t!("action.continue")}
                    {icon(Glyph::ArrowRight)}
                </a>
            </section>
        </div>
    }
}

#[component]
fn ResumeNotice(id: OrderId) -> impl IntoView {
    view! {
        <Notice tone=Tone::Info>
            <div class="row-between">
                <p>{t!("intro.resume_title")}</p>
                <a class="button button-small" href=format!("/orders/{id}")>
                    {t!("intro.resume")}
                    {icon(Glyph::ArrowRight)}
                </a>
            </div>
        </Notice>
    }
}

#[component]
fn Hero(
    /// Leads down to where one begins, where that is out of sight.
    #[prop(optional)]
    begins: bool,
) -> impl IntoView {
    let begin = begins.then(|| {
        view! {
            <a class="button button-primary button-large hero-begin" href="#begin-title">
                {t!("intro.to_begin")}
            </a>
        }
    });
    view! {
        <div class="hero">
            <div class="hero-text">
                <PageHead title=t!("intro.title") lead=t!("intro.lead") />
                <p class="trust">{icon(Glyph::Lock)} <span>{t!("intro.trust")}</span></p>
                {begin}
            </div>
            <Crossing />
        </div>
    }
}

/// The old provider, the water, the new provider, and the ferry on its way.
#[component]
fn Crossing() -> impl IntoView {
    view! {
        <svg class="hero-art" viewBox="0 52 416 172" aria-hidden="true">
            <path class="art-land" d="M1 190V88l34-20 34 20v102" />
            <path class="art-window" d="M18 102h14v14H18zM38 102h14v14H38zM18 128h14v14H18zM38 128h14v14H38z" />
            <path class="art-land" d="M415 190V56h-70v134" />
            <path
                class="art-window"
                d="M357 72h14v14h-14zM389 72h14v14h-14zM357 98h14v14h-14zM389 98h14v14h-14zM357 124h14v14h-14zM389 124h14v14h-14z"
            />
            <path class="art-route" d="M84 168C140 120 276 120 332 168" />
            <g class="art-ferry">
                <g transform="translate(150 84) scale(3.6)">{ferry()}</g>
            </g>
            <path
                class="art-water"
                d="M2 192c14 0 14 6 28 6s14-6 28-6 14 6 28 6 14-6 28-6 14 6 28 6 14-6 28-6 14 6 28 6 14-6 28-6 14 6 28 6 14-6 28-6 14 6 28 6 14-6 28-6 14 6 28 6 14-6 28-6 14 6 28 6"
            />
            <path
                class="art-water"
                d="M44 210c12 0 12 5 24 5s12-5 24-5 12 5 24 5 12-5 24-5M236 212c12 0 12 5 24 5s12-5 24-5 12 5 24 5 12-5 24-5"
            />
        </svg>
    }
}

fn bullets(class: &'static str, glyph: Glyph, texts: impl IntoIterator<Item = impl Into<String>>) -> impl IntoView {
    let item = |text: String| view! { <li>{icon(glyph)}<span>{text}</span></li> };
    let items = texts.into_iter().map(|text| item(text.into())).collect_view();
    view! {
        <ul class=class role="list">
            {items}
        </ul>
    }
}

/// What must be known of the two providers that were chosen, before a password is entered.
#[component]
fn ProvidersAdvice() -> impl IntoView {
    let context = expect_context::<OrderContext>();
    let known = KnownProviders::get();
    let of = move |side: SideName| {
        let provider = context.choice(side).and_then(|choice| known.of(&choice))?;
        let texts = parts::provider_advice(&provider);
        (!texts.is_empty()).then(|| {
            view! {
                <section class="stack">
                    <h2>{t!("intro.at_title", provider = provider.name)}</h2>
                    {bullets("bullets bullets-advice", Glyph::Info, texts)}
                </section>
            }
        })
    };
    move || view! { {of(SideName::Source)} {of(SideName::Destination)} }
}

/// What comes along and what does not; `largest` is the size in bytes of which messages may be at most.
#[component]
fn Explanation(largest: Signal<u64>) -> impl IntoView {
    let moved =
        [t!("intro.moved_1"), t!("intro.moved_2"), t!("intro.moved_3"), t!("intro.moved_4"), t!("intro.moved_5")];
    let not_moved = move || {
        let large = t!("intro.not_5", size = intl::size(largest.get()));
        let texts = [t!("intro.not_1"), t!("intro.not_2"), t!("intro.not_3"), t!("intro.not_4")].map(str::to_owned);
        bullets("bullets bullets-not", Glyph::Minus, texts.into_iter().chain([large]))
    };
    let advice = [t!("intro.advice_1"), t!("intro.advice_2"), t!("intro.advice_3"), t!("intro.advice_4")];
    view! {
        <div class="stack-l">
            <div class="two">
                <section class="stack">
                    <h2>{t!("intro.moved_title")}</h2>
                    {bullets("bullets bullets-good", Glyph::Check, moved)}
                </section>
                <section class="stack">
                    <h2>{t!("intro.not_title")}</h2>
                    {not_moved}
                </section>
            </div>
            <section class="stack">
                <h2>{t!("intro.advice_title")}</h2>
                {bullets("bullets bullets-advice", Glyph::Info, advice)}
            </section>
        </div>
    }
}
