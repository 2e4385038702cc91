//! What is looked for, and where it must not be.

use std::sync::{Mutex, OnceLock};

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::harness::Service;

/// What goes in as every kind of password.
pub(crate) const CANARY: &str = "canary-pA55w0rd-7d1f";
/// The subject of a message that is left out, which nobody wants to see.
pub(crate) const SUBJECT: &str = "canary-subject-4e0c";
/// A note to the operator, who reads it; no log does.
pub(crate) const NOTE: &str = "canary-note-0b77";
/// A part of the service account's private key, as it stands in its key file.
pub(crate) static KEY: OnceLock<String> = OnceLock::new();
/// Secrets that an answer has told once, and what they are.
static TOLD: Mutex<Vec<(&'static str, String)>> = Mutex::new(Vec::new());

/// This is told to whoever asked, and kept nowhere as it is.
pub(crate) fn told(what: &'static str, secret: &str) {
    assert!(secret.len() >= 12, "{what} would be found anywhere");
    TOLD.lock().expect("no panic").push((what, secret.to_owned()));
}

/// The canary as it is, and as it would look in the usual disguises.
fn disguises() -> Vec<(&'static str, String)> {
    let hex = CANARY.bytes().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    // Base64 depends on what stands before it: all three phases, without the letters that neighbours share.
    let base64 = (0..3).map(|phase| {
        let encoded = BASE64_STANDARD.encode([vec![b' '; phase].as_slice(), CANARY.as_bytes()].concat());
        ("base64", encoded.trim_end_matches('=')[4..20].to_owned())
    });
    let key = KEY.get().map(|key| ("a private key", key.clone()));
    let plain = [("plain", CANARY.to_owned()), ("hexadecimal", hex), ("a subject", SUBJECT.to_owned())];
    base64.chain(plain).chain(key).collect()
}

/// Something that is searched, whatever the case of its letters.
pub(crate) struct Heap(String);

impl Heap {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(String::from_utf8_lossy(bytes).to_ascii_lowercase())
    }

    fn holds(&self, needle: &str) -> bool {
        self.0.contains(&needle.to_ascii_lowercase())
    }

    fn lacks(&self, what: &str, needle: &str, place: &str) {
        let Some(at) = self.0.find(&needle.to_ascii_lowercase()) else { return };
        // What stands before it tells who wrote it.
        let before: String = self.0[..at].chars().rev().take(300).collect();
        panic!("{what} in {place}, after: {}", before.chars().rev().collect::<String>());
    }

    /// Whether the canary is there in any disguise.
    pub(crate) fn holds_canary(&self) -> bool {
        disguises().iter().any(|(_, needle)| self.holds(needle))
    }

    /// The canary is not there. That the search works is shown by `known`, which is.
    pub(crate) fn must_not_hold(&self, known: &str, place: &str) {
        assert!(self.holds(known), "{known} should be in {place}: the search does not work");
        for (disguise, needle) in disguises() {
            self.lacks(disguise, &needle, place);
        }
    }

    /// Neither is anything that only an answer tells.
    pub(crate) fn must_not_keep(&self, known: &str, place: &str) {
        self.must_not_hold(known, place);
        let told = TOLD.lock().expect("no panic").clone();
        assert!(!told.is_empty());
        for (what, secret) in told {
            self.lacks(what, &secret, place);
        }
    }

    /// Nor what a customer writes to the operator.
    pub(crate) fn must_not_tell(&self, known: &str, place: &str) {
        self.must_not_keep(known, place);
        self.lacks("a note", NOTE, place);
    }
}

/// All that the service's database keeps; its size.
pub(crate) fn search_database(service: &Service, known: &str) -> String {
    let kept = service.kept();
    let place = if service.is_sqlite() { "the files of SQLite" } else { "the tables of PostgreSQL" };
    Heap::of(&kept).must_not_keep(known, place);
    format!("{} bytes of {place}", kept.len())
}
