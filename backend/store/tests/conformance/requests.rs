use chrono::{DateTime, Duration, Utc};
use mailferry_domain::order::{OrderLife, Start};
use mailferry_shared::{
    address::MailAddress,
    ids::{RequestId, TenantId},
    order::{OrderState, StartKind},
    request::{AttachmentKind, RequestState},
    run::RunState,
    schedule::{DeltaSchedule, DeltaTrigger},
    tenant::TenantLimits,
    webhook::EventKind,
};
use mailferry_store::{
    NewAttachment, NewOrder, NewRequest, NewWebhook, OPERATOR_TENANT, Part, RequestFilter, RequestRecord, SealError,
    StoreError,
    jobs::{JobKind, JobQueue},
};

use crate::{
    payments::{begun, price},
    world::{KEY, World, new_order, pair, start},
};

on_both! {
    a_request_reads_back_with_its_order_accounts_and_files;
    too_many_accounts_leave_nothing_behind;
    every_state_is_told_to_the_tenant_to_the_operator_and_to_the_customer;
    a_declined_request_forgets_passwords_and_files_and_says_why;
    a_request_that_is_taken_back_cancels_its_order;
    a_request_follows_its_order_until_the_planned_delta_is_done;
    without_payment_it_waits_unless_the_operator_waives_it;
    what_was_redeemed_for_a_request_that_is_waived_comes_back;
    money_for_a_request_that_is_waived_is_a_surplus_and_all_of_it_can_be_paid_back_while_it_runs;
    the_queue_is_by_wished_start_and_filtered;
    a_file_opens_only_where_it_was_put_and_after_rotation;
    an_order_that_is_wished_for_later_lives_until_then;
    purging_leaves_the_bare_request;
    deleting_is_refused_while_it_runs_and_takes_everything_then;
}

const CARD: &[u8] = b"BEGIN:VCARD\r\nFN:Anna\r\nEND:VCARD\r\n";

fn file(name: &str, kind: AttachmentKind) -> NewAttachment {
    NewAttachment { name: name.to_owned(), kind, entries: 1, content: CARD.to_vec() }
}

fn new_request(order: NewOrder, wished_start: DateTime<Utc>) -> NewRequest {
    NewRequest {
        order,
        accounts: vec![pair("anna"), pair("bob")],
        max_pairs: 500,
        wished_start,
        note: "please ring".to_owned(),
        attachments: vec![file("a.vcf", AttachmentKind::Contacts), file("b.ics", AttachmentKind::Calendar)],
        tells_operator: false,
    }
}

/// A request that is to start in two days.
async fn request(world: &World) -> RequestRecord {
    let new = new_request(new_order(), world.store.now() + Duration::days(2));
    world.store.create_request(new).await.expect("sent").0
}

async fn accepted(world: &World) -> RequestRecord {
    let request = request(world).await;
    world.store.accept_request(request.id).await.expect("accepted")
}

/// How many rows of a table belong to the request.
async fn rows(world: &World, table: &str, id: RequestId) -> i64 {
    let sql = format!("SELECT COUNT(*), CAST(0 AS BIGINT) FROM {table} WHERE request_id = '{id}'");
    world.raw_numbers(sql).await.0
}

/// The mails that wait to be sent, by their kinds as they are kept.
async fn mails(world: &World) -> Vec<String> {
    let jobs = world.store.take("w", JobKind::SendMail, 9, std::time::Duration::from_secs(60)).await.expect("jobs");
    let mut kinds = Vec::new();
    for job in &jobs {
        let mail = world.store.mail(mailferry_store::MailId(job.id)).await.expect("a mail");
        kinds.push(format!("{:?}", mail.kind));
    }
    world.store.finish(&jobs).await.expect("finished");
    kinds
}

async fn a_request_reads_back_with_its_order_accounts_and_files(world: World) {
    let store = &world.store;
    let wished = store.now() + Duration::days(2);
    let (sent, pairs) = store.create_request(new_request(new_order(), wished)).await.expect("sent");
    assert_eq!((sent.state, sent.order_state), (RequestState::Requested, OrderState::Draft));
    assert_eq!((sent.pairs, sent.attachments, sent.payment_waived), (2, 2, false));
    assert_eq!(sent.wished_start.timestamp_micros(), wished.timestamp_micros());
    assert_eq!(sent.contact_address.as_ref().map(MailAddress::as_str), Some("anna@example.org"));
    assert_eq!(store.request(sent.id).await.expect("there"), sent);
    assert_eq!(store.request_of_order(sent.order_id).await.expect("there"), sent);
    assert_eq!(store.request_state(sent.order_id).await.expect("there"), Some(RequestState::Requested));
    let ids: Vec<_> = store.pairs(sent.order_id).await.expect("pairs").into_iter().map(|pair| pair.id).collect();
    assert_eq!(ids, pairs);
    assert!(store.pair_access(pairs[0]).await.expect("pair").source.password.is_some());
    let files = store.attachments(sent.id).await.expect("files");
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!((names, files[1].size_bytes), (vec!["a.vcf", "b.ics"], CARD.len() as u64));
    let (file, content) = store.open_attachment(sent.id, files[1].id).await.expect("opens");
    assert_eq!((file.kind, content.as_slice()), (AttachmentKind::Calendar, CARD));
    let other = request(&world).await;
    assert!(matches!(store.open_attachment(other.id, files[0].id).await, Err(StoreError::NotFound)));
    let plain = world.order().await;
    assert_eq!(store.request_state(plain.id).await.expect("database"), None);
    assert!(matches!(store.request_of_order(plain.id).await, Err(StoreError::NotFound)));
    let nothing = RequestId(store.new_id().expect("random"));
    assert!(matches!(store.accept_request(nothing).await, Err(StoreError::NotFound)));
}

async fn too_many_accounts_leave_nothing_behind(world: World) {
    let new = NewRequest { max_pairs: 1, ..new_request(new_order(), world.store.now()) };
    let refused = world.store.create_request(new).await;
    assert!(matches!(refused, Err(StoreError::TooManyPairs { limit: 1 })), "{refused:?}");
    let sql = "SELECT (SELECT COUNT(*) FROM orders), (SELECT COUNT(*) FROM requests)";
    assert_eq!(world.raw_numbers(sql.to_owned()).await, (0, 0));
}

async fn every_state_is_told_to_the_tenant_to_the_operator_and_to_the_customer(world: World) {
    let store = &world.store;
    let tenant = store.create_tenant("Hosting", TenantLimits::default()).await.expect("made").id;
    let hook = |tenant_id: TenantId, events: &[EventKind]| NewWebhook {
        tenant_id,
        url: "https://panel.example/hook".to_owned(),
        description: String::new(),
        events: events.to_vec(),
        sandbox: false,
    };
    let kinds: Vec<EventKind> =
        EventKind::ALL.iter().copied().filter(|kind| kind.as_str().starts_with("request.")).collect();
    let panel = store.create_webhook(hook(tenant, &kinds)).await.expect("made").webhook;
    let queue = store.create_webhook(hook(OPERATOR_TENANT, &[])).await.expect("made").webhook;
    let order = NewOrder { tenant_id: tenant, ..new_order() };
    let new = NewRequest { tells_operator: true, ..new_request(order, store.now() + Duration::days(2)) };
    let (sent, pairs) = store.create_request(new).await.expect("sent");
    assert_eq!((sent.tenant_id, sent.tenant_name.as_str()), (tenant, "Hosting"));
    let mut told = mails(&world).await;
    told.sort();
    assert_eq!(told, ["OperatorRequest", "RequestReceived"]);
    store.accept_request(sent.id).await.expect("accepted");
    assert_eq!(mails(&world).await, ["RequestAccepted"]);
    store.start_request(sent.id, start(StartKind::Main, store.now()), true).await.expect("started");
    for pair in pairs {
        let run = world.only_run(sent.order_id, pair).await;
        world.end_run(sent.order_id, run, RunState::Succeeded).await;
    }
    assert_eq!(store.request(sent.id).await.expect("there").state, RequestState::Done);
    assert!(mails(&world).await.is_empty(), "the order's own mails tell of its start and end");
    for (tenant, id) in [(tenant, panel.id), (OPERATOR_TENANT, queue.id)] {
        let log = store.webhook_deliveries(tenant, id, None, 99).await.expect("log");
        let mut told: Vec<&str> = log.iter().map(|one| one.event.kind.as_str()).collect();
        told.sort_unstable();
        assert_eq!(told, ["request.accepted", "request.created", "request.done", "request.running"]);
        let done = log.iter().find(|one| one.event.kind == EventKind::RequestDone).expect("told");
        let about = done.event.data.request.expect("which one");
        assert_eq!((about.id, about.state), (sent.id, RequestState::Done));
        assert_eq!(done.event.data.order_id, Some(sent.order_id));
    }
}

async fn a_declined_request_forgets_passwords_and_files_and_says_why(world: World) {
    let store = &world.store;
    let sent = accepted(&world).await;
    let pair = store.pairs(sent.order_id).await.expect("pairs")[0].id;
    let declined = store.decline_request(sent.id, "IMAP is off").await.expect("declined");
    assert_eq!((declined.state, declined.order_state), (RequestState::Declined, OrderState::Cancelled));
    assert_eq!((declined.reason.as_deref(), declined.attachments), (Some("IMAP is off"), 0));
    assert!(store.pair_access(pair).await.expect("pair").source.password.is_none());
    assert_eq!(rows(&world, "request_attachments", sent.id).await, 0);
    assert_eq!(mails(&world).await, ["RequestReceived", "RequestAccepted", "RequestDeclined"]);
    for again in [
        store.accept_request(sent.id).await,
        store.decline_request(sent.id, "again").await,
        store.cancel_request(sent.id).await,
    ] {
        assert!(matches!(again, Err(StoreError::RequestState(_))), "{again:?}");
    }
    let late = store.start_request(sent.id, start(StartKind::Main, store.now()), true).await;
    assert!(matches!(late, Err(StoreError::RequestState(_))), "{late:?}");
    assert_eq!(store.request(sent.id).await.expect("there"), declined);
}

async fn a_request_that_is_taken_back_cancels_its_order(world: World) {
    let store = &world.store;
    let sent = request(&world).await;
    let cancelled = store.cancel_request(sent.id).await.expect("cancelled");
    assert_eq!((cancelled.state, cancelled.order_state), (RequestState::Cancelled, OrderState::Cancelled));
    assert_eq!(cancelled.attachments, 0);
    assert_eq!(mails(&world).await, ["RequestReceived", "RequestCancelled"]);
    // The order's own way out leads to the same.
    let sent = accepted(&world).await;
    let order = store.start_request(sent.id, start(StartKind::Main, store.now()), true).await.expect("started");
    store.cancel_order(&order).await.expect("cancelled");
    let cancelled = store.request(sent.id).await.expect("there");
    assert_eq!((cancelled.state, cancelled.attachments), (RequestState::Cancelled, 0));
}

async fn a_request_follows_its_order_until_the_planned_delta_is_done(world: World) {
    let store = &world.store;
    let sent = accepted(&world).await;
    let state = async || store.request(sent.id).await.expect("there").state;
    let delta = Some(DeltaSchedule { trigger: DeltaTrigger::AfterDelay, delay_hours: Some(8) });
    let begin = Start { kind: StartKind::Main, earliest: store.now(), delta };
    let order = store.start_request(sent.id, begin, true).await.expect("started");
    assert_eq!((order.life.state(), state().await), (OrderState::Scheduled, RequestState::Accepted));
    let again = store.start_request(sent.id, begin, true).await;
    assert!(matches!(again, Err(StoreError::WrongState(_))), "{again:?}");
    let mut runs = Vec::new();
    for pair in store.pairs(sent.order_id).await.expect("pairs") {
        runs.push(world.only_run(sent.order_id, pair.id).await);
    }
    store.begin_order(sent.order_id).await.expect("begins");
    assert_eq!(state().await, RequestState::Running);
    assert!(matches!(store.cancel_request(sent.id).await, Err(StoreError::RequestState(_))), "cancel the order");
    for run in runs {
        world.end_run(sent.order_id, run, RunState::Succeeded).await;
    }
    let order = store.order(sent.order_id).await.expect("order");
    assert_eq!((order.life.state(), state().await), (OrderState::Completed, RequestState::Running), "a delta follows");
    world.clock.advance(Duration::hours(8));
    let (order, started) = store.start_due_delta(sent.order_id).await.expect("starts");
    assert_eq!((order.life.state(), started.len()), (OrderState::Active, 1));
    for pair in store.pairs(sent.order_id).await.expect("pairs") {
        let run = store.runs_of_pair(sent.order_id, pair.id, Part::ALL).await.expect("runs").pop().expect("a delta").id;
        world.end_run(sent.order_id, run, RunState::Succeeded).await;
    }
    assert_eq!(state().await, RequestState::Done);
    assert_eq!(store.request(sent.id).await.expect("there").attachments, 2, "they are the operator's to import");
}

async fn without_payment_it_waits_unless_the_operator_waives_it(world: World) {
    let store = &world.store;
    let sent = accepted(&world).await;
    let at = start(StartKind::Main, store.now());
    let early = request(&world).await;
    let refused = store.start_request(early.id, at, true).await;
    assert!(matches!(refused, Err(StoreError::RequestState(_))), "it was not accepted: {refused:?}");
    assert!(!store.request(early.id).await.expect("there").payment_waived, "and nothing was waived");
    mails(&world).await;
    let order = store.start_request(sent.id, at, false).await.expect("started");
    assert!(matches!(order.life, OrderLife::AwaitingPayment { .. }));
    assert_eq!(mails(&world).await, ["RequestAwaitsPayment"]);
    assert_eq!(store.payment(sent.order_id).await.expect("payment").pairs_covered, 0);
    let order = store.start_request(sent.id, at, true).await.expect("started");
    assert_eq!(order.life.state(), OrderState::Scheduled);
    let payment = store.payment(sent.order_id).await.expect("payment");
    assert_eq!((payment.pairs_covered, payment.pairs_needed), (2, 2));
    assert!(store.request(sent.id).await.expect("there").payment_waived);
    // What vouchers pay needs no waiver.
    let voucher = store.create_vouchers(OPERATOR_TENANT, 2, 1, None).await.expect("voucher").remove(0);
    let paid = accepted(&world).await;
    store.redeem_voucher(paid.order_id, &voucher.code).await.expect("paid");
    let order = store.start_request(paid.id, at, false).await.expect("started");
    assert_eq!(order.life.state(), OrderState::Scheduled);
    assert!(!store.request(paid.id).await.expect("there").payment_waived);
    // And what is declined gives them back.
    store.decline_request(paid.id, "no").await.expect("declined");
    let again = accepted(&world).await;
    store.redeem_voucher(again.order_id, &voucher.code).await.expect("it came back");
}

async fn what_was_redeemed_for_a_request_that_is_waived_comes_back(world: World) {
    let store = &world.store;
    let sent = accepted(&world).await;
    let voucher = store.create_vouchers(OPERATOR_TENANT, 1, 1, None).await.expect("voucher").remove(0);
    store.redeem_voucher(sent.order_id, &voucher.code).await.expect("one of two pairs");
    let at = start(StartKind::Main, store.now());
    let order = store.start_request(sent.id, at, false).await.expect("started");
    assert!(matches!(order.life, OrderLife::AwaitingPayment { .. }));
    let order = store.start_request(sent.id, at, true).await.expect("started");
    assert_eq!(order.life.state(), OrderState::Scheduled);
    let payment = store.payment(sent.order_id).await.expect("payment");
    assert_eq!((payment.pairs_covered, payment.pairs_needed), (2, 2));
    let (other, _) = world.order_with(1).await;
    store.redeem_voucher(other.id, &voucher.code).await.expect("it was not used");
    // Once: what is cancelled afterwards gives nothing back that is not there.
    store.cancel_order(&order).await.expect("cancelled");
    let (third, _) = world.order_with(1).await;
    assert!(matches!(store.redeem_voucher(third.id, &voucher.code).await, Err(StoreError::VoucherInvalid)));
}

async fn money_for_a_request_that_is_waived_is_a_surplus_and_all_of_it_can_be_paid_back_while_it_runs(world: World) {
    let store = &world.store;
    store.set_price(OPERATOR_TENANT, Some(&price(1000))).await.expect("a price");
    let sent = accepted(&world).await;
    let at = start(StartKind::Main, store.now());
    store.start_request(sent.id, at, false).await.expect("waits for payment");
    let payment = begun(&world, sent.order_id).await;
    store.begin_capture(sent.order_id, payment).await.expect("captures");
    // The operator waives it while PayPal is asked.
    store.start_request(sent.id, at, true).await.expect("started");
    assert!(!store.payment_settled(payment, "C1").await.expect("settled").started, "it had been");
    let sums = store.payment(sent.order_id).await.expect("sums");
    assert_eq!((sums.pairs_covered, sums.pairs_needed, sums.pairs_surplus), (2, 2, 2));
    store.begin_refund(OPERATOR_TENANT, payment, None).await.expect("nothing of it was due");
    store.payment_refunded(payment).await.expect("paid back");
    let sums = store.payment(sent.order_id).await.expect("sums");
    assert_eq!((sums.pairs_covered, sums.pairs_surplus), (2, 0));
    assert_eq!(store.order(sent.order_id).await.expect("order").life.state(), OrderState::Scheduled);
}

async fn the_queue_is_by_wished_start_and_filtered(world: World) {
    let store = &world.store;
    let tenant = store.create_tenant("Hosting", TenantLimits::default()).await.expect("made").id;
    let send = async |order: NewOrder, days| {
        store.create_request(new_request(order, store.now() + Duration::days(days))).await.expect("sent").0
    };
    let late = send(new_order(), 5).await;
    let soon = send(NewOrder { tenant_id: tenant, ..new_order() }, 2).await;
    let mut sandbox = new_order();
    sandbox.asker.sandbox = true;
    let tried = send(sandbox, 3).await;
    store.accept_request(late.id).await.expect("accepted");
    let list = async |filter: RequestFilter| {
        let found = store.list_requests(&RequestFilter { limit: 9, ..filter }).await.expect("list");
        found.iter().map(|request| request.id).collect::<Vec<_>>()
    };
    assert_eq!(list(RequestFilter::default()).await, [soon.id, tried.id, late.id]);
    let states = vec![RequestState::Accepted, RequestState::Running];
    assert_eq!(list(RequestFilter { states, ..RequestFilter::default() }).await, [late.id]);
    assert_eq!(list(RequestFilter { tenant_id: Some(tenant), ..RequestFilter::default() }).await, [soon.id]);
    assert_eq!(list(RequestFilter { sandbox: Some(false), ..RequestFilter::default() }).await, [soon.id, late.id]);
    let after = Some((soon.wished_start, soon.id));
    assert_eq!(list(RequestFilter { after, ..RequestFilter::default() }).await, [tried.id, late.id]);
    let first = RequestFilter { limit: 1, ..RequestFilter::default() };
    assert_eq!(store.list_requests(&first).await.expect("list").len(), 1);
}

async fn a_file_opens_only_where_it_was_put_and_after_rotation(world: World) {
    const NEXT: &str = "next AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    let sent = request(&world).await;
    let files = world.store.attachments(sent.id).await.expect("files");
    let rotating = world.another(&format!("{NEXT}\n{KEY}")).await;
    assert_eq!(rotating.rewrap_all().await.expect("rewraps"), 6, "four passwords and two files");
    let rotated = world.another(NEXT).await;
    assert_eq!(rotated.open_attachment(sent.id, files[0].id).await.expect("opens").1.as_slice(), CARD);
    let old = world.store.open_attachment(sent.id, files[0].id).await;
    assert!(matches!(old, Err(StoreError::Sealed(SealError::UnknownKey(_)))), "{old:?}");
    // Whoever can write the database puts one file in another's place.
    world
        .raw(
            "UPDATE request_attachments SET
                wrapped_key = (SELECT wrapped_key FROM request_attachments WHERE name = 'b.ics'),
                sealed = (SELECT sealed FROM request_attachments WHERE name = 'b.ics') WHERE name = 'a.vcf'",
        )
        .await;
    let swapped = rotated.open_attachment(sent.id, files[0].id).await;
    assert!(matches!(swapped, Err(StoreError::Sealed(SealError::Refused))), "{swapped:?}");
}

async fn an_order_that_is_wished_for_later_lives_until_then(world: World) {
    let store = &world.store;
    let new = new_request(new_order(), store.now() + Duration::days(60));
    let sent = store.create_request(new).await.expect("sent").0;
    let order = store.order(sent.order_id).await.expect("order");
    assert_eq!(order.expires_at, sent.wished_start + Duration::days(30));
    world.clock.advance(Duration::days(89));
    assert!(store.expire_orders(9).await.expect("looks").is_empty());
    world.clock.advance(Duration::days(2));
    assert_eq!(store.expire_orders(9).await.expect("looks"), [sent.order_id]);
    let ended = store.request(sent.id).await.expect("there");
    assert_eq!((ended.state, ended.order_state), (RequestState::Expired, OrderState::Closed));
    assert_eq!(ended.attachments, 0);
}

async fn purging_leaves_the_bare_request(world: World) {
    let store = &world.store;
    let sent = accepted(&world).await;
    let order = store.start_request(sent.id, start(StartKind::Main, store.now()), true).await.expect("started");
    for pair in store.pairs(order.id).await.expect("pairs") {
        let run = world.only_run(order.id, pair.id).await;
        world.end_run(order.id, run, RunState::Succeeded).await;
    }
    world.clock.advance(Duration::days(15));
    assert_eq!(store.expire_orders(9).await.expect("looks"), [order.id]);
    let closed = store.request(sent.id).await.expect("there");
    assert_eq!((closed.state, closed.attachments), (RequestState::Done, 2));
    world.clock.advance(Duration::days(30));
    assert_eq!(store.purge_orders(9).await.expect("looks"), [order.id]);
    let left = store.request(sent.id).await.expect("it is still known");
    assert_eq!((left.state, left.attachments, left.note.as_str()), (RequestState::Done, 0, ""));
    assert_eq!((left.contact_address, left.reason), (None, None));
    assert_eq!(rows(&world, "request_attachments", sent.id).await, 0);
}

async fn deleting_is_refused_while_it_runs_and_takes_everything_then(world: World) {
    let store = &world.store;
    let sent = accepted(&world).await;
    store.start_request(sent.id, start(StartKind::Main, store.now()), true).await.expect("started");
    store.begin_order(sent.order_id).await.expect("begins");
    assert!(matches!(store.delete_order(sent.order_id).await, Err(StoreError::Active)));
    let order = store.order(sent.order_id).await.expect("order");
    store.cancel_order(&order).await.expect("cancelled");
    store.delete_order(sent.order_id).await.expect("deleted");
    assert!(matches!(store.request(sent.id).await, Err(StoreError::NotFound)));
    assert_eq!(rows(&world, "request_attachments", sent.id).await, 0);
    assert!(
        store.list_requests(&RequestFilter { limit: 9, ..RequestFilter::default() }).await.expect("list").is_empty()
    );
}

#[tokio::test]
async fn a_customers_contacts_are_nowhere_in_the_files() {
    const CANARY: &str = "canary-5d0b1c77-contact";
    let world = World::sqlite().await;
    let mut new = new_request(new_order(), world.store.now() + Duration::days(2));
    new.attachments[0].content = format!("BEGIN:VCARD\r\nFN:{CANARY}\r\nEND:VCARD\r\n").into_bytes();
    let sent = world.store.create_request(new).await.expect("sent").0;
    let file = world.store.attachments(sent.id).await.expect("files").remove(0);
    let content = world.store.open_attachment(sent.id, file.id).await.expect("opens").1;
    assert!(String::from_utf8_lossy(&content).contains(CANARY));
    world.store.close().await;
    let found = |needle: &str| {
        let files = std::fs::read_dir(world.dir.path()).expect("folder").flatten();
        let bytes = files.map(|file| std::fs::read(file.path()).expect("readable"));
        bytes.into_iter().filter(|bytes| bytes.windows(needle.len()).any(|part| part == needle.as_bytes())).count()
    };
    assert!(found("please ring") > 0, "the search itself works");
    assert_eq!(found(CANARY), 0);
}
