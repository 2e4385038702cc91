//! Files of contacts and appointments: each sealed for its tenant, order, request and id.

use mailferry_shared::{
    ids::{AttachmentId, OrderId, RequestId, TenantId},
    request::RequestAttachment,
};
use zeroize::Zeroizing;

use super::NewAttachment;
use crate::{
    credential::sealed_from,
    db::Tx,
    error::StoreError,
    order::OrderRecord,
    store::Store,
    value::{Row, args, code},
};

/// What is authenticated along with a file.
fn place(tenant: TenantId, order: OrderId, request: RequestId, id: AttachmentId) -> Vec<u8> {
    format!("mailferry attachment\0{tenant}\0{order}\0{request}\0{id}").into_bytes()
}

fn attachment_from(row: &Row) -> Result<RequestAttachment, StoreError> {
    Ok(RequestAttachment {
        id: row.get("id")?,
        name: row.get("name")?,
        kind: row.code("kind")?,
        size_bytes: row.get("size_bytes")?,
        entries: row.get("entries")?,
    })
}

const SEALED: &str = "SELECT a.id, a.request_id, a.name, a.kind, a.size_bytes, a.entries, a.key_id, a.wrapped_key,
        a.sealed, o.tenant_id, o.id AS order_id
     FROM request_attachments a JOIN requests q ON q.id = a.request_id JOIN orders o ON o.id = q.order_id";

fn place_of(row: &Row) -> Result<Vec<u8>, StoreError> {
    Ok(place(row.get("tenant_id")?, row.get("order_id")?, row.get("request_id")?, row.get("id")?))
}

impl Store {
    /// The files of a request as they were sent, without their contents; none once they are erased.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn attachments(&self, id: RequestId) -> Result<Vec<RequestAttachment>, StoreError> {
        let sql = "SELECT id, name, kind, size_bytes, entries FROM request_attachments WHERE request_id = $1
             ORDER BY position";
        self.read().await?.rows(sql, args![id]).await?.iter().map(attachment_from).collect()
    }

    /// A file with its content.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for a file of another request; [`StoreError::Sealed`] if it does not belong where
    /// it stands.
    pub async fn open_attachment(
        &self,
        request: RequestId,
        id: AttachmentId,
    ) -> Result<(RequestAttachment, Zeroizing<Vec<u8>>), StoreError> {
        let sql = format!("{SEALED} WHERE a.request_id = $1 AND a.id = $2");
        let row = self.read().await?.row(sql, args![request, id]).await?;
        let content = self.keys().open(&sealed_from(&row)?, &place_of(&row)?)?;
        Ok((attachment_from(&row)?, content))
    }

    pub(super) async fn keep_attachment(
        &self,
        tx: &mut Tx,
        (order, request): (&OrderRecord, RequestId),
        position: u32,
        new: &NewAttachment,
    ) -> Result<(), StoreError> {
        let id = AttachmentId(self.new_id()?);
        let place = place(order.tenant_id, order.id, request, id);
        let sealed = self.keys().seal(&new.content, &place, self.context().random.as_ref())?;
        tx.execute(
            "INSERT INTO request_attachments (id, request_id, position, name, kind, size_bytes, entries, key_id,
                wrapped_key, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            args![
                id,
                request,
                position,
                &new.name,
                code(&new.kind)?,
                new.content.len() as u64,
                new.entries,
                sealed.key_id,
                sealed.wrapped_key,
                sealed.bytes,
            ],
        )
        .await
        .map(drop)
    }

    /// Wraps the data keys of files anew; how many.
    pub(crate) async fn rewrap_attachments(&self, tx: &mut Tx) -> Result<u64, StoreError> {
        let mut count = 0;
        for row in tx.rows("SELECT id FROM request_attachments ORDER BY id", args![]).await? {
            // One after the other: together they can be larger than memory.
            let id: AttachmentId = row.get("id")?;
            let row = tx.row(format!("{SEALED} WHERE a.id = $1"), args![id]).await?;
            let random = self.context().random.as_ref();
            if let Some(anew) = self.keys().rewrap(&sealed_from(&row)?, &place_of(&row)?, random)? {
                let sql = "UPDATE request_attachments SET key_id = $2, wrapped_key = $3 WHERE id = $1";
                tx.execute(sql, args![id, anew.key_id, anew.wrapped_key]).await?;
                count += 1;
            }
        }
        Ok(count)
    }
}

/// Erases the files of a request.
pub(super) async fn erase_attachments(tx: &mut Tx, id: RequestId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM request_attachments WHERE request_id = $1", args![id]).await.map(drop)
}
