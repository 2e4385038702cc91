//! Folders of an account: listed, made, measured.

use std::collections::{HashMap, HashSet};

use async_imap::imap_proto::{AttributeValue, Response};
use mailferry_domain::folder::{FolderPath, FolderStatus, RemoteFolder};
use mailferry_engine::port::{ConnectorError, Decision, EachFolder, Prepared, Quota, Wanted};

use crate::imap::{bounds::believable, refusal::Doing, session::Session, wire};

const STATUS_KEYS: &str = "MESSAGES UIDNEXT UIDVALIDITY";
/// Messages that one FETCH of sizes asks for, when a folder is measured without STATUS=SIZE.
const MEASURE_PAGE: u32 = 10_000;

impl Session {
    /// What STATUS is asked for. HIGHESTMODSEQ (RFC 7162) only where somebody wants it: asking makes some servers begin
    /// to keep it.
    fn status_keys(&self) -> String {
        let modseq = if self.watches_flags && self.can("CONDSTORE") { " HIGHESTMODSEQ" } else { "" };
        format!("{STATUS_KEYS}{modseq}")
    }

    /// Everything in one command where the server can (RFC 5258, RFC 5819, RFC 6154); LIST and LSUB (RFC 3501 sections
    /// 6.3.8 and 6.3.9) otherwise. XLIST is what Gmail had before there were special uses.
    pub(super) async fn list_folders(&mut self) -> Result<Vec<RemoteFolder>, ConnectorError> {
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
    pub(super) async fn ask_statuses(
        &mut self,
        wire_names: &[String],
    ) -> Result<Vec<Option<FolderStatus>>, ConnectorError> {
        let keys = self.status_keys();
        let ask = |name: &String| (format!("STATUS {} ({keys})", wire::quoted(name)), Doing::OpenFolder);
        let commands: Vec<_> = wire_names.iter().map(ask).collect();
        let replies = self.commands(&commands, |_, _| {}).await?;
        let told: HashMap<String, FolderStatus> =
            replies.diverted.iter().filter_map(|response| wire::folder_status(response)).collect();
        Ok(wire_names.iter().map(|name| told.get(name).copied()).collect())
    }

    /// CREATE, SUBSCRIBE and SELECT (RFC 9051 sections 6.3.2, 6.3.4 and 6.3.7) for all folders without waiting in
    /// between.
    pub(super) async fn prepare_all(&mut self, wanted: &[Wanted]) -> EachFolder<Prepared> {
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

    pub(super) async fn measure_folder(&mut self, wire_name: &str) -> Result<(u64, u64), ConnectorError> {
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
    pub(super) async fn measure_folders(&mut self, wire_names: &[String]) -> EachFolder<(u64, u64)> {
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
    pub(super) async fn storage(&mut self) -> Result<Option<Quota>, ConnectorError> {
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

fn creates(folder: &Wanted) -> bool {
    folder.create && !folder.path.is_inbox()
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

fn size_of(response: &Response<'_>) -> Option<u64> {
    let Response::Fetch(_, attributes) = response else { return None };
    attributes.iter().find_map(|attribute| match attribute {
        AttributeValue::Rfc822Size(size) => Some(u64::from(*size)),
        _ => None,
    })
}
