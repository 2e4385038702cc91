use mailferry_engine::port::{Entry, Ledger, LedgerError, Traffic};
use mailferry_store::{AccountKey, DailyUse, TrafficAccounts};

use crate::world::World;

on_both! {
    what_passes_is_counted_for_the_accounts_day;
    a_day_begins_with_its_first_byte_and_ends_after_24_hours;
    without_a_daily_amount_nothing_is_counted;
    a_stale_ledger_counts_nothing;
}

fn traffic(down: u64, up: u64) -> Entry {
    Entry::Traffic(Traffic { from_source_bytes: down, to_destination_bytes: up, from_destination_bytes: 7 })
}

fn keys() -> (AccountKey, AccountKey) {
    (AccountKey::new("old.example", "anna"), AccountKey::new("new.example", "anna"))
}

fn both() -> TrafficAccounts {
    let (source, destination) = keys();
    TrafficAccounts { source: Some(source), destination: Some(destination) }
}

async fn what_passes_is_counted_for_the_accounts_day(world: World) {
    let (_, runs) = world.trial(1).await;
    let ledger = world.store.counting_ledger(&world.lease(runs[0], "one").await, both());
    let (source, destination) = keys();
    assert_eq!(world.store.daily_use(&source).await.expect("database"), DailyUse::default());
    ledger.write(vec![traffic(100, 90), traffic(10, 0)]).await.expect("counts");
    ledger.write(vec![traffic(1, 5)]).await.expect("counts");
    let used = world.store.daily_use(&source).await.expect("database");
    assert_eq!((used.down_bytes, used.up_bytes), (111, 0));
    assert_eq!(used.since, Some(world.store.now()));
    let used = world.store.daily_use(&destination).await.expect("database");
    assert_eq!((used.down_bytes, used.up_bytes), (21, 95));
    let same = AccountKey::new("OLD.example", "Anna");
    assert_eq!(world.store.daily_use(&same).await.expect("database").down_bytes, 111);
}

async fn a_day_begins_with_its_first_byte_and_ends_after_24_hours(world: World) {
    let (_, runs) = world.trial(1).await;
    let ledger = world.store.counting_ledger(&world.lease(runs[0], "one").await, both());
    let (source, _) = keys();
    let used = async || world.store.daily_use(&source).await.expect("database");
    let begin = world.store.now();
    assert_eq!(used().await.ends_at(begin), begin + chrono::Duration::hours(24), "a day that has not begun");
    ledger.write(vec![traffic(100, 0)]).await.expect("counts");
    world.clock.advance(chrono::Duration::hours(23));
    ledger.write(vec![traffic(50, 0)]).await.expect("counts");
    assert_eq!((used().await.down_bytes, used().await.since), (150, Some(begin)), "the same day");
    world.clock.advance(chrono::Duration::hours(1));
    assert_eq!(used().await, DailyUse::default(), "it is over");
    ledger.write(vec![traffic(3, 0)]).await.expect("counts");
    assert_eq!((used().await.down_bytes, used().await.since), (3, Some(world.store.now())), "the next one");
    world.clock.advance(chrono::Duration::days(-30));
    assert_eq!(used().await, DailyUse::default(), "a clock that was set back makes a day in the future void");
    ledger.write(vec![traffic(4, 0)]).await.expect("counts");
    assert_eq!(used().await.down_bytes, 4);
}

async fn without_a_daily_amount_nothing_is_counted(world: World) {
    let (_, runs) = world.trial(1).await;
    let ledger = world.store.run_ledger(&world.lease(runs[0], "one").await);
    ledger.write(vec![traffic(100, 90)]).await.expect("writes");
    let (source, destination) = keys();
    for account in [source, destination] {
        assert_eq!(world.store.daily_use(&account).await.expect("database"), DailyUse::default());
    }
}

async fn a_stale_ledger_counts_nothing(world: World) {
    let (_, runs) = world.trial(1).await;
    let stale = world.store.counting_ledger(&world.lease(runs[0], "one").await, both());
    world.lease(runs[0], "one").await;
    assert!(matches!(stale.write(vec![traffic(1, 1)]).await, Err(LedgerError::Fenced)));
    assert_eq!(world.store.daily_use(&keys().0).await.expect("database"), DailyUse::default());
}
