//! Surveys: what lies in each account that could be opened, and whether it will fit.

use std::{collections::HashMap, time::Duration};

use futures::{StreamExt, stream};
use mailferry_connectors::imap::{ImapDestination, ImapLogin, ImapSource};
use mailferry_engine::{
    port::{Account, ConnectorError, Decision},
    survey::{Counted, survey},
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
    let seen = Mutex::new(Seen::of(&check.items));
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
    seen: &Mutex<Seen>,
    stop: &CancellationToken,
) -> Result<bool, JobError> {
    if stop.is_cancelled() {
        return Ok(true);
    }
    let at = CheckedSide { check_id: id, pair_id: item.pair_id, side: item.side };
    let Some(surveyed) = Box::pin(survey_side(context, item.pair_id, item.side, stop)).await? else { return Ok(false) };
    match surveyed {
        Ok(counted) => seen.lock().await.save(&context.store, at, counted).await?,
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

/// What lies in an account, and what its providers make of it.
struct Measured {
    survey: Survey,
    /// Warnings about this side.
    warnings: Vec<Finding>,
    /// Folders that the pair's destination has where it costs nothing.
    free_folders: Option<u64>,
}

/// What lies in an account; `None` if its server's connections are all taken.
async fn survey_side(
    context: &JobContext,
    pair: PairId,
    side: SideName,
    stop: &CancellationToken,
) -> Result<Option<Result<Measured, ConnectorError>>, JobError> {
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
    let limits = context.providers.limits_at(&login.login.endpoint.host);
    let there = access.destination.endpoint.as_ref().map(|endpoint| context.providers.limits_at(&endpoint.host));
    Ok(Some(surveyed.map(|counted| Measured {
        survey: room_within(counted.survey, limits.mailbox_bytes),
        warnings: hidden(side, counted.largest, limits.shown_messages).into_iter().collect(),
        free_folders: there.and_then(|limits| limits.free_folders),
    })))
}

async fn count_once(
    context: &JobContext,
    side: SideName,
    login: &SideLogin,
) -> Result<Result<Counted, ConnectorError>, StoreError> {
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

/// Of a folder that shows as many messages as its provider shows, older ones may be hidden.
fn hidden(side: SideName, largest: Option<(String, u64)>, shown: Option<u64>) -> Option<Finding> {
    let (folder, messages) = largest.filter(|_| side == SideName::Source)?;
    let detail = FindingDetail { messages: Some(messages), ..FindingDetail::default() };
    let finding = Finding::new(FindingCode::MessagesHidden).about(folder).with(detail);
    shown.is_some_and(|shown| messages >= shown).then_some(finding)
}

async fn measure<A: Account>(opened: Result<A, ConnectorError>) -> Result<Counted, ConnectorError> {
    let account = opened?;
    within(LONGEST, measure_opened(account)).await
}

async fn measure_opened<A: Account>(mut account: A) -> Result<Counted, ConnectorError> {
    let counted = survey(&mut account).await?;
    account.close().await;
    Ok(counted)
}

/// A server that takes its time for ever is not waited for.
async fn within(
    longest: Duration,
    counting: impl Future<Output = Result<Counted, ConnectorError>>,
) -> Result<Counted, ConnectorError> {
    timeout(longest, counting).await.unwrap_or_else(|_| {
        Err(ConnectorError::new(FindingCode::ConnectionTimeout, Decision::Permanent, "counting an account"))
    })
}

/// What has been counted of a check so far. Each result is written while it is held, so that a check which has its last
/// result says of every mailbox, too, whether it will fit.
#[derive(Default)]
struct Seen(HashMap<(PairId, SideName), Survey>);

impl Seen {
    fn of(items: &[CheckItem]) -> Self {
        Self(items.iter().filter_map(|item| Some(((item.pair_id, item.side), item.survey?))).collect())
    }

    /// Writes down what was counted, the destination's warnings first.
    async fn save(&mut self, store: &Store, at: CheckedSide, counted: Measured) -> Result<(), StoreError> {
        let Measured { survey, mut warnings, free_folders } = counted;
        self.0.insert((at.pair_id, at.side), survey);
        let there = self.at_destination(at.pair_id, free_folders);
        if at.side == SideName::Destination {
            warnings.extend(there);
        } else if let Some(destination) = self.0.get(&(at.pair_id, SideName::Destination)).filter(|_| !there.is_empty())
        {
            let at = CheckedSide { side: SideName::Destination, ..at };
            store.save_survey(at, Some(destination), &there).await?;
        }
        store.save_survey(at, Some(&survey), &warnings).await
    }

    /// What is known of the destination before the start, once both sides have been counted.
    fn at_destination(&self, pair: PairId, free_folders: Option<u64>) -> Vec<Finding> {
        self.will_not_fit(pair).into_iter().chain(self.too_many_folders(pair, free_folders)).collect()
    }

    /// A mailbox that will not fit is known before the start.
    fn will_not_fit(&self, pair: PairId) -> Option<Finding> {
        let source = self.0.get(&(pair, SideName::Source))?.size_bytes;
        let free = self.0.get(&(pair, SideName::Destination))?.free_bytes?;
        let detail = FindingDetail { free_bytes: Some(free), needed_bytes: Some(source), ..FindingDetail::default() };
        (source > free).then(|| Finding::new(FindingCode::WillNotFit).with(detail))
    }

    /// More folders than an account has that costs nothing. What the account costs nobody tells: it is a warning.
    fn too_many_folders(&self, pair: PairId, most: Option<u64>) -> Option<Finding> {
        let folders = self.0.get(&(pair, SideName::Source))?.folders;
        let detail = FindingDetail { folders: Some(folders), ..FindingDetail::default() };
        (folders > most?).then(|| Finding::new(FindingCode::TooManyFolders).with(detail))
    }
}

#[cfg(test)]
mod tests {
    use mailferry_shared::finding::Severity;

    use super::*;

    #[tokio::test]
    async fn an_account_that_takes_for_ever_to_count_is_given_up() {
        let counted = within(Duration::from_millis(10), std::future::pending()).await;
        assert_eq!(counted.expect_err("never counted").code, FindingCode::ConnectionTimeout);
    }

    #[test]
    fn more_folders_than_a_free_account_has_are_told_at_the_destination_and_forbid_nothing() {
        let pair = PairId(uuid::Uuid::nil());
        let mut seen = Seen::default();
        assert_eq!(seen.at_destination(pair, Some(20)), [], "not counted yet");
        for (folders, told) in [(20, 0), (21, 1)] {
            seen.0.insert((pair, SideName::Source), Survey { folders, ..Survey::default() });
            let findings = seen.at_destination(pair, Some(20));
            assert_eq!(findings.len(), told, "{folders}");
            assert!(findings.iter().all(|finding| finding.severity == Severity::Warning));
        }
        assert_eq!(seen.at_destination(pair, None), []);
    }

    #[test]
    fn a_folder_as_full_as_its_provider_shows_may_hide_older_messages() {
        let told = |side, messages| hidden(side, Some(("Inbox".to_owned(), messages)), Some(10_000));
        assert_eq!(told(SideName::Source, 9_999), None);
        assert_eq!(told(SideName::Destination, 10_000), None, "nothing is read there");
        let finding = told(SideName::Source, 10_000).expect("told");
        assert_eq!((finding.code, finding.subject.as_deref()), (FindingCode::MessagesHidden, Some("Inbox")));
        assert_eq!(hidden(SideName::Source, Some(("Inbox".to_owned(), 90_000)), None), None);
    }

    #[test]
    fn what_a_provider_gives_each_mailbox_counts_only_where_the_server_is_silent() {
        let survey = Survey { folders: 1, messages: 1, size_bytes: 30, ..Survey::default() };
        let free = |told, most| room_within(Survey { free_bytes: told, ..survey }, most).free_bytes;
        assert_eq!((free(None, Some(50)), free(None, Some(20)), free(None, None)), (Some(20), Some(0), None));
        assert_eq!(free(Some(7), Some(50)), Some(7));
    }
}
