//! Tenants, their members and API keys.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use mailferry_shared::{
    address::MailAddress,
    ids::{ApiKeyId, MemberId, TenantId},
    secret::Secret,
};
use uuid::Uuid;

use crate::{
    error::StoreError,
    store::Store,
    value::{args, json},
    voucher::crockford,
};

/// The first tenant. Operators are its members, orders from the public page belong to it.
pub const OPERATOR_TENANT: TenantId = TenantId(Uuid::nil());

/// A member of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The member's id.
    pub id: MemberId,
    /// The tenant.
    pub tenant_id: TenantId,
    /// What to call the member.
    pub name: String,
    /// The member's mail address.
    pub mail: Option<MailAddress>,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// An API key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The key's id.
    pub id: ApiKeyId,
    /// Whose data it opens.
    pub tenant_id: TenantId,
    /// Who it was made for.
    pub member_id: Option<MemberId>,
    /// What its owner calls it.
    pub name: String,
    /// What it may do, like `orders:read`.
    pub scopes: BTreeSet<String>,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// A new API key with its secret, which is shown this once only.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// The key.
    pub key: ApiKey,
    /// `mf_live_` and 26 characters (128 bits).
    pub secret: Secret,
}

impl Store {
    /// Makes an operator: a member of the first tenant.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn create_operator(&self, name: &str, mail: Option<&MailAddress>) -> Result<Member, StoreError> {
        let member = Member {
            id: MemberId(self.new_id()?),
            tenant_id: OPERATOR_TENANT,
            name: name.to_owned(),
            mail: mail.cloned(),
            created_at: self.now(),
        };
        let mut tx = self.write().await?;
        tx.execute(
            "INSERT INTO members (id, tenant_id, name, mail, created_at) VALUES ($1, $2, $3, $4, $5)",
            args![member.id, member.tenant_id, name, mail.map(MailAddress::as_str), member.created_at],
        )
        .await?;
        tx.commit().await?;
        Ok(member)
    }

    /// Makes an API key. Only the SHA-256 of its secret is kept.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], also for a tenant that does not exist.
    pub async fn create_api_key(
        &self,
        tenant_id: TenantId,
        member_id: Option<MemberId>,
        name: &str,
        scopes: &BTreeSet<String>,
    ) -> Result<NewApiKey, StoreError> {
        let secret = format!("mf_live_{}", crockford::encode(&self.random_bytes()?).to_lowercase());
        let id = ApiKeyId(self.new_id()?);
        let created_at = self.now();
        let mut tx = self.write().await?;
        tx.execute(
            "INSERT INTO api_keys (id, tenant_id, member_id, name, secret_hash, scopes, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            args![id, tenant_id, member_id, name, sha256(secret.as_bytes()), json(scopes)?, created_at],
        )
        .await?;
        tx.commit().await?;
        let key = ApiKey { id, tenant_id, member_id, name: name.to_owned(), scopes: scopes.clone(), created_at };
        Ok(NewApiKey { key, secret: Secret::new(secret) })
    }

    /// The key with this secret, unless it was revoked.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn find_api_key(&self, secret: &str) -> Result<Option<ApiKey>, StoreError> {
        let mut tx = self.read().await?;
        let row = tx
            .row_opt(
                "SELECT id, tenant_id, member_id, name, scopes, created_at FROM api_keys
                 WHERE secret_hash = $1 AND revoked_at IS NULL",
                args![sha256(secret.as_bytes())],
            )
            .await?;
        row.map(|row| {
            Ok(ApiKey {
                id: row.get("id")?,
                tenant_id: row.get("tenant_id")?,
                member_id: row.get("member_id")?,
                name: row.get("name")?,
                scopes: row.json("scopes")?,
                created_at: row.get("created_at")?,
            })
        })
        .transpose()
    }

    /// Revokes a key for good.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none that is not revoked yet.
    pub async fn revoke_api_key(&self, id: ApiKeyId) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let sql = "UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
        if tx.execute(sql, args![id, self.now()]).await? == 0 {
            return Err(StoreError::NotFound);
        }
        tx.commit().await
    }
}

/// SHA-256 of `bytes`.
pub(crate) fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}
