//! Pools of connections, one for each login.

use std::{future::Future, io, time::Duration};

use anyhow::Context as _;
use deadpool::{
    Runtime,
    managed::{self, Metrics, Object, PoolError, QueueMode, RecycleError, RecycleResult, WeakPool},
};
use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::{runtime::Handle, time};

/// How long a unit of work may wait until one of a pool's connections is free.
const WAIT: Duration = Duration::from_secs(2);
/// How much longer it may wait for a new one: a connection that is given up half made is begun anew by whoever comes next,
/// and a busy machine would never get one.
const MADE: Duration = Duration::from_secs(3);
/// The pause before PostgreSQL, which starts, is called again.
const CALL_AGAIN: Duration = Duration::from_millis(50);
/// A connection that works answers much sooner; one that was cut never does.
const ANSWER: Duration = Duration::from_secs(1);
/// A connection that was not lent for longer is asked whether it still works before it is.
const FRESH: Duration = Duration::from_secs(1);
/// A connection that nobody needed for longer is closed.
const IDLE: Duration = Duration::from_mins(10);
/// A connection is no older, so that a database that moved is found.
const LIFETIME: Duration = Duration::from_mins(30);
const TIDY_EVERY: Duration = Duration::from_mins(1);

/// Connections of a login.
pub(crate) type Pool = managed::Pool<Login>;
/// A connection that goes back to its pool when it is dropped.
pub(crate) type Pooled = Object<Login>;

/// Opens the connections of a pool.
pub(crate) struct Login(PgConnectOptions);

/// Opens a pool of at most `size` connections, and the first of them: a login that is refused is found out at once.
pub(crate) async fn open(options: PgConnectOptions, size: u32) -> anyhow::Result<Pool> {
    let pool = Pool::builder(Login(options))
        .max_size(size.try_into()?)
        // the same few are lent, which PostgreSQL has warm, and the others can grow old
        .queue_mode(QueueMode::Lifo)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(WAIT))
        .build()
        .context("make a pool")?;
    drop(lend(&pool).await?);
    #[expect(clippy::disallowed_methods, reason = "ends with the pool")]
    Handle::current().spawn(tidy(pool.weak()));
    Ok(pool)
}

/// A connection that works as far as anybody knows.
pub(crate) async fn lend(pool: &Pool) -> Result<Pooled, sqlx::Error> {
    let mut lending = Box::pin(pool.get());
    let lent = if let Ok(lent) = time::timeout(WAIT, &mut lending).await {
        lent
    } else {
        // those that lie there may all have been cut
        pool.retain(|_, _| false);
        time::timeout(MADE, lending)
            .await
            .map_err(|_| sqlx::Error::PoolTimedOut)?
    };
    lent.map_err(|error| match error {
        PoolError::Backend(error) => error,
        PoolError::Closed => sqlx::Error::PoolClosed,
        _ => sqlx::Error::PoolTimedOut,
    })
}

/// Waits for an answer that a connection gives in a moment, unless it was cut.
pub(crate) async fn answered<T>(
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    match time::timeout(ANSWER, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
    }
}

/// Closes what nobody needs, for as long as the pool is there.
async fn tidy(weak: WeakPool<Login>) {
    while let Some(pool) = weak.upgrade() {
        pool.retain(|_, metrics| metrics.last_used() < IDLE);
        drop(pool);
        time::sleep(TIDY_EVERY).await;
    }
}

impl managed::Manager for Login {
    type Type = PgConnection;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<PgConnection, sqlx::Error> {
        loop {
            match PgConnection::connect_with(&self.0).await {
                Err(sqlx::Error::Io(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                }
                Err(sqlx::Error::Database(error)) if error.is_transient_in_connect_phase() => {}
                connected => return connected,
            }
            time::sleep(CALL_AGAIN).await;
        }
    }

    async fn recycle(
        &self,
        connection: &mut PgConnection,
        metrics: &Metrics,
    ) -> RecycleResult<sqlx::Error> {
        if metrics.age() > LIFETIME {
            return Err(RecycleError::message("it is old"));
        }
        // both read the answer to a ROLLBACK that nobody waited for
        let works = if metrics.last_used() < FRESH {
            answered(connection.flush()).await
        } else {
            answered(connection.ping()).await
        };
        works.map_err(|error| {
            tracing::warn!(%error, "a connection does not work any more");
            error.into()
        })
    }
}
