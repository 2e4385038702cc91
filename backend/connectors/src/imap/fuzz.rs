//! What reads a server's bytes, for [`crate::fuzz`].

use std::io::Cursor;

use async_imap::imap_proto::Response;
use mailferry_domain::{folder::FolderPath, item::Flags, uid::Uid};
use mailferry_engine::port::{
    Account, Body, Care, ConnectorError, Destination, FetchRequest, FolderFetch, ListRequest, Listing, MemoryBudget,
    NewItem, Wanted,
};
use tokio::{runtime::Runtime, sync::mpsc};

use super::{
    account::{ImapDestination, ImapSource},
    append::Outbox,
    guard::{Guard, sift},
    session::Session,
    wire,
};
use crate::net::{Patience, Stream};

/// The guard, and the parser behind it. The first byte says how long the pieces are.
pub(crate) fn guard(data: &[u8]) {
    let Some((piece, bytes)) = data.split_first() else { return };
    let whole = sift(bytes, bytes.len().max(1));
    assert_eq!(whole, sift(bytes, usize::from(*piece).max(1)), "pieces do not matter");
    let Ok(sifted) = whole else { return };
    let mut rest = sifted.passed.as_slice();
    while let Ok((left, _)) = Response::parse(rest) {
        if left.len() == rest.len() {
            return;
        }
        rest = left;
    }
}

/// Our own readers of single responses.
pub(crate) fn lines(data: &[u8]) {
    drop(wire::values(data));
    let _ = (wire::listed(data, "LIST"), wire::listed(data, "LSUB"), wire::personal_namespace(data));
    let _ = (wire::folder_status(data), wire::status_name(data), wire::storage_quota(data));
    let _ = (wire::status_number(data, "SIZE"), std::str::from_utf8(data).map(wire::parse_date_time));
    if let Some(listed) = wire::listed(data, "LIST") {
        let style = mailferry_domain::folder::NamingStyle { separator: Some('/'), prefix: "INBOX/".to_owned() };
        drop(listed.folder(&style, None));
    }
}

/// A session that reads a mailbox, whatever the server says to it.
pub(crate) fn reading(data: &[u8]) {
    let _ = with_session(data, async |session| {
        let mut source = ImapSource(session);
        let folders = source.folders().await?;
        let names: Vec<String> = folders.iter().map(|folder| folder.wire_name.clone()).take(3).collect();
        source.statuses(&names).await?;
        source.quota().await?;
        let request =
            |name: &String| ListRequest { wire_name: name.clone(), first: Uid(1), messages: Some(3), soon: true };
        let requests: Vec<ListRequest> = names.iter().map(request).collect();
        let listings = source.list_folders(&requests).await?;
        let fetch = |(name, listing): (&String, Result<Listing, ConnectorError>)| {
            let listing = listing.ok()?;
            let items = listing.items.iter().map(|item| (item.uid, item.size_bytes % (3 << 20))).take(20).collect();
            Some(FolderFetch { wire_name: name.clone(), uid_validity: listing.status.uid_validity, items })
        };
        let folders = names.iter().zip(listings).filter_map(fetch).collect();
        let request = FetchRequest {
            folders,
            newest_first: data.len() % 2 == 1,
            budget: MemoryBudget::new(8 << 20),
            care: Care::Each,
        };
        let (sink, mut fetched) = mpsc::channel(64);
        let count = async { while fetched.recv().await.is_some() {} };
        futures::join!(source.fetch(request, sink), count).0?;
        source.measure_all(&names).await.map(drop)
    });
}

/// A session that fills a mailbox, whatever the server says to it.
pub(crate) fn writing(data: &[u8]) {
    let _ = with_session(data, async |session| {
        let mut destination = ImapDestination(session, Outbox::default());
        let wanted = |name: &str| Wanted {
            path: FolderPath::parse(name).unwrap_or_else(|_| FolderPath::inbox()),
            wire_name: None,
            create: true,
            subscribe: true,
        };
        let prepared = destination.prepare(&[wanted("INBOX"), wanted("a/b")]).await?;
        for folder in prepared.into_iter().flatten() {
            let item = |uid| NewItem {
                source_uid: Uid(uid),
                flags: Flags::new(["\\Seen", "$Label1"]),
                internal_date: None,
                body: Body::from_bytes(b"Subject: x\r\n\r\nx\r\n".as_slice().into()),
            };
            destination.submit(&folder.wire_name, vec![item(1), item(2)]).await?;
            destination.submit(&folder.wire_name, vec![item(3)]).await?;
        }
        while let Some(answered) = destination.answer().await {
            assert_eq!(answered.batch.len(), answered.fates.len(), "every message has a fate");
        }
        Ok(())
    });
}

/// Does `work` in a session with a server that says `words` and nothing else.
fn with_session(
    words: &[u8],
    work: impl AsyncFnOnce(Session) -> Result<(), ConnectorError>,
) -> Result<(), ConnectorError> {
    thread_local! {
        static RUNTIME: Option<Runtime> =
            tokio::runtime::Builder::new_current_thread().enable_time().build().ok();
    }
    let stream = Stream::new(tokio::io::join(Cursor::new(words.to_vec()), tokio::io::sink()));
    let mut session = Session::new(Guard::new(stream), "the server".to_owned(), Patience::default());
    RUNTIME.with(|runtime| {
        let Some(runtime) = runtime else { return Ok(()) };
        runtime.block_on(async {
            session.greeting().await?;
            session.ask_capabilities().await?;
            session.ask_naming().await?;
            work(session).await
        })
    })
}
