//! Failed logins are limited per account over all tenants, since a check is an oracle for passwords.

use chrono::Duration;
use uuid::Uuid;

use crate::{
    error::StoreError,
    store::Store,
    tenant::sha256,
    value::{Arg, args},
};

/// Failed logins an hour for one host and user name.
pub const FAILED_LOGINS_AN_HOUR: u32 = 5;
/// Who has not said for so long how a login went is dead, and the login counts as failed.
const UNDER_WAY: Duration = Duration::minutes(5);

/// What is noted for a time to come was noted by a clock that has gone back since; clocks of processes differ by less.
const AHEAD: Duration = Duration::minutes(1);

/// Permission for one login; it counts as failed until [`Store::end_login`] says otherwise.
#[derive(Debug)]
#[must_use = "end the login, or it counts as failed"]
pub struct LoginTicket(Uuid);

/// Whether a login may be tried.
#[derive(Debug)]
#[must_use = "a ticket must be given back by end_login"]
pub enum LoginPermit {
    /// Yes, once.
    Granted(LoginTicket),
    /// Not at this moment: others are under way whose failures would reach the limit. Ask again.
    Busy,
    /// No: too many have failed within the hour.
    Refused,
}

impl Store {
    /// Asks for permission to log in once. Logins under way count, so that parallel tries do not get around the limit.
    /// Host and user name are kept as a hash only.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn begin_login(&self, host: &str, user: &str) -> Result<LoginPermit, StoreError> {
        let account = sha256(format!("{}\0{}", host.to_lowercase(), user.to_lowercase()).as_bytes());
        let now = self.now();
        let mut tx = self.write().await?;
        tx.execute(
            "INSERT INTO login_accounts (account_hash, at) VALUES ($1, $2)
             ON CONFLICT (account_hash) DO UPDATE SET at = excluded.at",
            args![account.clone(), now],
        )
        .await?;
        let sql = "DELETE FROM login_attempts WHERE account_hash = $1 AND (at <= $2 OR at > $3)";
        tx.execute(sql, args![account.clone(), now - Duration::hours(1), now + AHEAD]).await?;
        let sql = "SELECT COUNT(*) AS n, COALESCE(SUM(CASE WHEN failed = 1 OR at <= $2 THEN 1 ELSE 0 END), 0) AS failed
             FROM login_attempts WHERE account_hash = $1";
        let row = tx.row(sql, args![account.clone(), now - UNDER_WAY]).await?;
        if row.get::<u32>("failed")? >= FAILED_LOGINS_AN_HOUR {
            return Ok(LoginPermit::Refused);
        }
        if row.get::<u32>("n")? >= FAILED_LOGINS_AN_HOUR {
            return Ok(LoginPermit::Busy);
        }
        let id = self.new_id()?;
        let sql = "INSERT INTO login_attempts (id, account_hash, at, failed) VALUES ($1, $2, $3, 0)";
        tx.execute(sql, args![id, account, now]).await?;
        tx.commit().await?;
        Ok(LoginPermit::Granted(LoginTicket(id)))
    }

    /// Forgets failed logins that count no more, and whose they were.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget_failed_logins(&self) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        let before = self.now() - Duration::hours(1);
        let ahead = self.now() + AHEAD;
        tx.execute("DELETE FROM login_attempts WHERE at <= $1 OR at > $2", args![before, ahead]).await?;
        let sql = "DELETE FROM login_accounts WHERE (at <= $1 OR at > $2) AND NOT EXISTS (
                SELECT 1 FROM login_attempts a WHERE a.account_hash = login_accounts.account_hash)";
        let gone = tx.execute(sql, args![before, ahead]).await?;
        tx.commit().await?;
        Ok(gone)
    }

    /// Tells how the login went. Only a refusal of name or password is `failed`; a connection that could not be made
    /// tells nothing about the password and does not count.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; the login then counts as failed.
    pub async fn end_login(&self, ticket: LoginTicket, failed: bool) -> Result<(), StoreError> {
        let values: Vec<Arg> = args![ticket.0];
        let mut tx = self.write().await?;
        let sql = if failed {
            "UPDATE login_attempts SET failed = 1 WHERE id = $1"
        } else {
            "DELETE FROM login_attempts WHERE id = $1"
        };
        tx.execute(sql, values).await?;
        tx.commit().await
    }
}
