//! Reading a file in the browser, and having the service read its text.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    import::{ImportRequest, ImportResult},
    secret::Secret,
};
use wasm_bindgen_futures::JsFuture;

use super::Page;
use crate::{
    api, forms,
    state::{checking, typed::ImportFields},
    t, tn,
};

/// Sends what is in the fields; with `preview` nothing is added.
async fn send(page: Page, preview: bool) -> Result<ImportResult, api::ApiError> {
    let fields = page.context.typed().import;
    let secret = |text| if preview { None } else { ImportFields::secret(text) };
    let request = ImportRequest {
        content: Some(Secret::new(fields.content.get_untracked())),
        layout: fields.layout.get_untracked(),
        preview,
        source_password: secret(fields.source_password),
        destination_password: secret(fields.destination_password),
        corrections: fields.corrections.get_untracked(),
        ..ImportRequest::default()
    };
    api::import_accounts(page.context.id, &request).await
}

/// Shows what `content` holds.
pub(super) fn read(page: Page, busy: RwSignal<bool>, content: String, name: Option<String>) {
    let fields = page.context.typed().import;
    fields.clear();
    fields.file_name.set(name);
    fields.content.set(content);
    look(page, busy);
}

/// Asks the service what the content holds.
pub(super) fn look(page: Page, busy: RwSignal<bool>) {
    let fields = page.context.typed().import;
    if fields.content.with_untracked(String::is_empty) {
        return;
    }
    busy.set(true);
    fields.error.set(None);
    spawn_local(async move {
        let result = send(page, true).await;
        busy.try_set(false);
        match result {
            Ok(preview) => fields.preview.try_set(Some(preview)).map_or((), drop),
            Err(error) => {
                fields.preview.try_set(None);
                fields.error.try_set(Some(error.field("/content").unwrap_or_else(|| error.text())));
            }
        }
    });
}

/// Reads a file in the browser; its text never touches the disk or the browser's storage.
pub(super) fn read_file(page: Page, busy: RwSignal<bool>, file: web_sys::File) {
    let fields = page.context.typed().import;
    fields.clear();
    #[expect(clippy::cast_precision_loss, reason = "the limit is far below 2^53")]
    if file.size() > forms::MAX_FILE_BYTES as f64 {
        fields.error.set(Some(t!("import.file_too_large").to_owned()));
        return;
    }
    busy.set(true);
    spawn_local(async move {
        let text = match JsFuture::from(file.array_buffer()).await {
            Ok(buffer) => forms::file_text(js_sys::Uint8Array::new(&buffer).to_vec()),
            Err(_) => Err(t!("import.file_unreadable")),
        };
        busy.try_set(false);
        match text {
            Ok(text) => read(page, busy, text, Some(file.name())),
            Err(error) => {
                fields.error.try_set(Some(error.to_owned()));
            }
        }
    });
}

/// Adds the good rows and checks them.
pub(super) fn add(page: Page, busy: RwSignal<bool>) {
    let fields = page.context.typed().import;
    busy.set(true);
    fields.error.set(None);
    spawn_local(async move {
        let result = send(page, false).await;
        busy.try_set(false);
        match result {
            Ok(mut result) => {
                let ids: Vec<_> = result.rows.iter().filter_map(|row| row.pair_id).collect();
                let left_out = u64::try_from(result.errors.len()).unwrap_or_default();
                let added = tn!("import.added", u64::try_from(ids.len()).unwrap_or_default());
                fields.clear();
                if left_out > 0 {
                    result.rows.clear();
                    fields.preview.set(Some(result));
                    fields.added.set(true);
                }
                page.context.load_accounts().await;
                page.context.refresh();
                page.done(if left_out > 0 { format!("{added} {}", tn!("import.left_out", left_out)) } else { added });
                if !ids.is_empty() {
                    checking::check(page.context, ids);
                }
            }
            Err(error) => {
                fields.error.try_set(Some(error.text()));
            }
        }
    });
}
