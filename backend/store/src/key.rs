//! API keys: only the SHA-256 of their secrets is kept.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use mailferry_shared::{
    ids::{ApiKeyId, MemberId, TenantId},
    key::{ApiKey, ApiKeyCreated, Scope},
    secret::Secret,
};

use crate::{
    error::StoreError,
    member::{self, MemberRecord, member_from},
    page::{Part, Way},
    store::Store,
    tenant::sha256,
    value::{Row, args, json},
    voucher::crockford,
};

/// The last use is noted once in this time.
const NOTED_EVERY: TimeDelta = TimeDelta::seconds(60);

/// Characters of a secret's end that are kept: all of it are ASCII.
const HINT: usize = 4;

/// What a new API key begins with.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// Whose data it opens.
    pub tenant_id: TenantId,
    /// The member it belongs to; none: it reaches the whole tenant.
    pub member_id: Option<MemberId>,
    /// What its owner calls it.
    pub name: String,
    /// What it may be used for.
    pub scopes: BTreeSet<Scope>,
    /// Its orders run against built-in test hosts only.
    pub sandbox: bool,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
}

/// An API key that was presented, with its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHolder {
    /// Whose data it opens.
    pub tenant_id: TenantId,
    /// The key.
    pub key: ApiKey,
    /// The member it belongs to.
    pub member: Option<MemberRecord>,
}

const COLUMNS: &str = "k.id, k.tenant_id, k.member_id AS key_member_id, m.name AS key_member_name, k.name, k.hint,
    k.scopes, k.sandbox, k.created_at, k.last_used_at, k.expires_at";

const KEYS: &str = "api_keys k LEFT JOIN members m ON m.id = k.member_id";

fn key_from(row: &Row) -> Result<ApiKey, StoreError> {
    // A scope that this version does not know grants nothing.
    let scopes: Vec<String> = row.json("scopes")?;
    Ok(ApiKey {
        id: row.get("id")?,
        name: row.get("name")?,
        hint: row.get("hint")?,
        member_id: row.get("key_member_id")?,
        member_name: row.get("key_member_name")?,
        scopes: scopes.iter().filter_map(|scope| scope.parse().ok()).collect(),
        sandbox: row.get("sandbox")?,
        created_at: row.get("created_at")?,
        last_used_at: row.get("last_used_at")?,
        expires_at: row.get("expires_at")?,
    })
}

impl Store {
    /// Makes an API key; its secret is told this once.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], also for a tenant or member that does not exist.
    pub async fn create_api_key(&self, new: NewApiKey) -> Result<ApiKeyCreated, StoreError> {
        let kind = if new.sandbox { "mf_test_" } else { "mf_live_" };
        let secret = format!("{kind}{}", crockford::encode(&self.random_bytes()?).to_lowercase());
        let id = ApiKeyId(self.new_id()?);
        let mut tx = self.write().await?;
        tx.execute(
            "INSERT INTO api_keys (id, tenant_id, member_id, name, secret_hash, scopes, sandbox, expires_at, created_at,
                hint)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            args![
                id,
                new.tenant_id,
                new.member_id,
                new.name,
                sha256(secret.as_bytes()),
                json(&new.scopes)?,
                new.sandbox,
                new.expires_at,
                self.now(),
                &secret[secret.len() - HINT..],
            ],
        )
        .await?;
        let row = tx.row(format!("SELECT {COLUMNS} FROM {KEYS} WHERE k.id = $1"), args![id]).await?;
        tx.commit().await?;
        Ok(ApiKeyCreated { key: key_from(&row)?, secret: Secret::new(secret) })
    }

    /// The key with this secret and its owner, unless it was revoked or has ended. Notes that it was used.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn find_api_key(&self, secret: &str) -> Result<Option<KeyHolder>, StoreError> {
        let now = self.now();
        let sql = format!(
            "SELECT {COLUMNS}, {} FROM {KEYS}
             WHERE k.secret_hash = $1 AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $2)",
            member::COLUMNS
        );
        let row = self.read().await?.row_opt(sql, args![sha256(secret.as_bytes()), now]).await?;
        let Some(row) = row else { return Ok(None) };
        let key = key_from(&row)?;
        let member = if key.member_id.is_some() { Some(member_from(&row)?) } else { None };
        if key.last_used_at.is_none_or(|at| now - at >= NOTED_EVERY) {
            let mut tx = self.write().await?;
            tx.execute("UPDATE api_keys SET last_used_at = $2 WHERE id = $1", args![key.id, now]).await?;
            tx.commit().await?;
        }
        Ok(Some(KeyHolder { tenant_id: row.get("tenant_id")?, key, member }))
    }

    /// A part of the keys of a tenant, or of one of its members, that are not revoked; oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn api_keys(
        &self,
        tenant_id: TenantId,
        only: Option<MemberId>,
        part: Part,
    ) -> Result<Vec<ApiKey>, StoreError> {
        let mut args = args![tenant_id, only];
        let clause = part.clause(["k.created_at", "k.id"], Way::Up, &mut args);
        let sql = format!(
            "SELECT {COLUMNS} FROM {KEYS} WHERE k.tenant_id = $1 AND k.revoked_at IS NULL
                AND ($2 IS NULL OR k.member_id = $2){clause}"
        );
        self.read().await?.rows(sql, args).await?.iter().map(key_from).collect()
    }

    /// Revokes a key of a tenant, or of one of its members, for good.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none that is not revoked yet.
    pub async fn revoke_api_key(
        &self,
        tenant_id: TenantId,
        only: Option<MemberId>,
        id: ApiKeyId,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let sql = "UPDATE api_keys SET revoked_at = $4
             WHERE id = $1 AND tenant_id = $2 AND ($3 IS NULL OR member_id = $3) AND revoked_at IS NULL";
        if tx.execute(sql, args![id, tenant_id, only, self.now()]).await? == 0 {
            return Err(StoreError::NotFound);
        }
        tx.commit().await
    }
}
