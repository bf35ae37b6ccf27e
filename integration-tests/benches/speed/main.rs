//! What the portal costs beside what it stands on: a line a promise, `bench NAME RATIO GOAL ok`, or `short`.
//!
//! Both sides of a comparison are measured in turn, in one run, on one platform whose database waits for the disk. A line
//! can be asked for alone, by the beginning of its name. `docs/performance.md` says more.

mod cpu;
mod delivery;
mod echo;
mod gallery;
mod hops;
mod line;
mod page;
mod pgbench;
mod read;
mod rest;
mod sign_ins;
mod tenants;
mod upload;
mod weight;

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
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [echo::WORD, ..] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        echo::serve(&arguments[1..]).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let wanted = Wanted::read(arguments);
    let folder = tempfile::tempdir_in("/var/tmp").context("make a folder for the platform")?;
    let options = Options {
        durability: Durability::Durable,
        ..Options::for_test(&folder.path().join("platform"))?
    };
    let platform = Platform::start(options).await?;
    let met = measure(&platform, &wanted).await;
    platform.stop().await?;
    let met = met?;
    if wanted.has("hops") {
        let traced = folder.path().join("traced");
        print!("{}", Box::pin(hops::tell(&traced)).await?);
    }
    Ok(if met {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The beginnings of the names of lines that were asked for; none asks for all.
struct Wanted(Vec<String>);

impl Wanted {
    fn read(mut arguments: Vec<String>) -> Self {
        // cargo says it to every benchmark
        arguments.retain(|argument| argument != "--bench");
        Self(arguments)
    }

    fn has(&self, group: &str) -> bool {
        let is_of_group =
            |name: &String| name.starts_with(group) || group.starts_with(name.as_str());
        self.0.is_empty() || self.0.iter().any(is_of_group)
    }
}

/// Prints each line as soon as it is measured; true where all are met.
async fn measure(platform: &Platform, wanted: &Wanted) -> Result<bool> {
    let alder = Organization::gather(platform, "alder").await?;
    let mut lines = Lines { are_met: true };
    rest::wait().await?;
    // what fills the database comes after what wants it small
    if wanted.has("page") {
        lines.tell(page::measure(platform, &alder).await?)?;
    }
    if wanted.has("rpc") {
        lines.tell([read::measure(platform, &alder).await?])?;
    }
    if wanted.has("sign_ins") {
        lines.tell(sign_ins::measure(platform, &alder).await?)?;
    }
    if wanted.has("upload") {
        lines.tell([upload::measure(platform, &alder).await?])?;
    }
    if wanted.has("gallery") || wanted.has("weight") {
        gallery::fill(platform, &alder).await?;
    }
    if wanted.has("gallery") {
        lines.tell(gallery::measure(platform, &alder).await?)?;
    }
    if wanted.has("weight") {
        lines.tell(weight::measure(platform, &alder).await?)?;
    }
    if wanted.has("delivery") {
        lines.tell([delivery::measure(platform, &alder).await?])?;
    }
    if wanted.has("tenants") {
        lines.tell([tenants::measure(platform).await?])?;
    }
    Ok(lines.are_met)
}

struct Lines {
    are_met: bool,
}

impl Lines {
    fn tell(&mut self, lines: impl IntoIterator<Item = Line>) -> Result<()> {
        for line in lines {
            println!("{line}");
            testing::proved(line.name, &line.result())?;
            self.are_met &= line.is_met();
        }
        Ok(())
    }
}
