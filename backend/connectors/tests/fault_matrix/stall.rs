//! Lines that stay open and say nothing, or next to nothing.

use std::time::Duration;

use mailferry_lab::{Fault, Plan};

use crate::{
    ground::Ground,
    line::strike,
    point::{How, Point},
    row::{points, spread, sweep},
    talk::length,
};

#[derive(Debug, Clone, Copy)]
enum Side {
    Source,
    Destination,
}

/// The run notices by itself, connects again and goes on.
async fn slow(point: &Point<'_>, (side, after, fault): (Side, u64, Fault)) {
    strike(point, after, async |point, after| {
        let plan = Plan { to_client: Some((after, fault)), to_server: None };
        match side {
            Side::Source => point.source.plan(plan),
            Side::Destination => point.destination.plan(plan),
        }
        // Longer than a server of a loaded machine takes for anything.
        let patience = Duration::from_secs(3);
        let report = point.run(1, How { patience, ..How::default() }).await;
        point.succeeded(&report);
        point.nothing_to_do().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stalls_or_crawls_is_left_and_asked_again() {
    let ground = Ground::new().await;
    let (source, _) = length(&ground.clean.with_source);
    let (destination, _) = length(&ground.clean.with_destination);
    let crawl = Fault::Trickle(Duration::from_secs(1));
    let places = |last: u64| spread(last - 200, points() / 2 + 1).into_iter();
    let at_source = places(source).map(|after| (Side::Source, after, Fault::Stall));
    let at_destination = places(destination).map(|after| (Side::Destination, after, Fault::Stall));
    sweep("source or destination stalls", &ground, at_source.chain(at_destination), slow).await;
    let at_source = places(source).map(|after| (Side::Source, after, crawl));
    let at_destination = places(destination).map(|after| (Side::Destination, after, crawl));
    sweep("source or destination sends one byte a second", &ground, at_source.chain(at_destination), slow).await;
}
