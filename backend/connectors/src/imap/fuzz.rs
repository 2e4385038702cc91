//! What reads a server's bytes, for [`crate::fuzz`].

use std::io::Cursor;

use async_imap::imap_proto::Response;
use mailferry_domain::{
    folder::FolderPath,
    item::Flags,
    uid::{Uid, UidSet},
};
use mailferry_engine::port::{
    Account, Body, Care, ConnectorError, Destination, FetchRequest, FlagChange, FolderFetch, ListRequest, Listing,
    MemoryBudget, NewItem, Numbered, Wanted,
};
use mailferry_shared::{
    delegation::{CredentialKind, Delegation, DelegationForm},
    endpoint::{Endpoint, TlsMode},
};
use tokio::{runtime::Runtime, sync::mpsc};

use super::{
    account::{ImapDestination, ImapSource},
    append::Outbox,
    auth::authenticate,
    connector::ImapLogin,
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
            let items = listing.items.iter().map(|item| (item.uid, item.size_bytes % (36 << 20))).take(20).collect();
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

/// A session that asks for all the rest there is to ask for, whatever the server says to it.
pub(crate) fn asking(data: &[u8]) {
    let _ = with_session(data, async |session| {
        let mut account = ImapDestination(session, Outbox::default());
        account.watch_flags();
        let status = account.open("INBOX").await?;
        let inbox = Numbered { wire_name: "INBOX", uid_validity: status.uid_validity };
        let uids: UidSet = [Uid(1), Uid(2), Uid(7)].into_iter().collect();
        let flags = account.flags(inbox, &uids).await?;
        let since = account.flags_since(inbox, 1).await?.unwrap_or_default();
        let (subjects, dates) = (account.subjects(inbox, &uids).await?, account.header_dates(inbox, &uids).await?);
        let told = flags.iter().map(|(uid, _)| uid).chain(subjects.iter().map(|(uid, _)| uid));
        assert!(told.chain(dates.iter().map(|(uid, _)| uid)).all(|uid| uids.contains(*uid)), "no others");
        account.numbers("INBOX").await?;
        account.measure("INBOX").await?;
        let (_, items) = account.look_up("INBOX", &uids).await?;
        assert!(items.iter().all(|item| uids.contains(item.uid)), "no others");
        let changes = since.into_iter().map(|(uid, flags)| FlagChange {
            uids: [uid].into_iter().collect(),
            add: account.keeps("INBOX", &flags),
            remove: Flags::new(["$Label1"]),
        });
        let changes: Vec<FlagChange> = changes.take(5).collect();
        account.change_flags(&changes).await?;
        account.identify(&[(Uid(1), 10), (Uid(2), 33 << 20)]).await.map(drop)
    });
}

/// A session that logs in. The first byte says how.
pub(crate) fn login(data: &[u8]) {
    let Some((way, words)) = data.split_first() else { return };
    let Ok(host) = "localhost".parse() else { return };
    let form = DelegationForm::ALL.get(usize::from(way & 7)).copied();
    let login = ImapLogin {
        name: "the server".to_owned(),
        endpoint: Endpoint::new(host, 993, TlsMode::Implicit),
        user: "anna".to_owned(),
        // What no quoted string holds.
        password: if way & 8 == 0 { "secret" } else { "s\r\u{e9}cret" }.to_owned().into(),
        kind: if way & 16 == 0 { CredentialKind::Password } else { CredentialKind::OauthToken },
        act_for: form.map(|_| "ben".to_owned()),
        delegation: Delegation::of(form.unwrap_or_default()),
        allow_plaintext: false,
        pinned_certificate: None,
    };
    let _ = in_runtime(async || {
        let mut session = session_with(words);
        session.greeting().await?;
        let mut reply = authenticate(&mut session, &login).await?;
        session.learn_capabilities(&mut reply);
        session.ask_naming().await
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
    in_runtime(async || {
        let mut session = session_with(words);
        session.greeting().await?;
        session.ask_capabilities().await?;
        session.ask_naming().await?;
        work(session).await
    })
}

fn session_with(words: &[u8]) -> Session {
    let stream = Stream::new(tokio::io::join(Cursor::new(words.to_vec()), tokio::io::sink()));
    Session::new(Guard::new(stream), "the server".to_owned(), Patience::default())
}

fn in_runtime(work: impl AsyncFnOnce() -> Result<(), ConnectorError>) -> Result<(), ConnectorError> {
    thread_local! {
        static RUNTIME: Option<Runtime> =
            tokio::runtime::Builder::new_current_thread().enable_time().build().ok();
    }
    RUNTIME.with(|runtime| {
        let Some(runtime) = runtime else { return Ok(()) };
        runtime.block_on(work())
    })
}
