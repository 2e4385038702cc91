//! Lanes that are given up while they write.

use futures::FutureExt;
use mailferry_engine::port::Ledger;

use crate::{
    ledger::{LedgerSteps, inbox, intent, ledger, listed},
    world::World,
};

on_both! {
    a_lane_that_is_given_up_while_it_writes_for_others_leaves_nothing_undone;
}

async fn a_lane_that_is_given_up_while_it_writes_for_others_leaves_nothing_undone(world: World) {
    let ledger = ledger(&world).await;
    let id = inbox(&ledger).await;
    ledger.start_folder(id, listed(60)).await.expect("starts");
    let mut given_up = 0;
    for round in 0..20_u32 {
        let [first, second, third] = [1, 2, 3].map(|n| [intent(round * 3 + n)]);
        let mut first = Box::pin(ledger.intend(id, 1, &first));
        let mut leader = Box::pin(ledger.intend(id, 1, &second));
        let mut follower = Box::pin(ledger.intend(id, 1, &third));
        // All of them wait for the database, unless that is faster than this loop, as it may be on a busy machine.
        let wait = [&mut first, &mut leader, &mut follower].map(|lane| lane.now_or_never().is_none());
        if wait[0] {
            first.await.expect("written");
        }
        if wait[1] {
            given_up += 1;
            // A little later every time.
            for _ in 0..=round {
                if (&mut leader).now_or_never().is_some() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        drop(leader);
        if wait[2] {
            follower.await.unwrap_or_else(|error| panic!("round {round}: {error}"));
        }
        ledger.write(Vec::new()).await.expect("nothing is on its way any more");
        assert_eq!(ledger.open_intents().await.expect("counts"), u64::from(round + 1) * 3, "round {round}");
    }
    assert!(given_up > 0, "none was given up");
}
