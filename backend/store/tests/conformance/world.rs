//! A fresh store for each test, on either database.

use std::{sync::Arc, sync::OnceLock, time::Duration};

use chrono::{DateTime, Utc};
use mailferry_domain::order::{Start, Terms};
use mailferry_lab::Postgres;
use mailferry_shared::{
    account::{AccountCreate, SideInput},
    ids::{OrderId, PairId, RunId},
    order::{Language, OrderOptions, StartKind},
    run::RunState,
    secret::Secret,
};
use mailferry_store::{
    Asker, Clock, Context, Lease, MockClock, NewOrder, OPERATOR_TENANT, OrderRecord, Part, SealingKeys, Store,
    SystemRandom,
};

use crate::clock::DatabaseClock;

/// Runs each test body on both databases.
macro_rules! on_both {
    ($($(#[$meta:meta])* $name:ident;)*) => {
        mod sqlite {
            $($(#[$meta])* #[tokio::test(flavor = "multi_thread")] async fn $name() {
                super::$name($crate::world::World::sqlite().await).await;
            })*
        }
        mod postgres {
            $($(#[$meta])* #[tokio::test(flavor = "multi_thread")] async fn $name() {
                super::$name($crate::world::World::postgres().await).await;
            })*
        }
    };
}

pub(crate) const KEY: &str = "first AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) clock: MockClock,
    /// Which judges leases and jobs, if it is not the process's own.
    database_clock: Option<DatabaseClock>,
    pub(crate) address: String,
    pub(crate) dir: tempfile::TempDir,
}

impl World {
    pub(crate) async fn sqlite() -> Self {
        let dir = tempfile::tempdir().expect("folder");
        let address = format!("sqlite:{}", dir.path().join("store.db").display());
        Self::at(dir, address).await
    }

    pub(crate) async fn postgres() -> Self {
        static SERVER: OnceLock<Postgres> = OnceLock::new();
        let address = SERVER.get_or_init(|| Postgres::start().expect("PostgreSQL")).fresh_database().expect("database");
        Self::at(tempfile::tempdir().expect("folder"), address).await
    }

    async fn at(dir: tempfile::TempDir, address: String) -> Self {
        let clock = MockClock::at(Utc::now());
        let database_clock = match address.starts_with("sqlite:") {
            true => None,
            false => Some(DatabaseClock::stopped(&address, clock.now()).await),
        };
        let store = open(&address, KEY, &clock).await;
        Self { store, clock, database_clock, address, dir }
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.address.starts_with("sqlite:")
    }

    /// The same database opened by another process, as it were.
    pub(crate) async fn another(&self, keys: &str) -> Store {
        open(&self.address, keys, &self.clock).await
    }

    /// Lets time pass, for leases and locks too.
    pub(crate) async fn pass(&self, time: Duration) {
        self.clock.advance(chrono::Duration::from_std(time).expect("short"));
        if let Some(clock) = &self.database_clock {
            clock.show(self.clock.now()).await;
        }
    }

    /// The same up to a moment, in microseconds since 1970.
    pub(crate) async fn pass_until(&self, micros: i64) {
        let left = micros - self.clock.now().timestamp_micros();
        self.pass(Duration::from_micros(left.try_into().expect("not past"))).await;
    }

    /// Time that runs, for processes of their own.
    pub(crate) async fn let_time_run(&self) {
        if let Some(clock) = &self.database_clock {
            clock.run().await;
        }
    }

    /// A statement around the store.
    pub(crate) async fn raw(&self, sql: &'static str) {
        if self.is_sqlite() {
            let pool = sqlx::SqlitePool::connect(&self.address).await.expect("opens");
            sqlx::query(sql).execute(&pool).await.expect(sql);
            pool.close().await;
        } else {
            let pool = sqlx::PgPool::connect(&self.address).await.expect("opens");
            sqlx::query(sql).execute(&pool).await.expect(sql);
            pool.close().await;
        }
    }

    /// Numbers read around the store: a row of two.
    pub(crate) async fn raw_numbers(&self, sql: String) -> (i64, i64) {
        let text = sqlx::AssertSqlSafe(sql);
        if self.is_sqlite() {
            let pool = sqlx::SqlitePool::connect(&self.address).await.expect("opens");
            sqlx::query_as(text).fetch_one(&pool).await.expect("a row")
        } else {
            let pool = sqlx::PgPool::connect(&self.address).await.expect("opens");
            sqlx::query_as(text).fetch_one(&pool).await.expect("a row")
        }
    }

    pub(crate) async fn order(&self) -> OrderRecord {
        self.store.create_order(new_order()).await.expect("order")
    }

    /// An order with so many ticked pairs.
    pub(crate) async fn order_with(&self, pairs: usize) -> (OrderRecord, Vec<PairId>) {
        let order = self.order().await;
        let new: Vec<AccountCreate> = (0..pairs).map(|n| pair(&format!("user{n}"))).collect();
        let ids = self.store.create_pairs(order.id, 500, &new).await.expect("pairs");
        (order, ids)
    }

    /// A started trial with so many pairs: the order and the runs.
    pub(crate) async fn trial(&self, pairs: usize) -> (OrderRecord, Vec<RunId>) {
        let (order, ids) = self.order_with(pairs).await;
        let order = self.store.schedule_order(&order, start(StartKind::Trial, self.store.now())).await.expect("starts");
        let mut runs = Vec::new();
        for id in ids {
            runs.push(self.only_run(order.id, id).await);
        }
        (order, runs)
    }

    /// What a worker does to a run, without moving anything; the order is concluded.
    pub(crate) async fn end_run(&self, order: OrderId, run: RunId, end: RunState) -> OrderRecord {
        self.store.begin_order(order).await.expect("begins");
        self.store.change_run(run, RunState::Running, None, None).await.expect("runs");
        self.store.change_run(run, end, None, None).await.expect("ends");
        self.store.conclude_order(order).await.expect("concludes")
    }

    pub(crate) async fn only_run(&self, order: OrderId, pair: PairId) -> RunId {
        let runs = self.store.runs_of_pair(order, pair, Part::ALL).await.expect("runs");
        assert_eq!(runs.len(), 1);
        runs[0].id
    }

    pub(crate) async fn lease(&self, run: RunId, worker: &str) -> Lease {
        let lease = self.store.claim_lease(run, worker, Duration::from_secs(60)).await.expect("database");
        lease.expect("nobody else has it")
    }
}

async fn open(address: &str, keys: &str, clock: &MockClock) -> Store {
    let context = Context { clock: Arc::new(clock.clone()), random: Arc::new(SystemRandom) };
    let keys = SealingKeys::parse(keys).expect("keys");
    Store::connect_with(address, keys, context, Terms::default()).await.expect("opens")
}

pub(crate) fn start(kind: StartKind, earliest: DateTime<Utc>) -> Start {
    Start { kind, earliest, delta: None }
}

pub(crate) fn new_order() -> NewOrder {
    NewOrder {
        tenant_id: OPERATOR_TENANT,
        asker: Asker::default(),
        language: Language::En,
        notify_address: Some("anna@example.org".parse().expect("address")),
        source: None,
        destination: None,
        options: OrderOptions::default(),
        accepted_terms: "2026-11".to_owned(),
        reference: None,
    }
}

pub(crate) fn side(user: &str, password: &str) -> SideInput {
    SideInput { password: Some(Secret::new(password)), ..SideInput::of(user) }
}

pub(crate) fn pair(user: &str) -> AccountCreate {
    AccountCreate { ticked: true, source: side(user, "old secret"), destination: side(user, "new secret") }
}
