//! Step 1: what will be moved, and the terms.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{account::SideName, ids::OrderId, order::OrderCreate};

use super::{order::LAST_ORDER, parts, steps::StepBar};
use crate::{
    api, browser,
    browser::intl,
    components::{Failure, FieldError, Glyph, Notice, PageHead, Tick, Tone, brand_mark, ferry, icon},
    legal::Document,
    route::{ASK, Step},
    state::{
        Load, connection, language::PageLanguage, offer::Offer, order::OrderContext, providers::KnownProviders,
        router::Router, service::Service,
    },
    t, tn,
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
                d="M2 192c14 0 14 6 28 6s14-6 28-6 14 6 28 6 14-6 28-6 14 6 28 6 14-6 28-6 14 6 28 6 14-6 28-6 14 6 28 6 14-6 28-6 14 6 28 6 14-6 28-6 14 6 28 6 14-6 28-6"
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

fn texts(
    summary: &'static str,
    paragraphs: impl Fn() -> [String; 4] + Send + 'static,
    whole: Document,
) -> impl IntoView {
    let paragraphs = move || paragraphs().map(|text| view! { <p>{text}</p> }).collect_view();
    view! {
        <details class="disclosure">
            <summary>{summary}</summary>
            <div class="disclosure-body stack-s small soft">
                {paragraphs}
                // Beside this page: what was ticked here stays.
                <p>
                    <a href=whole.path() target="_blank">
                        {t!("legal.whole")}
                    </a>
                </p>
            </div>
        </details>
    }
}

#[component]
pub(crate) fn TermsTexts() -> impl IntoView {
    let service = Service::get();
    view! {
        <div class="stack-s">
            {texts(
                t!("intro.terms_read"),
                || [t!("intro.terms_1"), t!("intro.terms_2"), t!("intro.terms_3"), t!("intro.terms_4")].map(str::to_owned),
                Document::Terms,
            )}
            {texts(
                t!("intro.privacy_read"),
                move || {
                    let kept = tn!("intro.privacy_3", service.purge_days());
                    let fixed = [t!("intro.privacy_1"), t!("intro.privacy_2"), t!("intro.privacy_4")].map(str::to_owned);
                    let [first, second, last] = fixed;
                    [first, second, kept, last]
                },
                Document::Privacy,
            )}
        </div>
    }
}

/// The way to those who would do it for one; a pre-configured link goes along.
#[component]
fn HaveItDone() -> impl IntoView {
    let path = match Offer::get().token() {
        Some(token) => format!("{ASK}#link={}", token.expose()),
        None => ASK.to_owned(),
    };
    view! {
        <p class="small soft have-it-done">
            {t!("intro.rather")} " " <a href=path>{t!("request.title")}</a>
        </p>
    }
}

/// The acceptance of the terms; it makes the order.
#[component]
fn Begin() -> impl IntoView {
    let service = expect_context::<Service>();
    let router = Router::get();
    let language = PageLanguage::get();
    let offer = Offer::get();
    let (terms, privacy) = (RwSignal::new(false), RwSignal::new(false));
    let (asked, busy) = (RwSignal::new(false), RwSignal::new(false));
    let failure = RwSignal::new(None::<api::ApiError>);
    let terms_error = move || (asked.get() && !terms.get()).then(|| t!("intro.terms_missing").to_owned());
    let privacy_error = move || (asked.get() && !privacy.get()).then(|| t!("intro.privacy_missing").to_owned());
    // Whoever ticks something goes on to the wizard next.
    Effect::new(move |asked: Option<bool>| {
        let ticked = terms.get() || privacy.get();
        if ticked && asked != Some(true) {
            browser::prefetch("wizard-module");
            browser::prefetch("wizard-glue");
        }
        ticked || asked == Some(true)
    });
    let version = move || match service.info() {
        Load::Ready(info) => Some(info.terms_version),
        _ => None,
    };
    let begin = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        asked.set(true);
        let Some(accepted_terms) = version() else { return };
        if busy.get_untracked() || !(terms.get_untracked() && privacy.get_untracked()) {
            return;
        }
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            let language = language.of_orders();
            let order = OrderCreate {
                accepted_terms,
                language: Some(language),
                notify_address: None,
                source: None,
                destination: None,
                options: mailferry_shared::order::OrderOptions::default(),
                link: offer.token(),
                reference: None,
            };
            let created = api::create_order(&order).await;
            busy.try_set(false);
            match created {
                Ok(order) => router.go(&Step::Providers.path(order.id)),
                Err(error) => {
                    failure.try_set(Some(error));
                }
            }
        });
    };
    view! {
        <form class="card terms" aria-labelledby="begin-title" on:submit=begin novalidate>
            <div class="row">
                {brand_mark()} <h2 id="begin-title">{t!("intro.begin_title")}</h2>
            </div>
            <p class="soft">{t!("intro.begin_text")}</p>
            {move || parts::promise(service.info().ready(), offer.pays.get())}
            <TermsTexts />
            <div class="stack-s">
                <Tick
                    label=t!("intro.terms_label")
                    checked=terms
                    on_change=move |on| terms.set(on)
                    is_missing=Signal::derive(move || terms_error().is_some())
                />
                <FieldError id="terms-error" error=Signal::derive(terms_error) />
            </div>
            <div class="stack-s">
                <Tick
                    label=t!("intro.privacy_label")
                    checked=privacy
                    on_change=move |on| privacy.set(on)
                    is_missing=Signal::derive(move || privacy_error().is_some())
                />
                <FieldError id="privacy-error" error=Signal::derive(privacy_error) />
            </div>
            {move || failure.get().or_else(|| offer.failure.get()).map(|error| view! { <Failure error=error /> })}
            {move || match service.info() {
                Load::Failed(error) => Some(view! { <Failure error=error retry=connection::try_again() /> }),
                _ => None,
            }}
            <button
                type="submit"
                class="button button-primary button-large button-wide"
                class:is-busy=move || busy.get()
                disabled=move || version().is_none()
            >
                {t!("intro.begin")}
                {move || icon(if busy.get() { Glyph::Spinner } else { Glyph::ArrowRight })}
            </button>
            <p class="small faint">
                {move || version().map(|version| t!("intro.version", version = version))}
            </p>
        </form>
    }
}
