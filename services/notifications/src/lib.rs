//! Notifications: the inbox of clients, how often they are mailed, and every mail of the platform.
//!
//! Owns the tables `preference`, `inbox_item`, `delivery` with `delivery_step`, `digest`, `suppression` and `photo_batch`
//! with `photo_batch_photo`. Serves `InboxService`, `PreferenceService` and `DeliveryService`. Publishes `DeliveryBounced`.
//! Consumes from identity `LinkIssued`, `PortalAccessEnabled`, `InvitationAccepted`, `PasswordChanged` and
//! `AccountDisabled`, from projects `MilestoneReached` and `MilestoneReopened`, from documents `PhotoAdded` and
//! `PhotoShared`.
//!
//! An event only writes rows: an inbox item for each person, and a mail where the person's frequency asks for one
//! (`policy`). Photos are gathered for a while (`photo_batch`). The worker does the rest: it opens summaries whose hour has
//! come (`digest`), claims what is due, and writes each mail at the moment it is sent. Only then it asks identity for the
//! address and the link, and projects and documents for words, as the recipient; so what the recipient may not see any more
//! is in no mail, and in no count.

mod brand;
mod compose;
mod config;
mod digest;
mod events;
mod mail;
mod peers;
mod photo_batch;
mod policy;
mod round;
mod rpc;
mod smtp;
mod store;
mod visible_projects;
mod waiting;
mod words;
mod worker;

use std::{sync::Arc, time::Duration};

use proto::notifications::{
    delivery_service_server::DeliveryServiceServer, inbox_service_server::InboxServiceServer,
    preference_service_server::PreferenceServiceServer,
};
use service::Server;
use sqlx::migrate::Migrator;
use tenancy::{Db, KeyRing, REQUESTS_KEPT, Verifier};
use tonic::service::Routes;
use uuid::Uuid;

pub use config::{Config, DEFAULT_CONFIG};

use crate::{
    events::EventHandler, mail::PortalAddress, peers::Peers, smtp::Mailer, worker::Worker,
};

const NAME: &str = "notifications";
/// Whose events are consumed.
const SOURCES: [&str; 3] = ["identity", "projects", "documents"];

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

/// Handles held events again, or the one with this id.
pub async fn replay(config: &Config, id: Option<Uuid>) -> anyhow::Result<()> {
    let db = open(config).await?;
    let handler = EventHandler {
        peers: Peers::new(&config.peers, Arc::new(config.keys.read(NAME)?))?,
    };
    let (replayed, stay) = ::events::replay(NAME, &db, &handler, id).await?;
    tracing::info!(replayed, stay, "held events were handled again");
    Ok(())
}

/// Gives a held event up: it is never handled, and those of its key wait for it no longer.
pub async fn give_up(config: &Config, id: Uuid) -> anyhow::Result<()> {
    ::events::give_up(&open(config).await?, id).await?;
    tracing::info!(%id, "a held event was given up");
    Ok(())
}

/// Binds the ports and builds the server.
pub async fn build(config: Config) -> anyhow::Result<Server> {
    let db = open(&config).await?;
    let ring: Arc<KeyRing> = Arc::new(config.keys.read(NAME)?);
    let peers = Peers::new(&config.peers, ring.clone())?;
    let routes = Routes::new(InboxServiceServer::new(rpc::inbox::Inbox {
        db: db.clone(),
        peers: peers.clone(),
    }))
    .add_service(PreferenceServiceServer::new(rpc::preference::Preferences {
        db: db.clone(),
        peers: peers.clone(),
    }))
    .add_service(DeliveryServiceServer::new(rpc::delivery::Deliveries {
        db: db.clone(),
        peers: peers.clone(),
    }));
    let readiness = db.clone();
    let mut server = Server::bind(NAME, &config.listen(), Verifier::new(ring), routes)
        .await?
        .drain(Duration::from_millis(config.drain_ms))
        .ready(move || {
            let db = readiness.clone();
            async move { db.is_ready().await }
        });

    let worker = Worker {
        db: db.clone(),
        peers: peers.clone(),
        portal: PortalAddress::new(&config.base_domain, config.public_port),
        mailer: Mailer::new(&config.smtp)?,
    };
    server = server.background("mail", |stopping| worker.run(stopping));
    server = ::events::attach(server, NAME, &db, &config.kafka, REQUESTS_KEPT)?;
    if !config.kafka.brokers.is_empty() {
        let consumer = ::events::Consumer::new(
            NAME,
            db,
            &config.kafka,
            &SOURCES,
            Arc::new(EventHandler { peers }),
        )?;
        server = server.background("consumer", |stopping| consumer.run(stopping));
    }
    Ok(server)
}

async fn open(config: &Config) -> anyhow::Result<Db> {
    let db = Db::open(NAME, &config.database).await?;
    db.check_schema(tenancy::newest(&migrations())).await?;
    Ok(db)
}
