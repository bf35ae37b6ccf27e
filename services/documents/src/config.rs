//! The configuration.

use std::{net::SocketAddr, path::PathBuf};

use events::Kafka;
use serde::Deserialize;
use service::{Listen, telemetry::Telemetry};
use tenancy::{Database, Keys};

use crate::bucket::S3;

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
    pub database: Database,
    pub kafka: Kafka,
    pub keys: Keys,
    pub peers: Peers,
    pub decoder: Decoder,
    pub clamd: Clamd,
    pub limits: Limits,
    pub s3: S3,
    pub telemetry: Telemetry,
}

/// Addresses of the services that this one asks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peers {
    pub projects: String,
}

/// The programs that open what people upload.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decoder {
    /// Empty: `decoder`, beside our own program.
    pub program: PathBuf,
    pub heif_convert: PathBuf,
}

/// The virus scanner.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clamd {
    /// Host and port; empty: there is none.
    pub address: String,
    /// A scan that takes longer has no answer.
    pub timeout_ms: u64,
}

/// What an organization may take.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub stored_bytes: i64,
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
