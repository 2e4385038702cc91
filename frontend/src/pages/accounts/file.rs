//! Reading a file in the browser, and having the service read its text.

use std::{future::Future, pin::Pin};

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    endpoint::HostName,
    import::{ImportRequest, ImportResult},
    secret::Secret,
};

use super::Page;
use crate::{
    api::{self, ApiError},
    browser, forms,
    state::{checking, typed::ImportFields},
    t, tn,
};

/// The service's answer on its way.
type Asking = Pin<Box<dyn Future<Output = Result<ImportResult, ApiError>>>>;

/// A file of accounts that is read: for an order, or for a request that has no order yet.
#[derive(Clone, Copy)]
pub(crate) struct Importing {
    pub(crate) fields: ImportFields,
    pub(crate) busy: RwSignal<bool>,
    /// A file may be chosen now.
    pub(super) open: Signal<bool>,
    /// True if there is an order that the rows are added to.
    pub(super) has_order: bool,
    /// Asks the service what a file holds.
    ask: Callback<ImportRequest, Asking>,
}

impl Importing {
    /// A file whose content `ask` has read.
    pub(crate) fn new<F>(
        fields: ImportFields,
        open: Signal<bool>,
        ask: impl Fn(ImportRequest) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<ImportResult, ApiError>> + 'static,
    {
        let ask = Callback::new(move |request| Box::pin(ask(request)) as Asking);
        Self { fields, busy: RwSignal::new(false), open, has_order: false, ask }
    }

    /// A file for the order of a page.
    pub(super) fn of_order(page: Page) -> Self {
        let order = page.context.id;
        let ask = move |request| async move { api::import_accounts(order, &request).await };
        Self { has_order: true, ..Self::new(page.context.typed().import, page.open, ask) }
    }
}

/// What is in the fields; a preview is without the passwords typed beside the file.
pub(crate) fn request(fields: ImportFields, preview: bool) -> ImportRequest {
    let secret = |text| if preview { None } else { ImportFields::secret(text) };
    ImportRequest {
        file: Some(Secret::new(fields.bytes.get_untracked())),
        layout: fields.layout.get_untracked(),
        preview,
        source_password: secret(fields.source_password),
        destination_password: secret(fields.destination_password),
        corrections: fields.corrections.get_untracked(),
        only_rows: fields.only_rows.get_untracked(),
        source_by_admin: !preview && fields.source_by_admin.get_untracked(),
        destination_by_admin: !preview && fields.destination_by_admin.get_untracked(),
        source_certificate_host: host(fields.source_certificate),
        destination_certificate_host: host(fields.destination_certificate),
        ..ImportRequest::default()
    }
}

/// The name of a server, if one was typed that can be one.
fn host(text: RwSignal<String>) -> Option<HostName> {
    text.with_untracked(|text| text.trim().parse().ok())
}

/// Shows what the file holds whose `bytes` are in Base64.
pub(super) fn read(importing: Importing, bytes: String, name: Option<String>) {
    let fields = importing.fields;
    fields.clear();
    fields.file_name.set(name);
    fields.bytes.set(bytes);
    look(importing);
}

/// Asks the service what the content holds.
pub(super) fn look(importing: Importing) {
    let Importing { fields, busy, ask, .. } = importing;
    if fields.bytes.with_untracked(String::is_empty) {
        return;
    }
    busy.set(true);
    fields.error.set(None);
    let asking = ask.run(request(fields, true));
    spawn_local(async move {
        let result = asking.await;
        busy.try_set(false);
        match result {
            Ok(preview) => fields.preview.try_set(Some(preview)).map_or((), drop),
            Err(error) => {
                fields.preview.try_set(None);
                fields.error.try_set(Some(error.field("/file").unwrap_or_else(|| error.text())));
            }
        }
    });
}

/// Reads a file in the browser; its content never touches the disk or the browser's storage.
pub(super) fn read_file(importing: Importing, file: web_sys::File) {
    let Importing { fields, busy, .. } = importing;
    fields.clear();
    #[expect(clippy::cast_precision_loss, reason = "the limit is far below 2^53")]
    if file.size() > forms::MAX_FILE_BYTES as f64 {
        fields.error.set(Some(t!("import.file_too_large").to_owned()));
        return;
    }
    busy.set(true);
    spawn_local(async move {
        let bytes = match browser::file_bytes(&file).await {
            Some(bytes) => forms::account_file(&bytes),
            None => Err(t!("import.file_unreadable")),
        };
        busy.try_set(false);
        match bytes {
            Ok(bytes) => read(importing, bytes, Some(file.name())),
            Err(error) => {
                fields.error.try_set(Some(error.to_owned()));
            }
        }
    });
}

/// Adds the good rows and checks them.
pub(super) fn add(page: Page, importing: Importing) {
    let Importing { fields, busy, ask, .. } = importing;
    let is_odd = |text: RwSignal<String>| !text.with_untracked(|text| text.trim().is_empty()) && host(text).is_none();
    if is_odd(fields.source_certificate) || is_odd(fields.destination_certificate) {
        fields.error.set(Some(t!("server.host_invalid").to_owned()));
        return;
    }
    busy.set(true);
    fields.error.set(None);
    let asking = ask.run(request(fields, false));
    spawn_local(async move {
        let result = asking.await;
        busy.try_set(false);
        match result {
            Ok(mut result) => {
                let ids: Vec<_> = result.rows.iter().filter_map(|row| row.pair_id).collect();
                let left_out = u64::try_from(result.errors.len()).unwrap_or_default();
                let added = tn!("import.added", u64::try_from(ids.len()).unwrap_or_default());
                if left_out > 0 {
                    // The file stays: what was bad can be put right, and nothing else of it is added again.
                    fields.only_rows.set(result.errors.iter().map(|error| error.row).collect());
                    result.rows.clear();
                    fields.preview.set(Some(result));
                    fields.added.set(true);
                } else {
                    fields.clear();
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
