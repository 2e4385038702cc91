use mailferry_shared::{
    account::{AccountCreate, LoginState, SideInput, SideName},
    certificate::{AcceptedBy, CertificateAcceptance, CertificateFingerprint},
    endpoint::{Endpoint, TlsMode},
    finding::{Finding, FindingCode},
    ids::{MemberId, OrderId, PairId},
};
use mailferry_store::{CheckedSide, Consenter, StoreError};
use uuid::Uuid;

use crate::world::{World, side};

on_both! {
    a_certificate_is_accepted_for_one_server_of_one_side;
    one_that_is_accepted_later_replaces_the_one_before;
    what_checks_said_of_a_certificate_is_void_once_it_is_accepted_and_again_once_it_is_not;
    what_passed_under_a_certificate_is_void_once_another_takes_its_place;
    nothing_is_accepted_for_an_order_that_is_over_or_not_there;
}

const FIRST: CertificateFingerprint = CertificateFingerprint::new([1; 32]);
const SECOND: CertificateFingerprint = CertificateFingerprint::new([2; 32]);

fn at(side: SideName, port: u16) -> CertificateAcceptance {
    CertificateAcceptance { side, host: "mail.cellar.example".parse().expect("a host"), port }
}

fn own_server(port: u16) -> Endpoint {
    Endpoint::new("mail.cellar.example".parse().expect("a host"), port, TlsMode::Implicit)
}

/// An order with a pair whose sides have servers of their own: of one name, at these ports.
async fn with_own_servers(world: &World, source: u16, destination: u16) -> (OrderId, PairId) {
    let order = world.order().await;
    let own = |user: &str, port| SideInput { endpoint: Some(own_server(port)), ..side(user, "secret") };
    let pair = AccountCreate { ticked: true, source: own("a", source), destination: own("b", destination) };
    let ids = world.store.create_pairs(order.id, 9, &[pair]).await.expect("a pair");
    (order.id, ids[0])
}

async fn a_certificate_is_accepted_for_one_server_of_one_side(world: World) {
    let store = &world.store;
    let (order, pair) = with_own_servers(&world, 993, 993).await;
    let member = Consenter::Member(MemberId(Uuid::from_bytes([9; 16])));
    let accepted = store.accept_certificate(order, FIRST, &at(SideName::Source, 993), member).await.expect("accepts");
    let accepted = accepted.expect("the order has such a server");
    assert_eq!((accepted.fingerprint, accepted.accepted_by), (FIRST, AcceptedBy::Member));
    assert_eq!(store.accepted_certificates(order).await.expect("reads"), std::slice::from_ref(&accepted));
    let access = store.pair_access(pair).await.expect("access");
    let pinned = access.source.pinned_certificate.expect("at this server");
    assert_eq!((pinned.fingerprint, pinned.accepted_at), (FIRST, accepted.accepted_at));
    assert_eq!(access.destination.pinned_certificate, None, "the other side is another matter");
    let none = store.accept_certificate(order, FIRST, &at(SideName::Source, 143), member).await.expect("answers");
    assert_eq!(none, None, "no such server");
    let (other, other_pair) = with_own_servers(&world, 993, 993).await;
    let access = store.pair_access(other_pair).await.expect("access");
    assert_eq!(access.source.pinned_certificate, None, "another order is another matter");
    assert!(matches!(store.forget_certificate(other, FIRST).await, Err(StoreError::NotFound)));
    store.forget_certificate(order, FIRST).await.expect("forgets");
    assert_eq!(store.pair_access(pair).await.expect("access").source.pinned_certificate, None);
    assert!(matches!(store.forget_certificate(order, FIRST).await, Err(StoreError::NotFound)));
}

async fn one_that_is_accepted_later_replaces_the_one_before(world: World) {
    let store = &world.store;
    let (order, _) = with_own_servers(&world, 993, 143).await;
    for (fingerprint, port, side) in
        [(FIRST, 993, SideName::Source), (FIRST, 143, SideName::Destination), (SECOND, 993, SideName::Source)]
    {
        world.pass(std::time::Duration::from_secs(1)).await;
        let done = store.accept_certificate(order, fingerprint, &at(side, port), Consenter::Owner).await;
        assert!(done.expect("accepts").is_some());
    }
    let kept = store.accepted_certificates(order).await.expect("reads");
    let kept: Vec<_> = kept.iter().map(|one| (one.fingerprint, one.port, one.accepted_by)).collect();
    assert_eq!(kept, [(FIRST, 143, AcceptedBy::Owner), (SECOND, 993, AcceptedBy::Owner)]);
}

async fn what_checks_said_of_a_certificate_is_void_once_it_is_accepted_and_again_once_it_is_not(world: World) {
    let store = &world.store;
    let (order, pair) = with_own_servers(&world, 993, 143).await;
    let check = store.create_check(order, &[]).await.expect("a check");
    let source = CheckedSide { check_id: check.id, pair_id: pair, side: SideName::Source };
    let refused = Finding::new(FindingCode::CertificateInvalid).about(FIRST.to_string());
    let wrong = Finding::new(FindingCode::WrongPassword);
    store.save_login(source, LoginState::Failed, &[refused]).await.expect("saved");
    let destination = CheckedSide { side: SideName::Destination, ..source };
    store.save_login(destination, LoginState::Failed, &[wrong]).await.expect("saved");
    let logins = async || {
        let pair = store.pair(order, pair).await.expect("a pair");
        (pair.source.login, pair.source.findings.len(), pair.destination.login)
    };
    assert_eq!(logins().await, (LoginState::Failed, 1, LoginState::Failed));
    store.accept_certificate(order, FIRST, &at(SideName::Source, 993), Consenter::Owner).await.expect("accepts");
    assert_eq!(logins().await, (LoginState::Unchecked, 0, LoginState::Failed));
    let pinned = store.pair_access(pair).await.expect("access").source.pinned_certificate.expect("accepted");
    let check = store.create_check(order, &[]).await.expect("a check");
    let source = CheckedSide { check_id: check.id, ..source };
    store.save_login(source, LoginState::Passed, &[pinned.finding(&own_server(993))]).await.expect("saved");
    assert_eq!(logins().await.0, LoginState::Passed);
    store.forget_certificate(order, FIRST).await.expect("forgets");
    assert_eq!(logins().await.0, LoginState::Unchecked);
}

async fn what_passed_under_a_certificate_is_void_once_another_takes_its_place(world: World) {
    let store = &world.store;
    let (order, pair) = with_own_servers(&world, 993, 143).await;
    let accept = async |fingerprint| {
        let done = store.accept_certificate(order, fingerprint, &at(SideName::Source, 993), Consenter::Owner).await;
        assert!(done.expect("accepts").is_some());
    };
    let login = async || store.pair(order, pair).await.expect("a pair").source.login;
    accept(FIRST).await;
    let pinned = store.pair_access(pair).await.expect("access").source.pinned_certificate.expect("accepted");
    let check = store.create_check(order, &[]).await.expect("a check");
    let source = CheckedSide { check_id: check.id, pair_id: pair, side: SideName::Source };
    store.save_login(source, LoginState::Passed, &[pinned.finding(&own_server(993))]).await.expect("saved");
    assert_eq!(login().await, LoginState::Passed);
    accept(SECOND).await;
    assert_eq!(login().await, LoginState::Unchecked);
}

async fn nothing_is_accepted_for_an_order_that_is_over_or_not_there(world: World) {
    let store = &world.store;
    let (order, _) = with_own_servers(&world, 993, 143).await;
    let place = at(SideName::Source, 993);
    let nobody = OrderId(Uuid::from_bytes([7; 16]));
    let gone = store.accept_certificate(nobody, FIRST, &place, Consenter::Owner).await;
    assert!(matches!(gone, Err(StoreError::NotFound)), "{gone:?}");
    store.accept_certificate(order, FIRST, &place, Consenter::Owner).await.expect("accepts");
    let record = store.order(order).await.expect("an order");
    store.cancel_order(&record).await.expect("cancels");
    let over = store.accept_certificate(order, SECOND, &place, Consenter::Owner).await;
    assert!(matches!(over, Err(StoreError::WrongState(_))), "{over:?}");
    assert!(matches!(store.forget_certificate(order, FIRST).await, Err(StoreError::WrongState(_))));
}
