//! Servers that say goodbye: sessions that an admin ends, and servers that go down and come back.

use mailferry_lab::Dovecot;

use crate::{
    ground::Ground,
    interrupt::Steps,
    point::How,
    row::{Sweep, needing_destination, needing_source, points, steps},
};

#[derive(Debug, Clone, Copy)]
enum Side {
    Source,
    Destination,
}

/// Ends a user's sessions.
pub(crate) fn kick(server: &Dovecot, user: &str) {
    tokio::task::block_in_place(|| server.kick(user)).expect("somebody is kicked");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_goodbye_the_run_backs_off_and_goes_on_with_the_same_message() {
    let ground = Ground::new().await;
    let at_source = needing_source(&ground).map(|step| (step, Side::Source));
    let at_destination = needing_destination(&ground).map(|step| (step, Side::Destination));
    let cases = at_source.chain(at_destination);
    let row = Sweep::of("BYE: sessions kicked at source or destination", &ground).with_own_sources();
    row.over(cases, async |point, (step, side)| {
        let (server, user) = match side {
            Side::Source => (ground.source.dovecot(), point.from.clone()),
            Side::Destination => (ground.destination.dovecot(), point.user.clone()),
        };
        let kick = Steps::act_at(step, move || kick(&server, &user));
        let report = point.run(1, How::hook(kick).reading_late()).await;
        point.succeeded(&report);
        let connections = match side {
            Side::Source => point.source.passed().len(),
            Side::Destination => point.destination.passed().len(),
        };
        point.must(connections >= 2, || format!("{connections} connections"));
        point.nothing_to_do().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_down_and_comes_back_has_everything_once() {
    let ground = Ground::new().await;
    let cases = steps(&ground, points() / 2).flat_map(|step| [(step, Side::Source), (step, Side::Destination)]);
    Sweep::of("BYE: server down, then up again", &ground)
        .in_turn()
        .over(cases, async |point, (step, side)| {
            let server = match side {
                Side::Source => ground.source.dovecot(),
                Side::Destination => ground.destination.dovecot(),
            };
            let stopped = server.clone();
            let mut how = How::hook(Steps::act(step, move || stopped.stop()));
            how.options.attempts = 2;
            let report = point.run(1, how).await;
            point.must(report.counts.failed == 0, || format!("{:?}", report.counts));
            server.start_again().expect("starts again");
            point.go_on(2).await;
        })
        .await;
}
