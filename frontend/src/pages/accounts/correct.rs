//! Bad rows of a file, put right in place: their cells as fields, sent again with the file.

use leptos::prelude::*;
use mailferry_shared::{
    import::{RowCorrection, RowError},
    secret::Secret,
};

use super::file::{Importing, look};
use crate::{
    components::{Glyph, icon},
    t,
};

/// The cells of a bad row; passwords are never given back, so theirs are empty and stay as they are in the file
/// unless something is typed.
#[component]
pub(super) fn Correct(importing: Importing, error: RowError) -> impl IntoView {
    let Importing { fields, busy, .. } = importing;
    let RowError { row, column: wrong, cells: texts, .. } = error;
    let known: Vec<bool> = texts.iter().map(Option::is_some).collect();
    let cells: Vec<RwSignal<String>> = texts.into_iter().map(|text| RwSignal::new(text.unwrap_or_default())).collect();
    let inputs = cells
        .iter()
        .copied()
        .zip(&known)
        .enumerate()
        .map(|(at, (cell, known))| {
            let label = t!("import.cell", row = row, column = at + 1);
            let is_wrong = usize::try_from(wrong).is_ok_and(|wrong| wrong == at + 1);
            let kind = if *known { "text" } else { "password" };
            let placeholder = if *known { "" } else { t!("import.cell_kept") };
            view! {
                <span class="cell">
                <span aria-hidden="true">{at + 1}</span>
                <input
                    class="input input-small"
                    type=kind
                    autocomplete="off"
                    spellcheck="false"
                    aria-label=label
                    aria-invalid=is_wrong.then_some("true")
                    placeholder=placeholder
                    prop:value=move || cell.get()
                    on:input=move |event| cell.set(event_target_value(&event))
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
                (*known || !text.is_empty()).then(|| Secret::new(text))
            })
            .collect();
        fields.corrections.update(|corrections| {
            corrections.retain(|correction: &RowCorrection| correction.row != row);
            corrections.push(RowCorrection { row, cells: corrected });
        });
        look(importing);
    };
    view! {
        <form class="correct" on:submit=on_submit>
            {inputs}
            <button type="submit" class="button button-small" disabled=move || busy.get()>
                {icon(Glyph::Check)}
                {t!("import.correct")}
            </button>
        </form>
    }
}
