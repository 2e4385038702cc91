//! The file of accounts.

use leptos::prelude::*;
use mailferry_shared::{
    import::{ImportResult, Layout, RowCorrection},
    secret::Secret,
};

/// A file that was chosen, what the service found in it, and what its rows lack.
#[derive(Clone, Copy)]
pub(crate) struct ImportFields {
    pub(crate) file_name: RwSignal<Option<String>>,
    /// The file's bytes, or the lines that were pasted, in Base64.
    pub(crate) bytes: RwSignal<String>,
    pub(crate) layout: RwSignal<Option<Layout>>,
    pub(crate) preview: RwSignal<Option<ImportResult>>,
    /// True once the good rows have been added; `preview` then holds those left out.
    pub(crate) added: RwSignal<bool>,
    /// The lines that are left to be added, once the others have been; empty: all.
    pub(crate) only_rows: RwSignal<Vec<u32>>,
    /// Bad rows that were put right.
    pub(crate) corrections: RwSignal<Vec<RowCorrection>>,
    pub(crate) source_password: RwSignal<String>,
    pub(crate) destination_password: RwSignal<String>,
    /// Rows without a password are opened by the order's admin credentials.
    pub(crate) source_by_admin: RwSignal<bool>,
    pub(crate) destination_by_admin: RwSignal<bool>,
    /// What certificates must name, for rows that name a server by its IP address.
    pub(crate) source_certificate: RwSignal<String>,
    pub(crate) destination_certificate: RwSignal<String>,
    pub(crate) error: RwSignal<Option<String>>,
}

impl ImportFields {
    pub(crate) fn empty() -> Self {
        Self {
            file_name: RwSignal::new(None),
            bytes: RwSignal::default(),
            layout: RwSignal::new(None),
            preview: RwSignal::new(None),
            added: RwSignal::new(false),
            only_rows: RwSignal::default(),
            corrections: RwSignal::default(),
            source_password: RwSignal::default(),
            destination_password: RwSignal::default(),
            source_by_admin: RwSignal::default(),
            destination_by_admin: RwSignal::default(),
            source_certificate: RwSignal::default(),
            destination_certificate: RwSignal::default(),
            error: RwSignal::new(None),
        }
    }

    /// Forgets the file and the passwords.
    pub(crate) fn clear(self) {
        self.file_name.set(None);
        self.preview.set(None);
        self.corrections.set(Vec::new());
        self.added.set(false);
        self.only_rows.set(Vec::new());
        self.error.set(None);
        self.source_by_admin.set(false);
        self.destination_by_admin.set(false);
        let typed = [self.source_password, self.destination_password, self.source_certificate];
        for text in typed.into_iter().chain([self.bytes, self.destination_certificate]) {
            text.set(String::new());
        }
    }

    /// A typed password, if any.
    pub(crate) fn secret(text: RwSignal<String>) -> Option<Secret> {
        text.with_untracked(|text| (!text.is_empty()).then(|| Secret::new(text.clone())))
    }
}
