//! Sealing of secrets: a random data key each, XChaCha20-Poly1305, the data key wrapped by a key-encryption key.
//!
//! The key file holds a line `ID BASE64` a key (32 bytes); the first is current, the others still open what they
//! wrapped. Lines that begin with `#` are comments. To rotate: put a new line at the top and rewrap.

use std::{fmt, fs::OpenOptions, io, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use base64::{Engine, prelude::BASE64_STANDARD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use secrecy::{ExposeSecret, SecretBox};
use zeroize::Zeroizing;

use crate::context::Random;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// A sealed value cannot be opened, or none can be sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The key it is wrapped with is not in the key file.
    #[error("the key “{0}” is not in the sealing key file")]
    UnknownKey(String),
    /// It was altered, moved to another account, or the key is another one of the same name.
    #[error("a sealed value does not belong where it stands, or was altered")]
    Refused,
    /// There is no randomness for a new key.
    #[error(transparent)]
    NoRandomness(#[from] crate::context::NoRandomness),
}

/// The key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read or made.
    #[error("the sealing key file cannot be read or made")]
    Io(#[from] io::Error),
    /// A line is not `ID BASE64` with 32 bytes.
    #[error("line {0} of the sealing key file is not a name and 32 bytes in Base64")]
    Line(usize),
    /// There is no key in it.
    #[error("the sealing key file holds no key")]
    Empty,
    /// There is no randomness for a new key.
    #[error(transparent)]
    NoRandomness(#[from] crate::context::NoRandomness),
}

/// Key-encryption keys, the current one first.
pub struct SealingKeys {
    keys: Vec<(String, SecretBox<[u8; KEY_BYTES]>)>,
}

impl fmt::Debug for SealingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|(id, _)| id)).finish()
    }
}

/// What stands in the database for a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sealed {
    /// Which key wraps the data key.
    pub(crate) key_id: String,
    /// Nonce and wrapped data key.
    pub(crate) wrapped_key: Vec<u8>,
    /// Nonce and sealed secret.
    pub(crate) bytes: Vec<u8>,
}

impl SealingKeys {
    /// Reads the key file; makes it with one random key and mode 0600 if there is none.
    ///
    /// # Errors
    /// [`KeyFileError`] if it cannot be read or made, or does not hold keys.
    pub fn from_file(path: &Path, random: &dyn Random) -> Result<Self, KeyFileError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&Zeroizing::new(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::make(path, random),
            Err(error) => Err(error.into()),
        }
    }

    fn make(path: &Path, random: &dyn Random) -> Result<Self, KeyFileError> {
        let (_, text) = new_line(random)?;
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
            Ok(mut file) => {
                file.write_all(text.as_bytes())?;
                file.sync_all()?;
                Self::parse(&text)
            }
            // Another process was faster: its key counts.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Self::parse(&Zeroizing::new(std::fs::read_to_string(path)?))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Puts a new random key at the top of the key file, and tells its id. The file is replaced at once: whoever reads it
    /// meanwhile gets the old one or the new one.
    ///
    /// # Errors
    /// [`KeyFileError`] if the file is not there, does not hold keys, or cannot be written.
    pub fn add_to_file(path: &Path, random: &dyn Random) -> Result<String, KeyFileError> {
        let text = Zeroizing::new(std::fs::read_to_string(path)?);
        Self::parse(&text)?;
        let (id, line) = new_line(random)?;
        let beside = path.with_extension("new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(line.as_bytes())?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, path)?;
        Ok(id)
    }

    /// Reads the text of a key file.
    ///
    /// # Errors
    /// [`KeyFileError`] naming the line that is wrong.
    pub fn parse(text: &str) -> Result<Self, KeyFileError> {
        let mut keys = Vec::new();
        for (n, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (id, encoded) = line.split_once(char::is_whitespace).ok_or(KeyFileError::Line(n + 1))?;
            let bytes = Zeroizing::new(BASE64_STANDARD.decode(encoded.trim()).map_err(|_| KeyFileError::Line(n + 1))?);
            let key: [u8; KEY_BYTES] = bytes.as_slice().try_into().map_err(|_| KeyFileError::Line(n + 1))?;
            keys.push((id.to_owned(), SecretBox::new(Box::new(key))));
        }
        if keys.is_empty() { Err(KeyFileError::Empty) } else { Ok(Self { keys }) }
    }

    /// Seals `secret` so that it opens only where `place` is the same.
    pub(crate) fn seal(&self, secret: &[u8], place: &[u8], random: &dyn Random) -> Result<Sealed, SealError> {
        let mut data_key = Zeroizing::new([0; KEY_BYTES]);
        random.fill(data_key.as_mut())?;
        let sealed = encrypt(&data_key, secret, place, random)?;
        self.wrap(&data_key, sealed, place, random)
    }

    /// Opens what was sealed for `place`.
    pub(crate) fn open(&self, sealed: &Sealed, place: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let data_key = self.unwrap(sealed, place)?;
        decrypt(&data_key, &sealed.bytes, place)
    }

    /// The same with its data key wrapped by the current key; `None` if it is already.
    pub(crate) fn rewrap(
        &self,
        sealed: &Sealed,
        place: &[u8],
        random: &dyn Random,
    ) -> Result<Option<Sealed>, SealError> {
        if self.keys.first().is_some_and(|(id, _)| *id == sealed.key_id) {
            return Ok(None);
        }
        let data_key = self.unwrap(sealed, place)?;
        self.wrap(&data_key, sealed.bytes.clone(), place, random).map(Some)
    }

    fn wrap(
        &self,
        data_key: &[u8; KEY_BYTES],
        sealed: Vec<u8>,
        place: &[u8],
        random: &dyn Random,
    ) -> Result<Sealed, SealError> {
        let (id, key) = self.keys.first().ok_or_else(|| SealError::UnknownKey(String::new()))?;
        let wrapped_key = encrypt(key.expose_secret(), data_key, &wrapping_place(place, id), random)?;
        Ok(Sealed { key_id: id.clone(), wrapped_key, bytes: sealed })
    }

    fn unwrap(&self, sealed: &Sealed, place: &[u8]) -> Result<Zeroizing<[u8; KEY_BYTES]>, SealError> {
        let (id, key) = self
            .keys
            .iter()
            .find(|(id, _)| *id == sealed.key_id)
            .ok_or_else(|| SealError::UnknownKey(sealed.key_id.clone()))?;
        let data_key = decrypt(key.expose_secret(), &sealed.wrapped_key, &wrapping_place(place, id))?;
        Ok(Zeroizing::new(data_key.as_slice().try_into().map_err(|_| SealError::Refused)?))
    }
}

/// A line of the key file with a new key, and the key's id.
fn new_line(random: &dyn Random) -> Result<(String, Zeroizing<String>), KeyFileError> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    random.fill(key.as_mut())?;
    let mut name = [0; 4];
    random.fill(&mut name)?;
    let id = format!("k{:08x}", u32::from_be_bytes(name));
    let encoded = Zeroizing::new(BASE64_STANDARD.encode(key.as_ref()));
    let line = Zeroizing::new(format!("{id} {}\n", encoded.as_str()));
    Ok((id, line))
}

fn wrapping_place(place: &[u8], id: &str) -> Vec<u8> {
    [b"data key\0", id.as_bytes(), b"\0", place].concat()
}

fn encrypt(key: &[u8; KEY_BYTES], secret: &[u8], place: &[u8], random: &dyn Random) -> Result<Vec<u8>, SealError> {
    let mut nonce = [0; NONCE_BYTES];
    random.fill(&mut nonce)?;
    let cipher = XChaCha20Poly1305::new(key.into());
    let payload = Payload { msg: secret, aad: place };
    let sealed = cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::Refused)?;
    Ok([nonce.as_slice(), &sealed].concat())
}

fn decrypt(key: &[u8; KEY_BYTES], sealed: &[u8], place: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::Refused)?;
    let cipher = XChaCha20Poly1305::new(key.into());
    let payload = Payload { msg: sealed, aad: place };
    cipher.decrypt(&XNonce::from(*nonce), payload).map(Zeroizing::new).map_err(|_| SealError::Refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::SystemRandom;

    const OLD: &str = "old AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const NEW: &str = "new AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    fn keys(text: &str) -> SealingKeys {
        SealingKeys::parse(text).expect("keys")
    }

    #[test]
    fn what_is_sealed_opens_only_in_its_place() {
        let keys = keys(OLD);
        let sealed = keys.seal(b"hunter2", b"here", &SystemRandom).expect("sealed");
        assert_eq!(keys.open(&sealed, b"here").expect("opens").as_slice(), b"hunter2");
        assert_eq!(keys.open(&sealed, b"there"), Err(SealError::Refused));
        let mut altered = sealed.clone();
        altered.bytes[30] ^= 1;
        assert_eq!(keys.open(&altered, b"here"), Err(SealError::Refused));
        let other = keys.seal(b"hunter3", b"here", &SystemRandom).expect("sealed");
        let mixed = Sealed { bytes: other.bytes, ..sealed };
        assert_eq!(keys.open(&mixed, b"here"), Err(SealError::Refused), "each has a data key of its own");
    }

    #[test]
    fn a_new_key_takes_over_by_rewrapping() {
        let sealed = keys(OLD).seal(b"hunter2", b"here", &SystemRandom).expect("sealed");
        let both = keys(&format!("# current\n{NEW}\n{OLD}\n"));
        let rewrapped = both.rewrap(&sealed, b"here", &SystemRandom).expect("rewraps").expect("was old");
        assert_eq!(rewrapped.bytes, sealed.bytes, "the secret itself is not touched");
        assert_eq!(both.rewrap(&rewrapped, b"here", &SystemRandom), Ok(None));
        assert_eq!(keys(NEW).open(&rewrapped, b"here").expect("opens").as_slice(), b"hunter2");
        assert_eq!(keys(NEW).open(&sealed, b"here"), Err(SealError::UnknownKey("old".to_owned())));
    }

    #[test]
    fn the_key_file_is_made_once_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("sealing.key");
        let first = SealingKeys::from_file(&path, &SystemRandom).expect("made");
        let again = SealingKeys::from_file(&path, &SystemRandom).expect("read");
        let sealed = first.seal(b"x", b"p", &SystemRandom).expect("sealed");
        assert_eq!(again.open(&sealed, b"p").expect("opens").as_slice(), b"x");
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        let shown = format!("{first:?}");
        assert!(shown.len() < 16, "only ids are shown: {shown}");
    }

    #[test]
    fn a_new_key_goes_to_the_top_and_the_old_one_still_opens() {
        let dir = tempfile::tempdir().expect("dir");
        let path = dir.path().join("sealing.key");
        let old = SealingKeys::from_file(&path, &SystemRandom).expect("made");
        let sealed = old.seal(b"x", b"p", &SystemRandom).expect("sealed");
        let id = SealingKeys::add_to_file(&path, &SystemRandom).expect("added");
        let both = SealingKeys::from_file(&path, &SystemRandom).expect("read");
        assert_eq!(both.seal(b"y", b"p", &SystemRandom).expect("sealed").key_id, id);
        assert_eq!(both.open(&sealed, b"p").expect("opens").as_slice(), b"x");
        assert!(SealingKeys::add_to_file(&dir.path().join("none"), &SystemRandom).is_err());
    }

    #[test]
    fn a_broken_key_file_names_its_line() {
        assert!(matches!(SealingKeys::parse("\nk1 abc"), Err(KeyFileError::Line(2))));
        assert!(matches!(SealingKeys::parse("# nothing"), Err(KeyFileError::Empty)));
    }
}
