//! Maildir++ as Dovecot keeps it: folders, file names, keywords, subscriptions.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs::{self, File},
    io::{self, Write as _},
    path::PathBuf,
    time::{Duration, UNIX_EPOCH},
};

use super::KEYWORDS;
use crate::mailbox_name;

/// Flags of one message.
pub(super) struct Marks {
    /// Maildir's letters, sorted: `D` draft, `F` flagged, `R` answered, `S` seen, `T` deleted.
    pub(super) flags: String,
    /// Indexes into [`KEYWORDS`].
    pub(super) keywords: Vec<usize>,
}

pub(super) struct Tree {
    root: PathBuf,
    made: BTreeSet<String>,
    delivered: u64,
}

impl Tree {
    pub(super) fn new(root: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&root)?;
        Ok(Self { root, made: BTreeSet::new(), delivered: 0 })
    }

    /// Makes `folder` (decoded name with `/`) if it is not there.
    pub(super) fn folder(&mut self, folder: &str) -> io::Result<PathBuf> {
        let path = if folder == "INBOX" {
            self.root.clone()
        } else {
            self.root.join(format!(".{}", mailbox_name::encode(folder).replace('/', ".")))
        };
        if self.made.insert(folder.to_owned()) {
            for part in ["cur", "new", "tmp"] {
                fs::create_dir_all(path.join(part))?;
            }
            if folder != "INBOX" {
                File::create(path.join("maildirfolder"))?;
            }
            let mut keywords = String::new();
            for (index, keyword) in KEYWORDS.iter().enumerate() {
                let _ = writeln!(keywords, "{index} {keyword}");
            }
            fs::write(path.join("dovecot-keywords"), keywords)?;
        }
        Ok(path)
    }

    /// Stores a message with LF line ends; gives its size with CRLF ones, as IMAP counts it.
    pub(super) fn deliver(&mut self, folder: &str, bytes: &[u8], arrived: u64, marks: &Marks) -> io::Result<u64> {
        let path = self.folder(folder)?;
        self.delivered += 1;
        let wire_size = bytes.len() + bytes.split(|byte| *byte == b'\n').count() - 1;
        let letters: String = marks.keywords.iter().filter_map(|index| "abcde".chars().nth(*index)).collect();
        let number = self.delivered;
        let name = format!("{arrived}.M{number:07}P1.lab,S={},W={wire_size}:2,{}{letters}", bytes.len(), marks.flags);
        let mut file = File::create(path.join("cur").join(name))?;
        file.write_all(bytes)?;
        // Dovecot takes INTERNALDATE from here.
        file.set_modified(UNIX_EPOCH + Duration::from_secs(arrived))?;
        Ok(wire_size as u64)
    }

    pub(super) fn subscribe(&self, folders: &[String]) -> io::Result<()> {
        let mut text = "V\t2\n\n".to_owned();
        for folder in folders {
            let _ = writeln!(text, "{}", mailbox_name::encode(folder).replace('/', "\t"));
        }
        fs::write(self.root.join("subscriptions"), text)
    }
}

pub(super) fn with_crlf(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 200);
    for byte in bytes {
        if *byte == b'\n' {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// `Tue, 3 Feb 2004 10:11:12 +0000` (RFC 5322 section 3.3) of seconds since 1970.
pub(super) fn header_date(seconds: u64) -> String {
    let (year, month, day) = civil(seconds / 86_400);
    let weekday = DAYS[usize::try_from(seconds / 86_400 % 7).unwrap_or(0)];
    format!("{weekday}, {day} {} {year} {} +0000", MONTHS[month - 1], clock(seconds))
}

/// ` 3-Feb-2004 10:11:12 +0000` (RFC 3501, date-time) of seconds since 1970.
pub(super) fn internal_date(seconds: u64) -> String {
    let (year, month, day) = civil(seconds / 86_400);
    format!("{day:>2}-{}-{year} {} +0000", MONTHS[month - 1], clock(seconds))
}

fn clock(seconds: u64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
}

/// Year, month and day of a day number since 1970-01-01 in the Gregorian calendar.
fn civil(days: u64) -> (u64, usize, u64) {
    // Years begin in March here, so that the leap day is the last one of its year.
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let calendar_month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + u64::from(calendar_month <= 2);
    (year, usize::try_from(calendar_month).unwrap_or(1), day)
}

#[cfg(test)]
mod tests {
    use super::{header_date, internal_date};

    #[test]
    fn dates_are_right_around_leap_days() {
        assert_eq!(header_date(1_078_012_800), "Sun, 29 Feb 2004 00:00:00 +0000");
        assert_eq!(internal_date(1_078_099_199), "29-Feb-2004 23:59:59 +0000");
        assert_eq!(internal_date(1_078_099_200), " 1-Mar-2004 00:00:00 +0000");
        assert_eq!(internal_date(951_782_400), "29-Feb-2000 00:00:00 +0000");
    }
}
