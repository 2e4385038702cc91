//! Examples in the document, made of the very types that are answered: they cannot be untrue.

use chrono::{DateTime, Utc};
use mailferry_shared::{
    account::{AccountCreate, AccountList, AccountPair, LoginState, MailAmount, Side, SideInput, SideName, Survey},
    check::{Check, CheckItem},
    delegation::CredentialKind,
    endpoint::Endpoint,
    finding::{Finding, FindingCode, FindingDetail, Repair},
    ids::{CheckId, DeltaId, OrderId, PairId, RunId, VerificationId, VoucherBatchId, VoucherId},
    import::{Encoding, ImportRequest, ImportResult, ImportRow, Layout, RowError},
    order::{
        Delta, DeltaList, Language, LinkMail, LinkScope, Order, OrderAction, OrderCreate, OrderOptions, OrderState,
        OrderTotals, Payment, ProviderChoice, Session, SessionCreate,
    },
    progress::{PairProgress, Progress},
    protocol::{FolderProtocol, ItemOutcome, ItemProtocol, Protocol, RunList},
    run::{Counts, RunKind, RunState, RunSummary},
    secret::Secret,
    verification::{
        Difference, DifferenceKind, Grade, PairVerification, Verification, VerificationCounts, VerificationItem,
        VerificationList, VerificationState,
    },
    voucher::{VoucherBatch, VoucherCreate, VoucherIssued},
};
use uuid::Uuid;

pub mod admin;
pub mod certificate;
pub mod discovery;
pub mod dry_run;
pub mod password_links;
pub mod payment;
pub mod principals;
pub mod protocol;
pub mod requests;
pub mod resellers;
pub mod schedule;
pub mod webhooks;

fn id(number: u8) -> Uuid {
    let mut bytes = *b"\x01\x99\xd1\xc4\x5d\x5e\x7a\x10\x8c\x2f\x3f\x1f\x7c\x5c\x00\x00";
    bytes[15] = number;
    Uuid::from_bytes(bytes)
}

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_300_000 + 60 * minutes, 0).unwrap_or_default()
}

fn choice(provider: &str, host: &str) -> Option<ProviderChoice> {
    let host = host.parse().ok()?;
    Some(ProviderChoice { provider: Some(provider.to_owned()), endpoint: Endpoint::imaps(host) })
}

/// A new order.
pub fn order_create() -> OrderCreate {
    OrderCreate {
        accepted_terms: super::service::TERMS_VERSION.to_owned(),
        language: Some(Language::En),
        notify_address: "anna@example.org".parse().ok(),
        source: choice("gmx", "imap.gmx.net"),
        destination: choice("ionos-com", "imap.ionos.com"),
        options: OrderOptions { max_message_bytes: Some(50_000_000), ..OrderOptions::default() },
        link: None,
        reference: Some("Customer 4711".to_owned()),
    }
}

/// A mail with an order's link.
pub fn link_mail() -> Option<LinkMail> {
    Some(LinkMail { to: order_create().notify_address?, queued_at: at(2) })
}

/// An order before its start.
pub fn order() -> Order {
    let create = order_create();
    let id = OrderId(id(1));
    Order {
        id,
        reference: create.reference,
        state: OrderState::Draft,
        kind: None,
        language: create.language.unwrap_or_default(),
        notify_address: create.notify_address,
        source: create.source,
        destination: create.destination,
        options: create.options,
        payment: Payment { pairs_covered: 0, pairs_needed: 1, pairs_surplus: 0 },
        link: None,
        request: None,
        sandbox: false,
        totals: OrderTotals {
            pairs: 1,
            pairs_ticked: 1,
            pairs_checked: 1,
            messages: 214,
            size_bytes: 15_000_000,
            trash: MailAmount { messages: 20, size_bytes: 900_000 },
            junk: MailAmount::default(),
            survey_complete: true,
            estimated_seconds: Some(51),
        },
        accepted_terms: create.accepted_terms,
        accepted_terms_at: at(0),
        created_at: at(0),
        earliest_start: None,
        delta_schedule: None,
        delta_pending: false,
        delta_at: None,
        started_at: None,
        finished_at: None,
        expires_at: Some(at(60 * 24 * 30)),
        manage_url: Some(format!("https://move.example.org/orders/{id}#token=…")),
        view_url: Some(format!("https://move.example.org/orders/{id}#token=…")),
        actions: vec![OrderAction::Change, OrderAction::Start, OrderAction::Cancel, OrderAction::Delete],
    }
}

fn side_input(user: &str) -> SideInput {
    SideInput { password: Some(Secret::new("correct horse")), ..SideInput::of(user) }
}

/// A new account pair.
pub fn account_create() -> AccountCreate {
    AccountCreate { ticked: true, source: side_input("anna@old.example"), destination: side_input("anna@new.example") }
}

fn side(user: &str, survey: Survey) -> Side {
    Side {
        user: user.to_owned(),
        credential: CredentialKind::Password,
        act_for: None,
        delegation: None,
        by_admin: false,
        endpoint: None,
        has_password: true,
        login: LoginState::Passed,
        findings: Vec::new(),
        survey: Some(survey),
    }
}

fn survey() -> Survey {
    Survey { folders: 9, messages: 214, size_bytes: 15_000_000, ..Survey::default() }
}

/// An account pair after its check.
pub fn account() -> AccountPair {
    let empty = Survey { folders: 5, messages: 0, size_bytes: 0, free_bytes: Some(2_000_000_000), ..Survey::default() };
    AccountPair {
        id: PairId(id(2)),
        order_id: OrderId(id(1)),
        ticked: true,
        source: side("anna@old.example", survey()),
        destination: side("anna@new.example", empty),
        runs: Vec::new(),
    }
}

/// The account pairs of an order.
pub fn accounts() -> AccountList {
    AccountList { items: vec![account()], next_cursor: None }
}

/// A file of two rows.
pub fn import_request() -> ImportRequest {
    ImportRequest {
        content: Some(Secret::new("anna@old.example;correct horse;imap.old.example\r\n;battery;imap.old.example\r\n")),
        layout: Some(Layout::Request),
        destination_password: Some(Secret::new("staple")),
        ..ImportRequest::default()
    }
}

/// What became of it.
pub fn import_result() -> ImportResult {
    ImportResult {
        layout: Layout::Request,
        encoding: Encoding::Utf8,
        separator: ";".to_owned(),
        has_header: false,
        rows: vec![ImportRow {
            row: 1,
            source_user: "anna@old.example".to_owned(),
            source_host: "imap.old.example".parse().ok(),
            destination_user: "anna@old.example".to_owned(),
            destination_host: None,
            needs_source_certificate_host: false,
            needs_destination_certificate_host: false,
            has_source_password: true,
            has_destination_password: true,
            pair_id: Some(PairId(id(2))),
        }],
        errors: vec![RowError {
            row: 2,
            column: 1,
            code: "missing".to_owned(),
            message: "an account name is missing".to_owned(),
            fields: None,
            cells: vec![Some(String::new()), None, Some("imap.old.example".to_owned())],
        }],
    }
}

/// A check in which one side failed.
pub fn check() -> Check {
    let item = |side, login, findings, survey| CheckItem {
        pair_id: PairId(id(2)),
        side,
        user: "anna@old.example".to_owned(),
        delegated: false,
        login,
        findings,
        survey,
    };
    Check {
        id: CheckId(id(4)),
        order_id: OrderId(id(1)),
        created_at: at(5),
        logins_finished: true,
        finished: true,
        items: vec![
            item(SideName::Source, LoginState::Passed, Vec::new(), Some(survey())),
            item(SideName::Destination, LoginState::Failed, vec![Finding::new(FindingCode::WrongPassword)], None),
        ],
    }
}

fn counts() -> Counts {
    Counts {
        listed: 214,
        listed_bytes: 15_000_000,
        stored: 213,
        stored_bytes: 9_000_000,
        failed: 1,
        failed_bytes: 6_000_000,
        ..Counts::default()
    }
}

fn run(kind: RunKind) -> RunSummary {
    RunSummary {
        id: RunId(id(3)),
        pair_id: PairId(id(2)),
        number: 1,
        kind,
        state: RunState::Partial,
        created_at: at(10),
        started_at: Some(at(10)),
        finished_at: Some(at(11)),
        counts: counts(),
        finding: None,
    }
}

/// The runs of a pair.
pub fn runs() -> RunList {
    RunList { items: vec![run(RunKind::Main)], next_cursor: None }
}

/// A delta.
pub fn delta() -> Delta {
    Delta {
        id: DeltaId(id(5)),
        order_id: OrderId(id(1)),
        created_at: at(10),
        finished: true,
        counts: counts(),
        runs: vec![run(RunKind::Delta)],
    }
}

/// The deltas of an order.
pub fn deltas() -> DeltaList {
    DeltaList { items: vec![delta()], next_cursor: None }
}

/// A verification that has found one message missing and one rewritten.
pub fn verification() -> Verification {
    let counts = VerificationCounts {
        expected: 213,
        identical: 211,
        rewritten: 1,
        absent: 1,
        flags_differ: 1,
        ..VerificationCounts::default()
    };
    Verification {
        id: VerificationId(id(6)),
        order_id: OrderId(id(1)),
        created_at: at(20),
        finished: true,
        counts,
        pairs: vec![PairVerification {
            pair_id: PairId(id(2)),
            source: "anna@old.example".to_owned(),
            destination: "anna@new.example".to_owned(),
            state: VerificationState::Finished,
            counts,
            findings: Vec::new(),
            items: vec![
                VerificationItem {
                    grade: Grade::Absent,
                    folder: "INBOX".to_owned(),
                    uid: 12,
                    destination_folder: "INBOX".to_owned(),
                    destination_uid: Some(11),
                    message_id: Some("<12@old.example>".to_owned()),
                    size_bytes: 4_210,
                    destination_size_bytes: None,
                    differences: Vec::new(),
                    flags_missing: Vec::new(),
                    flags_added: Vec::new(),
                    expected_date: None,
                    date: None,
                },
                VerificationItem {
                    grade: Grade::Rewritten,
                    folder: "INBOX".to_owned(),
                    uid: 13,
                    destination_folder: "INBOX".to_owned(),
                    destination_uid: Some(12),
                    message_id: Some("<13@old.example>".to_owned()),
                    size_bytes: 5_120,
                    destination_size_bytes: Some(5_131),
                    differences: vec![Difference {
                        header: Some("Subject".to_owned()),
                        ..Difference::new(DifferenceKind::Header)
                    }],
                    flags_missing: Vec::new(),
                    flags_added: vec!["\\Seen".to_owned()],
                    expected_date: None,
                    date: None,
                },
            ],
            items_total: 2,
            finished_at: Some(at(21)),
        }],
    }
}

/// The verifications of an order.
pub fn verifications() -> VerificationList {
    VerificationList { items: vec![verification().into()], next_cursor: None }
}

/// Progress of an order.
pub fn progress() -> Progress {
    Progress {
        order_id: OrderId(id(1)),
        state: OrderState::Completed,
        counts: counts(),
        messages_per_second: None,
        bytes_per_second: None,
        estimated_finish: None,
        at_least: false,
        pairs: vec![PairProgress {
            pair_id: PairId(id(2)),
            source: "anna@old.example".to_owned(),
            destination: "anna@new.example".to_owned(),
            run: Some(run(RunKind::Main)),
            uncounted: false,
            runs: 1,
        }],
        actions: vec![OrderAction::StartDelta, OrderAction::ChangeOptions, OrderAction::Delete],
        poll_after_ms: 15_000,
    }
}

fn repaired() -> Finding {
    let detail = FindingDetail { uid: Some(12), repairs: vec![Repair::LineEnds], ..FindingDetail::default() };
    Finding::new(FindingCode::MessageRepaired).about("INBOX").with(detail)
}

/// The protocol of a run.
pub fn protocol() -> Protocol {
    Protocol {
        run: run(RunKind::Main),
        source: "anna@old.example".to_owned(),
        destination: "anna@new.example".to_owned(),
        folders: vec![FolderProtocol { source: "INBOX".to_owned(), destination: "INBOX".to_owned(), counts: counts() }],
        notes: vec![repaired()],
        items: vec![ItemProtocol {
            outcome: ItemOutcome::Failed,
            folder: "INBOX".to_owned(),
            uid: 17,
            size_bytes: 6_000_000,
            date: Some(at(-9000)),
            message_id: Some("<17@old.example>".to_owned()),
            subject: None,
            code: Some(FindingCode::MessageRefused),
        }],
        items_total: 1,
    }
}

/// What a manage link holds.
pub fn session_create() -> SessionCreate {
    let token = Secret::new("5w8Hc0o3oJ1yB0nQm5u1lT7vZk2x9Rr4Pp6Ss8Uu0Ww");
    SessionCreate { order_id: OrderId(id(1)), token }
}

/// What it opens.
pub fn session() -> Session {
    Session { order_id: OrderId(id(1)), scope: LinkScope::Manage, expires_at: at(720) }
}

/// Ten vouchers.
pub fn voucher_create() -> VoucherCreate {
    VoucherCreate {
        pairs: 5,
        count: 1,
        valid_from: None,
        valid_until: Some(at(60 * 24 * 365)),
        max_mailbox_bytes: Some(5_000_000_000),
        trial_only: false,
        free_test: false,
        providers: Vec::new(),
        note: "Customer 4711".to_owned(),
    }
}

/// The first of them.
pub fn voucher_batch() -> VoucherBatch {
    let code = Secret::new("MF-7K2QX-9D4TM-VB81N-C6HRA-PW5ZE3");
    VoucherBatch {
        batch_id: VoucherBatchId(id(19)),
        items: vec![VoucherIssued { id: VoucherId(id(6)), code, pairs: 5, valid_until: Some(at(60 * 24 * 365)) }],
    }
}
