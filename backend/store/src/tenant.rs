//! Tenants, and how much each may have.

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use mailferry_shared::{
    ids::TenantId,
    tenant::{Tenant, TenantLimits},
};
use uuid::Uuid;

use crate::{
    db::Tx,
    error::StoreError,
    order::OrderRecord,
    page::{Part, Way},
    store::Store,
    value::{Row, args},
};

/// The first tenant. Operators are its members, orders from the public page belong to it.
pub const OPERATOR_TENANT: TenantId = TenantId(Uuid::nil());

const COLUMNS: &str = "id, name, max_pairs, max_active_orders, max_message_bytes, max_connections_per_host, created_at";

fn tenant_from(row: &Row) -> Result<Tenant, StoreError> {
    let limits = TenantLimits {
        max_pairs: row.get("max_pairs")?,
        max_active_orders: row.get("max_active_orders")?,
        max_message_bytes: row.get("max_message_bytes")?,
        max_connections_per_host: row.get("max_connections_per_host")?,
    };
    Ok(Tenant { id: row.get("id")?, name: row.get("name")?, limits, created_at: row.get("created_at")? })
}

impl Store {
    /// Makes a tenant.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn create_tenant(&self, name: &str, limits: TenantLimits) -> Result<Tenant, StoreError> {
        let id = TenantId(self.new_id()?);
        let mut tx = self.write().await?;
        let sql = format!("INSERT INTO tenants ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING {COLUMNS}");
        let TenantLimits { max_pairs, max_active_orders, max_message_bytes, max_connections_per_host } = limits;
        let limits = args![max_pairs, max_active_orders, max_message_bytes, max_connections_per_host];
        let args = args![id, name].into_iter().chain(limits).chain(args![self.now()]).collect();
        let row = tx.row(sql, args).await?;
        tx.commit().await?;
        tenant_from(&row)
    }

    /// A part of all tenants, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn tenants(&self, part: Part) -> Result<Vec<Tenant>, StoreError> {
        let mut args = args![];
        let clause = part.clause(["created_at", "id"], Way::Up, &mut args);
        let sql = format!("SELECT {COLUMNS} FROM tenants WHERE 1 = 1{clause}");
        self.read().await?.rows(sql, args).await?.iter().map(tenant_from).collect()
    }

    /// One tenant.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn tenant(&self, id: TenantId) -> Result<Tenant, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM tenants WHERE id = $1");
        tenant_from(&self.read().await?.row(sql, args![id]).await?)
    }

    /// Account pairs that an order of this tenant may have: the tenant's own limit, or `default`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn max_pairs(&self, id: TenantId, default: u32) -> Result<u32, StoreError> {
        Ok(self.tenant(id).await?.limits.max_pairs.unwrap_or(default))
    }

    /// Deletes a tenant that nothing belongs to.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], also if anything does.
    pub async fn delete_empty_tenant(&self, id: TenantId) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        tx.execute("DELETE FROM tenants WHERE id = $1", args![id]).await?;
        tx.commit().await
    }

    /// Changes a tenant; what is absent stays.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn change_tenant(
        &self,
        id: TenantId,
        name: Option<&str>,
        limits: Option<TenantLimits>,
    ) -> Result<Tenant, StoreError> {
        let mut tx = self.write().await?;
        if let Some(limits) = limits {
            let sql = "UPDATE tenants SET max_pairs = $2, max_active_orders = $3, max_message_bytes = $4,
                max_connections_per_host = $5 WHERE id = $1";
            let TenantLimits { max_pairs, max_active_orders, max_message_bytes, max_connections_per_host } = limits;
            tx.execute(sql, args![id, max_pairs, max_active_orders, max_message_bytes, max_connections_per_host])
                .await?;
        }
        let sql = format!("UPDATE tenants SET name = COALESCE($2, name) WHERE id = $1 RETURNING {COLUMNS}");
        let row = tx.row(sql, args![id, name]).await?;
        tx.commit().await?;
        tenant_from(&row)
    }
}

/// Makes sure that whoever asked for `order` may have one more at work: `usual` ones, unless the tenant has a limit of its
/// own. Deltas that were to start by themselves before `due` come first. Not for the public page.
///
/// # Errors
/// [`StoreError::TooManyActive`].
pub(crate) async fn room_for_one_more(
    tx: &mut Tx,
    order: &OrderRecord,
    usual: u32,
    due: DateTime<Utc>,
) -> Result<(), StoreError> {
    let asker = order.asker;
    if asker.api_key_id.is_none() && asker.member_id.is_none() {
        return Ok(());
    }
    // Locks the row: orders of one tenant that start at the same time follow one another.
    let sql = "UPDATE tenants SET name = name WHERE id = $1 RETURNING max_active_orders";
    let limit: Option<u32> = tx.row(sql, args![order.tenant_id]).await?.get("max_active_orders")?;
    let limit = limit.unwrap_or(usual);
    let row = tx
        .row(
            "SELECT COUNT(*) AS n FROM orders WHERE tenant_id = $1 AND id <> $2
                AND (state IN ('scheduled', 'active', 'paused')
                    OR state = 'completed' AND delta_pending = 1 AND delta_at < $5)
                AND (($3 IS NOT NULL AND api_key_id = $3) OR ($3 IS NULL AND api_key_id IS NULL AND member_id = $4))",
            args![order.tenant_id, order.id, asker.api_key_id, asker.member_id, due],
        )
        .await?;
    if row.get::<u32>("n")? >= limit { Err(StoreError::TooManyActive { limit }) } else { Ok(()) }
}

/// SHA-256 of `bytes`.
pub(crate) fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest(&SHA256, bytes).as_ref().to_vec()
}
