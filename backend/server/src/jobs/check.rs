//! Checks: every side really logs in, many at once, but a shared login only once when it is refused.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use chrono::NaiveTime;
use futures::{StreamExt, stream};
use mailferry_connectors::imap::{ImapLogin, ImapSource};
use mailferry_engine::port::Account;
use mailferry_shared::{
    account::{LoginState, SideName},
    delegation::CredentialKind,
    endpoint::{Endpoint, HostName},
    finding::{Finding, FindingCode, FindingDetail},
    ids::{CheckId, PairId},
    secret::Secret,
};
use mailferry_store::{
    CheckedSide,
    jobs::{JobKind, JobOutcome, JobQueue},
};
use secrecy::ExposeSecret;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    JobContext, JobError, endpoint,
    login::{Gate, SideLogin, guarded, is_refusal},
    visit::{TURN, visit},
};
use crate::oauth::StoredGrant;

/// Logins under way at once.
const PARALLEL: usize = 8;
/// No check asks servers for longer than this, over all attempts of its job; sides that are left by then count as unanswered.
/// An attempt in which all servers' connections were taken counts nothing.
const LONGEST: Duration = Duration::from_hours(12);
/// So many sides in a row that wait for one login in vain: then the server answers nobody of theirs.
const MOST_SILENT: u32 = 3;

/// A check that is under way.
struct Check<'a> {
    context: &'a JobContext,
    id: CheckId,
    stop: &'a CancellationToken,
    /// Nobody is asked after this.
    until: Instant,
    /// Set once a server was asked.
    asked: AtomicBool,
}

/// One side to check.
struct Task {
    pair: PairId,
    side: SideName,
    way: SideLogin,
    /// Of a source: the new server, if it is another one.
    other: Option<HostName>,
}

/// What became of sides that share a login.
enum Group {
    /// Each has an answer, or this process ends.
    Checked,
    /// Their server has no free connection; those without an answer are checked later.
    WaitsForTurn,
}

/// Checks every side that has no answer yet, and asks for the survey.
///
/// # Errors
/// [`JobError`] if the store is not available; the check goes on with the sides that are left.
pub(super) async fn perform(
    context: &JobContext,
    id: CheckId,
    stop: &CancellationToken,
) -> Result<JobOutcome, JobError> {
    let check = context.store.check_work(id).await?;
    // Sides that share a login are checked one after the other, so that a wrong password is tried once.
    let mut groups: BTreeMap<String, Vec<Task>> = BTreeMap::new();
    for item in check.items.iter().filter(|item| matches!(item.login, LoginState::Checking | LoginState::Unchecked)) {
        match prepare(context, item.pair_id, item.side).await? {
            Ok((login, other)) => {
                groups.entry(shared(&login)).or_default().push(Task {
                    pair: item.pair_id,
                    side: item.side,
                    way: login,
                    other,
                });
            }
            Err(code) => {
                let at = CheckedSide { check_id: id, pair_id: item.pair_id, side: item.side };
                context.store.save_login(at, LoginState::Failed, &[Finding::new(code)]).await?;
            }
        }
    }
    let (begun, spent) = (Instant::now(), context.store.check_time(id).await?);
    let until = begun + LONGEST.saturating_sub(spent);
    let under_way = Check { context, id, stop, until, asked: AtomicBool::new(false) };
    let waits = under_way.all(groups.into_values()).await;
    if under_way.asked.into_inner() {
        context.store.add_check_time(id, begun.elapsed()).await?;
    }
    let waits = waits?;
    if stop.is_cancelled() {
        return Ok(JobOutcome::Waits(context.store.now()));
    }
    if waits {
        return Ok(JobOutcome::Waits(context.store.now() + TURN));
    }
    context.store.enqueue(JobKind::Survey, id.0, None).await?;
    Ok(JobOutcome::Done)
}

/// What those have in common who share a login.
fn shared(side: &SideLogin) -> String {
    let Endpoint { host, port, tls, .. } = &side.login.endpoint;
    let secret = match &side.grant {
        // All mailboxes of a service account and of an application; of a refresh token, the one that has it.
        Some(StoredGrant { grant, .. }) => grant.refresh_token().map_or(grant.client(), Secret::expose),
        None => side.login.password.expose_secret(),
    };
    // A certificate is accepted for one side.
    let certificate = side.login.pinned_certificate;
    format!("{host} {port} {tls:?} {certificate:?} {} {secret}", side.login.user)
}

/// How to log in and where else the pair goes, or what is wrong before a server is even asked.
async fn prepare(
    context: &JobContext,
    pair: PairId,
    side: SideName,
) -> Result<Result<(SideLogin, Option<HostName>), FindingCode>, JobError> {
    let access = context.store.pair_access(pair).await?;
    if endpoint::same_mailbox(&access.source, &access.destination) {
        return Ok(Err(FindingCode::SameAccount));
    }
    let own = match side {
        SideName::Source => &access.source,
        SideName::Destination => &access.destination,
    };
    // The names of test hosts lead nowhere.
    let asks_dns = side == SideName::Source && own.sandbox.is_none();
    let new = access.destination.endpoint.as_ref().filter(|_| asks_dns);
    let other = new.map(|new| new.host.clone()).filter(|new| own.endpoint.as_ref().is_some_and(|old| old.host != *new));
    Ok(endpoint::login(context, side, own).map(|login| (login, other)))
}

/// True if the old server's name leads to the new provider by now: the domain has been switched, and what is asked under
/// the old name is the new server.
async fn leads_to_new_provider(context: &JobContext, task: &Task) -> bool {
    let Some(new) = &task.other else { return false };
    let resolver = context.network.resolver();
    let (old, new) = futures::join!(resolver.addresses(&task.way.login.endpoint.host), resolver.addresses(new));
    old.is_ok_and(|old| new.is_ok_and(|new| old.iter().any(|address| new.contains(address))))
}

/// What is known of a login that several sides share.
///
/// An admin's login stands for every mailbox that the admin opens: whether each of them can be opened is found when it
/// is counted. A refusal may concern the first mailbox and not the admin, so that one other is tried; never a third.
#[derive(Default)]
struct Answers {
    admin_passed: bool,
    refusals: u32,
    refused: Option<FindingCode>,
    /// Sides in a row that were waited for in vain.
    silent: u32,
}

impl Answers {
    /// A token that is not permitted here concerns one mailbox alone: each is asked for by itself.
    fn alone(&self) -> bool {
        self.refused == Some(FindingCode::TokenNotPermitted)
    }

    /// What needs no asking for the next side.
    fn known(&self, delegated: bool) -> Option<Result<(), FindingCode>> {
        if self.silent >= MOST_SILENT {
            return Some(Err(FindingCode::ConnectionTimeout));
        }
        if self.alone() {
            return None;
        }
        let most_refusals = if delegated { 2 } else { 1 };
        match self.refused {
            Some(code) if self.refusals >= most_refusals || !is_about_password(code) => Some(Err(code)),
            _ => (delegated && self.admin_passed).then_some(Ok(())),
        }
    }

    /// The server was asked, and has answered so.
    fn count(&mut self, result: Result<(), FindingCode>) {
        self.refusals += u32::from(!self.alone() && result.is_err_and(is_refusal));
        self.silent = if result == Err(FindingCode::ConnectionTimeout) { self.silent + 1 } else { 0 };
    }

    /// This is what the side is told.
    fn remember(&mut self, delegated: bool, result: Result<(), FindingCode>) {
        self.admin_passed |= delegated && result.is_ok();
        self.refused = result.err().filter(|code| is_refusal(*code));
    }
}

impl Check<'_> {
    /// Checks all groups of sides that share a login; true if any waits for its turn.
    async fn all(&self, groups: impl Iterator<Item = Vec<Task>>) -> Result<bool, JobError> {
        let mut checked = stream::iter(groups).map(|group| self.group(group)).buffer_unordered(PARALLEL);
        let mut waits = false;
        while let Some(result) = checked.next().await {
            waits |= matches!(result?, Group::WaitsForTurn);
        }
        Ok(waits)
    }

    /// Checks the sides that share a login, one after the other.
    async fn group(&self, group: Vec<Task>) -> Result<Group, JobError> {
        let mut answers = Answers::default();
        let mut led: Option<(HostName, bool)> = None;
        for task in group {
            if self.stop.is_cancelled() {
                return Ok(Group::Checked);
            }
            let Some(result) = self.answer(&task, &mut answers).await? else { return Ok(Group::WaitsForTurn) };
            let (state, mut findings) = match result {
                Ok(()) => (LoginState::Passed, task.way.told_of_certificate().into_iter().collect()),
                Err(finding) => (LoginState::Failed, explain(self.context, &task, finding)),
            };
            let switched = match &led {
                Some((host, switched)) if *host == task.way.login.endpoint.host => *switched,
                _ => leads_to_new_provider(self.context, &task).await,
            };
            led = Some((task.way.login.endpoint.host.clone(), switched));
            if switched {
                findings.push(Finding::new(FindingCode::ResolvesToDestination));
            }
            findings.extend(service_ends(self.context, &task));
            let at = CheckedSide { check_id: self.id, pair_id: task.pair, side: task.side };
            self.context.store.save_login(at, state, &findings).await?;
        }
        Ok(Group::Checked)
    }

    /// What a side is told; `None` if its server's connections are all taken.
    async fn answer(&self, task: &Task, answers: &mut Answers) -> Result<Option<Result<(), Finding>>, JobError> {
        let delegated = task.way.login.act_for.is_some();
        let result = match answers.known(delegated) {
            Some(known) => known.map_err(Finding::new),
            None if Instant::now() >= self.until => Err(Finding::new(FindingCode::ConnectionTimeout)),
            None => {
                let asked = Box::pin(log_in(self.context, &task.way, self.stop)).await?;
                let Some(result) = asked else { return Ok(None) };
                self.asked.store(true, Ordering::Relaxed);
                answers.count(code_of(&result));
                result
            }
        };
        answers.remember(delegated, code_of(&result));
        Ok(Some(result))
    }
}

fn code_of(result: &Result<(), Finding>) -> Result<(), FindingCode> {
    result.as_ref().copied().map_err(|finding| finding.code)
}

/// A wrong password may be a wrong mailbox in disguise; the other refusals concern the admin.
fn is_about_password(code: FindingCode) -> bool {
    code == FindingCode::WrongPassword
}

/// The reason, and what else it may be at this provider: many refuse a right password with the words for a wrong one.
fn explain(context: &JobContext, task: &Task, finding: Finding) -> Vec<Finding> {
    let mut findings = vec![finding];
    if findings[0].code == FindingCode::WrongPassword && task.way.login.kind == CredentialKind::Password {
        let provider = context.providers.by_host(&task.way.login.endpoint.host);
        let advice = provider.into_iter().flat_map(|provider| provider.advice.iter().copied());
        findings.extend(advice.map(Finding::new));
    }
    findings
}

/// Whoever moves to or from a provider that ends its service should know the day.
fn service_ends(context: &JobContext, task: &Task) -> Option<Finding> {
    let day = context.providers.by_host(&task.way.login.endpoint.host)?.ends_on?;
    let detail = FindingDetail { until: Some(day.and_time(NaiveTime::MIN).and_utc()), ..FindingDetail::default() };
    Some(Finding::new(FindingCode::ServiceEnds).with(detail))
}

/// Logs in and out; `None` if the server's connections are all taken.
async fn log_in(
    context: &JobContext,
    side: &SideLogin,
    stop: &CancellationToken,
) -> Result<Option<Result<(), Finding>>, JobError> {
    let Some(visiting) = visit(context, 1, &[&side.login], stop).await? else { return Ok(None) };
    let network = &context.network;
    let open = |login: ImapLogin| async move { ImapSource::open(network, &login).await };
    let opened = guarded(&Gate::patient(context), side, open).await?;
    let result = match opened {
        Ok(session) => {
            session.close().await;
            Ok(())
        }
        Err(error) => {
            tracing::info!(code = %error.code, cause = ?error.source, "a login check failed");
            Err(error.finding())
        }
    };
    visiting.end().await?;
    Ok(Some(result))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks a server that gives these answers in turn for so many sides; how often it was asked, and what they are told.
    fn told(
        delegated: bool,
        sides: usize,
        answers: &[Result<(), FindingCode>],
    ) -> (usize, Vec<Result<(), FindingCode>>) {
        let (mut known, mut asked, mut told) = (Answers::default(), 0, Vec::new());
        for _ in 0..sides {
            let result = known.known(delegated).unwrap_or_else(|| {
                let answer = answers[asked.min(answers.len() - 1)];
                asked += 1;
                known.count(answer);
                answer
            });
            known.remember(delegated, result);
            told.push(result);
        }
        (asked, told)
    }

    #[test]
    fn a_wrong_password_is_tried_once_and_an_admins_at_one_more_mailbox() {
        let wrong = Err(FindingCode::WrongPassword);
        assert_eq!(told(false, 4, &[wrong]), (1, vec![wrong; 4]));
        assert_eq!(told(true, 4, &[wrong]), (2, vec![wrong; 4]));
        assert_eq!(told(true, 4, &[wrong, Ok(())]), (2, vec![wrong, Ok(()), Ok(()), Ok(())]));
    }

    #[test]
    fn a_server_that_is_silent_keeps_nobody_for_each_of_five_hundred_mailboxes() {
        let silent = Err(FindingCode::ConnectionTimeout);
        assert_eq!(told(true, 500, &[silent]), (3, vec![silent; 500]));
        let (asked, answers) = told(true, 5, &[silent, silent, Ok(())]);
        assert_eq!((asked, answers), (3, vec![silent, silent, Ok(()), Ok(()), Ok(())]), "it was only slow for a while");
    }

    #[test]
    fn a_token_that_is_not_permitted_concerns_one_mailbox() {
        let refused = Err(FindingCode::TokenNotPermitted);
        assert_eq!(told(true, 3, &[refused, Ok(()), refused]).1, [refused, Ok(()), Ok(())]);
        assert_eq!(told(true, 3, &[refused]), (3, vec![refused; 3]));
    }
}
