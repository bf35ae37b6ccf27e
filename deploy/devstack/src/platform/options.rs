//! How a platform is started.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::postgres::Durability;
use crate::progress::Progress;
use crate::{folders, ports};

/// How to start.
#[derive(Debug, Clone)]
pub struct Options {
    /// Holds everything that outlasts a stop.
    pub data: PathBuf,
    /// Begins with empty databases and no mails.
    pub fresh: bool,
    pub durability: Durability,
    /// None: 8080, or the next one that is free.
    pub portal_port: Option<u16>,
    /// Takes traces, metrics and logs, such as `http://127.0.0.1:4317`.
    pub otlp_endpoint: Option<String>,
    /// Holds the services' programs; none: where our own program is.
    pub binaries: Option<PathBuf>,
    /// None: services reach PostgreSQL and Kafka directly.
    pub detours: Option<Detours>,
    pub progress: Progress,
}

/// Sends services to PostgreSQL and Kafka by way of somebody else, who must listen before the
/// platform starts. Our own connections stay direct.
#[derive(Debug, Clone, Copy)]
pub struct Detours {
    pub postgres: Detour,
    pub kafka: Detour,
}

/// Two ports of this machine.
#[derive(Debug, Clone, Copy)]
pub struct Detour {
    /// Where services look for the server.
    pub sought: u16,
    /// Where the server listens.
    pub server: u16,
}

impl Options {
    /// For a person: in the usual data folder, telling what happens.
    pub fn for_development() -> Result<Self> {
        Ok(Self {
            data: folders::data()?,
            fresh: false,
            durability: Durability::Durable,
            portal_port: None,
            otlp_endpoint: None,
            binaries: None,
            detours: None,
            progress: Progress::Lines,
        })
    }

    /// For a test: in a folder of its own, on a port of its own, in silence.
    pub fn for_test(data: &Path) -> Result<Self> {
        Ok(Self {
            data: data.to_owned(),
            fresh: true,
            durability: Durability::Fast,
            portal_port: Some(ports::free()?),
            otlp_endpoint: None,
            binaries: None,
            detours: None,
            progress: Progress::Quiet,
        })
    }
}
