//! What the portal costs beside what it stands on: a line a promise, `bench NAME RATIO GOAL ok`, or `short`.
//!
//! Both sides of a comparison are measured in turn, in one run, on one platform whose database waits for the disk. A line
//! can be asked for alone, by the beginning of its name. `docs/performance.md` says more.

mod gallery;
mod line;
mod upload;

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use devstack::{
    platform::{Options, Platform},
    postgres::Durability,
};
use integration_tests::Organization;

use crate::line::Line;

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let folder = tempfile::tempdir_in("/var/tmp").context("make a folder for the platform")?;
    let options = Options {
        durability: Durability::Durable,
        ..Options::for_test(folder.path())?
    };
    let platform = Platform::start(options).await?;
    let lines = measure(&platform).await;
    platform.stop().await?;
    Ok(if lines?.iter().all(Line::is_met) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn measure(platform: &Platform) -> Result<Vec<Line>> {
    // cargo says "--bench" to every benchmark
    let names: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let is_wanted = |name: &str| names.is_empty() || names.iter().any(|one| name.starts_with(one));
    let alder = Organization::gather(platform, "alder").await?;
    let mut lines = Vec::new();
    if is_wanted("upload") {
        lines.push(upload::measure(platform, &alder).await?);
    }
    if is_wanted("gallery") {
        lines.extend(gallery::measure(platform, &alder).await?);
    }
    for line in &lines {
        println!("{line}");
    }
    Ok(lines)
}
