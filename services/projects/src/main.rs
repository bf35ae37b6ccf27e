//! The projects service.

use std::process::ExitCode;

use projects::{Config, DEFAULT_CONFIG};
use service::{Command, Lifecycle};

#[tokio::main]
async fn main() -> ExitCode {
    service::main(
        "projects",
        DEFAULT_CONFIG,
        async |command, config: Config| match command {
            Command::Serve => {
                let lifecycle = Lifecycle::from_signals()?;
                projects::build(config).await?.run(lifecycle).await
            }
            Command::Migrate => projects::migrate(&config).await,
            Command::Replay { .. } => anyhow::bail!("projects consumes no events"),
        },
    )
    .await
}
