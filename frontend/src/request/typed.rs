//! What is typed into the form. It outlives the views, which are made anew in another language; passwords are here only
//! while the form is open, never in the browser's storage.

use std::cell::Cell;

use leptos::prelude::*;

use crate::{
    browser::intl,
    components::PickedProvider,
    pages::Importing,
    state::{order::OpenOrder, typed::ImportFields},
    wish,
};

use super::{files::Chosen, rows::Row};

/// The form as it is typed, for the life of the page.
pub(super) type Typed = &'static Fields;

/// Everything in the form.
pub(super) struct Fields {
    /// Accounts that are typed one by one.
    pub(super) rows: RwSignal<Vec<Row>>,
    pub(super) importing: Importing,
    pub(super) import_error: RwSignal<Option<String>>,
    pub(super) source: PickedProvider,
    pub(super) destination: PickedProvider,
    /// The wished start, as the field of the browser writes it.
    pub(super) at: RwSignal<String>,
    pub(super) contact: RwSignal<String>,
    pub(super) contact_error: RwSignal<Option<String>>,
    pub(super) note: RwSignal<String>,
    pub(super) files: RwSignal<Vec<Chosen>>,
    pub(super) files_error: RwSignal<Option<String>>,
    pub(super) terms: RwSignal<bool>,
    pub(super) privacy: RwSignal<bool>,
    /// True once it was tried to send it: then what is missing is named.
    pub(super) asked: RwSignal<bool>,
}

thread_local! {
    static TYPED: Cell<Option<Typed>> = const { Cell::new(None) };
}

impl Fields {
    /// What was typed so far.
    pub(super) fn get() -> Typed {
        let typed = TYPED.get().unwrap_or_else(|| Box::leak(Box::new(OpenOrder::get().beside(Self::new))));
        TYPED.set(Some(typed));
        typed
    }

    fn new() -> Self {
        let preview = |request| async move { crate::api::preview_import(&request).await };
        let evening = wish::proposed(intl::with_offset(intl::now()));
        Self {
            rows: RwSignal::new(vec![Row::empty(0)]),
            importing: Importing::new(ImportFields::empty(), Signal::derive(|| true), preview),
            import_error: RwSignal::new(None),
            source: PickedProvider::none(),
            destination: PickedProvider::none(),
            at: RwSignal::new(intl::local_value(evening.to_utc())),
            contact: RwSignal::default(),
            contact_error: RwSignal::new(None),
            note: RwSignal::default(),
            files: RwSignal::default(),
            files_error: RwSignal::new(None),
            terms: RwSignal::new(false),
            privacy: RwSignal::new(false),
            asked: RwSignal::new(false),
        }
    }

    /// Forgets it all: it was sent.
    pub(super) fn clear(&self) {
        self.rows.set(vec![Row::empty(0)]);
        self.importing.fields.clear();
        self.files.set(Vec::new());
        self.note.set(String::new());
        self.asked.set(false);
        self.terms.set(false);
        self.privacy.set(false);
    }
}
