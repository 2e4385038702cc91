//! A body's fingerprint: what is kept of every message, so that *Verify* can tell later what a server changed.

use std::io::{self, Read};

use bytes::Bytes;
use mailferry_domain::print::{self, BODY_HASH_BYTES, Fingerprint};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use crate::port::Body;

/// A header longer than this is not one.
pub(crate) const HEAD_BYTES: usize = 1 << 20;
/// Spooled bodies are read in pieces of this size.
pub(crate) const PIECE_BYTES: usize = 64 << 10;

/// The fingerprint of a message.
pub(crate) fn fingerprint(body: &Body) -> io::Result<Fingerprint> {
    if let Some(print) = body.print() {
        return Ok(print.clone());
    }
    let (head, rest) = split(body)?;
    Ok(Fingerprint { body: rest, fields: print::field_hashes(&head) })
}

/// A message's header, and the hash of what follows.
pub(crate) fn split(body: &Body) -> io::Result<(Bytes, [u8; BODY_HASH_BYTES])> {
    let head = body.head(HEAD_BYTES)?;
    let offset = print::body_offset(&head);
    let hash = match body.in_memory() {
        Some(bytes) => xxh3_128(&print::with_crlf(&bytes[offset..], 0)),
        None => hash_spooled(body, offset)?,
    };
    Ok((head.slice(..offset), hash.to_be_bytes()))
}

/// Takes the fingerprint of a message that comes in pieces, so that nobody has to read it once more for that.
#[derive(Default)]
pub(crate) struct Printer {
    /// The message so far, while its header lasts.
    head: Vec<u8>,
    body: Option<(Vec<u16>, Xxh3)>,
    last: u8,
}

impl Printer {
    pub(crate) fn push(&mut self, piece: &[u8]) {
        let Some((_, hash)) = &mut self.body else {
            let room = HEAD_BYTES - self.head.len();
            let (head, rest) = piece.split_at(piece.len().min(room));
            self.head.extend_from_slice(head);
            let offset = print::body_offset(&self.head);
            if offset < self.head.len() || self.head.len() == HEAD_BYTES {
                self.end_of_head(offset);
                self.push(rest);
            }
            return;
        };
        if let Some(end) = piece.last() {
            hash.update(&print::with_crlf(piece, self.last));
            self.last = *end;
        }
    }

    fn end_of_head(&mut self, offset: usize) {
        let head = std::mem::take(&mut self.head);
        self.body = Some((print::field_hashes(&head[..offset]), Xxh3::new()));
        self.push(&head[offset..]);
    }

    pub(crate) fn finish(mut self) -> Fingerprint {
        if self.body.is_none() {
            self.end_of_head(print::body_offset(&self.head));
        }
        let (fields, hash) = self.body.unwrap_or_default();
        Fingerprint { body: hash.digest128().to_be_bytes(), fields }
    }
}

fn hash_spooled(body: &Body, offset: usize) -> io::Result<u128> {
    let mut hash = Xxh3::new();
    let mut reader = body.reader()?;
    io::copy(&mut reader.by_ref().take(offset as u64), &mut io::sink())?;
    let (mut piece, mut last) = (vec![0; PIECE_BYTES], 0);
    loop {
        let read = reader.read(&mut piece)?;
        let Some(end) = piece[..read].last().copied() else { return Ok(hash.digest128()) };
        hash.update(&print::with_crlf(&piece[..read], last));
        last = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::BodyWriter;

    #[test]
    fn a_spooled_message_has_the_same_fingerprint_as_one_in_memory() {
        let mut message = b"Subject: x\r\nTo: y\r\n\r\n".to_vec();
        // Line ends at every place of a piece, some of them bare.
        for n in 0..200_000_u32 {
            message.extend_from_slice(if n.is_multiple_of(7) { b"line of text\n" } else { b"line of text!\r\n" });
        }
        let mut writer = BodyWriter::new(message.len() as u64).expect("a spool file");
        writer.write(&message).expect("takes");
        let spooled = writer.finish().expect("finishes");
        assert_eq!(spooled.memory_bytes(), 0);
        let in_memory = Body::from_bytes(message.into());
        assert_eq!(fingerprint(&spooled).expect("reads"), fingerprint(&in_memory).expect("reads"));
        let (head, body) = split(&spooled).expect("reads");
        assert_eq!(body, fingerprint(&in_memory).expect("reads").body);
        assert_eq!(head, "Subject: x\r\nTo: y\r\n\r\n");
    }

    #[test]
    fn a_fingerprint_that_is_taken_in_pieces_is_the_same() {
        let long = [b"Subject: x\r\nX: ".repeat(80_000), b"\r\n\r\nbody".to_vec()].concat();
        for message in
            [&b"A: b\r\n\r\nbody\nmore\r\n"[..], b"A: b\n\nbody\r", b"\r\nbody", b"A: b\r\n", b"", b"\n", &long]
        {
            let whole = fingerprint(&Body::from_bytes(Bytes::copy_from_slice(message))).expect("in memory");
            for piece in [1, 3, 70_000].into_iter().filter(|piece| message.len() / piece < 1_000) {
                let mut printer = Printer::default();
                message.chunks(piece).for_each(|piece| printer.push(piece));
                assert_eq!(printer.finish(), whole, "pieces of {piece} of {} bytes", message.len());
            }
        }
    }
}
