//! Which folders are left out, and which are renamed.

use leptos::prelude::*;
use mailferry_shared::order::{FolderRule, OrderOptions};

use super::options::OptionErrors;
use crate::{
    components::{FieldError, Glyph, TextArea, TextField, icon},
    forms, i18n,
    state::{
        order::OrderContext,
        typed::{OptionFields, RuleFields},
    },
    t,
};

/// What is left out and renamed, behind a click.
#[component]
pub(super) fn Folders(fields: OptionFields, errors: OptionErrors, locked: Signal<bool>) -> impl IntoView {
    let context = expect_context::<OrderContext>();
    // What is wrong or not saved yet is seen; what was opened stays so.
    let opened = RwSignal::new(false);
    Effect::new(move || {
        let is_wrong = errors.rules.with(Option::is_some);
        if is_wrong || context.order.with(|order| changed(fields, &order.options)) {
            opened.set(true);
        }
    });
    view! {
        <details class="disclosure" prop:open=move || opened.get()>
            <summary>
                <span>{t!("options.folders")}</span>
                <span class="soft numbers">{move || in_words(fields)}</span>
            </summary>
            <div class="disclosure-body stack-l">
                <TextArea
                    id="leave-out"
                    label=t!("options.leave_out")
                    hint=t!("options.leave_out_hint")
                    value=fields.leave_out
                    is_optional=true
                    disabled=locked
                />
                <Rules fields=fields errors=errors locked=locked />
            </div>
        </details>
    }
}

/// True if what was typed about folders is not what the order says.
pub(super) fn changed(fields: OptionFields, options: &OrderOptions) -> bool {
    let is_rule = |(typed, rule): (&RuleFields, &FolderRule)| {
        typed.source.trim() == rule.source && typed.destination.trim() == rule.destination
    };
    let left_out = fields.leave_out.with(|typed| forms::lines(typed) != options.leave_out);
    let renamed = fields.rules.with(|rules| {
        rules.len() != options.folder_rules.len() || !rules.iter().zip(&options.folder_rules).all(is_rule)
    });
    left_out || renamed
}

/// How many folders are left out and renamed, where any are.
pub(super) fn in_words(fields: OptionFields) -> Option<String> {
    let count = |count: usize| u64::try_from(count).unwrap_or_default();
    let left_out = count(fields.leave_out.with(|typed| forms::lines(typed).len()));
    let renamed = count(fields.rules.with(Vec::len));
    let left_out = (left_out > 0).then(|| t!("options.now_left_out", count = i18n::number(left_out)));
    let renamed = (renamed > 0).then(|| t!("options.now_renamed", count = i18n::number(renamed)));
    let texts: Vec<_> = left_out.into_iter().chain(renamed).collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

/// The folder mapping, two columns.
#[component]
fn Rules(fields: OptionFields, errors: OptionErrors, locked: Signal<bool>) -> impl IntoView {
    let add = move |_| {
        fields.rules.update(|rules| {
            let key = rules.iter().map(|rule| rule.key + 1).max().unwrap_or_default();
            rules.push(RuleFields { key, source: String::new(), destination: String::new() });
        });
    };
    view! {
        <fieldset class="stack-s">
            <legend class="field-label">{t!("options.rules")}</legend>
            <p class="field-hint">{t!("options.rules_hint")}</p>
            <For each=move || fields.rules.get() key=|rule| rule.key let:rule>
                <RuleRow rule=rule fields=fields locked=locked />
            </For>
            <FieldError id="rules-error" error=errors.rules />
            <button
                type="button"
                class="button button-small"
                disabled=move || locked.get()
                on:click=add
            >
                {icon(Glyph::Plus)}
                {t!("options.rule_add")}
            </button>
        </fieldset>
    }
}

#[component]
fn RuleRow(rule: RuleFields, fields: OptionFields, locked: Signal<bool>) -> impl IntoView {
    let key = rule.key;
    let (source, destination) = (RwSignal::new(rule.source), RwSignal::new(rule.destination));
    Effect::new(move || {
        let typed = RuleFields { key, source: source.get(), destination: destination.get() };
        if fields.rules.with_untracked(|rules| !rules.contains(&typed)) {
            fields.rules.update(|rules| {
                if let Some(rule) = rules.iter_mut().find(|rule| rule.key == key) {
                    *rule = typed;
                }
            });
        }
    });
    view! {
        <div class="rules-row">
            <TextField
                id=format!("rule-{key}-source")
                label=t!("options.rule_source")
                value=source
                disabled=locked
            />
            <TextField
                id=format!("rule-{key}-destination")
                label=t!("options.rule_destination")
                value=destination
                disabled=locked
            />
            <button
                type="button"
                class="button button-quiet button-icon"
                aria-label=t!("options.rule_remove")
                disabled=move || locked.get()
                on:click=move |_| fields.rules.update(|rules| rules.retain(|rule| rule.key != key))
            >
                {icon(Glyph::Trash)}
            </button>
        </div>
    }
}
