//! Asking again and again, but never in a hidden tab.

use std::{
    future::Future,
    sync::Arc,
    sync::atomic::{AtomicBool, Ordering},
};

use chrono::{DateTime, Utc};
use gloo_timers::future::TimeoutFuture;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::{ApiError, Polled, patience_ms},
    browser::{self, intl},
};

const TICK_MS: u32 = 200;
/// Between two tries while the service does not answer, milliseconds, unless it wants more.
const SILENT_MS: u32 = 10_000;
/// The same while something is followed that somebody waits for.
const WAITING_MS: u32 = 3000;
/// So many failures in a row, which may be over soon, are borne by whoever waits for something. While there is no
/// connection at all one waits without end: the page's banner tells of it.
const MOST_FAILURES: u32 = 20;
/// So many for something that is to be begun.
const MOST_TRIES: u32 = 5;

/// Lets others ask for the next round at once.
#[derive(Clone, Copy)]
pub(crate) struct Kick(StoredValue<Arc<AtomicBool>>);

impl Kick {
    pub(crate) fn new() -> Self {
        Self(StoredValue::new(Arc::new(AtomicBool::new(false))))
    }

    /// Asks for the next round at once.
    pub(crate) fn now(self) {
        let _ = self.0.try_with_value(|flag| flag.store(true, Ordering::Relaxed));
    }
}

/// Runs `round` until it gives `None` or the component is gone; it gives the pause before the next round, in
/// milliseconds. The pause lasts at least as long as the tab is hidden.
pub(crate) fn poll<F, R>(kick: Kick, round: F)
where
    F: Fn() -> R + 'static,
    R: Future<Output = Option<u32>> + 'static,
{
    let flag = kick.0.get_value();
    let alive = Arc::new(AtomicBool::new(true));
    let ended = Arc::clone(&alive);
    on_cleanup(move || ended.store(false, Ordering::Relaxed));
    spawn_local(async move {
        let mut waited_ms;
        while alive.load(Ordering::Relaxed) {
            let Some(pause_ms) = round().await else { return };
            waited_ms = 0;
            while alive.load(Ordering::Relaxed) && (waited_ms < pause_ms || browser::is_hidden()) {
                TimeoutFuture::new(TICK_MS).await;
                waited_ms += TICK_MS;
                if flag.swap(false, Ordering::Relaxed) {
                    break;
                }
            }
        }
    });
}

/// Since when the service has not told anything new, for what is polled.
#[derive(Clone, Copy)]
pub(crate) struct Heard {
    /// When it last did, and how often in a row it has failed since.
    last: StoredValue<(DateTime<Utc>, u32)>,
    /// That time in words, once it is worth a word; the page's banner tells of a lost connection.
    stale: RwSignal<Option<String>>,
}

impl Heard {
    pub(crate) fn new() -> Self {
        Self { last: StoredValue::new((intl::now(), 0)), stale: RwSignal::new(None) }
    }

    /// When the service last told something, if it does not answer at the moment.
    pub(crate) fn stale(self) -> Option<String> {
        self.stale.get()
    }

    /// The service has answered.
    pub(crate) fn answered(self) {
        self.last.try_set_value((intl::now(), 0));
        if self.stale.try_with_untracked(Option::is_some) == Some(true) {
            self.stale.try_set(None);
        }
    }

    /// It has not. Once may be chance; the second time is told. Gives the pause before the next try, milliseconds.
    pub(crate) fn failed(self, error: &ApiError) -> Option<u32> {
        let (last, times) = self.last.try_get_value()?;
        self.last.try_set_value((last, times + 1));
        if times > 0 && *error != ApiError::Offline {
            self.stale.try_set(Some(intl::date_time(last)));
        }
        Some(patience_ms(SILENT_MS))
    }
}

/// Lets `pause_ms` pass, and as much more as the tab is hidden.
pub(crate) async fn rest(pause_ms: u32) {
    TimeoutFuture::new(pause_ms).await;
    while browser::is_hidden() {
        TimeoutFuture::new(TICK_MS * 3).await;
    }
}

/// Begins something, as long as it `is_wanted`: a lost packet and an answer that may be another one soon (429, 5xx) are
/// borne for a while.
pub(crate) async fn begun<T, R>(is_wanted: impl Fn() -> bool, ask: impl Fn() -> R) -> Result<T, ApiError>
where
    R: Future<Output = Result<T, ApiError>>,
{
    let mut tries = 1;
    loop {
        match ask().await {
            Err(error) if error.is_passing() && tries < MOST_TRIES && is_wanted() => {
                tries += 1;
                rest(patience_ms(WAITING_MS)).await;
            }
            answer => return answer,
        }
    }
}

/// Follows what was begun to its end: `ask` reads it, given the `ETag` of what is known, and `told` hears each answer
/// and says in how many milliseconds to ask again, or `None` where it has ended or nobody listens any more. Lost packets
/// and answers that may be others soon end nothing; in a hidden tab it rests.
pub(crate) async fn followed<T, R>(
    first: T,
    ask: impl Fn(Option<String>) -> R,
    mut told: impl FnMut(T) -> Option<u32>,
    is_wanted: impl Fn() -> bool,
) -> Result<(), ApiError>
where
    R: Future<Output = Result<Polled<T>, ApiError>>,
{
    let Some(mut pause_ms) = told(first) else { return Ok(()) };
    let (mut etag, mut failures) = (None, 0);
    loop {
        rest(if failures == 0 { pause_ms } else { patience_ms(WAITING_MS) }).await;
        if !is_wanted() {
            return Ok(());
        }
        match ask(etag.clone()).await {
            Ok(Polled::Same) => failures = 0,
            Ok(Polled::New(newer, tag)) => {
                (failures, etag) = (0, tag);
                match told(newer) {
                    Some(next_ms) => pause_ms = next_ms,
                    None => return Ok(()),
                }
            }
            // Without a connection nothing is counted.
            Err(ApiError::Offline) => failures = failures.max(1),
            Err(error) if error.is_passing() && failures < MOST_FAILURES => failures += 1,
            Err(error) => return Err(error),
        }
    }
}
