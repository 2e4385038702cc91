//! Events are written in the same transaction as the change they tell of, with their deliveries and jobs: none is lost,
//! and none tells of what was rolled back.

use mailferry_domain::order::OrderLife;
use mailferry_shared::{
    ids::{DeltaId, TenantId, WebhookId},
    order::OrderState,
    webhook::{Event, EventData, EventKind, EventRequest, EventRun},
};

use crate::{
    db::Tx, error::StoreError, order::OrderRecord, run::RunRecord, store::Store, tenant::OPERATOR_TENANT, value::args,
};

/// What a change of an order's state is called. Deltas are told each ([`Store::tell_delta`]), whatever the order's state.
fn kind_of(from: OrderState, to: OrderState, deltas: bool) -> Option<EventKind> {
    use OrderState::{Active, AwaitingPayment, Cancelled, Closed, Completed, Draft, Paused, Scheduled};
    match (from, to) {
        (from, to) if from == to => None,
        (Scheduled, Draft | Completed) => Some(EventKind::OrderUnscheduled),
        (_, Draft) => None,
        (_, AwaitingPayment) => Some(EventKind::OrderAwaitingPayment),
        (_, Scheduled) => Some(EventKind::OrderSubmitted),
        (Completed, Active) if deltas => None,
        (Paused | Completed, Active) => Some(EventKind::OrderResumed),
        (_, Active) => Some(EventKind::OrderStarted),
        (_, Paused) => Some(EventKind::OrderPaused),
        (_, Completed) => (!deltas).then_some(EventKind::OrderCompleted),
        (_, Closed) => Some(EventKind::OrderClosed),
        (_, Cancelled) => Some(EventKind::OrderCancelled),
    }
}

impl Store {
    /// Tells of a change of an order's state.
    pub(crate) async fn tell_state(
        &self,
        tx: &mut Tx,
        from: OrderState,
        order: &OrderRecord,
    ) -> Result<(), StoreError> {
        let sql = "SELECT COUNT(*) AS n FROM deltas WHERE order_id = $1";
        let deltas = tx.row(sql, args![order.id]).await?.get::<i64>("n")? > 0;
        match kind_of(from, order.life.state(), deltas) {
            Some(kind) => self.tell_event(tx, order, kind).await,
            None => Ok(()),
        }
    }

    /// Tells of a delta that begins (its order is active from then on), or has ended.
    pub(crate) async fn tell_delta(
        &self,
        tx: &mut Tx,
        order: &OrderRecord,
        kind: EventKind,
        id: DeltaId,
    ) -> Result<(), StoreError> {
        let begins = kind == EventKind::DeltaStarted;
        let state = if begins { OrderState::Active } else { order.life.state() };
        let data = EventData { state: Some(state), delta_id: Some(id), ..about(order) };
        self.tell(tx, order, kind, data).await
    }

    /// Tells of each delta whose last run has ended, once. True if there were any.
    pub(crate) async fn tell_ended_deltas(&self, tx: &mut Tx, order: &OrderRecord) -> Result<bool, StoreError> {
        if matches!(order.life, OrderLife::Closed | OrderLife::Cancelled) {
            return Ok(false);
        }
        let sql = "UPDATE deltas SET end_told = 1 WHERE order_id = $1 AND end_told = 0 AND NOT EXISTS (
                SELECT 1 FROM runs r WHERE r.delta_id = deltas.id AND r.state IN ('queued', 'running', 'paused'))
             RETURNING id";
        let ended = tx.rows(sql, args![order.id]).await?;
        for row in &ended {
            self.tell_delta(tx, order, EventKind::DeltaCompleted, row.get("id")?).await?;
        }
        Ok(!ended.is_empty())
    }

    /// Tells of a run that has ended, or waits until something is mended.
    pub(crate) async fn tell_run(&self, tx: &mut Tx, order: &OrderRecord, run: &RunRecord) -> Result<(), StoreError> {
        let (delta_id, run) = (run.delta_id, &run.summary);
        let kind = if run.state.is_final() { EventKind::RunFinished } else { EventKind::OrderActionNeeded };
        let told = EventRun {
            id: run.id,
            pair_id: run.pair_id,
            kind: run.kind,
            state: run.state,
            stored: run.counts.stored,
            failed: run.counts.failed,
            finding: run.finding.as_ref().map(|finding| finding.code),
        };
        self.tell(tx, order, kind, EventData { run: Some(told), delta_id, ..about(order) }).await
    }

    /// Tells of what has happened to an order.
    pub(crate) async fn tell_event(&self, tx: &mut Tx, order: &OrderRecord, kind: EventKind) -> Result<(), StoreError> {
        self.tell(tx, order, kind, about(order)).await
    }

    /// Writes an event with a delivery for every endpoint that wants it; nothing if none does.
    async fn tell(&self, tx: &mut Tx, order: &OrderRecord, kind: EventKind, data: EventData) -> Result<(), StoreError> {
        let wanted = listeners(tx, order, kind, order.tenant_id).await?;
        self.write_event(tx, order, &Event { kind, timestamp: self.now(), data }, wanted).await
    }

    /// The same of a requested migration: the operator's endpoints are told too, whose customer it is notwithstanding.
    pub(crate) async fn tell_request_event(
        &self,
        tx: &mut Tx,
        order: &OrderRecord,
        kind: EventKind,
        request: EventRequest,
    ) -> Result<(), StoreError> {
        let data = EventData { request: Some(request), ..about(order) };
        let mut wanted = listeners(tx, order, kind, order.tenant_id).await?;
        if order.tenant_id != OPERATOR_TENANT {
            wanted.extend(listeners(tx, order, kind, OPERATOR_TENANT).await?);
        }
        self.write_event(tx, order, &Event { kind, timestamp: self.now(), data }, wanted).await
    }

    async fn write_event(
        &self,
        tx: &mut Tx,
        order: &OrderRecord,
        event: &Event,
        wanted: Vec<WebhookId>,
    ) -> Result<(), StoreError> {
        if wanted.is_empty() {
            return Ok(());
        }
        let id = self.insert_event(tx, order.tenant_id, event).await?;
        for webhook in wanted {
            self.insert_delivery(tx, webhook, id, 0).await?;
        }
        Ok(())
    }
}

/// What every event about an order tells.
fn about(order: &OrderRecord) -> EventData {
    let (order_id, state) = (Some(order.id), Some(order.life.state()));
    EventData { order_id, state, kind: order.kind, ..EventData::default() }
}

/// The endpoints of a tenant that want to be told.
async fn listeners(
    tx: &mut Tx,
    order: &OrderRecord,
    kind: EventKind,
    tenant: TenantId,
) -> Result<Vec<WebhookId>, StoreError> {
    let sql = "SELECT id, events FROM webhooks WHERE tenant_id = $1 AND sandbox = $2 AND enabled = 1";
    let mut wanted = Vec::new();
    for row in tx.rows(sql, args![tenant, order.asker.sandbox]).await? {
        let events: Vec<EventKind> = row.json("events")?;
        if events.is_empty() || events.contains(&kind) {
            wanted.push(row.get("id")?);
        }
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_states_of_an_order_have_their_events() {
        use OrderState::{Active, AwaitingPayment, Cancelled, Closed, Completed, Draft, Paused, Scheduled};
        for (from, to, deltas, kind) in [
            (Draft, Draft, false, None),
            (Draft, AwaitingPayment, false, Some(EventKind::OrderAwaitingPayment)),
            (AwaitingPayment, Scheduled, false, Some(EventKind::OrderSubmitted)),
            (Scheduled, Active, false, Some(EventKind::OrderStarted)),
            (Active, Paused, false, Some(EventKind::OrderPaused)),
            (Paused, Active, true, Some(EventKind::OrderResumed)),
            (Active, Completed, false, Some(EventKind::OrderCompleted)),
            (Completed, Active, false, Some(EventKind::OrderResumed)),
            (Completed, Active, true, None),
            (Active, Completed, true, None),
            (Scheduled, Draft, false, Some(EventKind::OrderUnscheduled)),
            (Scheduled, Completed, false, Some(EventKind::OrderUnscheduled)),
            (Completed, Scheduled, false, Some(EventKind::OrderSubmitted)),
            (Completed, Closed, true, Some(EventKind::OrderClosed)),
            (Paused, Cancelled, false, Some(EventKind::OrderCancelled)),
        ] {
            assert_eq!(kind_of(from, to, deltas), kind, "{from:?} → {to:?}");
        }
    }
}
