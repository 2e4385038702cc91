//! What a server answers, as much of it as somebody here asks for.

use std::{collections::BTreeSet, io};

use async_imap::imap_proto::{
    Capability, MailboxDatum, Outcome, Response, ResponseCode, Status, rfc4315::UidSetMember,
};
use mailferry_engine::port::ConnectorError;

use crate::imap::refusal::Refusal;

/// Flags of a folder that are remembered; its keywords beyond are treated as ones that the server does not keep.
const FOLDER_FLAGS_LIMIT: usize = 1_000;

/// A command's tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::imap) struct Tag(pub(super) String);

/// What a command was answered, besides what a visitor took.
#[derive(Debug, Default)]
pub(in crate::imap) struct Reply {
    /// Codes of untagged OK and of the tagged answer.
    pub(in crate::imap) codes: Vec<ResponseCode<'static>>,
    /// The last EXISTS.
    pub(in crate::imap) exists: Option<u32>,
    /// Untagged responses that the parser does not know, whole.
    pub(in crate::imap) diverted: Vec<Vec<u8>>,
    /// The capabilities, if the server told them unasked.
    pub(super) capabilities: Option<BTreeSet<String>>,
}

/// What several commands that were sent at once were answered.
#[derive(Debug, Default)]
pub(in crate::imap) struct Replies {
    /// Each command's answer, without [`Reply::diverted`].
    pub(in crate::imap) each: Vec<Result<Reply, ConnectorError>>,
    /// Untagged responses that the parser does not know, of all commands.
    pub(in crate::imap) diverted: Vec<Vec<u8>>,
}

/// What stands next on the line.
#[derive(Debug)]
pub(in crate::imap) enum Answer<T> {
    /// What was made of an untagged response or a continuation.
    Untagged(T),
    /// The end of a command.
    Tagged(Tag, Result<Option<ResponseCode<'static>>, Refusal>),
}

/// The parser's error holds what the server said, mail and all: none of that may get into a log.
pub(super) fn without_words(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::Other => io::Error::other("the server's answer cannot be read"),
        _ => error,
    }
}

pub(super) fn refusal(status: &'static str, outcome: &Outcome<'_>) -> Refusal {
    let text = outcome.information.as_deref().unwrap_or_default();
    let code = match outcome.code {
        Some(ResponseCode::TryCreate) => "[TRYCREATE] ",
        _ => "",
    };
    Refusal { status, text: format!("{code}{text}") }
}

pub(super) fn note(reply: &mut Reply, response: &Response<'_>) {
    match response {
        Response::MailboxData(MailboxDatum::Exists(number)) => reply.exists = Some(*number),
        Response::Data { status: Status::Ok, outcome } => match &outcome.code {
            Some(ResponseCode::Capabilities(told)) => reply.capabilities = Some(told.iter().map(spelt).collect()),
            // The last word of each kind counts: whoever repeats itself takes no more memory.
            other => {
                if let Some(code) = other.as_ref().and_then(owned) {
                    reply.codes.retain(|known| std::mem::discriminant(known) != std::mem::discriminant(&code));
                    reply.codes.push(code);
                }
            }
        },
        _ => {}
    }
}

pub(super) fn spelt(capability: &Capability<'_>) -> String {
    match capability {
        Capability::Imap4rev1 => "IMAP4REV1".to_owned(),
        Capability::Auth(mechanism) => format!("AUTH={}", mechanism.to_ascii_uppercase()),
        Capability::Atom(name) => name.to_ascii_uppercase(),
    }
}

/// The codes that somebody here asks for.
pub(super) fn owned(code: &ResponseCode<'_>) -> Option<ResponseCode<'static>> {
    Some(match code {
        ResponseCode::UidValidity(value) => ResponseCode::UidValidity(*value),
        ResponseCode::UidNext(value) => ResponseCode::UidNext(*value),
        ResponseCode::HighestModSeq(value) => ResponseCode::HighestModSeq(*value),
        ResponseCode::PermanentFlags(flags) => {
            // `\*`, which says that any keyword is kept, comes last.
            let first = flags.iter().take(FOLDER_FLAGS_LIMIT);
            let any = flags.iter().skip(FOLDER_FLAGS_LIMIT).filter(|flag| *flag == "\\*").take(1);
            ResponseCode::PermanentFlags(first.chain(any).map(|flag| flag.clone().into_owned().into()).collect())
        }
        ResponseCode::Capabilities(told) => ResponseCode::Capabilities(
            told.iter().map(|capability| Capability::Atom(spelt(capability).into())).collect(),
        ),
        ResponseCode::AppendUid(validity, uids) => ResponseCode::AppendUid(*validity, copied(uids)),
        _ => return None,
    })
}

fn copied(uids: &[UidSetMember]) -> Vec<UidSetMember> {
    uids.iter()
        .map(|member| match member {
            UidSetMember::UidRange(range) => UidSetMember::UidRange(range.clone()),
            UidSetMember::Uid(uid) => UidSetMember::Uid(*uid),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(code: ResponseCode<'static>) -> Response<'static> {
        Response::Data { status: Status::Ok, outcome: Outcome { code: Some(code), information: None } }
    }

    #[test]
    fn what_is_told_again_takes_no_more_memory() {
        let mut reply = Reply::default();
        for number in 1..1_000 {
            let flags = (0..5_000).map(|n| format!("k{n}").into()).chain(["\\*".into()]).collect();
            note(&mut reply, &told(ResponseCode::UidNext(number)));
            note(&mut reply, &told(ResponseCode::PermanentFlags(flags)));
        }
        let [ResponseCode::UidNext(999), ResponseCode::PermanentFlags(flags)] = reply.codes.as_slice() else {
            panic!("the last of each kind: {:?}", reply.codes);
        };
        assert_eq!(flags.len(), FOLDER_FLAGS_LIMIT + 1);
        assert_eq!(flags.last().map(AsRef::as_ref), Some("\\*"), "whether others are kept is known all the same");
    }
}
