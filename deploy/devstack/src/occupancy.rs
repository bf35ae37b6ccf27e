//! One devstack per data folder, and nothing left of the one before.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process::Stray;

/// Children of a killed devstack were told by the kernel to stop; most have by now.
const PATIENCE_WITH_LEFTOVERS: Duration = Duration::from_secs(5);

/// Our hold on a data folder, given back when it is dropped.
pub(crate) struct Occupancy {
    children: PathBuf,
    _lock: File,
}

impl Occupancy {
    /// Takes the folder, or says who has it.
    pub(crate) fn take(data: &Path) -> Result<Self> {
        let path = data.join("devstack.pid");
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .with_context(|| format!("open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder)
                    .context("read who holds the data folder")?;
                bail!(
                    "a devstack runs on {} already, as process {holder}; stop it with: kill {holder}",
                    data.display()
                );
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("lock {}", path.display()));
            }
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| write!(file, "{}", std::process::id()))
            .with_context(|| format!("write {}", path.display()))?;
        Ok(Self {
            children: data.join("children"),
            _lock: file,
        })
    }

    /// Ends what a former run left, which cannot be asked any more.
    pub(crate) async fn end_leftovers(&self) -> Result<()> {
        let noted = fs::read_to_string(&self.children).unwrap_or_default();
        for leftover in noted.lines().filter_map(Stray::from_line) {
            leftover.gone(PATIENCE_WITH_LEFTOVERS).await;
        }
        fs::write(&self.children, "").context("start the list of children")
    }

    /// Notes a child, for the case that we cannot end it ourselves.
    pub(crate) fn note_child(&self, child: &Stray) -> Result<()> {
        File::options()
            .append(true)
            .create(true)
            .open(&self.children)
            .and_then(|mut file| writeln!(file, "{}", child.to_line()))
            .context("note a child")
    }
}
