//! What members of a tenant, and operators, do.

use mailferry_shared::{
    ids::{ApiKeyId, LinkId, MemberId, VoucherId, WebhookDeliveryId, WebhookId},
    key::{ApiKeyCreate, ApiKeyCreated, ApiKeyList},
    link::{Link, LinkCreate, LinkList},
    member::{Member, MemberChange, MemberCreate, MemberList, PasswordChange, Principal, SignIn},
    order_list::OrderPage,
    tenant::{TenantCreate, TenantCreated, TenantList},
    voucher::{Voucher, VoucherBatch, VoucherCreate, VoucherPage},
    webhook::{Delivery, DeliveryPage, WebhookCreate, WebhookCreated, WebhookList},
};

use super::request::{self, ApiError, Method};

pub(crate) async fn me() -> Result<Principal, ApiError> {
    request::get("/me").await
}

pub(crate) async fn sign_in(credentials: &SignIn) -> Result<Principal, ApiError> {
    request::send(Method::Post, "/sign-ins", credentials).await
}

pub(crate) async fn sign_out() -> Result<(), ApiError> {
    request::delete("/me/sessions").await
}

pub(crate) async fn change_password(change: &PasswordChange) -> Result<(), ApiError> {
    request::send_for_nothing(Method::Post, "/me/password", change).await
}

/// One page of the list of migrations; `query` is empty or begins with `?`.
pub(crate) async fn orders(query: &str) -> Result<OrderPage, ApiError> {
    request::get(&format!("/orders{query}")).await
}

pub(crate) async fn members() -> Result<MemberList, ApiError> {
    request::get("/members").await
}

pub(crate) async fn create_member(member: &MemberCreate) -> Result<Member, ApiError> {
    request::send(Method::Post, "/members", member).await
}

pub(crate) async fn change_member(id: MemberId, change: &MemberChange) -> Result<Member, ApiError> {
    request::send(Method::Patch, &format!("/members/{id}"), change).await
}

pub(crate) async fn delete_member(id: MemberId) -> Result<(), ApiError> {
    request::delete(&format!("/members/{id}")).await
}

pub(crate) async fn api_keys() -> Result<ApiKeyList, ApiError> {
    request::get("/api-keys").await
}

pub(crate) async fn create_api_key(key: &ApiKeyCreate) -> Result<ApiKeyCreated, ApiError> {
    request::send(Method::Post, "/api-keys", key).await
}

pub(crate) async fn revoke_api_key(id: ApiKeyId) -> Result<(), ApiError> {
    request::delete(&format!("/api-keys/{id}")).await
}

pub(crate) async fn tenants() -> Result<TenantList, ApiError> {
    request::get("/tenants").await
}

pub(crate) async fn create_tenant(tenant: &TenantCreate) -> Result<TenantCreated, ApiError> {
    request::send(Method::Post, "/tenants", tenant).await
}

pub(crate) async fn vouchers() -> Result<VoucherPage, ApiError> {
    request::get("/vouchers?limit=200").await
}

pub(crate) async fn revoke_voucher(id: VoucherId) -> Result<Voucher, ApiError> {
    request::act(&format!("/vouchers/{id}/revoke")).await
}

/// Where the list of vouchers can be downloaded.
pub(crate) fn vouchers_csv_url() -> String {
    request::url("/vouchers.csv")
}

pub(crate) async fn links() -> Result<LinkList, ApiError> {
    request::get("/links").await
}

pub(crate) async fn create_link(link: &LinkCreate) -> Result<Link, ApiError> {
    request::send(Method::Post, "/links", link).await
}

pub(crate) async fn revoke_link(id: LinkId) -> Result<(), ApiError> {
    request::delete(&format!("/links/{id}")).await
}

pub(crate) async fn webhooks() -> Result<WebhookList, ApiError> {
    request::get("/webhooks").await
}

pub(crate) async fn create_webhook(webhook: &WebhookCreate) -> Result<WebhookCreated, ApiError> {
    request::send(Method::Post, "/webhooks", webhook).await
}

pub(crate) async fn delete_webhook(id: WebhookId) -> Result<(), ApiError> {
    request::delete(&format!("/webhooks/{id}")).await
}

pub(crate) async fn deliveries(id: WebhookId) -> Result<DeliveryPage, ApiError> {
    request::get(&format!("/webhooks/{id}/deliveries")).await
}

pub(crate) async fn replay_delivery(id: WebhookId, delivery: WebhookDeliveryId) -> Result<Delivery, ApiError> {
    request::act(&format!("/webhooks/{id}/deliveries/{delivery}/replay")).await
}

pub(crate) async fn create_vouchers(vouchers: &VoucherCreate) -> Result<VoucherBatch, ApiError> {
    request::send(Method::Post, "/vouchers", vouchers).await
}
