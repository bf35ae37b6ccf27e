//! Opening what people upload, in a process a file.
//!
//! The program is `decoder`, which locks itself in before it reads. What it answers is taken as untrusted input: whoever
//! broke in there could write it.

mod answer;
mod child;

use std::{
    ffi::OsStr,
    fmt,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::Context as _;
use jiff::civil::DateTime;
use serde::Deserialize;
use service::{Error, Result};
use tokio::{fs::File, sync::Semaphore};

use self::{
    answer::{Expected, INSPECTED, LOGO, PHOTO, read},
    child::Ended,
};
use crate::config;

/// Decoders that run at once; each may take 512 MiB and a processor.
pub(crate) const AT_ONCE: usize = 2;

/// Runs the decoder, at most two at a time.
#[derive(Debug)]
pub(crate) struct Decoder {
    program: PathBuf,
    heif_convert: PathBuf,
    permits: Semaphore,
}

/// What a file says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileType {
    Jpeg,
    Png,
    Heic,
    Svg,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decoded {
    Image {
        /// Of the largest variant.
        width: u32,
        height: u32,
        /// Local time where the camera was.
        taken: Option<DateTime>,
        /// Smallest first.
        variants: Vec<Variant>,
    },
    Refused(Refusal),
}

/// One size, encoded: JPEG of a photo, PNG of a logo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variant {
    /// What it is asked for by; the longer side is never above it.
    pub(crate) size: u16,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) bytes: Vec<u8>,
}

/// Why a file is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Refusal {
    /// Its first bytes are of another type.
    TypeMismatch,
    TooManyPixels,
    /// Cut off, damaged, or not understood.
    Unreadable,
    /// The decoder was stopped by one of its limits.
    #[serde(skip)]
    TooHard,
}

/// An exit code that the decoder never gives: a library under it ended it, perhaps because of the file.
#[derive(Debug)]
pub(crate) struct Strange {
    code: i32,
    complaint: String,
}

impl fmt::Display for Strange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, complaint } = self;
        write!(f, "the decoder failed with {code}: {complaint}")
    }
}

impl std::error::Error for Strange {}

impl Decoder {
    pub(crate) fn new(config: &config::Decoder) -> anyhow::Result<Self> {
        let program = if config.program.as_os_str().is_empty() {
            std::env::current_exe()
                .context("find our own program")?
                .with_file_name("decoder")
        } else {
            config.program.clone()
        };
        anyhow::ensure!(
            program.is_file(),
            "the decoder is missing: {}",
            program.display()
        );
        Ok(Self {
            program,
            heif_convert: config.heif_convert.clone(),
            permits: Semaphore::new(AT_ONCE),
        })
    }

    /// Makes the sizes of a photo.
    pub(crate) async fn photo(&self, original: &Path, file_type: FileType) -> Result<Decoded> {
        let _permit = self.permit().await?;
        match file_type {
            FileType::Jpeg => {
                let arguments = ["photo", "--type", "jpeg"];
                self.open(&arguments, original, &PHOTO).await
            }
            FileType::Png => {
                let arguments = ["photo", "--type", "png"];
                self.open(&arguments, original, &PHOTO).await
            }
            FileType::Heic => self.heic(original).await,
            FileType::Svg => Ok(Decoded::Refused(Refusal::TypeMismatch)),
        }
    }

    /// Makes the one size of a logo.
    pub(crate) async fn logo(&self, original: &Path, file_type: FileType) -> Result<Decoded> {
        let _permit = self.permit().await?;
        let name = match file_type {
            FileType::Png => "png",
            FileType::Svg => "svg",
            FileType::Jpeg | FileType::Heic => {
                return Ok(Decoded::Refused(Refusal::TypeMismatch));
            }
        };
        self.open(&["logo", "--type", name], original, &LOGO).await
    }

    /// By way of a JPEG, which libheif's own program writes and the decoder opens like any other.
    async fn heic(&self, original: &Path) -> Result<Decoded> {
        let taken = match self.open(&["inspect"], original, &INSPECTED).await? {
            Decoded::Image { taken, .. } => taken,
            refused @ Decoded::Refused(_) => return Ok(refused),
        };
        let folder = tempfile::tempdir().context("make a folder for a photo")?;
        let converted = folder.path().join("photo.jpg");
        let arguments = [
            OsStr::new("heic"),
            OsStr::new("--program"),
            self.heif_convert.as_os_str(),
            OsStr::new("--input"),
            original.as_os_str(),
            OsStr::new("--output"),
            converted.as_os_str(),
        ];
        match child::run(&self.program, &arguments, Stdio::null()).await? {
            Ended::Well(_) => {}
            Ended::Failed { .. } | Ended::TooLong => {
                return Ok(Decoded::Refused(Refusal::Unreadable));
            }
            Ended::Killed => return Ok(Decoded::Refused(Refusal::TooHard)),
        }
        // where a file holds several pictures, they are numbered
        let first_of_several = folder.path().join("photo-1.jpg");
        let converted = if first_of_several.exists() {
            first_of_several
        } else {
            converted
        };
        let arguments = ["photo", "--type", "jpeg", "--upright"];
        let decoded = self.open(&arguments, &converted, &PHOTO).await?;
        Ok(match decoded {
            Decoded::Image {
                width,
                height,
                variants,
                ..
            } => Decoded::Image {
                width,
                height,
                taken,
                variants,
            },
            refused @ Decoded::Refused(_) => refused,
        })
    }

    async fn permit(&self) -> Result<tokio::sync::SemaphorePermit<'_>> {
        let permit = self.permits.acquire().await;
        Ok(permit.context("wait for a turn at decoding")?)
    }

    /// Gives the file to the decoder and reads its answer.
    async fn open(
        &self,
        arguments: &[&str],
        original: &Path,
        expected: &Expected,
    ) -> Result<Decoded> {
        let file = File::open(original).await.context("open the original")?;
        let input = Stdio::from(file.into_std().await);
        match child::run(&self.program, arguments, input).await? {
            Ended::Well(answer) => Ok(read(&answer, expected).unwrap_or_else(|error| {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "the decoder answered nonsense"
                );
                Decoded::Refused(Refusal::Unreadable)
            })),
            Ended::TooLong => Ok(Decoded::Refused(Refusal::Unreadable)),
            Ended::Killed => Ok(Decoded::Refused(Refusal::TooHard)),
            Ended::Failed { code, complaint } => {
                Err(Error::Internal(Strange { code, complaint }.into()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    /// A decoder that runs a few lines of shell in place of decoding.
    struct Impostor {
        decoder: Decoder,
        folder: tempfile::TempDir,
    }

    impl Impostor {
        fn new(script: &str) -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let program = folder.path().join("decoder");
            fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("a script");
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("executable");
            fs::write(folder.path().join("original"), "a file").expect("an original");
            let decoder = Decoder::new(&config::Decoder {
                program,
                heif_convert: "heif-convert".into(),
            })
            .expect("the script is there");
            Self { decoder, folder }
        }

        async fn photo(&self) -> Result<Decoded> {
            let original = self.folder.path().join("original");
            self.decoder.photo(&original, FileType::Jpeg).await
        }
    }

    #[tokio::test]
    async fn what_the_limits_stop_is_too_hard() {
        for signal in ["XCPU", "XFSZ", "SYS", "ABRT", "SEGV", "KILL"] {
            let impostor = Impostor::new(&format!("kill -{signal} $$"));
            let decoded = impostor.photo().await.expect("an answer");
            assert_eq!(decoded, Decoded::Refused(Refusal::TooHard), "{signal}");
        }
        let panicked = Impostor::new("exit 101").photo().await;
        assert_eq!(
            panicked.expect("an answer"),
            Decoded::Refused(Refusal::TooHard)
        );
    }

    #[tokio::test]
    async fn what_the_file_cannot_help_is_our_fault() {
        for script in ["kill -TERM $$", "exit 126", "exit 1"] {
            assert!(Impostor::new(script).photo().await.is_err(), "{script}");
        }
        let impostor = Impostor::new("exit 0");
        fs::remove_file(&impostor.decoder.program).expect("it was there");
        assert!(impostor.photo().await.is_err());
    }

    #[tokio::test]
    async fn an_endless_answer_is_cut_off() {
        let endless =
            "exec 2>/dev/null; while echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; do :; done";
        let decoded = Impostor::new(endless).photo().await.expect("an answer");
        assert_eq!(decoded, Decoded::Refused(Refusal::Unreadable));
    }

    #[tokio::test]
    async fn a_flood_of_complaints_does_not_block() {
        let flood = r#"i=0; while [ $i -lt 4000 ]; do echo "a complaint of forty letters, or thereabouts" >&2; i=$((i + 1)); done
            echo '{"refused":"unreadable"}'"#;
        let decoded = Impostor::new(flood).photo().await.expect("an answer");
        assert_eq!(decoded, Decoded::Refused(Refusal::Unreadable));
    }

    #[tokio::test]
    async fn a_child_sees_no_environment_and_two_run_at_most() {
        // fails where a variable of ours is left, or where a third stands in the folder
        let impostor = Impostor::new(
            r#"folder=${0%/*}
            [ -z "$HOME$CARGO_MANIFEST_DIR" ] || exit 1
            : > "$folder/running.$$"
            set -- "$folder"/running.*
            [ $# -le 2 ] || exit 1
            i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done
            PATH=/bin:/usr/bin rm "$folder/running.$$"
            echo '{"refused":"unreadable"}'"#,
        );
        let photos = futures::future::join_all((0..8).map(|_| impostor.photo())).await;
        for photo in photos {
            assert_eq!(
                photo.expect("an answer"),
                Decoded::Refused(Refusal::Unreadable)
            );
        }
    }
}
