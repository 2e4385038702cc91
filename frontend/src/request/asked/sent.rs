//! What was sent, and how it stands with the money.

use leptos::prelude::*;
use mailferry_shared::request::MigrationRequest;

use super::Page;
use crate::{
    browser::intl,
    components::{Glyph, fact, icon},
    i18n,
    state::service::Service,
    t, tn,
};

/// How it stands with the money: not charged, paid, or what each account costs; nothing where that is not known here.
pub(super) fn payment(page: Page, service: Service, request: &MigrationRequest) -> Option<String> {
    if request.payment_waived {
        return Some(t!("queue.waived").to_owned());
    }
    page.order.with(|order| {
        let order = order.as_ref().filter(|_| !request.state.is_off())?;
        let (covered, needed) = (order.payment.pairs_covered, order.payment.pairs_needed);
        if covered > 0 && covered >= needed {
            return Some(t!("console.pay_paid").to_owned());
        }
        // By a link, its reseller pays or names the price.
        let info = service.info();
        let price = info.ready()?.price.as_ref().filter(|_| order.link.is_none())?;
        let each = intl::money(price.total_minor, price.price.currency);
        Some(format!("{} × {each}", i18n::number(u64::from(needed.saturating_sub(covered)))))
    })
}

/// What was sent, and what is known of its payment.
pub(super) fn sent(request: &MigrationRequest, payment: Option<String>) -> impl IntoView + use<> {
    let start = request
        .earliest_start
        .filter(|_| !request.state.is_off())
        .map(|at| fact(t!("request.fact_start"), intl::appointment(at)));
    // Once a start is agreed, that is the one to know.
    let wished = start.is_none().then(|| fact(t!("request.fact_wished"), intl::appointment(request.wished_start)));
    let contact = request.contact_address.as_ref().map(|to| fact(t!("request.fact_contact"), to.to_string()));
    let note = (!request.note.is_empty()).then(|| {
        view! {
            <h3>{t!("request.note_label")}</h3>
            <p class="as-written soft" data-data="">{request.note.clone()}</p>
        }
    });
    let files = request.attachments.iter().map(|file| {
        let entries = tn!("request.entries", u64::from(file.entries));
        view! {
            <li>
                {icon(Glyph::File)}
                <span>
                    <span class="account-name">{file.name.clone()}</span>
                    <span class="account-meta">{format!(" {} · {entries}", intl::size(file.size_bytes))}</span>
                </span>
            </li>
        }
    });
    let files = (!request.attachments.is_empty()).then(|| {
        view! {
            <h3>{t!("request.files_title")}</h3>
            <ul class="bullets" role="list">{files.collect_view()}</ul>
        }
    });
    view! {
        <section class="card" aria-labelledby="sent-title">
            <h2 id="sent-title">{t!("request.what_was_sent")}</h2>
            <dl class="facts facts-small">
                {fact(t!("request.fact_sent"), intl::date_time(request.created_at))}
                {wished}
                {start}
                {fact(t!("status.accounts"), i18n::number(u64::from(request.pairs)))}
                {payment.map(|payment| fact(t!("pay.title"), payment))}
                {contact}
                {fact(t!("request.fact_changed"), intl::date_time(request.changed_at))}
            </dl>
            {note}
            {files}
        </section>
    }
}
