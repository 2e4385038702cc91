//! What a reseller calls a migration: a customer's number, an invoice.

use leptos::prelude::*;
use mailferry_shared::{ids::OrderId, key::Scope, member::Principal, order::OrderChange};

use super::{
    may,
    sending::{FormDialog, Sending},
};
use crate::{
    api,
    components::{Glyph, TextField, icon},
    t,
};

/// The button that changes it, with its dialog; nothing for whoever may not.
#[component]
pub(super) fn Reference(
    id: OrderId,
    reference: Option<String>,
    /// Gets the new one.
    #[prop(into)]
    done: Callback<Option<String>>,
) -> impl IntoView {
    let open = RwSignal::new(false);
    let typed = RwSignal::new(String::new());
    let sending = Sending::new();
    let begin = move |_| {
        typed.set(reference.clone().unwrap_or_default());
        open.set(true);
    };
    let submit = move |()| {
        let reference = typed.with_untracked(|text| text.trim().to_owned());
        let change = OrderChange { reference: Some(reference.clone()), ..OrderChange::default() };
        sending.send(async move { api::change_order(id, &change).await }, move |_| {
            open.set(false);
            done.run(Some(reference).filter(|reference| !reference.is_empty()));
        });
    };
    may(&expect_context::<Principal>(), Scope::OrdersWrite).then(|| {
        view! {
            <button type="button" class="button button-small" on:click=begin>
                {icon(Glyph::Pencil)}
                {t!("console.reference_change")}
            </button>
            <FormDialog
                id="reference"
                title=t!("console.reference_change")
                open=open
                sending=sending
                submit=t!("action.save")
                on_submit=submit
            >
                <TextField
                    id="reference-text"
                    label=t!("console.reference")
                    hint=t!("console.reference_hint")
                    value=typed
                    maxlength=100
                    is_optional=true
                    error=sending.field("/reference")
                />
            </FormDialog>
        }
    })
}
