//! Whether a destination keeps the bytes of what it stores. Where it has been seen to, a message whose bytes are not there
//! is not there, whatever else lies there of the same second and with the same Message-ID.
//!
//! A server that rewrites may do so only where something is odd about a message (Cyrus: 8-bit letters in the header). So
//! what counts is that messages were kept which were odd in the same ways: messages that we have stored in this run and
//! read back. What is found there byte for byte may have been put there otherwise than all the rest, by a mail program, say,
//! in a mailbox that another tool has filled. And what such a tool has added lines to, or whose header it has spelt anew,
//! is the same message still.
//!
//! A server that rewrites everything (Exchange) may go as far as to change what the parts of a message say. Whether one
//! does is seen where it matters: where a message lies there that has the same second and Message-ID and says something
//! else, one of the source's is sent and read back, and the others wait for what that tells.

use std::collections::HashSet;

use mailferry_domain::{
    item::{ContentKey, ItemMeta},
    repair::{Repair, Repairs},
    uid::Uid,
};

use crate::{
    address::Word,
    job::FolderJob,
    lane::unless_stopped,
    looks::{Looks, Marks},
    mend::repaired,
    port::{Account, Body, Connector, ConnectorError, Ledger, NewItem},
    portion::pass_on,
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
    /// It was sent to see what becomes of its parts.
    is_probe: bool,
}

/// Of a folder: whether one message was sent to see what becomes of others.
#[derive(Debug, Default)]
pub(crate) struct Probe {
    /// At the source.
    sent: Option<Uid>,
    /// The destination has taken it.
    is_stored: bool,
    /// What the destination has made of it.
    became: Option<Looks>,
    /// Others that are sent though it has told nothing.
    in_doubt: u64,
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

/// Where messages are in doubt and nobody knows whether the destination changes parts, one is sent to see whether it does,
/// of one folder and by one lane at a time: the others wait for what that tells. Where it tells nothing, another folder's
/// may.
pub(crate) async fn probe<C: Connector, L: Ledger>(
    source: &mut C::Source,
    writer: &mut Writer<'_, C, L>,
) -> Result<(), Stop> {
    let shared = writer.shared;
    while let Some(next) = writer.jobs.iter().position(FolderJob::has_to_probe) {
        // Whoever has the turn fetches, sends and reads back one small message.
        let _turn = unless_stopped(shared, shared.probing.lock()).await?;
        if shared.kept().is_sure_of_parts() {
            break;
        }
        let mut items = vec![Vec::new(); writer.jobs.len()];
        items[next].extend(writer.jobs[next].take_probe());
        pass_on(source, writer, &items).await?;
        writer.decide_the_rest().await?;
    }
    Ok(())
}

impl<C: Connector, L: Ledger> Writer<'_, C, L> {
    /// Remembers a message that was stored under this UID, if that may tell what the destination does to others.
    pub(crate) fn sample(&mut self, at: usize, sent: &NewItem, uid: Uid) {
        let job = &mut self.jobs[at];
        let is_probe = job.is_probe(sent.source_uid);
        if !job.pool.lookalikes.is_concerned() || (job.samples.len() >= SAMPLES && !is_probe) {
            return;
        }
        let Ok(odd) = oddities(&sent.body) else { return };
        if is_probe || !job.samples.iter().any(|sample| sample.odd == odd) {
            let face = Face::of(sent.internal_date, &sent.body);
            let looks = face.and_then(|face| Looks::of(Marks::of(face, &sent.body).ok()?, &sent.body).ok());
            job.samples.push(Sample { uid, key: sent.body.key(), odd, looks, is_probe });
        }
    }

    /// Reads back what was remembered, if messages wait for what it tells. Nothing may be on its way.
    pub(crate) async fn read_samples(&mut self, at: usize) -> Result<(), Stop> {
        let samples = std::mem::take(&mut self.jobs[at].samples);
        let is_waited_for = self.jobs[at].waits_for_samples() || samples.iter().any(|sample| sample.is_probe);
        if samples.is_empty() || !is_waited_for {
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
            let changed = sent.says_another(&there);
            if changed || (sample.is_probe && sent.says_the_same(&there)) {
                self.shared.has_kept(|kept| kept.has_shown_parts(changed));
            }
            if changed && sample.is_probe {
                job.probe.became = Some(there);
            }
        }
        Ok(())
    }
}

impl FolderJob {
    fn is_probe(&self, source_uid: Uid) -> bool {
        self.probe.sent == Some(source_uid)
    }

    /// The destination has taken a message.
    pub(crate) fn has_stored(&mut self, source_uid: Uid) {
        self.arrivals += 1;
        self.probe.is_stored |= self.is_probe(source_uid);
    }

    /// True if messages wait for what samples tell.
    fn waits_for_samples(&self) -> bool {
        self.pool.lookalikes.holds_any() || !self.doubtful.is_empty()
    }

    /// True if one of the messages that are in doubt may still tell what becomes of them.
    fn has_to_probe(&self) -> bool {
        !self.doubtful.is_empty() && !self.has_probed()
    }

    /// The message that is sent to see what becomes of others: the smallest, which is most likely to be taken, and to be
    /// taken apart when it is read back.
    fn take_probe(&mut self) -> Option<ItemMeta> {
        let smallest = self.doubtful.iter().enumerate().min_by_key(|(_, item)| (item.size_bytes, item.uid));
        let at = smallest.filter(|_| self.has_to_probe())?.0;
        let probe = self.doubtful.swap_remove(at);
        self.probe.sent = Some(probe.uid);
        self.seen = self.seen.iter().filter(|uid| *uid != probe.uid).collect();
        Some(probe)
    }

    /// True if one was sent: whatever that has told, nothing waits any longer.
    pub(crate) fn has_probed(&self) -> bool {
        self.probe.sent.is_some()
    }

    /// The messages that are in doubt come once more, and it is decided.
    pub(crate) fn take_doubtful(&mut self) -> Vec<ItemMeta> {
        self.pool.lookalikes.expect(&self.doubtful);
        std::mem::take(&mut self.doubtful)
    }

    /// These are sent though they may lie there: the message that was to tell has told nothing.
    pub(crate) fn send_in_doubt(&mut self, items: Vec<ItemMeta>) {
        self.probe.in_doubt += items.len() as u64;
        self.once_more.extend(items);
    }

    /// How many messages may be there twice: what was sent to see what becomes of it, if that had lain there before after
    /// all or has told nothing, and what was sent in doubt.
    pub(crate) fn take_doubled(&mut self, kept: &Kept) -> u64 {
        let lay_there = self.probe.became.take().is_some_and(|became| self.pool.has_left(&became));
        let told_nothing = std::mem::take(&mut self.probe.is_stored) && !kept.is_sure_of_parts();
        std::mem::take(&mut self.probe.in_doubt) + u64::from(lay_there || told_nothing)
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
