//! The form of a pre-configured link: what it fixes, how the page looks to those who come by it, and who pays.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    address::MailAddress,
    ids::VoucherId,
    link::{Brand, Link, LinkChange, LinkCreate, LinkPart},
    order::{Language, ProviderChoice},
    voucher::Voucher,
};

use super::{
    editing::Editing,
    ending::spent,
    language_field::LanguageField,
    link_brand::{BrandFields, BrandFieldset},
    list::Listed,
    sending::{FormDialog, Sending},
};
use crate::{
    api,
    components::{FieldError, PickedProvider, ProviderPick, TextField, Tick},
    forms,
    state::{language::PageLanguage, providers::KnownProviders},
    t,
};

/// Who pays for the accounts of those who come by the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Payer {
    /// As so far; of a new link: they themselves.
    Same,
    /// They themselves, though the link has paid so far.
    Nobody,
    /// So many accounts are paid for.
    Prepaid,
    /// A voucher that exists already.
    Voucher(VoucherId),
}

/// What of a link is put together from several fields.
struct Chosen {
    brand: Brand,
    source: Option<ProviderChoice>,
    destination: Option<ProviderChoice>,
}

/// What is typed about a link.
#[derive(Clone, Copy)]
pub(super) struct LinkForm {
    pub(super) may_write: bool,
    editing: Editing<Link>,
    name: RwSignal<String>,
    /// The old provider; none: whoever comes chooses.
    source: PickedProvider,
    /// The new provider; none: whoever comes chooses.
    destination: PickedProvider,
    brand: BrandFields,
    language: RwSignal<Language>,
    page: PageLanguage,
    payer: RwSignal<Payer>,
    prepaid: RwSignal<String>,
    once: RwSignal<bool>,
    vouchers: RwSignal<Vec<Voucher>>,
}

impl LinkForm {
    /// An empty form, in the context of the list's rows.
    pub(super) fn provide(may_write: bool) -> Self {
        let form = Self {
            may_write,
            editing: Editing::new(),
            name: RwSignal::default(),
            source: PickedProvider::none(),
            destination: PickedProvider::none(),
            brand: BrandFields::new(),
            language: RwSignal::new(Language::default()),
            page: PageLanguage::get(),
            payer: RwSignal::new(Payer::Same),
            prepaid: RwSignal::default(),
            once: RwSignal::new(false),
            vouchers: RwSignal::default(),
        };
        provide_context(form);
        form
    }

    /// Shows the form, for `link` or for a new one.
    pub(super) fn begin(self, link: Option<Link>) {
        self.source.show(link.as_ref().and_then(|link| link.source.as_ref()));
        self.destination.show(link.as_ref().and_then(|link| link.destination.as_ref()));
        self.name.set(link.as_ref().map(|link| link.name.clone()).unwrap_or_default());
        self.brand.show(link.as_ref().map(|link| &link.brand));
        // Whoever makes a link mostly speaks as those do whom it is for.
        self.language.set(link.as_ref().map_or_else(|| self.page.of_orders(), |link| link.language));
        self.payer.set(Payer::Same);
        self.prepaid.set(String::new());
        self.once.set(false);
        self.editing.begin(link);
        spawn_local(async move {
            // Who may not see vouchers chooses none.
            if let Ok(page) = api::vouchers("state=issued&limit=500", None).await {
                self.vouchers.try_set(page.items);
            }
        });
    }

    fn prepaid(self) -> Option<u32> {
        // What is no number is refused by the service, which says what it takes.
        (self.payer.get_untracked() == Payer::Prepaid)
            .then(|| self.prepaid.with_untracked(|text| text.trim().parse().unwrap_or_default()))
    }

    fn voucher(self) -> Option<VoucherId> {
        match self.payer.get_untracked() {
            Payer::Voucher(id) => Some(id),
            Payer::Same | Payer::Nobody | Payer::Prepaid => None,
        }
    }

    /// Brand and providers, or errors beside their fields.
    fn read(self, known: KnownProviders) -> Result<Chosen, ()> {
        let (brand, source, destination) = (self.brand.read(), self.source.read(known), self.destination.read(known));
        Ok(Chosen { brand: brand?, source: source?, destination: destination? })
    }

    fn create(self, chosen: Chosen) -> LinkCreate {
        let Chosen { brand, source, destination } = chosen;
        LinkCreate {
            name: self.name.with_untracked(|name| name.trim().to_owned()),
            source,
            destination,
            language: self.language.get_untracked(),
            brand,
            voucher_id: self.voucher(),
            prepaid_pairs: self.prepaid(),
            once: self.once.get_untracked(),
        }
    }

    fn change(self, before: &Link, chosen: Chosen) -> LinkChange {
        let Chosen { brand, source, destination } = chosen;
        let released = [
            (LinkPart::Source, before.source.is_some() && source.is_none()),
            (LinkPart::Destination, before.destination.is_some() && destination.is_none()),
            (LinkPart::Voucher, before.voucher.is_some() && self.payer.get_untracked() == Payer::Nobody),
        ];
        LinkChange {
            name: Some(self.name.with_untracked(|name| name.trim().to_owned())),
            source,
            destination,
            release: released.into_iter().filter(|(_, is)| *is).map(|(part, _)| part).collect(),
            language: Some(self.language.get_untracked()),
            brand: Some(brand),
            voucher_id: self.voucher(),
            prepaid_pairs: self.prepaid(),
        }
    }
}

/// The form, as a dialog.
#[component]
pub(super) fn LinkDialog(listed: Listed<Link>) -> impl IntoView {
    let form = expect_context::<LinkForm>();
    let sending = Sending::new();
    let known = KnownProviders::get();
    let done = move |_: Link| form.editing.saved(listed);
    let submit = move |()| {
        let Ok(chosen) = form.read(known) else { return };
        match form.editing.item() {
            Some(link) => {
                let change = form.change(&link, chosen);
                sending.send(async move { api::change_link(link.id, &change).await }, done);
            }
            None => {
                let link = form.create(chosen);
                sending.send(async move { api::create_link(&link).await }, done);
            }
        }
    };
    view! {
        <FormDialog
            id="link-form"
            title=form.editing.title(t!("console.link_new"), t!("console.link_edit"))
            open=form.editing.open
            sending=sending
            submit=form.editing.submit(t!("console.link_new"))
            on_submit=submit
        >
            <TextField
                id="link-name"
                label=t!("console.name")
                value=form.name
                maxlength=200
                error=sending.field("/name")
            />
            <ProviderPick
                id="link-source"
                label=t!("providers.source_label")
                server_legend=t!("providers.by_hand_legend_source")
                none=t!("console.any_provider")
                fields=form.source
            />
            <ProviderPick
                id="link-destination"
                label=t!("providers.destination_label")
                server_legend=t!("providers.by_hand_legend_destination")
                none=t!("console.any_provider")
                fields=form.destination
            />
            <PayerFields form=form sending=sending />
            <BrandFieldset fields=form.brand sending=sending />
            <Show when=move || form.editing.is_new()>
                <Tick
                    label=t!("console.link_once")
                    checked=form.once
                    on_change=move |on| form.once.set(on)
                />
            </Show>
        </FormDialog>
    }
}

/// Who pays for the accounts, and the language beside it.
#[component]
fn PayerFields(form: LinkForm, sending: Sending) -> impl IntoView {
    let same = move || {
        form.editing.with(|link| match link.map(|link| link.voucher.as_ref()) {
            Some(Some(voucher)) => t!("console.payer_same", code = voucher.hint),
            _ => t!("console.payer_nobody").to_owned(),
        })
    };
    let choose = move |event: web_sys::Event| {
        let payer = match event_target_value(&event).as_str() {
            "" => Payer::Same,
            "nobody" => Payer::Nobody,
            "prepaid" => Payer::Prepaid,
            id => id.parse().map_or(Payer::Same, Payer::Voucher),
        };
        form.payer.set(payer);
    };
    let vouchers = move || {
        let option = |voucher: Voucher| {
            let name = format!("{} · {}", voucher.hint, spent(voucher.pairs_used, voucher.pairs));
            view! { <option data-data="" value=voucher.id.to_string()>{name}</option> }
        };
        form.vouchers.get().into_iter().map(option).collect_view()
    };
    let error = sending.field("/voucher_id");
    view! {
        <div class="two">
            <div class="field">
                <label class="field-label" for="link-payer">
                    {t!("console.payer")}
                </label>
                <select
                    class="input"
                    id="link-payer"
                    aria-describedby="link-payer-error"
                    aria-invalid=move || error.get().is_some().then_some("true")
                    on:change=choose
                >
                    <option value="">{same}</option>
                    {move || {
                        let has_paid = form.editing.with(|link| link.is_some_and(|link| link.voucher.is_some()));
                        has_paid.then(|| view! { <option value="nobody">{t!("console.payer_nobody")}</option> })
                    }}
                    <option value="prepaid">{t!("console.payer_prepaid")}</option>
                    <optgroup label=t!("console.vouchers")>{vouchers}</optgroup>
                </select>
                <FieldError id="link-payer-error" error=error />
            </div>
            <LanguageField id="link-language" label=t!("app.choose_language") language=form.language />
            <Show when=move || form.payer.get() == Payer::Prepaid>
                <TextField
                    id="link-prepaid"
                    label=t!("console.link_prepaid")
                    value=form.prepaid
                    inputmode="numeric"
                    error=sending.field("/prepaid_pairs")
                />
            </Show>
        </div>
    }
}

/// Reads the support address.
pub(super) fn support(text: &str) -> Result<Option<MailAddress>, &'static str> {
    match text.trim() {
        "" => Ok(None),
        text => forms::address(text).map(Some),
    }
}
