//! Migrations: the tables that every service has, then its own.

use anyhow::{Context as _, Result};
use sqlx::migrate::{Migration, Migrator};

use crate::Database;

static OURS: Migrator = sqlx::migrate!();

/// Puts the migrations of tenancy, of the libraries given and of a service into one order.
pub fn migrations(parts: &[&Migrator]) -> Migrator {
    let all: Vec<Migration> = std::iter::once(&OURS)
        .chain(parts.iter().copied())
        .flat_map(|part| part.iter().cloned())
        .collect();
    Migrator::with_migrations(all)
}

/// Migrates a service's database as its owner; a lock keeps two from doing it at once.
pub async fn migrate(service: &str, database: &Database, migrator: &Migrator) -> Result<()> {
    let mut connection = database.connect_owner(service).await?;
    migrator
        .run_direct(None, &mut connection, false)
        .await
        .with_context(|| format!("migrate the database of {service}"))
}

/// The version of the newest migration: what a database must have for this binary to serve.
pub fn newest(migrator: &Migrator) -> i64 {
    migrator
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or(0)
}
