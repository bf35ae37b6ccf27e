//! Tenancy below the RPCs: schemas, logins, pooled connections.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;
use rand::RngExt as _;
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, migrate::Migrator, postgres::PgConnectOptions,
};
use tenancy::{Caller, Db, TenantId};
use testing::TestDb;
use uuid::Uuid;

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
    testing::proved("T3", &format!("{} schemas", schemas().len()))
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
        let mut app = connect_app(&test_db).await?;
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
    testing::proved("T2", &format!("{filled} tables"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_begin_carries_nothing_over() -> Result<()> {
    const TASKS: usize = 200;
    const ROUNDS: usize = 10;

    let test_db = TestDb::new("billing", &billing::migrations()).await?;
    let db = Db::open("billing", &test_db.database(4)?).await?;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..TASKS {
        let db = db.clone();
        tasks.spawn(async move {
            let mut acknowledged = Vec::new();
            for _ in 0..ROUNDS {
                let caller = Caller::system(TenantId::new(), "billing");
                let patience = Duration::from_micros(rand::rng().random_range(50..3_000));
                // dropped somewhere inside: before, within or after BEGIN
                let _ = tokio::time::timeout(patience, db.begin(&caller)).await;
                if let Ok(project) = write(&db, &caller).await {
                    acknowledged.push((caller.tenant, project));
                }
            }
            acknowledged
        });
    }
    let mut acknowledged = BTreeMap::new();
    while let Some(done) = tasks.join_next().await {
        acknowledged.extend(done?.into_iter().map(|(tenant, project)| (project, tenant)));
    }
    assert!(acknowledged.len() > TASKS, "most writes are acknowledged");
    db.close().await;

    let mut second = test_db.superuser().await?;
    let rows: Vec<(Uuid, Uuid)> = sqlx::query_as("select project_id, tenant_id from contract")
        .fetch_all(&mut second)
        .await?;
    let found: BTreeMap<_, _> = rows
        .into_iter()
        .map(|(project, tenant)| (project, TenantId::from(tenant)))
        .collect();
    let lost = acknowledged
        .iter()
        .filter(|(project, tenant)| found.get(*project) != Some(*tenant))
        .count();
    assert_eq!(lost, 0, "of {} acknowledged writes", acknowledged.len());
    let result = format!("{TASKS} tasks, {} acknowledged writes", acknowledged.len());
    testing::proved("T4", &result)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_begin_leaves_no_transaction_open() -> Result<()> {
    let test_db = TestDb::new("billing", &billing::migrations()).await?;
    let db = Db::open("billing", &test_db.database(1)?).await?;
    let caller = Caller::system(TenantId::new(), "billing");
    let mut superuser = test_db.superuser().await?;
    // each round gives the future up one step later: before, within and after BEGIN
    for steps in 0..20 {
        let mut begin = Box::pin(db.begin(&caller));
        for _ in 0..steps {
            if futures::poll!(&mut begin).is_ready() {
                break;
            }
            // for the database to answer
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        drop(begin);
        assert!(
            comes_to_rest(&mut superuser).await?,
            "a begin that was dropped after {steps} steps left a transaction open"
        );
    }
    db.close().await;
    Ok(())
}

/// True once no connection of the app login is in a transaction; false where one stays in it.
async fn comes_to_rest(superuser: &mut PgConnection) -> Result<bool> {
    for _ in 0..100 {
        let is_open: bool = sqlx::query_scalar(
            "select exists (select from pg_stat_activity
                 where datname = current_database() and usename = 'billing_app' and state like 'idle in transaction%')",
        )
        .fetch_one(&mut *superuser)
        .await?;
        if !is_open {
            return Ok(true);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(false)
}

async fn write(db: &Db, caller: &Caller) -> service::Result<Uuid> {
    let project = service::new_id();
    let mut tx = db.begin(caller).await?;
    let tenant = tx.tenant().uuid();
    sqlx::query(
        "insert into contract (tenant_id, project_id, value_minor_units, currency_code, updated_by, updated_at)
         values ($1, $2, 1, 'USD', $2, '2026-11-25T00:00:00Z')",
    )
    .bind(tenant)
    .bind(project)
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(project)
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

async fn connect_app(db: &TestDb) -> Result<PgConnection> {
    let variables: BTreeMap<String, String> = db.environment()?.into_iter().collect();
    let options = PgConnectOptions::new()
        .host(&variables["APP__DATABASE__HOST"])
        .port(variables["APP__DATABASE__PORT"].parse()?)
        .database(&variables["APP__DATABASE__NAME"])
        .username(&format!("{}_app", db.service()))
        .password(&variables["APP__DATABASE__APP_PASSWORD"]);
    Ok(PgConnection::connect_with(&options).await?)
}
