//! Asking again and again, but never in a hidden tab.

use std::{
    future::Future,
    sync::Arc,
    sync::atomic::{AtomicBool, Ordering},
};

use gloo_timers::future::TimeoutFuture;
use leptos::{prelude::*, task::spawn_local};

use crate::browser;

const TICK_MS: u32 = 200;

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
