//! What is no fault of a file makes it wait, however often; what may be one makes it wait three times.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, time::Duration};

use anyhow::{Result, ensure};
use proto::documents::{RefusalReason, UploadState};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep, timeout},
};

use crate::stage::{PATIENCE, Stage, decoder, jpeg};

const PAUSE: Duration = Duration::from_millis(20);

impl Stage {
    /// The owner uploads the only photo; gives its bytes.
    async fn send_one(&self) -> Result<Vec<u8>> {
        let bytes = jpeg(64, 48);
        let described = self.described("a.jpg", &bytes);
        self.send(&self.tenant.owner, described, &bytes).await?;
        Ok(bytes)
    }

    /// Waits until the only upload lies there as if nobody had tried it.
    async fn given_back(&self) -> Result<()> {
        let mut connection = self.db.superuser().await?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (attempts, state): (i32, String) =
                sqlx::query_as("select attempts, state from file")
                    .fetch_one(&mut connection)
                    .await?;
            ensure!(state == "processing", "it is {state}");
            if attempts == 0 {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "{attempts} tries stay counted");
            sleep(PAUSE).await;
        }
    }

    /// Has uploads that wait tried again at once.
    async fn hurry(&self) -> Result<()> {
        let mut connection = self.db.superuser().await?;
        sqlx::query("update file set due_at = now() where state = 'processing'")
            .execute(&mut connection)
            .await?;
        Ok(())
    }
}

/// A decoder that runs a few lines of shell in place of decoding.
struct Impostor {
    script: PathBuf,
    runs: PathBuf,
    _folder: tempfile::TempDir,
}

impl Impostor {
    fn new(script: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let impostor = Self {
            script: folder.path().join("decoder"),
            runs: folder.path().join("runs"),
            _folder: folder,
        };
        impostor.play(script)?;
        Ok(impostor)
    }

    /// What it does from now on.
    fn play(&self, script: &str) -> Result<()> {
        let runs = self.runs.display();
        // in one step: a program that is written to cannot be started
        let next = self.script.with_extension("next");
        fs::write(&next, format!("#!/bin/sh\necho >> {runs}\n{script}\n"))?;
        fs::set_permissions(&next, fs::Permissions::from_mode(0o755))?;
        fs::rename(&next, &self.script)?;
        Ok(())
    }

    fn setting(&self) -> (&'static str, String) {
        ("APP__DECODER__PROGRAM", self.script.display().to_string())
    }

    fn runs(&self) -> usize {
        fs::read(&self.runs).map_or(0, |runs| runs.len())
    }

    async fn has_run(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.runs() == 0 {
            ensure!(Instant::now() < deadline, "the decoder is not started");
            sleep(PAUSE).await;
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decoder_that_cannot_run_makes_uploads_wait() -> Result<()> {
    let impostor = Impostor::new("exit 126")?;
    let stage = Stage::with(&[impostor.setting()]).await?;
    let owner = &stage.tenant.owner;
    stage.send_one().await?;
    impostor.has_run().await?;
    stage.given_back().await?;

    impostor.play(&format!("exec {} \"$@\"", decoder()?.display()))?;
    stage.hurry().await?;
    assert!(stage.settled(owner).await?.is_empty(), "it is a photo");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_kills_the_decoder_is_refused() -> Result<()> {
    // a limit says at once whose fault it is; an end that says nothing may be an accident, three are none
    for (script, runs) in [("kill -XCPU $$", 1), ("exit 1", 3)] {
        let impostor = Impostor::new(script)?;
        let stage = Stage::with(&[impostor.setting()]).await?;
        let owner = &stage.tenant.owner;
        stage.send_one().await?;
        let deadline = Instant::now() + PATIENCE;
        let refused = loop {
            let uploads = stage.uploads(owner).await?;
            if uploads[0].state() == UploadState::Refused {
                break uploads[0].refusal();
            }
            ensure!(Instant::now() < deadline, "{script}: {uploads:?}");
            stage.hurry().await?;
            sleep(PAUSE).await;
        };
        assert_eq!(refused, RefusalReason::TooHard, "{script}");
        assert_eq!(impostor.runs(), runs, "{script}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scanner_decides_and_without_its_answer_nothing_passes() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let stage = Stage::with(&[("APP__CLAMD__ADDRESS", address)]).await?;
    let owner = &stage.tenant.owner;
    // nobody accepts: the upload stays where it is
    let bytes = stage.send_one().await?;
    let (mut connection, _) = timeout(PATIENCE, listener.accept()).await??;
    assert_eq!(
        stage.uploads(owner).await?[0].state(),
        UploadState::Processing
    );
    let scanned = scanned(&mut connection).await?;
    assert!(scanned.windows(bytes.len()).any(|window| window == bytes));
    connection
        .write_all(b"stream: Eicar-Test-Signature FOUND\0")
        .await?;
    drop(connection);
    let uploads = stage.settled(owner).await?;
    assert_eq!(uploads[0].refusal(), RefusalReason::Virus);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanner_that_hangs_makes_uploads_wait() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let stage = Stage::with(&[
        ("APP__CLAMD__ADDRESS", listener.local_addr()?.to_string()),
        ("APP__CLAMD__TIMEOUT_MS", "2000".to_owned()),
    ])
    .await?;
    let owner = &stage.tenant.owner;
    stage.send_one().await?;
    let (hanging, _) = timeout(PATIENCE, listener.accept()).await??;
    stage.given_back().await?;

    stage.hurry().await?;
    let (mut connection, _) = timeout(PATIENCE, listener.accept()).await??;
    scanned(&mut connection).await?;
    connection.write_all(b"stream: OK\0").await?;
    drop(connection);
    assert!(stage.settled(owner).await?.is_empty(), "it is a photo");
    drop(hanging);
    Ok(())
}

/// Everything that the scanner is given.
async fn scanned(connection: &mut TcpStream) -> Result<Vec<u8>> {
    let mut scanned = Vec::new();
    let mut part = [0; 4096];
    while !scanned.ends_with(&[0, 0, 0, 0]) {
        let read = connection.read(&mut part).await?;
        ensure!(read > 0, "it is given too little");
        scanned.extend_from_slice(&part[..read]);
    }
    Ok(scanned)
}
