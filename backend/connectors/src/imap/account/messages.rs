//! Messages of an account: listed, and their flags, subjects and numbers.

use std::collections::HashMap;

use async_imap::imap_proto::{AttributeValue, Response};
use mailferry_domain::{
    folder::FolderStatus,
    item::{Flags, ItemMeta},
    subject::subject,
    uid::{Uid, UidSet},
};
use mailferry_engine::{
    listing::{PAGE, pages},
    port::{ConnectorError, Decision, EachFolder, FlagChange, ListRequest, Listing},
};

use crate::imap::{
    bounds::believable,
    fetch,
    glance::{Beginning, GLANCE_BYTES},
    refusal::Doing,
    session::Session,
    wire,
};

pub(super) const LIST_ITEMS: &str = "UID RFC822.SIZE INTERNALDATE";
/// Flags that have changed in one folder, bytes.
const MOST_FLAG_BYTES: usize = 64 << 20;

impl Session {
    /// Opens and lists folders, those that are small without waiting in between.
    pub(super) async fn list_all(&mut self, requests: &[ListRequest]) -> EachFolder<Listing> {
        self.glances.forget();
        let small: Vec<&ListRequest> = requests.iter().filter(|request| is_small(request)).collect();
        let mut listings = self.list_small(&small).await?.into_iter();
        let mut all = Vec::with_capacity(requests.len());
        for request in requests {
            let listing = if is_small(request) { listings.next() } else { None };
            all.push(match listing {
                Some(listing) => listing,
                None => self.list_large(request).await?,
            });
        }
        Ok(all)
    }

    async fn list_small(&mut self, requests: &[&ListRequest]) -> EachFolder<Listing> {
        let looked_at: Vec<bool> = requests.iter().map(|request| self.glances.are_worth_it(request)).collect();
        let mut commands = Vec::with_capacity(requests.len() * 2);
        for (request, looked_at) in requests.iter().zip(&looked_at) {
            let also = if *looked_at { format!(" FLAGS BODY.PEEK[]<0.{GLANCE_BYTES}>") } else { String::new() };
            commands.push((format!("EXAMINE {}", wire::quoted(&request.wire_name)), Doing::OpenFolder));
            commands.push((format!("UID FETCH {}:* ({LIST_ITEMS}{also})", request.first), Doing::OpenFolder));
        }
        let mut items: Vec<Vec<ItemMeta>> = vec![Vec::new(); requests.len()];
        self.open = None;
        let mut glances = std::mem::take(&mut self.glances);
        let replies = self
            .commands_with(&commands, |at, response, bodies| {
                if at % 2 == 1
                    && let Some(item) = item_of(response)
                {
                    items[at / 2].push(item);
                    if let Some((head, bytes)) = fetch::beginning_of(response, bodies) {
                        let beginning = Beginning { uid: item.uid, size_bytes: item.size_bytes, head, bytes };
                        glances.keep(&requests[at / 2].wire_name, beginning);
                    }
                }
            })
            .await?;
        self.glances = glances;
        let mut answers = replies.each.into_iter();
        let mut listings = Vec::with_capacity(requests.len());
        for ((request, looked_at), items) in requests.iter().zip(looked_at).zip(items) {
            let (opened, listed) = (answers.next(), answers.next());
            let (Some(opened), Some(listed)) = (opened, listed) else { break };
            let listing = match (opened, listed) {
                // A message that cannot be read must not keep its folder from being listed.
                (Ok(_), Err(error)) if looked_at && error.decision == Decision::Skip => {
                    self.list_large(request).await?
                }
                (Ok(opened), Ok(_)) => {
                    let status = self.opened(&request.wire_name, &opened);
                    if let Err(error) = believable(status, &self.name) {
                        listings.push(Err(error));
                        continue;
                    }
                    self.glances.belong_to(&request.wire_name, status.uid_validity);
                    let items = tidy(items, request.first, status.uid_next);
                    if looked_at && items.len() as u64 != u64::from(status.messages) {
                        self.list_large(request).await?
                    } else {
                        Ok(Listing { status, items })
                    }
                }
                (Err(error), _) | (_, Err(error)) => {
                    self.open = None;
                    Err(error)
                }
            };
            listings.push(listing);
        }
        Ok(listings)
    }

    async fn list_large(&mut self, request: &ListRequest) -> Result<Result<Listing, ConnectorError>, ConnectorError> {
        match self.list_in_pages(request).await {
            Err(error) if error.decision != Decision::Skip => Err(error),
            other => Ok(other),
        }
    }

    async fn list_in_pages(&mut self, request: &ListRequest) -> Result<Listing, ConnectorError> {
        let status = self.open_folder("EXAMINE", &request.wire_name).await?;
        let last = status.uid_next.saturating_sub(1);
        let page = |(from, to)| (format!("UID FETCH {from}:{to} ({LIST_ITEMS})"), Doing::OpenFolder);
        let commands: Vec<_> = pages(request.first.0, last, status.messages).map(page).collect();
        let mut items = Vec::with_capacity(usize::try_from(status.messages.min(1 << 20)).unwrap_or(0));
        for reply in self.commands(&commands, |_, response| items.extend(item_of(response))).await?.each {
            reply?;
        }
        Ok(Listing { status, items: tidy(items, request.first, status.uid_next) })
    }

    pub(super) async fn list_items(&mut self, first: Uid, last: Uid) -> Result<Vec<ItemMeta>, ConnectorError> {
        let tag = self.send(&format!("UID FETCH {first}:{last} ({LIST_ITEMS})")).await?;
        let mut items = Vec::new();
        self.finish(&tag, Doing::OpenFolder, self.patience.idle, |response| {
            // `n:*` names the last message even if its UID is below n.
            items.extend(item_of(response).filter(|item| (first..=last).contains(&item.uid)));
        })
        .await?;
        items.sort_unstable_by_key(|item| item.uid);
        Ok(items)
    }

    pub(super) async fn list_flags(&mut self, uids: &UidSet) -> Result<Vec<(Uid, Flags)>, ConnectorError> {
        let tag = self.send(&format!("UID FETCH {uids} (UID FLAGS)")).await?;
        // What changes meanwhile is told unasked: the last word counts.
        let mut flags = HashMap::new();
        self.finish(&tag, Doing::OpenFolder, self.patience.idle, |response| {
            flags.extend(flags_of(response).filter(|(uid, _)| uids.contains(*uid)));
        })
        .await?;
        Ok(flags.into_iter().collect())
    }

    pub(super) async fn list_subjects(&mut self, uids: &UidSet) -> Result<Vec<(Uid, String)>, ConnectorError> {
        let tag = self.send(&format!("UID FETCH {uids} (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])")).await?;
        let mut subjects = Vec::new();
        self.finish(&tag, Doing::OpenFolder, self.patience.idle, |response| {
            subjects.extend(subject_of(response).filter(|(uid, _)| uids.contains(*uid)));
        })
        .await?;
        Ok(subjects)
    }

    /// FETCH with CHANGEDSINCE (RFC 7162 section 3.1.4) in the open folder.
    pub(super) async fn list_flags_since(&mut self, modseq: u64) -> Result<Vec<(Uid, Flags)>, ConnectorError> {
        let command = format!("UID FETCH 1:* (UID FLAGS) (CHANGEDSINCE {modseq})");
        let tag = self.send(&command).await?;
        let (mut flags, mut size_bytes) = (HashMap::new(), 0);
        self.finish(&tag, Doing::OpenFolder, self.patience.idle, |response| {
            if let Some((uid, told)) = flags_of(response) {
                size_bytes += told.iter().map(str::len).sum::<usize>();
                if size_bytes <= MOST_FLAG_BYTES {
                    flags.insert(uid, told);
                }
            }
        })
        .await?;
        if size_bytes > MOST_FLAG_BYTES {
            return Err(self.lost("reading", std::io::Error::other("too many flags have changed")));
        }
        Ok(flags.into_iter().collect())
    }

    /// X-GM-MSGID of every message of the open folder, in ranges.
    pub(super) async fn list_numbers(&mut self, status: &FolderStatus) -> Result<Vec<(Uid, u64)>, ConnectorError> {
        let last = status.uid_next.saturating_sub(1);
        let page = |(from, to)| (format!("UID FETCH {from}:{to} (UID X-GM-MSGID)"), Doing::OpenFolder);
        let commands: Vec<_> = pages(1, last, status.messages).map(page).collect();
        let mut numbers = Vec::new();
        for reply in self.commands(&commands, |_, response| numbers.extend(number_of(response))).await?.each {
            reply?;
        }
        Ok(numbers)
    }

    /// UID STORE (RFC 9051 section 6.4.6) of what differs, so that a flag set meanwhile stays.
    pub(super) async fn store_flags(&mut self, changes: &[FlagChange]) -> Result<(), ConnectorError> {
        let mut commands = Vec::new();
        for FlagChange { uids, add, remove } in changes {
            for (sign, flags) in [('+', add), ('-', remove)] {
                let flags: Vec<&str> = flags.iter().collect();
                if !flags.is_empty() {
                    let command = format!("UID STORE {uids} {sign}FLAGS.SILENT ({})", flags.join(" "));
                    commands.push((command, Doing::OpenFolder));
                }
            }
        }
        for reply in self.commands(&commands, |_, _| {}).await?.each {
            reply?;
        }
        Ok(())
    }
}

/// True if the folder can be listed by one command: it is small, or only what is new in it is asked for.
fn is_small(request: &ListRequest) -> bool {
    request.messages.is_some_and(|messages| u64::from(messages) <= PAGE)
}

/// Ascending, each once, and only what was asked for: `n:*` names the last message even if its UID is below n, and
/// what came after the folder was opened is left to the next run.
fn tidy(mut items: Vec<ItemMeta>, first: Uid, uid_next: u32) -> Vec<ItemMeta> {
    items.retain(|item| item.uid >= first && item.uid.0 < uid_next);
    items.sort_unstable_by_key(|item| item.uid);
    items.dedup_by_key(|item| item.uid);
    items
}

pub(super) fn item_of(response: &Response<'_>) -> Option<ItemMeta> {
    let Response::Fetch(_, attributes) = response else { return None };
    let mut item = ItemMeta { uid: Uid(0), size_bytes: 0, internal_date: None };
    let mut sized = false;
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(uid) => item.uid = Uid(*uid),
            AttributeValue::Rfc822Size(size) => {
                item.size_bytes = u64::from(*size);
                sized = true;
            }
            AttributeValue::InternalDate(date) => item.internal_date = wire::parse_date_time(date),
            _ => {}
        }
    }
    (item.uid.0 != 0 && sized).then_some(item)
}

fn flags_of(response: &Response<'_>) -> Option<(Uid, Flags)> {
    let Response::Fetch(_, attributes) = response else { return None };
    let (mut uid, mut flags) = (None, None);
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(value) => uid = Some(Uid(*value)),
            AttributeValue::Flags(told) => flags = Some(Flags::bounded(told).0),
            _ => {}
        }
    }
    uid.zip(flags)
}

/// Of the header's fields, the subject is all that was asked for.
fn subject_of(response: &Response<'_>) -> Option<(Uid, String)> {
    of_header(response, subject)
}

/// What fields of a header tell.
pub(super) fn of_header<T>(response: &Response<'_>, read: impl Fn(&[u8]) -> Option<T>) -> Option<(Uid, T)> {
    let Response::Fetch(_, attributes) = response else { return None };
    let (mut uid, mut told) = (None, None);
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(value) => uid = Some(Uid(*value)),
            AttributeValue::BodySection { section: Some(_), data: Some(head), .. } => told = read(head),
            _ => {}
        }
    }
    uid.zip(told)
}

fn number_of(response: &Response<'_>) -> Option<(Uid, u64)> {
    let Response::Fetch(_, attributes) = response else { return None };
    let (mut uid, mut number) = (None, None);
    for attribute in attributes {
        match attribute {
            AttributeValue::Uid(value) => uid = Some(Uid(*value)),
            AttributeValue::GmailMsgId(value) => number = Some(*value),
            _ => {}
        }
    }
    uid.zip(number)
}
