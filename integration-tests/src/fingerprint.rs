//! Whether an organization's rows changed.

use std::collections::BTreeMap;

use anyhow::Result;
use sqlx::{AssertSqlSafe, PgConnection};
use tenancy::TenantId;

/// A hash a table over all rows of an organization, read as superuser; what timers touch by themselves is left out.
pub async fn fingerprint(
    connection: &mut PgConnection,
    tenant: TenantId,
) -> Result<BTreeMap<String, String>> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid
         where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and a.attname = 'tenant_id'
             and c.relname not in ('outbox', 'inbox')",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut hashes = BTreeMap::new();
    for table in tables {
        // the names come from the catalogue
        let hash: Option<String> = sqlx::query_scalar(AssertSqlSafe(format!(
            "select md5(string_agg(t::text, ',' order by t::text)) from {table} t where tenant_id = $1"
        )))
        .bind(tenant.uuid())
        .fetch_one(&mut *connection)
        .await?;
        hashes.insert(table, hash.unwrap_or_default());
    }
    Ok(hashes)
}

/// A hash a table over all rows of a database, whoever's they are, read as superuser.
///
/// Left out is what is noted of a session whenever it is used, and when an event was sent.
pub async fn whole_fingerprint(connection: &mut PgConnection) -> Result<BTreeMap<String, String>> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class
         where relkind = 'r' and relnamespace = 'public'::regnamespace and relname <> '_sqlx_migrations'",
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut hashes = BTreeMap::new();
    for table in tables {
        let noted = match table.as_str() {
            "session" => "'{last_seen_at, expires_at}'",
            "account" => "'{last_seen_at}'",
            "outbox" => "'{published_at}'",
            _ => "'{}'",
        };
        // the names come from the catalogue
        let hash: Option<String> = sqlx::query_scalar(AssertSqlSafe(format!(
            "select md5(string_agg(row, ',' order by row))
             from (select (to_jsonb(t) - {noted}::text[])::text as row from {table} t) as rows"
        )))
        .fetch_one(&mut *connection)
        .await?;
        hashes.insert(table, hash.unwrap_or_default());
    }
    Ok(hashes)
}
