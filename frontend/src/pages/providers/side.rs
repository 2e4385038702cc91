//! One side of step 2: a provider from the list, one found by an address, or a server by hand.

use leptos::prelude::*;
use mailferry_shared::{
    account::SideName,
    provider::{LoginForm, Provider},
};

use super::discovery;
use crate::{
    browser::{self, intl},
    components::{Choice, Combobox, FieldError, Glyph, Notice, ServerFieldset, Tone, icon},
    pages::parts,
    state::{providers::KnownProviders, typed::ProviderFields},
    t,
};

/// One side as the page names it.
#[derive(Clone, Copy)]
pub(super) struct SideTexts {
    side: SideName,
    id: &'static str,
    title: &'static str,
    text: &'static str,
    label: &'static str,
    by_hand: &'static str,
    pub(super) missing: &'static str,
}

pub(super) fn source_texts() -> SideTexts {
    SideTexts {
        side: SideName::Source,
        id: "source",
        title: t!("providers.source_title"),
        text: t!("providers.source_text"),
        label: t!("providers.source_label"),
        by_hand: t!("providers.by_hand_legend_source"),
        missing: t!("providers.missing_source"),
    }
}

pub(super) fn destination_texts() -> SideTexts {
    SideTexts {
        side: SideName::Destination,
        id: "destination",
        title: t!("providers.destination_title"),
        text: t!("providers.destination_text"),
        label: t!("providers.destination_label"),
        by_hand: t!("providers.by_hand_legend_destination"),
        missing: t!("providers.missing_destination"),
    }
}
fn choices(providers: &[Provider]) -> Vec<Choice> {
    providers
        .iter()
        .map(|provider| {
            let host = provider.endpoint.as_ref().map(|endpoint| endpoint.host.to_string()).unwrap_or_default();
            let choice = Choice::of_provider(provider.clone());
            Choice { search: format!("{} {}", choice.search, browser::lower_case(&host)), ..choice }
        })
        .collect()
}

#[component]
pub(super) fn SideCard(
    texts: SideTexts,
    fields: ProviderFields,
    locked: Signal<bool>,
    /// The link by which one came has set it.
    fixed: bool,
) -> impl IntoView {
    let locked = Signal::derive(move || fixed || locked.get());
    let known = KnownProviders::get();
    let entries = Signal::derive(move || known.load().ready().map(|list| choices(list)).unwrap_or_default());
    let chosen = Memo::new(move |_| known.find(&fields.provider.get()?));
    let needs_host = Memo::new(move |_| chosen.get().is_some_and(|provider| provider.endpoint.is_none()));
    let typed = RwSignal::new(String::new());
    let choose = move |id: String| {
        fields.provider.set(Some(id));
        fields.error.set(None);
        // What was found for an address is not what was chosen.
        typed.set(String::new());
        if needs_host.get_untracked() {
            fields.server.clear();
        }
    };
    let toggle = move |_| {
        // What was found is where one goes on by hand.
        if let (false, Some(found)) = (fields.by_hand.get_untracked(), fields.found.get_untracked()) {
            fields.server.show(Some(&found.endpoint));
        }
        fields.by_hand.update(|by_hand| *by_hand = !*by_hand);
        fields.error.set(None);
    };
    // What is typed anew is not wrong yet; and an address takes the place of what was chosen before.
    Effect::new(move || {
        if typed.with(String::is_empty) {
            return;
        }
        fields.error.set(None);
        if typed.with(|typed| discovery::domain_of(typed).is_some()) {
            fields.provider.set(None);
            fields.address.set(typed.get_untracked());
        }
    });
    let title_id = format!("{}-title", texts.id);
    view! {
        <section class="card" aria-labelledby=title_id.clone()>
            <div>
                <h2 id=title_id.clone()>{texts.title}</h2>
                <p class="soft small">{texts.text}</p>
            </div>
            {fixed.then(|| view! { <p class="server-line">{icon(Glyph::Lock)} <span>{t!("providers.fixed")}</span></p> })}
            <Show when=move || !fields.by_hand.get()>
                <Combobox
                    id=texts.id
                    label=texts.label
                    placeholder=t!("providers.placeholder")
                    choices=entries
                    selected=fields.provider
                    on_select=choose
                    error=fields.error
                    disabled=locked
                    told=typed
                />
                <discovery::Find id=texts.id fields=fields typed=typed />
            </Show>
            <Show when=move || needs_host.get() && !fields.by_hand.get()>
                <p class="small soft">{t!("providers.host_needed")}</p>
            </Show>
            <Show when=move || fields.by_hand.get() || needs_host.get()>
                <ServerFieldset
                    id=format!("{}-server", texts.id)
                    legend=texts.by_hand
                    fields=fields.server
                    disabled=locked
                />
                <Show when=move || fields.by_hand.get()>
                    <FieldError id=format!("{}-server-error", texts.id) error=fields.error />
                </Show>
            </Show>
            <Show when=move || !fields.by_hand.get()>{move || chosen.get().map(|provider| facts(&provider, texts.side))}</Show>
            // What was found can be changed where it stands.
            <Show when=move || !locked.get() && (fields.by_hand.get() || fields.found.with(Option::is_none))>
                <button type="button" class="button button-quiet button-flush" on:click=toggle>
                    {move || icon(if fields.by_hand.get() { Glyph::List } else { Glyph::Plus })}
                    {move || {
                        if fields.by_hand.get() { t!("providers.by_hand_close") } else { t!("providers.by_hand") }
                    }}
                </button>
            </Show>
        </section>
    }
}

/// What an old provider gives, or a new one takes and holds; and when it ends.
fn limits(provider: &Provider, side: SideName) -> Vec<String> {
    let limits = provider.limits.unwrap_or_default();
    let size = |bytes: Option<u64>| bytes.map(intl::size);
    let own = match side {
        SideName::Source => vec![size(limits.daily_bytes_down).map(|size| t!("providers.gives_daily", size = size))],
        SideName::Destination => vec![
            size(limits.message_bytes).map(|size| t!("providers.takes", size = size)),
            size(limits.usual_message_bytes).map(|size| t!("providers.takes_usually", size = size)),
            size(limits.mailbox_bytes).map(|size| t!("providers.holds", size = size)),
            size(limits.daily_bytes_up).map(|size| t!("providers.takes_daily", size = size)),
        ],
    };
    let ends = provider.ends_on.map(|day| t!("providers.ends", day = intl::day(day)));
    own.into_iter().chain([ends]).flatten().collect()
}

/// What is known of a provider: its server, its form of login, its limits, its advice.
fn facts(provider: &Provider, side: SideName) -> impl IntoView + use<> {
    let server = provider.endpoint.as_ref().map(|endpoint| {
        view! {
            <p class="server-line">
                {icon(Glyph::Lock)} <span>{t!("providers.server_known", server = endpoint)}</span>
            </p>
        }
    });
    let login = (provider.login == LoginForm::LocalPart)
        .then(|| view! { <p class="small soft">{t!("providers.login_local")}</p> });
    let limits = limits(provider, side);
    let limits = (!limits.is_empty()).then(|| view! { <p class="small soft">{limits.join(" ")}</p> });
    let advice = parts::provider_advice(provider);
    let instructions = provider.instructions.clone();
    let advice = (!advice.is_empty()).then(|| {
        view! {
            <Notice tone=Tone::Warning title=t!("providers.advice_title")>
                {advice.into_iter().map(|text| view! { <p class="small">{text}</p> }).collect_view()}
                {instructions.map(|source| view! { <p class="small">{parts::instructions(source)}</p> })}
            </Notice>
        }
    });
    view! {
        <div class="stack-s">{server} {login} {limits} {advice}</div>
    }
}
