//! A database a test, cloned from a migrated template.

use std::thread;

use anyhow::{Context as _, Result, ensure};
use devstack::postgres::Postgres;
use service::new_id;
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, PgConnection, migrate::Migrator,
    postgres::PgConnectOptions,
};
use tenancy::Database;
use tokio::runtime::{Handle, RuntimeFlavor};

/// A service's database for one test; dropped with it.
pub struct TestDb {
    postgres: Postgres,
    service: &'static str,
    name: String,
}

impl TestDb {
    /// Clones the template of a service's schema, which the first caller of a run migrates.
    ///
    /// Fails on a runtime of one thread: PostgreSQL drops a database when every connection has taken note, one that is
    /// about to sign in within its 60 s, and the drop would block the thread that could go on with it.
    pub async fn new(service: &'static str, migrator: &Migrator) -> Result<Self> {
        ensure!(
            Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread,
            "a test with a database needs #[tokio::test(flavor = \"multi_thread\")]"
        );
        let postgres = Postgres::shared_for_tests().await?;
        let template = template(&postgres, service, migrator).await?;
        let name = format!("{service}_{}", new_id().simple());
        postgres
            .create_database(&name, &template, &format!("{service}_owner"))
            .await?;
        Ok(Self {
            postgres,
            service,
            name,
        })
    }

    /// The service whose schema this is.
    pub fn service(&self) -> &'static str {
        self.service
    }

    /// Where it is, as the service's configuration says it.
    pub fn environment(&self) -> Result<Vec<(String, String)>> {
        let logins = self.postgres.logins(self.service)?;
        Ok([
            ("HOST", self.postgres.host().to_owned()),
            ("PORT", self.postgres.port().to_string()),
            ("NAME", self.name.clone()),
            ("APP_PASSWORD", logins.app.password),
            ("PLATFORM_PASSWORD", logins.platform.password),
        ]
        .into_iter()
        .map(|(key, value)| (format!("APP__DATABASE__{key}"), value))
        .collect())
    }

    /// Where it is, for [`tenancy::Db::open`].
    pub fn database(&self, max_connections: u32) -> Result<Database> {
        database(&self.postgres, self.service, &self.name, max_connections)
    }

    /// The way in as the app login, for what [`tenancy::Db`] would not allow.
    pub fn app_login(&self) -> Result<PgConnectOptions> {
        let logins = self.postgres.logins(self.service)?;
        Ok(self.postgres.connect_options(&logins.app, &self.name))
    }

    /// A superuser's connection, to look at what no login may see; it proves nothing about row-level security.
    pub async fn superuser(&self) -> Result<PgConnection> {
        self.postgres.admin(&self.name).await
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        let dropped = thread::scope(|scope| {
            scope
                .spawn(|| {
                    tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        .build()?
                        .block_on(self.postgres.drop_database(&self.name))
                })
                .join()
        });
        if let Ok(Err(error)) = dropped {
            #[expect(clippy::print_stderr, reason = "a test's output is its log")]
            {
                eprintln!("cannot drop the database {}: {error:#}", self.name);
            }
        }
    }
}

fn database(
    postgres: &Postgres,
    service: &str,
    name: &str,
    max_connections: u32,
) -> Result<Database> {
    let logins = postgres.logins(service)?;
    Ok(Database {
        host: postgres.host().to_owned(),
        port: postgres.port(),
        name: name.to_owned(),
        app_password: logins.app.password.into(),
        platform_password: logins.platform.password.into(),
        owner_password: logins.owner.password.into(),
        max_connections,
    })
}

/// The name of a migrated template, made where it is missing; the name changes with the migrations.
async fn template(
    postgres: &Postgres,
    service: &'static str,
    migrator: &Migrator,
) -> Result<String> {
    let mut digest = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for migration in migrator.iter() {
        digest.update(&migration.checksum);
    }
    let name = format!(
        "{service}_template_{}",
        hex::encode(&digest.finish().as_ref()[..8])
    );

    let mut admin = postgres.admin("postgres").await?;
    // one at a time over all test binaries: the lock ends with the connection
    admin
        .execute("select pg_advisory_lock(hashtext('contractoros test template'))")
        .await
        .context("lock the templates")?;
    let exists: bool =
        sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
            .bind(&name)
            .fetch_one(&mut admin)
            .await?;
    if !exists {
        postgres.bootstrap(service).await?;
        let unfinished = format!("{name}_unfinished");
        postgres.drop_database(&unfinished).await?;
        postgres
            .create_database(&unfinished, service, &format!("{service}_owner"))
            .await?;
        let target = database(postgres, service, &unfinished, 1)?;
        tenancy::migrate(service, &target, migrator).await?;
        // the names are ours: letters, digits and underscores
        admin
            .execute(AssertSqlSafe(format!(
                "alter database {unfinished} rename to {name}"
            )))
            .await
            .context("name the template")?;
    }
    admin.close().await?;
    Ok(name)
}

impl TestDb {
    /// What the catalogue says against the schema's isolation, as "table: finding"; none where it holds.
    pub async fn isolation_findings(&self) -> Result<Vec<String>> {
        let mut connection = self.superuser().await?;
        let findings: Vec<(String, String)> = sqlx::query_as(crate::ISOLATION_GATE)
            .bind(format!("{}_app", self.service))
            .bind(format!("{}_platform", self.service))
            .fetch_all(&mut connection)
            .await
            .context("ask the catalogue")?;
        Ok(findings
            .into_iter()
            .map(|(table, finding)| format!("{table}: {finding}"))
            .collect())
    }
}
