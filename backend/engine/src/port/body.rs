//! A message's bytes: small ones in memory, large ones in a spool file; hashed as they arrive.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    sync::Arc,
};

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use mailferry_domain::{
    item::{ContentHash, ContentKey},
    print::Fingerprint,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::print::Printer;

/// Bodies up to this size stay in memory; larger ones go to an unnamed file in the temporary folder.
pub const SPOOL_THRESHOLD_BYTES: u64 = 1 << 20;

/// How much memory bodies may take between source and destination.
#[derive(Debug, Clone)]
pub struct MemoryBudget {
    kilobytes: Arc<Semaphore>,
    total: u32,
}

impl MemoryBudget {
    /// A budget of `size_bytes`.
    pub fn new(size_bytes: u64) -> Self {
        let total = u32::try_from(size_bytes / 1024).unwrap_or(u32::MAX).max(1);
        Self { kilobytes: Arc::new(Semaphore::new(total as usize)), total }
    }

    /// What bodies may take, bytes.
    pub fn size_bytes(&self) -> u64 {
        u64::from(self.total) * 1024
    }

    /// Waits until `body` fits, and lets it hold its share until it is dropped.
    pub async fn admit(&self, mut body: Body) -> Body {
        let share = u32::try_from(body.memory_bytes() / 1024 + 1).unwrap_or(u32::MAX).min(self.total);
        body.share = self.kilobytes.clone().acquire_many_owned(share).await.ok();
        body
    }
}

/// A complete message, byte for byte as the source sent it.
#[derive(Debug)]
pub struct Body {
    content: Content,
    key: ContentKey,
    /// Its fingerprint, if it was taken as the bytes came.
    print: Option<Fingerprint>,
    /// Its part of the memory budget.
    share: Option<OwnedSemaphorePermit>,
}

#[derive(Debug)]
enum Content {
    Memory(Bytes),
    Spool(File),
}

impl Body {
    /// A body in memory.
    pub fn from_bytes(bytes: Bytes) -> Self {
        let mut hash = Context::new(&SHA256);
        hash.update(&bytes);
        let key = ContentKey { size_bytes: bytes.len() as u64, hash: finish(hash) };
        Self { content: Content::Memory(bytes), key, print: None, share: None }
    }

    /// Size and hash.
    pub fn key(&self) -> ContentKey {
        self.key
    }

    /// Its fingerprint, if it was taken as the bytes came.
    pub(crate) fn print(&self) -> Option<&Fingerprint> {
        self.print.as_ref()
    }

    /// Size in bytes.
    pub fn len(&self) -> u64 {
        self.key.size_bytes
    }

    /// True for a message of no bytes.
    pub fn is_empty(&self) -> bool {
        self.key.size_bytes == 0
    }

    /// The bytes that this body holds in memory: 0 if it is spooled.
    pub fn memory_bytes(&self) -> u64 {
        match &self.content {
            Content::Memory(bytes) => bytes.len() as u64,
            Content::Spool(_) => 0,
        }
    }

    /// The bytes, if they are in memory.
    pub fn in_memory(&self) -> Option<&Bytes> {
        match &self.content {
            Content::Memory(bytes) => Some(bytes),
            Content::Spool(_) => None,
        }
    }

    /// The same message once more, to be sent again.
    ///
    /// # Errors
    /// If the spool file cannot be opened once more.
    pub(crate) fn duplicate(&self) -> io::Result<Self> {
        let content = match &self.content {
            Content::Memory(bytes) => Content::Memory(bytes.clone()),
            Content::Spool(file) => Content::Spool(file.try_clone()?),
        };
        Ok(Self { content, key: self.key, print: self.print.clone(), share: None })
    }

    /// The first `limit` bytes at most: enough for a look at the header.
    ///
    /// # Errors
    /// If the spool file cannot be read.
    pub fn head(&self, limit: usize) -> io::Result<Bytes> {
        match &self.content {
            Content::Memory(bytes) => Ok(bytes.slice(..bytes.len().min(limit))),
            Content::Spool(_) => {
                let mut head = Vec::with_capacity(limit);
                self.reader()?.take(limit as u64).read_to_end(&mut head)?;
                Ok(head.into())
            }
        }
    }

    /// Reads the bytes from the beginning; readers of one body must not be mixed.
    ///
    /// # Errors
    /// If the spool file cannot be read.
    pub fn reader(&self) -> io::Result<Box<dyn Read + Send>> {
        match &self.content {
            Content::Memory(bytes) => Ok(Box::new(io::Cursor::new(bytes.clone()))),
            Content::Spool(file) => {
                let mut file = file.try_clone()?;
                file.seek(SeekFrom::Start(0))?;
                Ok(Box::new(file))
            }
        }
    }
}

/// Takes a body piece by piece.
pub struct BodyWriter {
    memory: Vec<u8>,
    spool: Option<File>,
    /// Of what is spooled.
    printer: Printer,
    hash: Context,
    size_bytes: u64,
}

impl BodyWriter {
    /// A writer for a body of about `expected_bytes`; above [`SPOOL_THRESHOLD_BYTES`] it is spooled. What was
    /// announced is never allocated at once.
    ///
    /// # Errors
    /// If the spool file cannot be made.
    pub fn new(expected_bytes: u64) -> io::Result<Self> {
        let spool = if expected_bytes > SPOOL_THRESHOLD_BYTES { Some(tempfile::tempfile()?) } else { None };
        let (memory, hash) = (Vec::new(), Context::new(&SHA256));
        Ok(Self { memory, spool, printer: Printer::default(), hash, size_bytes: 0 })
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// If the spool file cannot be written: the disk is full.
    pub fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.hash.update(piece);
        self.size_bytes += piece.len() as u64;
        if self.spool.is_none() && self.size_bytes > SPOOL_THRESHOLD_BYTES {
            let mut file = tempfile::tempfile()?;
            let memory = std::mem::take(&mut self.memory);
            file.write_all(&memory)?;
            self.printer.push(&memory);
            self.spool = Some(file);
        }
        match &mut self.spool {
            Some(file) => {
                self.printer.push(piece);
                file.write_all(piece)
            }
            None => {
                self.memory.extend_from_slice(piece);
                Ok(())
            }
        }
    }

    /// Bytes taken so far.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// The complete body.
    ///
    /// # Errors
    /// If the spool file cannot be written.
    pub fn finish(self) -> io::Result<Body> {
        let key = ContentKey { size_bytes: self.size_bytes, hash: finish(self.hash) };
        let (content, print) = match self.spool {
            Some(mut file) => {
                file.flush()?;
                (Content::Spool(file), Some(self.printer.finish()))
            }
            None => (Content::Memory(self.memory.into()), None),
        };
        Ok(Body { content, key, print, share: None })
    }
}

fn finish(hash: Context) -> ContentHash {
    let digest = hash.finish();
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.as_ref());
    ContentHash(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(body: &Body) -> Vec<u8> {
        let mut bytes = Vec::new();
        body.reader().expect("opens").read_to_end(&mut bytes).expect("reads");
        bytes
    }

    #[test]
    fn a_small_body_stays_in_memory_and_a_large_one_is_spooled_with_the_same_hash() {
        for (announced, size) in [(0, 10), (10, 10), (3 << 20, 3 << 20), (10, 3 << 20)] {
            let bytes: Vec<u8> = (0..size).map(|n: u32| (n % 251) as u8).collect();
            let mut writer = BodyWriter::new(announced).expect("opens");
            for piece in bytes.chunks(70_000) {
                writer.write(piece).expect("takes");
            }
            let body = writer.finish().expect("finishes");
            assert_eq!(body.key(), Body::from_bytes(bytes.clone().into()).key());
            assert_eq!(body.memory_bytes() == 0, size > 1 << 20);
            assert_eq!(read_all(&body), bytes);
            assert_eq!(read_all(&body), bytes, "it can be read twice");
            assert_eq!(body.head(4).expect("reads").as_ref(), &bytes[..4]);
        }
    }

    #[test]
    fn the_hash_is_sha_256() {
        assert_eq!(
            Body::from_bytes(Bytes::from_static(b"abc")).key().hash.to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
