//! What a message is known by where its bytes are not.

use std::{
    collections::HashMap,
    io::{self, Read},
};

use mailferry_domain::{
    print::{BODY_HASH_BYTES, body_offset},
    said,
};

use crate::{
    port::Body,
    present::Face,
    print::{HEAD_BYTES, PIECE_BYTES, fingerprint},
};

/// What tells messages apart at little cost, of which no server can have made the one of the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marks {
    face: Face,
    body: [u8; BODY_HASH_BYTES],
}

impl Marks {
    pub(crate) fn of(face: Face, body: &Body) -> io::Result<Self> {
        Ok(Self { face, body: fingerprint(body)?.body })
    }

    pub(crate) fn face(&self) -> &Face {
        &self.face
    }

    pub(crate) fn body(&self) -> &[u8; BODY_HASH_BYTES] {
        &self.body
    }

    /// Alike in this, a server may have made the one of the other. Without a Message-ID, only the header may differ.
    pub(crate) fn known_by(&self) -> (&Face, Option<&[u8; BODY_HASH_BYTES]>) {
        (&self.face, (!self.face.has_message_id()).then_some(&self.body))
    }

    /// True if a server may have made the one of the other.
    pub(crate) fn may_be(&self, other: &Self) -> bool {
        self.known_by() == other.known_by()
    }
}

/// What a message says: its marks, and what anybody reads in it, however that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Looks {
    pub(crate) marks: Marks,
    /// Of its header.
    fields: Vec<u32>,
    /// Its subject, unless that has letters of which servers make what they like.
    subject: Option<u32>,
    /// What its parts hold.
    parts: u64,
}

impl Looks {
    pub(crate) fn of(marks: Marks, body: &Body) -> io::Result<Self> {
        let head = body.head(HEAD_BYTES)?;
        let head = &head[..body_offset(&head)];
        Ok(Self { marks, fields: said::fields(head), subject: said::subject(head), parts: parts(body)? })
    }

    pub(crate) fn face(&self) -> &Face {
        &self.marks.face
    }

    /// True if both say the same: the same bytes or the same parts encoded anew, under the same subject. A list may have
    /// put its name into that and nothing else.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        !differ(self.subject, other.subject) && (self.marks.body == other.marks.body || self.parts == other.parts)
    }

    /// True if the other one is this message, however its header is spelt, perhaps with lines added to it: so do tools
    /// that copy mail (mbsync), and whoever passes it on.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        self.marks.may_be(&other.marks) && self.likeness(other) == (true, self.fields.len())
    }

    /// Whether it says the same, then as many header fields as possible.
    pub(crate) fn likeness(&self, other: &Self) -> (bool, usize) {
        let mut left: HashMap<u32, usize> = HashMap::new();
        for field in &self.fields {
            *left.entry(*field).or_default() += 1;
        }
        let mut take = |field: &u32| left.get_mut(field).filter(|left| **left > 0).map(|left| *left -= 1).is_some();
        let common = other.fields.iter().filter(|field| take(field)).count();
        (self.says_the_same(other), common)
    }
}

/// What the parts of a message hold; one that is spooled is read for that, piece by piece.
fn parts(body: &Body) -> io::Result<u64> {
    if let Some(bytes) = body.in_memory() {
        return Ok(said::parts(bytes));
    }
    let (mut parts, mut reader, mut piece) = (said::Parts::default(), body.reader()?, vec![0; PIECE_BYTES]);
    loop {
        let read = reader.read(&mut piece)?;
        if read == 0 {
            return Ok(parts.finish());
        }
        parts.push(&piece[..read]);
    }
}

fn differ<T: PartialEq>(one: Option<T>, other: Option<T>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one != other)
}
