//! Examples of tenants, members, API keys and the list of migrations.

use mailferry_shared::{
    ids::{ApiKeyId, MemberId, OrderId, TenantId},
    key::{ApiKey, ApiKeyCreate, ApiKeyCreated, ApiKeyList, Scope},
    member::{Member, MemberCreate, MemberList, PasswordChange, Principal, Role, SignIn},
    order::{Language, OrderState, StartKind},
    order_list::{MigrationType, OrderListItem, OrderOrigin, OrderPage, OrderProgress},
    secret::Secret,
    tenant::{FirstAdmin, Tenant, TenantCreate, TenantCreated, TenantLimits, TenantList},
};

use super::{at, id};

/// A tenant.
pub fn tenant() -> Tenant {
    let limits = TenantLimits { max_active_orders: Some(50), ..TenantLimits::default() };
    Tenant { id: TenantId(id(16)), name: "Example Hosting".to_owned(), limits, created_at: at(0) }
}

/// Every tenant.
pub fn tenants() -> TenantList {
    TenantList { items: vec![tenant()], next_cursor: None }
}

/// A new tenant.
pub fn tenant_create() -> serde_json::Value {
    let Tenant { name, limits, .. } = tenant();
    let password = Some(Secret::new("correct horse battery"));
    let create = "alex@hosting.example".parse().ok().map(|mail| TenantCreate {
        name,
        limits,
        admin: FirstAdmin { name: "Alex Admin".to_owned(), mail, password, language: Language::En },
    });
    serde_json::to_value(create).unwrap_or_default()
}

/// A tenant and its first admin.
pub fn tenant_created() -> TenantCreated {
    TenantCreated { tenant: tenant(), admin: Member { role: Role::Admin, domains: Vec::new(), ..member() } }
}

/// A manager.
pub fn member() -> Member {
    Member {
        id: MemberId(id(17)),
        name: "Maria Manager".to_owned(),
        mail: "maria@hosting.example".parse().ok(),
        role: Role::Manager,
        domains: "customer.example".parse().into_iter().collect(),
        has_password: true,
        created_at: at(0),
        signed_in_at: Some(at(30)),
    }
}

/// The members of a tenant.
pub fn members() -> MemberList {
    MemberList { items: vec![member()], next_cursor: None }
}

/// A new member.
pub fn member_create() -> serde_json::Value {
    let create = member().mail.map(|mail| MemberCreate {
        name: member().name,
        mail,
        role: Role::Manager,
        domains: member().domains,
        password: Some(Secret::new("correct horse battery")),
    });
    serde_json::to_value(create).unwrap_or_default()
}

/// A sign-in.
pub fn sign_in() -> SignIn {
    SignIn { mail: Secret::new("maria@hosting.example"), password: Secret::new("correct horse battery") }
}

/// A new password.
pub fn password_change() -> PasswordChange {
    PasswordChange {
        current_password: Secret::new("correct horse battery"),
        new_password: Secret::new("staple correct horse"),
    }
}

/// A manager who is signed in.
pub fn principal() -> Principal {
    Principal {
        tenant_id: tenant().id,
        tenant_name: tenant().name,
        operator: false,
        member: Some(member()),
        role: Role::Manager,
        scopes: vec![Scope::OrdersRead, Scope::OrdersWrite, Scope::VouchersRead, Scope::LinksRead],
        sandbox: false,
        expires_at: Some(at(120)),
    }
}

/// An API key.
pub fn api_key() -> ApiKey {
    ApiKey {
        id: ApiKeyId(id(18)),
        name: "Control panel".to_owned(),
        hint: Some("5ze3".to_owned()),
        member_id: Some(member().id),
        member_name: Some(member().name),
        scopes: [Scope::OrdersWrite, Scope::VouchersRead].into(),
        sandbox: false,
        created_at: at(0),
        last_used_at: Some(at(60)),
        expires_at: None,
    }
}

/// The keys of a tenant.
pub fn api_keys() -> ApiKeyList {
    ApiKeyList { items: vec![api_key()], next_cursor: None }
}

/// A new API key.
pub fn api_key_create() -> ApiKeyCreate {
    let ApiKey { name, scopes, sandbox, expires_at, .. } = api_key();
    ApiKeyCreate { name, scopes, sandbox, expires_at }
}

/// The key with its secret.
pub fn api_key_created() -> ApiKeyCreated {
    let secret = Secret::new("mf_live_7k2qx9d4tmvb81nc6hrapw5ze3");
    ApiKeyCreated { key: ApiKey { last_used_at: None, ..api_key() }, secret }
}

/// A page of the list of migrations.
pub fn order_page() -> OrderPage {
    let origin = OrderOrigin {
        member_id: Some(member().id),
        member_name: Some(member().name),
        notify_address: "anna@example.org".parse().ok(),
        ..OrderOrigin::default()
    };
    let item = OrderListItem {
        id: OrderId(id(1)),
        reference: Some("Customer 4711".to_owned()),
        state: OrderState::Completed,
        kind: Some(StartKind::Main),
        origin,
        codes: vec!["MF-7K2QX".to_owned()],
        migration_type: MigrationType::Gmail,
        request: None,
        sandbox: false,
        source: "imap.gmail.com".parse().ok(),
        destination: "imap.ionos.com".parse().ok(),
        first_account: Some("anna@old.example".to_owned()),
        pairs: 12,
        attention: 0,
        progress: Some(OrderProgress {
            done: 4_123,
            arrived: 4_120,
            total: 4_123,
            done_bytes: 310_000_000,
            total_bytes: 310_000_000,
            at_least: false,
        }),
        created_at: at(0),
        first_run_at: Some(at(10)),
        second_run_at: Some(at(600)),
        delta_schedule: None,
        finished_at: Some(at(610)),
    };
    let next_cursor = Some("AAZg5Y3mxoABmdHEXV56EIwvPx98XAABb0xkZXIgcGFnZXMgZm9s".to_owned());
    OrderPage { items: vec![item], next_cursor }
}
