//! The isolation matrix over the portal's addresses: every route × every kind of visitor × own, foreign, absent and malformed ids.
//!
//! `rows.rs` holds the expectations, written by hand. Who is not named in a row finds no page there.

mod rows;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use devstack::{
    platform::{Options, Platform},
    services::Service,
};
use integration_tests::{Organization, PASSWORD, Page, Visitor, fingerprint};
use reqwest::StatusCode;
use rows::{ROUTES, Route, Who};
use service::new_id;

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
    let source = include_str!("../../../services/portal/src/routes.rs");
    let declared: Vec<&str> = source
        .split(".route(")
        .skip(1)
        .filter_map(|rest| rest.split('"').nth(1))
        .collect();
    assert!(declared.len() > 40, "the routes were found");
    let missing: Vec<_> = declared
        .iter()
        .filter(|path| !ROUTES.iter().any(|row| row.path.ends_with(*path)))
        .collect();
    assert!(missing.is_empty(), "routes without a row: {missing:?}");
}

struct Visitors<'a> {
    alder: &'a Organization,
    signed_in: BTreeMap<Who, Visitor>,
}

async fn visit_everything(platform: &Platform) -> Result<Vec<String>> {
    let alder = Organization::gather(platform, "alder").await?;
    let bluestone = Organization::gather(platform, "bluestone").await?;
    let port = platform.portal_port();
    let mut signed_in = BTreeMap::new();
    for (who, name) in [
        (Who::Owner, "owner"),
        (Who::Pm, "pm"),
        (Who::Field, "field"),
        (Who::Ana, "ana"),
        (Who::Ben, "ben"),
    ] {
        let visitor = Visitor::new("alder", port)?;
        let page = visitor
            .sign_in(&format!("{name}@alder.example"), PASSWORD)
            .await?;
        anyhow::ensure!(page.status.is_redirection(), "{name} signs in: {page:?}");
        signed_in.insert(who, visitor);
    }
    // a session of the other organization, carried to this host by hand
    let stranger = Visitor::new("bluestone", port)?;
    stranger
        .sign_in("owner@bluestone.example", PASSWORD)
        .await?;
    signed_in.insert(
        Who::OtherOwner,
        Visitor::with_cookies_of(&stranger, "alder", port)?,
    );
    signed_in.insert(Who::Anonymous, Visitor::new("alder", port)?);
    let visitors = Visitors {
        alder: &alder,
        signed_in,
    };

    let mut failures = Vec::new();
    for route in ROUTES.iter().filter(|route| !route.in_story) {
        let before = fingerprints(platform, &bluestone).await?;
        if route.is_get() {
            check_get(&visitors, &bluestone, route, &mut failures).await?;
        } else {
            check_post(&visitors, &bluestone, route, &mut failures).await?;
        }
        if fingerprints(platform, &bluestone).await? != before {
            failures.push(format!(
                "{}: the other organization's rows changed",
                route.path
            ));
        }
    }
    Ok(failures)
}

async fn check_get(
    visitors: &Visitors<'_>,
    foreign: &Organization,
    route: &Route,
    failures: &mut Vec<String>,
) -> Result<()> {
    let own = route.path_for(visitors.alder);
    for (who, visitor) in &visitors.signed_in {
        let page = visitor.get(&own).await?;
        let is_right = match route.expected(*who) {
            rows::Expected::Page => page.status == StatusCode::OK || page.status.is_redirection(),
            rows::Expected::SignIn => {
                page.status.is_redirection() && page.location.starts_with("/sign-in")
            }
            rows::Expected::NoPage => page.status == StatusCode::NOT_FOUND,
        };
        if !is_right {
            failures.push(format!(
                "GET {own} · {who:?}: {} {}, not {:?}",
                page.status,
                page.location,
                route.expected(*who)
            ));
        }
        if page.text.contains(&foreign.slug) {
            failures.push(format!("GET {own} · {who:?}: names the other organization"));
        }
        if !route.names_ids() || route.expected(*who) == rows::Expected::SignIn {
            continue;
        }
        let absent = visitor
            .get(&route.path_with(|_| new_id().to_string()))
            .await?;
        for (whose, path) in [
            ("foreign", route.path_for(foreign)),
            ("malformed", route.path_with(|_| "nonsense".to_owned())),
        ] {
            let page = visitor.get(&path).await?;
            if page.status != StatusCode::NOT_FOUND || page.text != absent.text {
                failures.push(format!(
                    "GET {path} · {who:?} · {whose}: {} {}",
                    page.status,
                    if page.text == absent.text {
                        "as absent"
                    } else {
                        "differs from absent"
                    }
                ));
            }
        }
    }
    Ok(())
}

/// A form without its token, from another site, and to a thing of others: refused each time, and nothing changes.
async fn check_post(
    visitors: &Visitors<'_>,
    foreign: &Organization,
    route: &Route,
    failures: &mut Vec<String>,
) -> Result<()> {
    let own = route.path_for(visitors.alder);
    for (who, visitor) in &visitors.signed_in {
        let mut fields = BTreeMap::from([
            ("request_id".to_owned(), new_id().to_string()),
            ("etag".to_owned(), "1".to_owned()),
        ]);
        if !route.is_open {
            for (what, page) in [
                ("without a token", visitor.post(&own, &fields).await?),
                (
                    "from another site",
                    visitor.post_from_elsewhere(&own, &fields).await?,
                ),
            ] {
                if !is_refused(&page) {
                    failures.push(format!("POST {own} · {who:?} · {what}: {}", page.status));
                }
            }
        }
        if !route.names_ids() {
            continue;
        }
        let Some(token) = form_token(visitor, *who).await? else {
            continue;
        };
        fields.insert("csrf".to_owned(), token);
        // right in itself, so that only the thing is wrong
        let values = [("percent", "60"), ("role", "field"), ("to", "up")];
        let settings =
            ["progress", "photos", "logs", "schedule", "financials"].map(|name| (name, "1"));
        fields.extend(
            values
                .iter()
                .chain(&settings)
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let absent = visitor
            .post(&route.path_with(|_| new_id().to_string()), &fields)
            .await?;
        for (whose, path) in [
            ("foreign", route.path_for(foreign)),
            ("malformed", route.path_with(|_| "nonsense".to_owned())),
        ] {
            let page = visitor.post(&path, &fields).await?;
            if page.status != StatusCode::NOT_FOUND || page.text != absent.text {
                failures.push(format!(
                    "POST {path} · {who:?} · {whose}: {}, absent: {}",
                    page.status, absent.status
                ));
            }
        }
        if route.expected(*who) == rows::Expected::NoPage {
            let page = visitor.post(&own, &fields).await?;
            if page.status != StatusCode::NOT_FOUND {
                failures.push(format!("POST {own} · {who:?}: {}, not 404", page.status));
            }
        }
    }
    Ok(())
}

fn is_refused(page: &Page) -> bool {
    page.status.is_client_error()
        || (page.status.is_redirection() && page.location.starts_with("/sign-in"))
}

async fn form_token(visitor: &Visitor, who: Who) -> Result<Option<String>> {
    let path = match who {
        Who::Anonymous | Who::OtherOwner => return Ok(None),
        Who::Ana | Who::Ben => "/account",
        Who::Owner | Who::Pm | Who::Field => "/office/account",
    };
    let page = visitor.get(path).await?;
    page.hidden("csrf")
        .map(Some)
        .with_context(|| format!("{path} has no form"))
}

async fn fingerprints(
    platform: &Platform,
    organization: &Organization,
) -> Result<BTreeMap<String, String>> {
    let mut hashes = BTreeMap::new();
    for service in Service::WITH_DATABASE {
        let mut connection = platform.postgres().admin(service.name()).await?;
        for (table, hash) in fingerprint(&mut connection, organization.id).await? {
            hashes.insert(format!("{}.{table}", service.name()), hash);
        }
    }
    Ok(hashes)
}
