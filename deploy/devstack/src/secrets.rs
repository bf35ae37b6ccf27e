//! Random secrets that are made once and kept in files that only we can read.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use aws_lc_rs::rand;

/// The secret kept in `file`, which is made with `bytes` random bytes, as hex, when absent.
///
/// Of several who make it at once, one wins and all get the same.
pub fn kept(file: &Path, bytes: usize) -> Result<String> {
    if !file.exists() {
        write_once(file, random_hex(bytes).as_bytes())?;
    }
    let secret = fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
    Ok(secret.trim().to_owned())
}

/// Writes a file that is either absent or whole, and private from the start; one that exists
/// stays as it is.
pub fn write_once(file: &Path, content: &[u8]) -> Result<()> {
    let half_made = file.with_added_extension(random_hex(4));
    let write_whole = || {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&half_made)?
            .write_all(content)?;
        let named = fs::hard_link(&half_made, file);
        fs::remove_file(&half_made)?;
        match named {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    };
    write_whole().with_context(|| format!("write {}", file.display()))
}

pub fn random_hex(bytes: usize) -> String {
    let mut secret = vec![0; bytes];
    rand::fill(&mut secret).expect("the operating system gives random bytes");
    hex::encode(secret)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_is_made_once_and_is_private() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("some.key");
        let first = kept(&file, 32)?;
        assert_eq!(first.len(), 64);
        assert_eq!(kept(&file, 32)?, first);
        assert_eq!(fs::metadata(&file)?.permissions().mode() & 0o777, 0o600);
        Ok(())
    }
}
