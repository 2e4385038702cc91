//! An order as its owner sees it.

use mailferry_domain::estimate;
use mailferry_shared::{
    account::AccountPair,
    order::{LinkScope, Order, OrderTotals},
};
use mailferry_store::OrderRecord;

use crate::{
    api::{auth::link, problem::ApiError},
    app::App,
};

/// Puts an order together; only who may manage it gets the link.
///
/// # Errors
/// If the store cannot be read.
pub async fn compose(app: &App, order: OrderRecord, scope: LinkScope) -> Result<Order, ApiError> {
    let totals = totals(app, &order).await?;
    let payment = app.store.payment(order.id).await?;
    let manage_url = (scope == LinkScope::Manage)
        .then(|| link::url(&app.keys, &app.settings.public_url, order.id, scope, order.link_version));
    let actions = if scope == LinkScope::Manage { order.life.actions() } else { Vec::new() };
    Ok(Order {
        id: order.id,
        state: order.life.state(),
        kind: order.kind,
        language: order.language,
        notify_address: order.notify_address,
        source: order.source,
        destination: order.destination,
        options: order.options,
        payment,
        totals,
        accepted_terms: order.accepted_terms,
        accepted_terms_at: order.accepted_terms_at,
        created_at: order.created_at,
        earliest_start: order.earliest_start,
        delta_schedule: order.delta_schedule,
        delta_at: order.delta_at,
        started_at: order.started_at,
        finished_at: order.finished_at,
        expires_at: Some(order.expires_at),
        manage_url,
        actions,
    })
}

async fn totals(app: &App, order: &OrderRecord) -> Result<OrderTotals, ApiError> {
    let totals = app.store.order_totals(order.id).await?;
    let pairs = app.store.pairs(order.id).await?;
    Ok(OrderTotals { estimated_seconds: estimated_seconds(&pairs, app.settings.workers), ..totals })
}

/// How long the ticked pairs will take that have been counted; `None` before any has.
fn estimated_seconds(pairs: &[AccountPair], workers: usize) -> Option<u64> {
    let counted = pairs.iter().filter(|pair| pair.ticked).filter_map(|pair| pair.source.survey);
    let accounts: Vec<(u64, u64)> = counted.map(|survey| (survey.messages, survey.size_bytes)).collect();
    (!accounts.is_empty()).then(|| estimate::seconds(accounts, workers.max(1) as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::examples;

    #[test]
    fn the_estimate_is_over_what_is_ticked_and_counted() {
        let mut pair = examples::account();
        assert_eq!(estimated_seconds(&[pair.clone()], 4), Some(51));
        pair.ticked = false;
        assert_eq!(estimated_seconds(&[pair.clone()], 4), None);
        pair.ticked = true;
        pair.source.survey = None;
        assert_eq!(estimated_seconds(&[pair], 4), None);
    }
}
