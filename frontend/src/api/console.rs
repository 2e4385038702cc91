//! What members of a tenant, and operators, do.

use mailferry_shared::{
    ids::{ApiKeyId, LinkId, MemberId, TenantId, VoucherId, WebhookDeliveryId, WebhookId},
    key::{ApiKey, ApiKeyCreate, ApiKeyCreated},
    link::{Link, LinkChange, LinkCreate},
    member::{
        Member, MemberChange, MemberCreate, PasswordChange, PasswordLinkCreate, PasswordLinkRequest, PasswordLinkSent,
        PasswordSet, Principal, SignIn,
    },
    order_list::OrderListItem,
    tenant::{Tenant, TenantChange, TenantCreate, TenantCreated},
    voucher::{Voucher, VoucherBatch, VoucherCreate},
    webhook::{Delivery, Webhook, WebhookChange, WebhookCreate, WebhookCreated},
};

use super::{
    error::ApiError,
    request::{self, Method, Paged},
};

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

/// One page of the list of migrations; `query` is what is asked for, `name=value&…`, escaped.
pub(crate) async fn orders(query: &str, cursor: Option<String>) -> Result<Paged<OrderListItem>, ApiError> {
    request::page("/orders", query, cursor).await
}

pub(crate) async fn members(cursor: Option<String>) -> Result<Paged<Member>, ApiError> {
    request::page("/members", "", cursor).await
}

pub(crate) async fn create_member(member: &MemberCreate) -> Result<Member, ApiError> {
    request::send(Method::Post, "/members", member).await
}

pub(crate) async fn change_member(id: MemberId, change: &MemberChange) -> Result<Member, ApiError> {
    request::send(Method::Patch, &format!("/members/{id}"), change).await
}

/// Sends a member a link by which they set a password.
pub(crate) async fn send_password_link(id: MemberId, mail: &PasswordLinkCreate) -> Result<PasswordLinkSent, ApiError> {
    request::send(Method::Post, &format!("/members/{id}/password-link"), mail).await
}

/// Asks for such a link for whoever has this address.
pub(crate) async fn request_password_link(wanted: &PasswordLinkRequest) -> Result<(), ApiError> {
    request::send_for_nothing(Method::Post, "/password-links", wanted).await
}

/// Sets a password by a link, and signs in.
pub(crate) async fn set_password(password: &PasswordSet) -> Result<Principal, ApiError> {
    request::send(Method::Post, "/passwords", password).await
}

pub(crate) async fn delete_member(id: MemberId) -> Result<(), ApiError> {
    request::delete(&format!("/members/{id}")).await
}

pub(crate) async fn api_keys(cursor: Option<String>) -> Result<Paged<ApiKey>, ApiError> {
    request::page("/api-keys", "", cursor).await
}

pub(crate) async fn create_api_key(key: &ApiKeyCreate) -> Result<ApiKeyCreated, ApiError> {
    request::send(Method::Post, "/api-keys", key).await
}

pub(crate) async fn revoke_api_key(id: ApiKeyId) -> Result<(), ApiError> {
    request::delete(&format!("/api-keys/{id}")).await
}

pub(crate) async fn tenants(cursor: Option<String>) -> Result<Paged<Tenant>, ApiError> {
    request::page("/tenants", "", cursor).await
}

pub(crate) async fn create_tenant(tenant: &TenantCreate) -> Result<TenantCreated, ApiError> {
    request::send(Method::Post, "/tenants", tenant).await
}

pub(crate) async fn change_tenant(id: TenantId, change: &TenantChange) -> Result<Tenant, ApiError> {
    request::send(Method::Patch, &format!("/tenants/{id}"), change).await
}

/// One page of the vouchers; `query` is what is asked for, `name=value&…`.
pub(crate) async fn vouchers(query: &str, cursor: Option<String>) -> Result<Paged<Voucher>, ApiError> {
    request::page("/vouchers", query, cursor).await
}

pub(crate) async fn revoke_voucher(id: VoucherId) -> Result<Voucher, ApiError> {
    request::act(&format!("/vouchers/{id}/revoke")).await
}

/// Where the list of migrations can be downloaded; `query` as in [`orders`].
pub(crate) fn orders_csv_url(query: &str) -> String {
    request::url(&format!("/orders.csv?{query}"))
}

/// Where the list of vouchers can be downloaded; `query` as in [`vouchers`].
pub(crate) fn vouchers_csv_url(query: &str) -> String {
    request::url(&format!("/vouchers.csv?{query}"))
}

pub(crate) async fn links(cursor: Option<String>) -> Result<Paged<Link>, ApiError> {
    request::page("/links", "", cursor).await
}

pub(crate) async fn create_link(link: &LinkCreate) -> Result<Link, ApiError> {
    request::send(Method::Post, "/links", link).await
}

pub(crate) async fn change_link(id: LinkId, change: &LinkChange) -> Result<Link, ApiError> {
    request::send(Method::Patch, &format!("/links/{id}"), change).await
}

pub(crate) async fn revoke_link(id: LinkId) -> Result<(), ApiError> {
    request::delete(&format!("/links/{id}")).await
}

pub(crate) async fn change_webhook(id: WebhookId, change: &WebhookChange) -> Result<Webhook, ApiError> {
    request::send(Method::Patch, &format!("/webhooks/{id}"), change).await
}

/// Gives it another secret.
pub(crate) async fn rotate_webhook_secret(id: WebhookId) -> Result<WebhookCreated, ApiError> {
    request::act(&format!("/webhooks/{id}/secret")).await
}

pub(crate) async fn webhooks(cursor: Option<String>) -> Result<Paged<Webhook>, ApiError> {
    request::page("/webhooks", "", cursor).await
}

pub(crate) async fn create_webhook(webhook: &WebhookCreate) -> Result<WebhookCreated, ApiError> {
    request::send(Method::Post, "/webhooks", webhook).await
}

pub(crate) async fn delete_webhook(id: WebhookId) -> Result<(), ApiError> {
    request::delete(&format!("/webhooks/{id}")).await
}

/// Sends it an event that says nothing, to see whether it is heard.
pub(crate) async fn test_webhook(id: WebhookId) -> Result<Delivery, ApiError> {
    request::act(&format!("/webhooks/{id}/test")).await
}

pub(crate) async fn deliveries(id: WebhookId, cursor: Option<String>) -> Result<Paged<Delivery>, ApiError> {
    request::page(&format!("/webhooks/{id}/deliveries"), "", cursor).await
}

pub(crate) async fn replay_delivery(id: WebhookId, delivery: WebhookDeliveryId) -> Result<Delivery, ApiError> {
    request::act(&format!("/webhooks/{id}/deliveries/{delivery}/replay")).await
}

pub(crate) async fn create_vouchers(vouchers: &VoucherCreate) -> Result<VoucherBatch, ApiError> {
    request::send(Method::Post, "/vouchers", vouchers).await
}
