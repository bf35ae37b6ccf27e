//! Documents: photos of projects and the organization's logo; their bytes lie in S3 and never pass through a public bucket.
//!
//! Owns the tables `file`, `photo` and `usage`. Serves `PhotoService`, `LogoService` and `UsageService`. Publishes
//! `PhotoAdded` and `PhotoShared`. Consumes nothing. Asks projects who may see a project's photos
//! (`AccessService.Resolve`), acting for who asks.
//!
//! # From an upload to a photo
//!
//! 1. `StartPhoto` writes the rows and gives out an address in the bucket that takes exactly the declared bytes.
//! 2. The portal streams them there; `FinishPhoto` queues the file.
//! 3. The worker claims it, refuses what did not come as declared, and [`opening`] fetches, scans and decodes it in a child
//!    process of its own, which is all that ever opens it. What comes back are three JPEGs without anything of the
//!    original's metadata.
//! 4. The photo is ready, and `PhotoAdded` leaves in the same transaction. Or the file is refused, and the office is
//!    told why.
//!
//! The original is kept and never served. What is in the trash is deleted after 30 days.

mod access;
mod bucket;
mod config;
mod decoding;
mod events;
mod file;
mod opening;
mod photo;
mod rpc;
mod store;
mod sweeper;
mod worker;

use std::{sync::Arc, time::Duration};

use proto::documents::{
    logo_service_server::LogoServiceServer, photo_service_server::PhotoServiceServer,
    usage_service_server::UsageServiceServer,
};
use service::{Peer, Server};
use sqlx::migrate::Migrator;
use tenancy::{Db, REQUESTS_KEPT, Signer, Verifier};
use tonic::service::Routes;

pub use config::{Config, DEFAULT_CONFIG};

use crate::{
    access::Access,
    bucket::Bucket,
    decoding::Decoder,
    opening::Opening,
    sweeper::Sweeper,
    worker::{Wake, Worker},
};

const NAME: &str = "documents";

/// The whole schema, in order.
pub fn migrations() -> Migrator {
    tenancy::migrations(&[&::events::MIGRATIONS, &sqlx::migrate!()])
}

/// Migrates the database, makes the topic and checks the bucket.
pub async fn migrate(config: &Config) -> anyhow::Result<()> {
    tenancy::migrate(NAME, &config.database, &migrations()).await?;
    if !config.kafka.brokers.is_empty() {
        ::events::create_topic(&config.kafka, NAME).await?;
    }
    Bucket::new(&config.s3).check().await
}

/// Binds the ports and builds the server.
pub async fn build(config: Config) -> anyhow::Result<Server> {
    let db = Db::open(NAME, &config.database).await?;
    db.check_schema(tenancy::newest(&migrations())).await?;
    let ring = Arc::new(config.keys.read(NAME)?);
    let bucket = Bucket::new(&config.s3);
    let opening = Opening {
        bucket: bucket.clone(),
        decoder: Arc::new(Decoder::new(&config.decoder)?),
        clamd: config.clamd.clone(),
    };
    let wake = Wake::default();
    let routes = Routes::new(PhotoServiceServer::new(rpc::photo::Photos {
        db: db.clone(),
        access: Access {
            projects: Peer::new(&config.peers.projects)?,
            signer: Signer::new(ring.clone()),
        },
        bucket: bucket.clone(),
        limits: config.limits,
        wake: wake.clone(),
    }))
    .add_service(LogoServiceServer::new(rpc::logo::Logos {
        db: db.clone(),
        bucket: bucket.clone(),
        opening: opening.clone(),
        limits: config.limits,
    }))
    .add_service(UsageServiceServer::new(rpc::usage::Usages {
        db: db.clone(),
        limits: config.limits,
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
        opening,
        wake,
        budget: worker::BUDGET,
        last_moment: worker::LAST_MOMENT,
    };
    server = server.background("photos", |stopping| worker.run(stopping));
    let sweeper = Sweeper {
        db: db.clone(),
        bucket,
    };
    server = server.background("sweeper", |stopping| sweeper.run(stopping));
    ::events::attach(server, NAME, &db, &config.kafka, REQUESTS_KEPT)
}
