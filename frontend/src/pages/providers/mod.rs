//! Step 2: from where to where, and where status mails go.

mod discovery;
mod read;

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    account::SideName,
    order::{Language, OrderAction, OrderState},
    provider::{LoginForm, Provider},
};

use crate::{
    api::{self, ApiError},
    browser::{self, intl},
    components::{
        Choice, Combobox, Failure, FieldError, Glyph, Notice, PageHead, ServerFieldset, TextField, Tone, icon,
    },
    i18n,
    pages::parts,
    route::Step,
    state::{
        Load, connection::Connection, order::OrderContext, providers::KnownProviders, router::Router,
        typed::ProviderFields,
    },
    t,
};

/// One side as the page names it.
#[derive(Clone, Copy)]
struct SideTexts {
    side: SideName,
    id: &'static str,
    title: &'static str,
    text: &'static str,
    label: &'static str,
    by_hand: &'static str,
    missing: &'static str,
}

fn source_texts() -> SideTexts {
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

fn destination_texts() -> SideTexts {
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

/// The step.
#[component]
pub(crate) fn Providers() -> impl IntoView {
    let context = expect_context::<OrderContext>();
    let known = KnownProviders::get();
    let connection = expect_context::<Connection>();
    let router = Router::get();
    let locked = Signal::derive(move || !context.allows(OrderAction::Change));
    // Where status mails go may be changed as long as there may be any.
    let ended = Signal::derive(move || {
        context.order.with(|order| matches!(order.state, OrderState::Closed | OrderState::Cancelled))
    });
    let fixed = read::fixed(context);
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    let notify_error = RwSignal::new(None::<String>);
    let retry = Callback::new(move |()| connection.retry());
    let on_submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let go = move || router.go(&Step::Accounts.path(context.id));
        let change = if locked.get_untracked() {
            if ended.get_untracked() {
                return go();
            }
            read::notify_only(context, notify_error)
        } else {
            read::read(context, known, notify_error)
        };
        let Some(change) = change else { return browser::focus_first_error() };
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            let changed = api::change_order(context.id, &change).await;
            busy.try_set(false);
            match changed {
                Ok(order) => {
                    context.order.try_set(order);
                    read::settle(context);
                    go();
                }
                Err(error) => read::show(context, error, notify_error, failure),
            }
        });
    };
    view! {
        <PageHead title=t!("providers.title") lead=t!("providers.lead") />
        <Show when=move || locked.get()>
            <Notice tone=Tone::Info>
                <p>{t!("providers.locked")}</p>
            </Notice>
        </Show>
        {move || match known.load() {
            Load::Failed(error) => Some(view! { <Failure error=error retry=retry /> }),
            _ => None,
        }}
        <form class="stack-l" on:submit=on_submit novalidate>
            <div class="crossing">
                <SideCard texts=source_texts() fields=context.typed().source locked=locked fixed=fixed.0 />
                <div class="crossing-arrow">{icon(Glyph::ArrowRight)}</div>
                <SideCard
                    texts=destination_texts()
                    fields=context.typed().destination
                    locked=locked
                    fixed=fixed.1
                />
            </div>
            <section class="card" aria-labelledby="additional-title">
                <h2 id="additional-title">{t!("providers.additional")}</h2>
                <div class="two">
                    <TextField
                        id="notify"
                        label=t!("providers.notify_label")
                        value=context.typed().notify
                        kind="email"
                        autocomplete="email"
                        hint=t!("providers.notify_hint")
                        placeholder="name@example.org"
                        maxlength=320
                        is_optional=true
                        error=notify_error
                        disabled=ended
                    />
                    <LanguageField disabled=ended />
                </div>
            </section>
            {move || failure.get().map(|error| view! { <Failure error=error /> })}
            <div class="wizard-nav">
                <a class="button" href=Step::Introduction.path(context.id)>
                    {icon(Glyph::ArrowLeft)}
                    {t!("action.back")}
                </a>
                <button type="submit" class="button button-primary" class:is-busy=move || busy.get()>
                    {t!("action.continue")}
                    {move || icon(if busy.get() { Glyph::Spinner } else { Glyph::ArrowRight })}
                </button>
            </div>
        </form>
    }
}

/// The language of the mails, which need not be that of the page.
#[component]
fn LanguageField(disabled: Signal<bool>) -> impl IntoView {
    let chosen = expect_context::<OrderContext>().typed().language;
    let options = i18n::LANGUAGES
        .into_iter()
        .map(|(code, name)| {
            let selected = move || chosen.get().tag() == code;
            view! { <option value=code lang=code selected=selected>{name}</option> }
        })
        .collect_view();
    let choose = move |event| {
        let code = event_target_value(&event);
        Language::ALL.into_iter().filter(|language| language.tag() == code).for_each(|language| chosen.set(language));
    };
    view! {
        <div class="field">
            <label class="field-label" for="language">
                {t!("providers.language_label")}
            </label>
            <select class="input" id="language" disabled=move || disabled.get() on:change=choose>
                {options}
            </select>
        </div>
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
fn SideCard(
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
            <Show when=move || !locked.get()>
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
    let advice = (!advice.is_empty()).then(|| {
        view! {
            <Notice tone=Tone::Warning title=t!("providers.advice_title")>
                {advice.into_iter().map(|text| view! { <p class="small">{text}</p> }).collect_view()}
            </Notice>
        }
    });
    view! {
        <div class="stack-s">{server} {login} {limits} {advice}</div>
    }
}
