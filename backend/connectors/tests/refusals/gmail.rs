//! Gmail, at both ends of a copy. What the product says of labels is in the README.

use std::sync::Arc;

use mailferry_connectors::{
    imap::{ImapDestination, ImapLogin, ImapReader, ImapSource},
    memory::{MemoryAccount, MemoryConnector, MemoryDestination, MemorySource},
    net::Network,
};
use mailferry_domain::{folder::FolderPath, names::NameRules, special_use::SpecialUse};
use mailferry_engine::{
    port::{Account, Connector, ConnectorError, NoFault},
    run::RunReport,
    survey::survey,
    verify::VerifyEnd,
};
use mailferry_shared::{finding::FindingCode, run::RunState};
use mailferry_store::LedgerReport;

use crate::{
    fake::{Fake, Mailbox, OLD_GMAIL, network},
    world::{World, ended, notes, path},
};

/// Gmail is read.
pub(crate) struct FromGmail {
    pub(crate) network: Network,
    pub(crate) login: ImapLogin,
    pub(crate) to: MemoryConnector,
}

impl Connector for FromGmail {
    type Source = ImapSource;
    type Destination = MemoryDestination;

    async fn source(&self) -> Result<ImapSource, ConnectorError> {
        ImapSource::open(&self.network, &self.login).await
    }

    async fn destination(&self) -> Result<MemoryDestination, ConnectorError> {
        self.to.destination().await
    }
}

/// Gmail is written.
pub(crate) struct ToGmail {
    pub(crate) network: Network,
    pub(crate) login: ImapLogin,
    pub(crate) from: MemoryConnector,
}

impl Connector for ToGmail {
    type Source = MemorySource;
    type Destination = ImapDestination;

    async fn source(&self) -> Result<MemorySource, ConnectorError> {
        self.from.source().await
    }

    async fn destination(&self) -> Result<ImapDestination, ConnectorError> {
        ImapDestination::open(&self.network, &self.login).await
    }
}

/// A mailbox as Gmail's users have them.
fn labelled() -> Mailbox {
    let mut mailbox = Mailbox::new();
    mailbox.add(&["INBOX"], "", "in the inbox");
    mailbox.add(&["INBOX", "Work", "Work/Projects"], "\\Seen", "three labels");
    mailbox.add(&[], "\\Seen", "archived");
    mailbox.add(&["[Gmail]/Important"], "\\Flagged", "archived, starred, important");
    mailbox.add(&["[Gmail]/Sent Mail"], "\\Seen", "sent");
    mailbox.add(&["[Gmail]/Chats"], "", "a chat");
    mailbox.add(&["Left out"], "", "left out");
    mailbox
}

async fn copy(world: &World, fake: &Fake) -> (RunReport, LedgerReport) {
    let connector = FromGmail { network: network(), login: fake.login(), to: world.connector.clone() };
    world.run_over(Arc::new(connector), Arc::new(NoFault)).await
}

fn all_there(account: &MemoryAccount) -> Vec<(String, Vec<String>)> {
    let texts = |path: &FolderPath| {
        let messages = account.messages(path).into_iter();
        messages.map(|message| String::from_utf8_lossy(&message.bytes).into_owned()).collect()
    };
    account.folders().into_iter().map(|(path, _)| (path.to_string(), texts(&path))).collect()
}

fn expected(sent: &str, unfiled: &str) -> Vec<(String, Vec<String>)> {
    let folders = [
        (unfiled, vec!["archived", "archived, starred, important"]),
        ("INBOX", vec!["in the inbox", "three labels"]),
        (sent, vec!["sent"]),
        ("Work", vec!["three labels"]),
        ("Work/Projects", vec!["three labels"]),
    ];
    let mut folders: Vec<(String, Vec<String>)> = folders
        .into_iter()
        .map(|(name, texts)| (name.to_owned(), texts.into_iter().map(str::to_owned).collect()))
        .collect();
    folders.sort();
    folders
}

fn without_empty(mut folders: Vec<(String, Vec<String>)>) -> Vec<(String, Vec<String>)> {
    folders.retain(|(_, texts)| !texts.is_empty());
    folders.sort();
    folders
}

#[tokio::test]
async fn every_label_is_copied_views_and_chats_are_not_and_what_is_unfiled_comes_last() {
    let fake = Fake::start(labelled()).await;
    let mut world = World::new();
    world.options.mapping.leave_out = vec![path("Left out")];
    let (report, _) = copy(&world, &fake).await;
    ended(&report, RunState::Succeeded);
    let there = without_empty(all_there(world.destination()));
    let expected = expected("Sent Mail", "All Mail");
    assert_eq!(there, expected);
    assert_eq!(report.folders.last().map(|folder| folder.destination.to_string()).as_deref(), Some("All Mail"));
    let left_out: Vec<String> = report.left_out.iter().map(|(path, _)| path.to_string()).collect();
    for folder in ["[Gmail]", "[Gmail]/Chats", "[Gmail]/Important", "[Gmail]/Starred", "Left out"] {
        assert!(left_out.iter().any(|left| left == folder), "{folder}: {left_out:?}");
    }
    let (again, _) = copy(&world, &fake).await;
    ended(&again, RunState::Succeeded);
    assert_eq!((again.counts.stored, again.counts.listed), (0, report.counts.listed), "nothing is copied twice");
    assert_eq!(without_empty(all_there(world.destination())), expected);
}

#[tokio::test]
async fn what_is_archived_later_comes_with_the_next_delta_and_what_gets_a_label_too() {
    let fake = Fake::start(labelled()).await;
    let world = World::new();
    ended(&copy(&world, &fake).await.0, RunState::Succeeded);
    fake.state().mailbox.add(&[], "", "archived later");
    fake.state().mailbox.add(&["Work"], "", "filed later");
    let (report, _) = copy(&world, &fake).await;
    ended(&report, RunState::Succeeded);
    assert_eq!(report.counts.stored, 2, "{:?}", report.counts);
    assert!(world.there("All Mail").contains(&"archived later".to_owned()));
    assert!(!world.there("All Mail").contains(&"filed later".to_owned()));
}

#[tokio::test]
async fn special_uses_of_the_destination_are_used_and_what_is_unfiled_goes_to_its_archive() {
    for capabilities in [None, Some(OLD_GMAIL)] {
        let fake = Fake::start(labelled()).await;
        if let Some(capabilities) = capabilities {
            capabilities.clone_into(&mut fake.state().capabilities);
        }
        let world = World::new();
        world.destination().add_folder(&path("Gesendet"), Some(SpecialUse::Sent), true);
        world.destination().add_folder(&path("Archiv"), Some(SpecialUse::Archive), true);
        ended(&copy(&world, &fake).await.0, RunState::Succeeded);
        assert_eq!(world.there("Gesendet"), ["sent"]);
        assert_eq!(world.there("Archiv"), ["archived", "archived, starred, important"]);
        assert_eq!(world.there("INBOX"), ["in the inbox", "three labels"]);
        assert_eq!(fake.heard("XLIST") > 0, capabilities.is_some(), "XLIST only where there are no special uses");
        assert!(!world.folders_there().iter().any(|name| name.contains("Posteingang") || name.contains("[Gmail]")));
    }
}

#[tokio::test]
async fn the_survey_counts_what_will_be_copied() {
    let fake = Fake::start(labelled()).await;
    let mut account = ImapSource::open(&network(), &fake.login()).await.expect("logs in");
    let survey = survey(&mut account).await.expect("counts").survey;
    account.close().await;
    // Two in the inbox, three for Work and its child, one sent, one chat, one left out, two unfiled.
    assert_eq!(survey.messages, 2 + 2 + 1 + 1 + 1 + 2);
}

fn reader(fake: &Fake) -> ImapReader {
    ImapReader { network: network(), login: fake.login() }
}

pub(crate) fn to_gmail(world: &World, fake: &Fake) -> Arc<ToGmail> {
    Arc::new(ToGmail { network: network(), login: fake.login(), from: world.connector.clone() })
}

#[tokio::test]
async fn gmail_keeps_one_message_for_two_alike_and_a_copy_counts_both() {
    let fake = Fake::start(Mailbox::new()).await;
    let world = World::new();
    for folder in ["INBOX", "INBOX", "Work"] {
        world.add(folder, 1, "the same in all places");
    }
    world.add("INBOX", 2, "another one");
    let connector = to_gmail(&world, &fake);
    let (report, protocol) = world.run_over(connector.clone(), Arc::new(NoFault)).await;
    ended(&report, RunState::Succeeded);
    assert_eq!((report.counts.stored, report.counts.present, report.counts.duplicates), (3, 1, 1));
    assert_eq!(protocol.items.len(), 1, "the second copy is listed as a duplicate");
    for _ in 0..2 {
        let texts = |folder| fake.state().mailbox.texts(folder);
        assert_eq!(texts("INBOX"), ["the same in all places", "another one"]);
        assert_eq!(texts("Work"), ["the same in all places"]);
        assert_eq!(fake.state().mailbox.messages.len(), 2, "a label more, not a message more");
        let (again, _) = world.run_over(connector.clone(), Arc::new(NoFault)).await;
        ended(&again, RunState::Succeeded);
        assert_eq!((again.counts.stored, again.counts.present), (0, 4));
    }
    // The one message stands for both copies, as Gmail has told.
    let verified = world.verify(reader(&fake)).await;
    assert!(matches!(verified.end, VerifyEnd::Done), "{:?}", verified.end);
    assert_eq!((verified.counts.expected, verified.counts.identical), (4, 4), "{:?}", verified.items);
    // With an empty ledger what is there is found, and the second copy merges once more.
    let mut fresh = World::new();
    fresh.connector = world.connector.clone();
    let (report, _) = fresh.run_over(connector, Arc::new(NoFault)).await;
    ended(&report, RunState::Succeeded);
    assert_eq!((report.counts.stored, report.counts.present), (0, 4));
    assert_eq!(fake.state().mailbox.messages.len(), 2);
    // Once it is gone it is missed for both.
    fake.state().mailbox.unlabel("INBOX", "the same in all places");
    let missed = world.verify(reader(&fake)).await.counts;
    assert_eq!((missed.identical, missed.absent), (2, 2));
}

#[tokio::test]
async fn names_that_gmail_refuses_are_substituted_with_and_without_knowing_its_rules() {
    let gmail = NameRules { refused: "^".to_owned(), tidy_spaces: true, reserved: Vec::new() };
    for names in [NameRules::default(), gmail] {
        let fake = Fake::start(Mailbox::new()).await;
        let mut world = World::new();
        world.options.mapping.names = names.clone();
        world.add("Kunden ^ neu", 1, "one");
        world.add("two  spaces/ ends ", 2, "two");
        let (report, protocol) = world.run_over(to_gmail(&world, &fake), Arc::new(NoFault)).await;
        ended(&report, RunState::Succeeded);
        assert_eq!(fake.state().mailbox.texts("Kunden _ neu"), ["one"]);
        assert_eq!(fake.state().mailbox.texts("two spaces/ends"), ["two"]);
        let renamed = notes(&protocol).iter().filter(|(code, _)| *code == FindingCode::FolderRenamed).count();
        assert!(renamed >= 2, "{:?}", protocol.notes);
        let refused =
            fake.state().heard.iter().filter(|command| command.starts_with("CREATE") && command.contains('^')).count();
        assert_eq!(refused > 0, names == NameRules::default(), "who knows the rules is not refused");
    }
}

#[tokio::test]
async fn a_message_over_gmails_limit_is_skipped_before_it_is_read() {
    let fake = Fake::start(Mailbox::new()).await;
    fake.state().capabilities.push_str(" APPENDLIMIT=50");
    let told = fake.state().capabilities.replace(" APPENDLIMIT=35651584", "");
    fake.state().capabilities = told;
    let world = World::new();
    world.add("INBOX", 1, &"large".repeat(20));
    world.add("INBOX", 2, "small");
    let (report, protocol) = world.run_over(to_gmail(&world, &fake), Arc::new(NoFault)).await;
    ended(&report, RunState::Succeeded);
    assert_eq!((report.counts.stored, report.counts.skipped), (1, 1));
    let item = &protocol.items[0];
    assert_eq!((item.code, item.size_bytes), (Some(FindingCode::MessageTooLarge), 100));
    let limit = protocol.notes.iter().find(|note| note.code == FindingCode::MessageTooLarge);
    let detail = limit.and_then(|note| note.detail.as_ref());
    assert_eq!(detail.and_then(|detail| detail.limit_bytes), Some(50), "both sizes are told");
}

/// RFC 7889: without a number, the capability says that each folder may have a limit of its own.
#[tokio::test]
async fn a_message_over_its_folders_own_limit_is_skipped_before_it_is_read() {
    let fake = Fake::start(Mailbox::new()).await;
    let told = fake.state().capabilities.replace("APPENDLIMIT=35651584", "APPENDLIMIT");
    fake.state().capabilities = told;
    fake.state().folder_limits = [("Work", 50)].into();
    let world = World::new();
    for folder in ["INBOX", "Work"] {
        world.add(folder, 1, &"large".repeat(20));
        world.add(folder, 2, "small");
    }
    let (report, protocol) = world.run_over(to_gmail(&world, &fake), Arc::new(NoFault)).await;
    ended(&report, RunState::Succeeded);
    assert_eq!((report.counts.stored, report.counts.skipped), (3, 1));
    let skipped: Vec<_> =
        protocol.items.iter().map(|item| (item.folder.as_str(), item.code, item.size_bytes)).collect();
    assert_eq!(skipped, [("Work", Some(FindingCode::MessageTooLarge), 100)]);
    let limit = protocol.notes.iter().find(|note| note.code == FindingCode::MessageTooLarge);
    let detail = limit.and_then(|note| note.detail.as_ref());
    assert_eq!(detail.and_then(|detail| detail.limit_bytes), Some(50), "both sizes are told");
}
