//! SQL on attempts, which belong to no organization.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use service::Result;
use sqlx::PgConnection;
use tenancy::UnscopedTx;
use uuid::Uuid;

use super::BATCH;

/// At most so many attempts since a time, from everywhere or from one network.
pub(crate) struct Window {
    pub(crate) most: i64,
    pub(crate) since: Timestamp,
    pub(crate) network: Option<String>,
}

/// Waits for others that claim the same until they commit.
pub(crate) async fn lock(connection: &mut PgConnection, name: i64) -> Result<()> {
    sqlx::query!("select pg_advisory_xact_lock($1)", name)
        .execute(connection)
        .await?;
    Ok(())
}

/// Inserts an attempt made now, unless a window is full; answers then how long it takes until there is room, in seconds.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    id: Uuid,
    subject: &[u8],
    network: &str,
    windows: &[Window],
    now: Timestamp,
) -> Result<Option<f64>> {
    let most: Vec<_> = windows.iter().map(|window| window.most).collect();
    let since: Vec<_> = windows
        .iter()
        .map(|window| window.since.to_sqlx())
        .collect();
    let networks: Vec<_> = windows
        .iter()
        .map(|window| window.network.clone())
        .collect();
    let wait = sqlx::query_scalar!(
        r#"with reached as (
               select min(made_at) - since as wait
               from unnest($5::bigint[], $6::timestamptz[], $7::text[]) with ordinality
                   as limits (most, since, network, place)
               join attempt on subject = $2 and made_at > since
                   and (limits.network is null or attempt.network = limits.network)
               group by place, most, since having count(*) >= most),
           made as (
               insert into attempt (id, subject, network, made_at)
               select $1, $2, $3, $4 where not exists (select from reached))
           select extract(epoch from max(wait))::float8 from reached"#,
        id,
        subject,
        network,
        now.to_sqlx(),
        &most,
        &since as &[jiff_sqlx::Timestamp],
        &networks as &[Option<String>]
    )
    .fetch_one(connection)
    .await?;
    Ok(wait)
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
