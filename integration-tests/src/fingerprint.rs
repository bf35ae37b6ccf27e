//! Whether rows changed.

use std::collections::BTreeMap;

use anyhow::Result;
use devstack::services::Service;
use sqlx::{AssertSqlSafe, PgConnection};
use tenancy::TenantId;

use crate::{Stage, wait_until_quiet};

/// A hash over the rows of each table of every database, as "service.table", once nothing moves any more.
///
/// All rows, or those of one organization. What is written by looking alone is left out: when an event was sent, and, over
/// all rows, when a session was last used.
pub async fn fingerprint(
    stage: &impl Stage,
    tenant: Option<TenantId>,
) -> Result<BTreeMap<String, String>> {
    wait_until_quiet(stage).await?;
    let mut hashes = BTreeMap::new();
    for service in Service::WITH_DATABASE {
        let mut connection = stage.superuser(service.name()).await?;
        for table in tables(&mut connection, tenant.is_some()).await? {
            let hash = hash(&mut connection, &table, tenant).await?;
            hashes.insert(format!("{}.{table}", service.name()), hash);
        }
    }
    Ok(hashes)
}

async fn tables(connection: &mut PgConnection, of_tenants: bool) -> Result<Vec<String>> {
    let tables = sqlx::query_scalar(
        "select relname::text from pg_class c
         where relkind = 'r' and relnamespace = 'public'::regnamespace and relname <> '_sqlx_migrations'
             and (not $1 or exists (select from pg_attribute where attrelid = c.oid and attname = 'tenant_id'))",
    )
    .bind(of_tenants)
    .fetch_all(connection)
    .await?;
    Ok(tables)
}

/// A superuser's connection sees all rows.
async fn hash(
    connection: &mut PgConnection,
    table: &str,
    tenant: Option<TenantId>,
) -> Result<String> {
    let left_out = match (table, tenant) {
        ("outbox", _) => "{published_at}",
        ("session", None) => "{last_seen_at, expires_at}",
        ("account", None) => "{last_seen_at}",
        _ => "{}",
    };
    let condition = match tenant {
        Some(_) => "tenant_id = $1",
        None => "$1::uuid is null",
    };
    // the names come from the catalogue
    let hash: Option<String> = sqlx::query_scalar(AssertSqlSafe(format!(
        "select md5(string_agg(row, ',' order by row))
         from (select (to_jsonb(t) - '{left_out}'::text[])::text as row from {table} t where {condition}) as rows"
    )))
    .bind(tenant.map(TenantId::uuid))
    .fetch_one(connection)
    .await?;
    Ok(hash.unwrap_or_default())
}
