//! The form for new vouchers: how many, good for how much, and what they are limited to.

use leptos::prelude::*;
use mailferry_shared::voucher::{Voucher, VoucherBatch, VoucherCreate};

use super::{
    list::Listed,
    sending::{FormDialog, Sending},
};
use crate::{
    api,
    browser::intl,
    components::{Choice, Combobox, Glyph, TextField, Tick, TimeField, icon},
    format,
    state::providers::KnownProviders,
    t,
};

/// What is typed about new vouchers.
#[derive(Clone, Copy)]
struct Fields {
    pairs: RwSignal<String>,
    count: RwSignal<String>,
    /// By what the seller finds them again.
    note: RwSignal<String>,
    from: RwSignal<String>,
    until: RwSignal<String>,
    /// Gigabytes.
    size: RwSignal<String>,
    size_error: RwSignal<Option<String>>,
    trial_only: RwSignal<bool>,
    free_test: RwSignal<bool>,
    /// Ids of providers.
    providers: RwSignal<Vec<String>>,
}

impl Fields {
    fn new() -> Self {
        let [pairs, count] = std::array::from_fn(|_| RwSignal::new("1".to_owned()));
        let [note, from, until, size] = std::array::from_fn(|_| RwSignal::new(String::new()));
        Self {
            pairs,
            count,
            note,
            from,
            until,
            size,
            size_error: RwSignal::new(None),
            trial_only: RwSignal::new(false),
            free_test: RwSignal::new(false),
            providers: RwSignal::default(),
        }
    }

    /// As for the first time.
    fn clear(self) {
        for field in [self.pairs, self.count] {
            field.set("1".to_owned());
        }
        for field in [self.note, self.from, self.until, self.size] {
            field.set(String::new());
        }
        for tick in [self.trial_only, self.free_test] {
            tick.set(false);
        }
        self.size_error.set(None);
        self.providers.set(Vec::new());
    }

    /// What is asked for, or an error beside the size. What is no number is refused by the service, which says what it
    /// takes.
    fn read(self) -> Option<VoucherCreate> {
        let number = |text: RwSignal<String>| text.with_untracked(|text| text.trim().parse().unwrap_or_default());
        let time = |text: RwSignal<String>| text.with_untracked(|text| intl::parse_local(text));
        let size = self.size.with_untracked(|text| format::gigabytes(text));
        self.size_error.set(size.is_err().then(|| t!("console.voucher_size_wrong").to_owned()));
        Some(VoucherCreate {
            pairs: number(self.pairs),
            count: number(self.count),
            note: self.note.with_untracked(|note| note.trim().to_owned()),
            valid_from: time(self.from),
            valid_until: time(self.until),
            max_mailbox_bytes: size.ok()?,
            trial_only: self.trial_only.get_untracked(),
            free_test: self.free_test.get_untracked(),
            providers: self.providers.get_untracked(),
        })
    }
}

/// The form, as a dialog; `made` gets the codes.
#[component]
pub(super) fn NewVouchers(
    open: RwSignal<bool>,
    made: RwSignal<Option<VoucherBatch>>,
    listed: Listed<Voucher>,
) -> impl IntoView {
    let sending = Sending::new();
    let fields = Fields::new();
    Effect::new(move || {
        if open.get() {
            // What was chosen for other vouchers is no choice for these.
            fields.clear();
        }
    });
    let submit = move |()| {
        let Some(vouchers) = fields.read() else { return };
        sending.send(async move { api::create_vouchers(&vouchers).await }, move |batch| {
            open.set(false);
            made.set(Some(batch));
            listed.again();
        });
    };
    let number = move |id: &'static str, label: &'static str, value: RwSignal<String>, pointer: &'static str| {
        view! { <TextField id=id label=label value=value inputmode="numeric" error=sending.field(pointer) /> }
    };
    view! {
        <FormDialog
            id="voucher-new"
            title=t!("console.voucher_new")
            open=open
            sending=sending
            submit=t!("console.voucher_new")
            on_submit=submit
        >
            <div class="two">
                {number("voucher-pairs", t!("console.voucher_pairs"), fields.pairs, "/pairs")}
                {number("voucher-count", t!("console.voucher_count"), fields.count, "/count")}
            </div>
            <TextField
                id="voucher-note"
                label=t!("console.voucher_note")
                hint=t!("console.voucher_note_hint")
                value=fields.note
                is_optional=true
                maxlength=200
                error=sending.field("/note")
            />
            <fieldset class="stack">
                <legend class="field-label">{t!("console.voucher_limits")}</legend>
                <Limits fields=fields sending=sending />
            </fieldset>
        </FormDialog>
    }
}

#[component]
fn Limits(fields: Fields, sending: Sending) -> impl IntoView {
    let time = move |id: &'static str, label: &'static str, value: RwSignal<String>, pointer: &'static str| {
        view! {
            <TimeField
                id=id
                label=label
                value=value
                is_optional=true
                error=sending.field(pointer)
            />
        }
    };
    view! {
        <div class="two">
            {time("voucher-from", t!("console.valid_from"), fields.from, "/valid_from")}
            {time("voucher-until", t!("console.valid_until"), fields.until, "/valid_until")}
        </div>
        <TextField
            id="voucher-size"
            label=t!("console.voucher_size")
            hint=t!("console.voucher_size_hint")
            value=fields.size
            inputmode="decimal"
            is_optional=true
            error=Signal::derive(move || {
                fields.size_error.get().or_else(|| sending.field("/max_mailbox_bytes").get())
            })
        />
        <Providers chosen=fields.providers error=sending.field("/providers") />
        <div class="stack-s">
            <Tick
                label=t!("console.voucher_trial_only")
                hint=t!("console.voucher_trial_only_hint")
                checked=fields.trial_only
                on_change=move |on| fields.trial_only.set(on)
            />
            <div>
                <Tick
                    label=t!("console.voucher_free_test")
                    hint=t!("console.voucher_free_test_hint")
                    checked=fields.free_test
                    on_change=move |on| fields.free_test.set(on)
                />
            </div>
        </div>
    }
}

/// The providers that vouchers are good for: each one chosen is listed with a button that takes it away again.
#[component]
fn Providers(chosen: RwSignal<Vec<String>>, #[prop(into)] error: Signal<Option<String>>) -> impl IntoView {
    let known = KnownProviders::get();
    let choices = Signal::derive(move || {
        let list = known.load().ready().cloned().unwrap_or_default();
        let left = list.into_iter().filter(|provider| chosen.with(|chosen| !chosen.contains(&provider.id)));
        left.map(Choice::of_provider).collect::<Vec<_>>()
    });
    let add = move |id: String| chosen.update(|chosen| chosen.push(id));
    let one = move |id: String| {
        let name = known.find(&id).map_or_else(|| id.clone(), |provider| provider.name);
        let remove = t!("console.remove_what", what = name);
        view! {
            <li class="tagged tagged-button" data-data="">
                {name}
                <button
                    type="button"
                    class="tagged-remove"
                    aria-label=remove
                    on:click=move |_| chosen.update(|chosen| chosen.retain(|other| *other != id))
                >
                    {icon(Glyph::Close)}
                </button>
            </li>
        }
    };
    view! {
        <div class="stack-s">
            <Combobox
                id="voucher-providers"
                label=t!("console.voucher_providers")
                placeholder=t!("providers.placeholder")
                choices=choices
                selected=Signal::derive(|| None::<String>)
                on_select=add
                keeps_choice=false
                error=error
            />
            <p class="field-hint">{t!("console.voucher_providers_hint")}</p>
            <ul role="list" class="row">
                {move || chosen.get().into_iter().map(one).collect_view()}
            </ul>
        </div>
    }
}
