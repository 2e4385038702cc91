//! The queue: what is to be done, taken by workers under a lock that they keep alive.
//!
//! A job is its kind and the id of what it is about; there is never more than one of both. It is done at least once:
//! a worker that dies loses its lock after [`LOCK`], and another takes the job. Whoever writes an order's state writes
//! the jobs that follow from it in the same transaction, so that neither can be lost without the other.
//!
//! Why not an existing queue: apalis 1.0 (apalis-sqlite, apalis-postgres) was tried first. It survives `kill -9` and a
//! long run, but a worker whose slots are full while it has fetched more jobs sends no heartbeat, so that a living worker
//! loses its jobs to another and the same job runs twice at once; what was asked for again while it is done cannot be
//! told from what waits (an idempotency key stays taken when the job is done); and a handler does not hear that its job
//! was taken over. Here none of that can happen, and jobs are written with the state they follow from.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    db::Tx,
    error::StoreError,
    lease::{lease_now, nonsense_after},
    store::Store,
    value::{Arg, args, code},
};

mod ahead;
mod fair;
mod worker;

use self::fair::FAIR;
pub use self::worker::{JobHandler, JobOutcome, WorkerOptions, work};

/// How often a worker says that it still has a job.
pub const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long a job stays with a worker that says nothing.
pub const LOCK: Duration = Duration::from_secs(60);

/// What kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Log in to the accounts of a check; the id is the check's.
    Check,
    /// Count what lies in them; the id is the check's.
    Survey,
    /// A run; the id is the run's.
    Run,
    /// Compare destinations with the ledger; the id is the verification's.
    Verification,
    /// Look for a mail service's settings; the id is the search's.
    Discovery,
    /// Tell what a migration would do; the id is the dry run's.
    DryRun,
    /// A status mail; the id is the mail's.
    SendMail,
    /// The link by which a member sets a password; the id is the link's.
    PasswordMail,
    /// Tell a tenant's server of an event; the id is the delivery's.
    Webhook,
    /// Watch the MX records of an order, and start its delta when it is due; the id is the order's.
    CutOver,
    /// Settle a payment with its provider; the id is the payment's.
    Payment,
    /// Verify a notification about one; the id is the notification's.
    PaymentEvent,
}

tokio::task_local! {
    static REQUEST: Option<Uuid>;
}

/// Runs `future` so that every job that is asked for within it remembers this request.
pub async fn caused_by<F: Future>(request: Option<Uuid>, future: F) -> F::Output {
    REQUEST.scope(request, future).await
}

/// A job in a worker's hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// What kind of work.
    pub kind: JobKind,
    /// What it is about.
    pub id: Uuid,
    /// Takings that count, this one among them: 1 when it is taken for the first time. One that only waited, or that came
    /// further, can be taken back: [`JobQueue::put_back_after`].
    pub attempt: u32,
    /// The HTTP request that it was last asked for by, if it was by one.
    pub request: Option<Uuid>,
    /// This taking, unlike any other.
    token: String,
    /// Up to which asking this taking knows.
    taken: i64,
}

/// Jobs for workers.
pub trait JobQueue: Clone + Send + Sync + 'static {
    /// Asks for a job not before a time (now if none). If it waits already, the earlier time counts; if a worker has
    /// it, it is done once more afterwards.
    fn enqueue(
        &self,
        kind: JobKind,
        id: Uuid,
        not_before: Option<DateTime<Utc>>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Takes up to `limit` due jobs of `kind`, the longest due first (of runs, those whose turn it is, [`fair`]), and locks
    /// them for `lock`.
    fn take(
        &self,
        worker: &str,
        kind: JobKind,
        limit: u32,
        lock: Duration,
    ) -> impl Future<Output = Result<Vec<Job>, StoreError>> + Send;

    /// Keeps a job for another `lock`; false if it is no longer ours.
    fn keep(&self, job: &Job, lock: Duration) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// The jobs are done; one that was asked for again meanwhile stays.
    fn finish(&self, jobs: &[Job]) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Puts the job back, to be taken again not before a time, after so many failures: the next taking is one attempt
    /// more.
    fn put_back_after(
        &self,
        job: &Job,
        not_before: DateTime<Utc>,
        failures: u32,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Puts a job back that has failed, to be taken again not before a time.
    fn put_back(&self, job: &Job, not_before: DateTime<Utc>) -> impl Future<Output = Result<(), StoreError>> + Send {
        self.put_back_after(job, not_before, job.attempt)
    }
}

/// What there is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// Jobs that could be taken now, for each kind of which there are jobs at all.
    pub jobs_due: Vec<(JobKind, u32)>,
    /// Runs that have not ended, by their state as it stands in JSON.
    pub runs: Vec<(String, u32)>,
}

impl Store {
    /// Counts what there is to do.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn load(&self) -> Result<Load, StoreError> {
        let mut tx = self.read().await?;
        let now = lease_now(&mut tx, self.context()).await?;
        let sql =
            "SELECT kind, CAST(SUM(CASE WHEN not_before <= $1 AND locked_until <= $1 THEN 1 ELSE 0 END) AS BIGINT)
                AS n FROM jobs GROUP BY kind ORDER BY kind";
        let jobs = tx.rows(sql, args![now]).await?;
        let jobs_due =
            jobs.iter().map(|row| Ok((row.code("kind")?, row.get("n")?))).collect::<Result<_, StoreError>>()?;
        let sql = "SELECT w.state, COUNT(r.id) AS n
             FROM (SELECT 'queued' AS state UNION ALL SELECT 'running' UNION ALL SELECT 'paused') w
             LEFT JOIN runs r ON r.state = w.state GROUP BY w.state ORDER BY w.state";
        let runs = tx.rows(sql, args![]).await?;
        let runs = runs.iter().map(|row| Ok((row.get("state")?, row.get("n")?))).collect::<Result<_, StoreError>>()?;
        Ok(Load { jobs_due, runs })
    }
}

/// Asks for a job within a transaction; call [`Store::tell_workers`] after its commit.
pub(crate) async fn enqueue(
    tx: &mut Tx,
    kind: JobKind,
    id: Uuid,
    not_before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    debug_assert!(
        ahead::may_wait(kind, not_before, now),
        "{kind:?} until {not_before}: the sweep would cut that short"
    );
    tx.execute(
        "INSERT INTO jobs (kind, id, not_before, created_at, attempt, asked, taken, locked_by, seen_at, locked_until,
            request_id)
         VALUES ($1, $2, $3, $4, 0, 1, 0, NULL, 0, 0, $5)
         ON CONFLICT (kind, id) DO UPDATE SET asked = jobs.asked + 1,
            request_id = COALESCE(excluded.request_id, jobs.request_id),
            not_before = CASE WHEN jobs.asked > jobs.taken AND jobs.not_before < excluded.not_before
                THEN jobs.not_before ELSE excluded.not_before END",
        args![code(&kind)?, id, not_before, now, REQUEST.try_with(|request| *request).ok().flatten()],
    )
    .await
    .map(drop)
}

impl JobQueue for Store {
    async fn enqueue(&self, kind: JobKind, id: Uuid, not_before: Option<DateTime<Utc>>) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        enqueue(&mut tx, kind, id, not_before.unwrap_or_else(|| self.now()), self.now()).await?;
        tx.commit().await?;
        self.tell_workers();
        Ok(())
    }

    async fn take(&self, worker: &str, kind: JobKind, limit: u32, lock: Duration) -> Result<Vec<Job>, StoreError> {
        let word = code(&kind)?;
        // Most looks find nothing: they must not wait for whoever writes.
        let mut look = self.read().await?;
        let now = lease_now(&mut look, self.context()).await?;
        if look.row_opt(format!("{DUE} LIMIT 1"), due(&word, now)).await?.is_none() {
            return Ok(Vec::new());
        }
        drop(look);
        let mut tx = self.write().await?;
        let now = lease_now(&mut tx, self.context()).await?;
        let skip = tx.either("", "FOR UPDATE OF j SKIP LOCKED");
        let next = if kind == JobKind::Run { FAIR } else { DUE };
        let sql = format!(
            "UPDATE jobs SET locked_by = $4, seen_at = $2, locked_until = $5, attempt = attempt + 1, taken = asked
             WHERE kind = $1 AND id IN ({next} LIMIT $6 {skip})
             RETURNING id, attempt, locked_by, taken, not_before, request_id"
        );
        let token = format!("{worker}#{}", self.new_id()?);
        let mut args = due(&word, now);
        args.extend::<Vec<Arg>>(args![token, now + lock, limit]);
        let mut jobs = Vec::new();
        for row in tx.rows(sql, args).await? {
            let job = Job {
                kind,
                id: row.get("id")?,
                attempt: row.get("attempt")?,
                request: row.get::<Option<String>>("request_id")?.and_then(|id| id.parse().ok()),
                token: row.get("locked_by")?,
                taken: row.get("taken")?,
            };
            jobs.push((row.get::<DateTime<Utc>>("not_before")?, job));
        }
        tx.commit().await?;
        jobs.sort_by_key(|(not_before, _)| *not_before);
        Ok(jobs.into_iter().map(|(_, job)| job).collect())
    }

    async fn keep(&self, job: &Job, lock: Duration) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let now = lease_now(&mut tx, self.context()).await?;
        let sql = "UPDATE jobs SET seen_at = $4, locked_until = $5 WHERE kind = $1 AND id = $2 AND locked_by = $3";
        let kept = tx.execute(sql, args![code(&job.kind)?, job.id, &job.token, now, now + lock]).await?;
        tx.commit().await?;
        Ok(kept > 0)
    }

    async fn finish(&self, jobs: &[Job]) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        for job in jobs {
            let sql = "DELETE FROM jobs WHERE kind = $1 AND id = $2 AND locked_by = $3 AND asked = $4";
            let kind = code(&job.kind)?;
            if tx.execute(sql, args![&kind, job.id, &job.token, job.taken]).await? == 0 {
                let sql = "UPDATE jobs SET locked_by = NULL, seen_at = 0, locked_until = 0
                     WHERE kind = $1 AND id = $2 AND locked_by = $3";
                tx.execute(sql, args![&kind, job.id, &job.token]).await?;
            }
        }
        tx.commit().await
    }

    async fn put_back_after(&self, job: &Job, not_before: DateTime<Utc>, failures: u32) -> Result<(), StoreError> {
        debug_assert!(ahead::may_wait(job.kind, not_before, self.now()), "{:?} until {not_before}", job.kind);
        let mut tx = self.write().await?;
        // Asked for again meanwhile: that time counts.
        let sql = "UPDATE jobs SET locked_by = NULL, seen_at = 0, locked_until = 0,
                not_before = CASE WHEN asked > $4 AND not_before < $5 THEN not_before ELSE $5 END,
                asked = asked + 1, attempt = $6
             WHERE kind = $1 AND id = $2 AND locked_by = $3";
        tx.execute(sql, args![code(&job.kind)?, job.id, &job.token, job.taken, not_before, failures]).await?;
        tx.commit().await
    }
}

/// Due jobs of a kind ($1) at a time ($2), that nobody has, or whose worker says nothing any more, or whose lock was
/// taken by a clock that has gone back since ($3).
const DUE: &str = "SELECT j.id FROM jobs j
     WHERE j.kind = $1 AND j.not_before <= $2 AND (j.locked_until <= $2 OR j.seen_at > $3)
     ORDER BY j.not_before, j.created_at, j.id";

fn due(kind: &str, now: DateTime<Utc>) -> Vec<Arg> {
    args![kind, now, nonsense_after(now)]
}
