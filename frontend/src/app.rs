//! The frame of the page and its routes.

use leptos::prelude::*;
use mailferry_shared::API_PREFIX;

use crate::{
    browser,
    components::{self, Glyph, LanguageMenu, Skeleton, brand_mark, icon},
    console,
    legal::Document,
    pages, request,
    route::{Console, Module, Place, Step},
    state::{
        announce::Announcer,
        connection::{self, Connection},
        language::{self, PageLanguage},
        offer::Offer,
        order::OpenOrder,
        providers::KnownProviders,
        router::Router,
        service::Service,
        theme::Theme,
    },
    styleguide::StyleGuide,
    t,
};

/// Starts the start page.
pub fn start_start() {
    start(Module::Start, |place| match place {
        Place::Start => view! { <pages::Introduction /> }.into_any(),
        Place::Legal(document) => view! { <pages::Legal document=document /> }.into_any(),
        place => elsewhere(place),
    });
}

/// Starts the wizard.
pub fn start_wizard() {
    start(Module::Wizard, |place| match place {
        Place::Order(id, _) => view! { <pages::OrderFrame id=id steps=wizard_step /> }.into_any(),
        place => elsewhere(place),
    });
}

fn wizard_step(step: Option<Step>) -> AnyView {
    match step {
        Some(Step::Introduction) => view! { <pages::IntroductionAgain /> }.into_any(),
        Some(Step::Providers) => view! { <pages::Providers /> }.into_any(),
        Some(Step::Accounts) => view! { <pages::Accounts /> }.into_any(),
        Some(Step::Confirm) => view! { <pages::Confirm /> }.into_any(),
        // Of another module: the browser is on its way there.
        Some(Step::Status) | None => view! { <Skeleton /> }.into_any(),
    }
}

/// Starts what asks the operator to do it.
pub fn start_request() {
    start(Module::Request, |place| match place {
        Place::Ask => view! { <request::Ask /> }.into_any(),
        Place::Asked(id) => view! { <request::Asked id=id /> }.into_any(),
        place => elsewhere(place),
    });
}

/// Starts the status page.
pub fn start_status() {
    start(Module::Status, |place| match place {
        Place::Order(id, _) => view! { <pages::OrderFrame id=id steps=status_step /> }.into_any(),
        Place::Console(_) => view! { <console::Migration steps=status_step /> }.into_any(),
        place => elsewhere(place),
    });
}

fn status_step(step: Option<Step>) -> AnyView {
    match step {
        Some(Step::Status) => view! { <pages::Status /> }.into_any(),
        None => view! { <pages::Resume /> }.into_any(),
        Some(_) => view! { <Skeleton /> }.into_any(),
    }
}

/// Starts the console.
pub fn start_console() {
    start(Module::Console, |place| match place {
        Place::Console(_) => view! { <console::Console /> }.into_any(),
        place => elsewhere(place),
    });
}

/// Starts what of the console sets things up.
pub fn start_administration() {
    start(Module::Administration, |place| match place {
        Place::Console(_) => view! { <console::Administration /> }.into_any(),
        place => elsewhere(place),
    });
}

/// Starts the style guide.
pub fn start_styleguide() {
    start(Module::StyleGuide, |place| match place {
        Place::StyleGuide => view! { <StyleGuide /> }.into_any(),
        place => elsewhere(place),
    });
}

fn elsewhere(place: Place) -> AnyView {
    match place {
        Place::NoOrder => {
            view! { <main class="page" id="main" tabindex="-1"><pages::Locked by_link=false /></main> }.into_any()
        }
        _ => view! { <pages::NotFound /> }.into_any(),
    }
}

/// What a module shows at a place.
type Pages = fn(Place) -> AnyView;

/// Puts a module in the place of the shell.
fn start(module: Module, pages: Pages) {
    console_error_panic_hook::set_once();
    language::begin();
    if browser::came_from_within() {
        components::focus_the_first();
    }
    // A newer link pasted into the same tab changes the fragment alone: open it anew.
    window_event_listener(leptos::ev::hashchange, |_| {
        let hash = window().location().hash().unwrap_or_default();
        if hash.contains("token=") {
            let _ = window().location().reload();
        }
    });
    let Some(root) = document().get_element_by_id("app") else { return };
    root.set_inner_html("");
    if let Ok(root) = wasm_bindgen::JsCast::dyn_into::<web_sys::HtmlElement>(root) {
        leptos::mount::mount_to(root, move || view! { <App module=module pages=pages /> }).forget();
    }
}

#[component]
fn App(module: Module, pages: Pages) -> impl IntoView {
    let connection = connection::provide();
    let announcer = Announcer::provide();
    let language = PageLanguage::provide();
    let router = Router::provide(module);
    Service::provide(connection);
    KnownProviders::provide(connection);
    let open_order = OpenOrder::provide();
    Offer::provide(language);
    Effect::new(move |before: Option<&str>| {
        let code = language.code();
        // The mails of somebody else's order stay as they are.
        if before.is_some_and(|before| before != code) && !untrack(|| router.is_in_console()) {
            open_order.set_language(language.of_orders());
        }
        code
    });
    view! {
        <div class="frame">
            {move || {
                // Views ask for their texts once: another language makes them anew.
                language.code();
                view! { <Frame connection=connection pages=pages /> }
            }}
            <div class="visually-hidden" role="status" aria-live="polite">
                {move || announcer.text()}
            </div>
        </div>
    }
}

#[component]
fn Frame(connection: Connection, pages: Pages) -> impl IntoView {
    let router = Router::get();
    // Going from step to step within an order keeps its frame, and from part to part the console's.
    let place = Memo::new(move |_| match router.place() {
        Place::Order(id, _) => Place::Order(id, None),
        Place::Console(_) => Place::Console(Console::Migrations),
        place => place,
    });
    view! {
        <a class="skip-link" href="#main" on:click=|event| skip(&event)>
            {t!("app.skip")}
        </a>
        <Header />
        <OfflineBar connection=connection />
        {move || pages(place.get())}
        <Footer />
    }
}

/// Moves the focus past header and step bar; the address keeps its place.
fn skip(event: &web_sys::MouseEvent) {
    event.prevent_default();
    browser::focus("main");
}

#[component]
fn Header() -> impl IntoView {
    let brand = Offer::get().brand;
    let name = Memo::new(move |_| {
        let own = brand.with(|brand| brand.as_ref().and_then(|brand| brand.name.clone()));
        own.unwrap_or_else(|| t!("app.name").to_owned())
    });
    let logo = Memo::new(move |_| brand.with(|brand| brand.as_ref().and_then(|brand| brand.logo.clone())));
    let theme = RwSignal::new(Theme::now());
    Theme::follow(theme);
    let toggle = move |_| {
        theme.update(|theme| *theme = theme.other());
        theme.get_untracked().apply();
    };
    let is_dark = move || theme.get() == Theme::Dark;
    view! {
        <header class="site-header">
            <div class="site-header-inner">
                <a class="brand" href="/" aria-label=move || t!("app.to_start", name = name.get())>
                    {move || match logo.get() {
                        Some(logo) => view! { <img class="brand-logo" src=logo alt="" /> }.into_any(),
                        None => brand_mark().into_any(),
                    }}
                    <span>{move || name.get()}</span>
                </a>
                <div class="site-tools">
                    <LanguageMenu />
                    <button
                        type="button"
                        class="button button-quiet button-icon"
                        aria-label=move || if is_dark() { t!("app.to_light") } else { t!("app.to_dark") }
                        on:click=toggle
                    >
                        {move || icon(if is_dark() { Glyph::Sun } else { Glyph::Moon })}
                    </button>
                </div>
            </div>
        </header>
    }
}

#[component]
fn OfflineBar(connection: Connection) -> impl IntoView {
    view! {
        <Show when=move || connection.offline.get()>
            <div class="notice notice-warning offline-bar" role="alert">
                {icon(Glyph::Warning)}
                <p class="notice-body">{t!("error.offline_bar")}</p>
                <button type="button" class="button button-small" on:click=move |_| connection.retry()>
                    {icon(Glyph::Refresh)}
                    {t!("action.retry")}
                </button>
            </div>
        </Show>
    }
}

#[component]
fn Footer() -> impl IntoView {
    view! {
        <footer class="site-footer">
            <div class="site-footer-inner">
                <p>{t!("app.footer_note")}</p>
                <div class="footer-links">
                    <pages::Help />
                    <a href=Document::Terms.path()>{t!("intro.terms_title")}</a>
                    <a href=Document::Privacy.path()>{t!("legal.privacy_title")}</a>
                    // Not a page of ours: the browser loads it.
                    <a href=docs_address() rel="external">
                        {t!("app.api_docs")}
                    </a>
                </div>
            </div>
        </footer>
    }
}

/// The page that renders the API's document: beside the versions.
fn docs_address() -> String {
    let base = API_PREFIX.rsplit_once('/').map_or(API_PREFIX, |(base, _)| base);
    format!("{base}/docs/")
}
