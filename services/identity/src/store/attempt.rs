//! SQL on attempts, which belong to no organization.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use service::{Result, clock};
use sqlx::PgConnection;
use tenancy::UnscopedTx;
use uuid::Uuid;

use super::BATCH;

/// How often something was attempted.
pub(crate) struct Counted {
    pub(crate) attempts: i64,
    pub(crate) oldest: Option<jiff_sqlx::Timestamp>,
}

/// Waits for others that claim the same until they commit.
pub(crate) async fn lock(connection: &mut PgConnection, name: i64) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock($1)", name)
        .execute(connection)
        .await?;
    Ok(())
}

/// Counts attempts since a time, from everywhere or from one network.
pub(crate) async fn count(
    connection: &mut PgConnection,
    subject: &[u8],
    network: Option<&str>,
    since: Timestamp,
) -> Result<Counted> {
    let counted = sqlx::query_as!(
        Counted,
        r#"select count(*) as "attempts!", min(made_at) as oldest from attempt
           where subject = $1 and made_at > $2 and ($3::text is null or network = $3)"#,
        subject,
        since.to_sqlx(),
        network
    )
    .fetch_one(connection)
    .await?;
    Ok(counted)
}

/// Inserts an attempt made now.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    subject: &[u8],
    network: &str,
) -> Result<Uuid> {
    let id = service::new_id();
    sqlx::query!(
        "insert into attempt (id, subject, network, made_at) values ($1, $2, $3, $4)",
        id,
        subject,
        network,
        clock::now().to_sqlx()
    )
    .execute(connection)
    .await?;
    Ok(id)
}

/// Deletes one attempt.
pub(crate) async fn delete(connection: &mut PgConnection, id: Uuid) -> Result<()> {
    sqlx::query!("delete from attempt where id = $1", id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes every attempt on a subject.
pub(crate) async fn delete_subject(connection: &mut PgConnection, subject: &[u8]) -> Result<()> {
    sqlx::query!("delete from attempt where subject = $1", subject)
        .execute(connection)
        .await?;
    Ok(())
}

/// Deletes a batch of attempts made before a time; answers how many.
pub(crate) async fn delete_old(tx: &mut UnscopedTx, before: Timestamp) -> Result<u64> {
    let deleted = sqlx::query!(
        "delete from attempt where id in (select id from attempt where made_at < $1 limit $2)",
        before.to_sqlx(),
        BATCH.cast_signed()
    )
    .execute(&mut **tx)
    .await?;
    Ok(deleted.rows_affected())
}
