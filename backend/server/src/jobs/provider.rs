//! What the providers of a run's two sides allow: connections, daily amounts, the largest message, folder names.

use std::time::Duration;

use chrono::{DateTime, Utc};
use mailferry_connectors::imap::ImapLogin;
use mailferry_domain::names::NameRules;
use mailferry_engine::{
    allowance::{Allowance, Allowances},
    run::RunOptions,
};
use mailferry_store::{AccountKey, SlotRequest, Store, StoreError, TrafficAccounts};

use super::{JobContext, login::GuardedConnector};
use crate::providers::Limits;

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
    /// The largest message that the destination takes, bytes.
    pub(super) message_bytes: Option<u64>,
    /// What the destination does not take in folder names.
    pub(super) names: NameRules,
}

impl Permitted {
    /// These options, within what is permitted.
    pub(super) fn apply(self, mut options: RunOptions, connections: u32) -> RunOptions {
        let most = options.filter.max_size_bytes;
        options.filter.max_size_bytes = self.message_bytes.into_iter().chain(most).min();
        options.mapping.names = self.names;
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
pub(super) async fn permitted(context: &JobContext, connector: &GuardedConnector) -> Result<Permitted, StoreError> {
    let limits = |login: &ImapLogin| context.providers.limits_at(&login.endpoint.host);
    let (from, to) = (&connector.source.login, &connector.destination.login);
    let (source, destination) = (limits(from), limits(to));
    let accounts = TrafficAccounts {
        source: is_limited(&source).then(|| account(from)),
        destination: is_limited(&destination).then(|| account(to)),
    };
    let allowances = allowances(&context.store, &accounts, &source, &destination).await?;
    let per_host = context.settings.connections_per_host;
    Ok(Permitted {
        connections: connections(&source).min(connections(&destination)),
        source: slots(from, &source, per_host),
        destination: slots(to, &destination, per_host),
        accounts,
        allowances,
        message_bytes: destination.message_bytes,
        names: destination.names,
    })
}

fn is_limited(limits: &Limits) -> bool {
    limits.daily_bytes_down.is_some() || limits.daily_bytes_up.is_some()
}

/// The mailbox itself, whoever logs in for it.
fn account(login: &ImapLogin) -> AccountKey {
    AccountKey::new(login.endpoint.host.as_str(), login.act_for.as_deref().unwrap_or(&login.user))
}

/// Half of what a provider allows: its owner's mail programs need some as well.
fn for_us(connections: u32) -> u32 {
    (connections / 2).max(1)
}

/// Connections that a run would like to have.
fn connections(limits: &Limits) -> u32 {
    match limits.connections {
        Some(most) if limits.daily_bytes_down.is_some() => for_us(most).min(MOST_CONNECTIONS),
        Some(most) => for_us(most).min(CONNECTIONS),
        None => CONNECTIONS,
    }
}

fn slots(login: &ImapLogin, limits: &Limits, per_host: u32) -> SlotRequest {
    SlotRequest {
        host: login.endpoint.host.as_str().to_lowercase(),
        account: account(login),
        per_account: limits.connections.map_or(CONNECTIONS, for_us),
        per_host,
    }
}

async fn allowances(
    store: &Store,
    accounts: &TrafficAccounts,
    source: &Limits,
    destination: &Limits,
) -> Result<Allowances, StoreError> {
    let now = store.now();
    let mut allowances = Allowances::default();
    if let Some(account) = &accounts.source {
        let used = store.daily_use(account).await?;
        let left = |most: u64| allowance(most, used.down_bytes, used.ends_at(now), now);
        allowances.from_source = source.daily_bytes_down.map(left);
    }
    if let Some(account) = &accounts.destination {
        let used = store.daily_use(account).await?;
        let end = used.ends_at(now);
        let left = |most: u64, used_bytes: u64| allowance(most, used_bytes, end, now);
        allowances.to_destination = destination.daily_bytes_up.map(|most| left(most, used.up_bytes));
        allowances.from_destination = destination.daily_bytes_down.map(|most| left(most, used.down_bytes));
    }
    Ok(allowances)
}

fn allowance(most: u64, used: u64, end: DateTime<Utc>, now: DateTime<Utc>) -> Allowance {
    let fresh_in = (end - now).to_std().unwrap_or_default();
    Allowance { left_bytes: most.saturating_sub(used), untouched: used == 0, fresh_in }
}
