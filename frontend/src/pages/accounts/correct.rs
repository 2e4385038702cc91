//! Bad rows of a file, put right in place: their cells as fields, sent again with the file.

use leptos::prelude::*;
use mailferry_shared::{
    import::{Layout, RowCorrection, RowError},
    secret::Secret,
};
use uuid::Uuid;

use super::{
    bad_rows::Drafts,
    file::{Importing, look},
};
use crate::{
    components::{Glyph, icon},
    t,
};

/// What a cell of a layout holds; none beyond its last one.
pub(super) fn cell_name(layout: Layout, at: usize) -> Option<&'static str> {
    let (source_user, source_password) = (t!("cell.source_user"), t!("cell.source_password"));
    let (source_host, destination_user) = (t!("cell.source_host"), t!("cell.destination_user"));
    let names: &[&'static str] = match layout {
        Layout::Request => &[source_user, source_password, source_host],
        Layout::Standard => &[destination_user, source_host, source_user, source_password],
        Layout::MasterUser => {
            &[destination_user, source_host, source_user, t!("cell.master_password"), t!("cell.master_user")]
        }
        Layout::Pairs => &[
            source_user,
            t!("cell.source_mailbox"),
            source_user,
            destination_user,
            t!("cell.destination_password"),
            t!("cell.destination_mailbox"),
        ],
        Layout::Full => &[
            source_host,
            source_user,
            source_password,
            t!("cell.destination_host"),
            destination_user,
            t!("cell.destination_password"),
            t!("cell.source_admin"),
            t!("cell.destination_admin"),
        ],
        Layout::Microsoft => &[destination_user, source_user, source_password, t!("cell.root")],
    };
    names.get(at).copied()
}

/// True for a cell of a layout that holds a password.
fn is_password(layout: Layout, at: usize) -> bool {
    match layout {
        Layout::Request => at == 1,
        Layout::Standard | Layout::MasterUser => at == 3,
        Layout::Pairs => at == 4,
        Layout::Full => matches!(at, 2 | 5),
        Layout::Microsoft => at == 2,
    }
}

/// The cells of a bad row; passwords are never given back, so theirs are empty and stay as they are in the file
/// unless something is typed.
#[component]
pub(super) fn Correct(
    importing: Importing,
    error: RowError,
    layout: Layout,
    /// What was typed before, and is typed now.
    drafts: Drafts,
    /// The row's id among them.
    id: Uuid,
) -> impl IntoView {
    let Importing { fields, busy, .. } = importing;
    let RowError { row, column: wrong, cells: texts, .. } = error;
    // Of a row whose cells do not stand where they should nothing is told: it is typed anew, all of it.
    let is_anew = texts.iter().all(Option::is_none);
    let known: Vec<bool> = texts.iter().map(Option::is_some).collect();
    let draft = |at| drafts.find(id, at);
    let is_begun = (0..texts.len()).any(|at| draft(at).is_some());
    let texts = texts.into_iter().enumerate().map(|(at, text)| draft(at).or(text).unwrap_or_default());
    let cells: Vec<RwSignal<String>> = texts.map(RwSignal::new).collect();
    let inputs = cells
        .iter()
        .copied()
        .zip(&known)
        .enumerate()
        .map(|(at, (cell, known))| {
            let name = cell_name(layout, at).map_or_else(|| (at + 1).to_string(), str::to_owned);
            let label = format!("{}: {name}", t!("import.cell", row = row, column = at + 1));
            let is_wrong = usize::try_from(wrong).is_ok_and(|wrong| wrong == at + 1);
            let is_secret = if is_anew { is_password(layout, at) } else { !*known };
            let kind = if is_secret { "password" } else { "text" };
            let placeholder = if *known || is_anew { "" } else { t!("import.cell_kept") };
            view! {
                <span class="cell">
                <span class="field-label" aria-hidden="true">{name}</span>
                <input
                    class="input input-small"
                    type=kind
                    autocomplete="off"
                    spellcheck="false"
                    aria-label=label
                    aria-invalid=is_wrong.then_some("true")
                    placeholder=placeholder
                    prop:value=move || cell.get()
                    on:input=move |event| {
                        let text = event_target_value(&event);
                        drafts.note(id, at, text.clone());
                        cell.set(text);
                    }
                />
                </span>
            }
        })
        .collect_view();
    let on_submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let corrected = cells
            .iter()
            .zip(&known)
            .map(|(cell, known)| {
                let text = cell.get_untracked();
                (*known || is_anew || !text.is_empty()).then(|| Secret::new(text))
            })
            .collect();
        fields.corrections.update(|corrections| {
            corrections.retain(|correction: &RowCorrection| correction.row != row);
            corrections.push(RowCorrection { row, cells: corrected });
        });
        look(importing);
    };
    let form = view! {
        <form class="correct" on:submit=on_submit>
            {inputs}
            <button type="submit" class="button button-small" disabled=move || busy.get()>
                {icon(Glyph::Check)}
                {t!("import.correct")}
            </button>
        </form>
    };
    if !is_anew {
        return form.into_any();
    }
    view! {
        <details class="disclosure" open=is_begun>
            <summary>{t!("import.anew")}</summary>
            {form}
        </details>
    }
    .into_any()
}
