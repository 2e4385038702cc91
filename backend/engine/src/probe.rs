//! A server that rewrites everything (Exchange) may go as far as to change what the parts of a message say. Whether one
//! does is seen where it matters: where a message lies there that has the same second and Message-ID and says something
//! else, one of the source's is sent and read back, and the others wait for what that tells.
//!
//! At a destination that is so, the message that is sent is one too many. So it is sent only if nothing tells otherwise:
//! not what earlier attempts have stored ([`former`]), and not what was on its way when the last one ended. Its outcome is
//! written down together with what it has shown: until then it stays open, and is looked for before anything else is sent.

use mailferry_domain::{item::ItemMeta, uid::Uid};
use mailferry_shared::finding::{Finding, FindingCode};

use crate::{
    former,
    job::FolderJob,
    keeps::{Kept, looks_of},
    lane::unless_stopped,
    looks::Looks,
    port::{Connector, Ledger, NewItem},
    portion::pass_on,
    run::Stop,
    writer::Writer,
};

/// Of a folder: whether one message was sent to see what becomes of others.
#[derive(Debug, Default)]
pub(crate) struct Probe {
    /// At the source.
    sent: Option<Uid>,
    /// How it looked when it was sent.
    looks: Option<Looks>,
    /// What the destination has made of it.
    pub(crate) became: Option<Looks>,
    /// The destination has taken it, and what was to be seen has been seen.
    pub(crate) is_settled: bool,
    /// Others that are sent though it has told nothing.
    in_doubt: u64,
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
        let mut looks_back = unless_stopped(shared, shared.probing.lock()).await?;
        if *looks_back > 0 && !shared.kept().is_sure_of_parts() {
            // What cannot be read there is not to keep what can be copied here: then nothing is known.
            *looks_back -= 1;
            unless_stopped(shared, former::look_back(source, writer)).await??;
            *looks_back = 0;
        }
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
    /// What was sent to see what becomes of it has been read back.
    pub(crate) fn probe_is_read(&mut self, at: usize) {
        let probe = &mut self.jobs[at].probe;
        let Some((sent, there)) = probe.looks.take().zip(probe.became.take()) else { return };
        if sent.says_the_same(&there) {
            self.shared.has_kept(|kept| kept.has_shown_parts(false));
        }
        self.has_become(at, &sent, &there);
    }

    /// A message of ours was found. If the destination has changed what its parts say, whatever lies there for nobody and
    /// looks the same may be what it has made of the same message once before.
    pub(crate) fn has_become(&mut self, at: usize, sent: &Looks, there: &Looks) {
        if !sent.marks.may_be(&there.marks) || sent.says_the_same(there) {
            return;
        }
        self.shared.has_kept(|kept| kept.has_shown_parts(true));
        if self.jobs[at].pool.has_left(there) {
            let folder = self.jobs[at].opened.mapped.destination.to_string();
            self.note_messages(Finding::new(FindingCode::MessageDoubled).about(folder), 1);
        }
    }
}

impl FolderJob {
    /// The destination has taken a message. True if that was sent to see what becomes of it.
    pub(crate) fn has_stored(&mut self, sent: &NewItem) -> bool {
        self.arrivals += 1;
        let is_probe = self.probe.sent == Some(sent.source_uid);
        if is_probe {
            self.probe.looks = looks_of(sent);
        }
        is_probe
    }

    /// True if one of the messages that are in doubt may still tell what becomes of them.
    fn has_to_probe(&self) -> bool {
        !self.doubtful.is_empty() && !self.has_probed()
    }

    /// The message that is sent to see what becomes of others: the smallest, which is most likely to be taken, and costs
    /// least should it be one too many.
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

    /// These are sent though they may lie there: nothing has told whether they do.
    pub(crate) fn send_in_doubt(&mut self, items: Vec<ItemMeta>) {
        self.probe.in_doubt += items.len() as u64;
        self.once_more.extend(items);
    }

    /// How many messages may be there twice since nothing has told whether they lay there before: what was sent to see
    /// that, and what was sent in doubt.
    pub(crate) fn take_doubled(&mut self, kept: &Kept) -> u64 {
        let told_nothing = std::mem::take(&mut self.probe.is_settled) && !kept.is_sure_of_parts();
        std::mem::take(&mut self.probe.in_doubt) + u64::from(told_nothing)
    }
}
