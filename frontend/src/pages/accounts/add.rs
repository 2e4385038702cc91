//! Tab *Add account*.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::account::{AccountCreate, SideName};

use super::{
    Page,
    side_form::{self, SideForm},
};
use crate::{
    api::{self, ApiError},
    browser,
    components::{Glyph, busy_icon, failed},
    pages::parts,
    state::{checking, providers::KnownProviders},
    t,
};

/// The form for one more pair.
#[component]
pub(super) fn AddAccount() -> impl IntoView {
    let page = expect_context::<Page>();
    let known = KnownProviders::get();
    let (source, destination) = (page.context.typed().add_source, page.context.typed().add_destination);
    for (side, fields) in [(SideName::Source, source), (SideName::Destination, destination)] {
        side_form::offer(page.context, known, side, fields);
    }
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    let on_submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let tokens = side_form::tokens_of_both(page.context, known);
        let inputs = (side_form::read(source, tokens.0, |_| false), side_form::read(destination, tokens.1, |_| false));
        let (Some(source_input), Some(destination_input)) = inputs else { return browser::focus_first_error() };
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            let account = AccountCreate { ticked: true, source: source_input, destination: destination_input };
            let created = api::create_account(page.context.id, &account).await;
            busy.try_set(false);
            match created {
                Ok(pair) => {
                    source.clear();
                    destination.clear();
                    let message = t!("accounts.added", account = parts::mailbox(&pair.source));
                    let id = pair.id;
                    page.context.put_pair(pair);
                    page.done(message);
                    checking::check(page.context, vec![id]);
                }
                Err(error) => side_form::refuse(source, destination, error, failure),
            }
        });
    };
    view! {
        <form class="stack" on:submit=on_submit novalidate aria-labelledby="add-title">
            <div class="page-head">
                <h2 id="add-title">{t!("accounts.add_title")}</h2>
                <p class="soft">{t!("accounts.add_text")}</p>
            </div>
            <div class="two">
                <SideForm id="add-source" side=SideName::Source fields=source />
                <SideForm id="add-destination" side=SideName::Destination fields=destination />
            </div>
            {failed(failure)}
            <div class="form-foot">
                <button
                    type="submit"
                    class="button button-primary"
                    class:is-busy=move || busy.get()
                    disabled=move || !page.open.get()
                >
                    {busy_icon(busy, Glyph::Plus)}
                    {t!("accounts.add")}
                </button>
            </div>
        </form>
    }
}
