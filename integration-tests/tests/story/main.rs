//! The story of two contractors and their clients, told by a real browser on the real platform.

mod pictures;

use std::{collections::VecDeque, fs, path::Path, process::Stdio};

use anyhow::{Context as _, Result, ensure};
use devstack::{
    platform::{Options, Platform},
    services::Service,
};
use integration_tests::wait_until_quiet;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
};

/// As much of a script's output as a failure tells.
const LAST_LINES: usize = 60;
/// How a line begins in which a script says how much it went through.
const COUNTED: &str = "counted ";

#[tokio::test(flavor = "multi_thread")]
async fn the_story_holds_on_phones_and_computers_with_and_without_scripts() -> Result<()> {
    let lines = Box::pin(tell("story.mjs")).await?;
    for promise in ["story.without_scripts", "uploads.hostile", "links.scanned"] {
        testing::proved(promise, counted(&lines, promise)?)?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_can_be_used_by_everybody_in_every_brand() -> Result<()> {
    let lines = Box::pin(tell("pages.mjs")).await?;
    for promise in ["pages.accessible", "pages.lighthouse"] {
        testing::proved(promise, counted(&lines, promise)?)?;
    }
    Ok(())
}

#[test]
fn what_a_script_did_not_count_is_not_proved() {
    let lines = ["counted pages.accessible: 2 pages in 3 brands".to_owned()];
    let words = counted(&lines, "pages.accessible").expect("it is counted");
    assert_eq!(words, "2 pages in 3 brands");
    assert!(counted(&lines, "pages").is_err());
    assert!(counted(&lines, "pages.lighthouse").is_err());
    assert!(counted(&[], "pages.accessible").is_err());
}

/// What a script counted, from its line such as "counted pages.lighthouse: 5 pages".
fn counted<'a>(lines: &'a [String], promise: &str) -> Result<&'a str> {
    let begin = format!("{COUNTED}{promise}: ");
    lines
        .iter()
        .find_map(|line| line.strip_prefix(&begin))
        .with_context(|| format!("the script counted nothing for {promise}"))
}

/// Runs a script of the browser's folder on a platform of its own, and gives the lines in which it counted.
async fn tell(script: &str) -> Result<Vec<String>> {
    let folder = tempfile::tempdir_in("/var/tmp").context("make a folder for the test")?;
    let pictures = folder.path().join("pictures");
    pictures::write(&pictures)?;
    let data = folder.path().join("platform");
    let platform = Platform::start(Options::for_test(&data)?).await?;
    let outcome = run(&platform, &pictures, script).await;
    if outcome.is_err() {
        complain(&platform).await;
    }
    platform.stop().await?;
    outcome
}

/// Prints what the services had to complain of, and what they do not come to the end of: it all goes with the platform.
async fn complain(platform: &Platform) {
    for service in Service::ALL {
        let log = fs::read_to_string(platform.log(service)).unwrap_or_default();
        for line in log
            .lines()
            .filter(|line| line.contains(" WARN ") || line.contains(" ERROR "))
        {
            println!("{}: {line}", service.name());
        }
    }
    if let Err(error) = wait_until_quiet(platform).await {
        println!("{error:#}");
    }
}

async fn run(platform: &Platform, pictures: &Path, script: &str) -> Result<Vec<String>> {
    let browser = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    ensure!(
        browser.join("node_modules").is_dir(),
        "the browser's packages are not installed; run: make install-tests"
    );
    let controls: Vec<String> = Service::ALL
        .iter()
        .map(|service| format!("127.0.0.1:{}", platform.ports(*service).control))
        .collect();
    let mut node = Command::new("node")
        .arg(script)
        .current_dir(browser)
        .env("PORTAL_PORT", platform.portal_port().to_string())
        .env("MAILS", platform.smtp().page())
        .env("CONTROLS", controls.join(","))
        .env("PICTURES", pictures)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("start node")?;
    let output = node.stdout.take().context("node has an output")?;

    let mut last = VecDeque::new();
    let mut counted = Vec::new();
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await.context("read what node says")? {
        println!("{line}");
        if line.starts_with(COUNTED) {
            counted.push(line.clone());
        }
        if last.len() == LAST_LINES {
            last.pop_front();
        }
        last.push_back(line);
    }
    let status = node.wait().await.context("wait for node")?;
    ensure!(
        status.success(),
        "{script} failed:\n{}",
        last.make_contiguous().join("\n")
    );
    Ok(counted)
}
