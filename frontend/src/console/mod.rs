//! The console of resellers and operators: sign-in, and behind it one module per noun.

mod deliveries;
mod ending;
mod keys;
mod link_brand;
mod link_form;
mod links;
mod list;
mod members;
mod migrations;
mod new;
mod password;
mod profile;
mod request;
mod request_answers;
mod requests;
mod sending;
mod session;
mod tenants;
mod vouchers;
mod webhooks;

use leptos::prelude::*;
use mailferry_shared::{key::Scope, member::Principal};

use self::session::{Session, SignIn};
use crate::{
    components::{Failure, Glyph, Skeleton, icon},
    route::Console as Place,
    state::{Load, router::Router},
    t,
};

/// The console: the form to sign in until somebody is, then what the address names.
#[component]
pub(crate) fn Console() -> impl IntoView {
    let session = Session::provide();
    let router = Router::get();
    let by_link = Memo::new(move |_| router.place() == crate::route::Place::Console(Place::Password));
    view! {
        // Whoever is signed in: a link is for whom it was sent to.
        <Show when=move || by_link.get()>
            <password::Password session=session />
        </Show>
        {move || match session.principal() {
            _ if by_link.get() => ().into_any(),
            Load::Loading => view! { <main class="page" id="main" tabindex="-1"><Skeleton /></main> }.into_any(),
            Load::Failed(error) if error.is_locked_out() => view! { <SignIn session=session /> }.into_any(),
            Load::Failed(error) => {
                let retry = Callback::new(move |()| session.load());
                view! { <main class="page" id="main" tabindex="-1"><Failure error=error retry=retry /></main> }.into_any()
            }
            Load::Ready(principal) => view! { <Opened principal=principal session=session /> }.into_any(),
        }}
    }
}

/// The parts of the console, each with its name and what one must be allowed to see it.
fn parts() -> [(Place, Glyph, &'static str, Option<Scope>); 10] {
    [
        (Place::Migrations, Glyph::List, t!("console.migrations"), Some(Scope::OrdersRead)),
        (Place::New, Glyph::Plus, t!("console.new"), Some(Scope::OrdersWrite)),
        (Place::Requests, Glyph::Inbox, t!("console.requests"), Some(Scope::OrdersRead)),
        (Place::Vouchers, Glyph::Ticket, t!("console.vouchers"), Some(Scope::VouchersRead)),
        (Place::Links, Glyph::Copy, t!("console.links"), Some(Scope::LinksRead)),
        (Place::Webhooks, Glyph::Refresh, t!("console.webhooks"), Some(Scope::WebhooksRead)),
        (Place::Members, Glyph::Users, t!("console.members"), Some(Scope::MembersRead)),
        (Place::Keys, Glyph::Lock, t!("console.keys"), Some(Scope::KeysRead)),
        (Place::Tenants, Glyph::Globe, t!("console.tenants"), Some(Scope::TenantsRead)),
        (Place::Profile, Glyph::Pencil, t!("console.profile"), None),
    ]
}

/// True if `principal` may do what `scope` says.
fn may(principal: &Principal, scope: Scope) -> bool {
    principal.scopes.iter().any(|held| *held == scope || *held == scope.includer())
}

#[component]
fn Opened(principal: Principal, session: Session) -> impl IntoView {
    provide_context(principal.clone());
    let router = Router::get();
    let place = Memo::new(move |_| match router.place() {
        crate::route::Place::Console(place) => place,
        _ => Place::Migrations,
    });
    let links = parts()
        .into_iter()
        .filter(|(.., scope)| scope.is_none_or(|scope| may(&principal, scope)))
        .map(|(part, glyph, name, _)| {
            view! {
                <li>
                    <a
                        class="side-link"
                        href=part.path()
                        aria-current=move || (place.get().part() == part).then_some("page")
                    >
                        {icon(glyph)}
                        <span>{name}</span>
                    </a>
                </li>
            }
        })
        .collect_view();
    let name = principal.member.as_ref().map(|member| member.name.clone()).unwrap_or_default();
    view! {
        <div class="console">
            <nav class="side" aria-label=t!("console.parts")>
                <p class="side-tenant" data-data="">
                    <strong>{principal.tenant_name.clone()}</strong>
                    <span class="small soft">{name}</span>
                </p>
                <ul role="list" class="side-links">
                    {links}
                </ul>
                <button type="button" class="button button-quiet button-small side-out" on:click=move |_| session.sign_out()>
                    {icon(Glyph::ArrowLeft)}
                    {t!("console.sign_out")}
                </button>
            </nav>
            <main class="page" id="main" tabindex="-1">
                {move || match place.get() {
                    Place::Migrations => view! { <migrations::Migrations /> }.into_any(),
                    Place::New => view! { <new::New /> }.into_any(),
                    Place::Vouchers => view! { <vouchers::Vouchers /> }.into_any(),
                    Place::Members => view! { <members::Members /> }.into_any(),
                    Place::Keys => view! { <keys::Keys /> }.into_any(),
                    Place::Tenants => view! { <tenants::Tenants /> }.into_any(),
                    // Shown instead of all this, see above.
                    Place::Password => ().into_any(),
                    Place::Profile => view! { <profile::Profile /> }.into_any(),
                    Place::Links => view! { <links::Links /> }.into_any(),
                    Place::Webhooks => view! { <webhooks::Webhooks /> }.into_any(),
                    Place::Requests => view! { <requests::Requests /> }.into_any(),
                    Place::Request(id) => view! { <request::Request id=id /> }.into_any(),
                }}
            </main>
        </div>
    }
}
