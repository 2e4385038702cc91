//! Looking at some messages: where they lie that were just stored, and what dates they have.

use chrono::{DateTime, FixedOffset};
use mailferry_domain::{
    folder::FolderStatus,
    header,
    item::ItemMeta,
    uid::{Uid, UidSet},
};
use mailferry_engine::port::ConnectorError;

use super::messages::{LIST_ITEMS, item_of, of_header};
use crate::imap::{bounds::believable, refusal::Doing, session::Session, wire};

/// Ranges of one command, which must not become too long a line.
const RANGES: usize = 200;

impl Session {
    /// Opens a folder and lists some of its messages, without waiting in between.
    pub(super) async fn look_up(
        &mut self,
        wire_name: &str,
        uids: &UidSet,
    ) -> Result<(FolderStatus, Vec<ItemMeta>), ConnectorError> {
        let ranges: Vec<(Uid, Uid)> = uids.ranges().collect();
        let mut commands = vec![(format!("SELECT {}", wire::quoted(wire_name)), Doing::OpenFolder)];
        for part in ranges.chunks(RANGES) {
            let mut set = UidSet::new();
            for (first, last) in part {
                set.insert_range(*first, *last);
            }
            commands.push((format!("UID FETCH {set} ({LIST_ITEMS})"), Doing::OpenFolder));
        }
        self.open = None;
        let mut items = Vec::new();
        let replies = self.commands(&commands, |_, response| items.extend(item_of(response))).await?;
        let mut replies = replies.each.into_iter();
        let Some(opened) = replies.next() else {
            return Err(self.lost("reading", std::io::ErrorKind::UnexpectedEof.into()));
        };
        let status = believable(self.opened(wire_name, &opened?), &self.name)?;
        for reply in replies {
            reply?;
        }
        items.retain(|item| uids.contains(item.uid));
        Ok((status, items))
    }

    /// Of the open folder.
    pub(super) async fn header_dates(
        &mut self,
        uids: &UidSet,
    ) -> Result<Vec<(Uid, DateTime<FixedOffset>)>, ConnectorError> {
        let tag = self.send(&format!("UID FETCH {uids} (UID BODY.PEEK[HEADER.FIELDS (RECEIVED DATE)])")).await?;
        let mut dates = Vec::new();
        self.finish(&tag, Doing::OpenFolder, self.patience.idle, |response| {
            dates.extend(of_header(response, header::date).filter(|(uid, _)| uids.contains(*uid)));
        })
        .await?;
        Ok(dates)
    }
}
