//! Whether a destination keeps the bytes of what it stores. Where it has been seen to, a message whose bytes are not there
//! is not there, whatever else lies there of the same second and with the same Message-ID.
//!
//! A server that rewrites may do so only where something is odd about a message (Cyrus: 8-bit letters in the header). So
//! what counts is that messages were kept which were odd in the same ways: messages that we have stored in this run and
//! read back. What is found there byte for byte may have been put there otherwise than all the rest, by a mail program, say,
//! in a mailbox that another tool has filled. And what such a tool has added lines to is the same message still.

use std::collections::HashSet;

use mailferry_domain::{
    item::ContentKey,
    repair::{Repair, Repairs},
    uid::Uid,
};

use crate::{
    mend::repaired,
    port::{Account, Body, Connector, ConnectorError, Ledger},
    run::Stop,
    writer::{Writer, spool_error},
};

/// Messages of ours that are remembered, to be read back.
const SAMPLES: usize = 8;

/// Ways in which messages were odd that the destination has kept, byte for byte.
#[derive(Debug, Default)]
pub(crate) struct Kept(HashSet<Repairs>);

impl Kept {
    pub(crate) fn insert(&mut self, odd: Repairs) {
        self.0.insert(odd);
    }

    /// True if a message that is odd in these ways would have been kept.
    pub(crate) fn would_keep(&self, odd: Repairs) -> bool {
        self.0.iter().any(|kept| kept.bits() & odd.bits() == odd.bits())
    }
}

/// A message that was just stored, under its UID.
#[derive(Debug)]
pub(crate) struct Sample {
    uid: Uid,
    key: ContentKey,
    odd: Repairs,
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

impl<C: Connector, L: Ledger> Writer<'_, C, L> {
    /// Remembers a message that was stored, if that may tell what the destination does to others.
    pub(crate) fn sample(&mut self, at: usize, body: &Body, uid: Uid) {
        let job = &mut self.jobs[at];
        if !job.pool.lookalikes.is_concerned() || job.samples.len() >= SAMPLES {
            return;
        }
        let Ok(odd) = oddities(body) else { return };
        if !job.samples.iter().any(|sample| sample.odd == odd) {
            job.samples.push(Sample { uid, key: body.key(), odd });
        }
    }

    /// Reads back what was remembered, if messages wait for what it tells. Nothing may be on its way.
    pub(crate) async fn read_samples(&mut self, at: usize) -> Result<(), Stop> {
        let samples = std::mem::take(&mut self.jobs[at].samples);
        if samples.is_empty() || !self.jobs[at].pool.lookalikes.holds_any() {
            return Ok(());
        }
        self.shared.meter.may_read_back()?;
        let job = &mut self.jobs[at];
        let status = self.destination.open(&job.opened.wire_name).await?;
        let mut items: Vec<(Uid, u64)> = samples.iter().map(|sample| (sample.uid, sample.key.size_bytes)).collect();
        items.sort_unstable();
        let read = job.pool.read_again(self.destination, (&job.opened.wire_name, &status), items).await?;
        for sample in samples.iter().filter(|sample| read.get(&sample.uid).is_some_and(|(key, _)| *key == sample.key)) {
            self.shared.has_kept(sample.odd);
        }
        Ok(())
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
