//! Admin credentials of an order's sides: sealed like passwords, each for its tenant, order and side alone.

use std::collections::HashMap;

use mailferry_domain::order::OrderTransitionError;
use mailferry_shared::{
    account::SideName,
    admin::{AdminCredentials, AdminCredentialsSet},
    delegation::{CredentialKind, Delegation},
    ids::{OrderId, TenantId},
    order::OrderState,
};
use secrecy::SecretString;

use crate::{
    credential::{entered, sealed_from},
    db::Tx,
    error::StoreError,
    order::lock_order,
    rotation::CredentialAt,
    sealing::Sealed,
    store::Store,
    value::{Row, args, code, json},
};

/// An admin, ready to log in.
pub(crate) struct Admin {
    pub(crate) user: String,
    pub(crate) delegation: Option<Delegation>,
    pub(crate) password: Option<SecretString>,
    pub(crate) kind: CredentialKind,
    pub(crate) kept_at: CredentialAt,
}

/// What is authenticated along with an admin's password.
pub(crate) fn place(tenant: TenantId, order: OrderId, side: SideName) -> Vec<u8> {
    let side = match side {
        SideName::Source => "source",
        SideName::Destination => "destination",
    };
    format!("mailferry admin credential\0{tenant}\0{order}\0{side}").into_bytes()
}

/// The sealed password, if it is still kept.
fn sealed(row: &Row) -> Result<Option<Sealed>, StoreError> {
    match row.get::<Option<Vec<u8>>>("sealed")? {
        Some(_) => sealed_from(row).map(Some),
        None => Ok(None),
    }
}

impl Store {
    /// The admin credentials of an order, the source's first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn admin_credentials(&self, order_id: OrderId) -> Result<Vec<AdminCredentials>, StoreError> {
        read(&mut self.read().await?, order_id, None).await
    }

    /// Sets the admin credentials of a side. Without a secret the one that is kept stays, if name and kind do too.
    /// What was found about the pairs that use them is void.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such order.
    pub async fn set_admin_credentials(
        &self,
        order_id: OrderId,
        side: SideName,
        set: &AdminCredentialsSet,
    ) -> Result<AdminCredentials, StoreError> {
        let mut tx = self.write().await?;
        let order = lock_order(&mut tx, order_id).await?;
        if matches!(order.life.state(), OrderState::Closed | OrderState::Cancelled) {
            let from = order.life.state();
            return Err(OrderTransitionError { from, action: "have its credentials changed" }.into());
        }
        let word = code(&side)?;
        let secret = entered(set.credential, set.password.as_ref(), set.oauth.as_ref())?;
        let delegation = set.delegation.as_ref().map(json).transpose()?;
        tx.execute(
            "INSERT INTO admin_credentials (order_id, side, user_name, delegation, created_at, credential_kind)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (order_id, side) DO UPDATE SET delegation = excluded.delegation,
                sealed = CASE WHEN admin_credentials.user_name = excluded.user_name
                    AND admin_credentials.credential_kind = excluded.credential_kind THEN admin_credentials.sealed END,
                user_name = excluded.user_name, credential_kind = excluded.credential_kind",
            args![order_id, &word, &set.user, delegation, self.now(), code(&set.credential)?],
        )
        .await?;
        if let Some(secret) = secret {
            let random = self.context().random.as_ref();
            let place = place(order.tenant_id, order_id, side);
            let sealed = self.keys().seal(secret.expose().as_bytes(), &place, random)?;
            let sql = "UPDATE admin_credentials SET key_id = $3, wrapped_key = $4, sealed = $5, created_at = $6
                 WHERE order_id = $1 AND side = $2";
            let values = args![order_id, &word, sealed.key_id, sealed.wrapped_key, sealed.bytes, self.now()];
            tx.execute(sql, values).await?;
        }
        void_findings(&mut tx, order_id, &word).await?;
        let set = read(&mut tx, order_id, Some(side)).await?.pop().ok_or(StoreError::NotFound)?;
        tx.commit().await?;
        Ok(set)
    }

    /// Erases the admin credentials of a side; pairs that use them need others.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there are none.
    pub async fn delete_admin_credentials(&self, order_id: OrderId, side: SideName) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let word = code(&side)?;
        let sql = "DELETE FROM admin_credentials WHERE order_id = $1 AND side = $2";
        if tx.execute(sql, args![order_id, &word]).await? == 0 {
            return Err(StoreError::NotFound);
        }
        void_findings(&mut tx, order_id, &word).await?;
        tx.commit().await
    }

    /// The admins of an order, opened.
    pub(crate) async fn admins(
        &self,
        tx: &mut Tx,
        tenant_id: TenantId,
        order_id: OrderId,
    ) -> Result<HashMap<SideName, Admin>, StoreError> {
        let sql = "SELECT side, user_name, delegation, credential_kind, key_id, wrapped_key, sealed
             FROM admin_credentials WHERE order_id = $1";
        let mut admins = HashMap::new();
        for row in &tx.rows(sql, args![order_id]).await? {
            let side: SideName = row.code("side")?;
            let password = match sealed(row)? {
                Some(sealed) => {
                    let bytes = self.keys().open(&sealed, &place(tenant_id, order_id, side))?;
                    let text = std::str::from_utf8(&bytes).map_err(|_| StoreError::corrupt("a password"))?;
                    Some(SecretString::from(text))
                }
                None => None,
            };
            let (user, delegation) = (row.get("user_name")?, row.json_opt("delegation")?);
            let (kind, kept_at) = (row.code("credential_kind")?, CredentialAt::Order(order_id, side));
            admins.insert(side, Admin { user, delegation, password, kind, kept_at });
        }
        Ok(admins)
    }

    /// Wraps the data keys of admins' passwords anew; how many.
    pub(crate) async fn rewrap_admins(&self, tx: &mut Tx) -> Result<u64, StoreError> {
        let sql = "SELECT o.tenant_id, a.order_id, a.side, a.key_id, a.wrapped_key, a.sealed
             FROM admin_credentials a JOIN orders o ON o.id = a.order_id WHERE a.sealed IS NOT NULL";
        let mut count = 0;
        for row in &tx.rows(sql, args![]).await? {
            let (order, side): (OrderId, SideName) = (row.get("order_id")?, row.code("side")?);
            let place = place(row.get("tenant_id")?, order, side);
            let random = self.context().random.as_ref();
            if let Some(anew) = self.keys().rewrap(&sealed_from(row)?, &place, random)? {
                let sql =
                    "UPDATE admin_credentials SET key_id = $3, wrapped_key = $4 WHERE order_id = $1 AND side = $2";
                tx.execute(sql, args![order, code(&side)?, anew.key_id, anew.wrapped_key]).await?;
                count += 1;
            }
        }
        Ok(count)
    }
}

/// Erases the passwords of an order's admins; their names stay, so that they can be entered again.
pub(crate) async fn forget_admins(tx: &mut Tx, order_id: OrderId) -> Result<(), StoreError> {
    let sql = "UPDATE admin_credentials SET key_id = NULL, wrapped_key = NULL, sealed = NULL WHERE order_id = $1";
    tx.execute(sql, args![order_id]).await.map(drop)
}

async fn void_findings(tx: &mut Tx, order_id: OrderId, side: &str) -> Result<(), StoreError> {
    let sql = "UPDATE sides SET login = 'unchecked', findings = '[]' WHERE side = $2 AND by_admin = 1
         AND pair_id IN (SELECT id FROM pairs WHERE order_id = $1)";
    tx.execute(sql, args![order_id, side]).await.map(drop)
}

async fn read(tx: &mut Tx, order_id: OrderId, only: Option<SideName>) -> Result<Vec<AdminCredentials>, StoreError> {
    let rows = tx
        .rows(
            "SELECT a.side, a.user_name, a.delegation, a.credential_kind,
                CASE WHEN a.sealed IS NULL THEN CAST(0 AS BIGINT) ELSE 1 END AS has_password,
                (SELECT COUNT(*) FROM sides s JOIN pairs p ON p.id = s.pair_id
                    WHERE p.order_id = a.order_id AND s.side = a.side AND s.by_admin = 1) AS pairs
             FROM admin_credentials a WHERE a.order_id = $1 AND ($2 IS NULL OR a.side = $2) ORDER BY a.side DESC",
            args![order_id, only.map(|side| code(&side)).transpose()?],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(AdminCredentials {
                order_id,
                side: row.code("side")?,
                user: row.get("user_name")?,
                credential: row.code("credential_kind")?,
                has_password: row.get("has_password")?,
                delegation: row.json_opt("delegation")?,
                pairs: row.get("pairs")?,
            })
        })
        .collect()
}
