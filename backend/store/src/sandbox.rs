//! Mailboxes of the test hosts: what sandbox orders have copied, so that it is there for every process and after every
//! restart. Each belongs to one order, and goes with its personal data.

use mailferry_shared::ids::OrderId;

use crate::{error::StoreError, store::Store, value::args};

/// A mailbox of a test host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxMailbox {
    /// What lies in it, as the test hosts spell it.
    pub content: Vec<u8>,
    /// Grows with every change, from 1 on.
    pub version: i64,
}

impl Store {
    /// A mailbox of an order; `None` until something in it was changed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn sandbox_mailbox(&self, order: OrderId, name: &str) -> Result<Option<SandboxMailbox>, StoreError> {
        let sql = "SELECT content, version FROM sandbox_mailboxes WHERE order_id = $1 AND name = $2";
        let row = self.read().await?.row_opt(sql, args![order, name]).await?;
        row.map(|row| Ok(SandboxMailbox { content: row.get("content")?, version: row.get("version")? })).transpose()
    }

    /// Keeps a mailbox that was read at `version` (0: there was none yet); false if it was changed meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], also for an order that does not exist.
    pub async fn save_sandbox_mailbox(
        &self,
        order: OrderId,
        name: &str,
        content: &[u8],
        version: i64,
    ) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let saved = if version == 0 {
            let sql = "INSERT INTO sandbox_mailboxes (order_id, name, content, version) VALUES ($1, $2, $3, 1)
                 ON CONFLICT (order_id, name) DO NOTHING";
            tx.execute(sql, args![order, name, content]).await?
        } else {
            let sql = "UPDATE sandbox_mailboxes SET content = $3, version = version + 1
                 WHERE order_id = $1 AND name = $2 AND version = $4";
            tx.execute(sql, args![order, name, content, version]).await?
        };
        tx.commit().await?;
        Ok(saved == 1)
    }
}
