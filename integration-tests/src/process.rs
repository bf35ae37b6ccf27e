//! What the kernel tells of running processes (proc_pid_status(5), proc_pid_stat(5)).

use std::{fs, time::Duration};

use anyhow::{Context as _, Result};
use devstack::services::Service;

/// How the kernel counts time for us, on every architecture that we run on (USER_HZ, time(7)).
const TICK: Duration = Duration::from_millis(10);

/// A process of the platform.
pub struct Process {
    /// Of its program.
    pub name: String,
    id: u32,
}

/// The lines of a process's status.
struct Status(String);

impl Process {
    /// The one in which a service runs that this process started.
    pub fn of(service: Service) -> Result<Self> {
        let name = service.name();
        let id = children(std::process::id(), name)
            .next()
            .with_context(|| format!("{name} does not run"))?;
        Ok(Self {
            name: name.to_owned(),
            id,
        })
    }

    /// The one of this number, under a name for messages.
    pub fn numbered(id: u32, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            id,
        }
    }

    /// The processor time that it took so far, in the kernel too; to a hundredth of a second.
    pub fn cpu(&self) -> Result<Duration> {
        cpu(self.id).with_context(|| format!("{} has ended", self.name))
    }

    /// The most bytes that it ever had in memory.
    pub fn peak_memory(&self) -> Result<u64> {
        self.memory("VmHWM")
    }

    /// The bytes that it has in memory now.
    pub fn resident_memory(&self) -> Result<u64> {
        self.memory("VmRSS")
    }

    /// How many of its children have this name.
    pub fn children(&self, name: &str) -> usize {
        children(self.id, name).count()
    }

    fn memory(&self, field: &str) -> Result<u64> {
        let kib = Status::of(self.id)
            .and_then(|status| status.field(field)?.strip_suffix(" kB")?.parse().ok());
        let kib: u64 = kib.with_context(|| format!("{} has ended", self.name))?;
        Ok(kib << 10)
    }
}

fn cpu(id: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // the name of the program stands in parentheses and may hold spaces
    let (_, after_name) = stat.rsplit_once(')')?;
    let ticks = after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(str::parse::<u32>);
    let ticks: u32 = ticks.sum::<Result<u32, _>>().ok()?;
    Some(TICK * ticks)
}

fn children(parent: u32, name: &str) -> impl Iterator<Item = u32> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(move |id| {
            Status::of(*id).is_some_and(|status| {
                status.field("PPid") == Some(&parent.to_string())
                    && status.field("Name") == Some(name)
            })
        })
}

impl Status {
    /// None for who has ended meanwhile.
    fn of(id: u32) -> Option<Self> {
        fs::read_to_string(format!("/proc/{id}/status"))
            .ok()
            .map(Self)
    }

    fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.0.lines().filter_map(|line| line.split_once(':'));
        fields
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.trim())
    }
}
