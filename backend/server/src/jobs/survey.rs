//! Surveys: what lies in each account that could be opened, and whether it will fit.

use std::{collections::HashMap, time::Duration};

use futures::{StreamExt, stream};
use mailferry_connectors::imap::{ImapDestination, ImapLogin, ImapSource};
use mailferry_engine::{
    port::{Account, ConnectorError, Decision},
    survey::survey,
};
use mailferry_shared::{
    account::{LoginState, SideName, Survey},
    check::CheckItem,
    finding::{Finding, FindingCode, FindingDetail},
    ids::{CheckId, PairId},
};
use mailferry_store::{CheckedSide, Store, StoreError, jobs::JobOutcome};
use tokio::{sync::Mutex, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    JobContext, JobError, endpoint,
    login::{Gate, SideLogin, guarded, is_refusal},
    visit::{TURN, visit},
};

/// An account is not counted for longer than this.
const LONGEST: Duration = Duration::from_mins(15);
/// Attempts at an account whose login has just been checked, and the wait between them.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_secs(2);
/// Accounts counted at once.
const PARALLEL: usize = 8;

/// Counts every account of the check whose login passed and that has not been counted yet.
///
/// # Errors
/// [`JobError`] if the store is not available; the accounts that are left are counted at the next attempt.
pub(super) async fn perform(
    context: &JobContext,
    id: CheckId,
    stop: &CancellationToken,
) -> Result<JobOutcome, JobError> {
    let check = context.store.check_work(id).await?;
    let seen = Mutex::new(Counted::of(&check.items));
    let open = check.items.into_iter().filter(|item| item.login == LoginState::Passed && item.survey.is_none());
    let mut counted = stream::iter(open.map(|item| count(context, id, item, &seen, stop))).buffer_unordered(PARALLEL);
    let mut waits = false;
    while let Some(result) = counted.next().await {
        waits |= !result?;
    }
    drop(counted);
    if stop.is_cancelled() {
        return Ok(JobOutcome::Waits(context.store.now()));
    }
    if waits {
        return Ok(JobOutcome::Waits(context.store.now() + TURN));
    }
    Ok(JobOutcome::Done)
}

/// Counts one account; false if its server's connections are all taken.
async fn count(
    context: &JobContext,
    id: CheckId,
    item: CheckItem,
    seen: &Mutex<Counted>,
    stop: &CancellationToken,
) -> Result<bool, JobError> {
    if stop.is_cancelled() {
        return Ok(true);
    }
    let at = CheckedSide { check_id: id, pair_id: item.pair_id, side: item.side };
    let Some(surveyed) = Box::pin(survey_side(context, item.pair_id, item.side, stop)).await? else { return Ok(false) };
    match surveyed {
        Ok(survey) => seen.lock().await.save(&context.store, at, survey).await?,
        Err(error) if concerns_the_login(error.code) => {
            // One login stood for all that share an admin: only now this mailbox itself was asked for.
            context.store.save_login(at, LoginState::Failed, &[Finding::new(refusal(&error, &item))]).await?;
        }
        Err(error) => {
            tracing::info!(code = %error.code, cause = ?error.source, "an account could not be counted");
            context.store.save_survey(at, None, &[error.finding()]).await?;
        }
    }
    Ok(true)
}

/// The login itself was refused, for good.
fn concerns_the_login(code: FindingCode) -> bool {
    is_refusal(code)
        || matches!(code, FindingCode::ActForRefused | FindingCode::AccountUnavailable | FindingCode::MailboxUnknown)
}

/// The admin's password has just been found right: what is refused now is this mailbox.
fn refusal(error: &ConnectorError, item: &CheckItem) -> FindingCode {
    if item.delegated && error.code == FindingCode::WrongPassword { FindingCode::ActForRefused } else { error.code }
}

/// What lies in an account; `None` if its server's connections are all taken.
async fn survey_side(
    context: &JobContext,
    pair: PairId,
    side: SideName,
    stop: &CancellationToken,
) -> Result<Option<Result<Survey, ConnectorError>>, JobError> {
    let access = context.store.pair_access(pair).await?;
    let own = match side {
        SideName::Source => &access.source,
        SideName::Destination => &access.destination,
    };
    let login = match endpoint::login(context, side, own) {
        Ok(login) => login,
        Err(code) => {
            let error = ConnectorError::new(code, Decision::Park, "counting an account");
            return Ok(Some(Err(error)));
        }
    };
    let Some(visiting) = visit(context, 1, &[&login.login], stop).await? else { return Ok(None) };
    let mut attempt = 1;
    let surveyed = loop {
        // The check has just logged in.
        let counted = match count_once(context, side, &login).await {
            Ok(counted) => counted,
            Err(error) => {
                visiting.end().await?;
                return Err(error.into());
            }
        };
        match counted.map_err(|error| error.hopeful(true)) {
            Err(error) if error.decision == Decision::Retry && attempt < ATTEMPTS && !stop.is_cancelled() => {
                tracing::info!(code = %error.code, cause = ?error.source, attempt, "an account is counted once more");
            }
            surveyed => break surveyed,
        }
        attempt += 1;
        tokio::time::sleep(PAUSE).await;
    };
    visiting.end().await?;
    let mailbox_bytes = context.providers.limits_at(&login.login.endpoint.host).mailbox_bytes;
    Ok(Some(surveyed.map(|survey| room_within(survey, mailbox_bytes))))
}

async fn count_once(
    context: &JobContext,
    side: SideName,
    login: &SideLogin,
) -> Result<Result<Survey, ConnectorError>, StoreError> {
    let (network, gate) = (&context.network, Gate::patient(context));
    Ok(match side {
        SideName::Source => {
            let open = |login: ImapLogin| async move { ImapSource::open(network, &login).await };
            measure(guarded(&gate, login, open).await?).await
        }
        SideName::Destination => {
            let open = |login: ImapLogin| async move { ImapDestination::open(network, &login).await };
            measure(guarded(&gate, login, open).await?).await
        }
    })
}

/// Where a server does not tell how much room there is, what its provider gives each mailbox counts.
fn room_within(survey: Survey, mailbox_bytes: Option<u64>) -> Survey {
    let known = mailbox_bytes.map(|most| most.saturating_sub(survey.size_bytes));
    Survey { free_bytes: survey.free_bytes.or(known), ..survey }
}

async fn measure<A: Account>(opened: Result<A, ConnectorError>) -> Result<Survey, ConnectorError> {
    let account = opened?;
    within(LONGEST, measure_opened(account)).await
}

async fn measure_opened<A: Account>(mut account: A) -> Result<Survey, ConnectorError> {
    let counted = survey(&mut account).await?;
    account.close().await;
    Ok(counted)
}

/// A server that takes its time for ever is not waited for.
async fn within(
    longest: Duration,
    counting: impl Future<Output = Result<Survey, ConnectorError>>,
) -> Result<Survey, ConnectorError> {
    timeout(longest, counting).await.unwrap_or_else(|_| {
        Err(ConnectorError::new(FindingCode::ConnectionTimeout, Decision::Permanent, "counting an account"))
    })
}

/// What has been counted of a check so far. Each result is written while it is held, so that a check which has its last
/// result says of every mailbox, too, whether it will fit.
#[derive(Default)]
struct Counted(HashMap<(PairId, SideName), Survey>);

impl Counted {
    fn of(items: &[CheckItem]) -> Self {
        Self(items.iter().filter_map(|item| Some(((item.pair_id, item.side), item.survey?))).collect())
    }

    /// Writes down what was counted, the destination's warning first.
    async fn save(&mut self, store: &Store, at: CheckedSide, survey: Survey) -> Result<(), StoreError> {
        self.0.insert((at.pair_id, at.side), survey);
        let warning: Vec<Finding> = self.will_not_fit(at.pair_id).into_iter().collect();
        if at.side == SideName::Destination {
            return store.save_survey(at, Some(&survey), &warning).await;
        }
        if let Some(destination) = self.0.get(&(at.pair_id, SideName::Destination)).filter(|_| !warning.is_empty()) {
            let there = CheckedSide { side: SideName::Destination, ..at };
            store.save_survey(there, Some(destination), &warning).await?;
        }
        store.save_survey(at, Some(&survey), &[]).await
    }

    /// A mailbox that will not fit is known before the start.
    fn will_not_fit(&self, pair: PairId) -> Option<Finding> {
        let source = self.0.get(&(pair, SideName::Source))?.size_bytes;
        let free = self.0.get(&(pair, SideName::Destination))?.free_bytes?;
        let detail = FindingDetail { free_bytes: Some(free), needed_bytes: Some(source), ..FindingDetail::default() };
        (source > free).then(|| Finding::new(FindingCode::WillNotFit).with(detail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_account_that_takes_for_ever_to_count_is_given_up() {
        let counted = within(Duration::from_millis(10), std::future::pending()).await;
        assert_eq!(counted.expect_err("never counted").code, FindingCode::ConnectionTimeout);
    }

    #[test]
    fn what_a_provider_gives_each_mailbox_counts_only_where_the_server_is_silent() {
        let survey = Survey { folders: 1, messages: 1, size_bytes: 30, ..Survey::default() };
        let free = |told, most| room_within(Survey { free_bytes: told, ..survey }, most).free_bytes;
        assert_eq!((free(None, Some(50)), free(None, Some(20)), free(None, None)), (Some(20), Some(0), None));
        assert_eq!(free(Some(7), Some(50)), Some(7));
    }
}
