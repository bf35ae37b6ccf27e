//! Processor time of the platform's processes, by who took it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use devstack::{platform::Platform, services::Service};
use integration_tests::Process;

/// So long nobody asks for anything, to see what timers take.
const QUIET: Duration = Duration::from_secs(2);

/// Reads the processor time of services and of PostgreSQL's processes that serve them.
pub(crate) struct Meter {
    processes: Vec<(Who, Process)>,
    /// What timers take in a second.
    idle: BTreeMap<Who, f64>,
}

/// Who takes processor time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    /// A service's own process.
    Service(Service),
    /// The processes of PostgreSQL that its connections lead to.
    Database(Service),
}

impl Meter {
    /// Finds the processes of these services; who is measured has opened its connections before.
    pub(crate) async fn of(platform: &Platform, services: &[Service]) -> Result<Self> {
        let mut processes = Vec::new();
        for service in services {
            processes.push((Who::Service(*service), Process::of(*service)?));
        }
        let mut admin = platform.postgres().admin("postgres").await?;
        let backends: Vec<(i32, String)> = sqlx::query_as(
            "select pid, datname from pg_stat_activity
             where usename in (datname || '_app', datname || '_platform')",
        )
        .fetch_all(&mut admin)
        .await
        .context("list the processes of the database")?;
        for (id, database) in backends {
            if let Some(service) = services.iter().find(|one| one.name() == database) {
                let process = Process::numbered(u32::try_from(id)?, "a process of PostgreSQL");
                processes.push((Who::Database(*service), process));
            }
        }
        let mut meter = Self {
            processes,
            idle: BTreeMap::new(),
        };
        let quiet = async {
            tokio::time::sleep(QUIET).await;
            Ok(())
        };
        let (taken, time) = meter.during(quiet).await?;
        meter.idle = taken
            .into_iter()
            .map(|(who, taken)| (who, taken / time.as_secs_f64()))
            .collect();
        Ok(meter)
    }

    /// The seconds that each took during some work, without what timers take, and how long the work took.
    pub(crate) async fn during(
        &self,
        work: impl Future<Output = Result<()>>,
    ) -> Result<(BTreeMap<Who, f64>, Duration)> {
        let before = self.read()?;
        let begin = Instant::now();
        work.await?;
        let time = begin.elapsed();
        let taken = self
            .read()?
            .into_iter()
            .map(|(who, after)| {
                let idle = self.idle.get(&who).copied().unwrap_or_default();
                let before = before.get(&who).copied().unwrap_or_default();
                let taken = after.saturating_sub(before).as_secs_f64() - idle * time.as_secs_f64();
                (who, taken.max(0.0))
            })
            .collect();
        Ok((taken, time))
    }

    fn read(&self) -> Result<BTreeMap<Who, Duration>> {
        let mut taken = BTreeMap::new();
        for (who, process) in &self.processes {
            *taken.entry(*who).or_default() += process.cpu()?;
        }
        Ok(taken)
    }
}
