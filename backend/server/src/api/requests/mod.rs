//! Requested migrations: a customer who would rather have it done sends one, the operator does it.
//!
//! The customer reaches a request by its order, as everything else of that; the operator by the queue over all tenants.

use mailferry_domain::request;
use mailferry_shared::{
    ids::RequestId,
    order::{LinkScope, OrderState},
    request::{MigrationRequest, RequestAction, RequestTenant},
};
use mailferry_store::RequestRecord;

use super::{auth::Principal, problem::ApiError};
use crate::app::App;

pub mod accept;
pub mod attachment;
pub mod cancel;
pub mod create;
pub mod decline;
mod files;
pub mod list;
pub mod of_order;
pub mod read;
pub mod start;

/// The request of this id, if the operator who asks may see it: a sandbox key sees those of sandbox orders only, other
/// keys only others.
async fn find(app: &App, operator: &Principal, id: RequestId) -> Result<RequestRecord, ApiError> {
    let request = app.store.request(id).await?;
    match operator.sandbox_filter() {
        Some(sandbox) if sandbox != request.sandbox => Err(ApiError::NotFound),
        _ => Ok(request),
    }
}

/// A request as the operator sees it.
async fn for_operator(app: &App, operator: &Principal, request: RequestRecord) -> Result<MigrationRequest, ApiError> {
    let writes = operator.needs(mailferry_shared::key::Scope::RequestsWrite).is_ok();
    let actions = if writes { request::operator_actions(request.state, request.order_state) } else { Vec::new() };
    let tenant = Some(RequestTenant { id: request.tenant_id, name: request.tenant_name.clone() });
    compose(app, request, tenant, actions).await
}

/// A request as its customer sees it, or whoever else its order opens to.
async fn for_customer(app: &App, scope: LinkScope, request: RequestRecord) -> Result<MigrationRequest, ApiError> {
    let manages = scope == LinkScope::Manage;
    let actions = if manages { request::customer_actions(request.state) } else { Vec::new() };
    compose(app, request, None, actions).await
}

async fn compose(
    app: &App,
    request: RequestRecord,
    tenant: Option<RequestTenant>,
    actions: Vec<RequestAction>,
) -> Result<MigrationRequest, ApiError> {
    let attachments = app.store.attachments(request.id).await?;
    // Until the order is scheduled, that is but the wish.
    let earliest_start = request.earliest_start.filter(|_| request.order_state != OrderState::Draft);
    Ok(MigrationRequest {
        id: request.id,
        order_id: request.order_id,
        state: request.state,
        order_state: request.order_state,
        tenant,
        wished_start: request.wished_start,
        earliest_start,
        contact_address: request.contact_address,
        note: request.note,
        pairs: request.pairs,
        attention: app.store.pairs_that_need_attention(request.order_id).await?,
        attachments,
        reason: request.reason,
        payment_waived: request.payment_waived,
        sandbox: request.sandbox,
        created_at: request.created_at,
        changed_at: request.changed_at,
        actions,
    })
}
