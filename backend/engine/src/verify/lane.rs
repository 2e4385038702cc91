//! A lane of a verification: one connection, taken up again when it is lost.

use std::{collections::HashMap, sync::Arc};

use mailferry_domain::folder::FolderPath;

use super::{
    Opens, Shared, Stop, VerifyJob,
    folder::{self, Checked},
    lock,
};
use crate::port::{Account, Command, ConnectorError, Control, Decision};

/// The first connection, and the folders of the account by their names on the wire.
pub(super) async fn first<O: Opens>(job: &VerifyJob<O>) -> Result<(O::Account, HashMap<FolderPath, String>), Stop> {
    let mut attempt = 1;
    loop {
        let opened = async {
            let mut account = job.account.open().await?;
            let folders = account.folders().await?;
            let selectable = folders.into_iter().filter(|folder| folder.selectable);
            Ok::<_, ConnectorError>((account, selectable.map(|folder| (folder.path, folder.wire_name)).collect()))
        };
        match opened.await {
            Ok(opened) => return Ok(opened),
            // What was copied there shows that it has worked.
            Err(error) => wait_or_give_up(job, error.hopeful(!job.manifest.folders.is_empty()), attempt).await?,
        }
        attempt += 1;
    }
}

/// Checks folders until there are none left.
pub(super) async fn work<O: Opens>(shared: Arc<Shared<O>>, mut account: O::Account) -> Result<(), Stop> {
    loop {
        let Some(unit) = lock(&shared.queue).pop_front() else { break };
        match one_attempt(&shared, &mut account, &unit).await {
            Ok(()) => {}
            Err(Stop::Connector(error)) => {
                // One that breaks the line must not keep the others from being checked.
                tracing::info!(error = %error, cause = ?error.source, "folders are checked one by one");
                if concerns_the_line(&error) {
                    account = reopened(&shared, error, 1).await?;
                }
                for folder in unit {
                    one_by_one(&shared, &mut account, folder).await?;
                }
            }
            Err(stop) => return Err(stop),
        }
    }
    account.close().await;
    Ok(())
}

/// A folder that breaks every line is told as one that cannot be read.
async fn one_by_one<O: Opens>(shared: &Shared<O>, account: &mut O::Account, folder: usize) -> Result<(), Stop> {
    let mut attempt = 1;
    loop {
        match one_attempt(shared, account, &[folder]).await {
            Err(Stop::Connector(error)) if concerns_the_line(&error) && attempt < shared.job.options.attempts => {
                *account = reopened(shared, error, attempt).await?;
            }
            Err(Stop::Connector(error)) => {
                let unread = Checked::unread(&shared.job.manifest.folders[folder], &error);
                lock(&shared.checked).push((folder, unread));
                if concerns_the_line(&error) {
                    *account = reopened(shared, error, 1).await?;
                }
                return Ok(());
            }
            other => return other,
        }
        attempt += 1;
    }
}

async fn one_attempt<O: Opens>(shared: &Shared<O>, account: &mut O::Account, unit: &[usize]) -> Result<(), Stop> {
    shared.obey()?;
    let checked = folder::check(shared, account, unit).await?;
    lock(&shared.checked).extend(checked);
    Ok(())
}

fn concerns_the_line(error: &ConnectorError) -> bool {
    !matches!(error.decision, Decision::Skip | Decision::Permanent)
}

async fn reopened<O: Opens>(
    shared: &Shared<O>,
    mut error: ConnectorError,
    mut attempt: u32,
) -> Result<O::Account, Stop> {
    loop {
        wait_or_give_up(&shared.job, error, attempt).await?;
        match shared.job.account.open().await {
            Ok(account) => return Ok(account),
            Err(again) => error = again.hopeful(true),
        }
        attempt += 1;
    }
}

/// Waits as the error says, but not longer than until it is told to stop; gives up where waiting does not help.
async fn wait_or_give_up<O>(job: &VerifyJob<O>, error: ConnectorError, attempt: u32) -> Result<(), Stop> {
    let backoff = job.options.retry_base * 2_u32.pow(attempt.saturating_sub(1).min(6));
    let wait = match error.decision {
        Decision::Retry if attempt < job.options.attempts => backoff,
        Decision::Wait(wait) if attempt < job.options.attempts => wait.max(backoff),
        _ => return Err(error.into()),
    };
    let mut control: Control = job.control.clone();
    let command: Option<Command> = tokio::select! {
        () = tokio::time::sleep(wait) => None,
        command = control.stopped() => Some(command),
    };
    command.map_or(Ok(()), |command| Err(Stop::Command(command)))
}
