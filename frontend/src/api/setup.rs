//! What the wizard asks besides: settings found from addresses, dry runs, MX records, payments, admin credentials.

use mailferry_shared::{
    account::SideName,
    admin::{AdminCredentials, AdminCredentialsList, AdminCredentialsSet},
    certificate::{CertificateAcceptance, CertificateFingerprint},
    discovery::{Discovery, DiscoveryCreate},
    dry_run::{DryRun, DryRunCreate},
    ids::{DiscoveryId, DryRunId, OrderId, PaymentId},
    order::StartKind,
    payment::{OrderPayment, PaymentCreate, PaymentList, RefundCreate},
    schedule::MxReport,
};

use super::{
    error::ApiError,
    request::{self, Method, Polled},
};

pub(crate) async fn start_discovery(wanted: &DiscoveryCreate) -> Result<Discovery, ApiError> {
    request::send(Method::Post, "/discoveries", wanted).await
}

pub(crate) async fn poll_discovery(id: DiscoveryId, etag: Option<&str>) -> Result<Polled<Discovery>, ApiError> {
    request::poll(&format!("/discoveries/{id}"), etag).await
}

pub(crate) async fn start_dry_run(order: OrderId, kind: StartKind) -> Result<DryRun, ApiError> {
    let wanted = DryRunCreate { kind, ..DryRunCreate::default() };
    request::send(Method::Post, &format!("/orders/{order}/dry-runs"), &wanted).await
}

pub(crate) async fn poll_dry_run(order: OrderId, id: DryRunId, etag: Option<&str>) -> Result<Polled<DryRun>, ApiError> {
    request::poll(&format!("/orders/{order}/dry-runs/{id}"), etag).await
}

pub(crate) async fn poll_mx(order: OrderId, etag: Option<&str>) -> Result<Polled<MxReport>, ApiError> {
    request::poll(&format!("/orders/{order}/mx"), etag).await
}

pub(crate) async fn payments(order: OrderId) -> Result<PaymentList, ApiError> {
    request::get(&format!("/orders/{order}/payments")).await
}

pub(crate) async fn begin_payment(order: OrderId) -> Result<OrderPayment, ApiError> {
    request::send(Method::Post, &format!("/orders/{order}/payments"), &PaymentCreate::default()).await
}

pub(crate) async fn capture_payment(order: OrderId, id: PaymentId) -> Result<OrderPayment, ApiError> {
    request::act(&format!("/orders/{order}/payments/{id}/capture")).await
}

/// Pays back a payment, or a part of it.
pub(crate) async fn refund(id: PaymentId, refund: &RefundCreate) -> Result<OrderPayment, ApiError> {
    request::send(Method::Post, &format!("/payments/{id}/refund"), refund).await
}

pub(crate) async fn payment(order: OrderId, id: PaymentId) -> Result<OrderPayment, ApiError> {
    request::get(&format!("/orders/{order}/payments/{id}")).await
}

pub(crate) async fn admin_credentials(order: OrderId) -> Result<AdminCredentialsList, ApiError> {
    request::get(&format!("/orders/{order}/admin-credentials")).await
}

pub(crate) async fn set_admin_credentials(
    order: OrderId,
    side: SideName,
    credentials: &AdminCredentialsSet,
) -> Result<AdminCredentials, ApiError> {
    let side = match side {
        SideName::Source => "source",
        SideName::Destination => "destination",
    };
    request::send(Method::Put, &format!("/orders/{order}/admin-credentials/{side}"), credentials).await
}

/// Accepts a certificate that does not verify at this server, or nowhere any more.
pub(crate) async fn set_certificate(
    order: OrderId,
    fingerprint: CertificateFingerprint,
    place: Option<CertificateAcceptance>,
) -> Result<(), ApiError> {
    let path = format!("/orders/{order}/certificates/{fingerprint}");
    match place {
        Some(place) => request::send_for_nothing(Method::Put, &path, &place).await,
        None => request::delete(&path).await,
    }
}
