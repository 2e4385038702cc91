//! Which API keys are ours, as far as the pace of whoever sends one depends on it: a header that anybody can make up must
//! not let anybody ask ten times as fast.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use actix_web::http::header::HeaderValue;
use mailferry_store::{Store, StoreError};

use super::sha256;

/// A key that was found is believed for so long; what it may do is asked at every request anyway.
const BELIEVED: Duration = Duration::from_secs(300);

/// The key in a header, as it is looked for: however many spaces are put around it, it is one key.
fn secret(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok()?.strip_prefix("Bearer ").map(str::trim)
}

/// Keys that were found in the database a short while ago, as hashes.
#[derive(Default)]
pub(super) struct KnownKeys(Mutex<HashMap<[u8; 32], Instant>>);

impl KnownKeys {
    /// The key as it is counted, if it was found before.
    pub(super) fn remembered(&self, value: &HeaderValue) -> Option<[u8; 32]> {
        let hash = sha256(secret(value)?.as_bytes());
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&hash).is_some_and(|found| found.elapsed() < BELIEVED).then_some(hash)
    }

    /// The same, looked for in the database; `None` for what is no key of ours.
    ///
    /// # Errors
    /// If the database does not answer.
    pub(super) async fn look_for(&self, store: &Store, value: &HeaderValue) -> Result<Option<[u8; 32]>, StoreError> {
        let Some(secret) = secret(value) else { return Ok(None) };
        if store.find_api_key(secret).await?.is_none() {
            return Ok(None);
        }
        let hash = sha256(secret.as_bytes());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(hash, Instant::now());
        Ok(Some(hash))
    }

    /// Forgets what is believed no more.
    pub(super) fn tidy(&self) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, found| found.elapsed() < BELIEVED);
    }
}
