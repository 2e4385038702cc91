//! What to leave out and how to copy.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    order::{FolderRule, OrderAction, OrderChange, OrderOptions},
    time::day,
};

use super::{
    payment::Paying,
    rules::{self, Folders},
};
use crate::{
    api::{self, ApiError},
    browser::{self, intl},
    components::{Glyph, TextField, Tick, failed, icon},
    forms, i18n,
    state::{announce::Announcer, order::OrderContext, service::Service, typed::OptionFields},
    t,
};

/// Errors beside the options' fields.
#[derive(Clone, Copy)]
pub(super) struct OptionErrors {
    max: RwSignal<Option<String>>,
    since: RwSignal<Option<String>>,
    pub(super) rules: RwSignal<Option<String>>,
}

impl OptionErrors {
    pub(super) fn new() -> Self {
        Self { max: RwSignal::new(None), since: RwSignal::new(None), rules: RwSignal::new(None) }
    }
}

impl OptionErrors {
    /// Puts the service's errors beside the fields they name; true if there were any.
    fn show(self, error: &ApiError) -> bool {
        let named = |field: &str| error.field(&format!("/options/{field}"));
        let (max, since) = (named("max_message_bytes"), named("since"));
        let folders = named("folder_rules").or_else(|| named("leave_out"));
        let placed = max.is_some() || since.is_some() || folders.is_some();
        self.max.try_set(max);
        self.since.try_set(since);
        self.rules.try_set(folders);
        placed
    }
}

/// The options as typed; `None` with the errors beside the fields.
fn read(fields: OptionFields, errors: Option<OptionErrors>) -> Option<OrderOptions> {
    let max = forms::megabytes(&fields.max_megabytes.get());
    let rules: Vec<_> = fields
        .rules
        .get()
        .into_iter()
        .map(|rule| FolderRule {
            source: rule.source.trim().to_owned(),
            destination: rule.destination.trim().to_owned(),
        })
        .filter(|rule| !(rule.source.is_empty() && rule.destination.is_empty()))
        .collect();
    let incomplete = rules.iter().any(|rule| rule.source.is_empty() || rule.destination.is_empty());
    // Of a date of which a part is missing the browser tells nothing: it would mean all mail.
    let half = errors.is_some() && browser::is_incomplete_date("since");
    if let Some(errors) = errors {
        errors.since.set(half.then(|| t!("console.date_incomplete").to_owned()));
        errors.max.set(max.err().map(str::to_owned));
        errors.rules.set(incomplete.then(|| t!("options.rule_incomplete").to_owned()));
    }
    if incomplete || half {
        return None;
    }
    Some(OrderOptions {
        leave_out: forms::lines(&fields.leave_out.get()),
        include_trash: fields.include_trash.get(),
        include_junk: fields.include_junk.get(),
        max_message_bytes: Some(max.ok()?),
        since: day(&fields.since.get()),
        newest_first: fields.newest_first.get(),
        carry_flags: fields.carry_flags.get(),
        folder_rules: rules,
        show_subjects: fields.show_subjects.get(),
    })
}

/// The options as typed, if they are valid.
pub(super) fn typed(context: OrderContext) -> Option<OrderOptions> {
    read(context.typed().options, None)
}

/// True if something typed is not what the order says.
pub(super) fn is_changed(context: OrderContext) -> bool {
    let typed = typed(context);
    context.order.with(|order| typed.as_ref() != Some(&order.options))
}

/// Sends the options if they were changed; false if they are not valid.
pub(super) async fn save(context: OrderContext, errors: OptionErrors) -> Result<bool, ApiError> {
    let Some(options) = untrack(|| read(context.typed().options, Some(errors))) else {
        browser::focus_first_error();
        return Ok(false);
    };
    if context.order.with_untracked(|order| order.options == options) {
        return Ok(true);
    }
    let change = OrderChange { options: Some(options), ..OrderChange::default() };
    match api::change_order(context.id, &change).await {
        Ok(order) => {
            context.order.try_set(order);
            Ok(true)
        }
        Err(error) if errors.show(&error) => {
            browser::focus_first_error();
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// What stands around the fields.
#[derive(Debug, Clone, Copy)]
struct Words {
    title: &'static str,
    text: &'static str,
    /// Beside the button that saves.
    unsaved: Signal<&'static str>,
}

/// The card of step 4.
#[component]
pub(super) fn Options(
    errors: OptionErrors,
    /// What saves them besides follows from it.
    paying: RwSignal<Paying>,
) -> impl IntoView {
    let context = expect_context::<OrderContext>();
    let locked = Signal::derive(move || !context.allows(OrderAction::Change));
    let unsaved = Signal::derive(move || {
        paying.with(|paying| match paying {
            Paying::Here(_) => t!("options.unsaved"),
            Paying::Elsewise => t!("options.unsaved_start"),
            Paying::Settles | Paying::Waits => t!("options.unsaved_later"),
        })
    });
    let words = Words { title: t!("options.title"), text: "", unsaved };
    card(context, errors, words, locked)
}

/// The card for what runs after the first one, where they may be changed.
#[component]
pub(crate) fn LaterOptions() -> impl IntoView {
    let context = expect_context::<OrderContext>();
    let words = Words {
        title: t!("options.later_title"),
        text: t!("options.later_text"),
        unsaved: Signal::stored(t!("options.unsaved_later")),
    };
    let may_change = Memo::new(move |_| context.allows(OrderAction::ChangeOptions));
    view! {
        <Show when=move || may_change.get()>
            {card(context, OptionErrors::new(), words, Signal::derive(|| false))}
        </Show>
    }
}

fn card(context: OrderContext, errors: OptionErrors, words: Words, locked: Signal<bool>) -> impl IntoView {
    let announcer = expect_context::<Announcer>();
    let fields = context.typed().options;
    let changed = Memo::new(move |_| is_changed(context));
    let service = Service::get();
    // Who came by a link has limits of its own.
    let most =
        untrack(|| context.order.with(|order| order.link.is_none()).then(|| service.largest_message() / 1_000_000));
    let max_hint = match most {
        Some(most) => t!("options.max_size_hint_most", most = i18n::number(most)),
        None => t!("options.max_size_hint").to_owned(),
    };
    let failure = RwSignal::new(None::<ApiError>);
    // Where there is little room they are told in a line, until one wants to change them or must.
    let narrow = browser::narrow();
    let unfolded = RwSignal::new(false);
    let folded = Memo::new(move |_| narrow.get() && !unfolded.get());
    Effect::new(move || {
        let is_wrong = [errors.max, errors.since, errors.rules].into_iter().any(|error| error.with(Option::is_some));
        if is_wrong {
            unfolded.set(true);
        }
    });
    let on_save = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        failure.set(None);
        spawn_local(async move {
            match save(context, errors).await {
                Ok(true) => announcer.say(t!("options.saved")),
                Ok(false) => {}
                Err(error) => {
                    failure.try_set(Some(error));
                }
            }
        });
    };
    let tick = move |label: &'static str, hint: &'static str, value: RwSignal<bool>| {
        view! { <Tick label=label hint=hint checked=value on_change=move |on| value.set(on) disabled=locked /> }
    };
    view! {
        <form class="card" aria-labelledby="options-title" on:submit=on_save novalidate>
            <h2 id="options-title">{words.title}</h2>
            {(!words.text.is_empty()).then(|| view! { <p class="soft">{words.text}</p> })}
            <Show when=move || narrow.get()>
                {move || folded.get().then(|| view! { <p class="soft numbers">{move || chosen_text(fields)}</p> })}
                <button
                    type="button"
                    class="button button-small"
                    aria-expanded=move || unfolded.get().to_string()
                    aria-controls="options-fields"
                    on:click=move |_| unfolded.update(|unfolded| *unfolded = !*unfolded)
                >
                    {move || icon(if folded.get() { Glyph::Pencil } else { Glyph::Check })}
                    {move || if folded.get() { t!("options.change") } else { t!("action.close") }}
                </button>
            </Show>
            <div class="stack" id="options-fields" hidden=move || folded.get()>
            <div class="two">
                {tick(t!("options.include_trash"), t!("options.include_hint"), fields.include_trash)}
                {tick(t!("options.include_junk"), t!("options.include_hint"), fields.include_junk)}
            </div>
            {tick(t!("options.newest_first"), t!("options.newest_first_hint"), fields.newest_first)}
            {tick(t!("options.carry_flags"), t!("options.carry_flags_hint"), fields.carry_flags)}
            {tick(t!("options.show_subjects"), t!("options.show_subjects_hint"), fields.show_subjects)}
            <div class="two">
                <TextField
                    id="max-size"
                    label=t!("options.max_size")
                    hint=max_hint
                    value=fields.max_megabytes
                    inputmode="numeric"
                    maxlength=5
                    is_short=true
                    error=errors.max
                    disabled=locked
                />
                <TextField
                    id="since"
                    label=t!("options.since")
                    hint=t!("options.since_hint")
                    value=fields.since
                    kind="date"
                    is_optional=true
                    error=errors.since
                    disabled=locked
                />
            </div>
            <Folders fields=fields errors=errors locked=locked />
            </div>
            {failed(failure)}
            <Show when=move || changed.get() && !locked.get()>
                <div class="row">
                    <button type="submit" class="button button-small">
                        {icon(Glyph::Check)}
                        {t!("options.save")}
                    </button>
                    <span class="small faint">{move || words.unsaved.get()}</span>
                </div>
            </Show>
        </form>
    }
}

/// What is chosen, in a line.
fn chosen_text(fields: OptionFields) -> String {
    let stays = match (fields.include_trash.get(), fields.include_junk.get()) {
        (false, false) => Some(t!("options.now_both_stay")),
        (true, false) => Some(t!("options.now_junk_stays")),
        (false, true) => Some(t!("options.now_trash_stays")),
        (true, true) => None,
    };
    let max = fields.max_megabytes.with(|max| (!max.is_empty()).then(|| t!("options.now_max", max = max)));
    let since = fields.since.with(|since| since.parse().ok()).map(|day| t!("options.now_since", day = intl::day(day)));
    let ticked = [
        (fields.newest_first, t!("options.newest_first")),
        (fields.carry_flags, t!("options.carry_flags")),
        (fields.show_subjects, t!("options.show_subjects")),
    ];
    let ticked = ticked.into_iter().filter(|(is_ticked, _)| is_ticked.get()).map(|(_, text)| text.to_owned());
    let texts = stays.map(str::to_owned).into_iter().chain(max).chain(since).chain(ticked);
    texts.chain(rules::in_words(fields)).collect::<Vec<_>>().join(" · ")
}
