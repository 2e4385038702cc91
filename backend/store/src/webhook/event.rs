//! Events are written in the same transaction as the change they tell of, with their deliveries and jobs: none is lost,
//! and none tells of what was rolled back.

use mailferry_shared::{
    ids::{TenantId, WebhookDeliveryId, WebhookId},
    order::OrderState,
    webhook::{Event, EventData, EventKind, EventRequest, EventRun},
};

use crate::{
    db::Tx,
    error::StoreError,
    jobs::{JobKind, enqueue},
    order::OrderRecord,
    run::RunRecord,
    store::Store,
    tenant::OPERATOR_TENANT,
    value::{args, json},
};

/// What a change of an order's state is called.
fn kind_of(from: OrderState, to: OrderState, deltas: bool) -> Option<EventKind> {
    use OrderState::{Active, AwaitingPayment, Cancelled, Closed, Completed, Draft, Paused, Scheduled};
    match (from, to) {
        (from, to) if from == to => None,
        (_, Draft) => None,
        (_, AwaitingPayment) => Some(EventKind::OrderAwaitingPayment),
        (_, Scheduled) => Some(EventKind::OrderSubmitted),
        (Paused, Active) => Some(EventKind::OrderResumed),
        (Completed, Active) => Some(EventKind::DeltaStarted),
        (_, Active) => Some(EventKind::OrderStarted),
        (_, Paused) => Some(EventKind::OrderPaused),
        (_, Completed) => Some(if deltas { EventKind::DeltaCompleted } else { EventKind::OrderCompleted }),
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
            Some(kind) => self.tell_event(tx, order, kind, None).await,
            None => Ok(()),
        }
    }

    /// Tells of a run that has ended, or waits until something is mended.
    pub(crate) async fn tell_run(&self, tx: &mut Tx, order: &OrderRecord, run: &RunRecord) -> Result<(), StoreError> {
        let run = &run.summary;
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
        self.tell_event(tx, order, kind, Some(told)).await
    }

    /// Writes an event with a delivery for every endpoint that wants it; nothing if none does.
    pub(crate) async fn tell_event(
        &self,
        tx: &mut Tx,
        order: &OrderRecord,
        kind: EventKind,
        run: Option<EventRun>,
    ) -> Result<(), StoreError> {
        let data = EventData { order_id: order.id, state: order.life.state(), kind: order.kind, run, request: None };
        let wanted = listeners(tx, order, kind, order.tenant_id).await?;
        self.write_event(tx, order, Event { kind, timestamp: self.now(), data }, wanted).await
    }

    /// The same of a requested migration: the operator's endpoints are told too, whose customer it is notwithstanding.
    pub(crate) async fn tell_request_event(
        &self,
        tx: &mut Tx,
        order: &OrderRecord,
        kind: EventKind,
        request: EventRequest,
    ) -> Result<(), StoreError> {
        let (order_id, state) = (order.id, order.life.state());
        let data = EventData { order_id, state, kind: order.kind, run: None, request: Some(request) };
        let mut wanted = listeners(tx, order, kind, order.tenant_id).await?;
        if order.tenant_id != OPERATOR_TENANT {
            wanted.extend(listeners(tx, order, kind, OPERATOR_TENANT).await?);
        }
        self.write_event(tx, order, Event { kind, timestamp: self.now(), data }, wanted).await
    }

    async fn write_event(
        &self,
        tx: &mut Tx,
        order: &OrderRecord,
        event: Event,
        wanted: Vec<WebhookId>,
    ) -> Result<(), StoreError> {
        if wanted.is_empty() {
            return Ok(());
        }
        let (id, now, payload) = (self.new_id()?, event.timestamp, json(&event)?);
        let sql = "INSERT INTO webhook_events (id, tenant_id, payload, created_at) VALUES ($1, $2, $3, $4)";
        tx.execute(sql, args![id, order.tenant_id, payload, now]).await?;
        for webhook in wanted {
            let delivery = WebhookDeliveryId(self.new_id()?);
            tx.execute(
                "INSERT INTO webhook_deliveries (id, webhook_id, event_id, state, tries, next_at, created_at)
                 VALUES ($1, $2, $3, 'pending', 0, $4, $4)",
                args![delivery, webhook, id, now],
            )
            .await?;
            enqueue(tx, JobKind::Webhook, delivery.0, now, now).await?;
        }
        Ok(())
    }
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
            (Completed, Active, true, Some(EventKind::DeltaStarted)),
            (Active, Completed, true, Some(EventKind::DeltaCompleted)),
            (Completed, Closed, true, Some(EventKind::OrderClosed)),
            (Paused, Cancelled, false, Some(EventKind::OrderCancelled)),
        ] {
            assert_eq!(kind_of(from, to, deltas), kind, "{from:?} → {to:?}");
        }
    }
}
