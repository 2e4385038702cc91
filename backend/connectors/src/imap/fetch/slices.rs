//! Very large messages: slice after slice.

use std::time::Instant;

use mailferry_domain::uid::Uid;
use mailferry_engine::port::{BodyWriter, ConnectorError, Decision, Fetched};
use mailferry_shared::finding::FindingCode;

use super::{
    Pipeline,
    parts::{Head, Part, fetched, part_of},
};
use crate::imap::{
    asks::SLICE_BYTES,
    refusal::Doing,
    session::{Session, moves_as_a_whole},
};

/// A message may be larger than stated, but not without end: twice as large, or this large.
const MOST_UNSTATED: u64 = 16 << 20;

/// A large message that is being put together.
pub(super) struct Large {
    folder: usize,
    uid: Uid,
    head: Head,
    writer: BodyWriter,
    size_bytes: u64,
    /// Set when a slice came shorter or longer than it should: what follows must be asked for again.
    ragged: bool,
}

impl Pipeline<'_> {
    /// Puts the next slice of a large message to what there is.
    pub(super) fn take_slice(
        &mut self,
        folder: usize,
        uid: Uid,
        offset: u64,
        size_bytes: u64,
    ) -> Result<(), ConnectorError> {
        let Some((head, bytes)) = self.slices.remove(&(folder, uid, offset)) else {
            // It has vanished: no prefix of it is ever passed on.
            self.large = None;
            return Ok(());
        };
        if offset == 0 {
            let Some(head) = head else { return Ok(()) };
            let writer = BodyWriter::new(size_bytes).map_err(spool_error)?;
            self.large = Some(Large { folder, uid, head, writer, size_bytes, ragged: false });
        }
        let Some(large) = &mut self.large else { return Ok(()) };
        if large.ragged || large.writer.size_bytes() != offset {
            // A slice before was cut short: this one does not fit behind it.
            large.ragged = true;
            return Ok(());
        }
        large.writer.write(&bytes).map_err(spool_error)
    }

    /// All slices that were asked for are there. Only a short one is the end: some servers state a wrong size, some
    /// cut slices short.
    pub(super) async fn complete(&mut self, mut large: Large) -> Result<Option<Fetched>, ConnectorError> {
        let read = large.writer.size_bytes();
        let at_end = !large.ragged && read >= large.size_bytes && !(read.is_multiple_of(SLICE_BYTES) && read > 0);
        if !at_end && !self.read_rest(&mut large).await? {
            return Ok(None);
        }
        let body = large.writer.finish().map_err(spool_error)?;
        Ok(Some(fetched(large.folder, large.uid, large.head, body)))
    }

    /// Reads what is left of a large message, slice after slice; false if it has vanished. What else is on the way is
    /// heard first.
    async fn read_rest(&mut self, large: &mut Large) -> Result<bool, ConnectorError> {
        let after = self.step_aside(large.folder).await?;
        let mut there = true;
        let most = large.size_bytes.saturating_mul(2).max(MOST_UNSTATED);
        let (began, had) = (Instant::now(), large.writer.size_bytes());
        loop {
            if !moves_as_a_whole(large.writer.size_bytes() - had, began.elapsed()) {
                // Slice after slice of next to nothing, each in time.
                return Err(self.session.lost("reading", std::io::ErrorKind::TimedOut.into()));
            }
            if large.writer.size_bytes() > most {
                self.session.broken = true;
                let context = format!("{}: a message does not end", self.session.name);
                return Err(ConnectorError::new(FindingCode::ServerError, Decision::Retry, context));
            }
            match slice(self.session, large.uid, &mut large.writer).await? {
                None => there = false,
                Some(0) => {}
                Some(_) => continue,
            }
            break;
        }
        self.step_back(after).await?;
        Ok(there)
    }
}

/// Reads the slice that follows what `writer` has (`BODY.PEEK[]<offset.length>`, RFC 9051 section 6.4.5); its length,
/// or `None` if there is no such message.
async fn slice(session: &mut Session, uid: Uid, writer: &mut BodyWriter) -> Result<Option<u64>, ConnectorError> {
    let offset = writer.size_bytes();
    let tag = session.send(&format!("UID FETCH {uid} (UID BODY.PEEK[]<{offset}.{SLICE_BYTES}>)")).await?;
    let mut written = Ok(None);
    session
        .finish_with(&tag, Doing::Other, session.patience.idle, |response, bodies| {
            if let Part::Slice(found, from, _, bytes) = part_of(response, bodies)
                && (found, from) == (uid, offset)
            {
                written = writer.write(&bytes).map(|()| Some(bytes.len() as u64));
            }
        })
        .await?;
    written.map_err(spool_error)
}

pub(super) fn spool_error(error: std::io::Error) -> ConnectorError {
    ConnectorError::new(FindingCode::Internal, Decision::Retry, "spooling a large message").caused_by(error)
}
