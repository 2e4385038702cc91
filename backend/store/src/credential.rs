//! Passwords, sealed: each opens only for its tenant, order, account pair and side.

use mailferry_shared::{
    account::SideName,
    delegation::{CredentialKind, Delegation},
    endpoint::Endpoint,
    ids::{OrderId, PairId, TenantId},
    oauth::OauthGrant,
    order::ProviderChoice,
    secret::Secret,
};
use secrecy::SecretString;

use crate::{
    admin::{Admin, forget_admins},
    consent::{Consents, PinnedCertificate},
    db::Tx,
    error::StoreError,
    rotation::CredentialAt,
    sealing::Sealed,
    store::{Store, server_key_place},
    value::{Row, args, code, json},
};

/// What a worker needs to log in to both accounts of a pair.
#[derive(Debug)]
pub struct PairAccess {
    /// The order's tenant.
    pub tenant_id: TenantId,
    /// The order.
    pub order_id: OrderId,
    /// The pair.
    pub pair_id: PairId,
    /// The old account.
    pub source: SideAccess,
    /// The new account.
    pub destination: SideAccess,
}

impl PairAccess {
    /// The account on that side.
    pub fn side(&self, side: SideName) -> &SideAccess {
        match side {
            SideName::Source => &self.source,
            SideName::Destination => &self.destination,
        }
    }
}

/// What a worker needs to log in to an account.
#[derive(Debug)]
pub struct SideAccess {
    /// The login name.
    pub user: String,
    /// The mailbox to act for.
    pub act_for: Option<String>,
    /// Its own server, or the order's.
    pub endpoint: Option<Endpoint>,
    /// The order's provider by its id, if the order's server is used.
    pub provider: Option<String>,
    /// The password, if one is kept; or the JSON of what access tokens are fetched with
    /// ([`OauthGrant`](mailferry_shared::oauth::OauthGrant)).
    pub password: Option<SecretString>,
    /// What it is.
    pub kind: CredentialKind,
    /// Where it is kept.
    pub kept_at: CredentialAt,
    /// How the server is told for whom an admin logs in, if that was said.
    pub delegation: Option<Delegation>,
    /// True if the order's admin credentials are used: `user` is the admin, `act_for` the mailbox.
    pub by_admin: bool,
    /// The certificate that its server may show although it does not verify.
    pub pinned_certificate: Option<PinnedCertificate>,
    /// The order, if it is a sandbox order: for that one nothing but test hosts may be connected to.
    pub sandbox: Option<OrderId>,
}

impl SideAccess {
    /// The order's admin logs in, for the mailbox that the side names; without one nobody can.
    fn act_as(&mut self, admin: Option<Admin>) {
        let Some(admin) = admin else {
            self.password = None;
            return;
        };
        self.act_for = Some(std::mem::replace(&mut self.user, admin.user));
        self.delegation = self.delegation.take().or(admin.delegation);
        self.password = admin.password;
        self.kind = admin.kind;
        self.kept_at = admin.kept_at;
    }
}

/// Where a password belongs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) tenant_id: TenantId,
    pub(crate) order_id: OrderId,
    pub(crate) pair_id: PairId,
    pub(crate) side: SideName,
}

impl Place {
    /// What is authenticated along with the password.
    pub(crate) fn bytes(self) -> Vec<u8> {
        let side = match self.side {
            SideName::Source => "source",
            SideName::Destination => "destination",
        };
        let Self { tenant_id, order_id, pair_id, .. } = self;
        format!("mailferry credential\0{tenant_id}\0{order_id}\0{pair_id}\0{side}").into_bytes()
    }
}

/// What is to be sealed of what was entered, if anything was.
pub(crate) fn entered(
    kind: CredentialKind,
    password: Option<&Secret>,
    oauth: Option<&OauthGrant>,
) -> Result<Option<Secret>, StoreError> {
    if kind.is_fetched() {
        return oauth.map(|grant| json(grant).map(Secret::new)).transpose();
    }
    Ok(password.filter(|password| !password.is_empty()).cloned())
}

/// The sealed value in a row with `key_id`, `wrapped_key`, `sealed`.
pub(crate) fn sealed_from(row: &Row) -> Result<Sealed, StoreError> {
    Ok(Sealed { key_id: row.get("key_id")?, wrapped_key: row.get("wrapped_key")?, bytes: row.get("sealed")? })
}

impl Store {
    /// Everything a worker needs to log in to both accounts of a pair.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Sealed`] if a password does not belong where it stands.
    pub async fn pair_access(&self, pair_id: PairId) -> Result<PairAccess, StoreError> {
        let mut tx = self.read().await?;
        let order = tx
            .row(
                "SELECT o.tenant_id, o.id, o.source, o.destination, o.sandbox FROM orders o
                 JOIN pairs p ON p.order_id = o.id WHERE p.id = $1",
                args![pair_id],
            )
            .await?;
        let (tenant_id, order_id) = (order.get("tenant_id")?, order.get("id")?);
        let consents = Consents::of(&mut tx, order_id).await?;
        let mut admins = self.admins(&mut tx, tenant_id, order_id).await?;
        let rows = tx
            .rows(
                "SELECT s.side, s.user_name, s.act_for, s.endpoint, s.credential_kind, s.delegation, s.by_admin,
                    c.key_id, c.wrapped_key, c.sealed FROM sides s
                 LEFT JOIN credentials c ON c.pair_id = s.pair_id AND c.side = s.side WHERE s.pair_id = $1",
                args![pair_id],
            )
            .await?;
        let (mut source, mut destination) = (None, None);
        for row in &rows {
            let side: SideName = row.code("side")?;
            let place = Place { tenant_id, order_id, pair_id, side };
            let choice = match side {
                SideName::Source => order.json_opt("source")?,
                SideName::Destination => order.json_opt("destination")?,
            };
            let mut access = self.side_access(row, place, choice)?;
            access.pinned_certificate = consents.at(side, access.endpoint.as_ref());
            access.sandbox = order.get::<bool>("sandbox")?.then_some(order_id);
            if access.by_admin {
                access.act_as(admins.remove(&side));
            }
            match side {
                SideName::Source => source = Some(access),
                SideName::Destination => destination = Some(access),
            }
        }
        let (Some(source), Some(destination)) = (source, destination) else {
            return Err(StoreError::corrupt("sides"));
        };
        Ok(PairAccess { tenant_id, order_id, pair_id, source, destination })
    }

    fn side_access(&self, row: &Row, place: Place, choice: Option<ProviderChoice>) -> Result<SideAccess, StoreError> {
        let own: Option<Endpoint> = row.json_opt("endpoint")?;
        let (endpoint, provider) = match (own, choice) {
            (Some(own), _) => (Some(own), None),
            (None, Some(choice)) => (Some(choice.endpoint), choice.provider),
            (None, None) => (None, None),
        };
        let password = match row.get::<Option<Vec<u8>>>("sealed")? {
            Some(_) => Some(self.open_password(&sealed_from(row)?, place)?),
            None => None,
        };
        Ok(SideAccess {
            user: row.get("user_name")?,
            act_for: row.get("act_for")?,
            endpoint,
            provider,
            password,
            kind: row.code("credential_kind")?,
            kept_at: CredentialAt::Pair(place.pair_id, place.side),
            delegation: row.json_opt("delegation")?,
            by_admin: row.get("by_admin")?,
            pinned_certificate: None,
            sandbox: None,
        })
    }

    fn open_password(&self, sealed: &Sealed, place: Place) -> Result<SecretString, StoreError> {
        let bytes = self.keys().open(sealed, &place.bytes())?;
        let text = std::str::from_utf8(&bytes).map_err(|_| StoreError::corrupt("a password"))?;
        Ok(SecretString::from(text))
    }

    pub(crate) async fn keep_password(&self, tx: &mut Tx, place: Place, password: &str) -> Result<(), StoreError> {
        let sealed = self.keys().seal(password.as_bytes(), &place.bytes(), self.context().random.as_ref())?;
        tx.execute(
            "INSERT INTO credentials (pair_id, side, key_id, wrapped_key, sealed, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (pair_id, side) DO UPDATE SET key_id = excluded.key_id,
                wrapped_key = excluded.wrapped_key, sealed = excluded.sealed, created_at = excluded.created_at",
            args![place.pair_id, code(&place.side)?, sealed.key_id, sealed.wrapped_key, sealed.bytes, self.now()],
        )
        .await
        .map(drop)
    }

    pub(crate) async fn drop_password(tx: &mut Tx, pair_id: PairId, side: SideName) -> Result<(), StoreError> {
        let sql = "DELETE FROM credentials WHERE pair_id = $1 AND side = $2";
        tx.execute(sql, args![pair_id, code(&side)?]).await.map(drop)
    }

    /// Erases every password of the order at once; a later delta asks for them again.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget_passwords(&self, order_id: OrderId) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        forget_passwords(&mut tx, order_id).await?;
        tx.commit().await
    }

    /// Wraps every data key with the first key of the key file; how many were wrapped anew. Once it has run, the other
    /// keys can be taken out of the file.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] if one does not open; then nothing is changed.
    pub async fn rewrap_all(&self) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        let rows = tx
            .rows(
                "SELECT o.tenant_id, o.id AS order_id, c.pair_id, c.side, c.key_id, c.wrapped_key, c.sealed
                 FROM credentials c JOIN pairs p ON p.id = c.pair_id JOIN orders o ON o.id = p.order_id",
                args![],
            )
            .await?;
        let mut count = 0;
        for row in &rows {
            let place = Place {
                tenant_id: row.get("tenant_id")?,
                order_id: row.get("order_id")?,
                pair_id: row.get("pair_id")?,
                side: row.code("side")?,
            };
            let random = self.context().random.as_ref();
            if let Some(anew) = self.keys().rewrap(&sealed_from(row)?, &place.bytes(), random)? {
                let sql = "UPDATE credentials SET key_id = $3, wrapped_key = $4 WHERE pair_id = $1 AND side = $2";
                let side = code(&place.side)?;
                tx.execute(sql, args![place.pair_id, side, anew.key_id, anew.wrapped_key]).await?;
                count += 1;
            }
        }
        count += self.rewrap_admins(&mut tx).await?;
        count += self.rewrap_server_keys(&mut tx).await?;
        count += self.rewrap_webhook_secrets(&mut tx).await?;
        count += self.rewrap_attachments(&mut tx).await?;
        tx.commit().await?;
        Ok(count)
    }

    async fn rewrap_server_keys(&self, tx: &mut Tx) -> Result<u64, StoreError> {
        let mut count = 0;
        for row in &tx.rows("SELECT purpose, key_id, wrapped_key, sealed FROM server_keys", args![]).await? {
            let purpose: String = row.get("purpose")?;
            let random = self.context().random.as_ref();
            if let Some(anew) = self.keys().rewrap(&sealed_from(row)?, &server_key_place(&purpose), random)? {
                let sql = "UPDATE server_keys SET key_id = $2, wrapped_key = $3 WHERE purpose = $1";
                tx.execute(sql, args![purpose, anew.key_id, anew.wrapped_key]).await?;
                count += 1;
            }
        }
        Ok(count)
    }
}

pub(crate) async fn forget_passwords(tx: &mut Tx, order_id: OrderId) -> Result<(), StoreError> {
    let sql = "DELETE FROM credentials WHERE pair_id IN (SELECT id FROM pairs WHERE order_id = $1)";
    tx.execute(sql, args![order_id]).await?;
    forget_admins(tx, order_id).await
}
