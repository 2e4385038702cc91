//! An order as it is kept, and its columns.

use chrono::{DateTime, Utc};
use mailferry_domain::order::{Begun, Ended, Marks, OrderLife, Start};
use mailferry_shared::{
    address::MailAddress,
    ids::{OrderId, TenantId},
    order::{Language, OrderOptions, OrderState, ProviderChoice, StartKind},
    schedule::{DeltaSchedule, DeltaTrigger},
};

use super::Asker;
use crate::{error::StoreError, store::Store, value::Row};

/// What a new order begins with.
#[derive(Debug, Clone)]
pub struct NewOrder {
    /// Whose order it is; [`crate::OPERATOR_TENANT`] for the public page.
    pub tenant_id: TenantId,
    /// Who asks for it.
    pub asker: Asker,
    /// Language of page and mails.
    pub language: Language,
    /// Where status mails go.
    pub notify_address: Option<MailAddress>,
    /// The old provider.
    pub source: Option<ProviderChoice>,
    /// The new provider.
    pub destination: Option<ProviderChoice>,
    /// What to copy and how.
    pub options: OrderOptions,
    /// The terms' version that was accepted, just now.
    pub accepted_terms: String,
    /// What whoever asks calls it.
    pub reference: Option<String>,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRecord {
    /// The order number.
    pub id: OrderId,
    /// Whose order it is.
    pub tenant_id: TenantId,
    /// Who asked for it.
    pub asker: Asker,
    /// Grows with every change.
    pub version: i64,
    /// Raised to make older manage links useless.
    pub link_version: i64,
    /// Where it stands.
    pub life: OrderLife,
    /// Full migration or free trial; stays when the order is closed or cancelled, as do the times.
    pub kind: Option<StartKind>,
    /// Not started before this time; for a draft, when it is wished for.
    pub earliest_start: Option<DateTime<Utc>>,
    /// The delta that starts by itself, as asked for at the start.
    pub delta_schedule: Option<DeltaSchedule>,
    /// When it starts, once that is known.
    pub delta_at: Option<DateTime<Utc>>,
    /// True until every pair has had that delta.
    pub delta_pending: bool,
    /// When its first run was started, of the full migration once that has begun.
    pub started_at: Option<DateTime<Utc>>,
    /// When its very first run was started, a free trial's too.
    pub first_started_at: Option<DateTime<Utc>>,
    /// When its last run ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// When its main run or trial, or the last delta that started by itself, ended: what its link counts from.
    pub planned_end_at: Option<DateTime<Utc>>,
    /// When the manage link stops working; follows from the state and the store's terms.
    pub expires_at: DateTime<Utc>,
    /// Language of page and mails.
    pub language: Language,
    /// Where status mails go.
    pub notify_address: Option<MailAddress>,
    /// The old provider.
    pub source: Option<ProviderChoice>,
    /// The new provider.
    pub destination: Option<ProviderChoice>,
    /// What to copy and how.
    pub options: OrderOptions,
    /// The terms' version that was accepted.
    pub accepted_terms: String,
    /// When they were accepted.
    pub accepted_terms_at: DateTime<Utc>,
    /// When the order was created.
    pub created_at: DateTime<Utc>,
    /// When it was closed or cancelled.
    pub ended_at: Option<DateTime<Utc>>,
    /// What whoever asked calls it.
    pub reference: Option<String>,
}

pub(super) const COLUMNS: &str =
    "id, tenant_id, version, link_version, state, kind, earliest_start, started_at, finished_at,
    expires_at, language, notify_address, source, destination, options, accepted_terms, accepted_terms_at, created_at,
    member_id, api_key_id, sandbox, link_id, delta_trigger, delta_delay_hours, delta_at, delta_pending, ended_at,
    first_started_at, reference, planned_end_at";

/// The delta that was asked for at the start.
pub(super) fn delta_schedule(row: &Row) -> Result<Option<DeltaSchedule>, StoreError> {
    row.code_opt::<DeltaTrigger>("delta_trigger")?
        .map(|trigger| Ok(DeltaSchedule { trigger, delay_hours: row.get("delta_delay_hours")? }))
        .transpose()
}

pub(super) fn order_from(row: &Row) -> Result<OrderRecord, StoreError> {
    let kind = row.code_opt("kind")?;
    let earliest_start = row.get("earliest_start")?;
    let started_at = row.get("started_at")?;
    let finished_at = row.get("finished_at")?;
    let delta_schedule = delta_schedule(row)?;
    let start = kind.zip(earliest_start).map(|(kind, earliest)| Start { kind, earliest, delta: delta_schedule });
    let life = life(row.code("state")?, start, kind.zip(started_at), finished_at);
    Ok(OrderRecord {
        id: row.get("id")?,
        tenant_id: row.get("tenant_id")?,
        asker: Asker {
            member_id: row.get("member_id")?,
            api_key_id: row.get("api_key_id")?,
            sandbox: row.get("sandbox")?,
            link_id: row.get("link_id")?,
        },
        version: row.get("version")?,
        link_version: row.get("link_version")?,
        life: life.ok_or_else(|| StoreError::corrupt("orders.state"))?,
        kind,
        earliest_start,
        started_at,
        first_started_at: row.get("first_started_at")?,
        finished_at,
        planned_end_at: row.get("planned_end_at")?,
        delta_schedule,
        delta_at: row.get("delta_at")?,
        delta_pending: row.get("delta_pending")?,
        ended_at: row.get("ended_at")?,
        expires_at: row.get("expires_at")?,
        language: row.code("language")?,
        notify_address: row
            .get::<Option<String>>("notify_address")?
            .map(|text| text.parse().map_err(|_| StoreError::corrupt("orders.notify_address")))
            .transpose()?,
        source: row.json_opt("source")?,
        destination: row.json_opt("destination")?,
        options: row.json("options")?,
        accepted_terms: row.get("accepted_terms")?,
        accepted_terms_at: row.get("accepted_terms_at")?,
        created_at: row.get("created_at")?,
        reference: row.get("reference")?,
    })
}

fn life(
    state: OrderState,
    start: Option<Start>,
    begun: Option<(StartKind, DateTime<Utc>)>,
    finished_at: Option<DateTime<Utc>>,
) -> Option<OrderLife> {
    let begun = begun.map(|(kind, started_at)| Begun { kind, started_at });
    Some(match state {
        OrderState::Draft => OrderLife::Draft,
        OrderState::AwaitingPayment => OrderLife::AwaitingPayment { start: start? },
        OrderState::Scheduled => OrderLife::Scheduled { start: start? },
        OrderState::Active => OrderLife::Active(begun?),
        OrderState::Paused => OrderLife::Paused(begun?),
        OrderState::Completed => OrderLife::Completed(begun?, Ended { finished_at: finished_at? }),
        OrderState::Closed => OrderLife::Closed,
        OrderState::Cancelled => OrderLife::Cancelled,
    })
}

impl OrderRecord {
    /// True if what vouchers have paid for has not begun: then they come back. (A closed or cancelled order has given
    /// back what it could.)
    pub(crate) fn is_unused(&self) -> bool {
        match self.life {
            OrderLife::Draft | OrderLife::AwaitingPayment { .. } | OrderLife::Scheduled { .. } => true,
            OrderLife::Active(begun) | OrderLife::Paused(begun) | OrderLife::Completed(begun, _) => {
                begun.kind == StartKind::Trial
            }
            OrderLife::Closed | OrderLife::Cancelled => false,
        }
    }

    /// Sets what follows from `life`.
    pub(super) fn follow_life(&mut self, store: &Store) {
        match self.life {
            OrderLife::Draft => self.kind = None,
            OrderLife::Closed | OrderLife::Cancelled => {
                self.ended_at = self.ended_at.or_else(|| Some(store.now()));
                self.delta_pending = false;
            }
            OrderLife::AwaitingPayment { start } | OrderLife::Scheduled { start } => {
                self.kind = Some(start.kind);
                self.earliest_start = Some(start.earliest);
                self.delta_schedule = start.delta;
                self.delta_pending = start.delta.is_some();
            }
            OrderLife::Active(begun) | OrderLife::Paused(begun) => {
                self.kind = Some(begun.kind);
                self.started_at = Some(begun.started_at);
                self.finished_at = None;
            }
            OrderLife::Completed(begun, ended) => {
                self.kind = Some(begun.kind);
                self.started_at = Some(begun.started_at);
                self.finished_at = Some(ended.finished_at);
                self.planned_end_at.get_or_insert(ended.finished_at);
            }
        }
        if let OrderLife::Active(begun) | OrderLife::Paused(begun) | OrderLife::Completed(begun, _) = self.life {
            self.first_started_at.get_or_insert(begun.started_at);
        }
        self.expires_at = self.ends_at(store);
    }

    /// When its link ends, as it is.
    pub(crate) fn ends_at(&self, store: &Store) -> DateTime<Utc> {
        let marks = Marks {
            created_at: self.created_at,
            wished_start: self.earliest_start,
            first_started_at: self.first_started_at,
            planned_end_at: self.planned_end_at,
            ended_at: self.ended_at,
            delta_is_pending: self.delta_pending,
        };
        self.life.expires_at(&marks, store.terms())
    }
}
