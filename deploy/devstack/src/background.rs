//! Servers inside our own process, each on a thread of its own.
//!
//! They must outlast the runtime of the test that started them, and the mail server's sessions
//! cannot move between threads.

use std::net::{Ipv4Addr, SocketAddr};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::runtime;
use tokio::task::LocalSet;
use tokio_util::sync::CancellationToken;

/// A running server; dropping it stops it.
pub(crate) struct Background {
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Background {
    /// Listens on 127.0.0.1 and runs `serve` until it ends or is stopped; tasks that it spawned
    /// locally end with it. The port is open when this returns.
    pub(crate) fn serve_on<F>(
        port: u16,
        name: &str,
        serve: impl FnOnce(TcpListener) -> F + Send + 'static,
    ) -> Result<Self>
    where
        F: Future<Output = ()> + 'static,
    {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listener = std::net::TcpListener::bind(address)
            .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
            .with_context(|| format!("listen on {address} for {name}"))?;
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("start a runtime")?;
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let serve_until_stopped = move || {
            LocalSet::new().block_on(&runtime, async {
                let listener =
                    TcpListener::from_std(listener).expect("the listener does not block");
                stopped.run_until_cancelled(serve(listener)).await;
            });
        };
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(serve_until_stopped)
            .context("start a thread")?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // A panic in there was printed when it happened.
            drop(thread.join());
        }
    }
}
