//! Step 3: account pairs, by hand and by file, and their checks.

mod add;
mod admin;
mod bad_rows;
mod certificate;
mod correct;
mod credential;
mod edit;
mod file;
mod import;
mod overview;
mod preview;
mod row;
mod side_form;

pub(crate) use file::{Importing, request as file_request};
pub(crate) use import::AccountFile;

use leptos::prelude::*;
use mailferry_shared::order::{OrderAction, OrderState};

use super::parts;
use crate::{
    browser::{self, intl},
    components::{Glyph, Notice, PageHead, TabItem, TabPanel, Tabs, Tone, icon},
    format,
    route::Step,
    state::{announce::Announcer, offer::Pays, order::OrderContext, router::Router, service::Service},
    t, tn,
};

/// The tabs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tab {
    Overview,
    Add,
    Import,
}

impl Tab {
    /// The console leads straight to the file: `#import`.
    fn of_address() -> Self {
        let wanted = window().location().hash().is_ok_and(|hash| hash == "#import");
        if wanted { Self::Import } else { Self::Overview }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Add => "add",
            Self::Import => "import",
        }
    }
}

/// What the tabs share.
#[derive(Clone, Copy)]
struct Page {
    context: OrderContext,
    tab: RwSignal<Tab>,
    /// What was done last.
    message: RwSignal<Option<String>>,
    /// Changes are allowed.
    open: Signal<bool>,
    /// Passwords at least may be told anew: a run or a delta may need them.
    may_tell_passwords: Signal<bool>,
}

impl Page {
    /// Shows the overview and says what was done.
    fn done(self, message: String) {
        self.message.try_set(Some(message));
        self.go(Tab::Overview);
    }

    /// Shows a tab and moves the focus there: the button that was pressed may be gone.
    fn go(self, tab: Tab) {
        self.tab.try_set(tab);
        request_animation_frame(move || browser::focus(&format!("accounts-tab-{}", tab.key())));
    }
}

/// The step.
#[component]
pub(crate) fn Accounts() -> impl IntoView {
    let context = expect_context::<OrderContext>();
    let page = Page {
        context,
        tab: RwSignal::new(Tab::of_address()),
        message: RwSignal::new(None),
        open: Signal::derive(move || context.allows(OrderAction::Change)),
        may_tell_passwords: Signal::derive(move || {
            context.order.with(|order| {
                order.manage_url.is_some() && !matches!(order.state, OrderState::Closed | OrderState::Cancelled)
            })
        }),
    };
    provide_context(page);
    announce_end(context);
    // Who has none yet begins with one.
    Effect::new(move |known: Option<bool>| {
        let is_known = known.unwrap_or_default();
        let count = context.accounts.with(|accounts| accounts.ready().map(Vec::len));
        let may_add = page.open.get_untracked() && page.tab.get_untracked() == Tab::Overview;
        if !is_known && count == Some(0) && may_add {
            page.tab.set(Tab::Add);
        }
        is_known || count.is_some()
    });
    let service = Service::get();
    let pays = Memo::new(move |_| {
        context.order.with(|order| match &order.link {
            None => Pays::Buyer,
            Some(link) if link.prepaid_pairs.is_some() => Pays::Link,
            Some(_) => Pays::Elsewise,
        })
    });
    let count = Signal::derive(move || {
        context.accounts.with(|accounts| accounts.ready().map(|pairs| u64::try_from(pairs.len()).unwrap_or_default()))
    });
    let none = Signal::derive(|| None);
    let item = |value: Tab, label: &str, short, count| TabItem {
        value,
        key: value.key().to_owned(),
        label: label.to_owned(),
        short: Some(short),
        count,
    };
    let tabs = vec![
        item(Tab::Overview, t!("accounts.tab_overview"), t!("accounts.tab_overview_short"), count),
        item(Tab::Add, t!("accounts.tab_add"), t!("accounts.tab_add_short"), none),
        item(Tab::Import, t!("accounts.tab_import"), t!("accounts.tab_import_short"), none),
    ];
    view! {
        <PageHead title=t!("accounts.title") lead=t!("accounts.lead") />
        <p class="trust">{icon(Glyph::Lock)} <span>{t!("accounts.kept")}</span></p>
        <Show when=move || !page.open.get()>
            <Notice tone=Tone::Info>
                <p>
                    {move || {
                        if page.may_tell_passwords.get() { t!("accounts.locked_passwords") } else { t!("accounts.locked") }
                    }}
                </p>
            </Notice>
        </Show>
        <div>
            <Tabs
                id="accounts"
                label=t!("accounts.tabs")
                items=tabs
                selected=page.tab
                on_select=move |tab| page.tab.set(tab)
            />
            <TabPanel id="accounts" key="overview" shown=Signal::derive(move || page.tab.get() == Tab::Overview)>
                <overview::Overview />
            </TabPanel>
            <TabPanel id="accounts" key="add" shown=Signal::derive(move || page.tab.get() == Tab::Add)>
                <add::AddAccount />
            </TabPanel>
            <TabPanel id="accounts" key="import" shown=Signal::derive(move || page.tab.get() == Tab::Import)>
                <import::ImportAccounts />
            </TabPanel>
        </div>
        <Show when=move || page.may_tell_passwords.get()>
            <admin::Admins />
        </Show>
        {move || cost(page, service, pays.get()).map(|text| view! { <p class="small soft numbers">{text}</p> })}
        <Onward context=context />
    }
}

/// What the ticked accounts come to, for whoever pays at the price of the public page.
fn cost(page: Page, service: Service, pays: Pays) -> Option<String> {
    let pairs = page.context.pairs().iter().filter(|pair| pair.ticked).count();
    let count = u64::try_from(pairs).unwrap_or_default();
    let is_ahead = page.open.get() && count > 0 && pays == Pays::Buyer;
    let info = service.info();
    let one = info.ready()?.price.as_ref().filter(|_| is_ahead)?;
    let total = intl::money(format::total_minor(&one.price, count), one.price.currency);
    Some(tn!("accounts.cost", count, total = total))
}

/// Says once, politely, how the checks ended.
fn announce_end(context: OrderContext) {
    let announcer = expect_context::<Announcer>();
    Effect::new(move |before: Option<u32>| {
        let running = context.checking.running.get();
        if running == 0 && before.unwrap_or_default() > 0 {
            let pairs = untrack(|| context.pairs());
            let logins = pairs.iter().flat_map(|pair| [pair.source.login, pair.destination.login]);
            let passed = logins.filter(|login| *login == mailferry_shared::account::LoginState::Passed).count();
            announcer.say(t!("accounts.announce_checked", passed = passed, count = pairs.len() * 2));
        }
        running
    });
}

#[component]
fn Onward(context: OrderContext) -> impl IntoView {
    let router = Router::get();
    let failed = move || context.pairs().iter().filter(|pair| pair.ticked && parts::has_failed(pair)).count();
    let note = move || {
        let pairs = context.pairs();
        let failed = failed();
        if pairs.is_empty() {
            t!("accounts.none_note").to_owned()
        } else if failed > 0 {
            tn!("accounts.failed_note", u64::try_from(failed).unwrap_or_default())
        } else if context.checking.running.get() > 0 {
            t!("accounts.unchecked_note").to_owned()
        } else {
            String::new()
        }
    };
    // Of what has been started, passwords alone were looked after here.
    let next = move || if context.allows(OrderAction::Change) { Step::Confirm } else { Step::Status };
    let ready = move || context.accounts.with(|accounts| accounts.ready().is_some_and(|pairs| !pairs.is_empty()));
    view! {
        <div class="wizard-nav">
            <a class="button" href=Step::Providers.path(context.id)>
                {icon(Glyph::ArrowLeft)}
                {t!("action.back")}
            </a>
            <p class="wizard-nav-note" class:is-warn=move || { failed() > 0 }>{note}</p>
            <button
                type="button"
                class="button button-primary"
                disabled=move || !ready()
                on:click=move |_| router.go(&next().path(context.id))
            >
                {move || if next() == Step::Status { t!("confirm.to_status") } else { t!("action.continue") }}
                {icon(Glyph::ArrowRight)}
            </button>
        </div>
    }
}
