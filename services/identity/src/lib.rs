//! Identity: who people are, and in which organization.
//!
//! - owns `organization`, `stylesheet`, `account`, `session`, `device`, `sign_in_code`, `link`, `attempt`, `client`,
//!   `client_tag`, `client_address`, `client_search_word` and `contact`
//! - serves `OrganizationService`, `SessionService`, `AccountService`, `LinkService`, `MemberService`, `ClientService` and
//!   `PortalAccessService`
//! - publishes `LinkIssued`, `PortalAccessEnabled`, `InvitationAccepted`, `PasswordChanged`, `AccountDisabled` and
//!   `AccountEnabled`, all with the account as aggregate
//! - consumes nothing and asks nobody
//!
//! It is the one service that vouches for people: each request of a browser becomes a token of 60 seconds in
//! `SessionService.ResolveSession`. Passwords are checked in [`hashing`], guessing is limited in [`attempts`], mailed links
//! are made in [`link`]. Logs hold ids and never names, addresses, secrets or tokens.

mod account;
mod attempts;
mod brand;
mod cleanup;
mod client;
mod config;
mod email;
mod even_time;
mod events;
mod hashing;
mod host;
mod link;
mod password;
mod rpc;
mod search;
mod secret;
mod session;
mod store;

use std::{sync::Arc, time::Duration};

use proto::identity::{
    account_service_server::AccountServiceServer, client_service_server::ClientServiceServer,
    link_service_server::LinkServiceServer, member_service_server::MemberServiceServer,
    organization_service_server::OrganizationServiceServer,
    portal_access_service_server::PortalAccessServiceServer,
    session_service_server::SessionServiceServer,
};
use service::Server;
use sqlx::migrate::Migrator;
use tenancy::{Db, REQUESTS_KEPT, Signer, Verifier};
use tonic::service::Routes;

pub use config::{Config, DEFAULT_CONFIG};

const NAME: &str = "identity";

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
    let links = link::LinkKey::from_hex(&config.link_key)?;
    let hosts = host::Hosts::new(&config.base_domain, config.public_port);
    let db = Db::open(NAME, &config.database).await?;
    db.check_schema(tenancy::newest(&migrations())).await?;
    let ring = Arc::new(config.keys.read(NAME)?);
    let signer = Signer::new(ring.clone());
    let routes = routes(&db, &links, &hosts, &signer)?;
    let readiness = db.clone();
    let cleaned = db.clone();
    let server = Server::bind(NAME, &config.listen(), Verifier::new(ring), routes)
        .await?
        .drain(Duration::from_millis(config.drain_ms))
        .ready(move || {
            let db = readiness.clone();
            async move { db.is_ready().await }
        })
        .background("cleanup", |stopping| cleanup::run(cleaned, stopping));
    ::events::attach(server, NAME, &db, &config.kafka, REQUESTS_KEPT)
}

fn routes(
    db: &Db,
    links: &link::LinkKey,
    hosts: &host::Hosts,
    signer: &Signer,
) -> anyhow::Result<Routes> {
    let hasher = hashing::Hasher::new()?;
    let organizations = rpc::organization::Organizations {
        db: db.clone(),
        hasher: hasher.clone(),
        links: links.clone(),
        hosts: hosts.clone(),
    };
    let sessions = rpc::session::Sessions {
        db: db.clone(),
        hasher: hasher.clone(),
        signer: signer.clone(),
    };
    let accounts = rpc::account::Accounts {
        db: db.clone(),
        hasher: hasher.clone(),
        links: links.clone(),
    };
    let mailed = rpc::link::Links {
        db: db.clone(),
        hasher,
        key: links.clone(),
    };
    let members = rpc::member::Members {
        db: db.clone(),
        links: links.clone(),
    };
    let clients = rpc::client::Clients {
        db: db.clone(),
        links: links.clone(),
    };
    let access = rpc::portal_access::PortalAccesses {
        db: db.clone(),
        links: links.clone(),
    };
    Ok(Routes::new(OrganizationServiceServer::new(organizations))
        .add_service(SessionServiceServer::new(sessions))
        .add_service(AccountServiceServer::new(accounts))
        .add_service(LinkServiceServer::new(mailed))
        .add_service(MemberServiceServer::new(members))
        .add_service(ClientServiceServer::new(clients))
        .add_service(PortalAccessServiceServer::new(access)))
}
