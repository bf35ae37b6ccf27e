//! Where the time of a page and of an upload goes: its calls, from the spans of one look.

use std::{fmt::Write as _, path::Path, time::Duration};

use anyhow::{Context as _, Result};
use devstack::{
    platform::{Options, Platform},
    postgres::Durability,
};
use integration_tests::{Organization, Receiver, Span};

use crate::{
    line::millis,
    page::{self, Page},
    upload::{self, Owner},
};

const PATIENCE: Duration = Duration::from_secs(30);
const WARM_UP: usize = 40;
const LOOKS: usize = 21;

/// The pages whose calls are told: the name, and the route after which the trace is named.
const PAGES: [(&str, &str); 2] = [
    ("Home", "GET /"),
    ("a project", "GET /p/{project}/progress"),
];
const UPLOAD: &str = "POST /office/projects/{project}/photos/upload";

/// Tables of the calls of two pages and of an upload, on a platform of its own that sends its spans here.
pub(crate) async fn tell(folder: &Path) -> Result<String> {
    let (receiver, address) = Receiver::start().await?;
    let platform = Platform::start(Options {
        durability: Durability::Durable,
        otlp_endpoint: Some(address),
        ..Options::for_test(folder)?
    })
    .await?;
    let told = look(&platform, &receiver).await;
    platform.stop().await?;
    told
}

async fn look(platform: &Platform, receiver: &Receiver) -> Result<String> {
    let alder = Organization::gather(platform, "alder").await?;
    let ana = page::sign_in(platform, &alder, "ana").await?;
    let mut tables = String::new();
    for (title, route) in PAGES {
        let path = route
            .trim_start_matches("GET ")
            .replace("{project}", &alder.anas.project.to_string());
        let page = Page {
            visitor: &ana,
            path,
        };
        page.p50(WARM_UP + LOOKS).await?;
        tables.push_str(&middle(receiver, title, route).await?);
    }
    let owner = Owner::arrive(platform, &alder).await?;
    let photo = upload::photo();
    for _ in 0..(WARM_UP + LOOKS).div_ceil(2) {
        tokio::try_join!(owner.send(photo), owner.send(photo))?;
        owner.until_prepared().await?;
    }
    tables.push_str(&middle(receiver, "one of two uploads at once", UPLOAD).await?);
    Ok(tables)
}

/// The table of the look that took the middle of all times.
async fn middle(receiver: &Receiver, title: &str, route: &str) -> Result<String> {
    let spans = receiver
        .wait_until(PATIENCE, |spans| {
            roots(spans, route).len() >= WARM_UP + LOOKS
        })
        .await?;
    let mut last: Vec<&Span> = roots(&spans, route).split_off(WARM_UP);
    last.sort_by_key(|root| root.took);
    let middle = last.get(LOOKS / 2).context("it was looked at")?;
    let calls = of_trace(receiver, middle).await?;
    let mut text = String::new();
    table(&mut text, title, middle, &calls);
    Ok(text)
}

fn roots<'a>(spans: &'a [Span], route: &str) -> Vec<&'a Span> {
    let of_page = |span: &&Span| span.parent.is_empty() && span.name == route;
    let mut roots: Vec<&Span> = spans.iter().filter(of_page).collect();
    roots.sort_by_key(|root| root.began_at);
    roots
}

/// All spans of a trace, when every call of it has told of its server, too: services send their spans in their own time.
async fn of_trace(receiver: &Receiver, root: &Span) -> Result<Vec<Span>> {
    let of_trace = |spans: &[Span]| -> Vec<Span> {
        spans
            .iter()
            .filter(|span| span.trace == root.trace)
            .cloned()
            .collect()
    };
    let is_whole = |spans: &[Span]| {
        let trace = of_trace(spans);
        let is_told = |span: &Span| {
            !is_call(span)
                || trace
                    .iter()
                    .any(|other| other.parent == span.id && other.is_server)
        };
        trace.iter().all(is_told)
    };
    Ok(of_trace(&receiver.wait_until(PATIENCE, is_whole).await?))
}

/// True for what a service asks of another.
fn is_call(span: &Span) -> bool {
    !span.is_server && span.name.starts_with("contractoros.")
}

/// A row a call, in the order in which they began, and below each those that it waits for.
fn table(text: &mut String, title: &str, root: &Span, trace: &[Span]) {
    // writing to a String cannot fail
    let _ = writeln!(
        text,
        "hops of {title}, {:.2} ms in the portal: the look in the middle of {LOOKS}\n\
         | from ms | call ms | at the service ms | transactions | in them ms | call |\n|---|---|---|---|---|---|",
        millis(root.took)
    );
    rows(text, root, root, trace, 0);
}

/// The rows of what a span waits for.
fn rows(text: &mut String, root: &Span, span: &Span, trace: &[Span], depth: usize) {
    let below = |span: &Span| {
        let id = span.id.clone();
        let mut spans: Vec<&Span> = trace.iter().filter(|one| one.parent == id).collect();
        spans.sort_by_key(|one| one.began_at);
        spans
    };
    for call in below(span) {
        // what nobody waits for, such as a mail
        if call.began_at > root.began_at + root.took {
            continue;
        }
        if !is_call(call) {
            rows(text, root, call, trace, depth);
            continue;
        }
        let server = below(call).into_iter().find(|one| one.is_server);
        let transactions: Vec<&Span> = server
            .map(below)
            .unwrap_or_default()
            .into_iter()
            .filter(|one| one.name == "transaction")
            .collect();
        let inside: Duration = transactions.iter().map(|one| one.took).sum();
        let method = call.name.rsplit('/').next().unwrap_or_default();
        // writing to a String cannot fail
        let _ = writeln!(
            text,
            "| {:.2} | {:.2} | {:.2} | {} | {:.2} | {}{} {method} |",
            millis(call.began_at.saturating_sub(root.began_at)),
            millis(call.took),
            millis(server.map_or(Duration::ZERO, |one| one.took)),
            transactions.len(),
            millis(inside),
            "– ".repeat(depth),
            server.map_or("", |one| one.service.as_str()),
        );
        rows(text, root, call, trace, depth + 1);
    }
}
