//! What a server's answer brings of messages.

use async_imap::imap_proto::{AttributeValue, Response, ResponseCode};
use bytes::Bytes;
use chrono::{DateTime, FixedOffset};
use mailferry_domain::{
    item::Flags,
    uid::{Uid, UidValidity},
};
use mailferry_engine::port::{Body, Fetched};

use crate::imap::{bodies::Came, session::Answer, wire};

/// A message with its body or a part of it.
pub(super) enum Part {
    Whole(Uid, Head, Came),
    Slice(Uid, u64, Option<Head>, Bytes),
    Code(Option<UidValidity>),
    Other,
}

/// What is told with a message.
#[derive(Debug, Default)]
pub(in crate::imap) struct Head {
    flags: Flags,
    flags_reduced: bool,
    internal_date: Option<DateTime<FixedOffset>>,
}

pub(super) fn fetched(folder: usize, uid: Uid, head: Head, body: Body) -> Fetched {
    let Head { flags, flags_reduced, internal_date } = head;
    Fetched { folder, uid, flags, flags_reduced, internal_date, body }
}

impl Answer<Part> {
    pub(super) fn size_bytes(&self) -> u64 {
        match self {
            Self::Untagged(Part::Whole(_, _, came)) => came.size_bytes(),
            Self::Untagged(Part::Slice(_, _, _, bytes)) => bytes.len() as u64,
            _ => 0,
        }
    }
}

/// A message with its body or a slice of it; changes of flags come unasked and hold none.
pub(super) fn part_of(response: &Response<'_>, bodies: Vec<Came>) -> Part {
    let attributes = match response {
        Response::Fetch(_, attributes) => attributes,
        Response::Data { outcome, .. } => {
            return match outcome.code {
                Some(ResponseCode::UidValidity(validity)) => Part::Code(Some(UidValidity(validity))),
                _ => Part::Other,
            };
        }
        _ => return Part::Other,
    };
    let (mut head, mut flagged, mut uid, mut body) = (Head::default(), false, Uid(0), None);
    let mut bodies = bodies.into_iter();
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(value) => uid = Uid(*value),
            AttributeValue::Flags(flags) => {
                (head.flags, head.flags_reduced) = Flags::bounded(flags);
                flagged = true;
            }
            AttributeValue::InternalDate(date) => head.internal_date = wire::parse_date_time(date),
            AttributeValue::BodySection { section: None, index, data } => {
                // NIL: the message vanished while it was read; it is not an empty one.
                body = if data.is_some() { bodies.next().map(|came| (*index, came)) } else { None };
            }
            _ => {}
        }
    }
    match body {
        _ if uid.0 == 0 => Part::Other,
        Some((None, came)) => Part::Whole(uid, head, came),
        Some((Some(offset), came)) => match came.in_memory() {
            Some(bytes) => Part::Slice(uid, offset.into(), flagged.then_some(head), bytes),
            None => Part::Other,
        },
        None => Part::Other,
    }
}

/// A message's beginning, and what is told with it.
pub(in crate::imap) fn beginning_of(response: &Response<'_>, bodies: Vec<Came>) -> Option<(Head, Bytes)> {
    match part_of(response, bodies) {
        Part::Slice(_, 0, Some(head), bytes) => Some((head, bytes)),
        _ => None,
    }
}
