//! The folders of a dry run, with where each goes, which can be changed here.

use leptos::prelude::*;
use mailferry_shared::{
    dry_run::{DryRunFolder, DryRunLeftOut, LeftOutReason, PairDryRun},
    order::OrderAction,
};

use crate::{
    browser,
    components::{Glyph, icon},
    i18n,
    state::{
        order::OrderContext,
        typed::{OptionFields, RuleFields},
    },
    t, tn,
};

/// True for a folder that may hold mail: what cannot is no loss.
pub(super) fn is_told(folder: &DryRunLeftOut) -> bool {
    folder.reason != LeftOutReason::NoMessages
}

/// Which columns have something in them.
#[derive(Debug, Clone, Copy)]
struct Columns {
    present: bool,
    skipped: bool,
}

/// What would become of each folder of a pair; none before it was looked into. `at` is the pair's place.
pub(super) fn table(at: usize, pair: &PairDryRun) -> Option<impl IntoView + use<>> {
    let columns = Columns {
        present: pair.folders.iter().any(|folder| folder.counts.present > 0),
        skipped: pair.folders.iter().any(|folder| !folder.skipped.is_empty()),
    };
    let rows = pair.folders.iter().enumerate().map(|(row, folder)| folder_row(at, row, folder, columns)).collect_view();
    let left_out = pair
        .left_out
        .iter()
        .filter(|folder| is_told(folder))
        .map(|folder| left_out_row(folder, columns))
        .collect_view();
    (!pair.folders.is_empty()).then(|| {
        view! {
            <div class="table-scroll" tabindex="0" role="region" aria-label=t!("dry_run.table")>
                <table class="table table-tight table-dry-run">
                    <caption class="visually-hidden">{t!("dry_run.table")}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{t!("options.rule_source")}</th>
                            <th scope="col">{t!("options.rule_destination")}</th>
                            <th scope="col" class="number">{t!("dry_run.col_copy")}</th>
                            {columns.present.then(|| view! { <th scope="col" class="number">{t!("protocol.present")}</th> })}
                            {columns.skipped.then(|| view! { <th scope="col">{t!("dry_run.col_skipped")}</th> })}
                        </tr>
                    </thead>
                    <tbody>{rows} {left_out}</tbody>
                </table>
            </div>
        }
    })
}

fn folder_row(pair: usize, row: usize, folder: &DryRunFolder, columns: Columns) -> impl IntoView + use<> {
    let tags = [(folder.create, t!("dry_run.create")), (folder.renamed, t!("dry_run.renamed"))];
    let tags = tags.into_iter().filter(|(is, _)| *is).map(|(_, text)| view! { <span class="tagged">{text}</span> });
    let skipped = folder.skipped.iter().map(|skip| {
        let cause = i18n::code_cause(skip.code);
        view! { <p class="small">{format!("{}: {cause}", i18n::number(skip.messages))}</p> }
    });
    view! {
        <tr>
            <th scope="row" class="account-name">{folder.source.clone()}</th>
            <td class="cell-place">
                <Place
                    id=format!("mapping-{pair}-{row}")
                    source=folder.source.clone()
                    destination=folder.destination.clone()
                />
                {tags.collect_view()}
            </td>
            <td class="number">{i18n::number(folder.counts.copy)}</td>
            {columns.present.then(|| view! {
                <td class="number" data-label=t!("protocol.present")>{i18n::number(folder.counts.present)}</td>
            })}
            {columns.skipped.then(|| view! { <td>{skipped.collect_view()}</td> })}
        </tr>
    }
}

/// Where a folder goes, and the pencil that lets one change it.
#[component]
fn Place(id: String, source: String, destination: String) -> impl IntoView {
    let context = expect_context::<OrderContext>();
    // The same name goes without saying.
    let planned = (source == destination).then(|| destination.clone());
    let name = RwSignal::new(destination);
    let is_plain = Memo::new(move |_| name.with(|name| planned.as_ref() == Some(name)));
    let label = StoredValue::new(t!("dry_run.destination_of", folder = source));
    let (field, source) = (StoredValue::new(id), StoredValue::new(source));
    let button = move || field.with_value(|id| format!("{id}-edit"));
    let editing = RwSignal::new(false);
    let may_change = Memo::new(move |_| context.allows(OrderAction::Change));
    let edit = move |_| {
        editing.set(true);
        request_animation_frame(move || browser::focus(&field.get_value()));
    };
    let take = move |typed: String| {
        if name.with_untracked(|before| *before != typed) {
            name.set(typed.clone());
            source.with_value(|source| map_folder(context.typed().options, source, typed));
        }
    };
    let on_key = move |event: leptos::ev::KeyboardEvent| {
        if !matches!(event.key().as_str(), "Enter" | "Escape") {
            return;
        }
        event.prevent_default();
        if event.key() == "Enter" {
            take(event_target_value(&event));
        }
        editing.set(false);
        request_animation_frame(move || browser::focus(&button()));
    };
    let seen = move || {
        view! {
            <span class="place" class:is-same=is_plain>{move || name.get()}</span>
            <Show when=move || may_change.get()>
                <button
                    type="button"
                    id=button()
                    class="button button-quiet button-icon button-small"
                    aria-label=label.get_value()
                    on:click=edit
                >
                    {icon(Glyph::Pencil)}
                </button>
            </Show>
        }
    };
    view! {
        <Show when=move || editing.get() fallback=seen>
            <input
                class="input input-small"
                id=field.get_value()
                aria-label=label.get_value()
                prop:value=move || name.get()
                on:keydown=on_key
                on:change=move |event| take(event_target_value(&event))
                on:blur=move |_| editing.set(false)
            />
        </Show>
    }
}

/// Makes the change a rule of the options, or takes the rule away where there is no name; it counts from the next dry
/// run, and from the start, on.
fn map_folder(fields: OptionFields, source: &str, destination: String) {
    fields.rules.update(|rules| {
        // Under another key, so that the list of the options shows it.
        let key = rules.iter().map(|rule| rule.key + 1).max().unwrap_or_default();
        rules.retain(|rule| rule.source != source);
        if !destination.trim().is_empty() {
            rules.push(RuleFields { key, source: source.to_owned(), destination });
        }
    });
}

fn left_out_row(left_out: &DryRunLeftOut, columns: Columns) -> impl IntoView + use<> {
    let reason = match left_out.reason {
        LeftOutReason::Option => t!("dry_run.left_out_option"),
        LeftOutReason::Trash => t!("dry_run.left_out_trash"),
        LeftOutReason::Junk => t!("dry_run.left_out_junk"),
        LeftOutReason::NoMessages => t!("dry_run.left_out_no_messages"),
        LeftOutReason::Chats => t!("dry_run.left_out_chats"),
        LeftOutReason::Shared => t!("dry_run.left_out_shared"),
        LeftOutReason::View => t!("dry_run.left_out_view"),
    };
    let reason = match left_out.messages {
        Some(messages) => format!("{reason} · {}", tn!("dry_run.stay", messages)),
        None => reason.to_owned(),
    };
    let span = 2 + u32::from(columns.present) + u32::from(columns.skipped);
    view! {
        <tr class="is-left-out">
            <th scope="row" class="account-name">{left_out.folder.clone()}</th>
            <td colspan=span.to_string() class="soft">{reason}</td>
        </tr>
    }
}
