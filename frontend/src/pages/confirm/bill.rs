//! What is to be paid, line by line.

use leptos::prelude::*;
use mailferry_shared::payment::Amount;

use crate::{browser::intl, t, tn};

/// How a tax that is known everywhere is called here.
fn tax_name(name: &str) -> &str {
    if name.eq_ignore_ascii_case("VAT") { t!("pay.vat") } else { name }
}

/// What it comes to, line by line: the accounts, a tax that is added, the sum, and a tax that is in it.
pub(super) fn bill(due: &Amount) -> impl IntoView + use<> {
    let money = |minor| intl::money(minor, due.price.currency);
    let line = |class: &'static str, name: String, minor| {
        view! {
            <div class=class>
                <dt>{name}</dt>
                <dd>{money(minor)}</dd>
            </div>
        }
    };
    let accounts = tn!("pay.accounts", u64::from(due.pairs), price = money(due.price.pair_minor));
    let price = &due.price;
    let (name, rate) = (tax_name(&price.tax_name), intl::basis_points(price.tax_basis_points));
    let is_taxed = price.tax_basis_points > 0;
    let added =
        (is_taxed && !price.tax_included).then(|| line("", t!("pay.tax", name = name, rate = rate), due.tax_minor));
    let within = (is_taxed && price.tax_included)
        .then(|| line("", t!("pay.tax_included", name = name, rate = rate), due.tax_minor));
    let before = if price.tax_included { due.total_minor } else { due.net_minor };
    view! {
        <dl class="bill">
            {line("", accounts, before)}
            {added}
            {line("bill-total", t!("pay.total").to_owned(), due.total_minor)}
            {within}
        </dl>
    }
}
