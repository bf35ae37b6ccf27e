//! The billing service.

use std::process::ExitCode;

use billing::{Config, DEFAULT_CONFIG};
use service::{Command, Lifecycle};

#[tokio::main]
async fn main() -> ExitCode {
    service::main(
        "billing",
        DEFAULT_CONFIG,
        async |command, config: Config| match command {
            Command::Serve => {
                let lifecycle = Lifecycle::from_signals()?;
                billing::build(config).await?.run(lifecycle).await
            }
            Command::Migrate => billing::migrate(&config).await,
            Command::Replay { .. } => anyhow::bail!("billing consumes no events"),
        },
    )
    .await
}
