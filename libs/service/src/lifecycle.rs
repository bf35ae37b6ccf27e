//! Starting and stopping: two signals, one tracker for every task.

use std::{future::Future, time::Duration};

use anyhow::{Context as _, Result};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};

/// How long the tasks of a stopping process may take.
const GRACE: Duration = Duration::from_secs(20);

/// The life of a process: what runs in it, and when to stop.
///
/// The first signal asks everything to finish; the second, or the end of the grace period, ends it.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
    tracker: TaskTracker,
}

impl Lifecycle {
    /// Makes one that only [`Lifecycle::stop`] ends.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes one that SIGTERM and SIGINT end.
    pub fn from_signals() -> Result<Self> {
        let lifecycle = Self::new();
        let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
        let (soft, hard) = (lifecycle.soft.clone(), lifecycle.hard.clone());
        #[expect(clippy::disallowed_methods, reason = "outlives the tracker's tasks")]
        tokio::spawn(async move {
            for token in [soft, hard] {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                token.cancel();
            }
        });
        Ok(lifecycle)
    }

    /// Asks everything to finish.
    pub fn stop(&self) {
        self.soft.cancel();
    }

    /// Fires when everything is asked to finish.
    pub fn stopping(&self) -> CancellationToken {
        self.soft.clone()
    }

    /// Runs a task that the process waits for when it stops.
    pub fn spawn<F>(&self, task: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tracker.spawn(task)
    }

    /// Has the process wait, when it stops, until this is dropped.
    pub(crate) fn token(&self) -> TaskTrackerToken {
        self.tracker.token()
    }

    /// Waits until everything is asked to finish, and `time` longer, or until a second signal.
    pub async fn drained(&self, time: Duration) {
        self.soft.cancelled().await;
        tokio::select! {
            () = self.hard.cancelled() => {}
            () = tokio::time::sleep(time) => {}
        }
    }

    /// Waits for every task, for the grace period at most.
    pub async fn finish(&self) {
        self.tracker.close();
        tokio::select! {
            () = self.tracker.wait() => {}
            () = self.overdue(Duration::ZERO) => {}
        }
    }

    /// Returns when what was asked to finish, and had `drain` before, has had its time.
    pub(crate) async fn overdue(&self, drain: Duration) {
        tokio::select! {
            () = self.hard.cancelled() => tracing::warn!("a second signal ends the process"),
            () = tokio::time::sleep(drain + GRACE) => {
                tracing::warn!("something still runs after the grace period");
            }
        }
    }

    /// What a second signal does.
    #[cfg(test)]
    pub(crate) fn stop_at_once(&self) {
        self.hard.cancel();
    }
}
