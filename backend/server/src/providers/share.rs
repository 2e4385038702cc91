//! Our share of what the providers of two accounts allow: the same for the service and for the command line.

use chrono::{DateTime, Utc};
use mailferry_connectors::imap::ImapLogin;
use mailferry_engine::{
    allowance::{Allowance, Allowances},
    run::RunOptions,
};
use mailferry_store::{AccountKey, DailyUse, TrafficAccounts};

use super::Limits;

/// The mailbox itself, whoever logs in for it.
pub(crate) fn account(login: &ImapLogin) -> AccountKey {
    AccountKey::new(login.endpoint.host.as_str(), login.act_for.as_deref().unwrap_or(&login.user))
}

/// Half of what a provider allows: its owner's mail programs need some as well.
pub(crate) fn for_us(connections: u32) -> u32 {
    (connections / 2).max(1)
}

/// Whose daily amounts are counted.
pub(crate) fn counted(source: (&ImapLogin, &Limits), destination: (&ImapLogin, &Limits)) -> TrafficAccounts {
    let key = |(login, limits): (&ImapLogin, &Limits)| limits.are_daily().then(|| account(login));
    TrafficAccounts { source: key(source), destination: key(destination) }
}

/// What is left of the daily amounts, by what source and destination have moved in their days.
pub(crate) fn allowances(
    source: (&Limits, DailyUse),
    destination: (&Limits, DailyUse),
    now: DateTime<Utc>,
) -> Allowances {
    Allowances {
        from_source: source.0.daily_bytes_down.map(|most| allowance(most, source.1.down_bytes, source.1, now)),
        to_destination: destination
            .0
            .daily_bytes_up
            .map(|most| allowance(most, destination.1.up_bytes, destination.1, now)),
        from_destination: destination
            .0
            .daily_bytes_down
            .map(|most| allowance(most, destination.1.down_bytes, destination.1, now)),
    }
}

fn allowance(most: u64, used: u64, day: DailyUse, now: DateTime<Utc>) -> Allowance {
    let fresh_in = (day.ends_at(now) - now).to_std().unwrap_or_default();
    Allowance { left_bytes: most.saturating_sub(used), untouched: used == 0, fresh_in }
}

/// These options, with no larger messages and no other folder names than the destination takes.
pub(crate) fn within(mut options: RunOptions, destination: &Limits) -> RunOptions {
    let most = options.filter.max_size_bytes;
    options.filter.max_size_bytes = destination.message_bytes.into_iter().chain(most).min();
    options.mapping.names = destination.names.clone();
    options
}
