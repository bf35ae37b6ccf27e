//! Hostile requests: nothing that is sent breaks a service or the portal, or makes it tell of its insides.
//!
//! Each service and the portal is a surface, and gets 2,000 requests; `HOSTILE_REQUESTS` says how many instead. They come
//! from a seed, which is told, and are the same again with `HOSTILE_SEED`, but for ids and tokens, which are new each time.
//! The processes are those that are deployed: their logs and their memory are looked at from outside.

mod connections;
mod grpc;
mod leaks;
mod portal;
mod values;
mod watch;

use anyhow::{Context as _, Result};
use devstack::platform::{Options, Platform};
use integration_tests::{Cast, setting};

use self::watch::Watch;

const REQUESTS: u64 = 2_000;
/// One in so many RPCs and routes may be missed.
const MOST_UNREACHED: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn no_request_breaks_anything() -> Result<()> {
    let requests = setting("HOSTILE_REQUESTS")?.unwrap_or(REQUESTS);
    let seed = setting("HOSTILE_SEED")?.unwrap_or_else(rand::random);
    println!("{requests} requests a surface; again with HOSTILE_SEED={seed}");
    let folder = tempfile::tempdir_in("/var/tmp")?;
    let platform = Platform::start(Options::for_test(folder.path())?).await?;
    let outcome = Box::pin(attack(&platform, requests, seed)).await;
    platform.stop().await?;
    let failures = outcome?;
    assert!(
        failures.is_empty(),
        "{} expectations do not hold with HOSTILE_SEED={seed}:\n{}",
        failures.len(),
        failures.join("\n")
    );
    testing::proved(
        "requests.hostile",
        &format!("{requests} requests to each of five services and the portal"),
    )
}

/// Attacks in two halves, and compares the processes after each.
async fn attack(platform: &Platform, requests: u64, seed: u64) -> Result<Vec<String>> {
    let cast = Cast::gather(platform).await?;
    // each in an organization of its own: what one does there must not send the other's people away
    let mut services = grpc::Attack::prepare(platform, &cast.alder, seed)
        .await
        .context("learn what the services do")?;
    let mut portal = portal::Attack::prepare(platform, &cast.bluestone, seed)
        .await
        .context("learn what the portal has")?;
    let mut watch = Watch::begin(platform)?;
    let mut failures = Vec::new();
    for half in [0..requests / 2, requests / 2..requests] {
        failures.extend(services.run(half.clone()).await?);
        failures.extend(portal.run(half).await?);
        failures.extend(connections::attack(platform).await?);
        failures.extend(watch.look().await);
    }
    print!("{}{}{}", services.report(), portal.report(), watch.report());
    for (all, unreached) in [services.unreached(), portal.unreached()] {
        // fewer requests leave too much to chance, and so does one thing that was deleted early
        if requests >= REQUESTS && unreached.len() > all / MOST_UNREACHED {
            let names = unreached.join(", ");
            failures.push(format!(
                "an attack proves nothing where it does not come: {names}"
            ));
        }
    }
    failures.extend(watch.findings()?);
    Ok(failures)
}
