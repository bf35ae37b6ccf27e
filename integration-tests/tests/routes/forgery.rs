//! Forms that others made the visitor's browser send, or that are left over from a session that ended: refused, each for
//! one reason alone.

use anyhow::Result;
use integration_tests::{
    Source,
    routes::{Host, Method},
};
use reqwest::StatusCode;

use super::{
    cast::{Cast, Guest},
    rows::{Expected, ROUTES, Route, Who},
    visits::{Visit, fields},
};

/// Every form, for everybody who may send it: whoever may not is refused before.
pub(crate) fn all(cast: &Cast) -> impl Iterator<Item = Visit<'_>> {
    ROUTES
        .iter()
        .filter(|route| route.method == Method::Post && !route.is_open)
        .flat_map(move |route| senders(cast, route).map(move |sender| (route, sender)))
        .map(move |(route, (who, guest))| -> Visit<'_> { Box::pin(forge(cast, route, who, guest)) })
}

fn senders<'a>(cast: &'a Cast, route: &'static Route) -> impl Iterator<Item = (Who, &'a Guest)> {
    let passer_by = (route.host == Host::BaseDomain).then_some((Who::Anonymous, &cast.passer_by));
    let guests = cast
        .guests
        .iter()
        .map(|(who, guest)| (*who, guest))
        .filter(|(who, _)| {
            route.host == Host::Organization && route.expected(*who) == Expected::Page
        });
    passer_by.into_iter().chain(guests)
}

async fn forge(cast: &Cast, route: &Route, who: Who, guest: &Guest) -> Result<Vec<String>> {
    let own = guest.token_for(route);
    let another = cast.token_of_another(who, route);
    let path = route.path_for(&cast.alder);
    let mut failures = Vec::new();
    let mut forgeries = vec![
        ("without a token", None, Source::Here),
        ("with the token of another", Some(another), Source::Here),
        ("from another site", Some(own), Source::OtherSite),
        ("from another origin", Some(own), Source::OtherOrigin),
        ("from who knows where", Some(own), Source::Unsaid),
    ];
    let ended = guest.ended.as_ref().filter(|_| !route.is_public);
    if let Some(ended) = ended {
        let stale = Some(ended.token.as_str());
        forgeries.push((
            "with the token of a session that ended",
            stale,
            Source::Here,
        ));
        let page = ended
            .visitor
            .send(&path, &fields(&ended.token), route.encoding, Source::Here)
            .await?;
        if !(page.status.is_redirection() && page.location.starts_with("/sign-in")) {
            failures.push(format!(
                "POST {path} · {who:?} · in a session that ended: {} {}, not the way to sign in",
                page.status, page.location
            ));
        }
    }
    for (how, token, source) in forgeries {
        let mut fields = fields(token.unwrap_or_default());
        if token.is_none() {
            fields.remove("csrf");
        }
        let page = guest
            .visitor
            .send(&path, &fields, route.encoding, source)
            .await?;
        if page.status != StatusCode::FORBIDDEN {
            failures.push(format!(
                "POST {path} · {who:?} · {how}: {} {}, not 403",
                page.status, page.location
            ));
        }
    }
    Ok(failures)
}
