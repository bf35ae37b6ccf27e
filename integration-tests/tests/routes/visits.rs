//! Visits to each address: who finds a page there, and that foreign, absent and malformed ids look alike.

use std::collections::BTreeMap;

use anyhow::Result;
use futures::future::BoxFuture;
use integration_tests::{Page, Source, routes::Method};
use reqwest::StatusCode;
use service::new_id;

use super::{
    cast::{Cast, Guest},
    rows::{Expected, ROUTES, Route, Who},
};

/// One visit, which tells what does not hold.
pub(crate) type Visit<'a> = BoxFuture<'a, Result<Vec<String>>>;

/// Every route for everybody.
pub(crate) fn all(cast: &Cast) -> impl Iterator<Item = Visit<'_>> {
    ROUTES
        .iter()
        .filter(|route| !route.in_story)
        .flat_map(move |route| cast.guests.iter().map(move |guest| (route, guest)))
        .map(move |(route, (who, guest))| -> Visit<'_> {
            match route.method {
                Method::Get => Box::pin(get(cast, route, *who, guest)),
                Method::Post => Box::pin(post(cast, route, *who, guest)),
            }
        })
}

async fn get(cast: &Cast, route: &Route, who: Who, guest: &Guest) -> Result<Vec<String>> {
    let mut failures = Vec::new();
    let expected = route.expected(who);
    let own = route.path_for(&cast.alder);
    let page = guest.visitor.get(&own).await?;
    if !is_as_expected(&page, expected) {
        let (status, location) = (page.status, &page.location);
        failures.push(format!(
            "GET {own} · {who:?}: {status} {location}, not {expected:?}"
        ));
    }
    if page.text.contains(&cast.bluestone.slug) {
        failures.push(format!("GET {own} · {who:?}: names the other organization"));
    }
    if !route.names_ids() || expected == Expected::SignIn {
        return Ok(failures);
    }
    let absent = route.path_with(|_| new_id().to_string());
    let absent = guest.visitor.get(&absent).await?;
    for (whose, path) in elsewhere(cast, route) {
        let page = guest.visitor.get(&path).await?;
        if page.status != StatusCode::NOT_FOUND || page.text != absent.text {
            let status = page.status;
            failures.push(format!(
                "GET {path} · {who:?} · {whose}: {status}, absent: {}",
                absent.status
            ));
        }
    }
    Ok(failures)
}

/// Whoever may not is refused, and so is a form to a thing of others; none of these may do anything.
async fn post(cast: &Cast, route: &Route, who: Who, guest: &Guest) -> Result<Vec<String>> {
    let mut failures = Vec::new();
    let expected = route.expected(who);
    let fields = fields(guest.token_for(route));
    let send = |path: String| {
        let fields = &fields;
        async move {
            let source = Source::Here;
            guest
                .visitor
                .send(&path, fields, route.encoding, source)
                .await
        }
    };

    if expected != Expected::Page {
        let own = route.path_for(&cast.alder);
        let page = send(own.clone()).await?;
        if !is_as_expected(&page, expected) {
            let (status, location) = (page.status, &page.location);
            failures.push(format!(
                "POST {own} · {who:?}: {status} {location}, not {expected:?}"
            ));
        }
    }
    if !route.names_ids() || expected == Expected::SignIn {
        return Ok(failures);
    }
    let absent = send(route.path_with(|_| new_id().to_string())).await?;
    for (whose, path) in elsewhere(cast, route) {
        let page = send(path.clone()).await?;
        if page.status != StatusCode::NOT_FOUND || page.text != absent.text {
            let status = page.status;
            failures.push(format!(
                "POST {path} · {who:?} · {whose}: {status}, absent: {}",
                absent.status
            ));
        }
    }
    Ok(failures)
}

/// The address with ids that lead nowhere.
fn elsewhere(cast: &Cast, route: &Route) -> [(&'static str, String); 2] {
    [
        ("foreign", route.path_for(&cast.bluestone)),
        ("malformed", route.path_with(|_| "nonsense".to_owned())),
    ]
}

fn is_as_expected(page: &Page, expected: Expected) -> bool {
    let leads_to_sign_in = page.status.is_redirection() && page.location.starts_with("/sign-in");
    match expected {
        Expected::Page => {
            page.status == StatusCode::OK || (page.status.is_redirection() && !leads_to_sign_in)
        }
        Expected::SignIn => leads_to_sign_in,
        Expected::NoPage => page.status == StatusCode::NOT_FOUND,
    }
}

/// Right in themselves for every form, so that only the thing or the visitor is wrong.
pub(crate) fn fields(token: &str) -> BTreeMap<String, String> {
    let request_id = new_id().to_string();
    let values = [
        ("csrf", token),
        ("request_id", &request_id),
        ("etag", "1"),
        ("percent", "60"),
        ("role", "field"),
        ("to", "up"),
    ];
    let settings = ["progress", "photos", "logs", "schedule", "financials"].map(|name| (name, "1"));
    values
        .into_iter()
        .chain(settings)
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
