//! What forms share that make an item of a list or change one.

use leptos::prelude::*;

use super::list::Listed;
use crate::t;

/// Which item a form's dialog is open for.
#[derive(Clone)]
pub(super) struct Editing<T: Clone + Send + Sync + 'static> {
    pub(super) open: RwSignal<bool>,
    /// The one that is changed; none: a new one.
    item: RwSignal<Option<T>>,
}

impl<T: Clone + Send + Sync + 'static> Copy for Editing<T> {}

impl<T: Clone + Send + Sync + 'static> Editing<T> {
    /// Closed.
    pub(super) fn new() -> Self {
        Self { open: RwSignal::new(false), item: RwSignal::new(None) }
    }

    /// Opens the dialog, for `item` or for a new one.
    pub(super) fn begin(self, item: Option<T>) {
        self.item.set(item);
        self.open.set(true);
    }

    /// Closes it once the item is saved; the list is read again.
    pub(super) fn saved(self, listed: Listed<T>) {
        self.open.set(false);
        listed.again();
    }

    /// The item that is changed, when the form is sent.
    pub(super) fn item(self) -> Option<T> {
        self.item.get_untracked()
    }

    /// What `read` makes of the item that is changed; it is followed.
    pub(super) fn with<U>(self, read: impl FnOnce(Option<&T>) -> U) -> U {
        self.item.with(|item| read(item.as_ref()))
    }

    /// True for a new one; it is followed.
    pub(super) fn is_new(self) -> bool {
        self.with(|item| item.is_none())
    }

    /// What the dialog is called: `new` or `change`.
    pub(super) fn title(self, new: &'static str, change: &'static str) -> Signal<String> {
        Signal::derive(move || if self.is_new() { new } else { change }.to_owned())
    }

    /// What its button says: `new`, or that a change is saved.
    pub(super) fn submit(self, new: &'static str) -> Signal<&'static str> {
        Signal::derive(move || if self.is_new() { new } else { t!("action.save") })
    }
}
