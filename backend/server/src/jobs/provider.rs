//! What the providers of a run's two sides allow: connections, daily amounts, the largest message, folder names.

use std::time::Duration;

use mailferry_connectors::imap::ImapLogin;
use mailferry_engine::{allowance::Allowances, run::RunOptions};
use mailferry_shared::ids::TenantId;
use mailferry_store::{AccountKey, DailyUse, SlotRequest, Store, StoreError, TenantShare, TrafficAccounts};

use super::{JobContext, login::GuardedConnector};
use crate::providers::{
    Limits,
    share::{self, account, for_us},
};

/// Connections a side for one account pair, where nothing is known of a server.
const CONNECTIONS: u32 = 2;
/// And at most: more bring nothing.
const MOST_CONNECTIONS: u32 = 4;

/// What a run may do.
pub(super) struct Permitted {
    /// Connections a side.
    pub(super) connections: u32,
    /// What it asks for at its source.
    pub(super) source: SlotRequest,
    /// What it asks for at its destination.
    pub(super) destination: SlotRequest,
    /// Whose daily amounts are counted.
    pub(super) accounts: TrafficAccounts,
    /// What is left of them.
    pub(super) allowances: Allowances,
    /// What the destination takes.
    destination_limits: Limits,
}

impl Permitted {
    /// These options, within what is permitted.
    pub(super) fn apply(self, options: RunOptions, connections: u32) -> RunOptions {
        let mut options = share::within(options, &self.destination_limits);
        options.connections = usize::try_from(connections).unwrap_or(1);
        options.allowances = self.allowances;
        options
    }

    /// When a daily amount that the run needs is fresh again, if one is used up.
    pub(super) fn waits_for(&self) -> Option<Duration> {
        let needed = [self.allowances.from_source, self.allowances.to_destination];
        let used_up = needed.into_iter().flatten().filter(|allowance| allowance.left_bytes == 0);
        used_up.map(|allowance| allowance.fresh_in).max()
    }
}

/// Looks up what a run may do.
///
/// # Errors
/// If the store is not available.
pub(super) async fn permitted(
    context: &JobContext,
    connector: &GuardedConnector,
    tenant_id: TenantId,
) -> Result<Permitted, StoreError> {
    let limits = |login: &ImapLogin| context.providers.limits_at(&login.endpoint.host);
    let (from, to) = (&connector.source.login, &connector.destination.login);
    let (source, destination) = (limits(from), limits(to));
    let accounts = share::counted((from, &source), (to, &destination));
    let used = [
        daily_use(&context.store, accounts.source.as_ref()).await?,
        daily_use(&context.store, accounts.destination.as_ref()).await?,
    ];
    let allowances = share::allowances((&source, used[0]), (&destination, used[1]), context.store.now());
    let per_host = context.settings.connections_per_host;
    let own = context.store.tenant(tenant_id).await?.limits.max_connections_per_host;
    let per_tenant = own.map(|most| TenantShare { tenant_id, most });
    Ok(Permitted {
        connections: connections(&source).min(connections(&destination)),
        source: SlotRequest { per_tenant, ..slots(from, &source, per_host) },
        destination: SlotRequest { per_tenant, ..slots(to, &destination, per_host) },
        accounts,
        allowances,
        destination_limits: destination,
    })
}

/// Connections that a run would like to have.
fn connections(limits: &Limits) -> u32 {
    match limits.connections {
        Some(most) if limits.daily_bytes_down.is_some() => for_us(most).min(MOST_CONNECTIONS),
        Some(most) => for_us(most).min(CONNECTIONS),
        None => CONNECTIONS,
    }
}

/// What is asked for at this login's server.
pub(super) fn slot_request(context: &JobContext, login: &ImapLogin) -> SlotRequest {
    let limits = context.providers.limits_at(&login.endpoint.host);
    slots(login, &limits, context.settings.connections_per_host)
}

fn slots(login: &ImapLogin, limits: &Limits, per_host: u32) -> SlotRequest {
    SlotRequest {
        host: login.endpoint.host.as_str().to_lowercase(),
        account: account(login),
        per_account: limits.connections.map_or(CONNECTIONS, for_us),
        per_host,
        per_tenant: None,
    }
}

async fn daily_use(store: &Store, account: Option<&AccountKey>) -> Result<DailyUse, StoreError> {
    match account {
        Some(account) => store.daily_use(account).await,
        None => Ok(DailyUse::default()),
    }
}
