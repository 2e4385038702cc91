//! Deterministic mailboxes, written straight into a server's Maildir++ tree, and new mail for them.

mod maildir;

use std::{
    fs, io,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::Serialize;

use self::maildir::{Marks, Tree};
use crate::{
    dovecot::{Dovecot, hand_over},
    imap::{Client, Login},
    message::{Oddity, Wanted, make},
    random::Random,
};

/// Keywords that some messages carry.
pub const KEYWORDS: [&str; 5] = ["$Forwarded", "$MDNSent", "NonJunk", "$Label1", "Projekt2024"];

/// Folders of a sample and their share of its messages, in thousandths. One holds nothing, one parent
/// (`Archive/2020`) exists only by its child.
const FOLDERS: [(&str, usize); 12] = [
    ("INBOX", 270),
    ("Sent", 140),
    ("Drafts", 30),
    ("Trash", 50),
    ("Junk", 40),
    ("Archive", 60),
    ("Archive/2019", 110),
    ("Archive/2020/Q1", 80),
    ("Projekte/Größe & Maß", 90),
    ("日本語/受信 箱", 70),
    ("Kunden [a] 100% \"gut\"", 60),
    ("Gesendete Objekte", 0),
];

const TINY_FOLDERS: [(&str, usize); 4] =
    [("INBOX", 14), ("Archive/2020/Q1", 14), ("Projekte/Größe & Maß", 8), ("Gesendete Objekte", 0)];

/// What a mailbox holds. Every size has all odd messages, exact duplicates, and internal dates from 2003 to 2025.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// 36 messages in 4 folders: for tests that copy them hundreds of times.
    Tiny,
    /// 80 messages in 12 folders: for most tests.
    Small,
    /// 1,500 messages in 12 folders, attachments, one of them 6 MB.
    Demo,
    /// That many messages of about 4 KB in the same 12 folders.
    Sized(usize),
    /// That many messages of about 100 KB in the same 12 folders, a few of them of several megabytes.
    Mixed(usize),
    /// That many messages of about 1 KB in INBOX.
    OneFolder(usize),
    /// One message of 62 MB, and a few small ones.
    Huge,
    /// That many folders below each other and beside each other, with 20 messages each.
    Folders(usize),
}

impl Sample {
    fn messages(self) -> usize {
        match self {
            Self::Tiny => 36,
            Self::Small => 80,
            Self::Demo => 1500,
            Self::Sized(messages) | Self::Mixed(messages) | Self::OneFolder(messages) => messages,
            Self::Huge => 5,
            Self::Folders(folders) => folders * 20,
        }
    }

    fn folders(self) -> Vec<(String, usize)> {
        if self == Self::Tiny {
            return TINY_FOLDERS.map(|(name, count)| (name.to_owned(), count)).to_vec();
        }
        if let Self::OneFolder(_) | Self::Huge = self {
            return vec![("INBOX".to_owned(), self.messages())];
        }
        let Self::Folders(folders) = self else {
            let total = self.messages();
            let mut all: Vec<(String, usize)> =
                FOLDERS.iter().map(|(name, share)| ((*name).to_owned(), total * share / 1000)).collect();
            all[0].1 += total - all.iter().map(|(_, count)| count).sum::<usize>();
            return all;
        };
        let below = ["", "/In", "/Out", "/Rechnungen", "/Ärger/Tief"];
        let names = (0..).flat_map(|number| below.map(|name| format!("Kündé {number:02}{name}")));
        std::iter::once("INBOX".to_owned()).chain(names).take(folders).map(|name| (name, 20)).collect()
    }

    fn oddity(self, index: usize) -> Oddity {
        let (every, first) = if self == Self::Tiny { (3, 1) } else { (5, 2) };
        if index % every == first { Oddity::ALL[index / every % Oddity::ALL.len()] } else { Oddity::None }
    }

    /// Size of message `index`, bytes.
    fn size(self, index: usize, random: &mut Random) -> usize {
        let small = usize::try_from(random.between(700, 7000)).unwrap_or(4000);
        match self {
            Self::Huge if index == 3 => 62_000_000,
            Self::OneFolder(_) => small / 6,
            Self::Demo if index == 7 => 6_000_000,
            Self::Demo if index % 25 == 3 => 40_000 + small * 30,
            Self::Small if index % 20 == 3 => 20_000 + small,
            Self::Tiny if index == 5 => 20_000,
            Self::Mixed(_) if index % 100 == 7 => small * 600,
            Self::Mixed(_) if index % 10 == 3 => small * 120,
            Self::Mixed(_) if index % 3 == 1 => small * 20,
            _ => small,
        }
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Written {
    /// Whose mailbox.
    pub user: String,
    /// Messages.
    pub messages: u64,
    /// Their size with CRLF line ends, as IMAP counts it.
    pub size_bytes: u64,
    /// Folders that can be opened, INBOX included.
    pub folders: u64,
}

impl Sample {
    /// Writes the mailbox of `user`, replacing what is there. The server may run, but nobody may have it open.
    pub fn write(self, server: &Dovecot, user: &str) -> io::Result<Written> {
        let root = server.maildir(user);
        let home = root.parent().unwrap_or(&root).to_owned();
        if home.exists() {
            fs::remove_dir_all(&home)?;
        }
        let mut random = Random::new(&format!("{self:?} {user}"));
        let mut tree = Tree::new(root)?;
        let mut written = Written { user: user.to_owned(), messages: 0, size_bytes: 0, folders: 0 };
        let mut subscribed = Vec::new();
        for (folder, count) in self.folders() {
            tree.folder(&folder)?;
            written.folders += 1;
            if folder != "INBOX" && !written.folders.is_multiple_of(3) {
                subscribed.push(folder.clone());
            }
            self.fill(&folder, count, &mut tree, &mut random, &mut written)?;
        }
        tree.subscribe(&subscribed)?;
        hand_over(&home)?;
        Ok(written)
    }

    fn fill(
        self,
        folder: &str,
        count: usize,
        tree: &mut Tree,
        random: &mut Random,
        written: &mut Written,
    ) -> io::Result<()> {
        let mut previous: Option<Vec<u8>> = None;
        for turn in 0..count {
            let index = usize::try_from(written.messages).unwrap_or(0);
            let arrived = random.between(1_041_379_200, 1_751_328_000);
            let bytes = match &previous {
                Some(before) if index % 29 == 11 && turn > 0 => before.clone(),
                Some(before) if index % 37 == 23 && turn > 0 => [before.as_slice(), b"changed tail\n"].concat(),
                _ => {
                    let wanted = Wanted {
                        id: index.to_string(),
                        size: self.size(index, random),
                        oddity: self.oddity(index),
                        date: maildir::header_date(arrived),
                    };
                    make(random, &wanted)
                }
            };
            written.size_bytes += tree.deliver(folder, &bytes, arrived, &marks(random))?;
            written.messages += 1;
            previous = (bytes.len() < 100_000).then_some(bytes);
        }
        Ok(())
    }
}

fn marks(random: &mut Random) -> Marks {
    let mut flags = String::new();
    for (letter, percent) in [('D', 2), ('F', 8), ('R', 12), ('S', 80), ('T', 1)] {
        if random.chance(percent) {
            flags.push(letter);
        }
    }
    let keywords = (0..KEYWORDS.len()).filter(|_| random.chance(7)).collect();
    Marks { flags, keywords }
}

/// Lets `count` new messages of today arrive in `folder` of a running server, through IMAP. Each call makes other
/// messages.
pub fn append_new(login: &Login, folder: &str, count: usize) -> io::Result<u64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let mut random = Random::new(&format!("{now:?}"));
    let mut client = Client::login(login)?;
    let mut size_bytes = 0;
    for number in 0..count {
        let arrived = now.as_secs() - 60 * number as u64;
        let wanted = Wanted {
            id: format!("new-{}-{number}", now.as_nanos()),
            size: 3000,
            oddity: Oddity::None,
            date: maildir::header_date(arrived),
        };
        let message = maildir::with_crlf(&make(&mut random, &wanted));
        client.append(folder, "", Some(&maildir::internal_date(arrived)), &message)?;
        size_bytes += message.len() as u64;
    }
    Ok(size_bytes)
}
