//! What a run has learnt of messages that its source does not deliver.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::Ordering,
};

use mailferry_domain::{folder::FolderPath, uid::Uid};
use mailferry_shared::finding::FindingCode;

use super::shared::{Shared, lock};
use crate::{
    job::FolderTask,
    port::{Connector, ConnectorError, FolderFetch, Ledger, RefusedInARow},
    suspect::{Judgement, Suspect},
};

impl<C, L> Shared<C, L> {
    pub(crate) fn remember_failed(&self, folder: &FolderPath, uid: Uid, cause: FindingCode) {
        lock(&self.failed).entry(folder.clone()).or_default().insert(uid, cause);
    }

    /// Asks or tells what is known of the breaks in a folder.
    pub(crate) fn suspect<T>(&self, folder: &FolderPath, with: impl FnOnce(&mut Suspect) -> T) -> T {
        with(lock(&self.suspects).entry(folder.clone()).or_default())
    }

    /// An attempt at a folder is given up while it is read; `next` is the first message that has not come. Where the
    /// source has never delivered anything, it is no matter of messages that it refuses them. `proofs` are messages of the
    /// folder that a good line should bring.
    pub(crate) fn stuck_at(
        &self,
        folder: &FolderPath,
        error: &ConnectorError,
        next: Option<Uid>,
        proofs: Vec<FolderFetch>,
    ) {
        let cause = error.source.as_ref().and_then(|cause| cause.downcast_ref::<RefusedInARow>());
        match (cause, next) {
            (Some(RefusedInARow(row)), _) if self.delivers.load(Ordering::Relaxed) => {
                self.suspect(folder, |suspect| suspect.refused(row.iter().map(|(_, uid)| *uid)));
            }
            (_, Some(uid)) => {
                let delivered = lock(&self.delivered).clone();
                let proofs = delivered.into_iter().chain(proofs).collect();
                self.suspect(folder, |suspect| suspect.stuck_at(uid, proofs));
            }
            (_, None) => {}
        }
    }

    /// An attempt at a folder has ended with a broken line. What follows from that has been done, but for a proof.
    pub(crate) fn judge(&self, folder: &FolderPath, moved: bool) -> Judgement {
        let judgement = self.suspect(folder, |suspect| suspect.judge(moved));
        if let Judgement::LeaveOut(uids) = &judgement {
            tracing::info!(%folder, ?uids, "messages are not delivered: they are left out");
            for uid in uids {
                self.remember_failed(folder, *uid, FindingCode::MessageUnreadable);
            }
        }
        judgement
    }

    /// A fresh line has proved itself while a folder was read, or has not.
    pub(crate) fn proved(&self, folder: &FolderPath, line_is_good: bool) {
        tracing::info!(%folder, line_is_good, "the line was tried with other messages");
        let again = self.suspect(folder, |suspect| suspect.proved(line_is_good));
        self.take_back(folder, &again);
    }

    /// The source has delivered this message of a folder: a good line should bring it again.
    pub(crate) fn has_delivered(&self, message: FolderFetch) {
        *lock(&self.delivered) = Some(message);
    }

    /// An attempt at a folder has come to its end; true if messages that were left out are to be tried once more.
    pub(crate) fn try_once_more(&self, folder: &FolderPath) -> bool {
        let delivers = self.delivers.load(Ordering::Relaxed);
        let left_out = self.suspect(folder, |suspect| suspect.all_others_came(delivers));
        self.take_back(folder, &left_out);
        if !left_out.is_empty() {
            lock(&self.reports).remove(folder);
        }
        !left_out.is_empty()
    }

    fn take_back(&self, folder: &FolderPath, uids: &BTreeSet<Uid>) {
        if let Some(failed) = lock(&self.failed).get_mut(folder) {
            failed.retain(|uid, _| !uids.contains(uid));
        }
    }

    /// Messages of a folder that this process has tried in vain.
    pub(crate) fn failed_in(&self, folder: &FolderPath) -> BTreeMap<Uid, FindingCode> {
        lock(&self.failed).get(folder).cloned().unwrap_or_default()
    }
}

impl<C: Connector, L: Ledger> Shared<C, L> {
    /// Puts a folder behind all others of which nothing could be read though lines were fresh: once others have been
    /// read, one of their messages proves whether lines or messages are to blame. False if that was done before, or
    /// there is no other.
    pub(crate) fn try_later(&self, task: &FolderTask) -> bool {
        let path = &task.mapped.source.path;
        let nothing_proved = lock(&self.delivered).is_none() && self.suspect(path, |suspect| suspect.line_is_bad());
        let has_others = self.has_others.load(Ordering::Relaxed);
        if !nothing_proved || !has_others || !lock(&self.put_back).insert(path.clone()) {
            return false;
        }
        lock(&self.queue).push_back(vec![task.clone()]);
        lock(&self.suspects).remove(path);
        true
    }
}
