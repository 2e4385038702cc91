//! Secrets that are replaced by their own use: a provider may give a new refresh token with each access token.

use mailferry_shared::{
    account::SideName,
    ids::{OrderId, PairId},
};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    admin,
    credential::{Place, sealed_from},
    db::Tx,
    error::StoreError,
    sealing::Sealed,
    store::Store,
    value::{args, code},
};

/// Where a credential is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialAt {
    /// With its account pair.
    Pair(PairId, SideName),
    /// With its order: the admin's.
    Order(OrderId, SideName),
}

/// A sealed secret, and what is authenticated along with it.
struct Kept {
    sealed: Sealed,
    place: Vec<u8>,
}

impl Store {
    /// The secret that is kept there now, if any.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] if it does not belong where it stands; [`StoreError::Unavailable`].
    pub async fn kept_secret(&self, at: CredentialAt) -> Result<Option<SecretString>, StoreError> {
        let kept = find(&mut self.read().await?, at).await?;
        kept.map(|kept| self.open_kept(&kept)).transpose()
    }

    /// Puts `new` in the place of `old`, sealed. False, and nothing is changed, if another secret was entered meanwhile,
    /// or it was erased.
    ///
    /// # Errors
    /// As [`Store::kept_secret`].
    pub async fn rotate_secret(
        &self,
        at: CredentialAt,
        old: &SecretString,
        new: &SecretString,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let Some(kept) = find(&mut tx, at).await? else { return Ok(false) };
        if self.open_kept(&kept)?.expose_secret() != old.expose_secret() {
            return Ok(false);
        }
        let random = self.context().random.as_ref();
        let sealed = self.keys().seal(new.expose_secret().as_bytes(), &kept.place, random)?;
        let Sealed { key_id, wrapped_key, bytes } = sealed;
        // What was read must still be there: in PostgreSQL another transaction may have written meanwhile.
        let (sql, values) = match at {
            CredentialAt::Pair(pair, side) => (
                "UPDATE credentials SET key_id = $3, wrapped_key = $4, sealed = $5
                 WHERE pair_id = $1 AND side = $2 AND sealed = $6",
                args![pair, code(&side)?, key_id, wrapped_key, bytes, kept.sealed.bytes],
            ),
            CredentialAt::Order(order, side) => (
                "UPDATE admin_credentials SET key_id = $3, wrapped_key = $4, sealed = $5
                 WHERE order_id = $1 AND side = $2 AND sealed = $6",
                args![order, code(&side)?, key_id, wrapped_key, bytes, kept.sealed.bytes],
            ),
        };
        let changed = tx.execute(sql, values).await? == 1;
        tx.commit().await?;
        Ok(changed)
    }

    fn open_kept(&self, kept: &Kept) -> Result<SecretString, StoreError> {
        let bytes = self.keys().open(&kept.sealed, &kept.place)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| StoreError::corrupt("a credential"))?;
        Ok(SecretString::from(text))
    }
}

async fn find(tx: &mut Tx, at: CredentialAt) -> Result<Option<Kept>, StoreError> {
    let (sql, values) = match at {
        CredentialAt::Pair(pair, side) => (
            "SELECT o.tenant_id, o.id AS order_id, c.key_id, c.wrapped_key, c.sealed FROM credentials c
             JOIN pairs p ON p.id = c.pair_id JOIN orders o ON o.id = p.order_id WHERE c.pair_id = $1 AND c.side = $2",
            args![pair, code(&side)?],
        ),
        CredentialAt::Order(order, side) => (
            "SELECT o.tenant_id, o.id AS order_id, a.key_id, a.wrapped_key, a.sealed FROM admin_credentials a
             JOIN orders o ON o.id = a.order_id WHERE a.order_id = $1 AND a.side = $2 AND a.sealed IS NOT NULL",
            args![order, code(&side)?],
        ),
    };
    let Some(row) = tx.row_opt(sql, values).await? else { return Ok(None) };
    let (tenant_id, order_id) = (row.get("tenant_id")?, row.get("order_id")?);
    let place = match at {
        CredentialAt::Pair(pair_id, side) => Place { tenant_id, order_id, pair_id, side }.bytes(),
        CredentialAt::Order(_, side) => admin::place(tenant_id, order_id, side),
    };
    Ok(Some(Kept { sealed: sealed_from(&row)?, place }))
}
