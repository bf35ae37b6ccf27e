//! Opening what people upload, in a process a file.
//!
//! The program is `decoder`, which locks itself in before it reads. What it answers is taken as untrusted input: whoever
//! broke in there could write it.

use std::{
    ffi::OsStr,
    io,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::LazyLock,
    time::Duration,
};

use anyhow::Context as _;
use jiff::civil::DateTime;
use opentelemetry::{KeyValue, global, metrics::Counter};
use serde::Deserialize;
use service::{Error, Result};
use tokio::{
    fs::File,
    io::{AsyncRead, AsyncReadExt as _},
    process::{Child, Command},
    sync::Semaphore,
    time,
};

use crate::config;

/// Each may take 512 MiB and a processor.
const CHILDREN: usize = 2;
const WALL_CLOCK: Duration = Duration::from_secs(30);
const MAX_ANSWER: u64 = 4 << 20;
const MAX_COMPLAINT: u64 = 4 << 10;
/// The decoder's own words for "no fault of the file", and the dynamic loader's.
const CANNOT_RUN: [i32; 2] = [126, 127];
const PANICKED: i32 = 101;

/// Files that took the decoder down or were stopped, by reason.
static KILLED: LazyLock<Counter<u64>> = LazyLock::new(|| {
    global::meter("contractoros")
        .u64_counter("decoder.killed")
        .with_description("Files that were too hard to decode")
        .build()
});

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

/// What the decoder has to answer with for one kind of file.
struct Expected {
    /// The sizes, and the box that each fits into.
    variants: &'static [(u16, (u32, u32))],
    magic: &'static [u8],
}

const PHOTO: Expected = Expected {
    variants: &[(320, (320, 320)), (640, (640, 640)), (1600, (1600, 1600))],
    magic: b"\xff\xd8\xff",
};
const INSPECTED: Expected = Expected {
    variants: &[],
    magic: b"",
};
const LOGO: Expected = Expected {
    variants: &[(640, (640, 192))],
    magic: b"\x89PNG\r\n\x1a\n",
};

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
            permits: Semaphore::new(CHILDREN),
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
        match self.run(&arguments, Stdio::null()).await? {
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
        match self.run(arguments, input).await? {
            Ended::Well(answer) => Ok(read(&answer, expected).unwrap_or_else(|error| {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "the decoder answered nonsense"
                );
                Decoded::Refused(Refusal::Unreadable)
            })),
            Ended::TooLong => Ok(Decoded::Refused(Refusal::Unreadable)),
            Ended::Killed => Ok(Decoded::Refused(Refusal::TooHard)),
            Ended::Failed { code, complaint } => Err(Error::internal(format!(
                "the decoder failed with {code}: {complaint}"
            ))),
        }
    }

    async fn run(&self, arguments: &[impl AsRef<OsStr>], input: Stdio) -> Result<Ended> {
        let mut child = Command::new(&self.program)
            .args(arguments)
            .env_clear()
            .current_dir("/")
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // what a terminal sends to us is not meant for it
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {}", self.program.display()))?;
        let Ok(heard) = time::timeout(WALL_CLOCK, hear(&mut child)).await else {
            child.kill().await.context("stop the decoder")?;
            return Ok(killed("time"));
        };
        let (answer, complaint, status) = heard.context("hear the decoder")?;
        if !complaint.is_empty() {
            tracing::debug!(complaint, "the decoder complained");
        }
        if answer.len() as u64 > MAX_ANSWER {
            return Ok(Ended::TooLong);
        }
        ended(status, answer, complaint)
    }
}

/// How a child came to its end.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    Well(Vec<u8>),
    /// With an exit code that is no fault of the decoder's own.
    Failed {
        code: i32,
        complaint: String,
    },
    /// It wrote more than any file is worth.
    TooLong,
    Killed,
}

/// Reads both streams to their ends or limits, and waits.
async fn hear(child: &mut Child) -> io::Result<(Vec<u8>, String, ExitStatus)> {
    let output = child.stdout.take().expect("standard output is piped");
    let errors = child.stderr.take().expect("standard error is piped");
    let (answer, complaint) = tokio::join!(beginning(output), complaint(errors));
    let complaint = String::from_utf8_lossy(&complaint?).trim().to_owned();
    Ok((answer?, complaint, child.wait().await?))
}

/// Reads one byte more than an answer may have, and closes the stream, so that who writes on fails.
async fn beginning(output: impl AsyncRead + Unpin) -> io::Result<Vec<u8>> {
    let mut answer = Vec::new();
    output.take(MAX_ANSWER + 1).read_to_end(&mut answer).await?;
    Ok(answer)
}

/// Reads everything, lest the writer block, and keeps the first part.
async fn complaint(mut errors: impl AsyncRead + Unpin) -> io::Result<Vec<u8>> {
    let mut complaint = Vec::new();
    (&mut errors)
        .take(MAX_COMPLAINT)
        .read_to_end(&mut complaint)
        .await?;
    tokio::io::copy(&mut errors, &mut tokio::io::sink()).await?;
    Ok(complaint)
}

fn ended(status: ExitStatus, answer: Vec<u8>, complaint: String) -> Result<Ended> {
    let Some(code) = status.code() else {
        return match status.signal() {
            // somebody stops the platform, and the file is innocent
            Some(libc::SIGTERM | libc::SIGINT | libc::SIGHUP) => Err(Error::Unavailable(
                anyhow::anyhow!("the decoder was stopped"),
            )),
            Some(libc::SIGXCPU) => Ok(killed("cpu")),
            Some(libc::SIGXFSZ) => Ok(killed("file_size")),
            Some(libc::SIGSYS) => Ok(killed("filter")),
            Some(libc::SIGABRT) => Ok(killed("memory")),
            Some(libc::SIGSEGV | libc::SIGBUS) => Ok(killed("crash")),
            _ => Ok(killed("signal")),
        };
    };
    match code {
        0 => Ok(Ended::Well(answer)),
        PANICKED => Ok(killed("panic")),
        code if CANNOT_RUN.contains(&code) => Err(Error::internal(format!(
            "the decoder cannot run: {complaint}"
        ))),
        code => Ok(Ended::Failed { code, complaint }),
    }
}

fn killed(reason: &'static str) -> Ended {
    KILLED.add(1, &[KeyValue::new("reason", reason)]);
    tracing::warn!(reason, "a file was too hard to decode");
    Ended::Killed
}

/// The first line of an answer.
#[derive(Deserialize)]
#[serde(untagged)]
enum Header {
    Refused {
        refused: Refusal,
    },
    Opened {
        width: u32,
        height: u32,
        taken: Option<DateTime>,
        variants: Vec<VariantHeader>,
    },
}

#[derive(Deserialize)]
struct VariantHeader {
    size: u16,
    width: u32,
    height: u32,
    bytes: usize,
}

/// Reads an answer that is exactly what was asked for.
fn read(answer: &[u8], expected: &Expected) -> anyhow::Result<Decoded> {
    let line_end = answer
        .iter()
        .position(|byte| *byte == b'\n')
        .context("find the header")?;
    let (line, mut rest) = (&answer[..line_end], &answer[line_end + 1..]);
    let (width, height, taken, headers) =
        match serde_json::from_slice(line).context("read the header")? {
            Header::Refused { refused } => {
                anyhow::ensure!(rest.is_empty(), "something follows a refusal");
                return Ok(Decoded::Refused(refused));
            }
            Header::Opened {
                width,
                height,
                taken,
                variants,
            } => (width, height, taken, variants),
        };
    anyhow::ensure!(
        headers.len() == expected.variants.len(),
        "{} sizes came",
        headers.len()
    );
    let mut variants = Vec::with_capacity(headers.len());
    for (header, (size, (box_width, box_height))) in headers.iter().zip(expected.variants) {
        anyhow::ensure!(header.size == *size, "size {} came", header.size);
        anyhow::ensure!(
            (1..=*box_width).contains(&header.width) && (1..=*box_height).contains(&header.height),
            "size {size} measures {} by {}",
            header.width,
            header.height
        );
        let (bytes, following) = rest
            .split_at_checked(header.bytes)
            .with_context(|| format!("find size {size}"))?;
        anyhow::ensure!(
            bytes.starts_with(expected.magic),
            "size {size} is of another type"
        );
        rest = following;
        variants.push(Variant {
            size: *size,
            width: header.width,
            height: header.height,
            bytes: bytes.to_vec(),
        });
    }
    anyhow::ensure!(rest.is_empty(), "something follows the last size");
    anyhow::ensure!(
        variants
            .last()
            .is_none_or(|largest| (largest.width, largest.height) == (width, height)),
        "{width} by {height} are not the sides of the largest size"
    );
    Ok(Decoded::Image {
        width,
        height,
        taken,
        variants,
    })
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

    fn answer(header: &str, pictures: &[&[u8]]) -> Vec<u8> {
        let mut answer = format!("{header}\n").into_bytes();
        answer.extend(pictures.concat());
        answer
    }

    const JPEG: &[u8] = b"\xff\xd8\xff\xd9";
    const GOOD: &str = r#"{"width":1200,"height":1600,"taken":"2026-11-17T14:05:00","variants":[
        {"size":320,"width":240,"height":320,"bytes":4},{"size":640,"width":480,"height":640,"bytes":4},
        {"size":1600,"width":1200,"height":1600,"bytes":4}]}"#;

    fn good() -> String {
        GOOD.replace('\n', "")
    }

    #[test]
    fn an_answer_gives_the_sizes_in_order() {
        let Decoded::Image {
            width,
            height,
            taken,
            variants,
        } = read(&answer(&good(), &[JPEG; 3]), &PHOTO).expect("a good answer")
        else {
            panic!("refused");
        };
        assert_eq!((width, height), (1200, 1600));
        assert_eq!(
            taken,
            Some(jiff::civil::datetime(2026, 11, 17, 14, 5, 0, 0))
        );
        let sizes: Vec<_> = variants.iter().map(|variant| variant.size).collect();
        assert_eq!(sizes, [320, 640, 1600]);
        assert!(variants.iter().all(|variant| variant.bytes == JPEG));
    }

    #[test]
    fn a_refusal_says_why() {
        for (text, refusal) in [
            ("type_mismatch", Refusal::TypeMismatch),
            ("too_many_pixels", Refusal::TooManyPixels),
            ("unreadable", Refusal::Unreadable),
        ] {
            let line = answer(&format!(r#"{{"refused":"{text}"}}"#), &[]);
            assert_eq!(
                read(&line, &PHOTO).expect("a refusal"),
                Decoded::Refused(refusal)
            );
        }
    }

    #[test]
    fn nonsense_is_not_believed() {
        let changed = |from: &str, to: &str| answer(&good().replace(from, to), &[JPEG; 3]);
        let html: &[u8] = b"<htm";
        for (why, answer) in [
            ("nothing", Vec::new()),
            ("no line", b"{}".to_vec()),
            ("no JSON", answer("hello", &[])),
            ("unknown refusal", answer(r#"{"refused":"too_hard"}"#, &[])),
            (
                "a picture after a refusal",
                answer(r#"{"refused":"unreadable"}"#, &[JPEG]),
            ),
            ("too few bytes", answer(&good(), &[JPEG; 2])),
            ("too many bytes", answer(&good(), &[JPEG; 4])),
            ("another type", answer(&good(), &[JPEG, html, JPEG])),
            ("an unknown size", changed(r#""size":640"#, r#""size":641"#)),
            (
                "larger than its box",
                changed(r#""width":240"#, r#""width":321"#),
            ),
            ("no width", changed(r#""width":240"#, r#""width":0"#)),
            (
                "a length that overflows",
                changed(
                    r#""bytes":4},{"size":640"#,
                    r#""bytes":18446744073709551615},{"size":640"#,
                ),
            ),
            (
                "other sides than the largest has",
                changed(
                    r#"{"width":1200,"height":1600,"taken""#,
                    r#"{"width":1600,"height":1200,"taken""#,
                ),
            ),
            ("a time that never was", changed("2026-11-17", "2026-13-17")),
        ] {
            assert!(read(&answer, &PHOTO).is_err(), "{why}");
        }
        assert!(read(&answer(&good(), &[JPEG; 3]), &LOGO).is_err());
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
