//! The configuration.

use std::{net::SocketAddr, num::NonZeroU16};

use events::Kafka;
use secrecy::SecretString;
use serde::Deserialize;
use service::{Listen, telemetry::Telemetry};
use tenancy::{Database, Keys};

/// The compiled-in `config.toml`, which names every setting.
pub const DEFAULT_CONFIG: &str = include_str!("../config.toml");

/// What `config.toml` and the environment say.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub address: SocketAddr,
    pub health_address: SocketAddr,
    #[serde(deserialize_with = "service::config::optional")]
    pub control_address: Option<SocketAddr>,
    pub base_domain: String,
    pub drain_ms: u64,
    pub public_port: u16,
    pub database: Database,
    pub kafka: Kafka,
    pub keys: Keys,
    pub peers: Addresses,
    pub smtp: Smtp,
    pub telemetry: Telemetry,
}

/// Addresses of the services that this one asks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Addresses {
    pub identity: String,
    pub projects: String,
    pub documents: String,
}

/// The mail server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    pub tls: Security,
    pub username: String,
    pub password: SecretString,
    pub from: String,
    /// How many mails are on their way at once.
    pub connections: NonZeroU16,
}

/// How the connection to the mail server is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// Not at all: a mail server on the same machine or in the same pod.
    None,
    /// Plain at first, then secured by the STARTTLS command, or not used.
    Starttls,
    /// Secured from the first byte.
    Tls,
}

impl Config {
    pub(crate) fn listen(&self) -> Listen {
        Listen {
            address: self.address,
            health_address: self.health_address,
            control_address: self.control_address,
            base_domain: self.base_domain.clone(),
        }
    }
}
