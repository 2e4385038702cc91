//! What an account in memory holds, and what it has been told to do wrong.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use chrono::{DateTime, FixedOffset};
use mailferry_domain::{
    folder::{FolderPath, FolderStatus},
    item::Flags,
    special_use::SpecialUse,
    uid::{Uid, UidValidity},
};
use mailferry_engine::port::{ConnectorError, Decision};
use mailferry_shared::finding::FindingCode;

/// A message in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMessage {
    /// Its UID.
    pub uid: Uid,
    /// Flags and keywords.
    pub flags: Flags,
    /// Internal date.
    pub internal_date: Option<DateTime<FixedOffset>>,
    /// Its bytes.
    pub bytes: Bytes,
}

/// What goes wrong with the next call that stores or fetches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// Nothing: the call works.
    Fine,
    /// The line is lost before anything happens.
    LostBefore,
    /// The line is lost after the first `n` messages of the call; no answer comes.
    LostAfter(usize),
    /// The `n`th message of the call is refused for this cause.
    Refused(usize, FindingCode, Decision),
    /// The messages of the call arrive, but only at the `n`th look at the folder: the server was slow.
    Late(usize),
    /// The messages of the call are stored and their UIDs told, but the folder shows them only at the `n`th look: another
    /// machine of the service was asked.
    Unseen(usize),
    /// After the first `n` messages of the call nothing is said any more, and the line stays open.
    Silent(usize),
    /// No answer comes for the first time, then the line is lost; the messages arrive the second time after that.
    Slow(Duration, Duration),
}

/// A message that is listed and cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// The server leaves it out, and says that all went well.
    LeftOut,
    /// The server hangs up in the middle of it.
    HangsUp,
}

/// What a server makes of a message's bytes when it stores them.
pub(super) type Rewrite = fn(&[u8]) -> Vec<u8>;

#[derive(Debug)]
pub(super) struct MemoryFolder {
    pub(super) uid_validity: UidValidity,
    pub(super) uid_next: u32,
    pub(super) messages: Vec<StoredMessage>,
    pub(super) special_use: Option<SpecialUse>,
    pub(super) subscribed: bool,
    /// Looks left, and what arrives then.
    pub(super) late: Option<(usize, Vec<StoredMessage>)>,
    /// What arrives at a time.
    pub(super) slow: Option<(Instant, Vec<StoredMessage>)>,
}

impl MemoryFolder {
    fn new(uid_validity: u32) -> Self {
        Self {
            uid_validity: UidValidity(uid_validity),
            uid_next: 1,
            messages: Vec::new(),
            special_use: None,
            subscribed: false,
            late: None,
            slow: None,
        }
    }

    pub(super) fn status(&self) -> FolderStatus {
        FolderStatus {
            uid_validity: self.uid_validity,
            uid_next: self.uid_next,
            messages: u32::try_from(self.messages.len()).unwrap_or(u32::MAX),
            highest_modseq: None,
        }
    }

    pub(super) fn push(&mut self, mut message: StoredMessage) -> Uid {
        message.uid = Uid(self.uid_next);
        self.uid_next += 1;
        self.messages.push(message);
        Uid(self.uid_next - 1)
    }

    pub(super) fn looked_at(&mut self) {
        if let Some((_, messages)) = self.slow.take_if(|(at, _)| Instant::now() >= *at) {
            for message in messages {
                self.push(message);
            }
        }
        if let Some((looks, _)) = &mut self.late {
            *looks = looks.saturating_sub(1);
        }
        if let Some((_, messages)) = self.late.take_if(|(looks, _)| *looks == 0) {
            for message in messages {
                self.push(message);
            }
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) folders: BTreeMap<FolderPath, MemoryFolder>,
    pub(super) store_mishaps: VecDeque<Mishap>,
    pub(super) fetch_mishaps: VecDeque<Mishap>,
    /// How often the line is lost when somebody asks how folders stand.
    pub(super) lost_at_statuses: u32,
    /// Set once it has said nothing more.
    pub(super) is_silent: bool,
    pub(super) login_error: Option<(FindingCode, Decision)>,
    /// What it tells for a UID.
    pub(super) tells: Option<fn(Uid) -> Option<Uid>>,
    pub(super) refused_characters: String,
    pub(super) takes: Option<fn(&StoredMessage) -> bool>,
    /// What it makes of the bytes of what is stored.
    pub(super) rewrites: Option<Rewrite>,
    /// Set while it says nothing when it is asked for flags.
    pub(super) silent_about_flags: bool,
    /// Logins that it answers; more of them hang.
    pub(super) answered_logins: Option<u64>,
    /// What a rule moves away as soon as it is stored.
    pub(super) moved: Option<fn(&StoredMessage) -> bool>,
    pub(super) closed: BTreeSet<FolderPath>,
    /// Folders that take no children.
    pub(super) childless: BTreeSet<FolderPath>,
    pub(super) damaged: BTreeMap<(FolderPath, Uid), Damage>,
    /// Messages that are counted and not listed, by folder.
    pub(super) unlisted: BTreeMap<FolderPath, BTreeSet<Uid>>,
    pub(super) logins: u64,
    last_validity: u32,
}

impl State {
    pub(super) fn folder(&mut self, path: &FolderPath) -> &mut MemoryFolder {
        if !self.folders.contains_key(path) {
            self.last_validity += 1;
        }
        let validity = self.last_validity;
        self.folders.entry(path.clone()).or_insert_with(|| MemoryFolder::new(validity))
    }

    pub(super) fn existing(&mut self, wire_name: &str) -> Result<&mut MemoryFolder, ConnectorError> {
        let missing =
            || ConnectorError::new(FindingCode::FolderUnreadable, Decision::Skip, format!("opening {wire_name}"));
        let path = FolderPath::parse(wire_name).map_err(|_| missing())?;
        if self.closed.contains(&path) {
            return Err(missing());
        }
        self.folders.get_mut(&path).ok_or_else(missing)
    }
}

/// An account in memory; clones share it.
#[derive(Debug, Clone)]
pub struct MemoryAccount(Arc<Mutex<State>>);

impl Default for MemoryAccount {
    fn default() -> Self {
        let mut state = State::default();
        state.folder(&FolderPath::inbox());
        Self(Arc::new(Mutex::new(state)))
    }
}

impl MemoryAccount {
    /// An account with an empty INBOX.
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a folder, if it does not exist.
    pub fn add_folder(&self, path: &FolderPath, special_use: Option<SpecialUse>, subscribed: bool) {
        let mut state = self.state();
        let folder = state.folder(path);
        folder.special_use = special_use;
        folder.subscribed = subscribed;
    }

    /// Adds a message, and its folder if need be.
    pub fn add(
        &self,
        path: &FolderPath,
        flags: Flags,
        internal_date: Option<DateTime<FixedOffset>>,
        bytes: impl Into<Bytes>,
    ) -> Uid {
        self.state().folder(path).push(StoredMessage { uid: Uid(0), flags, internal_date, bytes: bytes.into() })
    }

    /// Expunges a message.
    pub fn remove(&self, path: &FolderPath, uid: Uid) {
        self.state().folder(path).messages.retain(|message| message.uid != uid);
    }

    /// Sets a message's flags, as its owner does.
    pub fn set_flags(&self, path: &FolderPath, uid: Uid, flags: &Flags) {
        for message in self.state().folder(path).messages.iter_mut().filter(|message| message.uid == uid) {
            message.flags = flags.clone();
        }
    }

    /// Everything in a folder, by UID.
    pub fn messages(&self, path: &FolderPath) -> Vec<StoredMessage> {
        self.state().folder(path).messages.clone()
    }

    /// Every folder, with the subscribed ones marked.
    pub fn folders(&self) -> Vec<(FolderPath, bool)> {
        self.state().folders.iter().map(|(path, folder)| (path.clone(), folder.subscribed)).collect()
    }

    /// Gives the folder a new UIDVALIDITY and its messages new UIDs, as a restored server does.
    pub fn renumber(&self, path: &FolderPath) {
        let mut state = self.state();
        state.last_validity += 1000;
        let validity = UidValidity(state.last_validity);
        let folder = state.folder(path);
        folder.uid_validity = validity;
        for message in std::mem::take(&mut folder.messages) {
            folder.uid_next += 1;
            folder.push(message);
        }
    }

    /// The folder is made anew, as if it were restored: its messages lie in another order, under UIDs that others had.
    pub fn restore(&self, path: &FolderPath) {
        self.renumber(path);
        let mut state = self.state();
        let folder = state.folder(path);
        folder.uid_next = 1;
        for message in std::mem::take(&mut folder.messages).into_iter().rev() {
            folder.push(message);
        }
    }

    /// From now on a message cannot be read; `None` mends it.
    pub fn damage(&self, path: &FolderPath, uid: Uid, damage: Option<Damage>) {
        let mut state = self.state();
        match damage {
            Some(damage) => state.damaged.insert((path.clone(), uid), damage),
            None => state.damaged.remove(&(path.clone(), uid)),
        };
    }

    /// From now on these messages are counted, but listed no more.
    pub fn unlist(&self, path: &FolderPath, uids: impl IntoIterator<Item = Uid>) {
        self.state().unlisted.insert(path.clone(), uids.into_iter().collect());
    }

    /// What goes wrong with the calls of `store` that follow, one each.
    pub fn store_mishaps(&self, mishaps: impl IntoIterator<Item = Mishap>) {
        self.state().store_mishaps = mishaps.into_iter().collect();
    }

    /// What goes wrong with the calls of `fetch` that follow, one each.
    pub fn fetch_mishaps(&self, mishaps: impl IntoIterator<Item = Mishap>) {
        self.state().fetch_mishaps = mishaps.into_iter().collect();
    }

    /// True once it has said nothing more on a line ([`Mishap::Silent`]).
    pub fn is_silent(&self) -> bool {
        self.state().is_silent
    }

    /// The line is lost so many times when somebody asks how folders stand.
    pub fn lose_statuses(&self, times: u32) {
        self.state().lost_at_statuses = times;
    }

    /// Refuses logins from now on, or takes them again.
    pub fn refuse_logins(&self, error: Option<(FindingCode, Decision)>) {
        self.state().login_error = error;
    }

    /// Logins so far, refused ones included.
    pub fn logins(&self) -> u64 {
        self.state().logins
    }

    /// Answers no login from now on, though it takes the connection, but for so many; `None` answers all.
    pub fn answer_logins(&self, most: Option<u64>) {
        self.state().answered_logins = most;
    }

    /// Says nothing from now on when it is asked for flags, and keeps the line open; or answers again.
    pub fn fall_silent_about_flags(&self, silent: bool) {
        let mut state = self.state();
        (state.silent_about_flags, state.is_silent) = (silent, false);
    }

    /// Stores from now on what this makes of a message's bytes.
    pub fn rewrite(&self, rewrites: Rewrite) {
        self.state().rewrites = Some(rewrites);
    }

    /// Refuses to make folders with one of these characters in their names.
    pub fn refuse_characters(&self, characters: &str) {
        characters.clone_into(&mut self.state().refused_characters);
    }

    /// Lets nothing be made below a folder from now on, and says so (`\Noinferiors`).
    pub fn refuse_children(&self, path: &FolderPath) {
        self.state().childless.insert(path.clone());
    }

    /// Refuses messages for their own sake, except those that `takes` holds for.
    pub fn take_only(&self, takes: fn(&StoredMessage) -> bool) {
        self.state().takes = Some(takes);
    }

    /// Moves messages out of sight as soon as they are stored, those that `moved` holds for: a rule of the owner's.
    pub fn move_away(&self, moved: fn(&StoredMessage) -> bool) {
        self.state().moved = Some(moved);
    }

    /// Refuses to open a folder from now on, as an ACL does, or opens it again.
    pub fn close_folder(&self, path: &FolderPath, closed: bool) {
        let mut state = self.state();
        if closed {
            state.closed.insert(path.clone());
        } else {
            state.closed.remove(path);
        }
    }

    /// Stores without telling UIDs, as a server without UIDPLUS.
    pub fn tell_no_uids(&self) {
        self.tell_uids(|_| None);
    }

    /// Tells this for the UID of what was stored.
    pub fn tell_uids(&self, tells: fn(Uid) -> Option<Uid>) {
        self.state().tells = Some(tells);
    }
}
