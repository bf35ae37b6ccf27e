//! A service that runs inside a test.

use std::time::Duration;

use anyhow::Result;
use service::{Lifecycle, Peer, Server};

/// Serves until it is dropped or stopped.
pub struct Running {
    address: String,
    lifecycle: Lifecycle,
    task: tokio::task::JoinHandle<Result<()>>,
}

impl Running {
    /// Starts a built server; no load balancer must hear of its end.
    pub fn start(server: Server) -> Result<Self> {
        let server = server.drain(Duration::ZERO);
        let address = format!("http://{}", server.address()?);
        let lifecycle = Lifecycle::new();
        #[expect(
            clippy::disallowed_methods,
            reason = "a test has no lifecycle of its own"
        )]
        let task = tokio::spawn(server.run(lifecycle.clone()));
        Ok(Self {
            address,
            lifecycle,
            task,
        })
    }

    /// Such as "http://127.0.0.1:40123".
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A connection to it.
    pub fn peer(&self) -> Result<Peer> {
        Peer::new(&self.address)
    }

    /// Stops it and waits until it has.
    pub async fn stop(mut self) -> Result<()> {
        self.lifecycle.stop();
        (&mut self.task).await?
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.lifecycle.stop();
    }
}
