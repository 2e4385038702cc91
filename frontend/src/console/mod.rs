//! The console of resellers and operators: sign-in, and behind it one module per noun.

mod chips;
mod deliveries;
mod editing;
mod ending;
mod filter;
mod frame;
mod keys;
mod language_field;
mod link_brand;
mod link_form;
mod links;
mod list;
mod list_head;
mod member_form;
mod members;
mod migration;
mod migration_row;
mod migrations;
mod new;
mod order_links;
mod order_state;
mod password;
mod payments;
mod profile;
mod reference;
mod request;
mod request_answers;
mod request_facts;
mod requests;
mod sending;
mod session;
mod tenants;
mod voucher_batch;
mod voucher_form;
mod voucher_made;
mod vouchers;
mod webhook_form;
mod webhook_health;
mod webhooks;

use leptos::prelude::*;
use mailferry_shared::{key::Scope, member::Principal};

use self::{frame::Frame, session::Session};
pub(crate) use self::{migration::Migration, order_state::state_view as order_state_view};
use crate::{route::Console as Place, state::router::Router};

/// The console: migrations, requests and vouchers, for whoever is signed in.
#[component]
pub(crate) fn Console() -> impl IntoView {
    let session = Session::provide();
    view! { <Frame session=session parts=part /> }
}

/// What of the console sets things up.
#[component]
pub(crate) fn Administration() -> impl IntoView {
    let session = Session::provide();
    let router = Router::get();
    let by_link = Memo::new(move |_| router.place() == crate::route::Place::Console(Place::Password));
    move || {
        if by_link.get() {
            // Whoever is signed in: a link is for whom it was sent to.
            view! { <password::Password session=session /> }.into_any()
        } else {
            view! { <Frame session=session parts=setup_part /> }.into_any()
        }
    }
}

fn part(place: Place) -> AnyView {
    match place {
        Place::Migrations => view! { <migrations::Migrations /> }.into_any(),
        Place::New => view! { <new::New /> }.into_any(),
        Place::Vouchers => view! { <vouchers::Vouchers /> }.into_any(),
        Place::Requests => view! { <requests::Requests /> }.into_any(),
        Place::Request(id) => view! { <request::Request id=id /> }.into_any(),
        // Of another module: the browser is on its way there.
        _ => ().into_any(),
    }
}

fn setup_part(place: Place) -> AnyView {
    match place {
        Place::Links => view! { <links::Links /> }.into_any(),
        Place::Webhooks => view! { <webhooks::Webhooks /> }.into_any(),
        Place::Members => view! { <members::Members /> }.into_any(),
        Place::Keys => view! { <keys::Keys /> }.into_any(),
        Place::Tenants => view! { <tenants::Tenants /> }.into_any(),
        Place::Profile => view! { <profile::Profile /> }.into_any(),
        _ => ().into_any(),
    }
}

/// True if `principal` may do what `scope` says.
fn may(principal: &Principal, scope: Scope) -> bool {
    principal.scopes.iter().any(|held| *held == scope || *held == scope.includer())
}
