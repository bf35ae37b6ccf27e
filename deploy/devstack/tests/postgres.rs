//! The PostgreSQL server: its life, its bootstrap, its copies for tests.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use devstack::postgres::{Durability, Postgres};
use sqlx::{Connection, PgConnection, Row};
use tempfile::TempDir;

/// A folder that PostgreSQL's user can walk to, also when the tests run as root.
fn folder() -> Result<TempDir> {
    tempfile::Builder::new()
        .prefix("contractoros-devstack-")
        .tempdir_in("/var/tmp")
        .context("make a folder")
}

async fn start(folder: &Path) -> Result<Postgres> {
    Postgres::start(folder, Durability::Fast).await
}

async fn number(connection: &mut PgConnection, query: &'static str) -> Result<i64> {
    sqlx::query_scalar(query)
        .fetch_one(connection)
        .await
        .context(query)
}

#[tokio::test]
async fn what_was_committed_is_there_after_a_stop_and_after_a_kill() -> Result<()> {
    let folder = folder()?;
    let server = Postgres::start(folder.path(), Durability::Durable).await?;
    let port = server.port();
    let mut connection = server.admin("postgres").await?;
    sqlx::raw_sql("create table note (number bigint); insert into note values (1)")
        .execute(&mut connection)
        .await?;
    drop(connection);

    server.kill().await?;
    server.restart().await?;
    let mut connection = server.admin("postgres").await?;
    assert_eq!(number(&mut connection, "select number from note").await?, 1);
    drop(connection);
    server.stop().await?;
    drop(server);

    let server = start(folder.path()).await?;
    assert_eq!(server.port(), port, "addresses stay");
    let mut connection = server.admin("postgres").await?;
    assert_eq!(number(&mut connection, "select number from note").await?, 1);
    server.stop().await
}

#[tokio::test]
async fn a_server_left_by_a_former_run_makes_way() -> Result<()> {
    let folder = folder()?;
    let former = start(folder.path()).await?;
    let former_process = former.stray().await.context("the server runs")?;
    // Half of a later cluster, as a kill during its making leaves it.
    std::fs::create_dir(folder.path().join("data.new"))?;

    let server = start(folder.path()).await?;
    assert!(!former_process.lives());
    server.admin("postgres").await?.close().await?;
    server.stop().await
}

#[tokio::test]
async fn bootstrap_gives_each_login_its_rights_and_no_more() -> Result<()> {
    let folder = folder()?;
    let server = start(folder.path()).await?;
    let first = server.bootstrap("projects").await?;
    server.bootstrap("billing").await?;
    let state = catalogue(&server).await?;
    let second = server.bootstrap("projects").await?;
    assert_eq!(second.owner.password, first.owner.password);
    assert_eq!(
        catalogue(&server).await?,
        state,
        "a second run changes nothing"
    );

    let connect = |login| {
        let options = server.connect_options(login, "projects");
        async move { PgConnection::connect_with(&options).await }
    };
    let mut owner = connect(&first.owner).await?;
    sqlx::raw_sql("create table phase (name text); grant select on phase to projects_app")
        .execute(&mut owner)
        .await?;
    let mut app = connect(&first.app).await?;
    sqlx::raw_sql("select name from phase")
        .execute(&mut app)
        .await?;
    for refused in [
        "create table other (name text)",
        "create temporary table other (name text)",
    ] {
        let result = sqlx::raw_sql(refused).execute(&mut app).await;
        assert!(result.is_err(), "{refused}");
    }
    connect(&first.platform).await?;

    let stranger = server.logins("billing")?.app;
    assert!(
        connect(&stranger).await.is_err(),
        "another service's login stays out"
    );

    let rights: Vec<bool> = sqlx::query(
        "select rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls \
         from pg_roles where rolname like 'projects\\_%'",
    )
    .fetch_all(&mut server.admin("postgres").await?)
    .await?
    .iter()
    .map(|row| row.get(0))
    .collect();
    assert_eq!(rights, [false; 3]);
    server.stop().await
}

/// Logins, databases, their rights: all that a bootstrap makes, passwords included.
async fn catalogue(server: &Postgres) -> Result<BTreeSet<String>> {
    let mut rows = BTreeSet::new();
    for (database, query) in [
        ("postgres", "select pg_authid::text from pg_authid"),
        (
            "postgres",
            "select pg_database::text from pg_database where datname <> 'postgres'",
        ),
        ("projects", "select pg_namespace::text from pg_namespace"),
    ] {
        let mut connection = server.admin(database).await?;
        let found: Vec<String> = sqlx::query_scalar(query).fetch_all(&mut connection).await?;
        rows.extend(found);
    }
    Ok(rows)
}

#[tokio::test]
async fn several_bootstraps_at_once_do_not_trip_over_each_other() -> Result<()> {
    let folder = folder()?;
    let server = start(folder.path()).await?;
    let services = [
        "identity",
        "identity",
        "documents",
        "notifications",
        "identity",
    ];
    futures::future::try_join_all(services.map(|service| server.bootstrap(service))).await?;
    server.stop().await
}

#[tokio::test]
async fn a_copy_has_the_content_and_the_rights_of_its_template() -> Result<()> {
    let folder = folder()?;
    let server = start(folder.path()).await?;
    let logins = server.bootstrap("projects").await?;
    let options = server.connect_options(&logins.owner, "projects");
    let mut owner = PgConnection::connect_with(&options).await?;
    sqlx::raw_sql(
        "create table phase (name text); insert into phase values ('Framing'); \
         grant select on phase to projects_app",
    )
    .execute(&mut owner)
    .await?;
    owner.close().await?;

    server
        .create_database("copy-1", "projects", "projects_owner")
        .await?;
    let options = server.connect_options(&logins.app, "copy-1");
    let mut app = PgConnection::connect_with(&options).await?;
    let name: String = sqlx::query_scalar("select name from phase")
        .fetch_one(&mut app)
        .await?;
    assert_eq!(name, "Framing");
    let stranger = server.bootstrap("billing").await?.app;
    let options = server.connect_options(&stranger, "copy-1");
    assert!(PgConnection::connect_with(&options).await.is_err());

    // Also while somebody is connected, and also when it is gone.
    server.drop_database("copy-1").await?;
    server.drop_database("copy-1").await?;
    server.stop().await
}

#[tokio::test]
async fn all_tests_share_one_server() -> Result<()> {
    let (one, other) =
        tokio::try_join!(Postgres::shared_for_tests(), Postgres::shared_for_tests())?;
    assert_eq!(one.port(), other.port());
    drop(one);
    let mut connection = other.admin("postgres").await?;
    assert_eq!(number(&mut connection, "select 1::bigint").await?, 1);
    Ok(())
}
