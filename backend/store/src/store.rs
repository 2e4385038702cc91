//! The store itself: the database, the keys, time and randomness.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use mailferry_domain::order::Terms;
use secrecy::SecretBox;
use tokio::sync::Notify;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    context::Context,
    credential::sealed_from,
    db::{Db, Tx},
    error::StoreError,
    sealing::SealingKeys,
    value::args,
};

/// Everything that is kept, in SQLite or PostgreSQL. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    keys: SealingKeys,
    context: Context,
    terms: Terms,
    new_jobs: Notify,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database that `address` names (`sqlite:PATH` or `postgres://…`) and brings its tables up to date.
    ///
    /// # Errors
    /// [`StoreError::Address`] for another kind; [`StoreError::Unavailable`] if it cannot be reached or is newer.
    pub async fn connect(address: &str, keys: SealingKeys) -> Result<Self, StoreError> {
        Self::connect_with(address, keys, Context::default(), Terms::default()).await
    }

    /// The same with time, randomness and terms from outside.
    ///
    /// # Errors
    /// As [`Store::connect`].
    pub async fn connect_with(
        address: &str,
        keys: SealingKeys,
        context: Context,
        terms: Terms,
    ) -> Result<Self, StoreError> {
        let db = Db::connect(address).await?;
        Ok(Self { inner: Arc::new(Inner { db, keys, context, terms, new_jobs: Notify::new() }) })
    }

    /// Ends all connections; for an orderly stop.
    pub async fn close(&self) {
        self.inner.db.close().await;
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read().await?.row("SELECT 1 AS one", args![]).await.map(drop)
    }

    /// Now, by the store's clock.
    pub fn now(&self) -> DateTime<Utc> {
        self.inner.context.clock.now()
    }

    /// A new id; ids sort by time.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the system has no randomness to give.
    pub fn new_id(&self) -> Result<Uuid, StoreError> {
        Ok(self.inner.context.new_id()?)
    }

    /// `N` random bytes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the system has no randomness to give.
    pub fn random_bytes<const N: usize>(&self) -> Result<[u8; N], StoreError> {
        let mut bytes = [0; N];
        self.inner.context.random.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// How long links live.
    pub fn terms(&self) -> &Terms {
        &self.inner.terms
    }

    /// A key of the service itself for `purpose` (manage links, sessions): random, made at its first use, kept sealed,
    /// the same for every process on this database. Rotating the sealing keys does not change it.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] if the sealing key that wraps it is missing.
    pub async fn server_key(&self, purpose: &str) -> Result<SecretBox<[u8; 32]>, StoreError> {
        let place = server_key_place(purpose);
        let mut tx = self.write().await?;
        let fresh = Zeroizing::new(self.random_bytes::<32>()?);
        let sealed = self.keys().seal(fresh.as_ref(), &place, self.context().random.as_ref())?;
        tx.execute(
            "INSERT INTO server_keys (purpose, key_id, wrapped_key, sealed) VALUES ($1, $2, $3, $4)
             ON CONFLICT (purpose) DO NOTHING",
            args![purpose, sealed.key_id, sealed.wrapped_key, sealed.sealed],
        )
        .await?;
        let row = tx.row("SELECT key_id, wrapped_key, sealed FROM server_keys WHERE purpose = $1", args![purpose]);
        let kept = sealed_from(&row.await?)?;
        tx.commit().await?;
        let key = self.keys().open(&kept, &place)?;
        let key: [u8; 32] = key.as_slice().try_into().map_err(|_| StoreError::corrupt("server_keys"))?;
        Ok(SecretBox::new(Box::new(key)))
    }

    pub(crate) fn db(&self) -> &Db {
        &self.inner.db
    }

    pub(crate) fn keys(&self) -> &SealingKeys {
        &self.inner.keys
    }

    pub(crate) fn context(&self) -> &Context {
        &self.inner.context
    }

    pub(crate) async fn write(&self) -> Result<Tx, StoreError> {
        self.inner.db.write().await
    }

    pub(crate) async fn read(&self) -> Result<Tx, StoreError> {
        self.inner.db.read().await
    }

    /// Tells this process's workers that there is a new job; called after its commit.
    pub(crate) fn tell_workers(&self) {
        self.inner.new_jobs.notify_waiters();
    }

    /// Waits until [`Store::tell_workers`] is called.
    pub(crate) async fn new_jobs(&self) {
        self.inner.new_jobs.notified().await;
    }
}

/// What a server key is sealed for.
pub(crate) fn server_key_place(purpose: &str) -> Vec<u8> {
    format!("mailferry server key\0{purpose}").into_bytes()
}
