//! Searches for the settings of mail services: short-lived, of an address the domain alone.

use chrono::{DateTime, Utc};
use mailferry_shared::{
    discovery::{Discovery, DiscoveryStep, Proposal},
    endpoint::{HostName, TlsMode},
    ids::DiscoveryId,
};

use crate::{
    error::StoreError,
    jobs::{JobKind, enqueue},
    store::Store,
    value::{args, code, json},
};

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sought {
    /// The settings of this domain's mail service.
    Domain(String),
    /// Port and TLS mode of a server, where they are not named.
    Host {
        /// The server.
        host: HostName,
        /// This port only.
        port: Option<u16>,
        /// This TLS mode only.
        tls: Option<TlsMode>,
    },
}

impl Store {
    /// Starts a search: a job is enqueued.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn create_discovery(&self, sought: &Sought) -> Result<Discovery, StoreError> {
        let id = DiscoveryId(self.new_id()?);
        let (domain, host, port, tls) = match sought {
            Sought::Domain(domain) => (Some(domain), None, None, None),
            Sought::Host { host, port, tls } => (None, Some(host.as_str()), *port, *tls),
        };
        let mut tx = self.write().await?;
        let tls = tls.map(|tls| code(&tls)).transpose()?;
        let domain = domain.map(String::as_str);
        tx.execute(
            "INSERT INTO discoveries (id, domain, host, port, tls, created_at, finished, proposals, steps)
             VALUES ($1, $2, $3, $4, $5, $6, 0, '[]', '[]')",
            args![id, domain, host, port.map(u32::from), tls, self.now()],
        )
        .await?;
        enqueue(&mut tx, JobKind::Discovery, id.0, self.now(), self.now()).await?;
        tx.commit().await?;
        self.tell_workers();
        self.discovery(id).await
    }

    /// A search with what was found so far.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn discovery(&self, id: DiscoveryId) -> Result<Discovery, StoreError> {
        let sql = "SELECT domain, host, created_at, finished, proposals, steps FROM discoveries WHERE id = $1";
        let row = self.read().await?.row(sql, args![id]).await?;
        let host: Option<String> = row.get("host")?;
        Ok(Discovery {
            id,
            domain: row.get("domain")?,
            host: host.map(|host| host.parse().map_err(|_| StoreError::corrupt("discoveries.host"))).transpose()?,
            created_at: row.get("created_at")?,
            finished: row.get("finished")?,
            proposals: row.json("proposals")?,
            steps: row.json("steps")?,
        })
    }

    /// What is searched for; `None` once it is finished.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn discovery_work(&self, id: DiscoveryId) -> Result<Option<Sought>, StoreError> {
        let sql = "SELECT domain, host, port, tls, finished FROM discoveries WHERE id = $1";
        let row = self.read().await?.row(sql, args![id]).await?;
        if row.get("finished")? {
            return Ok(None);
        }
        if let Some(domain) = row.get("domain")? {
            return Ok(Some(Sought::Domain(domain)));
        }
        let host: String = row.get("host")?;
        let port: Option<u32> = row.get("port")?;
        Ok(Some(Sought::Host {
            host: host.parse().map_err(|_| StoreError::corrupt("discoveries.host"))?,
            port: port.and_then(|port| u16::try_from(port).ok()),
            tls: row.code_opt("tls")?,
        }))
    }

    /// Records what was found so far, and whether more will come.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if it was forgotten meanwhile.
    pub async fn save_discovery(
        &self,
        id: DiscoveryId,
        proposals: &[Proposal],
        steps: &[DiscoveryStep],
        finished: bool,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let sql = "UPDATE discoveries SET proposals = $2, steps = $3, finished = $4 WHERE id = $1";
        if tx.execute(sql, args![id, json(&proposals)?, json(&steps)?, finished]).await? == 0 {
            return Err(StoreError::NotFound);
        }
        tx.commit().await
    }

    /// Forgets searches that began before this time; how many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget_discoveries(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        let count = tx.execute("DELETE FROM discoveries WHERE created_at < $1", args![before]).await?;
        tx.commit().await?;
        Ok(count)
    }
}
