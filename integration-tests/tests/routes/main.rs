//! The isolation matrix over the portal's addresses: every route × every kind of visitor × own, foreign, absent and malformed ids.
//!
//! `rows.rs` holds the expectations, written by hand. Who is not named in a row finds no page there.

mod cast;
mod forgery;
mod reading;
mod rows;
mod visits;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use devstack::platform::{Options, Platform};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use integration_tests::{
    fingerprint,
    routes::{Method, addresses},
};

use self::{
    cast::Cast,
    rows::{ROUTES, Route},
};

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
    let visited = ROUTES.iter().filter(|route| !route.in_story).count();
    testing::proved("isolation.pages", &format!("{visited} routes"))?;
    let forms = ROUTES
        .iter()
        .filter(|route| route.method == Method::Post && !route.is_open)
        .count();
    testing::proved("forms.forged", &format!("{forms} forms"))
}

#[test]
fn every_route_has_a_row() {
    let declared = addresses();
    let rows: BTreeSet<_> = ROUTES.iter().map(Route::address).collect();
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
    let mut failures = reading::check(platform, &cast).await?;
    let before = fingerprint(platform, None).await?;
    let visits = visits::all(&cast).chain(forgery::all(&cast));
    let visited = stream::iter(visits).buffer_unordered(AT_ONCE);
    failures.extend(visited.try_concat().await?);
    let after = fingerprint(platform, None).await?;
    failures.extend(changed(&before, &after).map(|table| format!("rows of {table} changed")));
    Ok(failures)
}

fn changed<'a>(
    before: &'a BTreeMap<String, String>,
    after: &'a BTreeMap<String, String>,
) -> impl Iterator<Item = &'a str> {
    after
        .iter()
        .filter(|(table, hash)| before.get(*table) != Some(hash))
        .map(|(table, _)| table.as_str())
}
