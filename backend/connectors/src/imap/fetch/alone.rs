//! Messages that a server refuses, and commands that come in between: what is on the way is heard first.

use mailferry_domain::uid::Uid;
use mailferry_engine::port::{ConnectorError, Decision, RefusedInARow};
use mailferry_shared::finding::FindingCode;

use super::{
    Pipeline, WHOLE,
    parts::{Head, Part, part_of},
};
use crate::imap::{
    bodies::Came,
    refusal::{Doing, Refusal},
};

/// Messages, one after the other, that a server may refuse for themselves: where it refuses more, it is no matter of
/// messages of this session. Some hang up after ten errors.
const MOST_REFUSED: usize = 8;

impl Pipeline<'_> {
    /// Leaves a message out, unless the server refuses one after the other.
    pub(super) fn message_refused(
        &mut self,
        folder: usize,
        uid: Uid,
        error: ConnectorError,
    ) -> Result<(), ConnectorError> {
        if self.refused.last() != Some(&(folder, uid)) {
            self.refused.push((folder, uid));
        }
        if self.refused.len() <= MOST_REFUSED {
            return Ok(());
        }
        self.session.broken = true;
        Err(error.caused_by(RefusedInARow(std::mem::take(&mut self.refused))))
    }

    /// Asks for a message alone whose command was refused; `None` if it is refused as well.
    pub(super) async fn read_alone(&mut self, folder: usize, uid: Uid) -> Result<Option<(Head, Came)>, ConnectorError> {
        let after = self.step_aside(folder).await?;
        let tag = self.session.send(&format!("UID FETCH {uid} {WHOLE}")).await?;
        let mut come = None;
        let read = self
            .session
            .finish_with(&tag, Doing::Other, self.session.patience.idle, |response, bodies| {
                if let Part::Whole(found, head, message) = part_of(response, bodies)
                    && found == uid
                {
                    come = Some((head, message));
                }
            })
            .await;
        if let Err(error) = read {
            let refusal = error.source.as_ref().and_then(|cause| cause.downcast_ref::<Refusal>());
            if self.session.broken || !refusal.is_some_and(Refusal::is_unexplained) {
                self.session.broken = true;
                return Err(error);
            }
            self.message_refused(folder, uid, error)?;
        }
        self.step_back(after).await?;
        Ok(come)
    }

    /// Hears what is on the way and opens a folder for a command of its own; which folder is to be open afterwards.
    pub(super) async fn step_aside(&mut self, folder: usize) -> Result<Option<usize>, ConnectorError> {
        while self.in_flight.iter().any(|flight| !flight.answered) {
            self.hear().await?;
        }
        let open = self.session.open.as_ref();
        let after = open.and_then(|(name, _)| self.request.folders.iter().position(|folder| folder.wire_name == *name));
        self.reopen(folder).await?;
        Ok(after)
    }

    pub(super) async fn step_back(&mut self, after: Option<usize>) -> Result<(), ConnectorError> {
        match after {
            Some(after) => self.reopen(after).await,
            None => Ok(()),
        }
    }

    async fn reopen(&mut self, folder: usize) -> Result<(), ConnectorError> {
        let wanted = &self.request.folders[folder];
        if self.session.open.as_ref().is_some_and(|(name, _)| *name == wanted.wire_name) {
            return Ok(());
        }
        let status = self.session.open_folder("EXAMINE", &wanted.wire_name).await?;
        if status.uid_validity == wanted.uid_validity {
            return Ok(());
        }
        let context = format!("{}: a folder was renumbered", self.session.name);
        Err(ConnectorError::new(FindingCode::ServerError, Decision::Retry, context))
    }
}
