//! The processes under attack: what they say, what they hold in memory, and whether they serve.

use std::{
    fmt::Write as _,
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use devstack::{platform::Platform, services::Service};
use integration_tests::Process;

use crate::values::MARK;

/// How much more a process may hold after the second half of an attack than after the first.
///
/// The first half fills what fills once: pools, caches, arenas of the allocator. What grows with each request grows on.
const MOST_GROWTH: u64 = 20 << 20;
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// How many lines of a log are told.
const MOST_LINES: usize = 10;

/// Watches all six.
pub(crate) struct Watch<'a> {
    platform: &'a Platform,
    watched: Vec<Watched>,
}

struct Watched {
    service: Service,
    process: Process,
    /// Of its log, before the attack.
    said: usize,
    /// In bytes, after each half.
    memory: Vec<u64>,
}

impl<'a> Watch<'a> {
    pub(crate) fn begin(platform: &'a Platform) -> Result<Self> {
        let watched = Service::ALL.map(|service| {
            Ok(Watched {
                service,
                process: Process::of(service)?,
                said: log(platform, service)?.len(),
                memory: Vec::new(),
            })
        });
        Ok(Self {
            platform,
            watched: watched.into_iter().collect::<Result<_>>()?,
        })
    }

    /// Looks how much memory each process holds, and whether it serves.
    pub(crate) async fn look(&mut self) -> Vec<String> {
        let mut failures = Vec::new();
        for watched in &mut self.watched {
            let name = watched.service.name();
            match watched.process.resident_memory() {
                Ok(memory) => watched.memory.push(memory),
                Err(error) => failures.push(format!("{error:#}")),
            }
            if let Err(error) = serves(self.platform, watched.service).await {
                failures.push(format!("{name} does not serve: {error:#}"));
            }
        }
        failures
    }

    /// What memory and logs tell.
    pub(crate) fn findings(&self) -> Result<Vec<String>> {
        let mut failures = Vec::new();
        for watched in &self.watched {
            let name = watched.service.name();
            if let [first, second] = watched.memory.as_slice()
                && *second > first + MOST_GROWTH
            {
                let (first, second) = (first >> 20, second >> 20);
                failures.push(format!("{name} grew from {first} MiB to {second} MiB"));
            }
            let log = log(self.platform, watched.service)?;
            let said = String::from_utf8_lossy(&log[watched.said..]);
            let bad = said.lines().filter(|line| is_bad(line));
            failures.extend(
                bad.take(MOST_LINES)
                    .map(|line| format!("{name} says: {line}")),
            );
        }
        Ok(failures)
    }

    /// Memory after each half, a line a process.
    pub(crate) fn report(&self) -> String {
        let mut text = String::new();
        for watched in &self.watched {
            let memory: Vec<String> = watched
                .memory
                .iter()
                .map(|bytes| format!("{} MiB", bytes >> 20))
                .collect();
            let name = watched.service.name();
            writeln!(text, "{name:13} {}", memory.join(", then "))
                .expect("writing to a string cannot fail");
        }
        text
    }
}

/// Waits until a service says that it serves: the machine may still be busy with the attack.
async fn serves(platform: &Platform, service: Service) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match platform.serves(service).await {
            Err(_) if Instant::now() < deadline => tokio::time::sleep(LOOK_AGAIN).await,
            answer => return answer,
        }
    }
}

/// True for a panic, a fault of ours, and for words of the request, which belong into no log.
fn is_bad(line: &str) -> bool {
    ["panicked at", "overflowed its stack", " ERROR ", MARK]
        .iter()
        .any(|word| line.contains(word))
}

fn log(platform: &Platform, service: Service) -> Result<Vec<u8>> {
    let path = platform.log(service);
    fs::read(&path).with_context(|| format!("read {}", path.display()))
}
