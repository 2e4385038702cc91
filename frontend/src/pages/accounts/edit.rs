//! The dialogs that change and delete a pair.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::account::{AccountChange, AccountPair, Side, SideInput, SideName};

use super::{
    Page,
    side_form::{self, SideForm},
};
use crate::{
    api::{self, ApiError},
    browser,
    components::{Dialog, DialogSize, Glyph, busy_icon, failed, icon},
    pages::parts,
    state::{Load, checking, providers::KnownProviders, typed::SideFields},
    t,
};

/// Fields that show a side as it is; its password stays at the service.
fn fields_of(side: &Side) -> SideFields {
    let fields = SideFields::empty();
    fields.user.set(side.user.clone());
    fields.act_for.set(side.act_for.clone().unwrap_or_default());
    fields.own_server.set(side.endpoint.is_some());
    fields.by_admin.set(side.by_admin);
    fields.grant.kind.set(side.credential);
    fields.delegation.show(side.delegation.as_ref());
    if let Some(endpoint) = &side.endpoint {
        fields.server.host.set(endpoint.host.to_string());
        fields.server.port.set(endpoint.port.to_string());
        fields.server.tls.set(endpoint.tls);
    }
    fields
}

/// The service keeps a password only while user and server stay the same.
fn keeps_password(side: &Side, input: &SideInput) -> bool {
    side.has_password
        && side.user == input.user
        && side.endpoint == input.endpoint
        && side.credential == input.credential
}

/// True for what is to be copied and cannot, for want of a password.
fn lacks_password(pair: &AccountPair) -> bool {
    pair.ticked && ![&pair.source, &pair.destination].into_iter().all(|side| side.has_password)
}

/// The dialog that changes `pair`; of what has been started, only the passwords.
#[component]
pub(super) fn EditDialog(
    pair: RwSignal<Option<AccountPair>>,
    /// The side whose password is to be entered again: there one begins.
    again: RwSignal<Option<SideName>>,
) -> impl IntoView {
    let page = expect_context::<Page>();
    let open = RwSignal::new(false);
    let title = Signal::derive(move || {
        if page.open.get() {
            return t!("accounts.edit_title").to_owned();
        }
        let pairs = page.context.pairs();
        let left = pairs.iter().filter(|pair| lacks_password(pair)).count();
        // One account follows the other.
        match pairs.iter().filter(|pair| pair.ticked).count() {
            all if left > 0 && all > 1 => t!("accounts.passwords_at", at = all + 1 - left, count = all),
            _ => t!("accounts.passwords_title").to_owned(),
        }
    });
    Effect::new(move || {
        open.set(pair.with(Option::is_some));
        let side = again.try_update_untracked(Option::take).flatten();
        if let (true, Some(side)) = (open.get_untracked(), side) {
            let field = if side == SideName::Source { "edit-source-password" } else { "edit-destination-password" };
            // Once the dialog is shown and has taken the focus.
            request_animation_frame(move || request_animation_frame(move || browser::focus(field)));
        }
    });
    Effect::new(move || {
        if !open.get() && pair.with_untracked(Option::is_some) {
            pair.set(None);
        }
    });
    view! {
        <Dialog id="edit" title=title open=open>
            {move || pair.get().map(|now| view! { <EditForm pair=now open=open shown=pair /> })}
        </Dialog>
    }
}

#[component]
fn EditForm(
    pair: AccountPair,
    open: RwSignal<bool>,
    /// What the dialog shows.
    shown: RwSignal<Option<AccountPair>>,
) -> impl IntoView {
    let page = expect_context::<Page>();
    let (source, destination) = (fields_of(&pair.source), fields_of(&pair.destination));
    let kept = (pair.source.has_password, pair.destination.has_password);
    let locked = !page.open.get_untracked();
    let known = KnownProviders::get();
    let tokens = side_form::tokens_of_both(page.context, known);
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    let on_submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let inputs = (
            side_form::read(source, tokens.0, |input| keeps_password(&pair.source, input)),
            side_form::read(destination, tokens.1, |input| keeps_password(&pair.destination, input)),
        );
        let (Some(source_input), Some(destination_input)) = inputs else { return browser::focus_first_error() };
        // Of what has been started, a side without a new password stays as it is.
        let told = move |input: &SideInput| !locked || input.password.is_some() || input.oauth.is_some();
        let id = pair.id;
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            let change = AccountChange {
                ticked: None,
                source: Some(source_input).filter(told),
                destination: Some(destination_input).filter(told),
            };
            let changed = api::change_account(page.context.id, id, &change).await;
            busy.try_set(false);
            match changed {
                Ok(pair) => {
                    page.context.put_pair(pair);
                    checking::check(page.context, vec![id]);
                    // Where passwords were forgotten, one account after the other gets them again.
                    match untrack(|| page.context.pairs()).into_iter().find(|pair| locked && lacks_password(pair)) {
                        Some(next) => shown.try_set(Some(next)).map_or((), drop),
                        None => {
                            open.try_set(false);
                            page.done(t!("accounts.saved").to_owned());
                        }
                    }
                }
                Err(error) => side_form::refuse(source, destination, error, failure),
            }
        });
    };
    view! {
        <form class="stack" on:submit=on_submit novalidate aria-labelledby="edit-title">
            <div class="two">
                <SideForm id="edit-source" side=SideName::Source fields=source kept=kept.0 locked=locked />
                <SideForm id="edit-destination" side=SideName::Destination fields=destination kept=kept.1 locked=locked />
            </div>
            {failed(failure)}
            <div class="dialog-actions">
                <button type="button" class="button" on:click=move |_| open.set(false)>
                    {t!("action.cancel")}
                </button>
                <button type="submit" class="button button-primary" class:is-busy=move || busy.get()>
                    {busy_icon(busy, Glyph::Check)}
                    {t!("accounts.save")}
                </button>
            </div>
        </form>
    }
}

/// The dialog that deletes `pair`.
#[component]
pub(super) fn DeleteDialog(pair: RwSignal<Option<AccountPair>>) -> impl IntoView {
    let page = expect_context::<Page>();
    let open = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    Effect::new(move || open.set(pair.with(Option::is_some)));
    Effect::new(move || {
        if !open.get() && pair.with_untracked(Option::is_some) {
            pair.set(None);
            failure.set(None);
        }
    });
    let delete = move |_| {
        let Some(id) = pair.with_untracked(|pair| pair.as_ref().map(|pair| pair.id)) else { return };
        spawn_local(async move {
            match api::delete_account(page.context.id, id).await {
                Ok(()) => {
                    page.context.accounts.try_update(|accounts| {
                        if let Load::Ready(pairs) = accounts {
                            pairs.retain(|pair| pair.id != id);
                        }
                    });
                    open.try_set(false);
                    page.done(t!("accounts.deleted").to_owned());
                    page.context.refresh();
                }
                Err(error) => {
                    failure.try_set(Some(error));
                }
            }
        });
    };
    let named = move |pair: &AccountPair| t!("accounts.delete_title", account = parts::mailbox(&pair.source));
    let title = Signal::derive(move || pair.with(|pair| pair.as_ref().map(named).unwrap_or_default()));
    let text = move || {
        pair.get().map(|pair| {
            t!(
                "accounts.delete_text",
                source = parts::mailbox(&pair.source),
                destination = parts::mailbox(&pair.destination)
            )
        })
    };
    view! {
        <Dialog
            id="delete-pair"
            title=title
            open=open
            size=DialogSize::Small
        >
            <p>{text}</p>
            {failed(failure)}
            <div class="dialog-actions">
                <button type="button" class="button" on:click=move |_| open.set(false)>
                    {t!("action.cancel")}
                </button>
                <button type="button" class="button button-danger" on:click=delete>
                    {icon(Glyph::Trash)}
                    {t!("accounts.delete_confirm")}
                </button>
            </div>
        </Dialog>
    }
}
