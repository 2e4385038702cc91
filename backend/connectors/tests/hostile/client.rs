//! Everything that a session can be asked for, one after the other.

use std::time::Duration;

use mailferry_connectors::{
    imap::{ImapDestination, ImapLogin, ImapSource},
    net::{AddressGuard, CertificateTrust, Network, Patience, Resolver},
};
use mailferry_domain::{folder::FolderPath, item::Flags, uid::Uid};
use mailferry_engine::port::{
    Account, Body, Care, ConnectorError, Destination, FetchRequest, Fetched, FolderFetch, ListRequest, Listing,
    MemoryBudget, NewItem, Wanted,
};
use mailferry_shared::endpoint::{Endpoint, TlsMode};
use tokio::sync::mpsc;

/// How long a server that falls silent is waited for.
const LITTLE: Duration = Duration::from_millis(300);

/// With a server that may fall silent.
pub(crate) fn impatient() -> Patience {
    Patience { idle: LITTLE, append: LITTLE, ..Patience::default() }
}

/// What a session brought to light.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) folders: Vec<String>,
    pub(crate) fetched: Vec<(u32, Vec<u8>)>,
    /// The most flags of one message, and whether it had more.
    pub(crate) flags: (usize, bool),
    pub(crate) error: Option<ConnectorError>,
}

pub(crate) fn login(port: u16) -> ImapLogin {
    ImapLogin {
        allow_plaintext: true,
        ..ImapLogin::of_owner(
            "the test's server",
            Endpoint::new("127.0.0.1".parse().expect("a host"), port, TlsMode::Plaintext),
            "anna",
            "secret",
        )
    }
}

pub(crate) fn network(patience: Patience) -> Network {
    Network::new(AddressGuard::open(), Resolver::System, &CertificateTrust::default())
        .expect("TLS")
        .with_patience(patience)
}

/// Logs in at a server that may take so long for all of it.
pub(crate) async fn log_in_within(port: u16, login_takes: Duration) -> Result<(), ConnectorError> {
    let network = network(Patience { login: login_takes, ..Patience::default() });
    ImapSource::open(&network, &login(port)).await.map(drop)
}

/// Reads everything that a server has.
pub(crate) async fn read_all(port: u16, patience: Patience) -> Seen {
    let mut seen = Seen::default();
    if let Err(error) = read(port, patience, &mut seen).await {
        seen.error = Some(error);
    }
    seen
}

async fn read(port: u16, patience: Patience, seen: &mut Seen) -> Result<(), ConnectorError> {
    let mut source = ImapSource::open(&network(patience), &login(port)).await?;
    let folders = source.folders().await?;
    seen.folders = folders.iter().map(|folder| folder.path.to_string()).collect();
    let names: Vec<String> = folders.iter().map(|folder| folder.wire_name.clone()).collect();
    source.statuses(&names).await?;
    source.quota().await?;
    let small = folders.iter().map(|folder| request(&folder.wire_name, folder.status.map(|status| status.messages)));
    let requests: Vec<ListRequest> = small.chain(names.iter().map(|name| request(name, None))).collect();
    let listings: Vec<(String, Listing)> = requests
        .iter()
        .zip(source.list_folders(&requests).await?)
        .filter_map(|(request, listing)| Some((request.wire_name.clone(), listing.ok()?)))
        .collect();
    // Once as listed, once as if all were spooled, once as if all came in slices.
    for large in [None, Some(3 << 20), Some(33 << 20)] {
        let (fetched, flags) = fetch(&mut source, &listings, large).await?;
        seen.fetched.extend(fetched);
        seen.flags = seen.flags.max(flags);
    }
    for name in &names {
        source.measure(name).await?;
    }
    source.close().await;
    Ok(())
}

fn request(wire_name: &str, messages: Option<u32>) -> ListRequest {
    ListRequest { wire_name: wire_name.to_owned(), first: Uid(1), messages, soon: true }
}

async fn fetch(
    source: &mut ImapSource,
    listings: &[(String, Listing)],
    size: Option<u64>,
) -> Result<(Vec<(u32, Vec<u8>)>, (usize, bool)), ConnectorError> {
    let folders = listings.iter().map(|(wire_name, listing)| FolderFetch {
        wire_name: wire_name.clone(),
        uid_validity: listing.status.uid_validity,
        items: listing.items.iter().map(|item| (item.uid, size.unwrap_or(item.size_bytes))).collect(),
    });
    let budget = MemoryBudget::new(2 << 20);
    let request = FetchRequest { folders: folders.collect(), newest_first: false, budget, care: Care::Each };
    let (sink, mut fetched) = mpsc::channel::<Fetched>(64);
    let collect = async {
        let (mut all, mut flags) = (Vec::new(), (0, false));
        while let Some(item) = fetched.recv().await {
            flags = flags.max((item.flags.iter().count(), item.flags_reduced));
            all.push((item.uid.0, item.body.head(1 << 20).expect("readable").to_vec()));
        }
        (all, flags)
    };
    let (read, all) = futures::join!(source.fetch(request, sink), collect);
    read.map(|()| all)
}

/// Opens a folder for reading.
pub(crate) async fn open_inbox(port: u16) -> Result<(), ConnectorError> {
    let mut source = ImapSource::open(&network(Patience::default()), &login(port)).await?;
    source.open("INBOX").await.map(drop)
}

/// Writes to a server; how many messages it is believed to have stored.
pub(crate) async fn write_all(port: u16, patience: Patience) -> Result<usize, ConnectorError> {
    let mut destination = ImapDestination::open(&network(patience), &login(port)).await?;
    let wanted = ["INBOX", "Süd/Neu"].map(|path| Wanted {
        path: FolderPath::parse(path).expect("a path"),
        wire_name: None,
        create: true,
        subscribe: true,
    });
    let mut stored = 0;
    for prepared in destination.prepare(&wanted).await? {
        let Ok(prepared) = prepared else { continue };
        for count in [1, 2] {
            let batch: Vec<NewItem> = (0..count).map(item).collect();
            destination.submit(&prepared.wire_name, batch).await?;
        }
        while let Some(answered) = destination.answer().await {
            let told = |fate: &&mailferry_engine::port::Fate| matches!(fate, mailferry_engine::port::Fate::Stored(_));
            stored += answered.fates.iter().filter(told).count();
            if let Some(error) = answered.lost {
                return Err(error);
            }
        }
        destination.open(&prepared.wire_name).await?;
        destination.identify(&[(Uid(1), 22), (Uid(2), 33 << 20)]).await?;
    }
    destination.close().await;
    Ok(stored)
}

fn item(uid: u32) -> NewItem {
    NewItem {
        source_uid: Uid(uid),
        flags: Flags::new(["\\Seen"]),
        internal_date: None,
        body: Body::from_bytes(b"Subject: x\r\n\r\nx\r\n".to_vec().into()),
    }
}
