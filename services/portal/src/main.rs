//! The portal's binary.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    service::main("portal", portal::DEFAULTS, portal::run).await
}
