//! Billing: contracts of projects.
//!
//! Owns the table `contract`. Serves `ContractService`. Publishes `ContractValueSet`. Consumes nothing.
//! Asks projects who may see a project's money (`AccessService.Resolve`).

mod config;
mod events;
mod rpc;
mod store;

use std::{sync::Arc, time::Duration};

use proto::billing::contract_service_server::ContractServiceServer;
use service::{Peer, Server};
use sqlx::migrate::Migrator;
use tenancy::{Db, MONEY_REQUESTS_KEPT, Signer, Verifier};
use tonic::service::Routes;

pub use config::{Config, DEFAULT_CONFIG};

const NAME: &str = "billing";

/// The whole schema, in order.
pub fn migrations() -> Migrator {
    tenancy::migrations(&[&::events::MIGRATIONS, &sqlx::migrate!()])
}

/// Migrates the database and makes the topic.
pub async fn migrate(config: &Config) -> anyhow::Result<()> {
    tenancy::migrate(NAME, &config.database, &migrations()).await?;
    if !config.kafka.brokers.is_empty() {
        ::events::create_topic(&config.kafka, NAME).await?;
    }
    Ok(())
}

/// Binds the ports and builds the server.
pub async fn build(config: Config) -> anyhow::Result<Server> {
    let db = Db::open(NAME, &config.database).await?;
    db.check_schema(tenancy::newest(&migrations())).await?;
    let ring = Arc::new(config.keys.read(NAME)?);
    let contracts = rpc::contract::Contracts {
        db: db.clone(),
        projects: Peer::new(&config.peers.projects)?,
        signer: Signer::new(ring.clone()),
    };
    let routes = Routes::new(ContractServiceServer::new(contracts));
    let readiness = db.clone();
    let server = Server::bind(NAME, &config.listen(), Verifier::new(ring), routes)
        .await?
        .drain(Duration::from_millis(config.drain_ms))
        .ready(move || {
            let db = readiness.clone();
            async move { db.is_ready().await }
        });
    ::events::attach(server, NAME, &db, &config.kafka, MONEY_REQUESTS_KEPT)
}
