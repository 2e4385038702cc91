//! The form by which the operator is asked to do it.

use leptos::prelude::*;

use super::{
    files::Files,
    rows::Rows,
    send::Sender,
    typed::{Fields, Typed},
    when::When,
};
use crate::{
    browser::{self, intl},
    components::{
        Failure, FieldError, Glyph, Notice, PageHead, ProviderPick, TextArea, TextField, Tone, brand_mark, busy_icon,
        icon,
    },
    format, forms,
    pages::{AccountFile, Terms},
    state::{
        Load, connection,
        offer::{Offer, Pays},
        service::Service,
    },
    t, tn,
};

/// The page.
#[component]
pub(crate) fn Ask() -> impl IntoView {
    let typed = Fields::get();
    let sender = Sender::new(typed);
    let on_submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        sender.send();
    };
    view! {
        <main class="page" id="main" tabindex="-1">
            <PageHead title=t!("request.title") lead=t!("request.lead") />
            <form class="with-aside" on:submit=on_submit novalidate>
                <div class="stack-l">
                    <Accounts typed=typed />
                    <Ends typed=typed />
                    <When typed=typed refused=sender.refused_time.into() />
                    <Contact sender=sender />
                    <Files typed=typed />
                </div>
                <div class="aside-column stack">
                    <Course />
                    <div class="aside-sticky">
                        <Send sender=sender />
                    </div>
                </div>
            </form>
        </main>
    }
}

#[component]
fn Accounts(typed: Typed) -> impl IntoView {
    let preview = typed.importing.fields.preview;
    // What was missing is there now.
    Effect::new(move || {
        if preview.with(Option::is_some) {
            typed.import_error.set(None);
        }
    });
    view! {
        <section class="card" aria-labelledby="accounts-title">
            <div class="stack-s">
                <h2 id="accounts-title">{t!("request.accounts_title")}</h2>
                <p class="soft">{t!("request.accounts_text")}</p>
            </div>
            <FieldError id="accounts-error" error=typed.import_error />
            <Rows typed=typed />
            <AccountFile importing=typed.importing />
        </section>
    }
}

/// Old and new provider, for rows of the file that name no server. What a link fixes is not asked for.
#[component]
fn Ends(typed: Typed) -> impl IntoView {
    let fixed = Offer::get().fixes;
    let fixes_both = move || fixed.get() == (true, true);
    view! {
        <Show when=move || !fixes_both()>
            <section class="card" aria-labelledby="ends-title">
                <div class="stack-s">
                    <h2 id="ends-title">{t!("request.ends_title")}</h2>
                    <p class="soft">{t!("request.ends_text")}</p>
                </div>
                <div class="two">
                    <Show when=move || !fixed.get().0>
                        <ProviderPick
                            id="source"
                            label=t!("providers.source_label")
                            server_legend=t!("providers.by_hand_legend_source")
                            none=t!("request.as_in_file")
                            fields=typed.source
                        />
                    </Show>
                    <Show when=move || !fixed.get().1>
                        <ProviderPick
                            id="destination"
                            label=t!("providers.destination_label")
                            server_legend=t!("providers.by_hand_legend_destination")
                            none=t!("request.as_in_file")
                            fields=typed.destination
                        />
                    </Show>
                </div>
            </section>
        </Show>
    }
}

#[component]
fn Contact(sender: Sender) -> impl IntoView {
    let typed = sender.typed;
    // What was wrong is right now.
    Effect::new(move || {
        if typed.contact.with(|contact| forms::address(contact).is_ok()) {
            typed.contact_error.set(None);
        }
    });
    view! {
        <section class="card" aria-labelledby="contact-title">
            <h2 id="contact-title">{t!("request.contact_title")}</h2>
            <TextField
                id="contact"
                label=t!("request.contact_label")
                hint=t!("request.contact_hint")
                value=typed.contact
                kind="email"
                autocomplete="email"
                maxlength=320
                placeholder="name@example.org"
                error=typed.contact_error
            />
            <TextArea
                id="note"
                label=t!("request.note_label")
                hint=t!("request.note_hint")
                value=typed.note
                is_optional=true
                error=sender.note_error
            />
        </section>
    }
}

/// What happens after it was sent.
#[component]
fn Course() -> impl IntoView {
    let steps = [t!("request.course_1"), t!("request.course_2"), t!("request.course_3"), t!("request.course_4")];
    let steps = steps.map(|text| view! { <li>{text}</li> }).collect_view();
    view! {
        <section class="card" aria-labelledby="course-title">
            <h2 id="course-title">{t!("request.course_title")}</h2>
            <ol class="course">{steps}</ol>
        </section>
    }
}

/// Terms, and the button.
#[component]
fn Send(sender: Sender) -> impl IntoView {
    let typed = sender.typed;
    let service = expect_context::<Service>();
    let offer = Offer::get();
    // Whoever pays knows what it comes to before anything is sent.
    let cost = move || {
        let info = service.info();
        let price = info.ready()?.price.as_ref().filter(|_| matches!(offer.pays.get(), Pays::Buyer))?;
        let price = &price.price;
        let total = |pairs| intl::money(format::total_minor(price, pairs), price.currency);
        let pairs = typed.importing.fields.preview.with(|preview| preview.as_ref().map_or(0, |found| found.rows.len()));
        Some(match u64::try_from(pairs).unwrap_or_default() {
            0 => t!("request.cost", price = total(1)),
            pairs => t!("request.cost_all", accounts = tn!("count.accounts", pairs), total = total(pairs)),
        })
    };
    // What is not sent is said where one sends.
    let left_out = move || {
        let bad = typed.importing.fields.preview.with(|preview| preview.as_ref().map_or(0, |found| found.errors.len()));
        (bad > 0).then(|| tn!("import.bad_rows", u64::try_from(bad).unwrap_or_default()))
    };
    let has_terms = move || matches!(service.info(), Load::Ready(_));
    // What is missing may be far from here.
    let count = Memo::new(move |_| sender.missing());
    let missing = move || {
        (count.get() > 0).then(|| {
            view! {
                <Notice tone=Tone::Warning title=tn!("request.missing", count.get())>
                    <button type="button" class="button button-small" on:click=|_| browser::focus_first_error()>
                        {t!("request.show_missing")}
                    </button>
                </Notice>
            }
        })
    };
    view! {
        <section class="card terms" aria-labelledby="send-title">
            <div class="row">
                {brand_mark()} <h2 id="send-title">{t!("request.send_title")}</h2>
            </div>
            {move || cost().map(|text| view! { <p class="rule-line">{icon(Glyph::Ticket)} <span>{text}</span></p> })}
            {move || left_out().map(|text| view! { <p class="rule-line status-warn">{icon(Glyph::Warning)} <span>{text}</span></p> })}
            <Terms terms=typed.terms privacy=typed.privacy asked=typed.asked />
            {move || sender.failure.get().or_else(|| offer.failure.get()).map(|error| view! { <Failure error=error /> })}
            {move || match service.info() {
                Load::Failed(error) => Some(view! { <Failure error=error retry=connection::try_again() /> }),
                _ => None,
            }}
            <div role="status">{move || missing()}</div>
            <button
                type="submit"
                class="button button-primary button-large button-wide"
                class:is-busy=move || sender.busy.get()
                disabled=move || sender.busy.get() || !has_terms()
            >
                {t!("request.send")}
                {busy_icon(sender.busy, Glyph::ArrowRight)}
            </button>
            <a class="button button-quiet button-wide" href="/">
                {icon(Glyph::ArrowLeft)}
                {t!("request.myself")}
            </a>
        </section>
    }
}
