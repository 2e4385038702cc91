//! The rows of a file that were not taken, each with its reason and its cells, to be put right. There may be hundreds:
//! only those near what is seen exist.

use leptos::prelude::*;
use mailferry_shared::import::{FieldCount, ImportResult, Layout, RowError};
use uuid::Uuid;

use super::{
    correct::{Correct, cell_name},
    file::Importing,
    preview::layout_name,
};
use crate::{
    components::{Notice, Tone, VirtualRows},
    i18n, t, tn,
};

/// What was typed in cells of bad rows: the row, the cell and its text. It outlives the rows, which come and go as one
/// scrolls.
#[derive(Clone, Copy)]
pub(super) struct Drafts(StoredValue<Vec<(Uuid, usize, String)>>);

impl Drafts {
    /// What was typed in a cell, if anything was.
    pub(super) fn find(self, row: Uuid, cell: usize) -> Option<String> {
        let is_it = |draft: &&(Uuid, usize, String)| (draft.0, draft.1) == (row, cell);
        self.0.with_value(|drafts| drafts.iter().find(is_it).map(|draft| draft.2.clone()))
    }

    /// Notes what was typed in a cell.
    pub(super) fn note(self, row: Uuid, cell: usize, text: String) {
        self.0.update_value(|drafts| {
            drafts.retain(|draft| (draft.0, draft.1) != (row, cell));
            drafts.push((row, cell, text));
        });
    }
}

/// Tells bad rows apart: another error in the same line makes another row of it.
fn id_of(error: &RowError, layout: Layout) -> Uuid {
    let words = error.code.bytes().chain(layout_name(layout).bytes());
    let word = words.fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let place = (u64::from(error.row) << 32) | u64::from(error.column);
    Uuid::from_u64_pair(place, u64::from(word))
}

/// The bad rows, below what is good. What is typed in one of them stays while another is tried again.
#[component]
pub(super) fn BadRows(importing: Importing) -> impl IntoView {
    let preview = importing.fields.preview;
    let drafts = Drafts(StoredValue::new(Vec::new()));
    let ids = Memo::new(move |_| {
        preview.with(|result| {
            let Some(ImportResult { errors, layout, .. }) = result else { return Vec::new() };
            errors.iter().map(|error| id_of(error, *layout)).collect()
        })
    });
    let count = move || ids.with(Vec::len);
    let row = move |(id, _): (Uuid, usize)| {
        let found = preview.with_untracked(|result| {
            let ImportResult { errors, layout, .. } = result.as_ref()?;
            let error = errors.iter().find(|error| id_of(error, *layout) == id)?;
            Some((error.clone(), *layout))
        });
        let Some((error, layout)) = found else { return ().into_any() };
        // Rows above it may go.
        let at = move || ids.with(|ids| ids.iter().position(|known| *known == id)).map(|at| (at + 2).to_string());
        let correct = (!error.cells.is_empty())
            .then(|| view! { <Correct importing=importing error=error.clone() layout=layout drafts=drafts id=id /> });
        view! {
            <tr aria-rowindex=at>
                <th scope="row" class="numbers" data-label=t!("import.errors_row")>
                    {error.row.to_string()}
                </th>
                <td>{reason(&error, layout)} {correct}</td>
            </tr>
        }
        .into_any()
    };
    let row = Callback::new(row);
    view! {
        <Show when=move || { count() > 0 }>
            <Notice tone=Tone::Warning>
                <p class="notice-title">
                    {move || tn!("import.bad_rows", u64::try_from(count()).unwrap_or_default())}
                </p>
                <div class="table-scroll" tabindex="0" role="region" aria-label=t!("import.errors_table")>
                    <table class="table table-tight table-cards" aria-rowcount=move || (count() + 1).to_string()>
                        <caption class="visually-hidden">{t!("import.errors_table")}</caption>
                        <thead>
                            <tr aria-rowindex="1">
                                <th scope="col">{t!("import.errors_row")}</th>
                                <th scope="col">{t!("import.errors_reason")}</th>
                            </tr>
                        </thead>
                        <VirtualRows ids=ids columns=2 row=row />
                    </table>
                </div>
            </Notice>
        </Show>
    }
}

/// Which of a line's cells is wrong, and why.
fn reason(error: &RowError, layout: Layout) -> String {
    let at = usize::try_from(error.column).ok().and_then(|column| column.checked_sub(1));
    let cell = at.and_then(|at| cell_name(layout, at));
    let reason = match error.fields {
        Some(FieldCount { found, least, most }) => {
            let wanted = if least == most { most.to_string() } else { format!("{least}–{most}") };
            t!("import.fields_instead", fields = found, wanted = wanted)
        }
        None => i18n::row_error_text(error),
    };
    cell.map_or_else(|| reason.clone(), |cell| format!("{cell}: {reason}"))
}
