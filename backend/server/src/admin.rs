//! `mailferry admin`: what an operator needs before there is anybody who could sign in, and the sealing key.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand, ValueEnum};
use mailferry_shared::{
    address::MailAddress,
    endpoint::HostName,
    ids::{MemberId, TenantId},
    key::Scope,
    member::{Member, Role},
    secret::Secret,
    tenant::TenantLimits,
    voucher::VoucherLimits,
};
use mailferry_store::{NewApiKey, NewMember, NewVouchers, OPERATOR_TENANT, SealingKeys, Store, SystemRandom};
use serde_json::{Value, json};

use crate::{
    api::{auth::password, validate::is_text, vouchers::MAX_NOTE},
    app,
    cli::CliError,
    settings::{CommonArgs, Settings},
};

/// What an operator can do on the command line.
#[derive(Debug, Subcommand)]
pub(crate) enum Admin {
    /// Create an operator with an API key, which is shown this once only.
    CreateOperator(CreateOperator),
    /// Create a tenant with its first admin, whose first password is shown this once only.
    CreateTenant(CreateTenant),
    /// Create a member of a tenant, whose first password is shown this once only.
    CreateMember(CreateMember),
    /// Create an API key, which is shown this once only.
    CreateKey(CreateKey),
    /// Create a batch of vouchers, whose codes are shown this once only.
    CreateVouchers(CreateVouchers),
    /// Put a new key at the top of the sealing key file. Restart every process afterwards, then rewrap.
    NewSealingKey(Plain),
    /// Wrap everything that is sealed with the first key of the sealing key file; the others can then be deleted from it.
    Rewrap(Plain),
}

#[derive(Debug, Args)]
pub(crate) struct CreateOperator {
    /// The operator's name.
    #[arg(long, default_value = "Operator")]
    name: String,
    /// The operator's mail address.
    #[arg(long)]
    mail: Option<MailAddress>,
    #[command(flatten)]
    plain: Plain,
}

#[derive(Debug, Args)]
pub(crate) struct CreateTenant {
    /// The tenant's name.
    #[arg(long)]
    name: String,
    /// The first admin's name.
    #[arg(long, default_value = "Admin")]
    admin_name: String,
    /// The first admin's mail address, to sign in with.
    #[arg(long)]
    admin_mail: MailAddress,
    /// Account pairs in an order, unless as the service is set up.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=5000))]
    max_pairs: Option<u32>,
    /// Orders at work at once for each member or API key, unless as the service is set up.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    max_active_orders: Option<u32>,
    /// The largest message that is copied, bytes, unless as the service is set up.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=i64::MAX as u64))]
    max_message_bytes: Option<u64>,
    /// Connections to one server at once, unless as the service is set up.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1000))]
    max_connections_per_host: Option<u32>,
    #[command(flatten)]
    plain: Plain,
}

#[derive(Debug, Args)]
pub(crate) struct CreateMember {
    /// The tenant; the operator's if absent.
    #[arg(long)]
    tenant: Option<TenantId>,
    /// The member's name.
    #[arg(long)]
    name: String,
    /// The member's mail address, to sign in with.
    #[arg(long)]
    mail: MailAddress,
    /// What the member may do.
    #[arg(long, value_enum, default_value_t = RoleName::Member)]
    role: RoleName,
    /// A domain that a manager is limited to; repeat it for more.
    #[arg(long, required_if_eq("role", "manager"))]
    domain: Vec<HostName>,
    #[command(flatten)]
    plain: Plain,
}

#[derive(Debug, Args)]
pub(crate) struct CreateKey {
    /// The tenant; the operator's if absent.
    #[arg(long)]
    tenant: Option<TenantId>,
    /// The member it belongs to; without one it reaches the whole tenant.
    #[arg(long)]
    member: Option<MemberId>,
    /// What to call it.
    #[arg(long)]
    name: String,
    /// A scope, such as orders:write; repeat it for more.
    #[arg(long, required = true)]
    scope: Vec<Scope>,
    /// Its orders are apart from all others and never reach the network.
    #[arg(long)]
    sandbox: bool,
    #[command(flatten)]
    plain: Plain,
}

#[derive(Debug, Args)]
pub(crate) struct CreateVouchers {
    /// The tenant; the operator's if absent.
    #[arg(long)]
    tenant: Option<TenantId>,
    /// Account pairs each is good for.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=500))]
    pairs: u32,
    /// How many.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    count: u32,
    /// Not redeemable after this time, as 2027-01-31T00:00:00Z.
    #[arg(long)]
    valid_until: Option<DateTime<Utc>>,
    /// What to write down of them, such as the customer they are made for.
    #[arg(long, default_value = "", value_parser = note)]
    note: String,
    #[command(flatten)]
    plain: Plain,
}

fn note(text: &str) -> Result<String, String> {
    if is_text(text, MAX_NOTE) {
        Ok(text.to_owned())
    } else {
        Err(format!("at most {MAX_NOTE} characters on one line"))
    }
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Plain {
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    common: CommonArgs,
}

/// [`Role`] on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RoleName {
    /// Everything in the tenant.
    Admin,
    /// Orders within the domains given.
    Manager,
    /// Orders of their own.
    Member,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Admin => Self::Admin,
            RoleName::Manager => Self::Manager,
            RoleName::Member => Self::Member,
        }
    }
}

/// What is printed: for people, and with `--json`.
struct Told {
    words: String,
    json: Value,
}

/// Does a command and prints what came of it.
///
/// # Errors
/// [`CliError`].
pub(crate) async fn run(command: Admin) -> Result<(), CliError> {
    let plain = match &command {
        Admin::CreateOperator(args) => &args.plain,
        Admin::CreateTenant(args) => &args.plain,
        Admin::CreateMember(args) => &args.plain,
        Admin::CreateKey(args) => &args.plain,
        Admin::CreateVouchers(args) => &args.plain,
        Admin::NewSealingKey(args) | Admin::Rewrap(args) => args,
    };
    let (as_json, settings) = (plain.json, Settings::from_worker(&plain.common)?);
    let told = if let Admin::NewSealingKey(_) = command {
        new_sealing_key(&settings)?
    } else {
        let store = app::open_store(&settings).await?;
        let told = perform(&store, command).await;
        store.close().await;
        told?
    };
    let text = if as_json { told.json.to_string() } else { told.words };
    Ok(writeln!(io::stdout(), "{text}")?)
}

async fn perform(store: &Store, command: Admin) -> Result<Told, CliError> {
    match command {
        Admin::CreateOperator(args) => create_operator(store, args).await,
        Admin::CreateTenant(args) => create_tenant(store, args).await,
        Admin::CreateMember(args) => create_member(store, args).await,
        Admin::CreateKey(args) => create_key(store, args).await,
        Admin::CreateVouchers(args) => create_vouchers(store, args).await,
        Admin::Rewrap(_) | Admin::NewSealingKey(_) => {
            let rewrapped = store.rewrap_all().await?;
            let words = format!(
                "{rewrapped} sealed values were wrapped with the first key of the sealing key file. The other keys can \
                 be deleted from it once every process has been restarted and this command says 0."
            );
            Ok(Told { words, json: json!({"rewrapped": rewrapped}) })
        }
    }
}

async fn create_operator(store: &Store, args: CreateOperator) -> Result<Told, CliError> {
    let member = store.create_operator(&args.name, args.mail.as_ref()).await?.member;
    let scopes: BTreeSet<Scope> = Scope::ALL.iter().copied().collect();
    let new = NewApiKey {
        tenant_id: OPERATOR_TENANT,
        member_id: Some(member.id),
        name: args.name.clone(),
        scopes: scopes.clone(),
        sandbox: false,
        expires_at: None,
    };
    let secret = store.create_api_key(new).await?.secret;
    Ok(Told {
        words: format!("API key of {} (shown this once only): {}", args.name, secret.expose()),
        json: json!({"member_id": member.id, "name": args.name, "api_key": secret.expose(), "scopes": scopes}),
    })
}

async fn create_tenant(store: &Store, args: CreateTenant) -> Result<Told, CliError> {
    let limits = TenantLimits {
        max_pairs: args.max_pairs,
        max_active_orders: args.max_active_orders,
        max_message_bytes: args.max_message_bytes,
        max_connections_per_host: args.max_connections_per_host,
    };
    let tenant = store.create_tenant(&args.name, limits).await?;
    let made = new_member(store, tenant.id, args.admin_name, args.admin_mail, Role::Admin, Vec::new()).await;
    let (admin, password) = match made {
        Ok(made) => made,
        Err(error) => {
            // Nobody could ever sign in to it.
            store.delete_empty_tenant(tenant.id).await?;
            return Err(error);
        }
    };
    let words = format!(
        "Tenant {} ({}). First password of its admin {} (shown this once only): {}",
        args.name,
        tenant.id,
        admin.name,
        password.expose()
    );
    let json = json!({
        "tenant_id": tenant.id,
        "name": args.name,
        "limits": tenant.limits,
        "member_id": admin.id,
        "password": password.expose(),
    });
    Ok(Told { words, json })
}

async fn create_member(store: &Store, args: CreateMember) -> Result<Told, CliError> {
    let tenant_id = args.tenant.unwrap_or(OPERATOR_TENANT);
    store.tenant(tenant_id).await?;
    let (member, password) = new_member(store, tenant_id, args.name, args.mail, args.role.into(), args.domain).await?;
    Ok(Told {
        words: format!("First password of {} (shown this once only): {}", member.name, password.expose()),
        json: json!({"member_id": member.id, "name": member.name, "password": password.expose()}),
    })
}

async fn new_member(
    store: &Store,
    tenant_id: TenantId,
    name: String,
    mail: MailAddress,
    role: Role,
    domains: Vec<HostName>,
) -> Result<(Member, Secret), CliError> {
    let first = Secret::new(BASE64_URL_SAFE_NO_PAD.encode(store.random_bytes::<15>()?));
    let password_hash =
        Some(password::hash(store, first.clone()).await.map_err(|error| CliError::Password(error.into()))?);
    let domains = if role == Role::Manager { domains } else { Vec::new() };
    let new = NewMember { tenant_id, name, mail: Some(mail), role, domains, password_hash };
    Ok((store.create_member(new).await?.member, first))
}

async fn create_key(store: &Store, args: CreateKey) -> Result<Told, CliError> {
    let tenant_id = args.tenant.unwrap_or(OPERATOR_TENANT);
    if let Some(member) = args.member {
        let owner = store.find_member(member).await?.filter(|owner| owner.tenant_id == tenant_id);
        owner.ok_or(mailferry_store::StoreError::NotFound)?;
    }
    let new = NewApiKey {
        tenant_id,
        member_id: args.member,
        name: args.name,
        scopes: args.scope.into_iter().collect(),
        sandbox: args.sandbox,
        expires_at: None,
    };
    let made = store.create_api_key(new).await?;
    Ok(Told {
        words: format!("API key {} (shown this once only): {}", made.key.name, made.secret.expose()),
        json: json!({"key_id": made.key.id, "api_key": made.secret.expose(), "scopes": made.key.scopes}),
    })
}

async fn create_vouchers(store: &Store, args: CreateVouchers) -> Result<Told, CliError> {
    let new = NewVouchers {
        tenant_id: args.tenant.unwrap_or(OPERATOR_TENANT),
        pairs: args.pairs,
        count: args.count,
        limits: VoucherLimits { valid_until: args.valid_until, ..VoucherLimits::default() },
        note: args.note,
        sandbox: false,
    };
    store.tenant(new.tenant_id).await?;
    let (batch_id, made) = store.create_batch(&new).await?;
    let codes: Vec<&str> = made.iter().map(|voucher| voucher.code.expose()).collect();
    Ok(Told { words: codes.join("\n"), json: json!({"batch_id": batch_id, "codes": codes}) })
}

fn new_sealing_key(settings: &Settings) -> Result<Told, CliError> {
    let path = &settings.sealing_key_file;
    let id = SealingKeys::add_to_file(path, &SystemRandom).map_err(|error| CliError::KeyFile(error.into()))?;
    let words = format!(
        "New sealing key {id} in {}. Copy the file to every machine, restart every process, then run: mailferry admin \
         rewrap",
        path.display()
    );
    Ok(Told { words, json: json!({"key_id": id}) })
}
