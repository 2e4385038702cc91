//! How fast somebody may ask, over all processes together.

use chrono::{Duration, TimeDelta};
use mailferry_store::Asked;

use crate::world::{KEY, World};

on_both! {
    what_one_process_has_counted_another_knows;
    fifty_who_ask_at_once_get_no_more_than_there_is;
    a_clock_that_goes_back_by_a_month_keeps_nobody_waiting_for_long;
    meters_that_are_full_again_are_forgotten;
}

fn meter(who: u8) -> Asked {
    Asked { who: [who; 32], burst: 3, every: TimeDelta::seconds(60) }
}

async fn what_one_process_has_counted_another_knows(world: World) {
    let other = world.another(KEY).await;
    for left in [2, 1] {
        let said = world.store.count_asked(&[meter(1), meter(2)]).await.expect("counts");
        assert_eq!(said.iter().map(|one| (one.left, one.wait)).collect::<Vec<_>>(), [(left, None); 2]);
    }
    assert_eq!(other.count_asked(&[meter(2)]).await.expect("counts")[0].left, 0);
    let said = other.count_asked(&[meter(2), meter(1)]).await.expect("counts");
    assert_eq!(
        (said[0].wait, said[1].wait, said[1].left),
        (Some(TimeDelta::seconds(60)), None, 0),
        "in the order asked"
    );
    world.clock.advance(Duration::seconds(60));
    assert_eq!(world.store.count_asked(&[meter(2)]).await.expect("counts")[0].wait, None, "one is back");
    assert!(other.count_asked(&[meter(2)]).await.expect("counts")[0].wait.is_some());
}

async fn fifty_who_ask_at_once_get_no_more_than_there_is(world: World) {
    let other = world.another(KEY).await;
    let ask = |n: usize| {
        let store = if n.is_multiple_of(2) { &world.store } else { &other };
        // Whatever the order in which they name their meters.
        let asked = if n.is_multiple_of(3) { [meter(1), meter(2)] } else { [meter(2), meter(1)] };
        async move { store.count_asked(&asked).await.expect("counts").iter().all(|said| said.wait.is_none()) }
    };
    let allowed = futures::future::join_all((0..50).map(ask)).await;
    assert_eq!(allowed.into_iter().filter(|allowed| *allowed).count(), 3);
}

async fn a_clock_that_goes_back_by_a_month_keeps_nobody_waiting_for_long(world: World) {
    for _ in 0..4 {
        world.store.count_asked(&[meter(1)]).await.expect("counts");
    }
    world.clock.advance(Duration::days(-30));
    let said = world.store.count_asked(&[meter(1)]).await.expect("counts")[0];
    assert_eq!(said.wait, Some(TimeDelta::seconds(60)));
    world.clock.advance(Duration::seconds(60));
    assert_eq!(world.store.count_asked(&[meter(1)]).await.expect("counts")[0].wait, None);
}

async fn meters_that_are_full_again_are_forgotten(world: World) {
    world.store.count_asked(&[meter(1)]).await.expect("counts");
    world.clock.advance(Duration::seconds(30));
    world.store.count_asked(&[meter(2)]).await.expect("counts");
    assert_eq!(world.store.forget_asked().await.expect("looks"), 0);
    world.clock.advance(Duration::seconds(30));
    assert_eq!(world.store.forget_asked().await.expect("looks"), 1);
}
