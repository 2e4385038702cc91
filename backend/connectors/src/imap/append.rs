//! Writing messages: MULTIAPPEND (RFC 3502) with non-synchronizing literals (RFC 7888) where the server can, one by
//! one otherwise.

use std::io::Read;

use async_imap::imap_proto::{ResponseCode, rfc4315::UidSetMember};
use mailferry_domain::{item::Flags, uid::Uid};
use mailferry_engine::port::{Appended, ConnectorError, Decision, NewItem, StoreError};
use mailferry_shared::finding::FindingCode;

use super::{
    refusal::{Doing, Refusal},
    session::{Reply, Session},
    wire,
};

/// LITERAL- allows this much without asking (RFC 7888 section 5).
const SMALL_LITERAL: u64 = 4096;
const PIECE: usize = 64 << 10;

/// Creates a folder; one that exists already is fine.
pub(super) async fn create(session: &mut Session, wire_name: &str) -> Result<(), ConnectorError> {
    let quoted = wire::quoted(wire_name);
    let Err(refused) = session.command(&format!("CREATE {quoted}"), Doing::CreateFolder).await else { return Ok(()) };
    if refused.decision != Decision::Skip {
        return Err(refused);
    }
    let reply = session.command(&format!("LIST \"\" {quoted}"), Doing::CreateFolder).await?;
    let exists = reply.diverted.iter().filter_map(|response| wire::listed(response, "LIST")).any(|listed| {
        listed.name == wire_name
            && !listed.attributes.iter().any(|attribute| attribute.eq_ignore_ascii_case("\\Noselect"))
    });
    if exists { Ok(()) } else { Err(refused) }
}

/// Stores a batch.
pub(super) async fn store(session: &mut Session, wire_name: &str, batch: &[NewItem]) -> Result<Appended, StoreError> {
    if batch.len() > 1 && session.can("MULTIAPPEND") {
        match append(session, wire_name, batch).await {
            Ok(appended) => return Ok(appended),
            // All or nothing: nothing was stored. One by one, the bad message shows itself.
            Err(StoreError::Refused { error, .. }) if error.decision == Decision::Skip => {}
            Err(other) => return Err(other),
        }
    }
    let mut done = Appended { uids: Vec::with_capacity(batch.len()), flags_reduced: false };
    for item in batch {
        match append(session, wire_name, std::slice::from_ref(item)).await {
            Ok(appended) => {
                done.uids.extend(appended.uids);
                done.flags_reduced |= appended.flags_reduced;
            }
            Err(StoreError::Refused { error, .. }) => return Err(StoreError::Refused { stored: done.uids, error }),
            // What went before is at the destination and known to be; the rest is not known.
            Err(StoreError::Unknown(error)) => return Err(unknown_after(done.uids, error)),
        }
    }
    Ok(done)
}

/// The line was lost at an item after some were stored: those are told, the item itself is left to a look at the
/// destination.
fn unknown_after(stored: Vec<Option<Uid>>, error: ConnectorError) -> StoreError {
    if stored.is_empty() { StoreError::Unknown(error) } else { StoreError::Refused { stored, error } }
}

/// One APPEND of one or more messages.
async fn append(session: &mut Session, wire_name: &str, items: &[NewItem]) -> Result<Appended, StoreError> {
    let tag = session.begin(&format!("APPEND {}", wire::quoted(wire_name))).await.map_err(StoreError::Unknown)?;
    let mut flags_reduced = false;
    for item in items {
        let (flags, reduced) = permitted(session, &item.flags);
        flags_reduced |= reduced;
        let asks_first = !(session.can("LITERAL+") || (session.can("LITERAL-") && item.body.len() <= SMALL_LITERAL));
        session.write(preamble(item, &flags, asks_first).as_bytes()).await.map_err(StoreError::Unknown)?;
        if asks_first {
            session.flush().await.map_err(StoreError::Unknown)?;
            if let Err(refusal) = session.continuation(&tag).await.map_err(StoreError::Unknown)? {
                return Err(refused(&refusal, session));
            }
        }
        write_body(session, item).await.map_err(StoreError::Unknown)?;
    }
    session.write(b"\r\n").await.map_err(StoreError::Unknown)?;
    session.flush().await.map_err(StoreError::Unknown)?;
    match session.finish(&tag, Doing::Append, session.patience.append, |_| {}).await {
        Ok(reply) => Ok(Appended { uids: uids(&reply, items.len()), flags_reduced }),
        // A tagged NO or BAD leaves the session usable, a lost line does not.
        Err(error) if session.broken => Err(StoreError::Unknown(error)),
        Err(error) => Err(StoreError::Refused { stored: Vec::new(), error }),
    }
}

fn refused(refusal: &Refusal, session: &Session) -> StoreError {
    StoreError::Refused { stored: Vec::new(), error: refusal.error(Doing::Append, session.name.clone()) }
}

/// ` (flags) "date" {size}` (RFC 9051 section 6.3.12), with `+` where the server need not be asked first.
fn preamble(item: &NewItem, flags: &Flags, asks_first: bool) -> String {
    let flags = flags.iter().collect::<Vec<_>>().join(" ");
    let date = item.internal_date.map(|date| format!(" \"{}\"", wire::date_time(&date))).unwrap_or_default();
    let plus = if asks_first { "" } else { "+" };
    format!(" ({flags}){date} {{{}{plus}}}\r\n", item.body.len())
}

async fn write_body(session: &mut Session, item: &NewItem) -> Result<(), ConnectorError> {
    if let Some(bytes) = item.body.in_memory() {
        return session.write(bytes).await;
    }
    let spool = |error| {
        ConnectorError::new(FindingCode::Internal, Decision::Retry, "reading a spooled message").caused_by(error)
    };
    let mut reader = item.body.reader().map_err(spool)?;
    let mut piece = vec![0; PIECE];
    loop {
        match reader.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(read) => session.write(&piece[..read]).await?,
            Err(error) => {
                // Half a message is on the line.
                session.broken = true;
                return Err(spool(error));
            }
        }
    }
}

/// The flags that the open folder keeps, and whether any had to go.
fn permitted(session: &Session, flags: &Flags) -> (Flags, bool) {
    let Some(permanent) = &session.permanent_flags else { return (flags.clone(), false) };
    let any_keyword = permanent.iter().any(|flag| flag == "\\*");
    flags.permitted(|flag| {
        (any_keyword && !flag.starts_with('\\')) || permanent.iter().any(|kept| kept.eq_ignore_ascii_case(flag))
    })
}

/// The UIDs of APPENDUID (RFC 4315 section 3), if it names as many as were sent.
fn uids(reply: &Reply, sent: usize) -> Vec<Option<Uid>> {
    let told = reply.codes.iter().find_map(|code| match code {
        ResponseCode::AppendUid(_, members) => Some(members),
        _ => None,
    });
    let mut uids: Vec<Option<Uid>> = Vec::with_capacity(sent);
    for member in told.into_iter().flatten() {
        match member {
            UidSetMember::Uid(uid) => uids.push(Some(Uid(*uid))),
            UidSetMember::UidRange(range) => uids.extend(range.clone().take(sent + 1).map(|uid| Some(Uid(uid)))),
        }
    }
    if uids.len() == sent { uids } else { vec![None; sent] }
}
