//! Where things are kept on this machine.
//!
//! Root keeps everything under /var/tmp, because PostgreSQL runs as another user there, who
//! cannot walk into root's home.

use std::env;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::unix_account;

/// Programs that were fetched once; `CONTRACTOROS_CACHE` chooses another place.
pub fn cache() -> Result<PathBuf> {
    if let Some(folder) = env::var_os("CONTRACTOROS_CACHE") {
        return Ok(PathBuf::from(folder));
    }
    if unix_account::is_root() {
        return Ok(PathBuf::from("/var/tmp/contractoros-cache"));
    }
    Ok(home()?.join(".cache/contractoros/devstack"))
}

/// Databases, mails, files and keys of a devstack that was not told otherwise.
pub fn data() -> Result<PathBuf> {
    if unix_account::is_root() {
        return Ok(PathBuf::from("/var/tmp/contractoros-data"));
    }
    Ok(home()?.join(".local/share/contractoros"))
}

/// The programs of the platform: beside our own; a test's program stands one deeper, in `deps`.
pub fn programs() -> Result<PathBuf> {
    let program = env::current_exe().context("find our own program")?;
    program
        .ancestors()
        .skip(1)
        .find(|folder| !folder.ends_with("deps"))
        .map(Path::to_owned)
        .context("find the folder of our own program")
}

/// The database cluster that all tests of this user share.
pub fn test_cluster() -> PathBuf {
    PathBuf::from(format!(
        "/var/tmp/contractoros-test-{}",
        unix_account::uid()
    ))
}

/// Makes a folder that others may walk through.
///
/// A folder that somebody else made is refused: whoever owns it could swap the programs and
/// secrets in it.
pub fn make(folder: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(folder)
        .with_context(|| format!("make the folder {}", folder.display()))?;
    let owner = fs::metadata(folder)
        .with_context(|| format!("look at {}", folder.display()))?
        .uid();
    if owner != unix_account::uid() {
        bail!(
            "{} belongs to user number {owner}, not to you; remove it or choose another place",
            folder.display()
        );
    }
    Ok(())
}

/// Removes a folder with all that is in it; an absent one is fine.
pub fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

fn home() -> Result<PathBuf> {
    env::home_dir().context("find your home folder: HOME is not set")
}
