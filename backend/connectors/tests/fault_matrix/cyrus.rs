//! Cyrus at either side: as it comes, it rewrites headers with 8-bit letters.

use mailferry_lab::{Cyrus, CyrusOptions, Dovecot, DovecotOptions, Fault, ProxyOptions, Sample, refill};

use crate::{
    capability::hold,
    ground::{Ground, SOURCE},
    line::{Break, broken, numbered},
    row::{points, spread, sweep},
    talk::length,
};

fn cyrus(slashes: bool, beside_inbox: bool) -> Cyrus {
    Cyrus::start(CyrusOptions { slashes, beside_inbox, ..CyrusOptions::default() }).expect("Cyrus starts")
}

fn dovecot() -> Dovecot {
    let server = Dovecot::start(DovecotOptions::default()).expect("Dovecot starts");
    Sample::Tiny.write(&server, SOURCE).expect("a mailbox");
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_rewrites_loses_and_doubles_nothing() {
    let ground = Ground::on(dovecot(), cyrus(true, true), ProxyOptions::default()).await;
    hold("Cyrus, destination rewrites", &ground).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cyrus_cut_after_any_byte_never_leaves_part_of_a_message() {
    let source = cyrus(false, false);
    refill(&dovecot().login(SOURCE), &source.login(SOURCE)).expect("filled");
    let ground = Ground::on(source, dovecot(), ProxyOptions::default()).await;
    let (to_client, _) = length(&ground.clean.with_source);
    let places = spread(to_client - 200, points()).into_iter().map(Break::SourceToClient).collect();
    sweep("Cyrus, source cut after k bytes", &ground, numbered(places, Fault::Cut), broken).await;
}
