//! The configuration.

use std::net::SocketAddr;

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
    pub link_key: SecretString,
    pub database: Database,
    pub kafka: Kafka,
    pub keys: Keys,
    pub telemetry: Telemetry,
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
