//! A member or an API key, and how far it reaches.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use mailferry_shared::{
    endpoint::HostName,
    ids::{MemberId, TenantId},
    key::{ApiKey, Scope},
    member::Role,
};
use mailferry_store::{Asker, KeyHolder, MemberRecord, OPERATOR_TENANT, OrderRecord, Reach};

use crate::{api::problem::ApiError, app::App};

/// Who asks: a member who is signed in, or an API key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Whose data is seen.
    pub tenant_id: TenantId,
    /// The member; none for a key that belongs to no member.
    pub member: Option<MemberRecord>,
    /// The key; none for who is signed in.
    pub key: Option<ApiKey>,
    /// When the session ends.
    pub session_ends: Option<DateTime<Utc>>,
    scopes: BTreeSet<Scope>,
}

impl Principal {
    /// A member who is signed in until `session_ends`.
    pub fn of_member(member: MemberRecord, session_ends: DateTime<Utc>) -> Self {
        let (tenant_id, role) = (member.tenant_id, member.member.role);
        let scopes = scopes_of(role, tenant_id);
        Self { tenant_id, member: Some(member), key: None, session_ends: Some(session_ends), scopes }
    }

    /// A key: what it may do, it may do only as far as its owner may.
    pub fn of_key(holder: KeyHolder) -> Self {
        let KeyHolder { tenant_id, key, member } = holder;
        let role = member.as_ref().map_or(Role::Admin, |member| member.member.role);
        let held = scopes_of(role, tenant_id);
        let both = Scope::ALL.iter().copied().filter(|scope| scope.is_in(&held) && scope.is_in(&key.scopes));
        Self { tenant_id, member, scopes: both.collect(), key: Some(key), session_ends: None }
    }

    /// What it may do.
    pub fn role(&self) -> Role {
        self.member.as_ref().map_or(Role::Admin, |member| member.member.role)
    }

    /// With which nouns.
    pub fn scopes(&self) -> &BTreeSet<Scope> {
        &self.scopes
    }

    /// True for the members of the first tenant and their keys.
    pub fn is_operator(&self) -> bool {
        self.tenant_id == OPERATOR_TENANT && self.role() == Role::Admin
    }

    /// True for a sandbox key.
    pub fn is_sandbox(&self) -> bool {
        self.key.as_ref().is_some_and(|key| key.sandbox)
    }

    /// The member's id.
    pub fn member_id(&self) -> Option<MemberId> {
        self.member.as_ref().map(|member| member.member.id)
    }

    /// Makes sure that it has `scope`.
    ///
    /// # Errors
    /// 403 in words that tell a key from a role.
    pub fn needs(&self, scope: Scope) -> Result<(), ApiError> {
        if scope.is_in(&self.scopes) {
            return Ok(());
        }
        Err(ApiError::Forbidden(match &self.key {
            Some(_) => "This API key lacks the scope for that, or its owner's role does not allow it.",
            None => "Your role does not allow that.",
        }))
    }

    /// Whose orders it makes.
    pub fn asker(&self) -> Asker {
        let api_key_id = self.key.as_ref().map(|key| key.id);
        Asker { member_id: self.member_id(), api_key_id, sandbox: self.is_sandbox(), ..Asker::default() }
    }

    /// The domains that it is limited to.
    pub fn domains(&self) -> Option<&[HostName]> {
        let member = self.member.as_ref()?;
        (member.member.role == Role::Manager).then_some(&member.member.domains)
    }

    /// Which orders of the tenant it sees.
    pub fn reach(&self) -> Reach {
        match self.role() {
            Role::Admin => Reach::All,
            Role::Manager => Reach::Domains(self.domains().unwrap_or_default().to_vec(), self.asker()),
            Role::Member => Reach::Own(self.asker()),
        }
    }

    /// Sandbox keys see sandbox orders only, other keys no sandbox orders; who is signed in sees both.
    pub fn sandbox_filter(&self) -> Option<bool> {
        self.key.as_ref().map(|key| key.sandbox)
    }

    /// Whether it sees an order.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn sees(&self, app: &App, order: &OrderRecord) -> Result<bool, ApiError> {
        let apart = self.sandbox_filter().is_some_and(|sandbox| sandbox != order.asker.sandbox);
        if order.tenant_id != self.tenant_id || apart {
            return Ok(false);
        }
        Ok(match self.reach() {
            Reach::All => true,
            reach => app.store.is_within(order.id, &reach).await?,
        })
    }

    /// Whether it is an operator who was asked to do this order, whosever it is.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn supervises(&self, app: &App, order: &OrderRecord) -> Result<bool, ApiError> {
        let apart = self.sandbox_filter().is_some_and(|sandbox| sandbox != order.asker.sandbox);
        if apart || !self.is_operator() || !Scope::RequestsRead.is_in(&self.scopes) {
            return Ok(false);
        }
        Ok(app.store.request_state(order.id).await?.is_some())
    }

    /// Whether an account pair between these mailboxes may be part of an order of its.
    pub fn may_move(&self, source: &str, destination: &str) -> bool {
        let Some(domains) = self.domains() else { return true };
        [source, destination].iter().any(|mailbox| {
            let domain = mailbox.rsplit_once('@').map(|(_, domain)| domain.to_lowercase());
            domain.is_some_and(|domain| domains.iter().any(|own| own.as_str() == domain))
        })
    }
}

/// What a role may do.
fn scopes_of(role: Role, tenant: TenantId) -> BTreeSet<Scope> {
    match role {
        Role::Admin => {
            Scope::ALL.iter().copied().filter(|scope| tenant == OPERATOR_TENANT || !scope.is_for_operators()).collect()
        }
        Role::Manager => [Scope::OrdersWrite, Scope::VouchersRead, Scope::LinksRead, Scope::KeysWrite].into(),
        Role::Member => [Scope::OrdersWrite, Scope::KeysWrite].into(),
    }
}

#[cfg(test)]
mod tests {
    use mailferry_shared::{ids::ApiKeyId, member::Member};
    use uuid::Uuid;

    use super::*;

    fn member(role: Role, tenant: u128) -> MemberRecord {
        MemberRecord {
            tenant_id: TenantId(Uuid::from_u128(tenant)),
            session_version: 1,
            member: Member {
                id: MemberId(Uuid::from_u128(7)),
                name: "Maria".to_owned(),
                mail: None,
                role,
                domains: vec!["a.example".parse().expect("a host")],
                has_password: false,
                created_at: DateTime::UNIX_EPOCH,
                signed_in_at: None,
            },
        }
    }

    fn key(scopes: &[Scope], owner: Option<MemberRecord>) -> Principal {
        let key = ApiKey {
            id: ApiKeyId(Uuid::from_u128(9)),
            name: "key".to_owned(),
            hint: None,
            member_id: owner.as_ref().map(|owner| owner.member.id),
            member_name: owner.as_ref().map(|owner| owner.member.name.clone()),
            scopes: scopes.iter().copied().collect(),
            sandbox: false,
            created_at: DateTime::UNIX_EPOCH,
            last_used_at: None,
            expires_at: None,
        };
        Principal::of_key(KeyHolder { tenant_id: TenantId(Uuid::from_u128(3)), key, member: owner })
    }

    #[test]
    fn only_operators_may_make_tenants() {
        let admin = Principal::of_member(member(Role::Admin, 3), DateTime::UNIX_EPOCH);
        assert!(admin.needs(Scope::MembersWrite).is_ok() && admin.needs(Scope::TenantsRead).is_err());
        let operator = Principal::of_member(member(Role::Admin, 0), DateTime::UNIX_EPOCH);
        assert!(operator.needs(Scope::TenantsWrite).is_ok() && operator.is_operator());
        assert!(!Principal::of_member(member(Role::Member, 0), DateTime::UNIX_EPOCH).is_operator());
    }

    #[test]
    fn a_key_never_reaches_further_than_its_owner() {
        let wide = key(&[Scope::OrdersRead, Scope::MembersWrite, Scope::VouchersWrite], Some(member(Role::Manager, 3)));
        assert!(wide.needs(Scope::OrdersRead).is_ok() && wide.needs(Scope::OrdersWrite).is_err());
        assert!(wide.needs(Scope::MembersRead).is_err());
        assert!(wide.needs(Scope::VouchersRead).is_ok() && wide.needs(Scope::VouchersWrite).is_err());
        assert!(matches!(wide.reach(), Reach::Domains(..)));
        assert_eq!(key(&[Scope::MembersWrite], None).reach(), Reach::All);
        assert!(key(Scope::ALL, None).needs(Scope::TenantsRead).is_err(), "of another tenant than the first");
    }

    #[test]
    fn a_manager_moves_accounts_of_their_domains_only() {
        let manager = Principal::of_member(member(Role::Manager, 3), DateTime::UNIX_EPOCH);
        assert!(manager.may_move("anna@old.example", "anna@A.example"));
        assert!(manager.may_move("anna@a.example", "anna"));
        assert!(!manager.may_move("anna@old.example", "anna@b.a.example"));
        assert!(!manager.may_move("anna", "a.example"));
    }
}
