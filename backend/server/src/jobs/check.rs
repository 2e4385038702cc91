//! Checks: every side really logs in, many at once, but a shared login only once when it is refused.

use std::collections::BTreeMap;

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
use tokio_util::sync::CancellationToken;

use super::{
    JobContext, JobError, endpoint,
    login::{Gate, SideLogin, guarded, is_refusal},
    visit::{TURN, visit},
};
use crate::oauth::StoredGrant;

/// Logins under way at once.
const PARALLEL: usize = 8;

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
    let mut checked = stream::iter(groups.into_values())
        .map(|group| check_group(context, id, group, stop))
        .buffer_unordered(PARALLEL);
    let mut waits = false;
    while let Some(result) = checked.next().await {
        waits |= matches!(result?, Group::WaitsForTurn);
    }
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
    format!("{host} {port} {tls:?} {} {secret}", side.login.user)
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

/// Checks the sides that share a login, one after the other.
///
/// An admin's login stands for every mailbox that the admin opens: whether each of them can be opened is found when it
/// is counted. A refusal may concern the first mailbox and not the admin, so that one other is tried; never a third.
async fn check_group(
    context: &JobContext,
    id: CheckId,
    group: Vec<Task>,
    stop: &CancellationToken,
) -> Result<Group, JobError> {
    let (mut admin_passed, mut refusals) = (false, 0);
    let mut refused: Option<FindingCode> = None;
    let mut led: Option<(HostName, bool)> = None;
    for task in group {
        if stop.is_cancelled() {
            return Ok(Group::Checked);
        }
        let delegated = task.way.login.act_for.is_some();
        let most_refusals = if delegated { 2 } else { 1 };
        let believed = refusals >= most_refusals || refused.is_some_and(|code| !is_about_password(code));
        // A token that is not permitted here concerns this mailbox alone: each is asked for by itself.
        let alone = refused == Some(FindingCode::TokenNotPermitted);
        let result = match refused {
            Some(code) if believed && !alone => Err(code),
            _ if delegated && admin_passed && !alone => Ok(()),
            _ => {
                let Some(result) = Box::pin(log_in(context, &task.way, stop)).await? else {
                    return Ok(Group::WaitsForTurn);
                };
                refusals += u32::from(!alone && result.is_err_and(is_refusal));
                result
            }
        };
        admin_passed |= delegated && result.is_ok();
        refused = result.err().filter(|code| is_refusal(*code));
        let (state, mut findings) = match result {
            Ok(()) => (LoginState::Passed, Vec::new()),
            Err(code) => (LoginState::Failed, explain(context, &task, code)),
        };
        let switched = match &led {
            Some((host, switched)) if *host == task.way.login.endpoint.host => *switched,
            _ => leads_to_new_provider(context, &task).await,
        };
        led = Some((task.way.login.endpoint.host.clone(), switched));
        if switched {
            findings.push(Finding::new(FindingCode::ResolvesToDestination));
        }
        findings.extend(service_ends(context, &task));
        let at = CheckedSide { check_id: id, pair_id: task.pair, side: task.side };
        context.store.save_login(at, state, &findings).await?;
    }
    Ok(Group::Checked)
}

/// A wrong password may be a wrong mailbox in disguise; the other refusals concern the admin.
fn is_about_password(code: FindingCode) -> bool {
    code == FindingCode::WrongPassword
}

/// The reason, and what else it may be at this provider: many refuse a right password with the words for a wrong one.
fn explain(context: &JobContext, task: &Task, code: FindingCode) -> Vec<Finding> {
    let mut codes = vec![code];
    if code == FindingCode::WrongPassword && task.way.login.kind == CredentialKind::Password {
        let provider = context.providers.by_host(&task.way.login.endpoint.host);
        codes.extend(provider.into_iter().flat_map(|provider| provider.advice.iter().copied()));
    }
    codes.into_iter().map(Finding::new).collect()
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
) -> Result<Option<Result<(), FindingCode>>, JobError> {
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
            Err(error.code)
        }
    };
    visiting.end().await?;
    Ok(Some(result))
}
