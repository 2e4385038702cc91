//! What a run has learnt of its destination.

use std::{sync::atomic::Ordering, time::Duration};

use mailferry_domain::{folder::FolderPath, uid::Uid};

use super::shared::{Shared, lock};
use crate::{address::Word, keeps::Kept};

/// Nobody is waited for longer than this before something is sent again.
const LONGEST_APPEND: Duration = Duration::from_secs(180);

impl<C, L> Shared<C, L> {
    /// What the destination's word on UIDs is worth.
    pub(crate) fn word(&self) -> Word {
        let word = self.word.load(Ordering::Relaxed);
        [Word::Good, Word::Bad].into_iter().find(|known| *known as u8 == word).unwrap_or_default()
    }

    /// The destination has shown what its word is worth; once bad, it stays so.
    pub(crate) fn has_word(&self, word: Word) {
        self.word.fetch_max(word as u8, Ordering::Relaxed);
    }

    /// The destination has shown what becomes of messages there.
    pub(crate) fn has_kept(&self, shown: impl FnOnce(&mut Kept)) {
        shown(&mut lock(&self.kept));
    }

    /// What becomes of messages at the destination, as far as it was seen.
    pub(crate) fn kept(&self) -> Kept {
        lock(&self.kept).clone()
    }

    /// The destination has stored something.
    pub(crate) fn storage_works(&self) {
        self.storage_failures.store(0, Ordering::Relaxed);
    }

    /// Another folder's destination cannot store; how many since something was stored.
    pub(crate) fn storage_fails(&self) -> u32 {
        self.storage_failures.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A batch was answered for, or given up, after so long: what is to be written down of that, if it is news.
    pub(crate) fn append_took(&self, time: Duration) -> Option<Duration> {
        let time = time.min(LONGEST_APPEND);
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let before = self.longest_append_ms.fetch_max(ms, Ordering::Relaxed);
        (ms > before && time > self.job.options.append_timeout).then_some(time)
    }

    /// The same of earlier attempts and runs.
    pub(super) fn remember_longest_append(&self, time: Duration) {
        let ms = u64::try_from(time.min(LONGEST_APPEND).as_millis()).unwrap_or(u64::MAX);
        self.longest_append_ms.fetch_max(ms, Ordering::Relaxed);
    }

    /// How long the destination may still work on a batch whose answer was lost: as long as it was seen to take, since a
    /// server that is slow once is so again.
    pub(crate) fn longest_append(&self) -> Duration {
        let seen = Duration::from_millis(self.longest_append_ms.load(Ordering::Relaxed));
        seen.max(self.job.options.append_timeout)
    }

    pub(crate) fn remember_refused(&self, folder: &FolderPath, uid: Uid) {
        lock(&self.refused).insert((folder.clone(), uid));
    }

    /// True if the destination has refused this message as it is: asking again would be one error more, and some servers
    /// allow few.
    pub(crate) fn was_refused(&self, folder: &FolderPath, uid: Uid) -> bool {
        let refused = lock(&self.refused);
        !refused.is_empty() && refused.contains(&(folder.clone(), uid))
    }
}
