//! What forms of the console share: they are busy while something is sent, and show what came back.

use std::future::Future;

use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::ApiError,
    browser,
    components::{Dialog, DialogSize, Failure, Glyph, Notice, Tone, icon},
    t,
};

/// What a form is doing.
#[derive(Clone, Copy)]
pub(super) struct Sending {
    busy: RwSignal<bool>,
    error: RwSignal<Option<ApiError>>,
}

impl Sending {
    pub(super) fn new() -> Self {
        Self { busy: RwSignal::new(false), error: RwSignal::new(None) }
    }

    /// Sends, unless something is on its way already; `done` gets the answer.
    pub(super) fn send<T: 'static>(
        self,
        request: impl Future<Output = Result<T, ApiError>> + 'static,
        done: impl FnOnce(T) + 'static,
    ) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        self.error.set(None);
        spawn_local(async move {
            let result = request.await;
            self.busy.try_set(false);
            match result {
                Ok(answer) => done(answer),
                Err(error) => {
                    self.error.try_set(Some(error));
                }
            }
        });
    }

    /// Forgets what went wrong.
    pub(super) fn clear(self) {
        self.error.set(None);
    }

    /// What is wrong with the field at a JSON pointer.
    pub(super) fn field(self, pointer: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || self.error.with(|error| error.as_ref().and_then(|error| error.field(pointer))))
    }

    /// What went wrong as a whole.
    pub(super) fn failure(self) -> impl IntoView {
        move || self.error.get().filter(|error| !error.names_fields()).map(|error| view! { <Failure error=error /> })
    }
}

/// The button that sends a form.
#[component]
pub(super) fn SubmitButton(sending: Sending, glyph: Glyph, #[prop(into)] text: Signal<&'static str>) -> impl IntoView {
    // As in the wizard, the arrow stands where it leads.
    let leads_on = glyph == Glyph::ArrowRight;
    view! {
        <button
            type="submit"
            class="button button-primary"
            class:is-busy=move || sending.busy.get()
            disabled=move || sending.busy.get()
        >
            {move || leads_on.then(|| text.get())}
            {move || icon(if sending.busy.get() { Glyph::Spinner } else { glyph })}
            {move || (!leads_on).then(|| text.get())}
        </button>
    }
}

/// A dialog with a form in it.
#[component]
pub(super) fn FormDialog(
    id: &'static str,
    #[prop(into)] title: Signal<String>,
    open: RwSignal<bool>,
    sending: Sending,
    #[prop(into)] submit: Signal<&'static str>,
    #[prop(into)] on_submit: Callback<()>,
    children: ChildrenFn,
) -> impl IntoView {
    let children = StoredValue::new(children);
    let incomplete = RwSignal::new(false);
    Effect::new(move || {
        if open.get() {
            // What went wrong the last time does not belong to what is typed now.
            sending.clear();
            incomplete.set(false);
        }
    });
    let submitted = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        // A date of which a part is missing would be sent as none at all.
        incomplete.set(browser::focus_incomplete_date(id));
        if !incomplete.get_untracked() {
            on_submit.run(());
        }
    };
    view! {
        <Dialog id=id title=title open=open>
            <form class="stack dialog-form" on:submit=submitted novalidate>
                {children.with_value(|children| children())}
                {sending.failure()}
                <Show when=move || incomplete.get()>
                    <Notice tone=Tone::Error>
                        <p>{t!("console.date_incomplete")}</p>
                    </Notice>
                </Show>
                <div class="dialog-actions">
                    <button type="button" class="button" on:click=move |_| open.set(false)>
                        {t!("action.cancel")}
                    </button>
                    <SubmitButton sending=sending glyph=Glyph::Check text=submit />
                </div>
            </form>
        </Dialog>
    }
}

/// Asks before something is done for good; `subject` names what it is done to, and opens the dialog.
#[component]
pub(super) fn Confirm<T: Clone + Send + Sync + 'static>(
    id: &'static str,
    title: &'static str,
    /// What happens then, for the subject.
    #[prop(into)]
    text: Callback<T, String>,
    confirm: &'static str,
    #[prop(default = Glyph::Trash)] glyph: Glyph,
    subject: RwSignal<Option<T>>,
    sending: Sending,
    #[prop(into)] on_confirm: Callback<T>,
    /// What there is to see meanwhile.
    #[prop(optional)]
    children: Option<ChildrenFn>,
) -> impl IntoView {
    let children = StoredValue::new(children);
    let open = RwSignal::new(false);
    Effect::new(move || open.set(subject.with(Option::is_some)));
    Effect::new(move || {
        if !open.get() && subject.with_untracked(Option::is_some) {
            subject.set(None);
            sending.clear();
        }
    });
    view! {
        <Dialog id=id title=Signal::derive(move || title.to_owned()) open=open size=DialogSize::Small>
            <p>{move || subject.get().map(|subject| text.run(subject))}</p>
            {children.with_value(|children| children.as_ref().map(|children| children()))}
            {sending.failure()}
            <div class="dialog-actions">
                <button type="button" class="button" on:click=move |_| open.set(false)>
                    {t!("action.cancel")}
                </button>
                <button
                    type="button"
                    class=if glyph == Glyph::Trash { "button button-danger" } else { "button button-primary" }
                    class:is-busy=move || sending.busy.get()
                    disabled=move || sending.busy.get()
                    on:click=move |_| {
                        if let Some(subject) = subject.get_untracked() {
                            on_confirm.run(subject);
                        }
                    }
                >
                    {move || icon(if sending.busy.get() { Glyph::Spinner } else { glyph })}
                    {confirm}
                </button>
            </div>
        </Dialog>
    }
}
