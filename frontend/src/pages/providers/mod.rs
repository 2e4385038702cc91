//! Step 2: from where to where, and where status mails go.

mod discovery;
mod read;
mod side;

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::order::{Language, OrderAction, OrderState};

use self::side::{SideCard, destination_texts, source_texts};
use crate::{
    api::{self, ApiError},
    browser,
    components::{Failure, Glyph, Notice, PageHead, TextField, Tone, busy_icon, failed, icon},
    i18n,
    route::Step,
    state::{Load, connection::Connection, order::OrderContext, providers::KnownProviders, router::Router},
    t,
};

/// The step.
#[component]
pub(crate) fn Providers() -> impl IntoView {
    let context = expect_context::<OrderContext>();
    let known = KnownProviders::get();
    let connection = expect_context::<Connection>();
    let router = Router::get();
    let locked = Signal::derive(move || !context.allows(OrderAction::Change));
    // Where status mails go may be changed as long as there may be any.
    let ended = Signal::derive(move || {
        context.order.with(|order| matches!(order.state, OrderState::Closed | OrderState::Cancelled))
    });
    let fixed = read::fixed(context);
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<ApiError>);
    let notify_error = RwSignal::new(None::<String>);
    let retry = Callback::new(move |()| connection.retry());
    let on_submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let go = move || router.go(&Step::Accounts.path(context.id));
        let change = if locked.get_untracked() {
            if ended.get_untracked() {
                return go();
            }
            read::notify_only(context, notify_error)
        } else {
            read::read(context, known, notify_error)
        };
        let Some(change) = change else { return browser::focus_first_error() };
        busy.set(true);
        failure.set(None);
        spawn_local(async move {
            let changed = api::change_order(context.id, &change).await;
            busy.try_set(false);
            match changed {
                Ok(order) => {
                    context.order.try_set(order);
                    read::settle(context);
                    go();
                }
                Err(error) => read::show(context, error, notify_error, failure),
            }
        });
    };
    view! {
        <PageHead title=t!("providers.title") lead=t!("providers.lead") />
        <Show when=move || locked.get()>
            <Notice tone=Tone::Info>
                <p>{t!("providers.locked")}</p>
            </Notice>
        </Show>
        {move || match known.load() {
            Load::Failed(error) => Some(view! { <Failure error=error retry=retry /> }),
            _ => None,
        }}
        <form class="stack-l" on:submit=on_submit novalidate>
            <div class="crossing">
                <SideCard texts=source_texts() fields=context.typed().source locked=locked fixed=fixed.0 />
                <div class="crossing-arrow">{icon(Glyph::ArrowRight)}</div>
                <SideCard
                    texts=destination_texts()
                    fields=context.typed().destination
                    locked=locked
                    fixed=fixed.1
                />
            </div>
            <section class="card" aria-labelledby="additional-title">
                <h2 id="additional-title">{t!("providers.additional")}</h2>
                <div class="two">
                    <TextField
                        id="notify"
                        label=t!("providers.notify_label")
                        value=context.typed().notify
                        kind="email"
                        autocomplete="email"
                        hint=t!("providers.notify_hint")
                        placeholder="name@example.org"
                        maxlength=320
                        is_optional=true
                        error=notify_error
                        disabled=ended
                    />
                    <LanguageField disabled=ended />
                </div>
            </section>
            {failed(failure)}
            <div class="wizard-nav">
                <a class="button" href=Step::Introduction.path(context.id)>
                    {icon(Glyph::ArrowLeft)}
                    {t!("action.back")}
                </a>
                <button type="submit" class="button button-primary" class:is-busy=move || busy.get()>
                    {t!("action.continue")}
                    {busy_icon(busy, Glyph::ArrowRight)}
                </button>
            </div>
        </form>
    }
}

/// The language of the mails, which need not be that of the page.
#[component]
fn LanguageField(disabled: Signal<bool>) -> impl IntoView {
    let chosen = expect_context::<OrderContext>().typed().language;
    let options = i18n::LANGUAGES
        .into_iter()
        .map(|(code, name)| {
            let selected = move || chosen.get().tag() == code;
            view! { <option value=code lang=code selected=selected>{name}</option> }
        })
        .collect_view();
    let choose = move |event| {
        let code = event_target_value(&event);
        Language::ALL.into_iter().filter(|language| language.tag() == code).for_each(|language| chosen.set(language));
    };
    view! {
        <div class="field">
            <label class="field-label" for="language">
                {t!("providers.language_label")}
            </label>
            <select class="input" id="language" disabled=move || disabled.get() on:change=choose>
                {options}
            </select>
        </div>
    }
}
