//! What both sides can do, over one session.

use std::collections::{HashMap, HashSet};

use async_imap::imap_proto::{AttributeValue, Response};
use chrono::{DateTime, FixedOffset};
use mailferry_domain::{
    folder::{FolderPath, FolderStatus, NamingStyle, RemoteFolder},
    item::{ContentKey, Flags, ItemMeta},
    subject::subject,
    uid::{Uid, UidSet},
};
use mailferry_engine::{
    listing::{PAGE, pages},
    port::{
        Account, Answered, ConnectorError, Decision, Destination, DestinationLimits, EachFolder, FetchRequest, Fetched,
        FlagChange, ListRequest, Listing, NewItem, Prepared, Quota, Source, Wanted,
    },
};
use tokio::sync::mpsc;

use super::{
    append::{self, Outbox},
    auth,
    bounds::believable,
    fetch,
    glance::{Beginning, GLANCE_BYTES},
    refusal::Doing,
    session::Session,
    wire,
};

const STATUS_KEYS: &str = "MESSAGES UIDNEXT UIDVALIDITY";
pub(super) const LIST_ITEMS: &str = "UID RFC822.SIZE INTERNALDATE";
/// Most messages of one APPEND.
const BATCH_ITEMS: usize = 100;
/// Messages that one FETCH of sizes asks for, when a folder is measured without STATUS=SIZE.
const MEASURE_PAGE: u32 = 10_000;
/// Flags that have changed in one folder, bytes.
const MOST_FLAG_BYTES: usize = 64 << 20;

/// An account that is only read.
#[derive(Debug)]
pub struct ImapSource(pub(super) Session);

/// An account that is written.
#[derive(Debug)]
pub struct ImapDestination(pub(super) Session, pub(super) Outbox);

impl Session {
    /// What STATUS is asked for. HIGHESTMODSEQ (RFC 7162) only where somebody wants it: asking makes some servers begin
    /// to keep it.
    fn status_keys(&self) -> String {
        let modseq = if self.watches_flags && self.can("CONDSTORE") { " HIGHESTMODSEQ" } else { "" };
        format!("{STATUS_KEYS}{modseq}")
    }

    /// Everything in one command where the server can (RFC 5258, RFC 5819, RFC 6154); LIST and LSUB (RFC 3501 sections
    /// 6.3.8 and 6.3.9) otherwise. XLIST is what Gmail had before there were special uses.
    async fn list_folders(&mut self) -> Result<Vec<RemoteFolder>, ConnectorError> {
        let extended = self.can("LIST-EXTENDED");
        let xlist = self.can("XLIST") && !self.can("SPECIAL-USE");
        let mut wanted = Vec::new();
        if extended {
            wanted.push("SUBSCRIBED".to_owned());
        }
        if extended && self.can("SPECIAL-USE") {
            wanted.push("SPECIAL-USE".to_owned());
        }
        if self.can("LIST-STATUS") {
            wanted.push(format!("STATUS ({})", self.status_keys()));
        }
        let pattern = wire::quoted(&format!("{}*", self.root.as_deref().unwrap_or_default()));
        let list = if xlist {
            format!("XLIST \"\" {pattern}")
        } else if wanted.is_empty() {
            format!("LIST \"\" {pattern}")
        } else {
            format!("LIST \"\" {pattern} RETURN ({})", wanted.join(" "))
        };
        let mut commands = vec![(list, Doing::Other)];
        if !extended || xlist {
            commands.push((format!("LSUB \"\" {pattern}"), Doing::Other));
        }
        let replies = self.commands(&commands, |_, _| {}).await?;
        for reply in replies.each {
            reply?;
        }
        Ok(self.folders_of(&replies.diverted))
    }

    fn wire_name(&self, path: &FolderPath) -> String {
        wire::wire_name(path, &self.naming, self.root.as_deref())
    }

    fn folders_of(&self, diverted: &[Vec<u8>]) -> Vec<RemoteFolder> {
        let subscribed: HashSet<String> =
            diverted.iter().filter_map(|response| wire::listed(response, "LSUB")).map(|listed| listed.name).collect();
        let statuses: HashMap<String, FolderStatus> =
            diverted.iter().filter_map(|response| wire::folder_status(response)).collect();
        let keyword = |response| wire::listed(response, "LIST").or_else(|| wire::listed(response, "XLIST"));
        let listed = diverted.iter().filter_map(|response| keyword(response));
        let listed = listed.filter_map(|listed| listed.folder(&self.naming, self.root.as_deref()));
        wire::each_at_a_place_of_its_own(listed)
            .into_iter()
            .map(|folder| RemoteFolder {
                subscribed: folder.subscribed || subscribed.contains(&folder.wire_name),
                status: statuses.get(&folder.wire_name).copied(),
                ..folder
            })
            .collect()
    }

    /// STATUS (RFC 9051 section 6.3.11) of folders, all asked for at once.
    async fn ask_statuses(&mut self, wire_names: &[String]) -> Result<Vec<Option<FolderStatus>>, ConnectorError> {
        let keys = self.status_keys();
        let ask = |name: &String| (format!("STATUS {} ({keys})", wire::quoted(name)), Doing::OpenFolder);
        let commands: Vec<_> = wire_names.iter().map(ask).collect();
        let replies = self.commands(&commands, |_, _| {}).await?;
        let told: HashMap<String, FolderStatus> =
            replies.diverted.iter().filter_map(|response| wire::folder_status(response)).collect();
        Ok(wire_names.iter().map(|name| told.get(name).copied()).collect())
    }

    /// Opens and lists folders, those that are small without waiting in between.
    async fn list_all(&mut self, requests: &[ListRequest]) -> EachFolder<Listing> {
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

    /// CREATE, SUBSCRIBE and SELECT (RFC 9051 sections 6.3.2, 6.3.4 and 6.3.7) for all folders without waiting in
    /// between.
    async fn prepare_all(&mut self, wanted: &[Wanted]) -> EachFolder<Prepared> {
        let names: Vec<String> = wanted
            .iter()
            .map(|folder| folder.wire_name.clone().unwrap_or_else(|| self.wire_name(&folder.path)))
            .collect();
        let asks_limits = self.can("APPENDLIMIT");
        let mut commands = Vec::new();
        for (folder, name) in wanted.iter().zip(&names) {
            let quoted = wire::quoted(name);
            if creates(folder) {
                commands.push((format!("CREATE {quoted}"), Doing::CreateFolder));
            }
            if folder.subscribe {
                commands.push((format!("SUBSCRIBE {quoted}"), Doing::CreateFolder));
            }
            if asks_limits {
                // Where each folder has its own, the capability has no number.
                commands.push((format!("STATUS {quoted} (APPENDLIMIT)"), Doing::OpenFolder));
            }
            // Only so does a server tell which flags it keeps (PERMANENTFLAGS).
            commands.push((format!("SELECT {quoted}"), Doing::OpenFolder));
        }
        self.open = None;
        let replies = self.commands(&commands, |_, _| {}).await?;
        let limits: HashMap<String, u64> = replies.diverted.iter().filter_map(|told| append_limit(told)).collect();
        let mut answers = replies.each.into_iter();
        let mut prepared = Vec::with_capacity(wanted.len());
        for (folder, wire_name) in wanted.iter().zip(names) {
            let created = if creates(folder) { answers.next() } else { None };
            let subscribed = if folder.subscribe { answers.next() } else { None };
            if asks_limits {
                answers.next();
            }
            let max_message_bytes = limits.get(&wire_name).copied();
            prepared.push(match answers.next() {
                Some(Ok(reply)) => believable(self.opened(&wire_name, &reply), &self.name).map(|status| Prepared {
                    status,
                    wire_name,
                    max_message_bytes,
                    not_subscribed: subscribed.and_then(Result::err),
                }),
                // A server that only slows us down: the folder may be there, and making it was refused for that.
                Some(Err(error)) if error.decision != Decision::Skip => Err(error),
                // What a folder that could not be made lacks is a reason, not that it cannot be opened.
                Some(Err(error)) => Err(created.and_then(Result::err).unwrap_or(error)),
                None => Err(self.lost("reading", std::io::ErrorKind::UnexpectedEof.into())),
            });
        }
        Ok(prepared)
    }

    async fn list_items(&mut self, first: Uid, last: Uid) -> Result<Vec<ItemMeta>, ConnectorError> {
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

    async fn list_flags(&mut self, uids: &UidSet) -> Result<Vec<(Uid, Flags)>, ConnectorError> {
        let tag = self.send(&format!("UID FETCH {uids} (UID FLAGS)")).await?;
        // What changes meanwhile is told unasked: the last word counts.
        let mut flags = HashMap::new();
        self.finish(&tag, Doing::OpenFolder, self.patience.idle, |response| {
            flags.extend(flags_of(response).filter(|(uid, _)| uids.contains(*uid)));
        })
        .await?;
        Ok(flags.into_iter().collect())
    }

    async fn list_subjects(&mut self, uids: &UidSet) -> Result<Vec<(Uid, String)>, ConnectorError> {
        let tag = self.send(&format!("UID FETCH {uids} (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])")).await?;
        let mut subjects = Vec::new();
        self.finish(&tag, Doing::OpenFolder, self.patience.idle, |response| {
            subjects.extend(subject_of(response).filter(|(uid, _)| uids.contains(*uid)));
        })
        .await?;
        Ok(subjects)
    }

    /// FETCH with CHANGEDSINCE (RFC 7162 section 3.1.4) in the open folder.
    async fn list_flags_since(&mut self, modseq: u64) -> Result<Vec<(Uid, Flags)>, ConnectorError> {
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
    async fn list_numbers(&mut self, status: &FolderStatus) -> Result<Vec<(Uid, u64)>, ConnectorError> {
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
    async fn store_flags(&mut self, changes: &[FlagChange]) -> Result<(), ConnectorError> {
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

    async fn measure_folder(&mut self, wire_name: &str) -> Result<(u64, u64), ConnectorError> {
        let keys = if self.can("STATUS=SIZE") { "MESSAGES SIZE" } else { "MESSAGES" };
        let reply = self.command(&format!("STATUS {} ({keys})", wire::quoted(wire_name)), Doing::OpenFolder).await?;
        let number = |key| reply.diverted.iter().find_map(|response| wire::status_number(response, key));
        match (number("MESSAGES"), number("SIZE")) {
            (Some(0), _) => Ok((0, 0)),
            (Some(messages), Some(size_bytes)) => Ok((messages, size_bytes)),
            _ => self.add_up_sizes(wire_name).await,
        }
    }

    /// STATUS of all folders at once where the server adds up sizes itself (STATUS=SIZE, RFC 8438).
    async fn measure_folders(&mut self, wire_names: &[String]) -> EachFolder<(u64, u64)> {
        let ask = |name: &String| (format!("STATUS {} (MESSAGES SIZE)", wire::quoted(name)), Doing::OpenFolder);
        let commands: Vec<_> = if self.can("STATUS=SIZE") { wire_names.iter().map(ask).collect() } else { Vec::new() };
        let replies = self.commands(&commands, |_, _| {}).await?;
        let told: HashMap<String, (u64, u64)> = replies.diverted.iter().filter_map(|told| measured(told)).collect();
        let mut all = Vec::with_capacity(wire_names.len());
        for name in wire_names {
            all.push(match told.get(name) {
                Some(measured) => Ok(*measured),
                None => match self.measure_folder(name).await {
                    Err(error) if error.decision != Decision::Skip => return Err(error),
                    other => other,
                },
            });
        }
        Ok(all)
    }

    async fn add_up_sizes(&mut self, wire_name: &str) -> Result<(u64, u64), ConnectorError> {
        let status = self.open_folder("EXAMINE", wire_name).await?;
        let (mut messages, mut size_bytes) = (0, 0);
        let mut first = 1;
        while first <= status.messages {
            let last = first.saturating_add(MEASURE_PAGE - 1).min(status.messages);
            let tag = self.send(&format!("FETCH {first}:{last} (RFC822.SIZE)")).await?;
            self.finish(&tag, Doing::OpenFolder, self.patience.idle, |response| {
                if let Some(size) = size_of(response) {
                    messages += 1;
                    size_bytes += size;
                }
            })
            .await?;
            first = last.saturating_add(1);
        }
        Ok((messages, size_bytes))
    }

    /// GETQUOTAROOT (RFC 9208 section 4.1.2): the tightest STORAGE limit over INBOX.
    async fn storage(&mut self) -> Result<Option<Quota>, ConnectorError> {
        if !self.can("QUOTA") {
            return Ok(None);
        }
        let inbox = wire::quoted(self.root.as_deref().unwrap_or("INBOX"));
        let reply = match self.command(&format!("GETQUOTAROOT {inbox}"), Doing::OpenFolder).await {
            Ok(reply) => reply,
            // The server has quotas but does not tell ours.
            Err(error) if error.decision == Decision::Skip => return Ok(None),
            Err(error) => return Err(error),
        };
        let quotas = reply.diverted.iter().filter_map(|response| wire::storage_quota(response));
        let tightest = quotas.min_by_key(|(used, most)| most.saturating_sub(*used));
        Ok(tightest.map(|(used, most)| Quota { used_bytes: used * 1024, limit_bytes: most * 1024 }))
    }
}

/// True if the folder can be listed by one command: it is small, or only what is new in it is asked for.
fn is_small(request: &ListRequest) -> bool {
    request.messages.is_some_and(|messages| u64::from(messages) <= PAGE)
}

fn creates(folder: &Wanted) -> bool {
    folder.create && !folder.path.is_inbox()
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

/// Name, messages and bytes of a STATUS response.
fn measured(response: &[u8]) -> Option<(String, (u64, u64))> {
    let name = wire::status_name(response)?;
    Some((name, (wire::status_number(response, "MESSAGES")?, wire::status_number(response, "SIZE")?)))
}

/// Name and APPENDLIMIT of a STATUS response (RFC 7889 section 4).
fn append_limit(response: &[u8]) -> Option<(String, u64)> {
    Some((wire::status_name(response)?, wire::status_number(response, "APPENDLIMIT")?))
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

fn size_of(response: &Response<'_>) -> Option<u64> {
    let Response::Fetch(_, attributes) = response else { return None };
    attributes.iter().find_map(|attribute| match attribute {
        AttributeValue::Rfc822Size(size) => Some(u64::from(*size)),
        _ => None,
    })
}

macro_rules! account {
    ($side:ident, $open:literal) => {
        impl Account for $side {
            fn naming(&self) -> &NamingStyle {
                &self.0.naming
            }

            async fn folders(&mut self) -> Result<Vec<RemoteFolder>, ConnectorError> {
                self.0.list_folders().await
            }

            async fn open(&mut self, wire_name: &str) -> Result<FolderStatus, ConnectorError> {
                self.0.open_folder($open, wire_name).await
            }

            async fn statuses(&mut self, wire_names: &[String]) -> Result<Vec<Option<FolderStatus>>, ConnectorError> {
                self.0.ask_statuses(wire_names).await
            }

            async fn list_folders(&mut self, requests: &[ListRequest]) -> EachFolder<Listing> {
                self.0.list_all(requests).await
            }

            async fn list(&mut self, first: Uid, last: Uid) -> Result<Vec<ItemMeta>, ConnectorError> {
                self.0.list_items(first, last).await
            }

            async fn flags(&mut self, wire_name: &str, uids: &UidSet) -> Result<Vec<(Uid, Flags)>, ConnectorError> {
                // It may be open already, but for reading only.
                self.0.open_folder($open, wire_name).await?;
                self.0.list_flags(uids).await
            }

            async fn subjects(&mut self, wire_name: &str, uids: &UidSet) -> Result<Vec<(Uid, String)>, ConnectorError> {
                self.0.open_folder($open, wire_name).await?;
                self.0.list_subjects(uids).await
            }

            async fn header_dates(
                &mut self,
                wire_name: &str,
                uids: &UidSet,
            ) -> Result<Vec<(Uid, DateTime<FixedOffset>)>, ConnectorError> {
                self.0.open_folder($open, wire_name).await?;
                self.0.header_dates(uids).await
            }

            fn watch_flags(&mut self) {
                self.0.watches_flags = true;
            }

            async fn flags_since(
                &mut self,
                wire_name: &str,
                modseq: u64,
            ) -> Result<Option<Vec<(Uid, Flags)>>, ConnectorError> {
                if !self.0.can("CONDSTORE") {
                    return Ok(None);
                }
                self.0.open_folder($open, wire_name).await?;
                self.0.list_flags_since(modseq).await.map(Some)
            }

            fn has_labels(&self) -> bool {
                self.0.can("X-GM-EXT-1")
            }

            async fn numbers(&mut self, wire_name: &str) -> Result<Vec<(Uid, u64)>, ConnectorError> {
                let status = self.0.open_folder($open, wire_name).await?;
                self.0.list_numbers(&status).await
            }

            async fn fetch(
                &mut self,
                request: FetchRequest,
                sink: mpsc::Sender<Fetched>,
            ) -> Result<(), ConnectorError> {
                fetch::fetch(&mut self.0, &request, &sink).await
            }

            async fn measure(&mut self, wire_name: &str) -> Result<(u64, u64), ConnectorError> {
                self.0.measure_folder(wire_name).await
            }

            async fn measure_all(&mut self, wire_names: &[String]) -> EachFolder<(u64, u64)> {
                self.0.measure_folders(wire_names).await
            }

            async fn quota(&mut self) -> Result<Option<Quota>, ConnectorError> {
                self.0.storage().await
            }

            async fn close(self) {
                auth::log_out(self.0).await;
            }
        }
    };
}

// EXAMINE: a source is never changed, not even its \Recent flags.
account!(ImapSource, "EXAMINE");
// SELECT: only so does a server tell which flags it keeps (PERMANENTFLAGS).
account!(ImapDestination, "SELECT");

impl Source for ImapSource {}

impl Destination for ImapDestination {
    fn limits(&self) -> DestinationLimits {
        DestinationLimits { max_message_bytes: self.0.capability_number("APPENDLIMIT="), max_batch_items: BATCH_ITEMS }
    }

    async fn prepare(&mut self, wanted: &[Wanted]) -> EachFolder<Prepared> {
        self.0.prepare_all(wanted).await
    }

    async fn submit(&mut self, wire_name: &str, batch: Vec<NewItem>) -> Result<(), ConnectorError> {
        append::submit(&mut self.0, &mut self.1, wire_name, batch).await
    }

    async fn answered(&mut self) {
        append::answered(&mut self.0, &mut self.1).await;
    }

    async fn answer(&mut self) -> Option<Answered> {
        append::answer(&mut self.0, &mut self.1).await
    }

    async fn look_up(
        &mut self,
        wire_name: &str,
        uids: &UidSet,
    ) -> Result<(FolderStatus, Vec<ItemMeta>), ConnectorError> {
        self.0.look_up(wire_name, uids).await
    }

    fn keeps(&self, wire_name: &str, flags: &Flags) -> Flags {
        append::permitted(&self.0, wire_name, flags).0
    }

    async fn change_flags(&mut self, changes: &[FlagChange]) -> Result<(), ConnectorError> {
        self.0.store_flags(changes).await
    }

    async fn identify(&mut self, items: &[(Uid, u64)]) -> Result<Vec<(Uid, ContentKey)>, ConnectorError> {
        fetch::identify(&mut self.0, items).await
    }
}
