use std::{
    collections::HashMap,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::DateTime;
use mailferry_shared::{
    ids::{OrderId, RunId, TenantId},
    order::StartKind,
    tenant::TenantLimits,
};
use mailferry_store::{
    NewOrder, OPERATOR_TENANT, SealingKeys, Store, StoreError,
    jobs::{Job, JobHandler, JobKind, JobOutcome, JobQueue, LOCK, WorkerOptions, work},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::world::{KEY, World, new_order, pair, start};

on_both! {
    the_earlier_time_counts_and_times_hold;
    what_is_asked_for_again_is_done_again;
    what_there_is_to_do_is_counted;
    a_job_of_a_silent_worker_is_taken_over;
    two_workers_never_do_the_same_job_at_once;
    ten_thousand_tiny_jobs_come_to_an_end;
    a_panic_or_a_stop_loses_nothing;
    a_killed_process_is_followed;
    due_runs_are_taken_in_turn_by_tenants_and_their_orders;
    a_run_gives_way_to_whoever_has_less_at_work;
}

/// A started trial of a tenant, with so many runs.
async fn started(world: &World, tenant_id: TenantId, runs: usize) -> OrderId {
    let store = &world.store;
    let order = store.create_order(NewOrder { tenant_id, ..new_order() }).await.expect("an order");
    let pairs: Vec<_> = (0..runs).map(|n| pair(&format!("user{n}"))).collect();
    store.create_pairs(order.id, 500, &pairs).await.expect("pairs");
    store.schedule_order(&order, start(StartKind::Trial, store.now())).await.expect("starts");
    order.id
}

/// Takes so many runs: whose they are, sorted, and the jobs.
async fn take_runs(world: &World, limit: u32) -> (Vec<OrderId>, Vec<Job>) {
    let jobs = world.store.take("w", JobKind::Run, limit, LOCK).await.expect("jobs");
    let mut whose = Vec::new();
    for job in &jobs {
        whose.push(world.store.run(RunId(job.id)).await.expect("a run").order_id);
    }
    whose.sort();
    (whose, jobs)
}

fn sorted(mut orders: Vec<OrderId>) -> Vec<OrderId> {
    orders.sort();
    orders
}

async fn due_runs_are_taken_in_turn_by_tenants_and_their_orders(world: World) {
    let store = &world.store;
    let other = store.create_tenant("other", TenantLimits::default()).await.expect("a tenant").id;
    let large = started(&world, OPERATOR_TENANT, 6).await;
    world.clock.advance(chrono::Duration::milliseconds(10));
    let small = started(&world, OPERATOR_TENANT, 2).await;
    world.clock.advance(chrono::Duration::milliseconds(10));
    let late = started(&world, other, 3).await;
    world.pass(Duration::from_millis(100)).await;
    let (whose, first) = take_runs(&world, 4).await;
    assert_eq!(whose, sorted(vec![large, small, late, late]), "two of each tenant, one of each order");
    assert_eq!(take_runs(&world, 1).await.0, [large], "both tenants have two: the first one's turn");
    assert_eq!(take_runs(&world, 1).await.0, [late], "which has two, the other one three");
    store.finish(&first).await.expect("ended");
    assert_eq!(take_runs(&world, 1).await.0, [small], "of its tenant's orders it has none at work");
    assert_eq!(take_runs(&world, 9).await.0, [large; 4], "whatever is left");
}

async fn a_run_gives_way_to_whoever_has_less_at_work(world: World) {
    let store = &world.store;
    let other = store.create_tenant("other", TenantLimits::default()).await.expect("a tenant").id;
    started(&world, OPERATOR_TENANT, 2).await;
    world.pass(Duration::from_millis(100)).await;
    let (_, jobs) = take_runs(&world, 1).await;
    let run = RunId(jobs[0].id);
    let gives_way = async |waiting| store.should_give_way(run, Duration::from_millis(waiting)).await.expect("a run");
    assert!(!gives_way(0).await, "of its own order more is due");
    started(&world, other, 1).await;
    world.pass(Duration::from_millis(100)).await;
    assert!(!gives_way(60_000).await, "it has not waited for long");
    assert!(gives_way(50).await);
    let taken = take_runs(&world, 1).await;
    assert_eq!(taken.1.len(), 1);
    assert!(!gives_way(50).await, "it is at work");
    let nobody = RunId(store.new_id().expect("random"));
    assert!(matches!(store.should_give_way(nobody, Duration::ZERO).await, Err(StoreError::NotFound)));
}

async fn what_there_is_to_do_is_counted(world: World) {
    let store = &world.store;
    let at = |seconds| Some(store.now() + chrono::Duration::seconds(seconds));
    for seconds in [-5, -5, 60] {
        store.enqueue(JobKind::Run, store.new_id().expect("random"), at(seconds)).await.expect("queued");
    }
    store.enqueue(JobKind::SendMail, store.new_id().expect("random"), at(60)).await.expect("queued");
    let load = store.load().await.expect("counted");
    assert_eq!(load.jobs_due, [(JobKind::Run, 2), (JobKind::SendMail, 0)]);
    assert_eq!(load.runs, [("paused".to_owned(), 0), ("queued".to_owned(), 0), ("running".to_owned(), 0)]);
    assert_eq!(store.take("w", JobKind::Run, 1, LOCK).await.expect("queue").len(), 1);
    assert_eq!(store.load().await.expect("counted").jobs_due[0], (JobKind::Run, 1), "one is being done");
}

async fn the_earlier_time_counts_and_times_hold(world: World) {
    let store = &world.store;
    let (soon, later) = (store.new_id().expect("random"), store.new_id().expect("random"));
    let at = |seconds| Some(store.now() + chrono::Duration::milliseconds(seconds));
    store.enqueue(JobKind::Run, later, at(60_000)).await.expect("queued");
    store.enqueue(JobKind::Run, soon, at(60_000)).await.expect("queued");
    store.enqueue(JobKind::Run, soon, at(4_000)).await.expect("earlier");
    store.enqueue(JobKind::Run, soon, at(90_000)).await.expect("later does not count");
    assert!(store.take("w", JobKind::Run, 9, LOCK).await.expect("queue").is_empty());
    world.pass(Duration::from_millis(4_100)).await;
    let jobs = store.take("w", JobKind::Run, 9, LOCK).await.expect("queue");
    assert_eq!(jobs.iter().map(|job| (job.kind, job.id)).collect::<Vec<_>>(), [(JobKind::Run, soon)]);
    assert!(store.take("w", JobKind::Check, 9, LOCK).await.expect("queue").is_empty(), "kinds are separate");
}

async fn what_is_asked_for_again_is_done_again(world: World) {
    let store = &world.store;
    let id = store.new_id().expect("random");
    store.enqueue(JobKind::Check, id, None).await.expect("queued");
    store.enqueue(JobKind::Check, id, None).await.expect("the same once more");
    let job = store.take("w", JobKind::Check, 9, LOCK).await.expect("queue").remove(0);
    assert_eq!(job.attempt, 1);
    store.enqueue(JobKind::Check, id, None).await.expect("asked for again while it is done");
    assert!(store.take("v", JobKind::Check, 9, LOCK).await.expect("queue").is_empty(), "not at the same time");
    store.finish(&[job]).await.expect("done");
    let job = store.take("v", JobKind::Check, 9, LOCK).await.expect("queue").remove(0);
    store.put_back(&job, store.now()).await.expect("again");
    let job = store.take("v", JobKind::Check, 9, LOCK).await.expect("queue").remove(0);
    assert_eq!(job.attempt, 3);
    store.put_back_after(&job, store.now(), 2).await.expect("again");
    let job = store.take("v", JobKind::Check, 9, LOCK).await.expect("queue").remove(0);
    assert_eq!(job.attempt, 3, "what only waited is no attempt");
    store.put_back_after(&job, store.now(), 0).await.expect("again");
    let job = store.take("v", JobKind::Check, 9, LOCK).await.expect("queue").remove(0);
    assert_eq!(job.attempt, 1, "what came further begins anew");
    store.finish(&[job]).await.expect("done");
    assert!(store.take("v", JobKind::Check, 9, LOCK).await.expect("queue").is_empty());
}

async fn a_job_of_a_silent_worker_is_taken_over(world: World) {
    let store = &world.store;
    let id = store.new_id().expect("random");
    store.enqueue(JobKind::Run, id, None).await.expect("queued");
    let lock = Duration::from_secs(300);
    let silent = store.take("one", JobKind::Run, 1, lock).await.expect("queue").remove(0);
    world.pass(Duration::from_secs(200)).await;
    assert!(store.keep(&silent, lock).await.expect("kept"));
    world.pass(Duration::from_secs(200)).await;
    assert!(store.take("two", JobKind::Run, 1, lock).await.expect("queue").is_empty(), "it was kept alive");
    world.pass(Duration::from_secs(200)).await;
    let taken = store.take("two", JobKind::Run, 1, lock).await.expect("queue").remove(0);
    assert_eq!(taken.attempt, 2);
    assert!(!store.keep(&silent, lock).await.expect("asked"), "it is no longer its own");
    store.finish(std::slice::from_ref(&silent)).await.expect("does nothing");
    store.put_back(&silent, store.now()).await.expect("does nothing");
    assert!(store.keep(&taken, lock).await.expect("kept"));
}

/// Counts what is done, and what is done twice at once.
#[derive(Default)]
struct Counter {
    busy: Mutex<HashMap<Uuid, usize>>,
    most_at_once: AtomicUsize,
    done: AtomicUsize,
    pause: Duration,
}

impl JobHandler for Counter {
    async fn handle(&self, job: &Job, _: CancellationToken) -> JobOutcome {
        let now = {
            let mut busy = self.busy.lock().expect("lock");
            let now = busy.entry(job.id).or_default();
            *now += 1;
            *now
        };
        self.most_at_once.fetch_max(now, Ordering::SeqCst);
        tokio::time::sleep(self.pause).await;
        *self.busy.lock().expect("lock").get_mut(&job.id).expect("there") -= 1;
        self.done.fetch_add(1, Ordering::SeqCst);
        JobOutcome::Done
    }
}

async fn until(limit: Duration, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < limit, "it takes too long");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The same for what the database tells.
async fn until_so(done: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !done().await {
        assert!(begun.elapsed() < Duration::from_secs(60), "it takes too long");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn options(name: &str, slots: usize) -> WorkerOptions {
    let mut options = WorkerOptions::new(name, vec![(JobKind::Run, slots), (JobKind::Check, slots)]);
    options.poll = Duration::from_millis(50);
    options
}

async fn two_workers_never_do_the_same_job_at_once(world: World) {
    let handler = Arc::new(Counter { pause: Duration::from_millis(5), ..Counter::default() });
    let stop = CancellationToken::new();
    let workers: Vec<_> = ["one", "two", "three"]
        .into_iter()
        .map(|name| tokio::spawn(work(world.store.clone(), options(name, 4), handler.clone(), stop.clone())))
        .collect();
    for _ in 0..150 {
        let id = world.store.new_id().expect("random");
        world.store.enqueue(JobKind::Run, id, None).await.expect("queued");
        world.store.enqueue(JobKind::Run, id, None).await.expect("asked for twice");
    }
    until(Duration::from_secs(180), || handler.done.load(Ordering::SeqCst) >= 150).await;
    stop.cancel();
    for worker in workers {
        worker.await.expect("ends");
    }
    assert_eq!(handler.most_at_once.load(Ordering::SeqCst), 1);
}

async fn ten_thousand_tiny_jobs_come_to_an_end(world: World) {
    const JOBS: usize = 10_000;
    // Enqueued around the store: this is about working them off.
    let pad = if world.is_sqlite() { "printf('%012d', i)" } else { "lpad(CAST(i AS TEXT), 12, '0')" };
    let sql = format!(
        "INSERT INTO jobs (kind, id, not_before, created_at, attempt, asked, taken, seen_at, locked_until)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {JOBS})
         SELECT 'run', '00000000-0000-7000-8000-' || {pad}, 0, 0, 0, 1, 0, 0, 0 FROM n"
    );
    world.raw(Box::leak(sql.into_boxed_str())).await;
    let handler = Arc::new(Counter::default());
    let stop = CancellationToken::new();
    let begun = Instant::now();
    let workers: Vec<_> = ["one", "two"]
        .into_iter()
        .map(|name| tokio::spawn(work(world.store.clone(), options(name, 16), handler.clone(), stop.clone())))
        .collect();
    until(Duration::from_secs(600), || handler.done.load(Ordering::SeqCst) >= JOBS).await;
    println!("{JOBS} tiny jobs by two workers: {:?}", begun.elapsed());
    stop.cancel();
    for worker in workers {
        worker.await.expect("ends");
    }
    assert_eq!(handler.done.load(Ordering::SeqCst), JOBS);
    assert_eq!(world.raw_numbers("SELECT COUNT(*), CAST(0 AS BIGINT) FROM jobs".to_owned()).await.0, 0);
}

/// Panics at first, and obeys when it is told to stop.
#[derive(Default)]
struct Troubled {
    seen: AtomicUsize,
}

impl JobHandler for Troubled {
    async fn handle(&self, job: &Job, stop: CancellationToken) -> JobOutcome {
        self.seen.fetch_add(1, Ordering::SeqCst);
        assert!(job.kind != JobKind::Check, "this one panics");
        stop.cancelled().await;
        // At once, also by a clock that stands still.
        JobOutcome::Again(DateTime::UNIX_EPOCH)
    }
}

async fn a_panic_or_a_stop_loses_nothing(world: World) {
    let (panics, stops) = (world.store.new_id().expect("random"), world.store.new_id().expect("random"));
    world.store.enqueue(JobKind::Check, panics, None).await.expect("queued");
    world.store.enqueue(JobKind::Run, stops, None).await.expect("queued");
    let handler = Arc::new(Troubled::default());
    let stop = CancellationToken::new();
    let worker = tokio::spawn(work(world.store.clone(), options("one", 2), handler.clone(), stop.clone()));
    until(Duration::from_secs(60), || handler.seen.load(Ordering::SeqCst) == 2).await;
    let back = "SELECT COUNT(*), CAST(0 AS BIGINT) FROM jobs WHERE attempt > 0 AND locked_by IS NULL";
    until_so(async || world.raw_numbers(back.to_owned()).await.0 == 1).await;
    stop.cancel();
    worker.await.expect("ends in order");
    world.pass(Duration::from_millis(500)).await;
    let back = world.store.take("two", JobKind::Run, 9, LOCK).await.expect("queue");
    assert_eq!(back.iter().map(|job| job.id).collect::<Vec<_>>(), [stops], "handed over at once");
    let later = world.store.take("two", JobKind::Check, 9, LOCK).await.expect("queue");
    assert!(later.is_empty(), "a job that panicked waits a while");
    assert_eq!(world.raw_numbers("SELECT COUNT(*), CAST(0 AS BIGINT) FROM jobs".to_owned()).await.0, 2);
}

/// Takes a job and never ends.
struct Stuck;

impl JobHandler for Stuck {
    async fn handle(&self, job: &Job, _: CancellationToken) -> JobOutcome {
        println!("TAKEN {}", job.id);
        std::future::pending().await
    }
}

const VICTIMS_LOCK: Duration = Duration::from_secs(60);
const CHILD: &str = "MAILFERRY_TEST_WORKER_ADDRESS";

/// Not a test of its own: the process that [`a_killed_process_is_followed`] kills.
#[tokio::test]
#[ignore = "started by another test as a process to be killed"]
async fn the_process_that_is_killed() {
    let Ok(address) = std::env::var(CHILD) else { return };
    let store = Store::connect(&address, SealingKeys::parse(KEY).expect("keys")).await.expect("opens");
    let mut options = options("victim", 1);
    (options.lock, options.heartbeat) = (VICTIMS_LOCK, Duration::from_millis(200));
    work(store, options, Arc::new(Stuck), CancellationToken::new()).await;
}

async fn a_killed_process_is_followed(world: World) {
    let (store, id) = (&world.store, world.store.new_id().expect("random"));
    store.enqueue(JobKind::Run, id, None).await.expect("queued");
    world.let_time_run().await;
    let mut victim = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "jobs::the_process_that_is_killed", "--ignored", "--nocapture"])
        .env(CHILD, &world.address)
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut lines = BufReader::new(victim.stdout.take().expect("output")).lines();
    let taken = format!("TAKEN {id}");
    assert!(lines.any(|line| line.expect("readable").contains(&taken)), "the victim has it");
    let locked_until = async || world.raw_numbers("SELECT locked_until, locked_until FROM jobs".to_owned()).await.0;
    let at_first = locked_until().await;
    until_so(async || locked_until().await > at_first).await;
    // It lives longer than its first lock by saying so.
    world.pass_until(at_first + 1).await;
    assert!(store.take("heir", JobKind::Run, 1, LOCK).await.expect("queue").is_empty());
    victim.kill().expect("kill -9");
    victim.wait().expect("gone");
    world.pass(VICTIMS_LOCK * 2).await;
    let handler = Arc::new(Counter::default());
    let stop = CancellationToken::new();
    let heir = tokio::spawn(work(store.clone(), options("heir", 1), handler.clone(), stop.clone()));
    until(Duration::from_secs(60), || handler.done.load(Ordering::SeqCst) == 1).await;
    stop.cancel();
    heir.await.expect("ends");
}
