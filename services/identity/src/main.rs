//! The identity service.

use std::process::ExitCode;

use identity::{Config, DEFAULT_CONFIG};
use service::{Command, Lifecycle};

#[tokio::main]
async fn main() -> ExitCode {
    service::main(
        "identity",
        DEFAULT_CONFIG,
        async |command, config: Config| match command {
            Command::Serve => {
                let lifecycle = Lifecycle::from_signals()?;
                identity::build(config).await?.run(lifecycle).await
            }
            Command::Migrate => identity::migrate(&config).await,
            Command::Replay { .. } => anyhow::bail!("identity consumes no events"),
        },
    )
    .await
}
