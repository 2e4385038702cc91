//! What a protocol notes beside its messages: each code, and what leads to it.

use std::sync::Arc;

use mailferry_connectors::{imap::ImapSource, memory::Mishap};
use mailferry_domain::item::Flags;
use mailferry_engine::{
    port::{Decision, NoFault},
    run::RunReport,
};
use mailferry_shared::{finding::FindingCode, run::RunState};
use mailferry_store::LedgerReport;

use crate::{
    fake::{Fake, Mailbox, Words, network},
    gmail::ToGmail,
    world::{World, date, ended, notes, path, told},
};

/// A server as most are, without labels.
const PLAIN: &str = "IMAP4rev1 AUTH=PLAIN SASL-IR UNSELECT NAMESPACE UIDPLUS LIST-EXTENDED LIST-STATUS SPECIAL-USE";

async fn copy_to(world: &World, fake: &Fake) -> (RunReport, LedgerReport) {
    let connector = ToGmail { network: network(), login: fake.login(), from: world.connector.clone() };
    world.run_over(Arc::new(connector), Arc::new(NoFault)).await
}

async fn plain_server() -> Fake {
    let fake = Fake::start(Mailbox::new()).await;
    PLAIN.clone_into(&mut fake.state().capabilities);
    fake
}

#[tokio::test]
async fn finding_date_missing_when_the_source_names_no_date_and_the_messages_own_is_used() {
    let world = World::new();
    let text = "Date: Sun, 05 Jan 2020 10:00:00 +0100\r\nSubject: x\r\n\r\nbody\r\n";
    world.source().add(&path("INBOX"), Flags::default(), None, text.as_bytes().to_vec());
    let (report, protocol) = world.run().await;
    ended(&report, RunState::Succeeded);
    assert_eq!(told(&protocol), [(FindingCode::DateMissing, "INBOX (UID 1)".to_owned())]);
    assert_eq!(world.destination().messages(&path("INBOX"))[0].internal_date, date(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn finding_subscription_refused_when_the_destination_does_not_take_it() {
    let (world, fake) = (World::new(), plain_server().await);
    world.add("Letters", 1, "Subject: x\r\n\r\nletter\r\n");
    world.source().add_folder(&path("Letters"), None, true);
    fake.say([Words { verb: "SUBSCRIBE", after: 0, times: 1, line: "NO [NOPERM] not here" }]);
    let (report, protocol) = copy_to(&world, &fake).await;
    ended(&report, RunState::Succeeded);
    assert_eq!(notes(&protocol), [(FindingCode::SubscriptionRefused, "Letters")]);
    assert_eq!(fake.state().mailbox.texts("Letters").len(), 1, "its mail has arrived all the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn finding_flags_reduced_when_the_destination_keeps_no_keywords() {
    let (world, fake) = (World::new(), plain_server().await);
    fake.state().keeps_keywords = false;
    let flags = Flags::new(["\\Seen", "$Label1"]);
    world.source().add(&path("INBOX"), flags, date(1), b"Subject: x\r\n\r\nbody\r\n".to_vec());
    let (report, protocol) = copy_to(&world, &fake).await;
    ended(&report, RunState::Succeeded);
    assert_eq!(notes(&protocol), [(FindingCode::FlagsReduced, "INBOX")]);
    assert_eq!(fake.state().mailbox.messages[0].flags, ["\\Seen"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_keyword_is_refused_arrives_as_it_is_without_it() {
    for (refused, left) in [("Odd", vec!["\\Seen".to_owned()]), ("\\Seen", vec![])] {
        let (world, fake) = (World::new(), plain_server().await);
        fake.state().refuses_flag = Some(refused);
        // As it is, though more could be repaired.
        let text = "Subject: x\n\nbody\n";
        world.source().add(&path("INBOX"), Flags::new(["\\Seen", "Odd"]), date(1), text.as_bytes().to_vec());
        let (report, protocol) = copy_to(&world, &fake).await;
        ended(&report, RunState::Succeeded);
        assert_eq!(notes(&protocol), [(FindingCode::FlagsReduced, "INBOX UID 1")]);
        let state = fake.state();
        assert_eq!(
            (state.mailbox.texts("INBOX"), &state.mailbox.messages[0].flags[..]),
            (vec![text.to_owned()], &left[..])
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn finding_oauth_needed_where_the_server_takes_no_passwords() {
    let fake = plain_server().await;
    "IMAP4rev1 LOGINDISABLED AUTH=XOAUTH2".clone_into(&mut fake.state().capabilities);
    let error = ImapSource::open(&network(), &fake.login()).await.expect_err("refused");
    assert_eq!((error.code, error.decision), (FindingCode::OauthNeeded, Decision::Park));
    assert_eq!(fake.state().logins, 0, "the password is not even sent");
}

#[tokio::test]
async fn finding_message_doubled_when_what_was_sent_again_arrives_after_all() {
    let mut doubled = 0;
    for looks in 1..9 {
        let world = World::new();
        world.add("INBOX", 1, "late");
        world.destination().store_mishaps([Mishap::Late(looks)]);
        let (report, protocol) = world.run().await;
        ended(&report, RunState::Succeeded);
        let expected = match world.there("INBOX").len() {
            1 => Vec::new(),
            _ => vec![(FindingCode::MessageDoubled, "INBOX (1 message)".to_owned())],
        };
        assert_eq!(told(&protocol), expected, "{looks} looks: a surplus is told, and never deleted");
        doubled += expected.len();
    }
    assert!(doubled > 0, "the server was never so late");
}
