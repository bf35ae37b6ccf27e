//! What the kernel tells of running processes (proc_pid_status(5)).

use std::fs;

use anyhow::{Context as _, Result};
use devstack::services::Service;

/// A process of the platform.
pub(crate) struct Process {
    pub(crate) name: String,
    id: u32,
}

/// The lines of a process's status.
struct Status(String);

impl Process {
    /// The one in which a service runs that this process started.
    pub(crate) fn of(service: Service) -> Result<Self> {
        let name = service.name();
        let id = children(std::process::id(), name)
            .next()
            .with_context(|| format!("{name} does not run"))?;
        Ok(Self {
            name: name.to_owned(),
            id,
        })
    }

    /// The most bytes that it ever had in memory.
    pub(crate) fn peak_memory(&self) -> Result<u64> {
        let kib = Status::of(self.id)
            .and_then(|status| status.field("VmHWM")?.strip_suffix(" kB")?.parse().ok());
        let kib: u64 = kib.with_context(|| format!("{} has ended", self.name))?;
        Ok(kib << 10)
    }

    /// How many of its children have this name.
    pub(crate) fn children(&self, name: &str) -> usize {
        children(self.id, name).count()
    }
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
