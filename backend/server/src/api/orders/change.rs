//! `PATCH /orders/{order_id}`

use actix_web::{
    patch,
    web::{Data, Json},
};
use mailferry_domain::order::OrderTransitionError;
use mailferry_shared::order::{Order, OrderAction, OrderChange, OrderState, ProviderChoice};
use mailferry_store::OrderRecord;

use super::{
    create::{FIXED, largest_message, reference, within},
    retry, view,
};
use crate::{
    api::{auth::Managing, errors, examples, json::Body, path::OrderPath, problem::ApiError, validate::Check},
    app::App,
};

/// Changes an order; what is absent stays.
///
/// Providers and options can be changed until the start (`change` is among the order's actions), options also between two
/// runs (`change_options`): the next run, a delta or after a trial the full migration, copies by the new ones what the old
/// ones left out. A folder that has been copied stays where it is. Mail address, language and, by a member or API key, the
/// reference can be changed until the order is closed or cancelled.
#[utoipa::path(
    operation_id = "changeOrder",
    tag = "orders",
    params(OrderPath),
    request_body(content = OrderChange, example = json!({"notify_address": "anna@example.org"})),
    responses(
        (status = 200, description = "The order as it is now", body = Order, example = json!(examples::order())),
        errors::Guarded,
        errors::WithBody,
        errors::OfState,
        errors::Always,
    ),
    security(("session" = []), ("api_key" = ["orders:write"])),
)]
#[patch("/orders/{order_id}")]
pub(crate) async fn change_order(
    app: Data<App>,
    managing: Managing,
    body: Body<OrderChange>,
) -> Result<Json<Order>, ApiError> {
    let (access, mut change) = (managing.0, body.read()?);
    let mut check = Check::within(access.order.asker.sandbox);
    check.choice(change.source.as_ref(), "/source", &app.providers);
    check.choice(change.destination.as_ref(), "/destination", &app.providers);
    check.reference(change.reference.as_deref());
    check.seller(change.reference.is_none() || access.principal.is_some());
    if let Some(options) = &mut change.options {
        let most_bytes = largest_message(&app, access.order.tenant_id).await?;
        within(options, most_bytes);
        check.options(options, most_bytes);
    }
    check.done()?;
    if let Some(link) = access.order.asker.link_id {
        let link = app.store.link(link).await?;
        let (source, destination) = (link.source.is_some(), link.destination.is_some());
        let mut check = Check::default();
        check.that(!source || same(change.source.as_ref(), access.order.source.as_ref()), "/source", FIXED);
        check.that(
            !destination || same(change.destination.as_ref(), access.order.destination.as_ref()),
            "/destination",
            FIXED,
        );
        check.done()?;
    }
    let save = async |order: &OrderRecord| {
        may_change(order, &change)?;
        app.store.save_order(&apply(order.clone(), &change)).await
    };
    let order = retry::on_conflict(&app.store, access.order, save).await?;
    Ok(Json(view::compose(&app, order, access.scope, access.principal.as_ref()).await?))
}

fn may_change(order: &OrderRecord, change: &OrderChange) -> Result<(), OrderTransitionError> {
    let (from, actions) = (order.life.state(), order.life.actions());
    let possible = if change.source.is_some() || change.destination.is_some() {
        actions.contains(&OrderAction::Change)
    } else if change.options.is_some() {
        actions.contains(&OrderAction::Change) || actions.contains(&OrderAction::ChangeOptions)
    } else {
        !matches!(from, OrderState::Closed | OrderState::Cancelled)
    };
    if possible { Ok(()) } else { Err(OrderTransitionError { from, action: "be changed" }) }
}

fn same(asked: Option<&ProviderChoice>, now: Option<&ProviderChoice>) -> bool {
    asked.is_none() || asked == now
}

fn apply(order: OrderRecord, change: &OrderChange) -> OrderRecord {
    OrderRecord {
        language: change.language.unwrap_or(order.language),
        notify_address: change.notify_address.clone().or(order.notify_address),
        source: change.source.clone().or(order.source),
        destination: change.destination.clone().or(order.destination),
        options: change.options.clone().unwrap_or(order.options),
        reference: change.reference.as_deref().map_or(order.reference, reference),
        ..order
    }
}
