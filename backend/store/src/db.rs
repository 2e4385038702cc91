//! The two databases behind one face: the same SQL text, the same arguments, the same rows.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use futures::TryStreamExt;
use sqlx::{
    AssertSqlSafe, Postgres, Sqlite, Transaction,
    migrate::Migrator,
    postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions},
    query::Query,
    sqlite::{
        SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
    },
};

use crate::{
    error::StoreError,
    idempotency::mark_effect,
    value::{Arg, Row, Search},
};

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

const BUSY_TIMEOUT: Duration = Duration::from_secs(20);

/// A database.
#[derive(Debug, Clone)]
pub(crate) enum Db {
    /// SQLite: one connection writes, others read what was committed.
    Sqlite {
        /// The one that writes.
        writer: SqlitePool,
        /// Those that read.
        readers: SqlitePool,
    },
    /// PostgreSQL.
    Postgres(PgPool),
}

impl Db {
    /// Opens what `address` names and brings its tables up to date.
    pub(crate) async fn connect(address: &str) -> Result<Self, StoreError> {
        let db = if address.starts_with("sqlite:") {
            Self::open_sqlite(SqliteConnectOptions::from_str(address)?).await?
        } else if address.starts_with("postgres:") || address.starts_with("postgresql:") {
            // A plan that was made for an empty table and kept would read all of a ledger for each batch.
            let options = PgConnectOptions::from_str(address)?.options([("plan_cache_mode", "force_custom_plan")]);
            // A server that is being restarted is waited for, but nobody waits half a minute for a wrong address.
            let pool = PgPoolOptions::new().max_connections(16).acquire_timeout(Duration::from_secs(15));
            Self::Postgres(pool.connect_with(options).await?)
        } else {
            return Err(StoreError::Address);
        };
        db.migrate().await?;
        Ok(db)
    }

    /// Opens the SQLite file at `path`, which nobody else opens meanwhile, and brings its tables up to date.
    pub(crate) async fn open_file(path: &Path) -> Result<Self, StoreError> {
        if std::fs::metadata(path).map_or(true, |file| file.len() == 0) {
            make_file(path).await?;
        }
        let db = Self::open_sqlite(SqliteConnectOptions::new().filename(path)).await?;
        db.migrate().await?;
        Ok(db)
    }

    async fn open_sqlite(options: SqliteConnectOptions) -> Result<Self, StoreError> {
        make_private(options.get_filename())?;
        let options = options
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("secure_delete", "FAST");
        let pool = |connections| {
            // The file is local: a connection that worked a moment ago works now.
            SqlitePoolOptions::new()
                .max_connections(connections)
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
        };
        let writer = pool(1).connect_with(options.clone()).await?;
        let readers = pool(4).connect_lazy_with(options.pragma("query_only", "ON"));
        Ok(Self::Sqlite { writer, readers })
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite { writer, .. } => {
                // Two processes may start at once, and SQLite knows no lock beyond a transaction: who comes second
                // fails at the first migration and finds it done when it looks again.
                for _ in 0..5 {
                    if SQLITE_MIGRATIONS.run(writer).await.is_ok() {
                        return Ok(());
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                SQLITE_MIGRATIONS.run(writer).await?;
            }
            Self::Postgres(pool) => POSTGRES_MIGRATIONS.run(pool).await?,
        }
        Ok(())
    }

    /// A transaction that writes. On SQLite it is the only one at a time.
    pub(crate) async fn write(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// A transaction that reads one consistent state.
    pub(crate) async fn read(&self) -> Result<Tx, StoreError> {
        const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        Ok(match self {
            Self::Sqlite { readers, .. } => Tx::Sqlite(readers.begin().await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin_with(SNAPSHOT).await?),
        })
    }

    /// Ends all connections.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// Makes a file with all tables: beside its place, without a sync for each of them, and put there once it is whole and
/// on the disk. A copy of few messages would wait for those syncs longer than for all its mail.
async fn make_file(path: &Path) -> Result<(), StoreError> {
    let new = beside(path, ".new");
    // What an interrupted attempt has left.
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    make_private(&new)?;
    let options = SqliteConnectOptions::new()
        .filename(&new)
        .journal_mode(SqliteJournalMode::Memory)
        .synchronous(SqliteSynchronous::Off)
        .foreign_keys(true);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    SQLITE_MIGRATIONS.run(&pool).await?;
    pool.close().await;
    File::open(&new)?.sync_all()?;
    std::fs::rename(&new, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// Makes the file, or makes it readable by its owner alone; SQLite gives the files beside it the same rights.
fn make_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
}

/// The path with this ending.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

/// A transaction; dropped without [`Tx::commit`], nothing of it remains.
pub(crate) enum Tx {
    /// On SQLite.
    Sqlite(Transaction<'static, Sqlite>),
    /// On PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// Executes `sql`; how many rows it touched.
    pub(crate) async fn execute(&mut self, sql: impl Into<String>, args: Vec<Arg>) -> Result<u64, StoreError> {
        Ok(match self {
            Self::Sqlite(tx) => sqlite(&sql.into(), args).execute(&mut **tx).await?.rows_affected(),
            Self::Postgres(tx) => postgres(sql.into(), args).execute(&mut **tx).await?.rows_affected(),
        })
    }

    /// All rows.
    pub(crate) async fn rows(&mut self, sql: impl Into<String>, args: Vec<Arg>) -> Result<Vec<Row>, StoreError> {
        Ok(match self {
            Self::Sqlite(tx) => {
                let rows = sqlite(&sql.into(), args).fetch_all(&mut **tx).await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Self::Postgres(tx) => {
                let rows = postgres(sql.into(), args).fetch_all(&mut **tx).await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// The first row, if there is one.
    pub(crate) async fn row_opt(&mut self, sql: impl Into<String>, args: Vec<Arg>) -> Result<Option<Row>, StoreError> {
        Ok(match self {
            Self::Sqlite(tx) => sqlite(&sql.into(), args).fetch_optional(&mut **tx).await?.map(Row::Sqlite),
            Self::Postgres(tx) => postgres(sql.into(), args).fetch_optional(&mut **tx).await?.map(Row::Postgres),
        })
    }

    /// The first row.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    pub(crate) async fn row(&mut self, sql: impl Into<String>, args: Vec<Arg>) -> Result<Row, StoreError> {
        self.row_opt(sql, args).await?.ok_or(StoreError::NotFound)
    }

    /// Gives every row to `take`, one after the other: memory stays flat however many there are.
    pub(crate) async fn each(
        &mut self,
        sql: impl Into<String>,
        args: Vec<Arg>,
        mut take: impl FnMut(&Row) -> Result<(), StoreError> + Send,
    ) -> Result<(), StoreError> {
        let sql = sql.into();
        match self {
            Self::Sqlite(tx) => {
                let mut rows = sqlite(&sql, args).fetch(&mut **tx);
                while let Some(row) = rows.try_next().await? {
                    take(&Row::Sqlite(row))?;
                }
            }
            Self::Postgres(tx) => {
                let mut rows = postgres(sql, args).fetch(&mut **tx);
                while let Some(row) = rows.try_next().await? {
                    take(&Row::Postgres(row))?;
                }
            }
        }
        Ok(())
    }

    /// How texts are found in columns.
    pub(crate) fn search(&self) -> Search {
        match self {
            Self::Sqlite(_) => Search::Glob,
            Self::Postgres(_) => Search::Regex,
        }
    }

    /// One of two texts, where the databases differ.
    pub(crate) fn either(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self {
            Self::Sqlite(_) => sqlite,
            Self::Postgres(_) => postgres,
        }
    }

    /// Makes all of it durable at once; if it is the effect of a request with an idempotency key, that too.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        mark_effect(&mut self).await?;
        self.commit_unmarked().await
    }

    /// The same for what is no effect of a request.
    pub(crate) async fn commit_unmarked(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

fn sqlite(sql: &str, args: Vec<Arg>) -> Query<'static, Sqlite, SqliteArguments> {
    let (sql, args) = in_order(sql, args);
    args.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, arg| match arg {
        Arg::Text(value) => query.bind(value),
        Arg::Int(value) => query.bind(value),
        Arg::Bytes(value) => query.bind(value),
    })
}

fn postgres(sql: String, args: Vec<Arg>) -> Query<'static, Postgres, PgArguments> {
    args.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, arg| match arg {
        Arg::Text(value) => query.bind(value),
        Arg::Int(value) => query.bind(value),
        Arg::Bytes(value) => query.bind(value),
    })
}

/// The same statement with `?` for each `$n`, and the arguments in the order of their use: SQLite looks a numbered
/// parameter's name up in a list, so that a statement of a thousand of them costs it half a million steps.
fn in_order(sql: &str, args: Vec<Arg>) -> (String, Vec<Arg>) {
    let mut text = String::with_capacity(sql.len());
    let mut parts = sql.split('$');
    text.push_str(parts.next().unwrap_or_default());
    let mut used = Vec::with_capacity(args.len());
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let number = part[..digits].parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        match number.filter(|number| *number < args.len()) {
            Some(number) => {
                text.push('?');
                used.push(number);
                text.push_str(&part[digits..]);
            }
            // No parameter: the database says what is wrong with it.
            None => {
                text.push('$');
                text.push_str(part);
            }
        }
    }
    (text, arranged(args, &used))
}

/// The arguments in the order of their use; most are used once and need not be copied.
fn arranged(mut args: Vec<Arg>, used: &[usize]) -> Vec<Arg> {
    let mut left = vec![0_u32; args.len()];
    for number in used {
        left[*number] += 1;
    }
    let take = |number: &usize| {
        left[*number] -= 1;
        if left[*number] == 0 { std::mem::replace(&mut args[*number], Arg::Int(None)) } else { args[*number].clone() }
    };
    used.iter().map(take).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_parameters_are_put_in_the_order_of_their_use() {
        let args = vec![Arg::Int(Some(1)), Arg::Int(Some(2)), Arg::Int(Some(3))];
        let (sql, used) = in_order("SELECT $2, $1 + $2 WHERE x = $3 AND y = $4", args);
        assert_eq!(sql, "SELECT ?, ? + ? WHERE x = ? AND y = $4");
        assert_eq!(used, [2, 1, 2, 3].map(|n| Arg::Int(Some(n))));
    }
}
