//! A destination that slows us down: words of a big provider in a real server's mouth.

use std::sync::atomic::{AtomicU32, Ordering};

use mailferry_lab::{DovecotOptions, ProxyOptions};

use crate::{capability::hold_when_killed, ground::Ground};

const NO: &str = "NO Request is throttled. Suggested Backoff Time: 5 milliseconds\r\n";
const BYE: &[u8] = b"* BYE Request is throttled. Suggested Backoff Time: 5 milliseconds\r\n";

/// Every fifth opening is refused, and instead of every fifth answer to APPEND the server says goodbye: what it has
/// stored then must be found.
fn throttled(line: Vec<u8>) -> Vec<u8> {
    static OPENED: AtomicU32 = AtomicU32::new(0);
    static STORED: AtomicU32 = AtomicU32::new(0);
    let fifth = |counter: &AtomicU32| counter.fetch_add(1, Ordering::Relaxed) % 5 == 4;
    let text = String::from_utf8_lossy(&line);
    if line.len() < 200 && text.contains(" OK [READ-WRITE] Select completed") && fifth(&OPENED) {
        let tag = text.split(' ').next().unwrap_or_default();
        return format!("{tag} {NO}").into_bytes();
    }
    if line.len() < 200 && text.contains(" OK [APPENDUID ") && fifth(&STORED) {
        return BYE.to_vec();
    }
    line
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_slows_us_down_loses_and_doubles_nothing() {
    let options = ProxyOptions { rewrite: Some(throttled), ..ProxyOptions::default() };
    let ground = Ground::with(DovecotOptions::default(), DovecotOptions::default(), options).await;
    hold_when_killed("throttled, by words and by goodbyes", &ground).await;
}
