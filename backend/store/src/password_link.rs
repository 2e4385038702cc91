//! Links by which members set a password: an invitation, or the answer to a password that was forgotten. Each works
//! once; a newer one, and any new password, ends those before.

use chrono::{DateTime, Duration, Utc};
use mailferry_shared::{
    address::MailAddress,
    ids::{MemberId, PasswordLinkId},
    member::PasswordLinkKind,
    order::Language,
};

use crate::{
    db::Tx,
    error::StoreError,
    jobs::{JobKind, enqueue},
    member::MemberRecord,
    store::Store,
    sweep::MAIL_ATTEMPTS,
    value::{args, code},
};

/// A link that was not used yet, and the mail that carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordLinkRecord {
    /// Its id.
    pub id: PasswordLinkId,
    /// Whose password it sets.
    pub member_id: MemberId,
    /// What it is for.
    pub kind: PasswordLinkKind,
    /// The mail's language.
    pub language: Language,
    /// What to call the member.
    pub name: String,
    /// The name of the member's tenant.
    pub tenant_name: String,
    /// Where the mail goes.
    pub mail: MailAddress,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// When the mail server took the mail.
    pub sent_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Makes a link for a member, with the job that sends it, in the place of those before.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a member that is not there, or has no mail address.
    pub async fn create_password_link(
        &self,
        member: MemberId,
        language: Language,
        lifetime: Duration,
    ) -> Result<PasswordLinkRecord, StoreError> {
        let id = PasswordLinkId(self.new_id()?);
        let mut tx = self.write().await?;
        // Locks the row: of two that are asked for at once the later one stays.
        let sql = "UPDATE members SET name = name WHERE id = $1 AND mail IS NOT NULL
             RETURNING CAST(CASE WHEN password_hash IS NULL THEN 0 ELSE 1 END AS BIGINT) AS has_password";
        let has_password: bool = tx.row(sql, args![member]).await?.get("has_password")?;
        let kind = if has_password { PasswordLinkKind::Reset } else { PasswordLinkKind::Invitation };
        end_password_links(&mut tx, member).await?;
        tx.execute(
            "INSERT INTO password_links (id, member_id, kind, language, created_at, expires_at, attempts)
             VALUES ($1, $2, $3, $4, $5, $6, 0)",
            args![id, member, code(&kind)?, code(&language)?, self.now(), self.now() + lifetime],
        )
        .await?;
        enqueue(&mut tx, JobKind::PasswordMail, id.0, self.now(), self.now()).await?;
        let link = read(&mut tx, id).await?;
        tx.commit().await?;
        self.tell_workers();
        Ok(link)
    }

    /// A link that was not used yet.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn password_link(&self, id: PasswordLinkId) -> Result<PasswordLinkRecord, StoreError> {
        read(&mut self.read().await?, id).await
    }

    /// Sets the password of the member whom a link is for; the link ends, and so does every session.
    ///
    /// # Errors
    /// [`StoreError::LinkInvalid`] if it was used, has ended, or another came after it.
    pub async fn use_password_link(
        &self,
        id: PasswordLinkId,
        password_hash: String,
    ) -> Result<MemberRecord, StoreError> {
        let mut tx = self.write().await?;
        let sql = "DELETE FROM password_links WHERE id = $1 AND expires_at > $2 RETURNING member_id";
        let row = tx.row_opt(sql, args![id, self.now()]).await?.ok_or(StoreError::LinkInvalid)?;
        let member: MemberId = row.get("member_id")?;
        tx.execute(
            "UPDATE members SET password_hash = $2, session_version = session_version + 1 WHERE id = $1",
            args![member, password_hash],
        )
        .await?;
        tx.commit().await?;
        self.find_member(member).await?.ok_or(StoreError::NotFound)
    }

    /// The mail server has taken the mail.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn password_mail_sent(&self, id: PasswordLinkId) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let sql = "UPDATE password_links SET sent_at = COALESCE(sent_at, $2) WHERE id = $1";
        tx.execute(sql, args![id, self.now()]).await?;
        tx.commit().await
    }

    /// The mail is not tried again: it was refused for good.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn password_mail_given_up(&self, id: PasswordLinkId) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        tx.execute("UPDATE password_links SET attempts = $2 WHERE id = $1", args![id, MAIL_ATTEMPTS]).await?;
        tx.commit().await
    }

    /// The mail could not be sent; how many tries have failed by now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the link was used or replaced meanwhile.
    pub async fn password_mail_failed(&self, id: PasswordLinkId) -> Result<u32, StoreError> {
        let mut tx = self.write().await?;
        let sql = "UPDATE password_links SET attempts = attempts + 1 WHERE id = $1 RETURNING attempts";
        let attempts = tx.row(sql, args![id]).await?.get("attempts")?;
        tx.commit().await?;
        Ok(attempts)
    }

    /// Deletes the links that have ended; how many there were.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget_password_links(&self) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        let ended = tx.execute("DELETE FROM password_links WHERE expires_at <= $1", args![self.now()]).await?;
        tx.commit().await?;
        Ok(ended)
    }
}

/// Ends every link of a member.
pub(crate) async fn end_password_links(tx: &mut Tx, member: MemberId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM password_links WHERE member_id = $1", args![member]).await.map(drop)
}

async fn read(tx: &mut Tx, id: PasswordLinkId) -> Result<PasswordLinkRecord, StoreError> {
    let sql = "SELECT l.member_id, l.kind, l.language, l.expires_at, l.sent_at, m.name, m.mail, t.name AS tenant_name
         FROM password_links l JOIN members m ON m.id = l.member_id JOIN tenants t ON t.id = m.tenant_id
         WHERE l.id = $1 AND m.mail IS NOT NULL";
    let row = tx.row(sql, args![id]).await?;
    Ok(PasswordLinkRecord {
        id,
        member_id: row.get("member_id")?,
        kind: row.code("kind")?,
        language: row.code("language")?,
        name: row.get("name")?,
        tenant_name: row.get("tenant_name")?,
        mail: row.get::<String>("mail")?.parse().map_err(|_| StoreError::corrupt("members.mail"))?,
        expires_at: row.get("expires_at")?,
        sent_at: row.get("sent_at")?,
    })
}
