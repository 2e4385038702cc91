//! An order as its owner sees it.

use mailferry_domain::estimate::{self, Work};
use mailferry_shared::{
    account::{AccountPair, Side},
    link::{LinkVoucher, OrderLink},
    order::{LinkScope, Order, OrderAction, OrderState, OrderTotals, ProviderChoice},
    request::RequestState,
};
use mailferry_store::{LinkRecord, OrderRecord};

use crate::{
    api::{
        auth::{Principal, link},
        problem::ApiError,
    },
    app::App,
};

/// Puts an order together; only who may manage it gets the link, and only a member or API key what it is called.
///
/// # Errors
/// If the store cannot be read.
pub async fn compose(
    app: &App,
    order: OrderRecord,
    scope: LinkScope,
    principal: Option<&Principal>,
) -> Result<Order, ApiError> {
    let totals = totals(app, &order).await?;
    let payment = app.store.payment(order.id).await?;
    let link = match order.asker.link_id {
        Some(id) => Some(order_link(app.store.link(id).await?)),
        None => None,
    };
    let url = |wanted| {
        let url = || link::url(&app.keys, &app.settings.public_url, order.id, wanted, order.link_version);
        (scope == LinkScope::Manage).then(url)
    };
    let (manage_url, view_url) = (url(LinkScope::Manage), url(LinkScope::View));
    let request = app.store.request_state(order.id).await?;
    let parked = order.life.state() == OrderState::Active && app.store.has_parked_runs(order.id).await?;
    let mut actions = app.store.actions(&order, parked);
    restrict(&mut actions, scope, request);
    Ok(Order {
        id: order.id,
        reference: order.reference.filter(|_| principal.is_some()),
        state: order.life.state(),
        kind: order.kind,
        language: order.language,
        notify_address: order.notify_address,
        source: order.source,
        destination: order.destination,
        options: order.options,
        payment,
        link,
        request,
        sandbox: order.asker.sandbox,
        totals,
        accepted_terms: order.accepted_terms,
        accepted_terms_at: order.accepted_terms_at,
        created_at: order.created_at,
        earliest_start: order.earliest_start,
        delta_schedule: order.delta_schedule,
        delta_pending: order.delta_pending,
        delta_at: order.delta_at,
        started_at: order.started_at,
        finished_at: order.finished_at,
        expires_at: Some(order.expires_at),
        manage_url,
        view_url,
        actions,
    })
}

/// Leaves of what an order's state allows what whoever asks may do.
pub(in crate::api) fn restrict(actions: &mut Vec<OrderAction>, scope: LinkScope, request: Option<RequestState>) {
    if scope == LinkScope::View {
        actions.clear();
    }
    if request.is_some_and(RequestState::is_open) {
        // The operator does, by the request.
        actions.retain(|action| !matches!(action, OrderAction::Start | OrderAction::Unschedule));
    }
}

fn order_link(link: LinkRecord) -> OrderLink {
    OrderLink {
        prepaid_pairs: link.voucher.as_ref().map(LinkVoucher::left),
        voucher_state: link.voucher.map(|voucher| voucher.state),
        brand: link.brand,
        fixes_source: link.source.is_some(),
        fixes_destination: link.destination.is_some(),
    }
}

async fn totals(app: &App, order: &OrderRecord) -> Result<OrderTotals, ApiError> {
    let totals = app.store.order_totals(order.id).await?;
    let pairs = app.store.pairs(order.id).await?;
    let work = pairs.iter().filter(|pair| pair.ticked).filter_map(|pair| work(app, order, pair)).collect();
    Ok(OrderTotals { estimated_seconds: estimated_seconds(work, app.settings.workers), ..totals })
}

/// What a pair has to copy, if it has been counted, and how fast its providers let it.
fn work(app: &App, order: &OrderRecord, pair: &AccountPair) -> Option<Work> {
    let options = &order.options;
    let wanted = pair.source.survey?.wanted(options.include_trash, options.include_junk);
    let limits = |side: &Side, choice: Option<&ProviderChoice>| {
        let host = side.endpoint.as_ref().or(choice.map(|choice| &choice.endpoint)).map(|end| &end.host);
        host.map(|host| app.providers.limits_at(host)).unwrap_or_default()
    };
    Some(Work {
        messages: wanted.messages,
        size_bytes: wanted.size_bytes,
        reading: limits(&pair.source, order.source.as_ref()).reading(),
        writing: limits(&pair.destination, order.destination.as_ref()).writing(),
    })
}

/// How long the pairs will take that have been counted; `None` before any has.
fn estimated_seconds(work: Vec<Work>, workers: usize) -> Option<u64> {
    (!work.is_empty()).then(|| estimate::seconds(work, workers.max(1) as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_is_over_what_has_been_counted() {
        let work = Work { messages: 214, size_bytes: 15_000_000, ..Work::default() };
        assert_eq!(estimated_seconds(vec![work], 4), Some(51));
        assert_eq!(estimated_seconds(Vec::new(), 4), None);
    }
}
