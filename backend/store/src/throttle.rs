//! Failed logins are limited per account over all tenants, since a check is an oracle for passwords.

use chrono::Duration;
use uuid::Uuid;

use crate::{error::StoreError, store::Store, tenant::sha256, value::args};

/// Failed logins an hour for one host and user name.
pub const FAILED_LOGINS_AN_HOUR: u32 = 5;

/// Permission for one login; it counts as failed until [`Store::end_login`] says otherwise.
#[derive(Debug)]
#[must_use = "end the login, or it counts as failed"]
pub struct LoginTicket(Uuid);

impl Store {
    /// Asks for permission to log in once; `None` if there were too many failed tries within the hour. Logins under
    /// way count, so that parallel tries do not get around the limit. Host and user name are kept as a hash only.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn begin_login(&self, host: &str, user: &str) -> Result<Option<LoginTicket>, StoreError> {
        let account = sha256(format!("{}\0{}", host.to_lowercase(), user.to_lowercase()).as_bytes());
        let now = self.now();
        let mut tx = self.write().await?;
        tx.execute(
            "INSERT INTO login_accounts (account_hash, at) VALUES ($1, $2)
             ON CONFLICT (account_hash) DO UPDATE SET at = excluded.at",
            args![account.clone(), now],
        )
        .await?;
        let sql = "DELETE FROM login_attempts WHERE account_hash = $1 AND at <= $2";
        tx.execute(sql, args![account.clone(), now - Duration::hours(1)]).await?;
        let sql = "SELECT COUNT(*) AS n FROM login_attempts WHERE account_hash = $1";
        let failed: u32 = tx.row(sql, args![account.clone()]).await?.get("n")?;
        if failed >= FAILED_LOGINS_AN_HOUR {
            return Ok(None);
        }
        let id = self.new_id()?;
        tx.execute("INSERT INTO login_attempts (id, account_hash, at) VALUES ($1, $2, $3)", args![id, account, now])
            .await?;
        tx.commit().await?;
        Ok(Some(LoginTicket(id)))
    }

    /// Tells how the login went. Only a refusal of name or password is `failed`; a connection that could not be made
    /// tells nothing about the password and does not count.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; the login then counts as failed.
    pub async fn end_login(&self, ticket: LoginTicket, failed: bool) -> Result<(), StoreError> {
        if failed {
            return Ok(());
        }
        let mut tx = self.write().await?;
        tx.execute("DELETE FROM login_attempts WHERE id = $1", args![ticket.0]).await?;
        tx.commit().await
    }
}
