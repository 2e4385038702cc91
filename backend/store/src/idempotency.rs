//! Requests that are done once however often they are sent: the store's half of the API's `Idempotency-Key`.
//!
//! A request is *begun*, takes its effect, and is *kept* with its answer. The commit that takes the effect marks the
//! attempt in the same transaction ([`as_attempt`], [`mark_effect`]), so that after a crash it is known whether there was
//! one: without, the request may be tried again; with one, it is never done twice, though its answer is lost. An attempt
//! that was taken over cannot commit any more.

use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    credential::sealed_from,
    db::Tx,
    error::StoreError,
    store::Store,
    value::{Row, args},
};

/// An attempt that has neither ended nor taken effect for so long was cut off, and another one may take over. No request
/// waits longer for anything.
pub const ATTEMPT_SECONDS: i64 = 90;

/// What is known of a request that is sent.
#[derive(Debug)]
pub enum Begun {
    /// It is new, or its last attempt had no effect: do it.
    Fresh(Attempt),
    /// It was done; this was answered.
    Done(Zeroizing<Vec<u8>>),
    /// Something else was asked for with the same key.
    OtherRequest,
    /// It is being done right now.
    Running,
    /// It took effect, but was cut off before its answer was kept.
    AnswerLost,
}

/// The right to do a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    scope: Vec<u8>,
    id: Uuid,
}

/// Where [`as_attempt`] finds the attempt, once a request has begun one.
pub type AttemptSlot = Arc<OnceLock<Attempt>>;

tokio::task_local! {
    static SLOT: AttemptSlot;
}

/// Runs `future` so that every commit within it marks the attempt in `slot`, if there is one by then, as effected.
pub async fn as_attempt<F: Future>(slot: AttemptSlot, future: F) -> F::Output {
    SLOT.scope(slot, future).await
}

/// Called by every commit of an attempt, within its transaction.
///
/// # Errors
/// [`StoreError::Fenced`] if another attempt has taken over.
pub(crate) async fn mark_effect(tx: &mut Tx) -> Result<(), StoreError> {
    let Ok(Some(attempt)) = SLOT.try_with(|slot| slot.get().cloned()) else { return Ok(()) };
    let sql = "UPDATE idempotency SET effected = 1 WHERE scope = $1 AND attempt = $2";
    if tx.execute(sql, args![attempt.scope, attempt.id]).await? == 0 { Err(StoreError::Fenced) } else { Ok(()) }
}

impl Store {
    /// Begins a request. `scope` says who asks, for which operation and with which key; `request` what is asked for:
    /// both as HMAC.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn begin_request(&self, scope: &[u8], request: &[u8]) -> Result<Begun, StoreError> {
        let (now, id) = (self.now(), self.new_id()?);
        let mut tx = self.write().await?;
        let inserted = tx
            .execute(
                "INSERT INTO idempotency (scope, request, attempt, attempted_at, effected, created_at)
                 VALUES ($1, $2, $3, $4, 0, $4) ON CONFLICT (scope) DO NOTHING",
                args![scope, request, id, now],
            )
            .await?;
        let attempt = Attempt { scope: scope.to_vec(), id };
        if inserted == 0 {
            // Locks the row: of two that want to take over, one comes second.
            let sql = "UPDATE idempotency SET effected = effected WHERE scope = $1
                RETURNING request, attempted_at, effected, key_id, wrapped_key, sealed";
            let Some(row) = tx.row_opt(sql, args![scope]).await? else {
                // Purged or released in between: whoever asks may ask again.
                return Ok(Begun::Running);
            };
            if let Some(known) = self.known(&row, scope, request)? {
                return Ok(known);
            }
            let sql = "UPDATE idempotency SET attempt = $2, attempted_at = $3 WHERE scope = $1";
            tx.execute(sql, args![scope, id, now]).await?;
        }
        tx.commit_unmarked().await?;
        Ok(Begun::Fresh(attempt))
    }

    /// What the row says; `None` if its attempt was cut off without effect.
    fn known(&self, row: &Row, scope: &[u8], request: &[u8]) -> Result<Option<Begun>, StoreError> {
        if row.get::<Vec<u8>>("request")? != request {
            return Ok(Some(Begun::OtherRequest));
        }
        if row.get::<Option<Vec<u8>>>("sealed")?.is_some() {
            // The key it was sealed with may be gone by now.
            let answer = self.keys().open(&sealed_from(row)?, &answer_place(scope));
            return Ok(Some(answer.map_or(Begun::AnswerLost, Begun::Done)));
        }
        let over = row.get::<DateTime<Utc>>("attempted_at")? + Duration::seconds(ATTEMPT_SECONDS) <= self.now();
        Ok(match (over, row.get::<bool>("effected")?) {
            (false, _) => Some(Begun::Running),
            (true, true) => Some(Begun::AnswerLost),
            (true, false) => None,
        })
    }

    /// Keeps what was answered, sealed, to answer the same again.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Sealed`].
    pub async fn keep_answer(&self, attempt: &Attempt, answer: &[u8]) -> Result<(), StoreError> {
        let sealed = self.keys().seal(answer, &answer_place(&attempt.scope), self.context().random.as_ref())?;
        let sql = "UPDATE idempotency SET key_id = $3, wrapped_key = $4, sealed = $5 WHERE scope = $1 AND attempt = $2";
        let Attempt { scope, id } = attempt.clone();
        let mut tx = self.write().await?;
        tx.execute(sql, args![scope, id, sealed.key_id, sealed.wrapped_key, sealed.bytes]).await?;
        tx.commit_unmarked().await
    }

    /// Forgets a request that was not done, so that it can be tried again at once; one that has taken effect stays.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn release_request(&self, attempt: &Attempt) -> Result<(), StoreError> {
        let Attempt { scope, id } = attempt.clone();
        let mut tx = self.write().await?;
        let sql = "DELETE FROM idempotency WHERE scope = $1 AND attempt = $2 AND effected = 0";
        tx.execute(sql, args![scope.clone(), id]).await?;
        // Nobody works on it any more, and whoever asks need not wait to be told so.
        let sql = "UPDATE idempotency SET attempted_at = 0 WHERE scope = $1 AND attempt = $2";
        tx.execute(sql, args![scope, id]).await?;
        tx.commit_unmarked().await
    }

    /// Forgets what was answered before `time`, with its sealed answers; how many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget_answers(&self, time: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        let gone = tx.execute("DELETE FROM idempotency WHERE created_at <= $1", args![time]).await?;
        tx.commit().await?;
        Ok(gone)
    }
}

/// What an answer is sealed for.
fn answer_place(scope: &[u8]) -> Vec<u8> {
    [b"mailferry answer\0".as_slice(), scope].concat()
}
