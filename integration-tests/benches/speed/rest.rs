//! A machine at rest, on which alone times mean something.

use std::{fs, time::Duration};

use anyhow::{Context as _, Result};

const LOOK: Duration = Duration::from_secs(1);
const LOOKS: u32 = 60;
/// As many percent of all processors as timers of the platform may take.
const PERCENT: u64 = 5;

/// Waits until nothing works but timers; says so where it goes on without that after a minute.
pub(crate) async fn wait() -> Result<()> {
    let mut percent = 100;
    let mut before = Ticks::read()?;
    for _ in 0..LOOKS {
        tokio::time::sleep(LOOK).await;
        let now = Ticks::read()?;
        percent = now.percent_busy_since(&before);
        if percent < PERCENT {
            return Ok(());
        }
        before = now;
    }
    eprintln!("The machine is not at rest: its processors are busy for {percent} %.");
    Ok(())
}

/// What all processors did since the machine started, in the kernel's units.
struct Ticks {
    busy: u64,
    all: u64,
}

impl Ticks {
    fn read() -> Result<Self> {
        let stat = fs::read_to_string("/proc/stat").context("read /proc/stat")?;
        let ticks: Vec<u64> = stat
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("cpu "))
            .context("the first line is of all processors")?
            .split_whitespace()
            .map(|ticks| ticks.parse().context("ticks are numbers"))
            .collect::<Result<_>>()?;
        // user, nice, system, idle, waiting for the disk, and more of those that work; the time of guests is in the first
        let all: u64 = ticks.iter().take(8).sum();
        let idle: u64 = ticks.iter().skip(3).take(2).sum();
        Ok(Self {
            busy: all - idle,
            all,
        })
    }

    fn percent_busy_since(&self, before: &Self) -> u64 {
        let all = self.all.saturating_sub(before.all).max(1);
        100 * self.busy.saturating_sub(before.busy) / all
    }
}
