//! Migrated databases for the compiler, which checks queries against them.

use std::path::Path;

use anyhow::{Context, Result, bail};
use sqlx::{Connection, migrate::Migrator};

use crate::postgres::Postgres;
use crate::services::Service;

/// Migrates an empty database for each service, from the SQL files of a checkout and not from any binary, and answers
/// the variable and address under which the compiler finds each.
pub async fn make(checkout: &Path) -> Result<Vec<(String, String)>> {
    let postgres = Postgres::shared_for_tests().await?;
    let mut addresses = Vec::new();
    for service in Service::WITH_DATABASE {
        let name = service.name();
        let logins = postgres.bootstrap(name).await?;
        let database = format!("{name}_schema");
        postgres.drop_database(&database).await?;
        postgres
            .create_database(&database, name, &logins.owner.user)
            .await?;
        let options = postgres.connect_options(&logins.owner, &database);
        let mut connection = sqlx::PgConnection::connect_with(&options)
            .await
            .with_context(|| format!("connect to {database}"))?;
        migrations(checkout, name)
            .await?
            .run_direct(None, &mut connection, false)
            .await
            .with_context(|| format!("migrate {database}"))?;
        connection.close().await.context("close a connection")?;
        addresses.push((
            format!("{}_DATABASE_URL", name.to_uppercase()),
            format!(
                "postgres://{}:{}@{}:{}/{database}",
                logins.owner.user,
                logins.owner.password,
                postgres.host(),
                postgres.port()
            ),
        ));
    }
    Ok(addresses)
}

/// The migrations that every service shares and its own, in one order.
async fn migrations(checkout: &Path, service: &str) -> Result<Migrator> {
    let mut all = Vec::new();
    for folder in [
        "libs/tenancy",
        "libs/events",
        &format!("services/{service}"),
    ] {
        let folder = checkout.join(folder).join("migrations");
        if !folder.exists() {
            continue;
        }
        let part = Migrator::new(folder.as_path())
            .await
            .with_context(|| format!("read {}", folder.display()))?;
        all.extend(part.iter().cloned());
    }
    if all.is_empty() {
        bail!("{} is not a checkout of ContractorOS", checkout.display());
    }
    Ok(Migrator::with_migrations(all))
}
