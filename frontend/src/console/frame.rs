//! The frame of the console: the form to sign in until somebody is, then its parts at the side and one of them shown.

use leptos::prelude::*;
use mailferry_shared::{key::Scope, member::Principal};

use super::{
    may,
    session::{Session, SignIn},
};
use crate::{
    components::{Glyph, PageFailure, Skeleton, icon},
    route::Console as Place,
    state::{Load, router::Router},
    t,
};

/// What is shown at a place of the console.
pub(super) type Parts = fn(Place) -> AnyView;

/// The frame, with what `parts` shows at the address.
#[component]
pub(super) fn Frame(session: Session, parts: Parts) -> impl IntoView {
    move || match session.principal() {
        Load::Loading => view! { <main class="page" id="main" tabindex="-1"><Skeleton /></main> }.into_any(),
        Load::Failed(error) if error.is_locked_out() => view! { <SignIn session=session /> }.into_any(),
        Load::Failed(error) => {
            let retry = Callback::new(move |()| session.load());
            view! { <main class="page" id="main" tabindex="-1"><PageFailure error=error retry=retry /></main> }
                .into_any()
        }
        Load::Ready(principal) => view! { <Opened principal=principal session=session parts=parts /> }.into_any(),
    }
}

/// The parts of the console, each with its name and what one must be allowed to see it.
fn all() -> [(Place, Glyph, &'static str, Option<Scope>); 10] {
    [
        (Place::Migrations, Glyph::List, t!("console.migrations"), Some(Scope::OrdersRead)),
        (Place::New, Glyph::Plus, t!("console.new"), Some(Scope::OrdersWrite)),
        (Place::Requests, Glyph::Inbox, t!("console.requests"), Some(Scope::OrdersRead)),
        (Place::Vouchers, Glyph::Ticket, t!("console.vouchers"), Some(Scope::VouchersRead)),
        (Place::Links, Glyph::Link, t!("console.links"), Some(Scope::LinksRead)),
        (Place::Webhooks, Glyph::Bolt, t!("console.webhooks"), Some(Scope::WebhooksRead)),
        (Place::Members, Glyph::Users, t!("console.members"), Some(Scope::MembersRead)),
        (Place::Keys, Glyph::Key, t!("console.keys"), Some(Scope::KeysRead)),
        (Place::Tenants, Glyph::House, t!("console.tenants"), Some(Scope::TenantsRead)),
        (Place::Profile, Glyph::User, t!("console.profile"), None),
    ]
}

#[component]
fn Opened(principal: Principal, session: Session, parts: Parts) -> impl IntoView {
    provide_context(principal.clone());
    let router = Router::get();
    let place = Memo::new(move |_| match router.place() {
        crate::route::Place::Console(place) => place,
        _ => Place::Migrations,
    });
    // Where there is no room beside, the parts are behind a button.
    let open = RwSignal::new(false);
    Effect::new(move || {
        place.track();
        open.set(false);
    });
    let links = all()
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
                <button
                    type="button"
                    class="button button-small side-toggle"
                    aria-expanded=move || open.get().to_string()
                    aria-controls="side-menu"
                    on:click=move |_| open.update(|open| *open = !*open)
                >
                    {t!("console.menu")}
                    <span class="chevron" class:is-open=move || open.get()>{icon(Glyph::Chevron)}</span>
                </button>
                <div class="side-menu" class:is-open=move || open.get() id="side-menu">
                    <ul role="list" class="side-links">
                        {links}
                    </ul>
                    <button
                        type="button"
                        class="button button-quiet button-small side-out"
                        on:click=move |_| session.sign_out()
                    >
                        {icon(Glyph::ArrowRight)}
                        {t!("console.sign_out")}
                    </button>
                </div>
            </nav>
            <main class="page" id="main" tabindex="-1">
                {move || parts(place.get())}
            </main>
        </div>
    }
}
