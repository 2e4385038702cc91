//! Certificates that do not verify and were accepted by somebody: each for one server on one side of an order.

use chrono::{DateTime, Utc};
use mailferry_domain::order::OrderTransitionError;
use mailferry_shared::{
    account::SideName,
    certificate::{AcceptedBy, AcceptedCertificate, CertificateAcceptance, CertificateFingerprint, ServerCertificate},
    endpoint::{Endpoint, HostName},
    finding::{Finding, FindingCode, FindingDetail},
    ids::{ApiKeyId, MemberId, OrderId},
    order::OrderState,
};
use uuid::Uuid;

use crate::{
    db::Tx,
    error::StoreError,
    order::{OrderRecord, lock_order},
    store::Store,
    value::{Row, args, code},
};

/// Who accepts a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consenter {
    /// Whoever has the order's manage link.
    Owner,
    /// A member who is signed in.
    Member(MemberId),
    /// An API key.
    ApiKey(ApiKeyId),
}

impl Consenter {
    fn columns(self) -> (AcceptedBy, Option<Uuid>) {
        match self {
            Self::Owner => (AcceptedBy::Owner, None),
            Self::Member(id) => (AcceptedBy::Member, Some(id.0)),
            Self::ApiKey(id) => (AcceptedBy::ApiKey, Some(id.0)),
        }
    }
}

/// The certificate that a side's server may show although it does not verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinnedCertificate {
    /// Of which order.
    pub order_id: OrderId,
    /// On which side of it.
    pub side: SideName,
    /// Its SHA-256.
    pub fingerprint: CertificateFingerprint,
    /// When it was accepted.
    pub accepted_at: DateTime<Utc>,
}

impl PinnedCertificate {
    /// What is told of a login under it, at this server.
    pub fn finding(&self, endpoint: &Endpoint) -> Finding {
        let certificate =
            ServerCertificate { accepted_at: Some(self.accepted_at), ..ServerCertificate::of(self.fingerprint) };
        let detail = FindingDetail { certificate: Some(certificate), ..FindingDetail::default() };
        Finding::new(FindingCode::CertificatePinned).about(endpoint.to_string()).with(detail)
    }
}

impl Store {
    /// The certificates that were accepted for an order, the oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn accepted_certificates(&self, order_id: OrderId) -> Result<Vec<AcceptedCertificate>, StoreError> {
        read(&mut self.read().await?, order_id).await
    }

    /// True as long as a certificate is accepted for this server.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn is_accepted(&self, pinned: &PinnedCertificate, endpoint: &Endpoint) -> Result<bool, StoreError> {
        let consents = Consents::of(&mut self.read().await?, pinned.order_id).await?;
        Ok(consents.at(pinned.side, Some(endpoint)).is_some_and(|now| now.fingerprint == pinned.fingerprint))
    }

    /// Accepts a certificate for one server on one side of an order; one that was accepted there before is not any more.
    /// What checks said of either is void. `None` if the order has no such server on that side.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::WrongState`] if the order is over.
    pub async fn accept_certificate(
        &self,
        order_id: OrderId,
        fingerprint: CertificateFingerprint,
        at: &CertificateAcceptance,
        by: Consenter,
    ) -> Result<Option<AcceptedCertificate>, StoreError> {
        let mut tx = self.write().await?;
        let order = may_change(&mut tx, order_id).await?;
        if !uses(&mut tx, &order, at).await? {
            return Ok(None);
        }
        let (accepted_by, actor) = by.columns();
        let is_there = |one: &AcceptedCertificate| one.side == at.side && one.host == at.host && one.port == at.port;
        let before = read(&mut tx, order_id).await?.into_iter().find(is_there);
        tx.execute(
            "INSERT INTO certificate_consents (order_id, side, host, port, fingerprint, accepted_at, accepted_by, actor_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (order_id, side, host, port) DO UPDATE SET fingerprint = excluded.fingerprint,
                accepted_at = excluded.accepted_at, accepted_by = excluded.accepted_by, actor_id = excluded.actor_id",
            args![
                order_id,
                code(&at.side)?,
                at.host.as_str(),
                u32::from(at.port),
                fingerprint.to_string(),
                self.now(),
                code(&accepted_by)?,
                actor,
            ],
        )
        .await?;
        void_findings(&mut tx, order_id, fingerprint).await?;
        if let Some(before) = before.filter(|one| one.fingerprint != fingerprint) {
            void_findings(&mut tx, order_id, before.fingerprint).await?;
        }
        let kept = read(&mut tx, order_id).await?;
        tx.commit().await?;
        Ok(kept.into_iter().find(is_there))
    }

    /// Accepts a certificate no longer, wherever in the order it was.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if it was not; [`StoreError::WrongState`] if the order is over.
    pub async fn forget_certificate(
        &self,
        order_id: OrderId,
        fingerprint: CertificateFingerprint,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        may_change(&mut tx, order_id).await?;
        let sql = "DELETE FROM certificate_consents WHERE order_id = $1 AND fingerprint = $2";
        if tx.execute(sql, args![order_id, fingerprint.to_string()]).await? == 0 {
            return Err(StoreError::NotFound);
        }
        void_findings(&mut tx, order_id, fingerprint).await?;
        tx.commit().await
    }
}

async fn may_change(tx: &mut Tx, order_id: OrderId) -> Result<OrderRecord, StoreError> {
    let order = lock_order(tx, order_id).await?;
    let from = order.life.state();
    if matches!(from, OrderState::Closed | OrderState::Cancelled) {
        return Err(OrderTransitionError { from, action: "have its certificates changed" }.into());
    }
    Ok(order)
}

/// Whether the order's provider or one of its accounts is at this server, on this side.
async fn uses(tx: &mut Tx, order: &OrderRecord, at: &CertificateAcceptance) -> Result<bool, StoreError> {
    let is_it = |endpoint: &Endpoint| endpoint.host == at.host && endpoint.port == at.port;
    let choice = match at.side {
        SideName::Source => &order.source,
        SideName::Destination => &order.destination,
    };
    if choice.as_ref().is_some_and(|choice| is_it(&choice.endpoint)) {
        return Ok(true);
    }
    let sql = "SELECT DISTINCT s.endpoint FROM sides s JOIN pairs p ON p.id = s.pair_id
         WHERE p.order_id = $1 AND s.side = $2 AND s.endpoint IS NOT NULL";
    let rows = tx.rows(sql, args![order.id, code(&at.side)?]).await?;
    let own: Vec<Endpoint> = rows.iter().map(|row| row.json("endpoint")).collect::<Result<_, _>>()?;
    Ok(own.iter().any(is_it))
}

/// What checks said of a certificate says nothing any more: neither that it is refused nor that it is accepted.
async fn void_findings(tx: &mut Tx, order_id: OrderId, fingerprint: CertificateFingerprint) -> Result<(), StoreError> {
    let sql = "UPDATE sides SET login = 'unchecked', findings = '[]' WHERE findings LIKE $2
         AND pair_id IN (SELECT id FROM pairs WHERE order_id = $1)";
    tx.execute(sql, args![order_id, format!("%{fingerprint}%")]).await.map(drop)
}

async fn read(tx: &mut Tx, order_id: OrderId) -> Result<Vec<AcceptedCertificate>, StoreError> {
    let sql = "SELECT side, host, port, fingerprint, accepted_at, accepted_by FROM certificate_consents
         WHERE order_id = $1 ORDER BY accepted_at, side DESC, host, port";
    tx.rows(sql, args![order_id]).await?.iter().map(accepted).collect()
}

fn accepted(row: &Row) -> Result<AcceptedCertificate, StoreError> {
    let parsed = |name: &str| row.get::<String>(name);
    Ok(AcceptedCertificate {
        fingerprint: parsed("fingerprint")?.parse().map_err(|_| StoreError::corrupt("fingerprint"))?,
        side: row.code("side")?,
        host: parsed("host")?.parse().map_err(|_| StoreError::corrupt("host"))?,
        port: u16::try_from(row.get::<u32>("port")?).map_err(|_| StoreError::corrupt("port"))?,
        accepted_at: row.get("accepted_at")?,
        accepted_by: row.code("accepted_by")?,
    })
}

/// All that was accepted for an order, to be found by server.
pub(crate) struct Consents(OrderId, Vec<AcceptedCertificate>);

impl Consents {
    pub(crate) async fn of(tx: &mut Tx, order_id: OrderId) -> Result<Self, StoreError> {
        Ok(Self(order_id, read(tx, order_id).await?))
    }

    /// What was accepted for this server on this side.
    pub(crate) fn at(&self, side: SideName, endpoint: Option<&Endpoint>) -> Option<PinnedCertificate> {
        let (host, port): (&HostName, u16) = endpoint.map(|endpoint| (&endpoint.host, endpoint.port))?;
        let one = self.1.iter().find(|one| one.side == side && one.host == *host && one.port == port)?;
        let AcceptedCertificate { fingerprint, accepted_at, .. } = *one;
        Some(PinnedCertificate { order_id: self.0, side, fingerprint, accepted_at })
    }
}
