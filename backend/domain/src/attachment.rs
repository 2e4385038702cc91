//! Files of contacts and appointments that go with a requested migration: looked at before they are kept, so that
//! nobody stores anything else with the operator.
//!
//! They are not imported here, only recognised: a `.vcf` file is a list of vCards (RFC 6350, and the older 2.1 and 3.0),
//! an `.ics` file a list of iCalendar objects (RFC 5545). Both consist of content lines; a line that begins with a space
//! or tab goes on with the one before and never counts.

use mailferry_shared::request::{AttachmentKind, MAX_ATTACHMENT_BYTES};

use crate::encoding::{NotText, decode};

/// The longest name, characters.
pub const MAX_NAME_CHARS: usize = 200;

/// What a file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inspected {
    /// What it holds.
    pub kind: AttachmentKind,
    /// Contacts, or appointments, tasks and journal entries, in it.
    pub entries: u32,
}

/// Why a file is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AttachmentError {
    /// The name has a path, a control character, or too many characters.
    #[error("The name of a file has 1 to {MAX_NAME_CHARS} characters, and no / or \\ in it.")]
    Name,
    /// The name ends otherwise.
    #[error("Only .vcf files of contacts and .ics files of appointments can be sent.")]
    Ending,
    /// Nothing in it.
    #[error("The file is empty.")]
    Empty,
    /// Larger than [`MAX_ATTACHMENT_BYTES`].
    #[error("A file has at most {} MB; export the contacts or the calendar in parts.", MAX_ATTACHMENT_BYTES / 1_000_000)]
    TooLarge,
    /// Something else than text.
    #[error("The file is not text; export it again as vCard (.vcf) or iCalendar (.ics).")]
    NotText,
    /// Something else than what its name says.
    #[error("The file is no list of contacts: it must consist of BEGIN:VCARD … END:VCARD.")]
    NoContacts,
    /// Something else than what its name says.
    #[error("The file is no calendar: it must consist of BEGIN:VCALENDAR … END:VCALENDAR.")]
    NoCalendar,
}

/// Looks at a file of this name and content: UTF-8, UTF-16, or Windows-1252 as older programs write it.
///
/// # Errors
/// [`AttachmentError`].
pub fn inspect(name: &str, bytes: &[u8]) -> Result<Inspected, AttachmentError> {
    let kind = kind_of(name)?;
    if bytes.len() > MAX_ATTACHMENT_BYTES {
        return Err(AttachmentError::TooLarge);
    }
    let (text, _) = decode(bytes).map_err(|NotText| AttachmentError::NotText)?;
    let text = text.as_str();
    if text.trim().is_empty() {
        return Err(AttachmentError::Empty);
    }
    let entries = match kind {
        AttachmentKind::Contacts => entries(text, "VCARD", &["VCARD"]).ok_or(AttachmentError::NoContacts)?,
        AttachmentKind::Calendar => {
            let inner = ["VEVENT", "VTODO", "VJOURNAL"];
            entries(text, "VCALENDAR", &inner).ok_or(AttachmentError::NoCalendar)?
        }
    };
    Ok(Inspected { kind, entries })
}

fn kind_of(name: &str) -> Result<AttachmentKind, AttachmentError> {
    let odd = |c: char| c.is_control() || matches!(c, '/' | '\\' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if name.trim() != name || name.is_empty() || name.chars().count() > MAX_NAME_CHARS || name.contains(odd) {
        return Err(AttachmentError::Name);
    }
    match name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).as_deref() {
        Some("vcf") => Ok(AttachmentKind::Contacts),
        Some("ics") => Ok(AttachmentKind::Calendar),
        _ => Err(AttachmentError::Ending),
    }
}

/// How many components of the kinds `counted` there are, if the text is a list of `outer` ones, and everything that
/// begins also ends in its order.
fn entries(text: &str, outer: &str, counted: &[&str]) -> Option<u32> {
    let mut open: Vec<String> = Vec::new();
    let mut count = 0;
    for line in text.split(['\n', '\r']).filter(|line| !line.trim().is_empty()) {
        if line.starts_with([' ', '\t']) {
            if open.is_empty() {
                return None;
            }
            continue;
        }
        match component(line) {
            Some((true, name)) => {
                if open.is_empty() && name != outer || open.len() >= DEEPEST {
                    return None;
                }
                count += u32::from(counted.contains(&name.as_str()));
                open.push(name);
            }
            Some((false, name)) => {
                let begun = open.pop()?;
                (begun == name).then_some(())?;
            }
            // Anything else stands inside of something.
            None if open.is_empty() => return None,
            None => {}
        }
    }
    open.is_empty().then_some(count)
}

/// Components lie in one another at most so deep: an alarm in an event in a calendar is the usual depth.
const DEEPEST: usize = 8;

/// The component that a line begins (true) or ends.
fn component(line: &str) -> Option<(bool, String)> {
    let (word, name) = line.split_once(':')?;
    let begins = match word.trim().to_ascii_uppercase().as_str() {
        "BEGIN" => true,
        "END" => false,
        _ => return None,
    };
    Some((begins, name.trim().to_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARDS: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Anna\r\nNOTE:a long\r\n  BEGIN:VCARD of a note\r\nEND:VCARD\r\n\
                         \r\nbegin:vcard\r\nVERSION:4.0\r\nFN:Bj\u{f8}rn\r\nend:vcard\r\n";
    const CALENDAR: &str = "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VTIMEZONE\nTZID:Europe/Oslo\nEND:VTIMEZONE\n\
                            BEGIN:VEVENT\nSUMMARY:Tea\nBEGIN:VALARM\nEND:VALARM\nEND:VEVENT\n\
                            BEGIN:VTODO\nEND:VTODO\nEND:VCALENDAR\n";

    #[test]
    fn contacts_and_appointments_are_counted() {
        let contacts = Inspected { kind: AttachmentKind::Contacts, entries: 2 };
        assert_eq!(inspect("Anna's contacts.VCF", CARDS.as_bytes()), Ok(contacts));
        assert_eq!(inspect("a.vcf", format!("\u{feff}{CARDS}").as_bytes()), Ok(contacts), "with a byte order mark");
        let utf16: Vec<u8> = [0xfeff].into_iter().chain(CARDS.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        assert_eq!(inspect("a.vcf", &utf16), Ok(contacts), "UTF-16, as Windows writes it");
        let windows = CARDS.replace('\u{f8}', "\u{fffd}").into_bytes();
        let windows =
            String::from_utf8_lossy(&windows).split('\u{fffd}').map(str::as_bytes).collect::<Vec<_>>().join(&0xf8);
        assert_eq!(inspect("a.vcf", &windows), Ok(contacts), "Windows-1252, as vCard 2.1 often is");
        let calendar = Inspected { kind: AttachmentKind::Calendar, entries: 2 };
        assert_eq!(inspect("work.ics", CALENDAR.as_bytes()), Ok(calendar));
        let two = [CALENDAR, CALENDAR].concat();
        assert_eq!(inspect("work.ics", two.as_bytes()).expect("taken").entries, 4);
        let none = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n";
        assert_eq!(inspect("work.ics", none.as_bytes()).expect("taken").entries, 0, "an empty calendar is one");
    }

    #[test]
    fn what_is_something_else_is_refused_whatever_it_is_called() {
        use AttachmentError::{Empty, Ending, Name, NoCalendar, NoContacts, NotText, TooLarge};
        let long = format!("{}.vcf", "x".repeat(200));
        let large = vec![b' '; MAX_ATTACHMENT_BYTES + 1];
        let shell = format!("#!/bin/sh\n{CARDS}");
        let page = format!("{CARDS}<script>alert(1)</script>\n");
        for (name, bytes, error) in [
            ("", CARDS.as_bytes(), Name),
            ("../a.vcf", CARDS.as_bytes(), Name),
            ("a\r\nb.vcf", CARDS.as_bytes(), Name),
            ("fcv.\u{202e}exe.vcf", CARDS.as_bytes(), Name),
            (&long, CARDS.as_bytes(), Name),
            ("a.exe", CARDS.as_bytes(), Ending),
            ("vcf", CARDS.as_bytes(), Ending),
            ("a.vcf", b"", Empty),
            ("a.vcf", b"\xef\xbb\xbf\r\n", Empty),
            ("a.vcf", &large, TooLarge),
            ("a.vcf", b"BEGIN:VCARD\n\0\nEND:VCARD\n", NotText),
            ("a.vcf", CALENDAR.as_bytes(), NoContacts),
            ("a.ics", CARDS.as_bytes(), NoCalendar),
            ("a.vcf", shell.as_bytes(), NoContacts),
            ("a.vcf", page.as_bytes(), NoContacts),
            ("a.vcf", b"BEGIN:VCARD\nFN:Anna\n", NoContacts),
            ("a.ics", b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\nEND:VEVENT\n", NoCalendar),
            ("a.ics", b"END:VCALENDAR\n", NoCalendar),
            ("a.ics", b"MZ\x90\n", NoCalendar),
            ("a.ics", b"MZ\x90\0\x03\n", NotText),
            ("a.vcf", b"\xff\xfeB", NotText),
        ] {
            assert_eq!(inspect(name, bytes), Err(error), "{name}: {}", String::from_utf8_lossy(bytes));
        }
        let deep = "BEGIN:VCALENDAR\n".repeat(10_000);
        assert_eq!(inspect("a.ics", deep.as_bytes()), Err(NoCalendar));
    }
}
