//! Members of tenants. Passwords arrive as hashes: this crate never sees one.

use mailferry_shared::{
    address::MailAddress,
    endpoint::HostName,
    ids::{MemberId, TenantId},
    member::{Member, Role},
};

use crate::{
    db::Tx,
    error::StoreError,
    page::{Part, Way},
    password_link::end_password_links,
    store::Store,
    tenant::OPERATOR_TENANT,
    value::{Arg, Row, args, code, json},
};

/// A member, and what belongs to authorisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRecord {
    /// The tenant.
    pub tenant_id: TenantId,
    /// Raised to end the member's sessions.
    pub session_version: i64,
    /// Everything else.
    pub member: Member,
}

/// What a new member begins with.
#[derive(Debug, Clone)]
pub struct NewMember {
    /// The tenant.
    pub tenant_id: TenantId,
    /// What to call the member.
    pub name: String,
    /// The mail address, with which the member signs in.
    pub mail: Option<MailAddress>,
    /// What the member may do.
    pub role: Role,
    /// The domains that a manager is limited to.
    pub domains: Vec<HostName>,
    /// The password's hash.
    pub password_hash: Option<String>,
}

/// Changes to a member; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct MemberUpdate {
    /// What to call the member.
    pub name: Option<String>,
    /// What the member may do.
    pub role: Option<Role>,
    /// The domains that a manager is limited to.
    pub domains: Option<Vec<HostName>>,
    /// A new password's hash; it ends the member's sessions.
    pub password_hash: Option<String>,
}

pub(crate) const COLUMNS: &str = "m.id AS member_id, m.tenant_id AS member_tenant_id, m.name AS member_name,
    m.mail AS member_mail, m.role AS member_role, m.domains AS member_domains,
    CAST(CASE WHEN m.password_hash IS NULL THEN 0 ELSE 1 END AS BIGINT) AS member_has_password,
    m.session_version AS member_session_version, m.created_at AS member_created_at,
    m.signed_in_at AS member_signed_in_at";

/// The member in a row that has [`COLUMNS`].
pub(crate) fn member_from(row: &Row) -> Result<MemberRecord, StoreError> {
    Ok(MemberRecord {
        tenant_id: row.get("member_tenant_id")?,
        session_version: row.get("member_session_version")?,
        member: Member {
            id: row.get("member_id")?,
            name: row.get("member_name")?,
            mail: row
                .get::<Option<String>>("member_mail")?
                .map(|text| text.parse().map_err(|_| StoreError::corrupt("members.mail")))
                .transpose()?,
            role: row.code("member_role")?,
            domains: row.json("member_domains")?,
            has_password: row.get("member_has_password")?,
            created_at: row.get("member_created_at")?,
            signed_in_at: row.get("member_signed_in_at")?,
        },
    })
}

async fn select(tx: &mut Tx, filter: &str, args: Vec<Arg>) -> Result<Vec<MemberRecord>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM members m WHERE {filter}");
    tx.rows(sql, args).await?.iter().map(member_from).collect()
}

async fn read(tx: &mut Tx, tenant_id: TenantId, id: MemberId) -> Result<MemberRecord, StoreError> {
    select(tx, "m.tenant_id = $1 AND m.id = $2", args![tenant_id, id]).await?.pop().ok_or(StoreError::NotFound)
}

impl Store {
    /// Makes an operator: an admin of the first tenant.
    ///
    /// # Errors
    /// [`StoreError::AddressTaken`], [`StoreError::Unavailable`].
    pub async fn create_operator(&self, name: &str, mail: Option<&MailAddress>) -> Result<MemberRecord, StoreError> {
        self.create_member(NewMember {
            tenant_id: OPERATOR_TENANT,
            name: name.to_owned(),
            mail: mail.cloned(),
            role: Role::Admin,
            domains: Vec::new(),
            password_hash: None,
        })
        .await
    }

    /// Makes a member.
    ///
    /// # Errors
    /// [`StoreError::AddressTaken`]; [`StoreError::Unavailable`], also for a tenant that does not exist.
    pub async fn create_member(&self, new: NewMember) -> Result<MemberRecord, StoreError> {
        let id = MemberId(self.new_id()?);
        let mut tx = self.write().await?;
        let written = tx
            .execute(
                "INSERT INTO members (id, tenant_id, name, mail, login, role, domains, password_hash, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (login) DO NOTHING",
                args![
                    id,
                    new.tenant_id,
                    new.name,
                    new.mail.as_ref().map(MailAddress::as_str),
                    new.mail.as_ref().map(|mail| mail.as_str().to_lowercase()),
                    code(&new.role)?,
                    json(&new.domains)?,
                    new.password_hash,
                    self.now(),
                ],
            )
            .await?;
        if written == 0 {
            return Err(StoreError::AddressTaken);
        }
        let member = read(&mut tx, new.tenant_id, id).await?;
        tx.commit().await?;
        Ok(member)
    }

    /// A part of the members of a tenant, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn members(&self, tenant_id: TenantId, part: Part) -> Result<Vec<MemberRecord>, StoreError> {
        let mut args = args![tenant_id];
        let clause = part.clause(["m.created_at", "m.id"], Way::Up, &mut args);
        select(&mut self.read().await?, &format!("m.tenant_id = $1{clause}"), args).await
    }

    /// A member of a tenant.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for one of another tenant.
    pub async fn member(&self, tenant_id: TenantId, id: MemberId) -> Result<MemberRecord, StoreError> {
        read(&mut self.read().await?, tenant_id, id).await
    }

    /// A member of any tenant: who a session belongs to.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn find_member(&self, id: MemberId) -> Result<Option<MemberRecord>, StoreError> {
        Ok(select(&mut self.read().await?, "m.id = $1", args![id]).await?.pop())
    }

    /// Who signs in with this address, and the hash to compare the password with.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn find_login(&self, mail: &str) -> Result<Option<(MemberRecord, String)>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS}, m.password_hash FROM members m WHERE m.login = $1 AND m.password_hash IS NOT NULL"
        );
        let row = self.read().await?.row_opt(sql, args![mail.trim().to_lowercase()]).await?;
        row.map(|row| Ok((member_from(&row)?, row.get("password_hash")?))).transpose()
    }

    /// Who has this mail address, with a password or without.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn member_of_address(&self, mail: &str) -> Result<Option<MemberId>, StoreError> {
        let sql = "SELECT id FROM members WHERE login = $1";
        let row = self.read().await?.row_opt(sql, args![mail.trim().to_lowercase()]).await?;
        row.map(|row| row.get("id")).transpose()
    }

    /// The hash of a member's password.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    pub async fn password_hash(&self, id: MemberId) -> Result<String, StoreError> {
        let sql = "SELECT password_hash FROM members WHERE id = $1 AND password_hash IS NOT NULL";
        self.read().await?.row(sql, args![id]).await?.get("password_hash")
    }

    /// Notes that a member has signed in.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_sign_in(&self, id: MemberId) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        tx.execute("UPDATE members SET signed_in_at = $2 WHERE id = $1", args![id, self.now()]).await?;
        tx.commit().await
    }

    /// Ends every session of a member.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn end_sessions(&self, id: MemberId) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        tx.execute("UPDATE members SET session_version = session_version + 1 WHERE id = $1", args![id]).await?;
        tx.commit().await
    }

    /// Changes a member. A new password, and another role or other domains, end the member's sessions.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for a member of another tenant; [`StoreError::LastAdmin`].
    pub async fn change_member(
        &self,
        tenant_id: TenantId,
        id: MemberId,
        change: MemberUpdate,
    ) -> Result<MemberRecord, StoreError> {
        let mut tx = self.write().await?;
        let before = self.lock_member(&mut tx, tenant_id, id).await?.member;
        let role = change.role.unwrap_or(before.role);
        if role != Role::Admin {
            keep_an_admin(&mut tx, tenant_id, &before).await?;
        }
        let ends = change.password_hash.is_some() || change.role.is_some() || change.domains.is_some();
        tx.execute(
            "UPDATE members SET name = $2, role = $3, domains = $4, password_hash = COALESCE($5, password_hash),
                session_version = session_version + $6 WHERE id = $1",
            args![
                id,
                change.name.unwrap_or(before.name),
                code(&role)?,
                json(&change.domains.unwrap_or(before.domains))?,
                change.password_hash.as_deref(),
                ends,
            ],
        )
        .await?;
        if change.password_hash.is_some() {
            end_password_links(&mut tx, id).await?;
        }
        let member = read(&mut tx, tenant_id, id).await?;
        tx.commit().await?;
        Ok(member)
    }

    /// Deletes a member with their API keys; their orders stay.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for a member of another tenant; [`StoreError::LastAdmin`].
    pub async fn delete_member(&self, tenant_id: TenantId, id: MemberId) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let before = self.lock_member(&mut tx, tenant_id, id).await?.member;
        keep_an_admin(&mut tx, tenant_id, &before).await?;
        tx.execute("DELETE FROM members WHERE id = $1", args![id]).await?;
        tx.commit().await
    }

    /// The member, while nobody else changes members of this tenant.
    async fn lock_member(&self, tx: &mut Tx, tenant_id: TenantId, id: MemberId) -> Result<MemberRecord, StoreError> {
        tx.row("UPDATE tenants SET name = name WHERE id = $1 RETURNING id", args![tenant_id]).await?;
        read(tx, tenant_id, id).await
    }
}

async fn keep_an_admin(tx: &mut Tx, tenant_id: TenantId, member: &Member) -> Result<(), StoreError> {
    if member.role != Role::Admin {
        return Ok(());
    }
    let sql = "SELECT COUNT(*) AS n FROM members WHERE tenant_id = $1 AND role = 'admin' AND id <> $2";
    let others: i64 = tx.row(sql, args![tenant_id, member.id]).await?.get("n")?;
    if others == 0 { Err(StoreError::LastAdmin) } else { Ok(()) }
}
