//! Changes of flags that a delta carries over.

use std::sync::{Arc, Once};

use mailferry_connectors::{
    imap::{ImapConnector, ImapLogin},
    memory::MemoryAccount,
    net::{AddressGuard, CertificateTrust, Network, Resolver},
};
use mailferry_domain::{item::Flags, uid::Uid};
use mailferry_engine::port::{Fault, Interrupted, NoFault, Step};
use mailferry_lab::{Client, CompareOptions, Dovecot, DovecotOptions, Sample, compare};
use mailferry_shared::{
    endpoint::{Endpoint, TlsMode},
    run::RunState,
};

use crate::world::{StopAt, World, ended, path};

fn flags(text: &str) -> Flags {
    Flags::new(text.split(' '))
}

/// Four messages, all seen, copied once.
async fn copied() -> World {
    let mut world = World::new();
    for day in 1..=4 {
        world.add("INBOX", day, &format!("message {day}"));
    }
    ended(&world.run().await.0, RunState::Succeeded);
    world.options.carry_flags = true;
    world
}

fn there(world: &World) -> Vec<Flags> {
    world.destination().messages(&path("INBOX")).into_iter().map(|message| message.flags).collect()
}

fn change(world: &World) {
    let inbox = path("INBOX");
    world.source().set_flags(&inbox, Uid(1), &flags("\\Seen \\Flagged $Label1"));
    world.source().set_flags(&inbox, Uid(2), &flags(""));
    world.source().set_flags(&inbox, Uid(3), &flags("\\Seen \\Deleted"));
    world.source().set_flags(&inbox, Uid(4), &flags("\\Answered"));
    // The owner works at the new place already.
    world.destination().set_flags(&inbox, Uid(4), &flags("\\Seen \\Flagged"));
}

fn expected() -> [Flags; 4] {
    ["\\Seen \\Flagged $Label1", "", "\\Seen \\Deleted", "\\Seen \\Flagged"].map(flags)
}

#[tokio::test]
async fn flags_are_carried_over_where_the_destinations_are_as_we_left_them() {
    let world = copied().await;
    change(&world);
    for _ in 0..2 {
        let (report, _) = world.run().await;
        ended(&report, RunState::Succeeded);
        assert_eq!((report.counts.stored, report.counts.present), (0, 4), "nothing is deleted, nothing is copied anew");
        assert_eq!(there(&world), expected());
    }
    // And back again.
    world.source().set_flags(&path("INBOX"), Uid(1), &flags("\\Seen"));
    ended(&world.run().await.0, RunState::Succeeded);
    assert_eq!(there(&world)[0], flags("\\Seen"));
}

#[tokio::test]
async fn without_the_option_no_flag_is_touched() {
    let mut world = copied().await;
    change(&world);
    world.options.carry_flags = false;
    let before = there(&world);
    ended(&world.run().await.0, RunState::Succeeded);
    assert_eq!(there(&world), before);
}

#[tokio::test]
async fn what_the_owner_deleted_at_the_destination_stays_deleted() {
    let world = copied().await;
    world.destination().remove(&path("INBOX"), Uid(1));
    change(&world);
    ended(&world.run().await.0, RunState::Succeeded);
    assert_eq!(there(&world), expected()[1..]);
}

#[tokio::test]
async fn a_delta_stopped_at_any_step_carries_flags_over_all_the_same() {
    let counted = copied().await;
    change(&counted);
    for step in 0..StopAt::steps_of(&counted).await {
        let world = copied().await;
        change(&world);
        world.run_with(StopAt::new(step)).await;
        // Between the two runs the owner undoes one of them: that is not overruled.
        if there(&world) == expected() {
            world.destination().set_flags(&path("INBOX"), Uid(2), &flags("$Mine"));
        }
        let owners = there(&world)[1].clone();
        ended(&world.run().await.0, RunState::Succeeded);
        let now = there(&world);
        assert_eq!(now[0], expected()[0], "stopped at step {step}");
        assert_eq!(now[1], if owners == flags("$Mine") { owners } else { flags("") }, "stopped at step {step}");
        assert_eq!(now[2..], expected()[2..], "stopped at step {step}");
    }
}

/// A folder at one side is restored in the midst of a delta, when its flags are about to be compared.
struct Restored {
    account: MemoryAccount,
    done: Once,
}

impl Fault for Restored {
    fn reach(&self, step: Step) -> Result<(), Interrupted> {
        if step == Step::Planned {
            self.done.call_once(|| self.account.restore(&path("INBOX")));
        }
        Ok(())
    }
}

#[tokio::test]
async fn flags_reach_no_other_message_where_a_folder_is_restored_in_the_midst_of_a_delta() {
    for at_source in [false, true] {
        let world = copied().await;
        change(&world);
        let account = if at_source { world.source().clone() } else { world.destination().clone() };
        let (report, _) = world.run_with(Arc::new(Restored { account, done: Once::new() })).await;
        ended(&report, RunState::Succeeded);
        let messages = world.destination().messages(&path("INBOX"));
        let before = ["\\Seen", "\\Seen", "\\Seen", "\\Seen \\Flagged"].map(flags);
        for ((number, flags), before) in (1..).zip(expected()).zip(before) {
            let text = format!("message {number}");
            let there = messages.iter().find(|message| message.bytes == text.as_bytes()).expect("it is there");
            let good = there.flags == flags || there.flags == before;
            assert!(good, "{text} has {:?}, restored at the source: {at_source}", there.flags);
        }
        assert_eq!(messages.len(), 4, "nothing is doubled");
    }
}

fn login(port: u16, user: &str) -> ImapLogin {
    ImapLogin::of_owner(
        "the test's server",
        Endpoint::new("localhost".parse().expect("a host"), port, TlsMode::Implicit),
        user,
        "secret",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn at_dovecot_a_delta_carries_flags_and_keywords_over() {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot starts");
    Sample::Tiny.write(&server, "anna").expect("a mailbox");
    let trust = CertificateTrust::with_roots_from(&server.ca_file()).expect("the lab's root");
    let network = Network::new(AddressGuard::open(), Resolver::System, &trust).expect("TLS");
    let (source, destination) = (login(server.imaps_port(), "anna"), login(server.imaps_port(), "ben"));
    let connector = Arc::new(ImapConnector { network, source, destination });
    let mut world = World::new();
    world.options.carry_flags = true;
    ended(&world.run_over(connector.clone(), Arc::new(NoFault)).await.0, RunState::Succeeded);
    let (anna, ben) = (server.login("anna"), server.login("ben"));
    let differences = || compare(&anna, &ben, &CompareOptions { details: 10, ..CompareOptions::default() });
    assert!(differences().expect("both can be read").is_perfect());
    let mut client = Client::login(&anna).expect("logs in");
    client.store("INBOX", "1:3", "+FLAGS (\\Flagged $Label2 Projekt)").expect("flags");
    client.store("INBOX", "4:6", "FLAGS ()").expect("flags");
    client.store("Archive/2020/Q1", "2", "+FLAGS (\\Deleted \\Draft)").expect("flags");
    drop(client);
    assert!(differences().expect("both can be read").flags_differ > 0);
    for _ in 0..2 {
        let (report, _) = world.run_over(connector.clone(), Arc::new(NoFault)).await;
        ended(&report, RunState::Succeeded);
        assert_eq!((report.counts.stored, report.counts.present), (0, report.counts.listed));
        let differences = differences().expect("both can be read");
        assert!(differences.is_perfect(), "{differences:?}");
    }
    // What the owner does at the new place stays, even where the old one changes too.
    Client::login(&ben).expect("logs in").store("INBOX", "1", "+FLAGS ($Owners)").expect("flags");
    Client::login(&anna).expect("logs in").store("INBOX", "1", "-FLAGS (\\Flagged)").expect("flags");
    ended(&world.run_over(connector, Arc::new(NoFault)).await.0, RunState::Succeeded);
    let differences = differences().expect("both can be read");
    assert_eq!(
        (differences.flags_differ, differences.keywords_differ, differences.total()),
        (1, 1, 2),
        "{differences:?}"
    );
}
