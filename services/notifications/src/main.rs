//! The notifications service.

use std::process::ExitCode;

use notifications::{Config, DEFAULT_CONFIG};
use service::{Command, Lifecycle};

#[tokio::main]
async fn main() -> ExitCode {
    service::main(
        "notifications",
        DEFAULT_CONFIG,
        async |command, config: Config| match command {
            Command::Serve => {
                let lifecycle = Lifecycle::from_signals()?;
                notifications::build(config).await?.run(lifecycle).await
            }
            Command::Migrate => notifications::migrate(&config).await,
            Command::Replay {
                give_up: Some(id), ..
            } => notifications::give_up(&config, id).await,
            Command::Replay { id, .. } => notifications::replay(&config, id).await,
        },
    )
    .await
}
