//! What the providers of both ends allow, where they are known: the same facts that the service goes by.

use mailferry_connectors::imap::ImapLogin;
use mailferry_engine::run::RunOptions;
use mailferry_store::{DailyUse, LedgerFile, StoreError, TrafficAccounts};

use crate::{
    copy::arguments::WrongUse,
    providers::{Limits, Providers, share},
};

/// What both ends allow.
#[derive(Debug)]
pub(super) struct Permitted {
    source: Limits,
    destination: Limits,
    /// Whose daily amounts are counted, in the ledger's own file: other pairs are not known there.
    pub(super) accounts: TrafficAccounts,
}

impl Permitted {
    /// Looks both ends up. Of a server that no row of the data file names nothing is taken for granted: whoever copies
    /// from or to a server of their own knows it better.
    pub(super) fn of(source: &ImapLogin, destination: &ImapLogin) -> Result<Self, WrongUse> {
        let providers = Providers::load().map_err(|error| WrongUse::caused(&error, "this program is broken"))?;
        Ok(Self::by(&providers, source, destination))
    }

    fn by(providers: &Providers, source: &ImapLogin, destination: &ImapLogin) -> Self {
        let limits = |login: &ImapLogin| providers.known_limits_at(&login.endpoint.host).unwrap_or_default();
        let (from, to) = (limits(source), limits(destination));
        Self { accounts: share::counted((source, &from), (destination, &to)), source: from, destination: to }
    }

    /// These options within what is allowed, and within what is left of the day.
    pub(super) async fn apply(&self, options: RunOptions, file: &LedgerFile) -> Result<RunOptions, StoreError> {
        let mut options = share::within(options, &self.destination);
        let allowed = [&self.source, &self.destination].into_iter().filter_map(|limits| limits.connections);
        let most = allowed.map(share::for_us).min().and_then(|most| usize::try_from(most).ok());
        options.connections = options.connections.min(most.unwrap_or(usize::MAX));
        let mut used = [DailyUse::default(); 2];
        for (used, account) in used.iter_mut().zip([&self.accounts.source, &self.accounts.destination]) {
            if let Some(account) = account {
                *used = file.daily_use(account).await?;
            }
        }
        let [from, to] = used;
        options.allowances = share::allowances((&self.source, from), (&self.destination, to), file.now());
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mailferry_engine::port::{Entry, Ledger, Traffic};
    use mailferry_shared::endpoint::Endpoint;
    use mailferry_store::{Context, MockClock, SystemRandom};

    use super::*;

    fn login(host: &str) -> ImapLogin {
        ImapLogin::of_owner(host, Endpoint::imaps(host.parse().expect("a host")), "anna", "secret")
    }

    fn wanted() -> RunOptions {
        RunOptions { connections: 20, ..RunOptions::default() }
    }

    async fn ledger(dir: &tempfile::TempDir, clock: &MockClock) -> LedgerFile {
        let context = Context { clock: Arc::new(clock.clone()), random: Arc::new(SystemRandom) };
        LedgerFile::open_with(&dir.path().join("ledger"), context).await.expect("opens")
    }

    #[tokio::test]
    async fn a_known_provider_limits_a_copy_and_an_unknown_server_does_not() {
        let clock = MockClock::at(chrono::Utc::now());
        let dir = tempfile::tempdir().expect("a folder");
        let file = ledger(&dir, &clock).await;
        let own = Permitted::of(&login("imap.example.org"), &login("mail.example.org")).expect("reads");
        let options = own.apply(wanted(), &file).await.expect("database");
        assert_eq!((options.connections, options.filter.max_size_bytes), (20, None));
        assert_eq!(options.allowances.from_source, None);
        let gmail = Permitted::of(&login("imap.example.org"), &login("imap.gmail.com")).expect("reads");
        let options = gmail.apply(wanted(), &file).await.expect("database");
        assert_eq!((options.connections, options.filter.max_size_bytes), (7, Some(35_651_584)));
        assert_eq!(options.mapping.names.spell("a^b  c"), "a_b c");
        let up = options.allowances.to_destination.expect("a daily amount");
        assert_eq!((up.left_bytes, up.untouched), (475_000_000, true));
        let few = RunOptions { connections: 2, ..RunOptions::default() };
        assert_eq!(gmail.apply(few, &file).await.expect("database").connections, 2);
    }

    #[tokio::test]
    async fn what_a_copy_has_moved_counts_for_the_next_one_of_the_day() {
        let clock = MockClock::at(chrono::Utc::now());
        let dir = tempfile::tempdir().expect("a folder");
        let file = ledger(&dir, &clock).await;
        let gmail = Permitted::of(&login("imap.gmail.com"), &login("mail.example.org")).expect("reads");
        let run = file.new_run_id().expect("random");
        let ledger = file.counting_ledger(run, gmail.accounts.clone()).await.expect("a ledger");
        let traffic = Traffic { from_source_bytes: 75_000_000, ..Traffic::default() };
        ledger.write(vec![Entry::Traffic(traffic)]).await.expect("database");
        clock.advance(chrono::Duration::hours(4));
        let left =
            gmail.apply(wanted(), &file).await.expect("database").allowances.from_source.expect("a daily amount");
        assert_eq!((left.left_bytes, left.untouched), (2_300_000_000, false));
        assert_eq!(left.fresh_in.as_secs(), 20 * 3600);
        clock.advance(chrono::Duration::hours(21));
        let fresh =
            gmail.apply(wanted(), &file).await.expect("database").allowances.from_source.expect("a daily amount");
        assert_eq!((fresh.left_bytes, fresh.untouched), (2_375_000_000, true));
    }
}
