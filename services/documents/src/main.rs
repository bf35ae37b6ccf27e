//! The documents service.

use std::process::ExitCode;

use documents::{Config, DEFAULT_CONFIG};
use service::{Command, Lifecycle};

#[tokio::main]
async fn main() -> ExitCode {
    service::main(
        "documents",
        DEFAULT_CONFIG,
        async |command, config: Config| match command {
            Command::Serve => {
                let lifecycle = Lifecycle::from_signals()?;
                documents::build(config).await?.run(lifecycle).await
            }
            Command::Migrate => documents::migrate(&config).await,
            Command::Replay { .. } => anyhow::bail!("documents consumes no events"),
        },
    )
    .await
}
