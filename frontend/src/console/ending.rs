//! What ends one item of a list for good: revoking or deleting it, after a question.

use std::{future::Future, pin::Pin};

use leptos::prelude::*;

use super::{
    list::Listed,
    sending::{Confirm, Sending},
};
use crate::{
    api::ApiError,
    components::{Glyph, icon},
    i18n, t,
};

/// The item that is asked about, in the context of its list's rows.
#[derive(Clone)]
pub(super) struct Ending<T: Clone + Send + Sync + 'static>(RwSignal<Option<T>>);

impl<T: Clone + Send + Sync + 'static> Copy for Ending<T> {}

/// Ending it is under way.
type Doing = Pin<Box<dyn Future<Output = Result<(), ApiError>>>>;

impl<T: Clone + Send + Sync + 'static> Ending<T> {
    /// Nothing is asked about; the rows find it in their context.
    pub(super) fn provide() -> Self {
        let ending = Self(RwSignal::new(None));
        provide_context(ending);
        ending
    }

    /// Asks about `item`.
    pub(super) fn ask(self, item: T) {
        self.0.set(Some(item));
    }

    /// The button of a row that asks whether to revoke it; `name` is what screen readers hear.
    pub(super) fn revoke_button(self, item: T, name: &str) -> impl IntoView + use<T> {
        view! {
            <button
                type="button"
                class="button button-small"
                aria-label=t!("console.revoke_what", name = name)
                on:click=move |_| self.ask(item.clone())
            >
                {icon(Glyph::Trash)}
                {t!("console.revoke")}
            </button>
        }
    }

    /// The same for deleting, as an icon alone.
    pub(super) fn delete_button(self, item: T, name: &str) -> impl IntoView + use<T> {
        view! {
            <button
                type="button"
                class="button button-quiet button-icon button-small"
                aria-label=t!("accounts.delete_what", account = name)
                title=t!("console.delete")
                on:click=move |_| self.ask(item.clone())
            >
                {icon(Glyph::Trash)}
            </button>
        }
    }
}

/// The question, and what happens on *yes*: the item is ended and the list read again.
#[component]
pub(super) fn EndDialog<T: Clone + Send + Sync + 'static>(
    id: &'static str,
    title: &'static str,
    /// What happens then, for the item.
    #[prop(into)]
    text: Callback<T, String>,
    confirm: &'static str,
    ending: Ending<T>,
    listed: Listed<T>,
    /// Ends the item.
    #[prop(into)]
    end: Callback<T, Doing>,
) -> impl IntoView {
    let sending = Sending::new();
    let on_confirm = move |item: T| {
        sending.send(end.run(item), move |()| {
            ending.0.set(None);
            listed.again();
        });
    };
    view! {
        <Confirm
            id=id
            title=title
            text=text
            confirm=confirm
            subject=ending.0
            sending=sending
            on_confirm=on_confirm
        />
    }
}

/// Boxes what [`EndDialog`] does.
pub(super) fn doing(work: impl Future<Output = Result<(), ApiError>> + 'static) -> Doing {
    Box::pin(work)
}

/// "3 / 10": account pairs spent of those a voucher is good for.
pub(super) fn spent(used: u32, of: u32) -> String {
    format!("{} / {}", i18n::number(u64::from(used)), i18n::number(u64::from(of)))
}
