//! The ids in paths. One that is no id answers like one that does not exist.

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use futures::future::{Ready, ready};
use mailferry_shared::ids::{
    ApiKeyId, AttachmentId, CheckId, DeltaId, DiscoveryId, DryRunId, LinkId, MemberId, OrderId, PairId, PaymentId,
    RequestId, RunId, TenantId, VerificationId, VoucherId, WebhookDeliveryId, WebhookId,
};
use serde::{Deserialize, de::DeserializeOwned};
use utoipa::IntoParams;

use super::problem::ApiError;

/// The ids that a path holds.
pub struct Ids<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Ids<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let path = web::Path::<T>::from_request(request, payload).into_inner();
        ready(path.map(|path| Self(path.into_inner())).map_err(|_| ApiError::NotFound))
    }
}

/// An order.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OrderPath {
    /// The order number.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0001")]
    pub order_id: OrderId,
}

/// An account pair of an order.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct PairPath {
    /// The order number.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0001")]
    pub order_id: OrderId,
    /// The account pair.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0002")]
    pub pair_id: PairId,
}

/// A run of an account pair.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct RunPath {
    /// The order number.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0001")]
    pub order_id: OrderId,
    /// The account pair.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0002")]
    pub pair_id: PairId,
    /// The run.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0003")]
    pub run_id: RunId,
}

/// A check of an order.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct CheckPath {
    /// The order number.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0001")]
    pub order_id: OrderId,
    /// The check.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0004")]
    pub check_id: CheckId,
}

/// A search for the settings of a mail service.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct DiscoveryPath {
    /// The search.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0007")]
    pub discovery_id: DiscoveryId,
}

/// A dry run of an order.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct DryRunPath {
    /// The order number.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0001")]
    pub order_id: OrderId,
    /// The dry run.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0008")]
    pub dry_run_id: DryRunId,
}

/// A delta of an order.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct DeltaPath {
    /// The order number.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0001")]
    pub order_id: OrderId,
    /// The delta.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0005")]
    pub delta_id: DeltaId,
}

/// A payment of an order.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct PaymentPath {
    /// The order number.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0001")]
    pub order_id: OrderId,
    /// The payment.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0010")]
    pub payment_id: PaymentId,
}

/// A payment.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct PaidPath {
    /// The payment.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0010")]
    pub payment_id: PaymentId,
}

/// A verification of an order.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct VerificationPath {
    /// The order number.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0001")]
    pub order_id: OrderId,
    /// The verification.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0006")]
    pub verification_id: VerificationId,
}

/// A tenant.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TenantPath {
    /// The tenant.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0010")]
    pub tenant_id: TenantId,
}

/// A member.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct MemberPath {
    /// The member.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0011")]
    pub member_id: MemberId,
}

/// An API key.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct KeyPath {
    /// The API key.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0012")]
    pub key_id: ApiKeyId,
}

/// A voucher.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct VoucherPath {
    /// The voucher.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0006")]
    pub voucher_id: VoucherId,
}

/// A pre-configured link.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct LinkPath {
    /// The pre-configured link.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0014")]
    pub link_id: LinkId,
}

/// A webhook endpoint.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct WebhookPath {
    /// The webhook endpoint.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0015")]
    pub webhook_id: WebhookId,
}

/// An event on its way to a webhook endpoint.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct DeliveryPath {
    /// The webhook endpoint.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0015")]
    pub webhook_id: WebhookId,
    /// The delivery.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0016")]
    pub delivery_id: WebhookDeliveryId,
}

/// A requested migration.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct RequestPath {
    /// The request.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0040")]
    pub request_id: RequestId,
}

/// A file of a requested migration.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct AttachmentPath {
    /// The request.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0040")]
    pub request_id: RequestId,
    /// The file.
    #[param(example = "0199d1c4-5d5e-7a10-8c2f-3f1f7c5c0041")]
    pub attachment_id: AttachmentId,
}
