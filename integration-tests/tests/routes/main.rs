//! The isolation matrix over the portal's addresses: every route × every kind of visitor × own, foreign, absent and malformed ids.
//!
//! `rows.rs` holds the expectations, written by hand. Who is not named in a row finds no page there.

mod cast;
mod coverage;
mod forgery;
mod rows;
mod visits;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use devstack::{
    platform::{Options, Platform},
    services::Service,
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use integration_tests::{Organization, fingerprint};

use self::{cast::Cast, rows::ROUTES};

/// Visits that are made at once.
const AT_ONCE: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn no_page_crosses_organizations() -> Result<()> {
    let folder = tempfile::tempdir_in("/var/tmp")?;
    let platform = Platform::start(Options::for_test(folder.path())?).await?;
    let outcome = visit_everything(&platform).await;
    platform.stop().await?;
    let failures = outcome?;
    assert!(
        failures.is_empty(),
        "{} expectations do not hold:\n{}",
        failures.len(),
        failures.join("\n")
    );
    Ok(())
}

#[test]
fn every_route_has_a_row() {
    let declared = coverage::declared();
    let rows: BTreeSet<_> = ROUTES.iter().map(coverage::address).collect();
    assert_eq!(rows.len(), ROUTES.len(), "no address has two rows");
    let missing: Vec<_> = declared.difference(&rows).collect();
    let unknown: Vec<_> = rows.difference(&declared).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "without a row: {missing:#?}; rows of no route: {unknown:#?}"
    );
}

/// Visits that change nothing, however many come at once.
async fn visit_everything(platform: &Platform) -> Result<Vec<String>> {
    let cast = Cast::gather(platform).await?;
    let before = rows_of_both(platform, &cast).await?;
    let visits = visits::all(&cast).chain(forgery::all(&cast));
    let mut failures = stream::iter(visits)
        .buffer_unordered(AT_ONCE)
        .try_concat()
        .await?;
    let after = rows_of_both(platform, &cast).await?;
    failures.extend(
        after
            .iter()
            .filter(|(table, hash)| before.get(*table) != Some(hash))
            .map(|(table, _)| format!("rows of {table} changed")),
    );
    Ok(failures)
}

/// A hash a table and organization.
async fn rows_of_both(platform: &Platform, cast: &Cast) -> Result<BTreeMap<String, String>> {
    let mut hashes = BTreeMap::new();
    for service in Service::WITH_DATABASE {
        let mut connection = platform.postgres().admin(service.name()).await?;
        for Organization { id, slug, .. } in [&cast.alder, &cast.bluestone] {
            for (table, hash) in fingerprint(&mut connection, *id).await? {
                hashes.insert(format!("{slug}: {}.{table}", service.name()), hash);
            }
        }
    }
    // who visits moves the own session on
    hashes.remove("alder: identity.session");
    Ok(hashes)
}
