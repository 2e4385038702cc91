//! Examples of requested migrations.

use chrono::DateTime;
use mailferry_shared::{
    ids::{AttachmentId, OrderId, RequestId, TenantId},
    import::{ImportRequest, ImportResult, ImportRow},
    order::{Language, Order, OrderAction, OrderOptions, OrderState},
    request::{
        AttachmentKind, AttachmentUpload, MigrationRequest, RequestAction, RequestAttachment, RequestCreate,
        RequestDecline, RequestListItem, RequestPage, RequestSent, RequestStart, RequestState, RequestTenant,
    },
    schedule::{DeltaSchedule, DeltaTrigger},
    secret::Secret,
};

use super::{at, choice, id, import_request, import_result, order};

/// When the example's customer would like it to start, minutes after the examples' own time.
const WISH: i64 = 60 * 24 * 6;

/// What is in a file of accounts, with no order that it is imported to.
pub fn import_preview() -> ImportResult {
    let result = import_result();
    let rows = result.rows.into_iter().map(|row| ImportRow { pair_id: None, ..row });
    ImportResult { rows: rows.collect(), ..result }
}

/// A request.
pub fn request_create() -> Option<RequestCreate> {
    Some(RequestCreate {
        accepted_terms: crate::api::service::TERMS_VERSION.to_owned(),
        accounts: ImportRequest { destination_password: Some(Secret::new("staple")), ..import_request() },
        wished_start: DateTime::parse_from_rfc3339("2026-12-02T20:00:00+01:00").ok()?,
        contact_address: "anna@example.org".parse().ok()?,
        note: "Please ring before you start.".to_owned(),
        attachments: vec![AttachmentUpload {
            name: "contacts.vcf".to_owned(),
            content: Secret::new("QkVHSU46VkNBUkQNClZFUlNJT046NC4wDQpGTjpBbm5hDQpFTkQ6VkNBUkQNCg=="),
        }],
        language: Some(Language::En),
        source: None,
        destination: choice("ionos-com", "imap.ionos.com"),
        options: OrderOptions::default(),
        link: None,
    })
}

/// What became of it.
pub fn request_sent() -> RequestSent {
    let order = order();
    let actions = order.actions.iter().copied().filter(|action| *action != OrderAction::Start).collect();
    let request = Some(RequestState::Requested);
    RequestSent {
        import: import_result(),
        request: self::request(),
        order: Order { earliest_start: Some(at(WISH)), request, actions, ..order },
    }
}

/// A request as its customer sees it.
pub fn request() -> MigrationRequest {
    MigrationRequest {
        id: RequestId(id(0x40)),
        order_id: OrderId(id(1)),
        state: RequestState::Requested,
        order_state: OrderState::Draft,
        tenant: None,
        wished_start: at(WISH),
        earliest_start: None,
        contact_address: "anna@example.org".parse().ok(),
        note: "Please ring before you start.".to_owned(),
        pairs: 1,
        attention: 0,
        attachments: vec![RequestAttachment {
            id: AttachmentId(id(0x41)),
            name: "contacts.vcf".to_owned(),
            kind: AttachmentKind::Contacts,
            size_bytes: 47,
            entries: 1,
        }],
        reason: None,
        payment_waived: false,
        sandbox: false,
        created_at: at(0),
        changed_at: at(0),
        actions: vec![RequestAction::Cancel],
    }
}

/// The same, taken back.
pub fn cancelled() -> MigrationRequest {
    MigrationRequest {
        state: RequestState::Cancelled,
        order_state: OrderState::Cancelled,
        attachments: Vec::new(),
        changed_at: at(30),
        actions: Vec::new(),
        ..request()
    }
}

fn tenant() -> RequestTenant {
    RequestTenant { id: TenantId(id(0x10)), name: "Hosting Example".to_owned() }
}

/// A request as the operator sees it.
pub fn queued() -> MigrationRequest {
    let actions = vec![RequestAction::Accept, RequestAction::Decline];
    MigrationRequest { tenant: Some(tenant()), actions, ..request() }
}

/// One that the operator will do.
pub fn accepted() -> MigrationRequest {
    MigrationRequest {
        state: RequestState::Accepted,
        changed_at: at(30),
        actions: vec![RequestAction::Start, RequestAction::Decline],
        ..queued()
    }
}

/// One whose order is scheduled.
pub fn scheduled() -> MigrationRequest {
    MigrationRequest {
        order_state: OrderState::Scheduled,
        earliest_start: Some(at(WISH)),
        payment_waived: true,
        actions: vec![RequestAction::Decline],
        ..accepted()
    }
}

/// One that the operator will not do.
pub fn declined() -> MigrationRequest {
    MigrationRequest {
        reason: Some(decline().reason),
        tenant: Some(tenant()),
        state: RequestState::Declined,
        ..cancelled()
    }
}

/// Why not.
pub fn decline() -> RequestDecline {
    let reason = "The old provider has switched off IMAP for your accounts; please ask them to switch it on.";
    RequestDecline { reason: reason.to_owned() }
}

/// Schedules it, with a delta that follows by itself.
pub fn start() -> RequestStart {
    let delta_schedule = Some(DeltaSchedule { trigger: DeltaTrigger::MxChanged, delay_hours: None });
    RequestStart { earliest_start: None, delta_schedule, waive_payment: true }
}

/// A page of the queue.
pub fn request_page() -> RequestPage {
    let request = request();
    let item = RequestListItem {
        id: request.id,
        order_id: request.order_id,
        state: request.state,
        order_state: request.order_state,
        tenant: tenant(),
        wished_start: request.wished_start,
        contact_address: request.contact_address,
        pairs: request.pairs,
        attachments: 1,
        sandbox: false,
        created_at: request.created_at,
        changed_at: request.changed_at,
    };
    RequestPage { items: vec![item], next_cursor: None }
}
