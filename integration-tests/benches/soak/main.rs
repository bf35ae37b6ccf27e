//! Two hundred photos from one browser whose connection drops twice.
//!
//! All of them arrive, in order. The portal and documents stay small meanwhile, and documents opens two at once at most.
//! `docs/performance.md` says more.

mod camera;
mod connection;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use devstack::{
    platform::{Options, Platform},
    ports,
    services::Service,
};
use integration_tests::{Organization, PASSWORD, Process};
use sqlx::PgConnection;
use tokio::process::Command;
use uuid::Uuid;

use crate::connection::Connection;

const PHOTOS: usize = 200;
/// As many as the page sends.
const AT_ONCE: usize = 2;
/// After how many photos the connection drops.
const DROPS: [i64; 2] = [60, 130];
/// Longer than the page waits before it tries again.
const OUTAGE: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_millis(50);
const MOST_MEMORY: u64 = 200 << 20;
const MOST_CHILDREN: usize = 2;

#[tokio::main]
async fn main() -> Result<()> {
    let folder = tempfile::tempdir_in("/var/tmp").context("make a folder for the platform")?;
    let photos = folder.path().join("photos");
    camera::take(&photos, PHOTOS)?;
    let platform = Platform::start(Options::for_test(&folder.path().join("platform"))?).await?;
    let outcome = soak(&platform, &photos).await;
    platform.stop().await?;
    outcome
}

async fn soak(platform: &Platform, photos: &Path) -> Result<()> {
    let alder = Organization::gather(platform, "alder").await?;
    let project = alder.anas.project;
    let [portal, documents] = [Service::Portal, Service::Documents].map(Process::of);
    let (portal, documents) = (portal?, documents?);
    let connection = Connection {
        port: ports::free()?,
        portal: platform.portal_port(),
    };
    let mut database = platform.postgres().admin("documents").await?;
    let mut most_children = 0;
    tokio::select! {
        sent = send(platform, connection.port, project, photos) => sent?,
        ended = carry(&connection, &mut database, project) => bail!("the connection ended: {ended:?}"),
        never = count_children(&documents, &mut most_children) => match never {},
    }

    check_order(&mut database, project).await?;
    println!(
        "soak photos {PHOTOS} in order ok, {} drops of the connection",
        DROPS.len()
    );
    for process in [&portal, &documents] {
        let peak = process.peak_memory()?;
        println!(
            "soak {}.memory {} MiB <={} MiB",
            process.name,
            peak >> 20,
            MOST_MEMORY >> 20
        );
        ensure!(peak < MOST_MEMORY, "{} took too much memory", process.name);
    }
    println!("soak documents.children {most_children} <={MOST_CHILDREN}");
    ensure!(
        most_children <= MOST_CHILDREN,
        "too many photos are opened at once"
    );
    ensure!(most_children > 0, "nobody saw a photo being opened");
    let result = format!("{PHOTOS} photos of 12 megapixels, {} drops", DROPS.len());
    testing::proved("photos.interrupted", &result)
}

/// Lets a browser send the photos, and waits until its page says that all are ready.
async fn send(platform: &Platform, port: u16, project: Uuid, photos: &Path) -> Result<()> {
    let browser = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    ensure!(
        browser.join("node_modules").is_dir(),
        "the browser's packages are not installed; run: make install-tests"
    );
    let control = SocketAddr::from((Ipv4Addr::LOCALHOST, platform.ports(Service::Portal).control));
    let status = Command::new("node")
        .arg("soak.mjs")
        .current_dir(browser)
        .env("PORTAL_PORT", port.to_string())
        .env("MAILS", platform.smtp().page())
        .env("CONTROLS", control.to_string())
        .env("PASSWORD", PASSWORD)
        .env("PROJECT", project.to_string())
        .env("PHOTOS", photos)
        .kill_on_drop(true)
        .status()
        .await
        .context("start node")?;
    ensure!(status.success(), "the browser failed");
    Ok(())
}

/// Keeps the browser connected, but for the drops.
async fn carry(connection: &Connection, database: &mut PgConnection, project: Uuid) -> Result<()> {
    for photos in DROPS {
        tokio::select! {
            ended = connection.carry() => return ended,
            came = has_come(database, project, photos) => came?,
        }
        println!("soak the connection drops for {} s", OUTAGE.as_secs());
        tokio::time::sleep(OUTAGE).await;
    }
    connection.carry().await
}

/// Waits until so many photos of the browser have come.
async fn has_come(database: &mut PgConnection, project: Uuid, photos: i64) -> Result<()> {
    loop {
        let come: i64 = sqlx::query_scalar(
            "select count(*) from photo join file using (tenant_id, id)
             where project_id = $1 and name like 'photo-%' and state <> 'quarantined'",
        )
        .bind(project)
        .fetch_one(&mut *database)
        .await
        .context("count photos")?;
        if come >= photos {
            return Ok(());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Asserts that every photo is there once, in the order in which they were taken, and that each came in its turn, as far as
/// two that are on their way at once have one.
async fn check_order(database: &mut PgConnection, project: Uuid) -> Result<()> {
    let mut names = async |order: &'static str| -> Result<Vec<String>> {
        let names = sqlx::query_scalar(order)
            .bind(project)
            .fetch_all(&mut *database)
            .await;
        names.context("list photos")
    };
    let taken = names(
        "select name from photo join file using (tenant_id, id)
         where project_id = $1 and name like 'photo-%' and taken_at is not null order by taken_at, id",
    )
    .await?;
    let expected: Vec<String> = (0..PHOTOS).map(camera::name).collect();
    ensure!(taken == expected, "the gallery's order is {taken:?}");
    let came = names(
        "select name from photo join file using (tenant_id, id)
         where project_id = $1 and name like 'photo-%' order by id",
    )
    .await?;
    let is_in_turn = |(index, name): (usize, &String)| {
        let turn = expected.iter().position(|one| one == name);
        turn.is_some_and(|turn| turn.abs_diff(index) <= AT_ONCE)
    };
    ensure!(
        came.iter().enumerate().all(is_in_turn),
        "they came as {came:?}"
    );
    Ok(())
}

async fn count_children(documents: &Process, most: &mut usize) -> std::convert::Infallible {
    loop {
        *most = documents.children("decoder").max(*most);
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
