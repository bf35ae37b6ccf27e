//! SQL on attempts, which belong to no organization.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use service::{Result, clock};
use sqlx::PgConnection;
use tenancy::UnscopedTx;
use uuid::Uuid;

use super::BATCH;

/// Attempts since a time, from everywhere or from one network.
pub(crate) struct Window {
    pub(crate) since: Timestamp,
    pub(crate) network: Option<String>,
}

/// How often something was attempted in a window.
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

/// Counts the attempts in each window, in their order.
pub(crate) async fn count(
    connection: &mut PgConnection,
    subject: &[u8],
    windows: &[Window],
) -> Result<Vec<Counted>> {
    let since: Vec<_> = windows
        .iter()
        .map(|window| window.since.to_sqlx())
        .collect();
    let networks: Vec<_> = windows
        .iter()
        .map(|window| window.network.clone())
        .collect();
    let counted = sqlx::query_as!(
        Counted,
        r#"select count(attempt.id) as "attempts!", min(made_at) as oldest
           from unnest($2::timestamptz[], $3::text[]) with ordinality as window_ (since, network, place)
           left join attempt on subject = $1 and made_at > window_.since
               and (window_.network is null or attempt.network = window_.network)
           group by place order by place"#,
        subject,
        &since as &[jiff_sqlx::Timestamp],
        &networks as &[Option<String>]
    )
    .fetch_all(connection)
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
