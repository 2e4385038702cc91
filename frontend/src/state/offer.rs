//! A pre-configured link: what it fixes, and whose colours the page wears.

use leptos::{prelude::*, task::spawn_local};
use mailferry_shared::{
    address::MailAddress,
    link::{Brand, LinkOpen},
    secret::Secret,
    voucher::VoucherState,
};

use crate::{
    api::{self, ApiError},
    brand::{Colour, accents},
    browser,
    state::{language::PageLanguage, service::Service},
};

/// Who pays for a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pays {
    /// Whoever makes it, at the price of the public page.
    Buyer,
    /// The link by which one came.
    Link,
    /// As the link's tenant has it, who is told where one pays.
    Elsewise,
}

/// The link by which somebody came, in every component's context.
#[derive(Clone, Copy)]
pub(crate) struct Offer {
    token: StoredValue<Option<Secret>>,
    /// Why it cannot be used.
    pub(crate) failure: RwSignal<Option<ApiError>>,
    /// Whether it fixes the old and the new provider.
    pub(crate) fixes: RwSignal<(bool, bool)>,
    /// How what is moved by it is paid for.
    pub(crate) pays: RwSignal<Pays>,
    /// Where the voucher stands that is to pay.
    pub(crate) voucher: RwSignal<Option<VoucherState>>,
    /// Whose page this is.
    pub(crate) brand: RwSignal<Option<Brand>>,
}

impl Offer {
    /// Reads the link in the address, if there is one, and provides what it offers.
    pub(crate) fn provide(language: PageLanguage) -> Self {
        let token = browser::fragment("link").map(Secret::new);
        let here = Self {
            token: StoredValue::new(token.clone()),
            failure: RwSignal::new(None),
            fixes: RwSignal::new((false, false)),
            pays: RwSignal::new(if token.is_some() { Pays::Elsewise } else { Pays::Buyer }),
            voucher: RwSignal::new(None),
            brand: RwSignal::new(None),
        };
        provide_context(here);
        if let Some(token) = token {
            spawn_local(async move {
                match api::open_link(&LinkOpen { token }).await {
                    Ok(offer) => {
                        language.prefer(offer.language.tag());
                        here.fixes.set((offer.source.is_some(), offer.destination.is_some()));
                        here.voucher.set(offer.voucher_state);
                        if offer.voucher_state == Some(VoucherState::Issued) {
                            here.pays.set(Pays::Link);
                        }
                        here.wear(&offer.brand);
                    }
                    Err(error) => here.failure.set(Some(error)),
                }
            });
        }
        here
    }

    pub(crate) fn get() -> Self {
        expect_context()
    }

    /// The token, for the order that is made by the link.
    pub(crate) fn token(self) -> Option<Secret> {
        self.token.get_value()
    }

    /// Where one asks for help: whose page it is, else whoever runs the service.
    pub(crate) fn help(self) -> Memo<Option<MailAddress>> {
        let service = Service::get();
        Memo::new(move |_| {
            let own = self.brand.with(|brand| brand.as_ref().and_then(|brand| brand.support_address.clone()));
            own.or_else(|| service.operator().contact)
        })
    }

    /// Shows the page in the colours and under the name of `brand`.
    pub(crate) fn wear(self, brand: &Brand) {
        let colour = brand.colour.as_ref().and_then(|colour| Colour::parse(colour.as_str()));
        for (name, value) in colour.map(accents).into_iter().flat_map(|accents| accents.variables) {
            browser::set_style(name, &value);
        }
        self.brand.set(Some(brand.clone()));
    }
}
