//! One run of the decoder: started, heard, and brought to an end.

use std::{
    ffi::OsStr,
    io,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{ExitStatus, Stdio},
    sync::LazyLock,
    time::Duration,
};

use anyhow::Context as _;
use opentelemetry::{KeyValue, global, metrics::Counter};
use service::{Error, Result};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::{Child, Command},
    time,
};

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

/// How a child came to its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ended {
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

/// Runs the decoder on an input, without our environment and for half a minute at most.
pub(super) async fn run(
    program: &Path,
    arguments: &[impl AsRef<OsStr>],
    input: Stdio,
) -> Result<Ended> {
    let mut child = Command::new(program)
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
        .with_context(|| format!("start {}", program.display()))?;
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
