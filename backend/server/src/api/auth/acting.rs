//! Extractors for operations that act for a tenant: each operation names its scope in its type, and is never called
//! without.

use std::marker::PhantomData;

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use futures::future::LocalBoxFuture;
use mailferry_shared::key::Scope;

use super::{app, principal, principal::Principal};
use crate::api::problem::ApiError;

/// A scope as a type.
pub trait Needed: 'static {
    /// The scope.
    const SCOPE: Scope;
}

macro_rules! needed {
    ($($name:ident),*) => {$(
        /// The scope of this name.
        pub struct $name;

        impl Needed for $name {
            const SCOPE: Scope = Scope::$name;
        }
    )*};
}
needed!(
    OrdersRead,
    OrdersWrite,
    VouchersRead,
    VouchersWrite,
    PaymentsRead,
    PaymentsWrite,
    LinksRead,
    LinksWrite,
    WebhooksRead,
    WebhooksWrite,
    RequestsRead,
    RequestsWrite,
    MembersRead,
    MembersWrite,
    KeysRead,
    KeysWrite,
    TenantsRead,
    TenantsWrite
);

/// Somebody who has the scope `S`.
pub struct Acting<S>(pub Principal, PhantomData<S>);

impl<S: Needed> FromRequest for Acting<S> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let principal = principal(app(&request)?, &request).await?.ok_or(ApiError::NotSignedIn)?;
            principal.needs(S::SCOPE)?;
            Ok(Self(principal, PhantomData))
        })
    }
}

/// Whoever asks, if anybody proves who they are.
pub struct MaybePrincipal(pub Option<Principal>);

impl FromRequest for MaybePrincipal {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(Self(principal(app(&request)?, &request).await?)) })
    }
}

/// A member, or an API key, whatever it may do.
pub struct Anybody(pub Principal);

impl FromRequest for Anybody {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { principal(app(&request)?, &request).await?.map(Self).ok_or(ApiError::NotSignedIn) })
    }
}

/// A member who is signed in: an API key does not do.
pub struct SignedIn(pub mailferry_store::MemberRecord);

impl FromRequest for SignedIn {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let principal = principal(app(&request)?, &request).await?.ok_or(ApiError::NotSignedIn)?;
            match principal {
                Principal { key: None, member: Some(member), .. } => Ok(Self(member)),
                _ => Err(ApiError::Forbidden("An API key cannot do that; sign in as a member.")),
            }
        })
    }
}
