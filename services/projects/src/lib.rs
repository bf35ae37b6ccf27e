//! Projects: what is built, its phases, who works on it, and what clients see of it.
//!
//! Owns the tables `project`, `project_member`, `phase` and `visibility`. Serves `ProjectService`, `PhaseService`,
//! `VisibilityService` and `AccessService`. Publishes `ProjectCreated`, `PhaseProgressed`, `PhaseCompleted`,
//! `MilestoneReached`, `MilestoneReopened` and `VisibilityChanged`. Consumes nothing and asks nobody.
//!
//! The module `access` turns a project's five settings into scopes; everything else, here and in other services,
//! works with scopes alone.

mod access;
mod config;
mod day;
mod events;
mod parts;
mod phase;
mod progress;
mod project;
mod rpc;
mod schedule;
mod state;
mod store;
mod template;
mod view;
mod visibility;

use std::{sync::Arc, time::Duration};

use proto::projects::{
    access_service_server::AccessServiceServer, phase_service_server::PhaseServiceServer,
    project_service_server::ProjectServiceServer,
    visibility_service_server::VisibilityServiceServer,
};
use service::Server;
use sqlx::migrate::Migrator;
use tenancy::{Db, REQUESTS_KEPT, Verifier};
use tonic::service::Routes;

pub use config::{Config, DEFAULT_CONFIG};

const NAME: &str = "projects";

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
    let routes = Routes::new(ProjectServiceServer::new(rpc::project::Projects {
        db: db.clone(),
    }))
    .add_service(PhaseServiceServer::new(rpc::phase::Phases {
        db: db.clone(),
    }))
    .add_service(VisibilityServiceServer::new(
        rpc::visibility::Visibilities { db: db.clone() },
    ))
    .add_service(AccessServiceServer::new(rpc::access::Access {
        db: db.clone(),
    }));
    let readiness = db.clone();
    let server = Server::bind(NAME, &config.listen(), Verifier::new(ring), routes)
        .await?
        .drain(Duration::from_millis(config.drain_ms))
        .ready(move || {
            let db = readiness.clone();
            async move { db.is_ready().await }
        });
    ::events::attach(server, NAME, &db, &config.kafka, REQUESTS_KEPT)
}
