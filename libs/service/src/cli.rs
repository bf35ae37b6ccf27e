//! The command line of every service: `serve`, `migrate`, `replay`.

use std::{future::Future, process::ExitCode};

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use serde::de::DeserializeOwned;

use crate::{config, telemetry};

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What a service is told to do.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Serve until SIGTERM; refuses a database that is not migrated
    Serve,
    /// Migrate the database and make the topics, then end
    Migrate,
    /// Handle held events again, oldest first, then end
    Replay {
        /// Only the event with this id
        #[arg(long)]
        id: Option<uuid::Uuid>,
        /// Handle nothing, but drop the event with this id: it can never be handled
        #[arg(long, value_name = "ID", conflicts_with = "id")]
        give_up: Option<uuid::Uuid>,
    },
}

/// Reads the arguments and the configuration, starts telemetry and runs `work`.
///
/// `T` is the service's configuration; its `telemetry` section is read here as well.
pub async fn main<T, F, W>(name: &'static str, defaults: &'static str, work: W) -> ExitCode
where
    T: DeserializeOwned,
    W: FnOnce(Command, T) -> F,
    F: Future<Output = Result<()>>,
{
    let command = Arguments::parse().command;
    match run(name, defaults, command, work).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "telemetry may not have started")]
            {
                eprintln!("{name}: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn run<T, F, W>(
    name: &'static str,
    defaults: &'static str,
    command: Command,
    work: W,
) -> Result<()>
where
    T: DeserializeOwned,
    W: FnOnce(Command, T) -> F,
    F: Future<Output = Result<()>>,
{
    #[derive(serde::Deserialize)]
    struct TelemetryOnly {
        telemetry: telemetry::Telemetry,
    }
    let TelemetryOnly { telemetry } = config::load(defaults)?;
    let config = config::load(defaults)?;
    let guard = telemetry::init(name, &telemetry).context("start telemetry")?;
    let outcome = work(command, config).await;
    if let Err(error) = &outcome {
        tracing::error!(error = format!("{error:#}"), "{name} ends");
    }
    guard.shutdown();
    outcome
}
