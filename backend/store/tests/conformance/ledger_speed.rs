use std::time::{Duration, Instant};

use mailferry_domain::ledger::Intent;
use mailferry_engine::port::Ledger;

use crate::{
    ledger::{LedgerSteps, binding, inbox, intent, ledger, listed, stored},
    world::World,
};

on_both! {
    twenty_thousand_messages_take_seconds;
}

async fn twenty_thousand_messages_take_seconds(world: World) {
    const MESSAGES: u32 = 20_000;
    let ledger = ledger(&world).await;
    let id = inbox(&ledger).await;
    ledger.start_folder(id, listed(MESSAGES)).await.expect("starts");
    let begun = Instant::now();
    for first in (1..=MESSAGES).step_by(100) {
        let batch: Vec<Intent> = (first..first + 100).map(intent).collect();
        ledger.intend(id, first, &batch).await.expect("intends");
        ledger.settle(id, &stored(first..=first + 99)).await.expect("settles");
    }
    let took = begun.elapsed();
    let kind = if world.is_sqlite() { "SQLite" } else { "PostgreSQL" };
    let rate = f64::from(MESSAGES) / took.as_secs_f64();
    println!("{kind}: intend + settle of {MESSAGES} messages by 100: {took:?}, {rate:.0} messages/s");
    let begun = Instant::now();
    let (_, state) = ledger.open_folder(&binding("INBOX", "INBOX")).await.expect("opens");
    println!("{kind}: open of a folder with {MESSAGES} entries: {:?}", begun.elapsed());
    assert_eq!(state.settled.ranges().count(), 1, "memory stays flat");
    assert_eq!(state.settled.len(), u64::from(MESSAGES));
    assert_eq!(ledger.totals().await.expect("totals").stored, u64::from(MESSAGES));
    // What grows with the square of the messages takes hours.
    assert!(took < Duration::from_secs(300), "{took:?}");
}
