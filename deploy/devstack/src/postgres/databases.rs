//! The services' databases, and the logins that come to them.

use std::path::PathBuf;

use anyhow::{Context, Result};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use super::{Postgres, SUPERUSER};
use crate::bootstrap::{self, Step};
use crate::{folders, secrets};

/// One of a service's three logins.
#[derive(Debug, Clone)]
pub struct Login {
    pub user: String,
    pub password: String,
    /// Holds the password, for a service that is configured by files.
    pub password_file: PathBuf,
}

/// The logins of a service; `bootstrap.sql` says what each is for.
#[derive(Debug, Clone)]
pub struct Logins {
    pub owner: Login,
    pub app: Login,
    pub platform: Login,
}

impl Postgres {
    /// Makes a service's logins and database by `bootstrap.sql`, or finds them made.
    pub async fn bootstrap(&self, service: &str) -> Result<Logins> {
        let logins = self.logins(service)?;
        let steps = bootstrap::steps(&[
            ("service", service),
            ("owner_password", &logins.owner.password),
            ("app_password", &logins.app.password),
            ("platform_password", &logins.platform.password),
        ])?;
        let mut alone = self.admin(SUPERUSER).await?;
        one_at_a_time(&mut alone).await?;
        let mut connection = self.admin(SUPERUSER).await?;
        for step in steps {
            match step {
                Step::Run(statement) => {
                    run(&mut connection, &statement).await?;
                }
                Step::RunResults(query) => {
                    let statements: Vec<String> = sqlx::query_scalar(AssertSqlSafe(query))
                        .fetch_all(&mut connection)
                        .await
                        .context("ask what is to be made")?;
                    for statement in statements {
                        run(&mut connection, &statement).await?;
                    }
                }
                Step::Connect(database) => {
                    connection.close().await.context("close a connection")?;
                    connection = self.admin(&database).await?;
                }
            }
        }
        connection.close().await.context("close a connection")?;
        alone.close().await.context("close a connection")?;
        Ok(logins)
    }

    /// The logins that `bootstrap` makes for a service.
    pub fn logins(&self, service: &str) -> Result<Logins> {
        let folder = self.folder.join("passwords");
        folders::make(&folder)?;
        let login = |kind: &str| {
            let user = format!("{service}_{kind}");
            let password_file = folder.join(&user);
            Ok::<_, anyhow::Error>(Login {
                password: secrets::kept(&password_file, 24)?,
                user,
                password_file,
            })
        };
        Ok(Logins {
            owner: login("owner")?,
            app: login("app")?,
            platform: login("platform")?,
        })
    }

    /// Makes the database `name` as a copy of `template`, for the logins of the service whose
    /// owner's login is `owner`, such as `projects_owner`.
    ///
    /// Nobody may be connected to the template meanwhile.
    pub async fn create_database(&self, name: &str, template: &str, owner: &str) -> Result<()> {
        let service = bootstrap::service_of_owner(owner)?;
        let database = bootstrap::quoted(name);
        let login = |kind: &str| bootstrap::quoted(&format!("{service}_{kind}"));
        let mut connection = self.admin(SUPERUSER).await?;
        // A copy has the tables, rows and grants of its template, but not the right to connect.
        for statement in [
            format!(
                "create database {database} owner {} template {} strategy file_copy",
                login("owner"),
                bootstrap::quoted(template)
            ),
            format!("revoke all on database {database} from public"),
            format!(
                "grant connect on database {database} to {}, {}, {}",
                login("owner"),
                login("app"),
                login("platform")
            ),
        ] {
            run(&mut connection, &statement).await?;
        }
        connection.close().await.context("close a connection")
    }

    /// Removes a database, and ends what is still connected to it; an absent one is fine.
    pub async fn drop_database(&self, name: &str) -> Result<()> {
        let mut connection = self.admin(SUPERUSER).await?;
        let database = bootstrap::quoted(name);
        run(
            &mut connection,
            &format!("drop database if exists {database} with (force)"),
        )
        .await?;
        connection.close().await.context("close a connection")
    }
}

/// Logins belong to the whole server, so two bootstraps at once would trip over each other.
async fn one_at_a_time(connection: &mut PgConnection) -> Result<()> {
    run(connection, "select pg_advisory_lock(hashtext('bootstrap'))").await
}

async fn run(connection: &mut PgConnection, statement: &str) -> Result<()> {
    connection
        .execute(AssertSqlSafe(statement))
        .await
        .map(drop)
        .with_context(|| {
            // No more than the beginning: a password may follow.
            let beginning: Vec<&str> = statement.split_whitespace().take(3).collect();
            format!("run `{} …`", beginning.join(" "))
        })
}
