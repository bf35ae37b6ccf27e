//! Documents: photos and documents of projects; their bytes lie in S3 and never pass through a public bucket.
//!
//! The service's frame: its database with the tables that every service has, its topic, its bucket, health and draining.
//! It owns no tables of its own and serves no RPC.

mod bucket;
mod config;

use std::sync::Arc;

use service::Server;
use sqlx::migrate::Migrator;
use tenancy::{Db, Verifier};
use tonic::service::Routes;

pub use config::{CONFIG, Config};

const NAME: &str = "documents";

/// The whole schema, in order.
pub fn migrations() -> Migrator {
    tenancy::migrations(&[&events::MIGRATIONS])
}

/// Migrates the database, makes the topic and checks the bucket.
pub async fn migrate(config: &Config) -> anyhow::Result<()> {
    tenancy::migrate(NAME, &config.database, &migrations()).await?;
    if !config.kafka.brokers.is_empty() {
        events::create_topic(&config.kafka, NAME).await?;
    }
    bucket::check(&config.s3).await
}

/// Binds the ports and builds the server.
pub async fn build(config: Config) -> anyhow::Result<Server> {
    let db = Db::open(NAME, &config.database).await?;
    db.check_schema(tenancy::newest(&migrations())).await?;
    let verifier = Verifier::new(Arc::new(config.keys.read(NAME)?));
    Ok(
        Server::bind(NAME, &config.listen(), verifier, Routes::default())
            .await?
            .ready(move || {
                let db = db.clone();
                async move { db.is_ready().await }
            }),
    )
}
