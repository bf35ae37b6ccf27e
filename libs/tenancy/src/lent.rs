//! Connections of a pool, lent for a unit of work.

use std::{
    future::Future,
    io,
    ops::{Deref, DerefMut},
    time::Duration,
};

use sqlx::{
    AssertSqlSafe, PgConnection, PgPool, Postgres, SqlSafeStr as _, pool::PoolConnection,
    postgres::PgTransactionManager,
};
use sqlx_core::transaction::TransactionManager as _;
use tokio::runtime::Handle;

/// On its way back a connection may first have to end a statement that nobody waits for any more.
const RELEASE: Duration = Duration::from_secs(5);

tokio::task_local! {
    /// [`Lent::has_begun`] of the connection that goes back to its pool.
    static HAS_BEGUN: bool;
}

/// True while a connection goes back whose BEGIN was answered; false where that is not known.
pub(crate) fn has_begun() -> bool {
    HAS_BEGUN
        .try_with(|has_begun| *has_begun)
        .unwrap_or_default()
}

/// A connection with at most one transaction on it, which is rolled back unless it was committed.
///
/// It goes back to its pool in time or not at all. The pool asks each connection whether it still works, and would wait for
/// good for the answer of one that was cut; it would have one less from then on.
pub(crate) struct Lent {
    connection: Option<PoolConnection<Postgres>>,
    /// BEGIN was answered: the driver knows of the transaction, and ends it.
    has_begun: bool,
}

impl Lent {
    pub(crate) async fn of(pool: &PgPool) -> Result<Self, sqlx::Error> {
        Ok(Self {
            connection: Some(pool.acquire().await?),
            has_begun: false,
        })
    }

    /// Lends a connection with a transaction on it. `statement` begins it; nothing from a request may stand in it.
    pub(crate) async fn begin(pool: &PgPool, statement: String) -> Result<Self, sqlx::Error> {
        let mut lent = Self::of(pool).await?;
        let statement = AssertSqlSafe(statement).into_sql_str();
        PgTransactionManager::begin(&mut lent, Some(statement)).await?;
        lent.has_begun = true;
        Ok(lent)
    }

    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        PgTransactionManager::commit(&mut self).await
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let (Some(mut connection), Ok(runtime)) = (self.connection.take(), Handle::try_current())
        else {
            return;
        };
        PgTransactionManager::start_rollback(&mut connection);
        // as the pool does it by itself, but for the limit; what is dropped then is closed
        let back = HAS_BEGUN.scope(self.has_begun, connection.return_to_pool());
        runtime.spawn(tokio::time::timeout(RELEASE, back));
    }
}

impl Deref for Lent {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.connection
            .as_ref()
            .expect("it is lent until it is dropped")
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection
            .as_mut()
            .expect("it is lent until it is dropped")
    }
}

/// Waits for an answer that a connection gives in a moment, unless it was cut.
pub(crate) async fn answered<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    match tokio::time::timeout(limit, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
    }
}
