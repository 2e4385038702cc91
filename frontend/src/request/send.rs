//! Reading the form, sending it, and showing what the service says beside the fields it names.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    order::OrderOptions,
    request::{MAX_NOTE_CHARS, RequestCreate},
};

use super::{files::Chosen, rows, typed::Typed, when};
use crate::{
    api::{self, ApiError},
    browser::{self, intl},
    forms,
    pages::{LAST_ORDER, file_request},
    route::asked_path,
    state::{
        announce::Announcer, language::PageLanguage, offer::Offer, providers::KnownProviders, router::Router,
        service::Service,
    },
    t,
};

/// What sending needs besides what is typed.
#[derive(Clone, Copy)]
pub(super) struct Sender {
    pub(super) typed: Typed,
    pub(super) busy: RwSignal<bool>,
    /// What went wrong, where no field is named.
    pub(super) failure: RwSignal<Option<ApiError>>,
    /// What the service says about the time.
    pub(super) refused_time: RwSignal<Option<String>>,
    /// What it says about the note.
    pub(super) note_error: RwSignal<Option<String>>,
    known: KnownProviders,
    service: Service,
    language: PageLanguage,
    offer: Offer,
    router: Router,
    announcer: Announcer,
}

impl Sender {
    pub(super) fn new(typed: Typed) -> Self {
        Self {
            typed,
            busy: RwSignal::new(false),
            failure: RwSignal::new(None),
            refused_time: RwSignal::new(None),
            note_error: RwSignal::new(None),
            known: KnownProviders::get(),
            service: expect_context(),
            language: PageLanguage::get(),
            offer: Offer::get(),
            router: Router::get(),
            announcer: expect_context(),
        }
    }

    /// What is to be sent; `None` with the errors beside their fields.
    fn read(self) -> Option<RequestCreate> {
        let typed = self.typed;
        let has_rows = typed
            .importing
            .fields
            .preview
            .with_untracked(|preview| preview.as_ref().is_some_and(|preview| !preview.rows.is_empty()));
        typed.import_error.set((!has_rows).then(|| t!("request.accounts_missing").to_owned()));
        let contact = typed.contact.with_untracked(|contact| forms::address(contact));
        typed.contact_error.set(contact.as_ref().err().map(|error| (*error).to_owned()));
        let note = typed.note.get_untracked();
        let is_short = note.chars().count() <= MAX_NOTE_CHARS;
        self.note_error.set((!is_short).then(|| t!("request.note_long").to_owned()));
        let source = typed.source.read(self.known);
        let destination = typed.destination.read(self.known);
        let wished_start =
            typed.at.with_untracked(|at| intl::parse_local_offset(at).filter(|_| when::problem(at).is_none()));
        let agreed = typed.terms.get_untracked() && typed.privacy.get_untracked();
        let accepted_terms = untrack(|| self.service.info()).ready().map(|info| info.terms_version.clone());
        Some(RequestCreate {
            accounts: Some(file_request(typed.importing.fields, false)).filter(|_| has_rows && is_short && agreed)?,
            accepted_terms: accepted_terms?,
            wished_start: wished_start?,
            contact_address: contact.ok()?,
            note,
            attachments: typed.files.with_untracked(|files| files.iter().map(Chosen::upload).collect()),
            language: Some(self.language.of_orders()),
            source: source.ok()?,
            destination: destination.ok()?,
            options: OrderOptions::default(),
            link: self.offer.token(),
        })
    }

    /// How many things are missing or not right, as the form is typed now; none before it was tried to send it.
    pub(super) fn missing(self) -> u64 {
        let typed = self.typed;
        if !typed.asked.get() {
            return 0;
        }
        let errors = [typed.import_error, typed.contact_error, self.note_error];
        let wrong = errors.iter().filter(|error| error.with(Option::is_some)).count();
        let servers = [typed.source, typed.destination].iter().filter(|end| end.is_wrong(self.known)).count();
        let open = [typed.terms, typed.privacy].iter().filter(|agreed| !agreed.get()).count();
        let time = self.refused_time.get().or_else(|| typed.at.with(|at| when::problem(at)));
        u64::try_from(wrong + servers + open + usize::from(time.is_some())).unwrap_or_default()
    }

    /// Sends the form, or leads to what is missing.
    pub(super) fn send(self) {
        let typed = self.typed;
        typed.asked.set(true);
        self.failure.set(None);
        // What was proposed when the page was opened may have passed.
        self.refused_time.set(typed.at.with_untracked(|at| when::problem(at)));
        if self.busy.get_untracked() {
            return;
        }
        if !rows::are_typed(typed) {
            return self.send_read();
        }
        self.busy.set(true);
        spawn_local(async move {
            rows::read(typed).await;
            self.busy.try_set(false);
            let preview = typed.importing.fields.preview;
            // A line that is not good is put right first: whoever has typed it means it.
            match preview.try_with_untracked(|preview| preview.as_ref().is_some_and(|found| found.errors.is_empty())) {
                Some(true) => self.send_read(),
                _ => browser::focus_first_error(),
            }
        });
    }

    /// Sends it with the lines that the service has read.
    fn send_read(self) {
        let typed = self.typed;
        let Some(wanted) = self.read() else { return browser::focus_first_error() };
        self.busy.set(true);
        spawn_local(async move {
            let sent = api::create_request(&wanted).await;
            self.busy.try_set(false);
            match sent {
                Ok(sent) => {
                    let order = sent.order.id;
                    typed.clear();
                    browser::store(LAST_ORDER, Some(&order.to_string()));
                    self.announcer.say(t!("request.sent_title"));
                    self.router.go(&asked_path(order));
                }
                Err(error) => {
                    self.show(error);
                    browser::focus_first_error();
                }
            }
        });
    }

    /// Puts what the service says beside the fields that it names.
    fn show(self, error: ApiError) {
        let typed = self.typed;
        let fields = [
            (typed.import_error, error.field("/accounts")),
            (typed.source.error, error.field("/source")),
            (typed.destination.error, error.field("/destination")),
            (typed.contact_error, error.field("/contact_address")),
            (self.refused_time, error.field("/wished_start")),
            (self.note_error, error.field("/note")),
        ];
        let mut placed = fields.iter().any(|(_, message)| message.is_some());
        for (field, message) in fields {
            field.try_set(message);
        }
        typed.files.update(|files| {
            let marked = files.drain(..).enumerate().map(|(at, file)| {
                let words = error.field(&format!("/attachments/{at}"));
                placed |= words.is_some();
                file.with_error(words)
            });
            *files = marked.collect();
        });
        if !placed {
            self.failure.try_set(Some(error));
        }
    }
}
