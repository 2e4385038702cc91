//! Settings found from an address: asked for when somebody has typed one, shown with where they came from.

use gloo_timers::future::TimeoutFuture;
use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::discovery::{Discovery, DiscoveryCreate, Origin, Proof, Proposal};

use crate::{
    api::{self, ApiError},
    browser,
    components::{Glyph, icon},
    i18n,
    pages::parts,
    state::{announce::Announcer, poll, typed::ProviderFields},
    t,
};

/// How long nothing must be typed before one looks, milliseconds.
const PAUSE_MS: u32 = 700;
const ROUND_MS: u32 = 600;

/// Looks for the settings of what is typed, and shows what was found.
#[component]
pub(super) fn Find(
    id: &'static str,
    fields: ProviderFields,
    /// What stands in the search field.
    typed: RwSignal<String>,
) -> impl IntoView {
    let announcer = expect_context::<Announcer>();
    let found = RwSignal::new(None::<Discovery>);
    let failure = RwSignal::new(None::<ApiError>);
    let wanted = Memo::new(move |_| typed.with(|typed| domain_of(typed)));
    let proved = Memo::new(move |_| found.with(|found| found.as_ref().and_then(best).cloned()));
    // What was met is what is chosen, as long as nothing else is.
    Effect::new(move || {
        let proved = proved.get();
        if proved.is_some() {
            fields.error.set(None);
        }
        fields.found.set(proved);
    });
    Effect::new(move || {
        let domain = wanted.get();
        failure.set(None);
        found.set(None);
        fields.looking.set(domain.is_some());
        let Some(domain) = domain else { return };
        spawn_local(async move {
            TimeoutFuture::new(PAUSE_MS).await;
            let is_current = || wanted.try_get_untracked().flatten().as_deref() == Some(domain.as_str());
            if !is_current() {
                return;
            }
            let result = look(&domain, found, is_current).await;
            if is_current() {
                fields.looking.try_set(false);
                // That one was to wait is over.
                fields.error.try_set(None);
            }
            match result {
                Ok(()) => {
                    if let Some(Some(best)) = found.try_with_untracked(|found| found.as_ref().and_then(best).cloned()) {
                        announcer.say(t!("discovery.found", server = best.endpoint));
                    }
                }
                Err(error) => {
                    failure.try_set(Some(error));
                }
            }
        });
    });
    view! {
        <div id=format!("{id}-found") aria-live="polite">
            {move || failure.get().map(|error| view! { <p class="field-error">{icon(Glyph::Warning)}<span>{error.text()}</span></p> })}
            {move || found.with(|found| found.as_ref().map(|found| results(found, fields, typed)))}
        </div>
    }
}

/// The domain of a whole address that was typed, or of a domain.
pub(super) fn domain_of(typed: &str) -> Option<String> {
    let typed = typed.trim();
    let domain = match typed.rsplit_once('@') {
        Some((name, domain)) if !name.is_empty() => domain,
        Some(_) => return None,
        None => typed,
    };
    let is_whole =
        domain.split('.').count() > 1 && domain.split('.').all(|label| label.len() > 1) && !domain.contains(' ');
    is_whole.then(|| browser::lower_case(domain))
}

async fn look(domain: &str, found: RwSignal<Option<Discovery>>, is_current: impl Fn() -> bool) -> Result<(), ApiError> {
    let wanted = DiscoveryCreate { address: Some(domain.to_owned()), ..DiscoveryCreate::default() };
    let discovery = poll::begun(&is_current, || api::start_discovery(&wanted)).await?;
    let id = discovery.id;
    let told = |discovery: Discovery| {
        let goes_on = is_current() && !discovery.finished;
        if is_current() {
            found.try_set(Some(discovery));
        }
        goes_on.then_some(ROUND_MS)
    };
    let ask = |etag: Option<String>| async move { api::poll_discovery(id, etag.as_deref()).await };
    poll::followed(discovery, ask, told, &is_current).await
}

/// The settings that may be offered: proved ones come first.
fn best(discovery: &Discovery) -> Option<&Proposal> {
    discovery.proposals.iter().find(|proposal| proposal.proof == Proof::Passed)
}

fn origin_text(origin: Origin) -> &'static str {
    match origin {
        Origin::Autoconfig | Origin::WellKnown => t!("discovery.autoconfig"),
        Origin::ProviderList => t!("discovery.provider_list"),
        Origin::MailExchanger => t!("discovery.mail_exchanger"),
        Origin::ServiceRecord => t!("discovery.service_record"),
        Origin::Guess => t!("discovery.guess"),
        Origin::Named => t!("discovery.named"),
    }
}

fn results(discovery: &Discovery, fields: ProviderFields, typed: RwSignal<String>) -> AnyView {
    let domain = discovery.domain.clone().unwrap_or_default();
    if !discovery.finished && best(discovery).is_none() {
        return view! {
            <p class="status status-busy">
                {icon(Glyph::Spinner)} <span>{t!("discovery.looking", domain = domain)}</span>
            </p>
        }
        .into_any();
    }
    let proposals: Vec<_> = discovery.proposals.iter().filter(|it| it.proof != Proof::Failed).take(3).collect();
    if proposals.is_empty() {
        let why = discovery.proposals.iter().find_map(|proposal| proposal.finding.as_ref()).map(parts::finding_view);
        return view! {
            <div class="stack-s">
                <p class="small soft">{t!("discovery.none", domain = domain)}</p>
                {why}
            </div>
        }
        .into_any();
    }
    let cards = proposals.into_iter().map(|proposal| card(proposal, fields, typed)).collect_view();
    view! { <div class="stack-s">{cards}</div> }.into_any()
}

fn card(proposal: &Proposal, fields: ProviderFields, typed: RwSignal<String>) -> impl IntoView + use<> {
    let (chosen, shown) = (proposal.clone(), proposal.clone());
    let take = move |_| {
        fields.take(&chosen);
        typed.set(String::new());
    };
    let is_used = Memo::new(move |_| fields.found.with(|found| found.as_ref() == Some(&shown)));
    let name = proposal.name.clone().map(|name| view! { <strong class="account-name">{name}</strong> });
    let (class, glyph, proof) = match proposal.proof {
        Proof::Passed => ("status status-good", Glyph::Check, t!("discovery.passed")),
        _ => ("status status-idle", Glyph::Circle, t!("discovery.open")),
    };
    let advice = proposal.advice.iter().map(|code| view! { <p class="small soft">{i18n::advice_text(*code)}</p> });
    view! {
        <div class="proposal">
            <div class="stack-s">
                {name} <p class="mono">{proposal.endpoint.to_string()}</p>
                <p class="small soft">{origin_text(proposal.origin)}</p>
                <p class=class>{icon(glyph)}<span>{proof}</span></p>
                {advice.collect_view()}
            </div>
            <Show when=move || is_used.get()>
                <p class="small">{t!("discovery.used")}</p>
            </Show>
            <button
                type="button"
                class="button button-small"
                class:button-quiet=move || is_used.get()
                on:click=take
            >
                {move || icon(if is_used.get() { Glyph::Pencil } else { Glyph::Check })}
                {move || if is_used.get() { t!("discovery.change") } else { t!("discovery.take") }}
            </button>
        </div>
    }
}
