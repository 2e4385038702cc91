//! What members of a tenant, and operators, do.

use mailferry_shared::{
    ids::{ApiKeyId, MemberId},
    key::{ApiKeyCreate, ApiKeyCreated, ApiKeyList},
    member::{Member, MemberChange, MemberCreate, MemberList, PasswordChange, Principal, SignIn},
    order_list::OrderPage,
    tenant::{TenantCreate, TenantCreated, TenantList},
    voucher::{VoucherBatch, VoucherCreate},
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

pub(crate) async fn create_vouchers(vouchers: &VoucherCreate) -> Result<VoucherBatch, ApiError> {
    request::send(Method::Post, "/vouchers", vouchers).await
}
