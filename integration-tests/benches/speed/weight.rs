//! What a browser fetches for a page.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
};

use anyhow::{Context as _, Result, ensure};
use devstack::platform::Platform;
use integration_tests::{
    Organization, Record, Visitor,
    routes::{self, Host, Method},
};
use reqwest::{StatusCode, header};
use service::new_id;
use sqlx::{AssertSqlSafe, Connection as _};
use uuid::Uuid;

use crate::{
    line::{Goal, Line},
    page,
};

/// More than a page of a list has.
const ROWS: usize = 60;
const MOST_HTML: usize = 40_000;
const MOST_STYLES_AND_SCRIPTS: usize = 60_000;

/// Every address that shows a page, as everybody who may see it, with the ids of the cast: galleries are full by now, and
/// lists are filled before.
pub(crate) async fn measure(platform: &Platform, alder: &Organization) -> Result<[Line; 2]> {
    lengthen_lists(platform, alder).await?;
    let owner = page::sign_in(platform, alder, "owner").await?;
    let ana = page::sign_in(platform, alder, "ana").await?;
    let field = page::sign_in(platform, alder, "field").await?;
    let guest = Visitor::new(&alder.slug, platform.portal_port())?;
    let passer_by = Visitor::new("", platform.portal_port())?;
    let mut files = Files::at(platform, alder)?;

    let mut html: Vec<(usize, String)> = Vec::new();
    let mut others: Vec<(usize, String)> = Vec::new();
    for (host, method, path) in routes::addresses() {
        if method != Method::Get {
            continue;
        }
        let path = routes::path_with(&path, |name| id(&alder.anas, alder, name));
        let visitors = match host {
            Host::BaseDomain => vec![&passer_by],
            Host::Organization => vec![&owner, &ana, &field, &guest],
        };
        for visitor in visitors {
            let shown = visitor.get(&path).await?;
            if shown.status != StatusCode::OK || !shown.text.starts_with("<!doctype html>") {
                continue;
            }
            html.push((shown.text.len(), path.clone()));
            if host == Host::Organization {
                others.push((files.weight(&shown.text).await?, path.clone()));
            }
        }
    }
    ensure!(html.len() > 60, "{} pages were shown", html.len());
    let pages = html.len();
    let heaviest = |all: Vec<(usize, String)>| all.into_iter().max().context("there are pages");
    let (html, others) = (heaviest(html)?, heaviest(others)?);
    Ok([
        Line {
            name: "weight.html",
            ratio: ratio(html.0, MOST_HTML)?,
            goal: Goal::AtMost(1.0),
            method: format!(
                "{} bytes of HTML, uncompressed as it is sent, on {}, the heaviest of {pages} pages; {MOST_HTML} are allowed",
                html.0, html.1
            ),
        },
        Line {
            name: "weight.files",
            ratio: ratio(others.0, MOST_STYLES_AND_SCRIPTS)?,
            goal: Goal::AtMost(1.0),
            method: format!(
                "{} bytes of CSS and JavaScript, as the portal sends them to who takes gzip, on {}, the heaviest of {pages} pages; \
                 {MOST_STYLES_AND_SCRIPTS} are allowed",
                others.0, others.1
            ),
        },
    ])
}

/// Copies a client with a project, and a mail, until each list of the office fills its page.
async fn lengthen_lists(platform: &Platform, alder: &Organization) -> Result<()> {
    let ben = &alder.bens;
    let tables = [
        ("identity", "client", "id", ben.client, "'id', copy"),
        (
            "projects",
            "project",
            "id",
            ben.project,
            "'id', copy, 'client_id', copy",
        ),
        (
            "projects",
            "visibility",
            "project_id",
            ben.project,
            "'project_id', copy",
        ),
        (
            "projects",
            "phase",
            "project_id",
            ben.project,
            "'project_id', copy",
        ),
        (
            "notifications",
            "delivery",
            "id",
            ben.delivery,
            "'id', copy",
        ),
    ];
    let copies: Vec<Uuid> = (0..ROWS).map(|_| new_id()).collect();
    for (service, table, key, first, replaced) in tables {
        let mut database = platform.postgres().admin(service).await?;
        // the names are ours
        let statement = format!(
            "insert into {table} select (jsonb_populate_record(first, jsonb_build_object({replaced}))).*
             from {table} first, unnest($2::uuid[]) as copy where first.{key} = $1"
        );
        sqlx::query(AssertSqlSafe(statement))
            .bind(first)
            .bind(&copies)
            .execute(&mut database)
            .await
            .with_context(|| format!("copy rows of {table}"))?;
        database.close().await?;
    }
    Ok(())
}

/// The id of the cast for a name in an address.
fn id(record: &Record, alder: &Organization, name: &str) -> String {
    match name {
        "client" => record.client.to_string(),
        "person" => record.contact.to_string(),
        "project" => record.project.to_string(),
        "phase" => record.phase.to_string(),
        "photo" => record.photo.to_string(),
        "mail" => record.delivery.to_string(),
        "account" => alder.ana.account.to_string(),
        "member" => alder.field.account.to_string(),
        // a token or a file, which shows that there is none
        _ => "nothing".to_owned(),
    }
}

/// The style sheets and scripts of an organization's pages, each fetched once.
struct Files {
    http: reqwest::Client,
    origin: String,
    weights: BTreeMap<String, usize>,
}

impl Files {
    fn at(platform: &Platform, alder: &Organization) -> Result<Self> {
        let host = format!("{}.localhost", alder.slug);
        let port = platform.portal_port();
        Ok(Self {
            // takes gzip by hand, so that what comes is counted as it comes
            http: reqwest::Client::builder()
                .resolve(&host, SocketAddr::from(([127, 0, 0, 1], port)))
                .build()?,
            origin: format!("http://{host}:{port}"),
            weights: BTreeMap::new(),
        })
    }

    /// Of all that a page names.
    async fn weight(&mut self, html: &str) -> Result<usize> {
        let mut weight = 0;
        for path in named(html) {
            weight += self.weight_of(&path).await?;
        }
        Ok(weight)
    }

    async fn weight_of(&mut self, path: &str) -> Result<usize> {
        if let Some(weight) = self.weights.get(path) {
            return Ok(*weight);
        }
        let answer = self
            .http
            .get(format!("{}{path}", self.origin))
            .header(header::ACCEPT_ENCODING, "gzip")
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .with_context(|| format!("fetch {path}"))?;
        let weight = answer.bytes().await?.len();
        self.weights.insert(path.to_owned(), weight);
        Ok(weight)
    }
}

/// The style sheets and scripts that a page names; ours import no others.
fn named(html: &str) -> BTreeSet<String> {
    html.split(['"', '\''])
        .filter(|text| text.starts_with('/'))
        .filter(|text| matches!(text.rsplit('.').next(), Some("css" | "js")))
        .map(str::to_owned)
        .collect()
}

fn ratio(bytes: usize, most: usize) -> Result<f64> {
    Ok(f64::from(u32::try_from(bytes)?) / f64::from(u32::try_from(most)?))
}
