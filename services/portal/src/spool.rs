//! Files of a form that wait on disk until the storage has taken them.
//!
//! They have no name: when the request ends, or the process, they are gone.

use std::{
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::Context as _;
use axum::body::Bytes;
use tokio::{
    fs::File,
    io::{AsyncSeekExt as _, AsyncWriteExt as _},
};

use crate::{config::Upload, error::Error};

/// The folder with its room.
pub(crate) struct Spool {
    folder: PathBuf,
    limit: u64,
    taken: Arc<AtomicU64>,
}

/// A file that grows while it is read from a form.
pub(crate) struct Spooled {
    file: File,
    size: u64,
    limit: u64,
    taken: Arc<AtomicU64>,
}

impl Spool {
    /// Takes its folder and limit from the configuration.
    pub(crate) fn new(upload: &Upload) -> Self {
        let folder = if upload.spool_folder.as_os_str().is_empty() {
            std::env::temp_dir()
        } else {
            upload.spool_folder.clone()
        };
        Self {
            folder,
            limit: upload.spool_limit_bytes,
            taken: Arc::default(),
        }
    }

    /// Begins a file.
    pub(crate) async fn begin(&self) -> Result<Spooled, Error> {
        let folder = self.folder.clone();
        let file = tokio::task::spawn_blocking(move || tempfile::tempfile_in(folder))
            .await
            .context("make a file for an upload")?
            .context("make a file for an upload")?;
        Ok(Spooled {
            file: File::from_std(file),
            size: 0,
            limit: self.limit,
            taken: self.taken.clone(),
        })
    }
}

impl Spooled {
    /// How many bytes it holds.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Adds bytes; false, and nothing added, where all files together would take more room than there is.
    pub(crate) async fn write(&mut self, bytes: &Bytes) -> Result<bool, Error> {
        let more = bytes.len() as u64;
        let before = self.taken.fetch_add(more, Ordering::Relaxed);
        self.size += more;
        if before + more > self.limit {
            self.give_back(more);
            return Ok(false);
        }
        self.file
            .write_all(bytes)
            .await
            .context("keep an upload on disk")?;
        Ok(true)
    }

    /// The file from its first byte on.
    pub(crate) async fn rewind(&mut self) -> Result<File, Error> {
        let again = async {
            self.file.flush().await?;
            self.file.rewind().await?;
            self.file.try_clone().await
        };
        let file: io::Result<File> = again.await;
        Ok(file.context("read an upload from disk")?)
    }

    fn give_back(&mut self, bytes: u64) {
        self.taken.fetch_sub(bytes, Ordering::Relaxed);
        self.size -= bytes;
    }
}

impl Drop for Spooled {
    fn drop(&mut self) {
        self.give_back(self.size);
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    fn spool(spool_limit_bytes: u64) -> Spool {
        Spool::new(&Upload {
            spool_folder: PathBuf::new(),
            spool_limit_bytes,
        })
    }

    #[tokio::test]
    async fn what_is_written_is_read_again() {
        let spool = spool(10);
        let mut file = spool.begin().await.expect("a file");
        for part in ["photo", "graph"] {
            assert!(file.write(&part.into()).await.expect("written"));
        }
        assert_eq!(file.size(), 10);
        let mut text = String::new();
        let mut whole = file.rewind().await.expect("rewound");
        whole.read_to_string(&mut text).await.expect("read");
        assert_eq!(text, "photograph");
    }

    #[tokio::test]
    async fn room_is_shared_and_given_back() {
        let spool = spool(10);
        let mut one = spool.begin().await.expect("a file");
        let mut other = spool.begin().await.expect("a file");
        assert!(one.write(&"12345678".into()).await.expect("written"));
        assert!(!other.write(&"123".into()).await.expect("refused"));
        assert!(other.write(&"12".into()).await.expect("written"));
        drop(one);
        assert!(other.write(&"12345678".into()).await.expect("written"));
        drop(other);
        assert_eq!(spool.taken.load(Ordering::Relaxed), 0);
    }
}
