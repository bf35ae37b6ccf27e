//! The portal's binary.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    service::main("portal", portal::DEFAULT_CONFIG, portal::run).await
}
