//! Examples of vouchers in lists, and of pre-configured links.

use mailferry_shared::{
    ids::{LinkId, OrderId, VoucherBatchId, VoucherId},
    link::{Brand, Link, LinkCreate, LinkList, LinkOffer, LinkOpen, LinkVoucher},
    order::{Language, OrderState},
    secret::Secret,
    voucher::{Voucher, VoucherLimits, VoucherPage, VoucherState, VoucherUse},
};

use super::{at, choice, id};

/// A voucher that was used for one order.
pub fn voucher() -> Voucher {
    let used = VoucherUse { order_id: OrderId(id(1)), order_state: OrderState::Completed, pairs: 2, used_at: at(20) };
    Voucher {
        id: VoucherId(id(6)),
        batch_id: Some(VoucherBatchId(id(19))),
        hint: "MF-7K2QX".to_owned(),
        state: VoucherState::Issued,
        pairs: 5,
        pairs_used: 2,
        limits: VoucherLimits { valid_until: Some(at(60 * 24 * 365)), ..VoucherLimits::default() },
        note: "Customer 4711".to_owned(),
        sandbox: false,
        created_at: at(0),
        uses: vec![used],
    }
}

/// A page of the list of vouchers.
pub fn voucher_page() -> VoucherPage {
    VoucherPage { items: vec![voucher()], next_cursor: None }
}

fn brand() -> Brand {
    Brand {
        name: Some("Example Hosting".to_owned()),
        colour: "#0b5fa5".parse().ok(),
        logo: Some("data:image/png;base64,iVBORw0KGgo=".to_owned()),
        support_address: "help@hosting.example".parse().ok(),
    }
}

/// A new link.
pub fn link_create() -> LinkCreate {
    LinkCreate {
        name: "Welcome mail".to_owned(),
        source: None,
        destination: choice("ionos-com", "imap.ionos.com"),
        language: Language::En,
        brand: brand(),
        voucher_id: None,
        prepaid_pairs: Some(100),
        once: false,
    }
}

/// A link.
pub fn link() -> Link {
    let LinkCreate { name, source, destination, language, brand, once, .. } = link_create();
    Link {
        id: LinkId(id(20)),
        name,
        url: "https://move.example.org/#link=…".to_owned(),
        token: Secret::new("AZnRxF1eehCMLz8ffFwAFG7WcC2u1k3m5o7q9s1u3w4"),
        source,
        destination,
        language,
        brand,
        voucher: Some(LinkVoucher {
            id: VoucherId(id(6)),
            hint: "MF-7K2QX".to_owned(),
            pairs: 100,
            pairs_used: 2,
            state: VoucherState::Issued,
        }),
        once,
        uses: 1,
        sandbox: false,
        created_at: at(0),
        revoked: false,
    }
}

/// The links of a tenant.
pub fn links() -> LinkList {
    LinkList { items: vec![link()], next_cursor: None }
}

/// What an end user's page sends.
pub fn link_open() -> LinkOpen {
    LinkOpen { token: link().token }
}

/// What it is answered.
pub fn link_offer() -> LinkOffer {
    let Link { brand, source, destination, language, sandbox, voucher, .. } = link();
    LinkOffer {
        brand,
        source,
        destination,
        language,
        prepaid_pairs: voucher.as_ref().map(LinkVoucher::left),
        voucher_state: voucher.map(|voucher| voucher.state),
        sandbox,
    }
}
