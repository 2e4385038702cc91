//! What the ledger says of where messages lie at the destination, held against the server.

use std::collections::{BTreeMap, BTreeSet};

use mailferry_domain::{
    item::ContentHash,
    manifest::{FORMAT, ManifestEntry, ManifestHead, VERSION},
    utf7,
};
use mailferry_engine::{manifest::Manifest, port::Body};
use mailferry_lab::{Client, Login, imap::Response};
use mailferry_shared::ids::RunId;
use uuid::Uuid;

use crate::point::Point;

/// A message as it lies in a folder.
pub(crate) struct There {
    pub(crate) hash: ContentHash,
    pub(crate) flags: BTreeSet<String>,
}

/// What lies in a folder, by UID; nothing, if it has another UIDVALIDITY.
pub(crate) fn there(login: &Login, folder: &str, uid_validity: Option<u32>) -> BTreeMap<u32, There> {
    let mut client = Client::login(login).expect("logs in");
    let prefix = client.prefix().expect("a prefix");
    let separator = client.list().expect("lists").iter().find_map(|listed| listed.separator).unwrap_or('/');
    let name = folder.replace('/', &separator.to_string());
    let name = if name == "INBOX" { name } else { format!("{prefix}{name}") };
    let name = utf7::encode(&name).replace('\\', "\\\\").replace('"', "\\\"");
    let opened = client.command(format!("EXAMINE \"{name}\"").as_bytes()).expect("opens");
    let mut told = opened.iter().map(|response| String::from_utf8_lossy(&response.text()).into_owned());
    if uid_validity.is_some_and(|wanted| !told.any(|line| line.contains(&format!("[UIDVALIDITY {wanted}]")))) {
        return BTreeMap::new();
    }
    let responses = client.command(b"UID FETCH 1:* (UID FLAGS BODY.PEEK[])").unwrap_or_default();
    let message = |response: Response| {
        let text = String::from_utf8_lossy(&response.text()).into_owned();
        let uid = text.split_once("UID ")?.1.split([' ', ')']).next()?.parse().ok()?;
        let flags = text.split_once("FLAGS (")?.1.split_once(')')?.0.split_whitespace();
        // \Recent goes by itself.
        let flags = flags.filter(|flag| *flag != "\\Recent").map(str::to_owned).collect();
        let body = Body::from_bytes(response.literals.into_iter().next()?.into());
        Some((uid, There { hash: body.key().hash, flags }))
    };
    responses.into_iter().filter_map(message).collect()
}

/// Every message of the ledger that should be at the destination.
pub(crate) async fn ledger(point: &Point<'_>) -> Vec<ManifestEntry> {
    let file = point.open_ledger().await;
    let ledger = file.run_ledger(RunId(Uuid::from_u128(99))).await.expect("the run's ledger");
    let head = ManifestHead { format: FORMAT.to_owned(), version: VERSION, ..ManifestHead::default() };
    let mut manifest = tempfile::tempfile().expect("a file");
    ledger.write_manifest(head, &mut manifest).await.expect("a manifest");
    file.close().await;
    let manifest = Manifest::open(manifest).expect("reads");
    let of_folder = |folder| {
        let mut entries = manifest.entries(folder);
        std::iter::from_fn(move || entries.next(1).expect("reads").pop())
    };
    (0..manifest.folders.len()).flat_map(of_folder).collect()
}

/// The messages that do not lie where the ledger says.
pub(crate) async fn false_ones(point: &Point<'_>) -> Vec<String> {
    let mut folders: BTreeMap<(String, u32), Vec<ManifestEntry>> = BTreeMap::new();
    for entry in ledger(point).await.into_iter().filter(|entry| entry.destination.uid.is_some()) {
        folders.entry((entry.destination.folder.clone(), entry.destination.uid_validity)).or_default().push(entry);
    }
    let login = point.ground.destination.login(&point.user);
    let mut wrong = Vec::new();
    for ((folder, uid_validity), entries) in folders {
        let there = tokio::task::block_in_place(|| there(&login, &folder, Some(uid_validity)));
        let lies = |entry: &&ManifestEntry| {
            let at_uid = entry.destination.uid.and_then(|uid| there.get(&uid));
            !there.is_empty() && at_uid.map(|message| message.hash) != entry.key().map(|key| key.hash)
        };
        wrong.extend(entries.iter().filter(lies).map(|entry| format!("not where the ledger says: {entry:?}")));
    }
    wrong
}
