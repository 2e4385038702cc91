//! A few accounts, typed one by one: they become the lines of a file that nobody had to make.

use leptos::prelude::*;
use mailferry_shared::import::Layout;

use super::typed::Typed;
use crate::{
    api,
    components::{Glyph, PasswordField, TextField, icon},
    forms, i18n,
    pages::file_request,
    t,
};

/// An account as it is typed.
#[derive(Clone, Copy)]
pub(super) struct Row {
    /// Which one it is, for as long as the page is open.
    key: usize,
    source: RwSignal<String>,
    source_password: RwSignal<String>,
    destination: RwSignal<String>,
    destination_password: RwSignal<String>,
}

impl Row {
    pub(super) fn empty(key: usize) -> Self {
        let text = || RwSignal::new(String::new());
        Self { key, source: text(), source_password: text(), destination: text(), destination_password: text() }
    }

    fn cells(self) -> [String; 4] {
        [self.source, self.source_password, self.destination, self.destination_password]
            .map(|text| text.get_untracked())
    }

    fn is_empty(self) -> bool {
        self.cells().iter().all(|cell| cell.trim().is_empty())
    }

    /// A line of the layout *full*; the servers are those that are named beside it.
    fn line(self) -> String {
        let [source, source_password, destination, destination_password] = self.cells().map(|cell| quoted(&cell));
        format!(";{source};{source_password};;{destination};{destination_password};;")
    }
}

/// A cell in which no character means anything.
fn quoted(cell: &str) -> String {
    format!("\"{}\"", cell.replace('"', "\"\""))
}

/// True if something is typed that no file has replaced.
pub(super) fn are_typed(typed: Typed) -> bool {
    let has_file = typed.importing.fields.preview.with_untracked(Option::is_some);
    !has_file && typed.rows.with_untracked(|rows| rows.iter().any(|row| !row.is_empty()))
}

/// Has the service read what is typed; it is shown as a file is.
pub(super) async fn read(typed: Typed) {
    let lines = typed.rows.with_untracked(|rows| {
        let lines = rows.iter().filter(|row| !row.is_empty()).map(|row| row.line());
        lines.collect::<Vec<_>>().join("\n")
    });
    let fields = typed.importing.fields;
    fields.clear();
    fields.layout.set(Some(Layout::Full));
    fields.bytes.set(forms::base64(lines.as_bytes()));
    match api::preview_import(&file_request(fields, true)).await {
        Ok(preview) => {
            fields.preview.try_set(Some(preview));
        }
        Err(error) => {
            fields.error.try_set(Some(error.field("/file").unwrap_or_else(|| error.text())));
        }
    }
}

/// The fields, as long as no file stands in their place.
#[component]
pub(super) fn Rows(typed: Typed) -> impl IntoView {
    let add = move |_| {
        typed.rows.update(|rows| rows.push(Row::empty(rows.last().map_or(0, |row| row.key + 1))));
    };
    let fields = move |row: Row| {
        let at = Memo::new(move |_| {
            typed.rows.with(|rows| rows.iter().position(|other| other.key == row.key).unwrap_or_default() + 1)
        });
        let name = move || t!("request.row", number = i18n::number(u64::try_from(at.get()).unwrap_or_default()));
        let id = |field: &str| format!("account-{}-{field}", row.key);
        let remove = move || {
            (typed.rows.with(Vec::len) > 1).then(|| {
                view! {
                    <button
                        type="button"
                        class="button button-quiet button-icon button-small"
                        aria-label=move || t!("console.delete_what", account = name())
                        on:click=move |_| typed.rows.update(|rows| rows.retain(|other| other.key != row.key))
                    >
                        {icon(Glyph::Trash)}
                    </button>
                }
            })
        };
        view! {
            <fieldset class="stack-s">
                <legend class="visually-hidden">{name}</legend>
                <div class="row-between">
                    <h3 class="field-label" aria-hidden="true">{name}</h3>
                    {remove}
                </div>
                <div class="two">
                    <TextField id=id("source") label=t!("accounts.col_source") value=row.source maxlength=320 />
                    <PasswordField id=id("source-password") label=t!("accounts.password") value=row.source_password />
                    <TextField id=id("destination") label=t!("accounts.col_destination") value=row.destination maxlength=320 />
                    <PasswordField id=id("destination-password") label=t!("accounts.password") value=row.destination_password />
                </div>
            </fieldset>
        }
    };
    let has_file = Memo::new(move |_| typed.importing.fields.preview.with(Option::is_some));
    view! {
        <Show when=move || !has_file.get()>
            <div class="stack">
                <For each=move || typed.rows.get() key=|row| row.key children=fields />
                <button type="button" class="button button-small" on:click=add>
                    {icon(Glyph::Plus)}
                    {t!("request.one_more")}
                </button>
                <h3>{t!("request.from_file")}</h3>
            </div>
        </Show>
    }
}
