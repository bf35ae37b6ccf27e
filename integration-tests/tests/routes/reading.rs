//! Reading changes nothing: each page that somebody finds is read twice, and every row of every database stays as it was.

use anyhow::Result;
use devstack::platform::Platform;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use integration_tests::{
    fingerprint,
    routes::{Host, Method},
};

use super::{
    AT_ONCE,
    cast::{Cast, Guest},
    changed,
    rows::{Expected, ROUTES, Route, Who},
};

/// Reads every page as everybody who finds it, twice.
pub(crate) async fn check(platform: &Platform, cast: &Cast) -> Result<Vec<String>> {
    let before = fingerprint(platform, None).await?;
    let mut failures = Vec::new();
    for time in ["the first time", "the second time"] {
        let pages = stream::iter(readers(cast)).map(|(route, guest)| read(cast, route, guest));
        failures.extend(pages.buffer_unordered(AT_ONCE).try_concat().await?);
        let after = fingerprint(platform, None).await?;
        let changed = changed(&before, &after);
        failures.extend(changed.map(|table| format!("GET {time}: rows of {table} changed")));
    }
    Ok(failures)
}

fn readers(cast: &Cast) -> impl Iterator<Item = (&'static Route, &Guest)> {
    ROUTES
        .iter()
        .filter(|route| route.method == Method::Get)
        .flat_map(move |route| {
            let passer_by =
                (route.host == Host::BaseDomain).then_some((&Who::Anonymous, &cast.passer_by));
            let finds_it = move |(who, _): &(&Who, &Guest)| route.expected(**who) == Expected::Page;
            let guests = cast
                .guests
                .iter()
                .filter(move |_| route.host == Host::Organization);
            passer_by
                .into_iter()
                .chain(guests)
                .filter(finds_it)
                .map(move |(_, guest)| (route, guest))
        })
}

async fn read(cast: &Cast, route: &Route, guest: &Guest) -> Result<Vec<String>> {
    let path = match route.path.split_once("{token}") {
        Some(("/invite/", rest)) => format!("/invite/{}{rest}", cast.links.invitation),
        Some(("/reset/", rest)) => format!("/reset/{}{rest}", cast.links.reset),
        Some((start, rest)) => format!("{start}{}{rest}", cast.links.confirmation),
        None if route.in_story && route.names_ids() => return Ok(Vec::new()),
        None => route.path_for(&cast.alder),
    };
    let page = guest.visitor.get(&path).await?;
    if page.status.is_client_error() && page.status.as_u16() != 410 || page.status.is_server_error()
    {
        return Ok(vec![format!(
            "GET {path}: {}, so that nothing was read",
            page.status
        )]);
    }
    Ok(Vec::new())
}
