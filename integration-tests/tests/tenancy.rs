//! Tenancy below the RPCs: schemas and logins. `pool.rs` has the connections.

use anyhow::Result;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, migrate::Migrator};
use testing::TestDb;

fn schemas() -> Vec<(&'static str, Migrator)> {
    vec![
        ("identity", identity::migrations()),
        ("projects", projects::migrations()),
        ("documents", documents::migrations()),
        ("billing", billing::migrations()),
        ("notifications", notifications::migrations()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_schema_breaks_isolation() -> Result<()> {
    for (service, migrator) in schemas() {
        let db = TestDb::new(service, &migrator).await?;
        let findings = db.isolation_findings().await?;
        assert!(findings.is_empty(), "{service}: {findings:#?}");
    }
    testing::proved("isolation.schemas", &format!("{} schemas", schemas().len()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gate_sees_what_it_must() -> Result<()> {
    let sabotages = [
        (
            "drop policy tenant on contract",
            "has no policy for billing_app",
        ),
        (
            "alter table contract no force row level security",
            "is not forced",
        ),
        (
            "alter table contract disable row level security",
            "security is off",
        ),
        (
            "create table loose (id int primary key)",
            "has no NOT NULL tenant_id",
        ),
        (
            "grant truncate on contract to billing_app",
            "holds TRUNCATE",
        ),
        (
            "alter role billing_app bypassrls",
            "bypasses row-level security",
        ),
    ];
    for (sabotage, expected) in sabotages {
        let db = TestDb::new("billing", &billing::migrations()).await?;
        let mut connection = db.superuser().await?;
        let mut tx = connection.begin().await?;
        sqlx::raw_sql(AssertSqlSafe(sabotage.to_owned()))
            .execute(&mut *tx)
            .await?;
        // read inside the transaction: a role's attributes belong to every database and must not change for the others
        let findings: Vec<(String, String)> = sqlx::query_as(testing::ISOLATION_GATE)
            .bind("billing_app")
            .bind("billing_platform")
            .fetch_all(&mut *tx)
            .await?;
        tx.rollback().await?;
        assert!(
            findings
                .iter()
                .any(|(_, finding)| finding.contains(expected)),
            "{sabotage}: {findings:?}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_organization_no_row_is_seen() -> Result<()> {
    let mut filled = 0;
    for (service, migrator) in schemas() {
        let test_db = TestDb::new(service, &migrator).await?;
        let mut superuser = test_db.superuser().await?;
        let tables = tenant_tables(&mut superuser).await?;
        assert!(!tables.is_empty());
        // a row in every table, whatever its constraints say
        sqlx::raw_sql("set session_replication_role = replica")
            .execute(&mut superuser)
            .await?;
        let mut app = PgConnection::connect_with(&test_db.app_login()?).await?;
        for table in tables {
            fill(&mut superuser, &table).await?;
            // the names come from the catalogue
            let seen: Result<i64, _> =
                sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {table}")))
                    .fetch_one(&mut app)
                    .await;
            let truth: i64 =
                sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {table}")))
                    .fetch_one(&mut superuser)
                    .await?;
            assert_eq!(truth, 1, "{service}.{table} was filled");
            assert_eq!(
                seen?, 0,
                "{service}.{table} shows rows to nobody in particular"
            );
            filled += 1;
        }
    }
    testing::proved("isolation.rows", &format!("{filled} tables"))
}

async fn tenant_tables(connection: &mut PgConnection) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid
         where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and a.attname = 'tenant_id'",
    )
    .fetch_all(connection)
    .await?)
}

/// Puts one row into a table, with any value that each column's type takes.
async fn fill(connection: &mut PgConnection, table: &str) -> Result<()> {
    let checks: Vec<String> = sqlx::query_scalar(
        "select conname::text from pg_constraint where conrelid = $1::regclass and contype = 'c'",
    )
    .bind(table)
    .fetch_all(&mut *connection)
    .await?;
    for check in checks {
        sqlx::raw_sql(AssertSqlSafe(format!(
            r#"alter table {table} drop constraint "{check}""#
        )))
        .execute(&mut *connection)
        .await?;
    }
    let columns: Vec<(String, String)> = sqlx::query_as(
        "select quote_ident(attname), format_type(atttypid, null) from pg_attribute
         where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' and attidentity = ''",
    )
    .bind(table)
    .fetch_all(&mut *connection)
    .await?;
    let names: Vec<_> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let values: Vec<_> = columns
        .iter()
        .map(|(_, kind)| match kind.as_str() {
            "uuid" => "'018f0000-0000-7000-8000-000000000000'",
            "timestamp with time zone" | "date" => "'2026-11-25'",
            "bigint" | "integer" | "smallint" => "1",
            "boolean" => "true",
            "bytea" => "'\\x00'",
            "jsonb" => "'{}'",
            "inet" => "'192.0.2.1'",
            kind if kind.ends_with("[]") => "'{}'",
            _ => "'x'",
        })
        .collect();
    sqlx::raw_sql(AssertSqlSafe(format!(
        "insert into {table} ({}) values ({})",
        names.join(", "),
        values.join(", ")
    )))
    .execute(connection)
    .await?;
    Ok(())
}
