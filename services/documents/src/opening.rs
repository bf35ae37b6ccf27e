//! From what was uploaded to what is shown: fetched, scanned, decoded in a child process, made smaller, kept.

use std::{path::Path, sync::Arc, time::Duration};

use jiff::civil::DateTime;
use service::{Error, Result};
use tempfile::TempDir;
use tenancy::TenantTx;

use crate::{
    bucket::{Bucket, Place, Variant},
    config::Clamd,
    decoding::{Decoded, Decoder, Refusal},
    file::{Refused, Subject, type_of_word},
    store::{self, file::File},
};

/// Opens uploads.
#[derive(Clone)]
pub(crate) struct Opening {
    pub(crate) bucket: Bucket,
    pub(crate) decoder: Arc<Decoder>,
    pub(crate) clamd: Clamd,
}

/// What was found in an upload.
#[derive(Debug)]
pub(crate) enum Opened {
    Sound(Sound),
    Refused(Refused),
}

/// An upload whose sizes are in the bucket.
#[derive(Debug)]
pub(crate) struct Sound {
    /// Pixels of the largest size.
    pub(crate) width: i32,
    pub(crate) height: i32,
    /// The time on the camera's clock.
    pub(crate) taken: Option<DateTime>,
    /// The original and every size.
    pub(crate) stored_bytes: i64,
}

impl Opening {
    /// Opens an upload and keeps what is made of it; errors are of the bucket, the scanner or ours,
    /// and none says anything about the file, but for [`Strange`](crate::decoding::Strange), which may.
    pub(crate) async fn open(&self, subject: Subject, place: Place, file: &File) -> Result<Opened> {
        let folder = TempDir::new().map_err(Error::internal)?;
        let original = folder.path().join("original");
        if !self.bucket.fetch(place, file.size_bytes, &original).await? {
            return Ok(Opened::Refused(Refused::Decoding(Refusal::Unreadable)));
        }
        if self.is_infected(&original).await? {
            return Ok(Opened::Refused(Refused::Virus));
        }
        let file_type = type_of_word(&file.r#type)?;
        let decoded = match subject {
            Subject::Photo => self.decoder.photo(&original, file_type).await?,
            Subject::Logo => self.decoder.logo(&original, file_type).await?,
        };
        let (width, height, taken, variants) = match decoded {
            Decoded::Refused(why) => return Ok(Opened::Refused(Refused::Decoding(why))),
            Decoded::Image {
                width,
                height,
                taken,
                variants,
            } => (width, height, taken, variants),
        };
        let mut stored_bytes = file.size_bytes;
        for variant in variants {
            let kept_as = match subject {
                Subject::Photo => Variant::Size(variant.size),
                Subject::Logo => Variant::Logo,
            };
            stored_bytes += i64::try_from(variant.bytes.len()).map_err(Error::internal)?;
            self.bucket.put(place, kept_as, variant.bytes).await?;
        }
        self.bucket.put_original(place, &original).await?;
        Ok(Opened::Sound(Sound {
            width: i32::try_from(width).map_err(Error::internal)?,
            height: i32::try_from(height).map_err(Error::internal)?,
            taken,
            stored_bytes,
        }))
    }

    /// Asks the scanner, where there is one; while it does not answer nothing passes.
    async fn is_infected(&self, original: &Path) -> Result<bool> {
        if self.clamd.address.is_empty() {
            return Ok(false);
        }
        let scanner = clamav_client::tokio::Tcp {
            host_address: self.clamd.address.as_str(),
        };
        let unavailable = |error: std::io::Error| {
            Error::Unavailable(anyhow::Error::new(error).context("ask the virus scanner"))
        };
        let path = original.to_string_lossy();
        let scan = clamav_client::tokio::scan_file(&*path, scanner, None);
        let limit = Duration::from_millis(self.clamd.timeout_ms);
        let answer = tokio::time::timeout(limit, scan)
            .await
            .unwrap_or_else(|elapsed| Err(elapsed.into()))
            .map_err(unavailable)?;
        let text = String::from_utf8_lossy(&answer);
        match text.trim_end_matches('\0').trim() {
            "stream: OK" => Ok(false),
            found if found.ends_with(" FOUND") => Ok(true),
            other => Err(Error::Unavailable(anyhow::anyhow!(
                "the virus scanner answered {other:?}"
            ))),
        }
    }

    /// Deletes what came, once it is settled; where that fails it goes with the file.
    pub(crate) async fn leave_quarantine(&self, place: Place) {
        if let Err(error) = self.bucket.delete([(place, Variant::Quarantine)]).await {
            tracing::warn!(%error, file = %place.file, "an upload stays in quarantine");
        }
    }
}

/// Writes down what was found, and what the file takes of the storage from now on.
pub(crate) async fn settle(tx: &mut TenantTx, file: &File, opened: &Opened) -> Result<()> {
    let stored_bytes = match opened {
        Opened::Sound(sound) => {
            store::file::make_ready(tx, file.id, sound).await?;
            sound.stored_bytes
        }
        Opened::Refused(why) => {
            store::file::refuse(tx, file.id, *why).await?;
            0
        }
    };
    store::usage::add(tx, 0, stored_bytes - file.stored_bytes).await?;
    Ok(())
}
