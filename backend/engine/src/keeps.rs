//! Whether a destination keeps the bytes of what it stores. Where it has been seen to, a message whose bytes are not there
//! is not there, whatever else lies there of the same second and with the same Message-ID.
//!
//! A server that rewrites may do so only where something is odd about a message (Cyrus: 8-bit letters in the header). So
//! what counts is that messages were kept which were odd in the same ways: messages that we have stored in this run and
//! read back. What is found there byte for byte may have been put there otherwise than all the rest, by a mail program, say,
//! in a mailbox that another tool has filled. And what such a tool has added lines to, or whose header it has spelt anew,
//! is the same message still.

use std::collections::HashSet;

use mailferry_domain::{
    item::ContentKey,
    repair::{Repair, Repairs},
    uid::Uid,
};

use crate::{
    address::Word,
    job::FolderJob,
    looks::{Looks, Marks},
    mend::repaired,
    port::{Account, Body, Connector, ConnectorError, Ledger, NewItem},
    present::Face,
    run::Stop,
    writer::{Writer, spool_error},
};

/// Messages of ours that are remembered, to be read back.
const SAMPLES: usize = 8;

/// What a destination was seen to do with what it stores.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    /// Ways in which messages were odd that it has kept, byte for byte.
    odd: HashSet<Repairs>,
    /// It has changed what the parts of one said.
    changes_parts: bool,
    /// One where that mattered says what it said.
    keeps_parts: bool,
}

impl Kept {
    pub(crate) fn insert(&mut self, odd: Repairs) {
        self.odd.insert(odd);
    }

    /// A message holds what it held, or something else.
    pub(crate) fn has_shown_parts(&mut self, changed: bool) {
        self.changes_parts |= changed;
        self.keeps_parts |= !changed;
    }

    /// True if a message that is odd in these ways would have been kept.
    pub(crate) fn would_keep(&self, odd: Repairs) -> bool {
        self.odd.iter().any(|kept| kept.bits() & odd.bits() == odd.bits())
    }

    /// True if it changes what the parts of a message say.
    pub(crate) fn changes_parts(&self) -> bool {
        self.changes_parts
    }

    /// True if it is known whether it does.
    pub(crate) fn is_sure_of_parts(&self) -> bool {
        self.changes_parts || self.keeps_parts
    }
}

/// A message that was just stored, under its UID.
#[derive(Debug)]
pub(crate) struct Sample {
    uid: Uid,
    key: ContentKey,
    odd: Repairs,
    looks: Option<Looks>,
}

/// What a server might mind about a message.
pub(crate) fn oddities(body: &Body) -> Result<Repairs, ConnectorError> {
    let (mut odd, mut key) = (Repairs::default(), body.key());
    for repair in Repair::OF_BYTES {
        let repaired = repaired(body, repair).map_err(spool_error)?.key();
        if repaired != key {
            odd = odd.and(repair);
        }
        key = repaired;
    }
    Ok(odd)
}

/// How a message looks that was sent.
pub(crate) fn looks_of(sent: &NewItem) -> Option<Looks> {
    let marks = Marks::of(Face::of(sent.internal_date, &sent.body)?, &sent.body).ok()?;
    Looks::of(marks, &sent.body).ok()
}

impl<C: Connector, L: Ledger> Writer<'_, C, L> {
    /// Remembers a message that was stored under this UID, if that may tell what the destination does to others.
    pub(crate) fn sample(&mut self, at: usize, sent: &NewItem, uid: Uid) {
        let job = &mut self.jobs[at];
        if !job.pool.lookalikes.is_concerned() || job.samples.len() >= SAMPLES {
            return;
        }
        let Ok(odd) = oddities(&sent.body) else { return };
        if !job.samples.iter().any(|sample| sample.odd == odd) {
            job.samples.push(Sample { uid, key: sent.body.key(), odd, looks: looks_of(sent) });
        }
    }

    /// Reads back what was remembered, if messages wait for what it tells. Nothing may be on its way.
    pub(crate) async fn read_samples(&mut self, at: usize) -> Result<(), Stop> {
        let samples = std::mem::take(&mut self.jobs[at].samples);
        if samples.is_empty() || !self.jobs[at].waits_for_samples() {
            return Ok(());
        }
        self.shared.meter.may_read_back()?;
        let job = &mut self.jobs[at];
        let status = self.destination.open(&job.opened.wire_name).await?;
        let mut items: Vec<(Uid, u64)> = samples.iter().map(|sample| (sample.uid, sample.key.size_bytes)).collect();
        items.sort_unstable();
        let mut read = job.pool.read_again(self.destination, (&job.opened.wire_name, &status), items).await?;
        for sample in samples {
            let Some((key, looks)) = read.remove(&sample.uid) else { continue };
            if key == sample.key {
                self.shared.has_kept(|kept| kept.insert(sample.odd));
            }
            // Where UIDs are told that are others', nothing is known.
            let is_it =
                |(sent, there): &(Looks, Looks)| self.shared.word() == Word::Good && sent.marks.may_be(&there.marks);
            let Some((sent, there)) = sample.looks.zip(looks).filter(is_it) else { continue };
            if !sent.says_the_same(&there) {
                self.shared.has_kept(|kept| kept.has_shown_parts(true));
            }
        }
        Ok(())
    }
}

impl FolderJob {
    /// True if messages wait for what samples tell.
    fn waits_for_samples(&self) -> bool {
        self.pool.lookalikes.holds_any() || !self.doubtful.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn odd(text: &str) -> Repairs {
        oddities(&Body::from_bytes(text.as_bytes().to_vec().into())).expect("in memory")
    }

    #[test]
    fn what_was_kept_speaks_for_messages_that_are_odd_in_no_other_way() {
        let (plain, letters) = (odd("Subject: x\r\n\r\nx\r\n"), odd("Subject: \u{fc}\r\n\r\nx\r\n"));
        let both = odd("Subject: \u{fc}\r\n\r\nx\ny\r\n");
        assert_eq!((plain, both.bits().count_ones()), (Repairs::default(), 2));
        let mut kept = Kept::default();
        assert!(!kept.would_keep(plain), "nothing was seen yet");
        kept.insert(plain);
        assert!(kept.would_keep(plain) && !kept.would_keep(letters));
        kept.insert(letters);
        assert!(kept.would_keep(letters) && !kept.would_keep(both));
        assert!(kept.would_keep(odd("Subject: \u{fc}\r\n\r\n\u{fc}\r\n")), "letters of a body are nothing odd");
    }
}
