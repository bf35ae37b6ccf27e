//! Connections of a pool, lent for a unit of work.

use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use deadpool::managed::Object;
use futures::FutureExt as _;
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqlSafeStr as _,
    postgres::PgTransactionManager,
};
use sqlx_core::transaction::TransactionManager as _;
use tokio::{runtime::Handle, task::unconstrained, time};

use crate::pool::{Pool, Pooled, lend};

/// On its way back a connection may first have to end a statement that nobody waits for any more.
const RELEASE: Duration = Duration::from_secs(5);

/// A connection with at most one transaction on it, which is rolled back unless it was committed.
///
/// It goes back to its pool in no transaction, or not at all.
pub(crate) struct Lent {
    connection: Option<Borrowed>,
    /// BEGIN was answered: the driver knows of the transaction, and ends it.
    has_begun: bool,
}

/// A connection that is closed unless it is given back.
struct Borrowed(Option<Pooled>);

impl Lent {
    pub(crate) async fn of(pool: &Pool) -> Result<Self, sqlx::Error> {
        Ok(Self {
            connection: Some(Borrowed(Some(lend(pool).await?))),
            has_begun: false,
        })
    }

    /// Lends a connection with a transaction on it. `statement` begins it; nothing from a request may stand in it.
    pub(crate) async fn begin(pool: &Pool, statement: String) -> Result<Self, sqlx::Error> {
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
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        let is_at_rest = self.has_begun && matches!(flush(&mut connection), Some(Ok(())));
        PgTransactionManager::start_rollback(&mut connection);
        if !is_at_rest {
            // without a runtime the process ends
            if let Ok(runtime) = Handle::try_current() {
                #[expect(clippy::disallowed_methods, reason = "it has a limit of its own")]
                runtime.spawn(come_to_rest(connection));
            }
        } else if !matches!(flush(&mut connection), Some(Err(_))) {
            // ROLLBACK has left, and whoever is lent the connection next reads the answer
            connection.give_back();
        }
    }
}

/// Sends what was not sent and reads what was answered, as far as that needs no waiting; none where more is to come.
fn flush(connection: &mut PgConnection) -> Option<Result<(), sqlx::Error>> {
    unconstrained(connection.flush()).now_or_never()
}

/// Gives back a connection on which a future was dropped: what it sent is answered first.
///
/// One that was dropped inside `begin` leaves a transaction open of which the driver does not know. What the next user wrote
/// there would be acknowledged and then lost, and read under the former organization.
async fn come_to_rest(mut connection: Borrowed) {
    match time::timeout(RELEASE, connection.execute("begin; rollback")).await {
        Ok(Ok(_)) => connection.give_back(),
        Ok(Err(error)) => tracing::warn!(%error, "a connection does not come to rest"),
        Err(late) => tracing::warn!(error = %late, "a connection does not come to rest"),
    }
}

impl Borrowed {
    fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        self.0.take().map(Object::take);
    }
}

impl Deref for Borrowed {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.0.as_ref().expect("it is there until it is given back")
    }
}

impl DerefMut for Borrowed {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.0.as_mut().expect("it is there until it is given back")
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
