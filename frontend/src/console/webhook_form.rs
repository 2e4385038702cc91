//! The form of a webhook: where, what it is called, which events, and whether it is told of them at all.

use leptos::prelude::*;
use mailferry_shared::webhook::{EventKind, Webhook, WebhookChange, WebhookCreate, WebhookCreated};

use super::{
    editing::Editing,
    list::Listed,
    sending::{FormDialog, Sending},
};
use crate::{
    api,
    components::{TextField, Tick},
    t,
};

/// What is typed about a webhook, in the context of the rows.
#[derive(Clone, Copy)]
pub(super) struct WebhookForm {
    editing: Editing<Webhook>,
    url: RwSignal<String>,
    description: RwSignal<String>,
    events: RwSignal<Vec<EventKind>>,
    enabled: RwSignal<bool>,
}

impl WebhookForm {
    pub(super) fn provide() -> Self {
        let form = Self {
            editing: Editing::new(),
            url: RwSignal::default(),
            description: RwSignal::default(),
            events: RwSignal::default(),
            enabled: RwSignal::new(true),
        };
        provide_context(form);
        form
    }

    /// Shows the form, for `webhook` or for a new one.
    pub(super) fn begin(self, webhook: Option<Webhook>) {
        self.url.set(webhook.as_ref().map(|webhook| webhook.url.clone()).unwrap_or_default());
        self.description.set(webhook.as_ref().map(|webhook| webhook.description.clone()).unwrap_or_default());
        self.events.set(webhook.as_ref().map(|webhook| webhook.events.clone()).unwrap_or_default());
        self.enabled.set(webhook.as_ref().is_none_or(|webhook| webhook.enabled));
        self.editing.begin(webhook);
    }

    fn create(self) -> WebhookCreate {
        WebhookCreate {
            url: self.url.with_untracked(|url| url.trim().to_owned()),
            description: self.description.with_untracked(|text| text.trim().to_owned()),
            events: self.events.get_untracked(),
        }
    }

    fn change(self) -> WebhookChange {
        WebhookChange {
            description: Some(self.description.with_untracked(|text| text.trim().to_owned())),
            events: Some(self.events.get_untracked()),
            enabled: Some(self.enabled.get_untracked()),
        }
    }
}

/// The form, as a dialog; `made` gets a new one with its secret.
#[component]
pub(super) fn WebhookDialog(
    form: WebhookForm,
    #[prop(into)] made: Callback<WebhookCreated>,
    listed: Listed<Webhook>,
) -> impl IntoView {
    let sending = Sending::new();
    let submit = move |()| match form.editing.item() {
        Some(webhook) => {
            let change = form.change();
            sending.send(async move { api::change_webhook(webhook.id, &change).await }, move |_| {
                form.editing.saved(listed);
            });
        }
        None => {
            let webhook = form.create();
            sending.send(async move { api::create_webhook(&webhook).await }, move |created| {
                form.editing.saved(listed);
                made.run(created);
            });
        }
    };
    let is_new = move || form.editing.is_new();
    view! {
        <FormDialog
            id="webhook-form"
            title=form.editing.title(t!("console.webhook_new"), t!("console.webhook_edit"))
            open=form.editing.open
            sending=sending
            submit=form.editing.submit(t!("console.webhook_new"))
            on_submit=submit
        >
            <TextField
                id="webhook-url"
                label=t!("console.webhook_url")
                value=form.url
                placeholder="https://"
                disabled=Signal::derive(move || !is_new())
                error=sending.field("/url")
            />
            <TextField
                id="webhook-description"
                label=t!("console.webhook_description")
                value=form.description
                is_optional=true
                maxlength=200
                error=sending.field("/description")
            />
            <Events events=form.events />
            <Show when=move || !is_new()>
                <Tick
                    label=t!("console.webhook_enabled")
                    hint=t!("console.webhook_enabled_hint")
                    checked=form.enabled
                    on_change=move |on| form.enabled.set(on)
                />
            </Show>
        </FormDialog>
    }
}

#[component]
fn Events(events: RwSignal<Vec<EventKind>>) -> impl IntoView {
    let tick = move |kind: EventKind| {
        view! {
            <Tick
                label=kind.as_str()
                checked=Signal::derive(move || events.with(|events| events.contains(&kind)))
                on_change=move |on| {
                    events
                        .update(|events| {
                            events.retain(|event| *event != kind);
                            if on {
                                events.push(kind);
                            }
                        });
                }
            />
        }
    };
    let group = |name: &'static str, of_requests: bool| {
        let kinds = EventKind::told();
        let kinds = kinds.filter(|kind| kind.as_str().starts_with("request.") == of_requests);
        view! {
            <fieldset class="stack-s event-group">
                <legend class="small soft">{name}</legend>
                <div class="two-tight" data-data="">{kinds.map(tick).collect_view()}</div>
            </fieldset>
        }
    };
    view! {
        <fieldset class="stack-s">
            <legend class="field-label">{t!("console.webhook_events")}</legend>
            <p class="field-hint">{t!("console.webhook_events_hint")}</p>
            {group(t!("console.migrations"), false)}
            {group(t!("console.requests"), true)}
        </fieldset>
    }
}
